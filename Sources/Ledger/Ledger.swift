import Accounts
public import Directory

/// Durable memory between a directory and its targets: entries, checkpoints, what each target is owed and has confirmed,
/// holds, obligations and the journal. The verbs are the flow's: an engine (SQLite now) decides how they are kept, and
/// passes `exerciseLedger`. Every verb that writes is durable when it returns, and is not undone by the cancellation of
/// the task that called it.
public protocol Ledger: Sendable {
  /// Tells the file: new directories and targets are entered, missing ones orphaned, changed rules noted.
  func enrol(directories: [DirectoryEnrolment], targets: [TargetEnrolment], settings: String) async throws -> Enrolment

  // MARK: Follow

  /// Where a directory's stream stands.
  func position(of directory: DirectoryNumber) async throws -> Position
  /// Every live entry of a directory, for the length of one refresh.
  func index(of directory: DirectoryNumber) async throws -> EntryIndex
  /// Those of these ids that are known, even as departed.
  func known(_ ids: [StableID], in directory: DirectoryNumber) async throws -> [StableID: KnownEntry]
  /// The live entries below a name (and the entry of that name), the name not normalised.
  func known(below: DistinguishedName, in directory: DirectoryNumber) async throws -> [KnownEntry]
  /// Live users from an entry number on, in order, at most `limit`.
  func users(of directory: DirectoryNumber, from: EntryNumber, limit: Int) async throws -> [KnownEntry]
  /// The live entries that go by these logins.
  func holders(of keys: [String], in directory: DirectoryNumber) async throws -> [String: EntryNumber]
  /// Newcomers whom a refresh that was cut left without a verdict, and who goes by their login.
  func awaitingVerdict(in directory: DirectoryNumber) async throws -> [(id: StableID, holder: EntryNumber)]
  /// Carries out one step: all of it or nothing, except that the writes of a long step may become durable before its
  /// end, in order; checkpoint and verdicts always come last.
  func commit(_ step: FollowStep) async throws -> StepReceipt
  /// What a directory still owes.
  func obligations(of directory: DirectoryNumber) async throws -> [Obligation]

  // MARK: Deliver

  /// Owed rows that are due and not leased, oldest first, at most `limit`; they are leased until settled or released.
  func claim(target: TargetNumber, now: Instant, limit: Int) async throws -> [Owed]
  /// The row as it is now, if it is still there, still leased and not held: asked before an irreversible step.
  func reread(_ owed: Owed) async throws -> Owed?
  /// Gives rows back unattempted.
  func release(_ owed: [Owed]) async
  /// The entry that holds the login at this target, or is letting go of it, if there is one other than `entry`.
  func holder(of key: String, at target: TargetNumber, besides entry: EntryNumber) async throws -> KeyHolder?
  /// Writes down what became of claimed rows, together.
  func settle(_ settlements: [Settlement]) async throws
  /// When the next row of the target is due; nil if none is owed.
  func nextDue(target: TargetNumber) async throws -> Instant?
  /// Wakes the target's deliverer: an element whenever something became due or changed.
  func signals(for target: TargetNumber) -> AsyncStream<Void>
  /// Pauses a target (nil resumes it).
  func pause(target: TargetNumber, reason: String?) async throws
  /// Makes every row that waits for another attempt due now: the target is back.
  func hurry(target: TargetNumber) async throws
  /// The octets of a large value.
  func large(_ digest: [UInt8]) async throws -> [UInt8]?

  // MARK: People

  /// Counts and states, for `status`.
  func summary() async throws -> LedgerSummary
  /// What waits for a person's yes. Seals the holds that it returns: what comes later opens a new one.
  func holds() async throws -> [Hold]
  /// Releases the accounts of a hold (all, or those named by entry number); with `samePeople`, a re-identification is
  /// bound to the new ids without a request. Returns how many.
  func approve(hold: Int64, entries: [EntryNumber]?, samePeople: Bool, now: Instant) async throws -> Int
  /// Rows that wait for a person, newest failures first.
  func failed() async throws -> [FailedRow]
  /// Makes parked or waiting rows due now: all of a target, or those of some entries. Returns how many.
  func retry(target: TargetNumber?, entries: [EntryNumber]?, now: Instant) async throws -> Int
  /// Entries that a person may mean: by login, DN, stable id or address.
  func find(_ account: String) async throws -> [KnownEntry]
  /// Everything about one entry: what each target has and is owed.
  func standing(of entry: EntryNumber) async throws -> [Standing]
  /// The journal, newest first: of one entry (and label), or of all.
  func journal(entry: EntryNumber?, label: String?, since: Instant?, limit: Int) async throws -> [JournalRecord]
  /// Makes every account of a directory or target owed again (`resync`): compared, or with `again` sent even if equal.
  func resync(directory: DirectoryNumber?, target: TargetNumber?, entry: EntryNumber?, again: Bool, now: Instant)
    async throws -> Int
  /// Forgets journal lines older than this, and tombstones and large values nobody needs.
  func prune(journalBefore: Instant) async throws
  /// What keeps the ledger from writing now (a full disk), in words; nil if nothing does.
  var trouble: String? { get }
  /// Closes files and locks.
  func close() async throws
}

/// What a step led to.
public struct StepReceipt: Sendable, Equatable {
  /// How many entries were written.
  public var written = 0
  /// How many losses were counted.
  public var losses = 0
  /// Holds that were opened, with their reasons.
  public var holds: [String] = []

  /// Nothing yet.
  public init() {}
}

/// Who holds a login at a target.
public struct KeyHolder: Sendable, Equatable {
  /// How the holder stands to the login.
  public enum State: Sendable, Equatable {
    /// Has it and keeps it.
    case keeps
    /// Is about to let go of it: it departs, or goes by another login now.
    case releases
  }

  public var entry: EntryNumber
  public var dn: String
  public var state: State
  /// True if the holder waits, directly or through others, for the one who asks: somebody has to begin.
  public var waitsForAsker: Bool
}
