/// Why a text is not a search filter.
public struct FilterError: Error, Hashable, CustomStringConvertible {
  /// Where, in octets of UTF-8 from the beginning.
  public let offset: Int
  /// What is wrong there.
  public let message: String

  /// Message and place.
  public var description: String { "not a search filter: \(message) (at octet \(offset))" }
}

extension Filter {
  /// How deep filters may be nested.
  public static let maximumDepth = 100
  /// How long the string form may be, in octets.
  public static let maximumLength = 65_536

  /// Reads the string form (RFC 4515). As `ldapsearch` does, it allows spaces and line breaks between the parts, a single
  /// item without its parentheses, and the LDAPv2 escapes `\*`, `\(`, `\)` and `\\`.
  public init(parsing string: String) throws(FilterError) {
    var parser = FilterParser(string)
    self = try parser.parse()
  }
}

struct FilterParser {
  private let octets: [UInt8]
  private var position = 0

  init(_ string: String) { octets = Array(string.utf8) }

  mutating func parse() throws(FilterError) -> Filter {
    guard octets.count <= Filter.maximumLength else {
      throw FilterError(offset: Filter.maximumLength, message: "longer than \(Filter.maximumLength) octets")
    }
    skipSpaces()
    guard current != nil else { throw error("it is empty") }
    let filter = current == UInt8(ascii: "(") ? try parenthesised(depth: 1) : try item()
    skipSpaces()
    guard current == nil else { throw error("something follows the end of the filter") }
    return filter
  }

  /// What a name of an attribute or a rule consists of: letters, digits, hyphens, dots, options after semicolons, and
  /// the underscores that some servers allow.
  static func isNameOctet(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x41...0x5a, 0x61...0x7a, 0x30...0x39, 0x2d, 0x2e, 0x3b, 0x5f: true
    default: false
    }
  }

  private var current: UInt8? { position < octets.count ? octets[position] : nil }

  private mutating func skipSpaces() {
    while let octet = current, octet == 0x20 || (0x09...0x0d).contains(octet) { position += 1 }
  }

  private func error(_ message: String) -> FilterError { FilterError(offset: position, message: message) }

  private mutating func parenthesised(depth: Int) throws(FilterError) -> Filter {
    guard depth <= Filter.maximumDepth else { throw error("nested deeper than \(Filter.maximumDepth)") }
    position += 1
    skipSpaces()
    let filter: Filter
    switch current {
    case UInt8(ascii: "&"): filter = .and(try parts(depth: depth))
    case UInt8(ascii: "|"): filter = .or(try parts(depth: depth))
    case UInt8(ascii: "!"):
      let start = position
      guard let part = try parts(depth: depth, limit: 1).first else {
        throw FilterError(offset: start + 1, message: "'!' is followed by one filter in parentheses")
      }
      filter = .not(part)
    default: filter = try item()
    }
    guard current == UInt8(ascii: ")") else { throw error("a closing parenthesis is missing") }
    position += 1
    return filter
  }

  private mutating func parts(depth: Int, limit: Int = .max) throws(FilterError) -> [Filter] {
    position += 1
    skipSpaces()
    var parts: [Filter] = []
    while current == UInt8(ascii: "("), parts.count < limit {
      parts.append(try parenthesised(depth: depth + 1))
      skipSpaces()
    }
    if let octet = current, octet != UInt8(ascii: ")") { throw error("a filter in parentheses is expected") }
    return parts
  }

  private mutating func item() throws(FilterError) -> Filter {
    let start = position
    let attribute = name()
    skipSpaces()
    guard let sign = current else { throw error("'=' is expected") }
    switch sign {
    case UInt8(ascii: ":"): return try extensible(attribute: attribute)
    case UInt8(ascii: "="):
      try requireName(attribute, at: start)
      position += 1
      return try equality(attribute: attribute)
    case UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "~"):
      try requireName(attribute, at: start)
      position += 1
      guard current == UInt8(ascii: "=") else { throw error("'=' is expected") }
      position += 1
      let octets = try wholeValue()
      switch sign {
      case UInt8(ascii: ">"): return .greaterOrEqual(attribute: attribute, octets: octets)
      case UInt8(ascii: "<"): return .lessOrEqual(attribute: attribute, octets: octets)
      default: return .approximate(attribute: attribute, octets: octets)
      }
    default:
      try requireName(attribute, at: start)
      throw error("'=' is expected")
    }
  }

  private func requireName(_ name: String, at offset: Int) throws(FilterError) {
    guard !name.isEmpty, name.first != ";" else {
      throw FilterError(offset: offset, message: "an attribute name is expected")
    }
  }

  private mutating func name() -> String {
    let start = position
    while let octet = current, Self.isNameOctet(octet) { position += 1 }
    return String(decoding: octets[start..<position], as: UTF8.self)
  }

  private mutating func extensible(attribute: String) throws(FilterError) -> Filter {
    let start = position
    var dnAttributes = false
    var rule: String?
    position += 1
    while current != UInt8(ascii: "=") {
      let word = name()
      guard !word.isEmpty, current == UInt8(ascii: ":"), rule == nil else {
        throw error("':dn', a matching rule or ':=' is expected")
      }
      position += 1
      if word.lowercased() == "dn", !dnAttributes { dnAttributes = true } else { rule = word }
    }
    position += 1
    guard !attribute.isEmpty || rule != nil else {
      throw FilterError(offset: start, message: "an attribute name or a matching rule is expected")
    }
    return .extensible(
      attribute: attribute.isEmpty ? nil : attribute, dnAttributes: dnAttributes, rule: rule, octets: try wholeValue())
  }

  private mutating func equality(attribute: String) throws(FilterError) -> Filter {
    let start = position
    var pieces = [try value()]
    while current == UInt8(ascii: "*") {
      position += 1
      pieces.append(try value())
    }
    guard pieces.count > 1 else { return .equality(attribute: attribute, octets: pieces[0]) }
    if pieces.count == 2, pieces[0].isEmpty, pieces[1].isEmpty { return .present(attribute: attribute) }
    let any = pieces.dropFirst().dropLast()
    guard any.allSatisfy({ !$0.isEmpty }) else {
      throw FilterError(offset: start, message: "two asterisks stand side by side")
    }
    let (initial, final) = (pieces[0], pieces[pieces.count - 1])
    return .substrings(
      attribute: attribute, initial: initial.isEmpty ? nil : initial, any: Array(any),
      final: final.isEmpty ? nil : final)
  }

  private mutating func wholeValue() throws(FilterError) -> [UInt8] {
    let octets = try value()
    guard current != UInt8(ascii: "*") else { throw error("'*' must be written \\2a here") }
    return octets
  }

  /// The octets up to the next `*` or `)`, or to the end.
  private mutating func value() throws(FilterError) -> [UInt8] {
    var value: [UInt8] = []
    while let octet = current {
      switch octet {
      case UInt8(ascii: ")"), UInt8(ascii: "*"): return value
      case UInt8(ascii: "("): throw error("'(' must be written \\28 in a value")
      case 0: throw error("NUL must be written \\00 in a value")
      case UInt8(ascii: "\\"): value.append(try escaped())
      default:
        value.append(octet)
        position += 1
      }
    }
    return value
  }

  private mutating func escaped() throws(FilterError) -> UInt8 {
    if position + 2 < octets.count, let high = octets[position + 1].hexNibble, let low = octets[position + 2].hexNibble
    {
      position += 3
      return UInt8(high << 4 | low)
    }
    if position + 1 < octets.count, [0x28, 0x29, 0x2a, 0x5c].contains(octets[position + 1]) {
      position += 2
      return octets[position - 1]
    }
    throw error("a backslash is followed by two hexadecimal digits (the backslash itself is \\5c)")
  }
}
