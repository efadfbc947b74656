public import Directory
public import LDAP

/// What is read from a directory: validated values; `Settings` makes them.
public struct StreamSettings: Sendable, Equatable {
  /// How to reach the server.
  public var connection: ConnectionSettings
  /// Where the stream begins.
  public var base: DistinguishedName
  /// Who belongs to the users' branch.
  public var users: Filter
  /// What counts as a container: nobody streams what happens below one, so it must be seen itself.
  public var containers: Filter
  /// The attributes that rules and conditions refer to. What the filters need is read besides.
  public var attributes: [String]

  /// Settings.
  public init(
    connection: ConnectionSettings, base: DistinguishedName, users: Filter, containers: Filter = .containers,
    attributes: [String]
  ) {
    self.connection = connection
    self.base = base
    self.users = users
    self.containers = containers
    self.attributes = attributes
  }

  /// The filter of the stream: users and containers.
  public var filter: Filter { .or([users, containers]) }

  /// The attributes to request, `identity` among them; never a password.
  func requested(with identity: String) -> [String] {
    var seen: Set<String> = ["userpassword", "unicodepwd"]
    let needed = users.attributes.union(containers.attributes).sorted()
    return (attributes + needed + ["objectClass", identity]).filter { seen.insert($0.lowercased()).inserted }
  }
}

extension Filter {
  /// What may have entries below it and is not a person: the structural classes of RFC 4519 and 2247 and Active
  /// Directory's `container`.
  public static let containers = Filter.or(
    ["organizationalUnit", "container", "organization", "domain", "dcObject", "country", "locality"].map {
      .objectClass($0)
    })
}
