internal import Accounts

/// What every reader of a part of the file has at hand.
struct ReadingContext {
  let findings: Findings
  let source: YAMLSource
  let environment: [String: String]
  /// The folder of the file, with its last slash; empty for the working directory. Relative paths begin there.
  let folder: String

  /// A path of the file as one that can be opened.
  func resolve(_ path: String) -> String { path.hasPrefix("/") ? path : folder + path }
}

/// Reads a mapping by its keys: what is not among them is an error with a proposal.
struct MappingReader {
  let context: ReadingContext
  let mark: Mark
  /// What the mapping is, for messages: `target 'pbx'`.
  let told: String
  private let pairs: [(key: YAMLNode.Key, value: YAMLNode)]

  /// A reader that has already refused unknown keys; nil if the node is no mapping.
  init?(_ node: YAMLNode, _ told: String, keys: SettingsKeys, _ context: ReadingContext) {
    self.init(node, told, context)
    for (key, _) in pairs where !keys.keys.contains(key.text) {
      if keys.later.contains(key.text) {
        context.findings.error(key.mark, "'\(key.text)' in \(told) is not in this version")
      } else {
        let hint = Suggestion.hint(for: key.text, among: keys.keys)
        context.findings.error(key.mark, "unknown key '\(key.text)' in \(told)\(hint)")
      }
    }
  }

  /// A reader of a mapping whose keys are names.
  init?(_ node: YAMLNode, _ told: String, _ context: ReadingContext) {
    self.context = context
    self.told = told
    mark = node.mark
    switch node.content {
    case .mapping(let pairs): self.pairs = pairs
    case .scalar("", .plain): pairs = []
    default:
      context.findings.error(node.mark, "\(told) is \(node.told); a mapping of keys is needed here")
      return nil
    }
  }

  /// The value of a key, if the key is there.
  func value(_ key: String) -> ValueReader? {
    pairs.first { $0.key.text == key }.map {
      ValueReader(node: $0.value, told: "'\(key)' in \(told)", context: context)
    }
  }

  /// The value of a key that must be there.
  func required(_ key: String, hint: String = "") -> ValueReader? {
    if let value = value(key) { return value }
    context.findings.error(mark, "\(told) has no '\(key)'\(hint)")
    return nil
  }

  /// All pairs, in the order of the file, for mappings whose keys are names.
  var entries: [(key: YAMLNode.Key, value: ValueReader)] {
    pairs.map { ($0.key, ValueReader(node: $0.value, told: "'\($0.key.text)'", context: context)) }
  }
}

/// Reads one value as what its key needs. Each function tells what is wrong and gives nil then.
struct ValueReader {
  let node: YAMLNode
  let told: String
  let context: ReadingContext

  /// Where the value begins.
  var mark: Mark { node.mark }

  func fail(_ message: String, at offset: Int? = nil) {
    context.findings.error(offset.map { context.source.mark(of: $0, in: node) } ?? node.mark, message)
  }

  func warn(_ message: String) { context.findings.warn(node.mark, message) }

  /// A text exactly as it stands there.
  func raw() -> String? {
    guard case .scalar(let text, _) = node.content else {
      fail("\(told) is \(node.told); a text is needed here")
      return nil
    }
    guard !text.isEmpty else {
      fail("\(told) is empty: give it a value, or remove the line")
      return nil
    }
    guard !text.unicodeScalars.contains("\0") else {
      fail("\(told) contains a NUL character")
      return nil
    }
    return text
  }

  /// A text in which `${env:NAME}` and `${file:/path}` are replaced.
  func text() -> String? { raw().flatMap { expand($0)?.text } }

  /// A path, relative ones beginning at the file's folder.
  func path() -> String? { text().map(context.resolve) }

  /// One of several words.
  func word<Word: RawRepresentable & CaseIterable>(_: Word.Type = Word.self) -> Word? where Word.RawValue == String {
    word(among: Word.allCases.map(\.rawValue)).flatMap(Word.init)
  }

  /// One of several words.
  func word(among words: [String]) -> String? {
    guard let text = raw() else { return nil }
    if words.contains(text) { return text }
    fail("\(told) is '\(text)'; it may be \(words.enumerationText)\(Suggestion.hint(for: text, among: words))")
    return nil
  }

  /// A whole number within bounds.
  func number(_ bounds: ClosedRange<Int>) -> Int? {
    guard let text = raw() else { return nil }
    if let number = Int(text), bounds.contains(number) { return number }
    fail("\(told) is '\(text)'; a whole number from \(bounds.lowerBound) to \(bounds.upperBound) is needed here")
    return nil
  }

  /// A percentage, with or without its sign.
  func percentage() -> Double? {
    guard let text = raw() else { return nil }
    let digits = text.hasSuffix("%") ? text.dropLast().filter { $0 != " " } : text
    if let first = digits.unicodeScalars.first, ("0"..."9").contains(first), let number = Double(digits),
      (0...100).contains(number)
    {
      return number
    }
    fail("\(told) is '\(text)'; a percentage from 0 to 100 is needed here")
    return nil
  }

  /// A duration such as `30s`, within bounds.
  func duration(_ bounds: ClosedRange<Duration> = .zero...DurationText.longest) -> Duration? {
    guard let text = raw() else { return nil }
    guard let duration = DurationText.parse(text) else {
      fail("\(told) is '\(text)'; a duration is needed here, such as 30s, 5m, 12h or 90d")
      return nil
    }
    if bounds.contains(duration) { return duration }
    fail(
      "\(told) is '\(text)'; it may be from \(DurationText.print(bounds.lowerBound)) "
        + "to \(DurationText.print(bounds.upperBound))")
    return nil
  }

  /// The items of a list, or the one value that stands in its place.
  func items() -> [ValueReader] {
    guard case .list(let nodes) = node.content else { return [self] }
    if nodes.isEmpty { fail("\(told) is an empty list") }
    return nodes.map { ValueReader(node: $0, told: "an item of \(told)", context: context) }
  }

  /// A mapping with known keys.
  func mapping(_ told: String, keys: SettingsKeys) -> MappingReader? { MappingReader(node, told, keys: keys, context) }

  /// Whether a scalar stands here.
  var isScalar: Bool { if case .scalar = node.content { true } else { false } }
}

extension [String] {
  /// `a, b or c`
  var enumerationText: String {
    count < 2 ? first ?? "" : dropLast().joined(separator: ", ") + " or " + (last ?? "")
  }
}
