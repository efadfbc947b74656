internal import Directory

extension Function {
  /// All functions, in the order in which the guide shows them.
  public static let catalogue: [Function] = letters + parts + addresses + lists + numbers

  private static let letters: [Function] = [
    each("lowercase", .none, "small letters", example("x | lowercase", ["JDoe"], gives: ["jdoe"])) { _ in
      { $0.lowercased() }
    },
    each("uppercase", .none, "capital letters", example("x | uppercase", ["at"], gives: ["AT"])) { _ in
      { $0.uppercased() }
    },
    each("trim", .none, "without white space at both ends", example("x | trim", ["  Jane Doe "], gives: ["Jane Doe"])) {
      _ in
      { $0.trimmed }
    },
    each("digits", .none, "only the digits 0 to 9", example("x | digits", ["+43 1 555-4711"], gives: ["4315554711"])) {
      _ in
      { text in String(decoding: text.utf8.filter { (0x30...0x39).contains($0) }, as: UTF8.self) }
    },
    each(
      "replace(a, b)", .twoTexts, "every `a` becomes `b`; `b` may be empty",
      example(#"x | replace("/", "-")"#, ["555/47/11"], gives: ["555-47-11"])
    ) { arguments in { $0.parts(between: arguments[0]).joined(separator: arguments[1]) } },
    each(
      #"map("a" = "b", …)"#, .pairs, "the text that stands for this value; a value that is not listed is dropped",
      example(#"x | map("V" = "Vienna", "G" = "Graz") | default("elsewhere")"#, ["G"], gives: ["Graz"])
    ) { arguments in
      let table = Dictionary(
        stride(from: 0, to: arguments.count, by: 2).map { (arguments[$0], arguments[$0 + 1]) },
        uniquingKeysWith: { first, _ in first })
      return { table[$0] }
    },
  ]

  private static let parts: [Function] = [
    each("first(n)", .count, "the first `n` characters", example("x | first(1)", ["Jane"], gives: ["J"])) { arguments in
      let count = Int(arguments[0]) ?? 0
      return { String($0.prefix(count)) }
    },
    each(
      "last(n)", .count, "the last `n` characters", example("x | digits | last(4)", ["+43 1 555 4711"], gives: ["4711"])
    ) { arguments in
      let count = Int(arguments[0]) ?? 0
      return { String($0.suffix(count)) }
    },
    each(
      "before(s)", .text, "the part before the first `s`; all of it if there is no `s`",
      example(#"x | before("@")"#, ["jdoe@example.com"], gives: ["jdoe"])
    ) { arguments in { text in text.firstRange(of: arguments[0]).map { String(text[..<$0.lowerBound]) } ?? text } },
    each(
      "after(s)", .text, "the part after the first `s`; nothing if there is no `s`",
      example(#"x | after("@")"#, ["jdoe@example.com"], gives: ["example.com"])
    ) { arguments in { text in text.firstRange(of: arguments[0]).map { String(text[$0.upperBound...]) } } },
    each(
      "prefix(s)", .text, "with `s` in front",
      example(#"x | prefix("+43 1 555 ")"#, ["4711"], gives: ["+43 1 555 4711"])
    ) { arguments in { arguments[0] + $0 } },
    each(
      "suffix(s)", .text, "with `s` at the end",
      example(#"x | suffix("@example.com")"#, ["jdoe"], gives: ["jdoe@example.com"])
    ) { arguments in { $0 + arguments[0] } },
  ]

  private static let addresses: [Function] = [
    each(
      "withPrefix(p, …)", .texts, "only values that begin with one of these, in small or capital letters",
      example(#"x | withPrefix("smtp:")"#, ["SMTP:jdoe@example.com", "sip:jdoe"], gives: ["SMTP:jdoe@example.com"])
    ) { arguments in { text in arguments.contains { text.beginning(with: $0) != nil } ? text : nil } },
    each(
      "withoutPrefix(p, …)", .texts,
      "without the first of these that the value begins with, in small or capital letters; other values stay",
      example(#"x | withoutPrefix("smtp:")"#, ["SMTP:jdoe@example.com"], gives: ["jdoe@example.com"])
    ) { arguments in
      { text in arguments.lazy.compactMap { text.beginning(with: $0) }.first.map { String(text[$0...]) } ?? text }
    },
    each(
      "inDomain(d, …)", .texts, "only addresses whose part after the last `@` is one of these domains",
      example(#"x | inDomain("example.com")"#, ["j@example.com", "j@example.org"], gives: ["j@example.com"])
    ) { arguments in
      let domains = Set(arguments.map { $0.lowercased() })
      return { text in
        text.lastIndex(of: "@").flatMap { domains.contains(text[text.index(after: $0)...].lowercased()) ? text : nil }
      }
    },
  ]

  private static let lists: [Function] = [
    whole(
      "unique", .none, "each value once", example("x | lowercase | unique", ["A@b", "a@b"], gives: ["a@b"]),
      gives: .list
    ) {
      _ in
      { texts in
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
      }
    },
    whole(
      "join(s)", .text, "all values in one text, with `s` between them",
      example(#"x | join(", ")"#, ["Graz", "Vienna"], gives: ["Graz, Vienna"]), gives: .text
    ) { arguments in { $0.isEmpty ? [] : [$0.joined(separator: arguments[0])] } },
    whole(
      "split(s)", .text, "several values, cut at every `s`, without white space at their ends",
      example(#"x | split(";")"#, ["a@b; c@d"], gives: ["a@b", "c@d"]), gives: .list
    ) { arguments in { texts in texts.flatMap { $0.parts(between: arguments[0]).map { String($0).trimmed } } } },
    whole(
      "default(s)", .text, "`s` if there is no value", example(#"x | default("staff")"#, [], gives: ["staff"])
    ) { arguments in { $0.isEmpty ? arguments : $0 } },
  ]

  private static let numbers: [Function] = [
    test(
      "hasBit(n)", .count, "whether the value is a number in which the bit of worth `n` (1, 2, 4, 8 …) is set",
      example("x | hasBit(2)", ["514"], gives: ["true"])
    ) { arguments in
      let mask = Int64(arguments[0]) ?? 0
      return { texts in texts.contains { text in Int64(text).map { $0 & mask == mask } ?? false } }
    }
  ]
}

extension String {
  /// Without Unicode white space at both ends.
  fileprivate var trimmed: String {
    guard let first = unicodeScalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = unicodeScalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(unicodeScalars[first...last])
  }

  /// Where the text goes on after a beginning that may differ in the case of ASCII letters.
  fileprivate func beginning(with prefix: String) -> Index? {
    var index = utf8.startIndex
    for byte in prefix.utf8 {
      guard index != utf8.endIndex, utf8[index].asciiLowercased == byte.asciiLowercased else { return nil }
      index = utf8.index(after: index)
    }
    return index
  }

  /// Where a text that is not empty stands, from an index on.
  fileprivate func firstRange(of wanted: String, from start: Index? = nil) -> Range<Index>? {
    let part = Array(wanted.utf8)
    var start = start ?? startIndex
    while let found = utf8[start...].firstIndex(of: part[0]) {
      if utf8[found...].starts(with: part) { return found..<utf8.index(found, offsetBy: part.count) }
      start = utf8.index(after: found)
    }
    return nil
  }

  /// The parts between the occurrences of a text; always at least one.
  fileprivate func parts(between separator: String) -> [Substring] {
    var parts: [Substring] = []
    var start = startIndex
    while let found = firstRange(of: separator, from: start) {
      parts.append(self[start..<found.lowerBound])
      start = found.upperBound
    }
    return parts + [self[start...]]
  }
}
