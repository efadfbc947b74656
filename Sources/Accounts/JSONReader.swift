internal import Directory

/// A strict reader (RFC 8259) of the little JSON that accounts are kept in. It has no recursion, so that depth needs no
/// limit: what may stand inside what is decided by its caller.
struct JSONReader {
  static let dataScheme = Array("data:".utf8)

  private let octets: [UInt8]
  private var index = 0

  init(_ octets: [UInt8]) { self.octets = octets }

  /// The next octet that is not white space; nil at the end.
  mutating func peek() -> UInt8? {
    while index < octets.count {
      switch octets[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      default: return octets[index]
      }
    }
    return nil
  }

  /// Whether nothing but white space is left.
  var isAtEnd: Bool {
    var copy = self
    return copy.peek() == nil
  }

  private mutating func take(_ octet: UInt8) -> Bool {
    guard peek() == octet else { return false }
    index += 1
    return true
  }

  /// An object whose members `member` reads; false if it is not one, or if `member` said so.
  mutating func object(_ member: (String, inout JSONReader) -> Bool) -> Bool {
    guard take(UInt8(ascii: "{")) else { return false }
    if take(UInt8(ascii: "}")) { return true }
    repeat {
      guard let name = string(), take(UInt8(ascii: ":")), member(name, &self) else { return false }
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}"))
  }

  /// An array of strings.
  mutating func strings() -> [String]? {
    guard take(UInt8(ascii: "[")) else { return nil }
    if take(UInt8(ascii: "]")) { return [] }
    var texts: [String] = []
    repeat {
      guard let text = string() else { return nil }
      texts.append(text)
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]")) ? texts : nil
  }

  /// True or false.
  mutating func flag() -> Bool? {
    for (word, value) in [("true", true), ("false", false)] where octets[index...].starts(with: word.utf8) {
      index += word.utf8.count
      return value
    }
    return nil
  }

  /// Whether a string follows that begins, unescaped, with `data:`.
  var isAtDataURL: Bool { octets[index...].dropFirst().starts(with: Self.dataScheme) }

  /// The octets of a `data:` URL in base64.
  mutating func dataURL() -> [UInt8]? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    guard let end = octets[index...].firstIndex(of: UInt8(ascii: "\"")),
      let comma = octets[index..<end].firstIndex(of: UInt8(ascii: ",")),
      octets[index..<comma].reversed().starts(with: ";base64".utf8.reversed())
    else { return nil }
    defer { index = end + 1 }
    return Base64.decode(octets[(comma + 1)..<end])
  }

  /// A string; nil for a control character, an unknown escape, half a surrogate pair or octets that are not UTF-8.
  mutating func string() -> String? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    var start = index
    var unescaped: [UInt8] = []
    while index < octets.count {
      switch octets[index] {
      case UInt8(ascii: "\""):
        defer { index += 1 }
        if unescaped.isEmpty { return String(validating: octets[start..<index], as: UTF8.self) }
        unescaped.append(contentsOf: octets[start..<index])
        return String(validating: unescaped, as: UTF8.self)
      case UInt8(ascii: "\\"):
        unescaped.append(contentsOf: octets[start..<index])
        guard let scalar = escape() else { return nil }
        unescaped.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        start = index
      case ..<0x20: return nil
      default: index += 1
      }
    }
    return nil
  }

  private mutating func escape() -> Unicode.Scalar? {
    guard index + 1 < octets.count else { return nil }
    let letter = octets[index + 1]
    index += 2
    switch letter {
    case 0x22, 0x5C, 0x2F: return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "u"): return unicodeEscape()
    default: return nil
    }
  }

  private mutating func unicodeEscape() -> Unicode.Scalar? {
    guard let first = fourDigits() else { return nil }
    guard 0xD800...0xDBFF ~= first else { return Unicode.Scalar(first) }
    guard octets[index...].starts(with: #"\u"#.utf8) else { return nil }
    index += 2
    guard let second = fourDigits(), 0xDC00...0xDFFF ~= second else { return nil }
    return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }

  private mutating func fourDigits() -> UInt32? {
    guard index + 4 <= octets.count else { return nil }
    var value: UInt32 = 0
    for digit in octets[index..<(index + 4)] {
      guard let nibble = digit.hexNibble else { return nil }
      value = value << 4 | UInt32(nibble)
    }
    index += 4
    return value
  }
}
