import Accounts
import Directory
import Ledger

/// A ledger under test with a small file for it (a directory `corp` that feeds a target `hooks`), and the verbs of its
/// loops in a test's words. Only the protocol is used, so that any engine can be judged.
final class Bench {
  private let opening: @Sendable () async throws -> any Ledger
  private(set) var ledger: any Ledger
  private(set) var directory: DirectoryNumber = 0
  private(set) var target: TargetNumber = 0
  private var policy = Policy(guard: .off)
  /// When the test began: the first instant that is told to the ledger.
  let start = Wall.now

  init(_ opening: @escaping @Sendable () async throws -> any Ledger) async throws {
    self.opening = opening
    ledger = try await opening()
    try await enrol()
  }

  /// Tells the file.
  @discardableResult
  func enrol(
    policy: Policy? = nil, reading: String = "reading", deriving: String = "deriving"
  ) async throws -> Enrolment {
    if let policy { self.policy = policy }
    let enrolment = try await ledger.enrol(
      directories: [DirectoryEnrolment(name: "corp", reading: reading)],
      targets: [
        TargetEnrolment(
          name: "hooks", kind: "webhook", deriving: deriving, policy: self.policy, directories: ["corp"])
      ], settings: "settings")
    directory = enrolment.directories["corp"] ?? 0
    target = enrolment.targets["hooks"] ?? 0
    return enrolment
  }

  /// Ends the process, as far as the ledger can tell, and starts it again.
  func restart() async throws {
    try await ledger.close()
    ledger = try await opening()
    try await enrol()
  }

  func close() async throws { try await ledger.close() }

  // MARK: The directory

  /// Someone; the login decides the id unless one is given.
  func person(
    _ login: String, _ attributes: [String: [String]] = [:], below: String = "ou=people,dc=example,dc=com",
    id: UInt64? = nil
  ) -> Entry {
    Entry(
      id: .uuid(7, id ?? Self.number(login)), dn: DistinguishedName("uid=\(login),\(below)"),
      attributes: Attributes(["uid": [login]].merging(attributes) { $1 }))
  }

  func people(_ count: Int, from first: Int = 1) -> [Entry] { (first..<first + count).map { person("p\(100 + $0)") } }

  private static func number(_ text: String) -> UInt64 {
    text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }

  func step(_ phase: FollowStep.Phase = .live, at now: Instant? = nil) -> FollowStep {
    var step = FollowStep(directory: directory, now: now ?? Wall.now, reason: phase == .live ? .change : .refresh)
    step.phase = phase
    return step
  }

  func write(_ entry: Entry, excluded: Bool = false) async throws -> EntryWrite {
    let known = try await ledger.known([entry.id], in: directory)[entry.id]
    var write = EntryWrite(
      number: known?.number, entry: entry, dnKey: entry.dn.key, digest: entry.digest, branch: .user,
      key: entry.attributes.texts("uid").first)
    if excluded { write.excluded = [target] }
    let names = Set(entry.attributes.names)
    write.vanished = known.map { $0.entry.attributes.names.filter { !names.contains($0) } } ?? []
    return write
  }

  /// The directory tells these as they are now.
  @discardableResult
  func tell(
    _ entries: [Entry], _ phase: FollowStep.Phase = .live, at now: Instant? = nil, excluded: Bool = false,
    _ edit: (inout FollowStep) -> Void = { _ in }
  ) async throws -> StepReceipt {
    var step = step(phase, at: now)
    for entry in entries { step.writes.append(try await write(entry, excluded: excluded)) }
    edit(&step)
    return try await ledger.commit(step)
  }

  /// A whole first refresh.
  func load(_ entries: [Entry]) async throws {
    try await tell(entries, .refreshing)
    try await tell([], .refreshed(whole: true))
  }

  /// These are gone.
  @discardableResult
  func lose(
    _ entries: [Entry], _ evidence: Evidence = .deleted, _ phase: FollowStep.Phase = .live, at now: Instant? = nil,
    _ edit: (inout FollowStep) -> Void = { _ in }
  ) async throws -> StepReceipt {
    var step = step(phase, at: now)
    for entry in entries { step.departures.append(Departure(number: try await number(of: entry), evidence: evidence)) }
    edit(&step)
    return try await ledger.commit(step)
  }

  func known(_ entry: Entry) async throws -> KnownEntry? {
    try await ledger.known([entry.id], in: directory)[entry.id]
  }

  func number(of entry: Entry) async throws -> EntryNumber {
    guard let known = try await known(entry) else { throw Missing(what: entry.dn.string) }
    return known.number
  }

  // MARK: The target

  func claim(at now: Instant? = nil, limit: Int = 10_000) async throws -> [Owed] {
    try await ledger.claim(target: target, now: now ?? Wall.now, limit: limit)
  }

  func claimOne(at now: Instant? = nil) async throws -> Owed {
    guard let owed = try await claim(at: now).first else { throw Missing(what: "an owed row") }
    return owed
  }

  func settle(_ owed: Owed, _ result: Settlement.Result, _ line: JournalLine? = nil) async throws {
    try await ledger.settle([
      Settlement(
        target: owed.target, entry: owed.entry, revision: owed.revision, result: result, journal: line)
    ])
  }

  /// Who is due, as `login` or `login: evidence`, in order; nothing is kept leased.
  func due(at now: Instant? = nil) async throws -> [String] {
    let claimed = try await claim(at: now)
    await ledger.release(claimed)
    return claimed.map { ($0.key ?? "?") + ($0.evidence.map { ": \($0.rawValue)" } ?? "") }.sorted()
  }

  /// The target says yes to all that is due: arrivals are active there, departures removed.
  @discardableResult
  func deliver(at now: Instant? = nil) async throws -> Int {
    let claimed = try await claim(at: now)
    for owed in claimed { try await settle(owed, owed.evidence == nil ? Self.active(owed.key) : .removed) }
    return claimed.count
  }

  /// Everybody is in the directory and at the target.
  func settled(_ entries: [Entry]) async throws {
    try await load(entries)
    try await deliver()
  }

  static func active(_ login: String?) -> Settlement.Result { .settled(account: json(login), state: .active) }
  static func json(_ login: String?) -> [UInt8] { Array(#"{"userName":"\#(login ?? "?")"}"#.utf8) }

  func standing(_ entry: Entry) async throws -> Standing {
    let all = try await ledger.standing(of: try await number(of: entry))
    guard let standing = all.first(where: { $0.number == target }) else { throw Missing(what: "a standing") }
    return standing
  }

  func targetState() async throws -> LedgerSummary.TargetState {
    guard let state = try await ledger.summary().targets.first(where: { $0.number == target }) else {
      throw Missing(what: "the target")
    }
    return state
  }

  func hold() async throws -> Hold {
    let holds = try await ledger.holds()
    guard let hold = holds.first, holds.count == 1 else { throw Missing(what: "one hold among \(holds.count)") }
    return hold
  }
}

/// A test's premise does not hold.
struct Missing: Error, CustomStringConvertible {
  var what: String
  var description: String { "there is not \(what)" }
}

/// One thing that every engine must do.
struct LedgerExercise: Sendable, CustomStringConvertible {
  let description: String
  let run: @Sendable (Bench) async throws -> Void

  init(_ description: String, _ run: @escaping @Sendable (Bench) async throws -> Void) {
    self.description = description
    self.run = run
  }
}

/// The conformance suite: an engine that passes all of it may stand behind the flow.
let exerciseLedger: [LedgerExercise] =
  LedgerExercise.enrolment + LedgerExercise.following + LedgerExercise.departing + LedgerExercise.claiming
  + LedgerExercise.settling + LedgerExercise.keys + LedgerExercise.guarding + LedgerExercise.approving
  + LedgerExercise.asking
