public import Directory
public import Ledger

/// Which part of a directory an entry belongs to, decided on the entry's own attributes: servers tell that an entry
/// left, not what it left.
public struct Scope: Sendable {
  /// A branch of the file: who belongs to it.
  public struct Part: Sendable {
    /// Entries at or below this name.
    public let base: DistinguishedName
    /// Entries that match this filter.
    public let filter: Filter
    private let key: [UInt8]
    private let prepared: PreparedFilter

    /// A branch.
    public init(base: DistinguishedName, filter: Filter) {
      self.base = base
      self.filter = filter
      key = base.key
      prepared = PreparedFilter(filter)
    }

    func contains(key entryKey: [UInt8]) -> Bool { DistinguishedName.isKey(entryKey, belowOrEqual: key) }

    /// A filter whose value is undefined does not match (RFC 4511, section 4.5.1.7).
    func matches(_ entry: Entry) -> Bool { prepared.evaluate(entry) == .true }
  }

  /// Where an entry belongs.
  public enum Place: Sendable, Equatable {
    case branch(Branch)
    /// It belongs nowhere; had it been a user, this would be why it no longer is.
    case outside(Evidence)
  }

  /// Who counts as a user.
  public var users: Part
  /// What counts as a container.
  public var containers: Part

  /// The branches of one directory.
  public init(users: Part, containers: Part) {
    self.users = users
    self.containers = containers
  }

  /// Where an entry belongs.
  public func place(_ entry: Entry) -> Place { place(entry, key: entry.dn.key) }

  /// The same, with the name's key at hand.
  func place(_ entry: Entry, key: [UInt8]) -> Place {
    if users.contains(key: key) {
      if users.matches(entry) { return .branch(.user) }
      if containers.matches(entry) { return .branch(.container) }
      return .outside(.leftFilter)
    }
    if containers.contains(key: key), containers.matches(entry) { return .branch(.container) }
    return .outside(.leftScope)
  }
}
