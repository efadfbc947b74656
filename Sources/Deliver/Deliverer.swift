public import Accounts
public import Directory
public import Ledger
public import Logging
import Synchronization
public import Targets

/// The loop ledger → one target. It claims what is due, decides, sends at most `concurrency` at once with one operation
/// under way per account, and writes outcomes down in groups. It sleeps on the ledger's signal and the next due instant.
public actor Deliverer {
  /// What a deliverer is told about its target.
  public struct Terms: Sendable {
    public var name: String
    public var number: TargetNumber
    public var policy: Policy
    /// What makes an account of an entry.
    public var rules: Rules
    /// How many operations may be under way at once.
    public var concurrency: Int
    /// True to claim nothing (`paused: true` in the file).
    public var paused: Bool

    /// A target.
    public init(
      name: String, number: TargetNumber, policy: Policy, rules: Rules, concurrency: Int = 8, paused: Bool = false
    ) {
      self.name = name
      self.number = number
      self.policy = policy
      self.rules = rules
      self.concurrency = concurrency
      self.paused = paused
    }
  }

  let terms: Terms
  let target: any Target
  let ledger: any Ledger
  let log: Logger
  let look: @Sendable (Owed) async -> Presence
  private let commits: GroupCommit
  private let shared = Mutex(DeliverStatus())
  private var health = TargetHealth()
  private var clock = ClockGuard()
  private var queue: [Owed] = []
  private var underway = 0
  private var pumping = false
  private var pumpAgain = false
  private var stopping = false
  private var pausedReason: String?
  private var isPausing = false
  /// True since the target, not its accounts, was found to be at fault.
  private var blames = false
  private var alarm: (at: Instant, task: Task<Void, Never>)?
  private var idle: [CheckedContinuation<Void, Never>] = []

  /// A deliverer; nothing happens before ``run()`` or ``pass()``.
  /// - Parameter look: reads a person again by id before an irreversible step.
  public init(
    _ terms: Terms, target: any Target, ledger: any Ledger, log: Logger,
    look: @escaping @Sendable (Owed) async -> Presence
  ) {
    self.terms = terms
    self.target = target
    self.ledger = ledger
    self.look = look
    var log = log
    log[metadataKey: "target"] = .string(terms.name)
    self.log = log
    commits = GroupCommit(ledger: ledger, log: log)
  }

  /// How it is doing.
  public nonisolated var status: DeliverStatus { shared.withLock { $0 } }

  nonisolated func note(_ change: (inout DeliverStatus) -> Void) { shared.withLock { change(&$0) } }

  /// Delivers until the task is cancelled; then what is under way is finished and written down.
  public func run() async {
    let signals = ledger.signals(for: terms.number)
    await pump()
    for await _ in signals {
      await learnPause()
      await pump()
    }
    await stop()
  }

  /// Somebody wants it tried now: pauses that this process made up, between probes of a target that is down, are over.
  public func hurry() async {
    guard pausedReason == nil else { return }
    health = TargetHealth()
    note { $0.trouble = nil }
    await pump()
  }

  /// Delivers what is due now, each at most once and again while the target answers; returns when nothing is left to do.
  public func pass() async {
    repeat {
      await pump()
      while !isIdle { await withCheckedContinuation { idle.append($0) } }
      // What was written down may have woken others.
      await commits.drain()
    } while await hasDue()
    await stop()
  }

  private func hasDue() async -> Bool {
    guard !isBlocked, let due = try? await ledger.nextDue(target: terms.number) else { return false }
    return due <= Wall.now
  }

  /// Ends in good order: claimed rows go back, operations under way are awaited, outcomes are durable.
  private func stop() async {
    stopping = true
    alarm?.task.cancel()
    await ledger.release(queue)
    queue = []
    while underway > 0 { await withCheckedContinuation { idle.append($0) } }
    await commits.drain()
  }

  private var isIdle: Bool { underway == 0 && !pumping && (queue.isEmpty && !throttled || isBlocked) }

  /// A short pause that the target asked for: one pass waits for it.
  private var throttled: Bool {
    health.down == nil && (health.waitUntil.map { $0 > Wall.now && $0 - Wall.now < 60_000 } ?? false)
  }

  private var isBlocked: Bool {
    terms.paused || pausedReason != nil || (!health.allows(at: Wall.now) && !throttled)
  }

  private func learnPause() async {
    // While a pause is being written down, the ledger does not say it yet.
    guard pausedReason != nil, !isPausing else { return }
    let summary = try? await ledger.summary()
    pausedReason = summary?.targets.first { $0.number == terms.number }?.pausedReason
    if pausedReason == nil {
      blames = false
      health = TargetHealth()
      note { $0.trouble = nil }
    }
  }

  /// Starts whatever may be started. Calls that overlap make it look once more.
  private func pump() async {
    pumpAgain = true
    guard !pumping else { return }
    pumping = true
    while pumpAgain, !stopping {
      pumpAgain = false
      await start()
    }
    pumping = false
    if isIdle { wakeIdle() }
  }

  private func wakeIdle() {
    let waiting = idle
    idle = []
    for continuation in waiting { continuation.resume() }
  }

  private func start() async {
    do {
      while !stopping, !terms.paused, pausedReason == nil {
        let now = Wall.now
        guard underway < health.concurrency(terms.concurrency) else { return }
        guard health.allows(at: now) else { return wake(at: health.waitUntil ?? now) }
        if queue.isEmpty {
          let room = health.concurrency(max(256, terms.concurrency * 4))
          queue = try await ledger.claim(target: terms.number, now: now, limit: room).reversed()
        }
        guard let owed = queue.popLast() else {
          if let due = try await ledger.nextDue(target: terms.number) { wake(at: due) }
          return
        }
        underway += 1
        Task { await self.handle(owed) }
      }
    } catch {
      log.error("cannot read what is owed: \(error)")
      wake(at: Wall.now + 5000)
    }
  }

  /// Sleeps until an instant, unless it already sleeps until an earlier one.
  private func wake(at instant: Instant) {
    if let alarm, alarm.at <= instant, alarm.at > Wall.now { return }
    alarm?.task.cancel()
    let pause = max(1, instant - Wall.now)
    alarm = (
      instant,
      Task {
        try? await Task.sleep(for: .milliseconds(pause))
        guard !Task.isCancelled else { return }
        await self.alarmed()
      }
    )
  }

  private func alarmed() async {
    alarm = nil
    await pump()
  }

  /// True unless this machine's clock jumped: irreversible steps then wait.
  func clockHolds() -> Bool {
    let holds = clock.check(wall: Wall.now, monotonic: .now)
    if let why = clock.suspended { note { $0.trouble = why } }
    return holds
  }

  private func handle(_ owed: Owed) async {
    let attempted = await attempt(owed)
    // First the account, then the target: whoever is found blameless must have been written down before.
    await commits.add(attempted.settlement)
    if let outcome = attempted.outcome { await conclude(outcome, of: owed) }
    underway -= 1
    note { $0.underway = underway }
    if stopping { wakeIdle() } else { await pump() }
  }

  /// Draws the conclusions of an outcome about the target as a whole.
  private func conclude(_ outcome: Outcome, of owed: Owed) async {
    let now = Wall.now
    // The answers to those that were under way when the target was found to be at fault.
    if blames, outcome.class == .permanent || outcome.class == .notFound {
      return await unpark([owed.entry])
    }
    let verdict = health.heard(outcome, of: owed.entry, at: now)
    switch verdict {
    case .goOn: break
    case .back:
      log.notice("the target is back")
      try? await ledger.hurry(target: terms.number)
    case .pause(let reason): await pause(reason)
    case .systemic(let reason, let refused):
      blames = true
      await pause(reason)
      await unpark(refused)
    }
    let trouble = pausedReason.map { "paused: \($0)" } ?? health.down.map { "down: \($0.detail)" }
    note { $0.trouble = trouble }
  }

  /// The accounts are not to blame: none of them waits for a person.
  private func unpark(_ entries: [EntryNumber]) async {
    await commits.drain()
    _ = try? await ledger.retry(target: terms.number, entries: entries, now: Wall.now)
  }

  private func pause(_ reason: String) async {
    guard pausedReason == nil else { return }
    pausedReason = reason
    isPausing = true
    defer { isPausing = false }
    log.error("paused: \(reason); mend it, then `rollcall retry \(terms.name)`")
    try? await ledger.pause(target: terms.number, reason: reason)
    await ledger.release(queue)
    queue = []
  }
}
