import Accounts
import Directory
import Ledger
import Logging
import Synchronization
import Targets
import TestSupport

@testable import Deliver

/// A target that answers as the test says, and can be made to wait with its answer.
final class ScriptedTarget: Target {
  struct State {
    var operations: [Accounts.Operation] = []
    var underway: Set<StableID> = []
    /// Most at once, and whether one account ever had two.
    var most = 0
    var overlapped = false
    var answer: @Sendable (Accounts.Operation) -> Outcome = { _ in Outcome(.ok, "200") }
    var waitsWith: @Sendable (Accounts.Operation) -> Bool = { _ in false }
    var waiting: [CheckedContinuation<Void, Never>] = []
    var arrived = Signal()
  }

  let name = "hooks"
  let kind = "scripted"
  private let state = Mutex(State())
  /// Fires when an operation arrives.
  var arrived: Signal { state.withLock { $0.arrived } }

  func set<Value: Sendable>(_ change: (inout State) -> sending Value) -> Value { state.withLock { change(&$0) } }
  func answer(_ answer: @escaping @Sendable (Accounts.Operation) -> Outcome) { set { $0.answer = answer } }
  func wait(with what: @escaping @Sendable (Accounts.Operation) -> Bool) { set { $0.waitsWith = what } }
  var operations: [Accounts.Operation] { state.withLock { $0.operations } }
  /// What was said, as `verb login`, in order.
  var said: [String] { operations.map { "\($0.verb) \($0.account.text(.userName) ?? "?")" } }
  var most: Int { state.withLock { $0.most } }
  var overlapped: Bool { state.withLock { $0.overlapped } }

  /// Those who wait get their answer; nobody waits from now on.
  func goOn() {
    let waiting = state.withLock { state in
      state.waitsWith = { _ in false }
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  func perform(_ operation: Accounts.Operation) async -> Outcome {
    let waits = state.withLock { state in
      state.operations.append(operation)
      if !state.underway.insert(operation.id).inserted { state.overlapped = true }
      state.most = max(state.most, state.underway.count)
      return state.waitsWith(operation)
    }
    arrived.fire()
    if waits { await withCheckedContinuation { continuation in state.withLock { $0.waiting.append(continuation) } } }
    let answer = state.withLock { state in
      state.underway.remove(operation.id)
      return state.answer
    }
    return answer(operation)
  }

  func probe() async -> Outcome { Outcome(.ok) }
  func close() async {}
}

/// A real ledger with one directory and one scripted target.
final class House {
  let files: TemporaryDirectory
  let ledger: SQLiteLedger
  let target = ScriptedTarget()
  let policy: Policy
  let looked = Shared(Presence.absent)
  private var directory: DirectoryNumber = 0
  private(set) var number: TargetNumber = 0

  init(_ policy: Policy) async throws {
    files = try TemporaryDirectory("deliver")
    ledger = try SQLiteLedger(path: files.file("rollcall.db"))
    self.policy = policy
    let enrolment = try await ledger.enrol(
      directories: [DirectoryEnrolment(name: "corp", reading: "")],
      targets: [
        TargetEnrolment(name: "hooks", kind: "scripted", deriving: "", policy: policy, directories: ["corp"])
      ], settings: "")
    directory = enrolment.directories["corp"] ?? 0
    number = enrolment.targets["hooks"] ?? 0
  }

  /// A deliverer, as after a start.
  func deliverer(concurrency: Int = 8, paused: Bool = false) -> Deliverer {
    let looked = looked
    return Deliverer(
      Deliverer.Terms(
        name: "hooks", number: number, policy: policy, rules: .standard, concurrency: concurrency, paused: paused),
      target: target, ledger: ledger, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { _ in looked.value }
  }

  func pass() async { await deliverer().pass() }

  /// The directory tells these as they are now.
  func tell(_ entries: [Entry], _ phase: FollowStep.Phase = .live) async throws {
    var step = FollowStep(directory: directory, now: Wall.now, reason: phase == .live ? .change : .refresh)
    step.phase = phase
    for entry in entries {
      let known = try await ledger.known([entry.id], in: directory)[entry.id]
      step.writes.append(
        EntryWrite(
          number: known?.number, entry: entry, dnKey: entry.dn.key, digest: entry.digest, branch: .user,
          key: entry.attributes.texts("uid").first))
    }
    _ = try await ledger.commit(step)
  }

  /// These are gone.
  func lose(_ entries: [Entry], _ evidence: Evidence = .deleted) async throws {
    var step = FollowStep(directory: directory, now: Wall.now, reason: .change)
    for entry in entries {
      guard let known = try await ledger.known([entry.id], in: directory)[entry.id] else { continue }
      step.departures.append(Departure(number: known.number, evidence: evidence))
    }
    _ = try await ledger.commit(step)
  }

  /// The directory has them and the target was told.
  func settled(_ entries: [Entry]) async throws {
    try await tell(entries)
    await pass()
    target.set { ($0.operations, $0.arrived) = ([], Signal()) }
  }

  func state() async throws -> LedgerSummary.TargetState {
    let summary = try await ledger.summary()
    guard let state = summary.targets.first else {
      throw LedgerError(.refused, operation: "find", subject: "hooks", cause: "no target", hint: "")
    }
    return state
  }

  func standing(_ entry: Entry) async throws -> Standing? {
    guard let known = try await ledger.known([entry.id], in: directory)[entry.id] else { return nil }
    return try await ledger.standing(of: known.number).first
  }

  func close() async {
    target.goOn()
    try? await ledger.close()
    files.remove()
  }
}

/// A house for one test.
func withHouse(
  _ policy: Policy = Policy(grace: .zero, guard: .off), _ body: (House) async throws -> Void
) async throws {
  let house = try await House(policy)
  do {
    try await body(house)
  } catch {
    await house.close()
    throw error
  }
  await house.close()
}

func crowd(_ count: Int) -> [Entry] { (1...count).map { person("p\(1000 + $0)", id: UInt64(1000 + $0)) } }
