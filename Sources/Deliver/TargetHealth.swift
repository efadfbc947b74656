import Accounts
import Ledger

/// What a target's answers say about the target as a whole, apart from the accounts: whether to go on, to wait, or to
/// stop until a person acts (laws 5 and 12). Pure: the clock and the answers are told to it.
struct TargetHealth {
  enum Verdict: Equatable {
    case goOn
    /// The target is back: what waits for another attempt may go at once.
    case back
    /// Stop until a person acts.
    case pause(String)
    /// The accounts are not to blame: stop, and park none of those refused lately.
    case systemic(String, refused: [EntryNumber])
  }

  /// So many failures in a row, of so many accounts, and the target counts as down: one probe at a time from then on. One
  /// account alone never makes a target down, or it would delay the others.
  static let failuresUntilDown = 5
  static let accountsUntilDown = 3
  /// The longest pause between probes of a target that is down.
  static let longestProbe = Duration.seconds(60)
  static let window = 50
  static let accounts = 20

  /// Until when nothing is sent; nil if nothing stands in the way.
  private(set) var waitUntil: Instant?
  /// Since when the target is down, and what it last said.
  private(set) var down: (since: Instant, detail: String)?
  private var failures = 0
  private var failing: Set<EntryNumber> = []
  private var probes = 0
  private var recent: [(entry: EntryNumber, refused: Bool)] = []

  /// How many may be under way at once: one while the target is down.
  func concurrency(_ most: Int) -> Int { down == nil ? most : 1 }

  /// True if something may be sent now.
  func allows(at now: Instant) -> Bool { waitUntil.map { $0 <= now } ?? true }

  mutating func heard(_ outcome: Outcome, of entry: EntryNumber, at now: Instant) -> Verdict {
    switch outcome.class {
    case .ok, .exists, .stale: return answered(entry, refused: false)
    case .permanent, .notFound:
      let verdict = answered(entry, refused: true)
      if let systemic = systemic(outcome) { return systemic }
      return verdict
    case .authFailed: return .pause("login refused: \(outcome.detail)")
    case .authExpired: return .goOn
    case .gone: return .pause("the target says that it is gone for good: \(outcome.detail)")
    case .throttled(let after):
      waitUntil = max(waitUntil ?? 0, now + (after ?? .seconds(5)).milliseconds)
      return .goOn
    case .retry(let after):
      if let after { waitUntil = max(waitUntil ?? 0, now + after.milliseconds) }
      failed(entry, outcome.detail, at: now)
      return .goOn
    case .ambiguous:
      failed(entry, outcome.detail, at: now)
      return .goOn
    }
  }

  private mutating func answered(_ entry: EntryNumber, refused: Bool) -> Verdict {
    recent.append((entry, refused))
    if recent.count > Self.window { recent.removeFirst() }
    let wasDown = down != nil
    // A pause that the target asked for is not over because of an answer that was on its way.
    if wasDown { waitUntil = nil }
    (failures, probes, down) = (0, 0, nil)
    failing = []
    return wasDown ? .back : .goOn
  }

  private mutating func failed(_ entry: EntryNumber, _ detail: String, at now: Instant) {
    failures += 1
    if failing.count < Self.accountsUntilDown { failing.insert(entry) }
    guard failures >= Self.failuresUntilDown, failing.count >= Self.accountsUntilDown else { return }
    down = (down?.since ?? now, detail)
    let pause = Backoff.delay(attempt: probes, first: .seconds(2), longest: Self.longestProbe)
    probes += 1
    waitUntil = max(waitUntil ?? 0, now + pause.milliseconds)
  }

  private mutating func systemic(_ outcome: Outcome) -> Verdict? {
    let refused = Set(recent.filter(\.refused).map(\.entry))
    guard refused.count > Self.accounts, recent.filter(\.refused).count * 2 > recent.count else { return nil }
    recent.removeAll()
    return .systemic(
      "\(refused.count) accounts were refused, more than half of the last attempts; the last: \(outcome.detail)",
      refused: Array(refused))
  }
}
