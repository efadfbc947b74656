/// A distinguished name (RFC 4514) as a server prints it or an administrator writes it.
///
/// Two values are equal, and hash alike, when their *texts* are: that is what an entry's digest and a test want. Whether
/// they name the same entry is asked with ``isSame(as:)`` or, for many, by comparing ``key``.
public struct DistinguishedName: Sendable, Hashable {
  /// The name as printed.
  public let string: String

  /// A name as a server printed it or an administrator wrote it. Never fails: a text that is no name keeps itself, and
  /// is the same as, below or above nothing but itself.
  public init(_ string: String) { self.string = string }

  /// A name, or the place where its text stops being one. LDAPv2 forms (`;`, quoted values, `OID.` before a number,
  /// spaces around separators) are read too.
  public static func parse(_ string: String) throws(DistinguishedNameError) -> DistinguishedName {
    _ = try NameScanner.scan(string)
    return DistinguishedName(string)
  }

  /// Whether the text is a distinguished name. The empty one, the root's, is.
  public var isValid: Bool { (try? NameScanner.scan(string)) != nil }
}

/// Why a text is not a distinguished name.
public struct DistinguishedNameError: Error, Hashable, CustomStringConvertible {
  /// Where, in octets of UTF-8 from the beginning.
  public let offset: Int
  /// What is wrong there.
  public let message: String

  /// Message and place.
  public var description: String { "not a distinguished name: \(message) (at octet \(offset))" }
}

extension DistinguishedName: CustomStringConvertible {
  /// The name as printed.
  public var description: String { string }
}

extension DistinguishedName {
  /// Whether both name the same entry, whatever case, spaces and escapes they are written with.
  public func isSame(as other: DistinguishedName) -> Bool { string == other.string || key == other.key }

  /// Whether this entry is somewhere below the other one.
  public func isBelow(_ other: DistinguishedName) -> Bool {
    let (own, above) = (key, other.key)
    return own.count > above.count && Self.isKey(own, belowOrEqual: above)
  }

  /// Whether this entry is the other one or somewhere below it.
  public func isBelowOrEqual(_ other: DistinguishedName) -> Bool { Self.isKey(key, belowOrEqual: other.key) }

  /// The same test on keys already at hand.
  public static func isKey(_ key: [UInt8], belowOrEqual ancestor: [UInt8]) -> Bool {
    if ancestor.isEmpty, key.first == invalidMark { return false }
    return key.starts(with: ancestor)
  }

  /// The first relative name as written, `cn=Jane Doe`; nil for the root and for what is no name.
  public var rdn: String? {
    guard let first = (try? NameScanner.scan(string))?.first else { return nil }
    return text(of: first.range)
  }

  /// The name of the entry above, as written; the root's is empty. Nil for the root and for what is no name.
  public var parent: DistinguishedName? {
    guard let names = try? NameScanner.scan(string), !names.isEmpty else { return nil }
    guard names.count > 1 else { return DistinguishedName("") }
    return DistinguishedName(text(of: names[1].range.lowerBound..<names[names.count - 1].range.upperBound))
  }

  /// The name this entry has once `ancestor` is called `successor`: the part in front of it stays as it is written.
  /// Nil if the entry is neither `ancestor` nor below it.
  public func rebased(from ancestor: DistinguishedName, to successor: DistinguishedName) -> DistinguishedName? {
    guard isBelowOrEqual(ancestor), let own = try? NameScanner.scan(string),
      let above = try? NameScanner.scan(ancestor.string)
    else { return nil }
    let kept = own.count - above.count
    guard kept > 0 else { return successor }
    let front = text(of: own[0].range.lowerBound..<own[kept - 1].range.upperBound)
    return DistinguishedName(successor.string.isEmpty ? front : front + "," + successor.string)
  }

  /// A value in the form it has inside a name (RFC 4514, section 2.4); control characters are written as hexadecimal
  /// pairs too, so that a name can stand in a log.
  public static func escape(value: some StringProtocol) -> String {
    var result: [UInt8] = []
    let octets = Array(value.utf8)
    for (index, octet) in octets.enumerated() {
      switch octet {
      case 0x00..<0x20, 0x7f:
        result += [UInt8(ascii: "\\"), .lowercaseHex(octet >> 4), .lowercaseHex(octet & 15)]
      case 0x22, 0x2b, 0x2c, 0x3b, 0x3c, 0x3e, 0x5c,
        0x23 where index == 0,
        0x20 where index == 0 || index == octets.count - 1:
        result += [UInt8(ascii: "\\"), octet]
      default:
        result.append(octet)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private func text(of range: Range<Int>) -> String {
    let utf8 = string.utf8
    return String(
      decoding: utf8[
        utf8.index(
          utf8.startIndex, offsetBy: range.lowerBound)..<utf8.index(
            utf8.startIndex, offsetBy: range.upperBound)], as: UTF8.self)
  }
}
