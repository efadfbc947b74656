/// The string preparation of `caseIgnoreMatch` (RFC 4518, as far as servers do it): lower case and insignificant
/// spaces. Octets that are not UTF-8 keep their values apart from ASCII letters. Unicode normalisation is left out: two
/// spellings of an accented letter, composed and decomposed, stay different.
enum CaseIgnore {
  /// What becomes of the spaces at the two ends; runs of spaces inside become one in every case. A substring keeps the
  /// space at an end that touches the rest of the value (RFC 4518, section 2.6.1).
  enum Ends {
    case trimmed
    case initial
    case middle
    case final
  }

  /// Prepares `octets` and appends them to `result`.
  static func append(_ octets: some Sequence<UInt8>, ends: Ends = .trimmed, to result: inout [UInt8]) {
    let start = result.count
    var lastWasSpace = ends == .trimmed || ends == .initial
    var isASCII = true
    var sawAny = false
    for octet in octets {
      sawAny = true
      if octet == 0x20 {
        if !lastWasSpace { result.append(octet) }
        lastWasSpace = true
      } else {
        if octet >= 0x80 { isASCII = false }
        result.append(octet.asciiLowercased)
        lastWasSpace = false
      }
    }
    if lastWasSpace, result.count > start, ends == .trimmed || ends == .final { result.removeLast() }
    if sawAny, result.count == start { result.append(0x20) }
    if !isASCII { foldUnicode(from: start, in: &result) }
  }

  /// Prepares `octets`.
  static func prepared(_ octets: some Collection<UInt8>, ends: Ends = .trimmed) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(octets.count)
    append(octets, ends: ends, to: &result)
    return result
  }

  /// Whether two values are the same, spared the preparation where plain ASCII decides.
  static func equal(_ left: ArraySlice<UInt8>, _ right: [UInt8]) -> Bool {
    if left.count == right.count {
      var same = true
      for (one, other) in zip(left, right) where one != other {
        if one >= 0x80 || other >= 0x80 || one.asciiLowercased != other.asciiLowercased {
          same = false
          break
        }
      }
      if same { return true }
    }
    let isPlain: (UInt8) -> Bool = { $0 > 0x20 && $0 < 0x80 }
    if left.allSatisfy(isPlain), right.allSatisfy(isPlain) { return false }
    return prepared(left) == prepared(right)
  }

  private static func foldUnicode(from start: Int, in result: inout [UInt8]) {
    guard let text = String(validating: result[start...], as: UTF8.self) else { return }
    result.removeSubrange(start...)
    for scalar in text.unicodeScalars { result.append(contentsOf: scalar.properties.lowercaseMapping.utf8) }
  }
}
