internal import Crypto

/// What a directory says about one person, group or container.
public struct Entry: Sendable, Equatable {
  /// The identity that survives renames and moves.
  public var id: StableID
  /// The name as the server prints it.
  public var dn: DistinguishedName
  /// The attributes that were asked for.
  public var attributes: Attributes

  /// An entry as read.
  public init(id: StableID, dn: DistinguishedName, attributes: Attributes) {
    self.id = id
    self.dn = dn
    self.attributes = attributes
  }

  /// A 128-bit digest of name and attributes: equal readings give equal digests. Large values enter by their own
  /// digest, so that an entry and its stored form agree.
  public var digest: ContentDigest {
    var hash = SHA256()
    var name = dn.string
    name.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    hash.update(data: [0])
    hash.update(data: attributes.bytes)
    return ContentDigest(hash.finalize())
  }
}

/// The first half of a SHA-256, as two numbers.
public struct ContentDigest: Hashable, Sendable {
  /// The more significant half.
  public let high: Int64
  /// The less significant half.
  public let low: Int64

  /// A digest from its stored halves.
  public init(high: Int64, low: Int64) {
    self.high = high
    self.low = low
  }

  /// The first 128 bits of a SHA-256.
  init(_ digest: SHA256Digest) {
    self = digest.withUnsafeBytes {
      ContentDigest(
        high: Int64(bigEndian: $0.loadUnaligned(as: Int64.self)),
        low: Int64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
    }
  }
}
