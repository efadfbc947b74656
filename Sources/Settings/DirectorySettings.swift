public import Accounts
public import Directory
public import LDAP

/// What the file says about one directory.
public struct DirectorySettings: Sendable {
  /// Its name in the file.
  public var name: String
  /// Where it stands in the file.
  public var location: SourceLocation
  /// How it is reached, and as whom.
  public var connection: ConnectionSettings
  /// The base that all branches lie below; the one stream of the directory begins here.
  public var base: DistinguishedName
  /// Where people are, and which entries are people.
  public var users: Branch
  /// Where groups are; nil if the file names none.
  public var groups: Branch?
  /// How changes are followed.
  public var follow: FollowMode
  /// How often contextCSN is read on a second connection; nil for never.
  public var heartbeat: Duration?
  /// The key attribute for a server without a stable identifier, lower case.
  public var idAttribute: String?
  /// The name that this directory had in an earlier version of the file.
  public var renamedFrom: String?
  /// A guard for the losses of this directory, beside those of the targets.
  public var `guard`: GuardPolicy?
}

/// A part of a directory.
public struct Branch: Sendable, Equatable {
  /// Where it begins.
  public var base: DistinguishedName
  /// Which entries below belong to it (RFC 4515).
  public var filter: String
}

/// The `follow:` of the file.
public enum FollowMode: String, Sendable, CaseIterable {
  /// The best that the server offers.
  case auto
  case syncrepl
  case dirsync
  case persistentSearch = "persistent-search"
  case sweep
}

extension DirectorySettings {
  /// People, where the file says nothing: inetOrgPerson (RFC 2798), and Active Directory's normal user accounts
  /// (sAMAccountType SAM_NORMAL_USER_ACCOUNT, [MS-SAMR] 2.2.1.9), which leaves out computers, contacts and trusts. Both
  /// halves mean the same to the server and to `Directory.Filter`, unlike objectCategory, which Active Directory
  /// completes to a name.
  public static let standardUsersFilter = "(|(objectClass=inetOrgPerson)(sAMAccountType=805306368))"

  /// Groups, where the file says nothing about which.
  public static let standardGroupsFilter =
    "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass=group))"
}

extension Bind {
  /// As whom a directory is read, in one line without secrets: part of the reading fingerprint, because what one is
  /// shown depends on who one is.
  public var identityText: String {
    switch self {
    case .anonymous: "anonymous"
    case .simple(let dn, _): "simple \(dn)"
    case .sasl(let mechanism, let authcid, let authzid, let realm, _):
      [
        "sasl \(mechanism.rawValue)", authcid.map { "user \($0)" }, authzid.map { "as \($0)" },
        realm.map { "in \($0)" },
      ]
      .compactMap { $0 }.joined(separator: " ")
    }
  }
}
