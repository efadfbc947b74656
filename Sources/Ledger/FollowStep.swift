public import Accounts
public import Directory

/// What one batch of changes does to the ledger, in one transaction: entries, checkpoint, owed and obligations move
/// together (law 1). `Follow` decides it; the ledger carries it out and judges losses by the guard.
public struct FollowStep: Sendable {
  /// Where the step stands in a catch-up: during one, losses are staged until its end and the verdict.
  public enum Phase: Sendable, Equatable {
    /// Following: losses are judged at once.
    case live
    /// In the middle of a refresh.
    case refreshing
    /// The last step of a refresh. `whole`: what the refresh read is all there is.
    case refreshed(whole: Bool)
  }

  /// The directory that spoke.
  public var directory: DirectoryNumber
  /// When it was heard.
  public var now: Instant
  /// Why deliveries that come of it are made.
  public var reason: Operation.Reason
  /// See ``Phase``.
  public var phase: Phase = .live
  /// Entries that came or changed.
  public var writes: [EntryWrite] = []
  /// Entries that are gone, with the evidence.
  public var departures: [Departure] = []
  /// New obligations.
  public var opened: [Obligation.Kind] = []
  /// Obligations that are met.
  public var closed: [Int64] = []
  /// Obligations that have come further, with their new content.
  public var advanced: [Obligation] = []
  /// Where the stream can go on after this.
  public var checkpoint: Checkpoint?
  /// True to forget the checkpoint: the server refused it.
  public var forgetsCheckpoint = false
  /// The server's identity, when it was learned or changed.
  public var server: String?
  /// Attributes that vanished from too many entries in this refresh, with the reason for a hold.
  public var vanished: [(attribute: String, reason: String)] = []
  /// Old and new numbers of people who came back under new ids, with the reason for a hold; empty if nobody.
  public var reidentified: (pairs: [(old: EntryNumber, new: EntryNumber)], reason: String) = ([], "")
  /// Set where accounts are derived again for one target alone.
  public var only: TargetNumber?
  /// A reason to hold every departure of this step, whatever the guard says (a changed reading fingerprint).
  public var holdsDepartures: String?

  /// An empty step.
  public init(directory: DirectoryNumber, now: Instant, reason: Operation.Reason) {
    self.directory = directory
    self.now = now
    self.reason = reason
  }

  /// True if the step would change nothing.
  public var isEmpty: Bool {
    writes.isEmpty && departures.isEmpty && opened.isEmpty && closed.isEmpty
      && advanced.isEmpty && checkpoint == nil && !forgetsCheckpoint && server == nil && vanished.isEmpty
      && reidentified.pairs.isEmpty
  }
}

/// One entry to be written.
public struct EntryWrite: Sendable {
  /// Its number if it is known, even as departed.
  public var number: EntryNumber?
  /// The entry, with large values by reference.
  public var entry: Entry
  /// The key of its name (`DistinguishedName.key`).
  public var dnKey: [UInt8]
  /// The large values that the entry refers to.
  public var large: [(digest: [UInt8], octets: [UInt8])]
  /// Digest of name and attributes.
  public var digest: ContentDigest
  /// The part of the directory it belongs to.
  public var branch: Branch
  /// The login, case-folded; nil if the rules give none.
  public var key: String?
  /// Targets that are not for this person (`when:` does not hold).
  public var excluded: Set<TargetNumber> = []
  /// Attributes that had a value before and have none now.
  public var vanished: [String] = []
  /// True for a newcomer under a login whose holder has not been seen yet in this refresh: it waits for the verdict.
  public var awaitsVerdict = false
  /// False where the entry is as it is kept, and only what it is worth to targets is asked again.
  public var stores = true

  /// An entry to be written.
  public init(
    number: EntryNumber?, entry: Entry, dnKey: [UInt8], large: [(digest: [UInt8], octets: [UInt8])] = [],
    digest: ContentDigest,
    branch: Branch, key: String?
  ) {
    self.number = number
    self.entry = entry
    self.dnKey = dnKey
    self.large = large
    self.digest = digest
    self.branch = branch
    self.key = key
  }
}

/// One entry that is gone.
public struct Departure: Sendable, Equatable {
  /// Its number.
  public var number: EntryNumber
  /// What was found out.
  public var evidence: Evidence

  /// A departure.
  public init(number: EntryNumber, evidence: Evidence) {
    self.number = number
    self.evidence = evidence
  }
}
