/// A distinguished name (RFC 4514) as a server prints it.
public struct DistinguishedName: Sendable, Hashable {
  /// The name as printed.
  public let string: String

  /// A name as a server printed it or an administrator wrote it.
  public init(_ string: String) { self.string = string }
}
