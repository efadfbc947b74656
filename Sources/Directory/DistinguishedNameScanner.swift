/// One `type=value` of a relative name.
struct AttributeAssertion {
  /// The attribute's short name or number, lower case, for comparison.
  var type: [UInt8]
  /// The value's octets, escapes decoded.
  var value: [UInt8]
  /// The value was given as `#` and hexadecimal and is not a string in BER: compared octet by octet.
  var isOpaque = false
}

/// One relative name: where it stands in the text, without the spaces around it, and what it asserts.
struct ScannedRelativeName {
  var range: Range<Int>
  var assertions: [AttributeAssertion]
}

/// Reads the string form of a distinguished name: RFC 4514, section 3, and the LDAPv2 forms of RFC 2253, section 4.
struct NameScanner {
  private let octets: UnsafeBufferPointer<UInt8>
  private var position = 0

  /// The relative names of a text, the entry's own first.
  static func scan(_ string: String) throws(DistinguishedNameError) -> [ScannedRelativeName] {
    var copy = string
    let result = copy.withUTF8 { buffer -> Result<[ScannedRelativeName], DistinguishedNameError> in
      var scanner = NameScanner(octets: buffer)
      do throws(DistinguishedNameError) { return .success(try scanner.names()) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private init(octets: UnsafeBufferPointer<UInt8>) { self.octets = octets }

  private mutating func names() throws(DistinguishedNameError) -> [ScannedRelativeName] {
    skipSpaces()
    guard position < octets.count else { return [] }
    var names: [ScannedRelativeName] = []
    while true {
      let start = position
      var assertions: [AttributeAssertion] = []
      var end = position
      while true {
        let type = try attributeType()
        let (assertion, valueEnd) = try attributeValue(of: type)
        assertions.append(assertion)
        end = valueEnd
        guard current == UInt8(ascii: "+") else { break }
        position += 1
        skipSpaces()
      }
      names.append(ScannedRelativeName(range: start..<end, assertions: assertions))
      guard current != nil else { return names }
      position += 1
      skipSpaces()
    }
  }

  private var current: UInt8? { position < octets.count ? octets[position] : nil }

  private mutating func skipSpaces() {
    while current == 0x20 || current == 0x0a || current == 0x0d { position += 1 }
  }

  private func error(_ message: String) -> DistinguishedNameError {
    DistinguishedNameError(offset: position, message: message)
  }

  private mutating func attributeType() throws(DistinguishedNameError) -> [UInt8] {
    var type: [UInt8] = []
    while let octet = current {
      switch octet {
      case 0x41...0x5a, 0x61...0x7a, 0x30...0x39, 0x2d, 0x2e, 0x5f:
        type.append(octet.asciiLowercased)
        position += 1
        continue
      default: break
      }
      break
    }
    guard !type.isEmpty else { throw error("an attribute name is expected") }
    skipSpaces()
    guard current == UInt8(ascii: "=") else { throw error("'=' is expected") }
    position += 1
    skipSpaces()
    if type.starts(with: "oid.".utf8) { type.removeFirst(4) }
    return AttributeType.shortName(type)
  }

  /// The value and the end of its text; leaves the position at the separator that follows or at the end.
  private mutating func attributeValue(of type: [UInt8]) throws(DistinguishedNameError) -> (AttributeAssertion, Int) {
    switch current {
    case UInt8(ascii: "#"): return try hexadecimal(of: type)
    case UInt8(ascii: "\""): return try quoted(of: type)
    default: break
    }
    var value: [UInt8] = []
    var end = position
    var significant = 0
    scanning: while let octet = current {
      switch octet {
      case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "+"): break scanning
      case UInt8(ascii: "\\"):
        value.append(try escaped())
        (significant, end) = (value.count, position)
      case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), 0:
        throw error("this character must be escaped in a value")
      default:
        value.append(octet)
        position += 1
        if octet != 0x20 { (significant, end) = (value.count, position) }
      }
    }
    value.removeSubrange(significant...)
    return (AttributeAssertion(type: type, value: value), end)
  }

  private mutating func escaped() throws(DistinguishedNameError) -> UInt8 {
    position += 1
    guard let octet = current else { throw error("nothing follows the backslash") }
    if let high = octet.hexNibble, position + 1 < octets.count, let low = octets[position + 1].hexNibble {
      position += 2
      return UInt8(high << 4 | low)
    }
    switch octet {
    case 0x20, 0x22, 0x23, 0x2b, 0x2c, 0x3b, 0x3c, 0x3d, 0x3e, 0x5c:
      position += 1
      return octet
    default: throw error("a backslash is followed by two hexadecimal digits or a special character")
    }
  }

  private mutating func quoted(of type: [UInt8]) throws(DistinguishedNameError) -> (AttributeAssertion, Int) {
    position += 1
    var value: [UInt8] = []
    while let octet = current {
      switch octet {
      case UInt8(ascii: "\""):
        position += 1
        let end = position
        try endOfValue()
        return (AttributeAssertion(type: type, value: value), end)
      case UInt8(ascii: "\\"): value.append(try escaped())
      default:
        value.append(octet)
        position += 1
      }
    }
    throw error("the closing quotation mark is missing")
  }

  private mutating func hexadecimal(of type: [UInt8]) throws(DistinguishedNameError) -> (AttributeAssertion, Int) {
    position += 1
    var ber: [UInt8] = []
    while let high = current?.hexNibble {
      guard position + 1 < octets.count, let low = octets[position + 1].hexNibble else {
        throw error("'#' is followed by pairs of hexadecimal digits")
      }
      ber.append(UInt8(high << 4 | low))
      position += 2
    }
    guard !ber.isEmpty else { throw error("'#' is followed by pairs of hexadecimal digits") }
    let end = position
    try endOfValue()
    guard let text = Self.stringContents(ofBER: ber) else {
      return (AttributeAssertion(type: type, value: ber, isOpaque: true), end)
    }
    return (AttributeAssertion(type: type, value: text), end)
  }

  private mutating func endOfValue() throws(DistinguishedNameError) {
    skipSpaces()
    switch current {
    case nil, UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "+"): return
    default: throw error("a separator is expected after the value")
    }
  }

  /// What an OCTET STRING, UTF8String, PrintableString, TeletexString or IA5String holds, so that a name whose value
  /// was printed as BER is the same as one whose value was printed as text.
  private static func stringContents(ofBER ber: [UInt8]) -> [UInt8]? {
    guard ber.count >= 2, [0x04, 0x0c, 0x13, 0x14, 0x16].contains(ber[0]) else { return nil }
    if ber[1] < 0x80 { return ber.count - 2 == Int(ber[1]) ? Array(ber[2...]) : nil }
    let digits = Int(ber[1] & 0x7f)
    guard (1...3).contains(digits), ber.count >= 2 + digits else { return nil }
    let length = ber[2..<2 + digits].reduce(0) { $0 << 8 | Int($1) }
    return ber.count - 2 - digits == length ? Array(ber[(2 + digits)...]) : nil
  }
}

/// The other names of the attribute types of RFC 4514, section 3, and of those that filters often use.
enum AttributeType {
  private static let shortNames: [[UInt8]: [UInt8]] = {
    let names = [
      "cn": ["2.5.4.3", "commonname"], "sn": ["2.5.4.4", "surname"], "c": ["2.5.4.6", "countryname"],
      "l": ["2.5.4.7", "localityname"], "st": ["2.5.4.8", "stateorprovincename"],
      "street": ["2.5.4.9", "streetaddress"], "o": ["2.5.4.10", "organizationname"],
      "ou": ["2.5.4.11", "organizationalunitname"], "givenname": ["2.5.4.42", "gn"],
      "uid": ["0.9.2342.19200300.100.1.1", "userid"],
      "mail": ["0.9.2342.19200300.100.1.3", "rfc822mailbox"],
      "dc": ["0.9.2342.19200300.100.1.25", "domaincomponent"],
      "mobile": ["0.9.2342.19200300.100.1.41", "mobiletelephonenumber"],
      "homephone": ["0.9.2342.19200300.100.1.20", "hometelephonenumber"],
      "pager": ["0.9.2342.19200300.100.1.42", "pagertelephonenumber"],
      "facsimiletelephonenumber": ["2.5.4.23", "fax"],
    ]
    var table: [[UInt8]: [UInt8]] = [:]
    for (short, others) in names { for other in others { table[Array(other.utf8)] = Array(short.utf8) } }
    return table
  }()

  /// The name under which a type is compared.
  static func shortName(_ type: [UInt8]) -> [UInt8] { shortNames[type] ?? type }

  /// All names of the type that has this one, lower case.
  static func names(of name: String) -> [String] {
    let short = shortName(Array(name.utf8))
    let others = shortNames.filter { $0.value == short }.map { String(decoding: $0.key, as: UTF8.self) }
    return [String(decoding: short, as: UTF8.self)] + others
  }

  /// Whether a type of at most five letters is another name for a longer or shorter one.
  static func isShortAlias(_ type: UnsafeBufferPointer<UInt8>) -> Bool {
    type.elementsEqual("gn".utf8) || type.elementsEqual("fax".utf8)
  }
}
