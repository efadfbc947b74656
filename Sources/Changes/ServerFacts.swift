import Directory
import LDAP

/// The attribute that holds the identity which the server's stream carries.
enum IdentityAttribute: String, Sendable {
  case entryUUID
  /// 389-DS streams its own unique ids, which are printed in groups of eight digits.
  case nsUniqueID = "nsUniqueId"

  /// The identity among an entry's attributes.
  func identity(in attributes: Attributes) -> StableID? {
    attributes.texts(rawValue.lowercased()).lazy.compactMap { StableID(printed: $0) }.first
  }

  /// The items of a filter that find an entry by its identity.
  func filter(_ id: StableID) -> Filter {
    guard self == .nsUniqueID else { return .equality(rawValue, "\(id)") }
    let digits = Array("\(id)".filter { $0 != "-" })
    let groups = stride(from: 0, to: digits.count, by: 8).map { String(digits[$0..<min($0 + 8, digits.count)]) }
    return .equality(rawValue, groups.joined(separator: "-"))
  }
}

/// What has to be known of a server before it can be read, found out once per connection.
struct ServerFacts: Sendable {
  /// Seconds that a server may take for a small question.
  static let patience = 30

  var vendor: ServerVendor
  /// The naming context that the base belongs to; the base itself if none is told.
  var namingContext: DistinguishedName
  var identity: IdentityAttribute

  /// Reads the root DSE.
  static func read(_ connection: LDAPConnection, base: DistinguishedName) async throws -> ServerFacts {
    let answer = try await connection.collect(
      SearchRequest(base: "", scope: .base, attributes: ["*", "+", "supportedCapabilities"], timeLimit: patience))
    // Who may not read the root DSE may still read the directory: then the vendor is not known, and nothing is assumed.
    let root = answer.entries.first?.attributes ?? Attributes()
    let vendor = ServerVendor(rootDSE: root)
    let contexts = root.texts("namingcontexts").map { DistinguishedName($0) }
    let above = contexts.filter { base.isBelowOrEqual($0) }.max { $0.key.count < $1.key.count }
    return ServerFacts(
      vendor: vendor, namingContext: above ?? base, identity: vendor == .netscape389 ? .nsUniqueID : .entryUUID)
  }

  /// The identity of one entry, nil if it cannot be read.
  func identity(of name: DistinguishedName, _ connection: LDAPConnection) async throws -> StableID? {
    let answer = try await connection.collect(
      SearchRequest(
        base: name.string, scope: .base, attributes: [identity.rawValue], timeLimit: Self.patience))
    return answer.entries.first.flatMap { identity.identity(in: $0.attributes) }
  }
}
