public import Directory

/// One thing to be done at a target, complete: repeating it repeats the same id and the same content.
public struct Operation: Sendable, Equatable {
  /// What is to be done.
  public enum Verb: String, Sendable, Codable, CaseIterable {
    case create
    case update
    case disable
    case delete
  }

  /// Why it is done now.
  public enum Reason: String, Sendable, Codable {
    /// The directory told a change.
    case change
    /// A catch-up found a difference.
    case refresh
    /// A person asked for a full comparison.
    case resync
  }

  /// What is to be done.
  public var verb: Verb
  /// The directory's name in the file.
  public var directory: String
  /// The target's name in the file.
  public var target: String
  /// Whose account.
  public var id: StableID
  /// Rises with every state that a target is owed; milliseconds since 1970 at its origin.
  public var revision: Int64
  /// Why it is done now.
  public var reason: Reason
  /// For a disable or delete: on what ground.
  public var evidence: Evidence?
  /// The account as it should be; for a departure, as it was last.
  public var account: Account
  /// What differs from the last confirmed state. Empty for a create, and for a state sent again because an earlier
  /// answer was lost.
  public var changed: [Difference]

  /// An operation.
  public init(
    verb: Verb, directory: String, target: String, id: StableID, revision: Int64, reason: Reason,
    evidence: Evidence? = nil, account: Account, changed: [Difference] = []
  ) {
    self.verb = verb
    self.directory = directory
    self.target = target
    self.id = id
    self.revision = revision
    self.reason = reason
    self.evidence = evidence
    self.account = account
    self.changed = changed
  }
}
