/// The identity of an entry that survives renames and moves: entryUUID (RFC 4530), objectGUID, nsUniqueId,
/// or, where a server has none of them, a key attribute named in the file.
public enum StableID: Hashable, Sendable {
  /// A 128-bit identifier, most significant half first, in the order in which it is printed.
  case uuid(UInt64, UInt64)
  /// The value of a key attribute, for servers without a stable identifier.
  case key(String)
}

extension StableID {
  /// Sixteen octets in network order, as the Sync State control carries an entryUUID (RFC 4533, section 2.2).
  public init?(octets: some Collection<UInt8>) {
    guard octets.count == 16 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    for (index, octet) in octets.enumerated() {
      if index < 8 { halves.0 = halves.0 << 8 | UInt64(octet) } else { halves.1 = halves.1 << 8 | UInt64(octet) }
    }
    self = .uuid(halves.0, halves.1)
  }

  /// The printed form, `597ae2f6-16a6-1027-98f4-d28b5365dc14`, or nsUniqueId's, which has its hyphens elsewhere.
  public init?(printed: some StringProtocol) {
    var halves: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for byte in printed.utf8 where byte != UInt8(ascii: "-") {
      guard let nibble = byte.hexNibble, digits < 32 else { return nil }
      if digits < 16 { halves.0 = halves.0 << 4 | nibble } else { halves.1 = halves.1 << 4 | nibble }
      digits += 1
    }
    guard digits == 32 else { return nil }
    self = .uuid(halves.0, halves.1)
  }

  /// The form kept in the ledger: sixteen octets for a UUID, anything but sixteen for a key.
  public init(stored: [UInt8]) {
    if let id = StableID(octets: stored) {
      self = id
    } else {
      self = .key(String(decoding: stored.dropFirst(4).prefix { $0 != 0 }, as: UTF8.self))
    }
  }

  /// The form kept in the ledger; see ``init(stored:)``.
  public var stored: [UInt8] {
    switch self {
    case .uuid(let high, let low):
      return (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) }
        + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64($0))) }
    case .key(let text):
      let bytes = Array("key:".utf8) + Array(text.utf8)
      return bytes.count == 16 ? bytes + [0] : bytes
    }
  }
}

extension StableID: CustomStringConvertible {
  /// The printed form, with hyphens where RFC 4122 has them; a key as it is.
  public var description: String {
    guard case .uuid = self else {
      if case .key(let text) = self { return text }
      return ""
    }
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (index, octet) in stored.enumerated() {
      if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
      text.append(UInt8.lowercaseHex(octet >> 4))
      text.append(UInt8.lowercaseHex(octet & 15))
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension UInt8 {
  /// The value of an ASCII hexadecimal digit.
  package var hexNibble: UInt64? {
    switch self {
    case 0x30...0x39: UInt64(self - 0x30)
    case 0x41...0x46: UInt64(self - 0x37)
    case 0x61...0x66: UInt64(self - 0x57)
    default: nil
    }
  }

  /// The ASCII digit for a value below sixteen.
  package static func lowercaseHex(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}
