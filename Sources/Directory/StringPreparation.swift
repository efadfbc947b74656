/// The string preparation of `caseIgnoreMatch` and `caseExactMatch` (RFC 4518, as far as servers do it): lower case for
/// the former, and insignificant spaces. Octets that are not UTF-8 keep their values apart from ASCII letters. Unicode normalisation is left out: two
/// spellings of an accented letter, composed and decomposed, stay different.
enum StringPreparation {
  /// What becomes of the spaces at the two ends; runs of spaces inside become one in every case. A substring keeps the
  /// space at an end that touches the rest of the value (RFC 4518, section 2.6.1).
  enum Ends {
    case trimmed
    case initial
    case middle
    case final
  }

  /// Prepares `octets` and appends them to `result`.
  static func append(
    _ octets: some Sequence<UInt8>, ends: Ends = .trimmed, foldingCase: Bool = true, to result: inout [UInt8]
  ) {
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
        result.append(foldingCase ? octet.asciiLowercased : octet)
        lastWasSpace = false
      }
    }
    if lastWasSpace, result.count > start, ends == .trimmed || ends == .final { result.removeLast() }
    if sawAny, result.count == start, ends != .final { result.append(0x20) }
    if !isASCII, foldingCase { foldUnicode(from: start, in: &result) }
  }

  /// Prepares `octets`.
  static func prepared(
    _ octets: some Collection<UInt8>, ends: Ends = .trimmed, foldingCase: Bool = true
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(octets.count)
    append(octets, ends: ends, foldingCase: foldingCase, to: &result)
    return result
  }

  /// Whether a value is, once prepared, the prepared assertion; spared the preparation where plain ASCII decides.
  static func isEqual(_ value: ArraySlice<UInt8>, toPrepared assertion: [UInt8]) -> Bool {
    value.withUnsafeBufferPointer { value in
      assertion.withUnsafeBufferPointer { assertion in
        var isPlain = true
        for octet in value where octet <= 0x20 || octet >= 0x80 {
          isPlain = false
          break
        }
        guard isPlain else { return prepared(value).elementsEqual(assertion) }
        guard value.count == assertion.count else { return false }
        for index in 0..<value.count where value[index].asciiLowercased != assertion[index] { return false }
        return true
      }
    }
  }

  private static func foldUnicode(from start: Int, in result: inout [UInt8]) {
    guard let text = String(validating: result[start...], as: UTF8.self) else { return }
    result.removeSubrange(start...)
    for scalar in text.unicodeScalars { result.append(contentsOf: scalar.properties.lowercaseMapping.utf8) }
  }
}
