public import Accounts
public import Directory

/// Why a row is owed. The raw values are kept in the ledger.
public enum Cause: Int, Sendable {
  case change = 0
  case refresh = 1
  case resync = 2
  /// Taken as settled without sending (`start: quiet`).
  case quiet = 3

  /// The reason that a payload gives.
  public var reason: Operation.Reason {
    switch self {
    case .change: .change
    case .refresh, .quiet: .refresh
    case .resync: .resync
    }
  }

  /// The cause for a reason.
  public init(_ reason: Operation.Reason) {
    switch reason {
    case .change: self = .change
    case .refresh: self = .refresh
    case .resync: self = .resync
    }
  }
}

/// What a target has, as far as it confirmed it.
public struct Binding: Sendable, Equatable {
  /// Whether the account is in use there.
  public enum State: Int, Sendable {
    case active = 1
    case disabled = 2
  }

  /// Whether the account is in use there.
  public var state: State
  /// The account as JSON, as last wanted and confirmed (`Account.appendJSON`).
  public var account: [UInt8]
  /// The revision that was confirmed last.
  public var revision: Int64
  /// When.
  public var confirmedAt: Instant

  /// A binding.
  public init(state: State, account: [UInt8], revision: Int64, confirmedAt: Instant) {
    self.state = state
    self.account = account
    self.revision = revision
    self.confirmedAt = confirmedAt
  }
}

/// One thing that a target is owed: a person whose state there may differ from what the directory says. No content:
/// that is derived when it is claimed.
public struct Owed: Sendable {
  public var target: TargetNumber
  public var entry: EntryNumber
  /// The directory's name.
  public var directory: String
  /// The entry as it is now, or as it was last.
  public var person: Entry
  /// The login it goes by, case-folded.
  public var key: String?
  public var branch: Branch
  /// The revision to be delivered.
  public var revision: Int64
  public var cause: Cause
  /// For a departure, what was found out, and when.
  public var evidence: Evidence?
  public var departedAt: Instant
  /// How often it was attempted in vain.
  public var attempts: Int
  /// When the first of those attempts failed.
  public var failingSince: Instant?
  /// Since when it is owed.
  public var since: Instant
  /// True if an attempt may have been made whose outcome is unknown: it is delivered even if equal (law 2).
  public var inDoubt: Bool
  /// True if the departure must be confirmed by reading the entry again, whatever the grace (an approved hold).
  public var recheck: Bool
  /// True if another entry goes by the same login, or is letting go of it at this target.
  public var contested: Bool
  /// What the target confirmed last; nil if it confirmed nothing.
  public var binding: Binding?
}

/// What became of one claimed row.
public struct Settlement: Sendable {
  /// What becomes of the row and of the binding.
  public enum Result: Sendable {
    /// The target has this account now.
    case settled(account: [UInt8], state: Binding.State)
    /// The target has it disabled, and the delete is due then.
    case disabled(account: [UInt8], deleteDue: Instant)
    /// The target has it no longer.
    case removed
    /// Nothing had to be said, and nothing was ever attempted.
    case unsaid
    /// A departure that stays as it is at the target (`leave: keep`).
    case kept
    /// Attempted in vain; again at `due`. `counts` is false for a refusal that says nothing about the account.
    case again(due: Instant, error: String, counts: Bool)
    /// Nothing was attempted; the row stays until `due`.
    case postponed(due: Instant)
    /// Waits for a person. `attempted` is false where the target was not asked: who leaves then was never told.
    case parked(error: String, attempted: Bool = true)
    /// Waits for a person, or until this entry has let go of the key both want. The target was not asked.
    case blocked(by: EntryNumber, error: String)
    /// Waits until this entry has let go of the key both want.
    case behind(EntryNumber)
    /// The entry is back after all: the departure is void.
    case returned
  }

  public var target: TargetNumber
  public var entry: EntryNumber
  /// The revision that was delivered: a row that has risen since stays owed.
  public var revision: Int64
  public var result: Result
  /// What is written into the journal; nil for nothing.
  public var journal: JournalLine?

  /// A settlement.
  public init(
    target: TargetNumber, entry: EntryNumber, revision: Int64, result: Result, journal: JournalLine? = nil
  ) {
    self.target = target
    self.entry = entry
    self.revision = revision
    self.result = result
    self.journal = journal
  }
}

/// One line of what happened.
public struct JournalLine: Sendable {
  public var at: Instant
  /// What happened, in one word: `created`, `updated`, `disabled`, `deleted`, `failed`, `parked`, `departed` …
  public var event: String
  /// How a person would name the account.
  public var label: String
  /// Content as JSON: the account for a create, the differing fields for an update; empty for none.
  public var content: [UInt8]
  /// The outcome in words, without attribute values.
  public var detail: String

  /// A line.
  public init(at: Instant, event: String, label: String, content: [UInt8] = [], detail: String = "") {
    self.at = at
    self.event = event
    self.label = label
    self.content = content
    self.detail = detail
  }
}
