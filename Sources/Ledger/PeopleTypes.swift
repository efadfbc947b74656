import Accounts
public import Directory

/// Counts and states, for `status`.
public struct LedgerSummary: Sendable {
  /// One directory.
  public struct DirectoryState: Sendable {
    public var number: DirectoryNumber
    public var name: String
    public var orphaned: Bool
    public var loaded: Bool
    public var users: Int
    public var groups: Int
    public var mechanism: String?
    public var checkpointAt: Instant?
    public var obligations: [Obligation]
  }

  /// One target.
  public struct TargetState: Sendable {
    public var number: TargetNumber
    public var name: String
    public var kind: String
    public var orphaned: Bool
    public var pausedSince: Instant?
    public var pausedReason: String?
    public var accounts: Int
    public var waiting: Int
    public var failing: Int
    public var held: Int
    public var parked: Int
  }

  public var directories: [DirectoryState]
  public var targets: [TargetState]
  public var holds: Int
}

/// Something that waits for a person's yes.
public struct Hold: Sendable {
  /// One account of the list.
  public struct Item: Sendable {
    public var entry: EntryNumber
    public var dn: String
    public var label: String
    public var evidence: Evidence?
    /// For a re-identification: the entry that seems to be the same person.
    public var samePerson: String?
  }

  /// Why it is held.
  public enum Kind: String, Sendable {
    case departures
    case attributeLoss = "attribute-loss"
    case reidentification = "re-identification"
  }

  public var number: Int64
  public var kind: Kind
  public var directory: String
  public var target: String
  public var reason: String
  public var since: Instant
  public var items: [Item]
}

/// A delivery that fails or waits for a person.
public struct FailedRow: Sendable {
  public var target: String
  public var entry: EntryNumber
  public var dn: String
  public var label: String
  public var attempts: Int
  public var since: Instant
  public var error: String
  /// True if only a person (or a change in the directory) moves it.
  public var parked: Bool
  public var due: Instant
}

/// What one target has of one entry, and is owed.
public struct Standing: Sendable {
  /// In which state the owed row is.
  public enum OwedState: String, Sendable {
    case ready, held, parked, behind, staged
  }

  public var target: String
  public var number: TargetNumber
  public var binding: Binding?
  public var revision: Int64?
  public var state: OwedState?
  public var evidence: Evidence?
  public var due: Instant?
  public var attempts: Int
  public var error: String?
  public var hold: Int64?
}

/// A line of the journal as it is kept.
public struct JournalRecord: Sendable {
  public var line: JournalLine
  public var target: String?
  public var entry: EntryNumber
  public var revision: Int64
}
