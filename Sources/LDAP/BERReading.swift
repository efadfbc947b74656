internal import SwiftASN1

/// Reads the value of a control or message: a constructed node whose parts come in order, some of them optional.
/// What follows the known parts is ignored, as RFC 4511, section 4 asks of extensible sequences.
struct BERParts {
  private var rest: ASN1NodeCollection.Iterator
  private var next: ASN1Node?

  /// The parts of a constructed node.
  init(_ node: ASN1Node) throws {
    guard case .constructed(let parts) = node.content else {
      throw ASN1Error.unexpectedFieldType(node.identifier)
    }
    rest = parts.makeIterator()
    next = rest.next()
  }

  /// The part with this tag if it comes next.
  mutating func optional(_ identifier: ASN1Identifier) -> ASN1Node? {
    guard let node = next, node.identifier == identifier else { return nil }
    next = rest.next()
    return node
  }

  /// The part with this tag.
  mutating func required(_ identifier: ASN1Identifier) throws -> ASN1Node {
    guard let node = optional(identifier) else {
      throw ASN1Error.invalidASN1Object(reason: "a part is missing")
    }
    return node
  }

  /// An OCTET STRING that may be absent.
  mutating func optionalOctets() throws -> [UInt8]? { try optional(.octetString).map { try Array($0.octets) } }

  /// A BOOLEAN that may be absent.
  mutating func boolean(default value: Bool) throws -> Bool {
    guard let node = optional(.boolean) else { return value }
    return try Bool(berEncoded: node)
  }

  /// An ENUMERATED of one octet, as all of LDAP's are.
  mutating func enumerated() throws -> Int {
    let octets = try required(.enumerated).octets
    guard octets.count == 1, let octet = octets.first else {
      throw ASN1Error.invalidASN1Object(reason: "an enumeration has no such value")
    }
    return Int(octet)
  }
}

extension ASN1Node {
  /// The contents of a primitive node.
  var octets: ArraySlice<UInt8> {
    get throws {
      guard case .primitive(let octets) = content else { throw ASN1Error.unexpectedFieldType(identifier) }
      return octets
    }
  }

  /// Parses octets that are one node; nothing may follow it.
  static func of(_ octets: [UInt8], as what: String, _ body: (ASN1Node) throws -> Void) throws(LDAPError) {
    do {
      try body(try BER.parse(octets))
    } catch {
      throw .undecodable(what, (error as? ASN1Error).map { "\($0.code)" } ?? "malformed")
    }
  }
}

extension LDAPError {
  /// A control or message whose value is not what its specification says.
  static func undecodable(_ what: String, _ why: String) -> LDAPError {
    LDAPError(
      .malformed, operation: "decode", subject: what, cause: "the server's value cannot be decoded: \(why)",
      hint: "the server and this client disagree about the control; the connection should be made anew")
  }
}
