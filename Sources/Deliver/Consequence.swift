import Accounts
import Ledger

/// What an outcome does to the row (law 12): each class has one consequence, written here and nowhere else.
struct Consequence {
  /// The first and the longest pause between attempts for one account.
  static let first = Duration.seconds(5)
  static let longest = Duration.seconds(3600)

  let outcome: Outcome
  let owed: Owed
  let done: Decision.Done
  /// The account that was said, as it is kept.
  let account: [UInt8]
  let giveUp: Duration?
  let now: Instant

  func result() -> Settlement.Result {
    switch outcome.class {
    case .ok, .exists: return applied
    case .notFound where done == .removed: return .removed
    case .notFound, .permanent: return .parked(error: outcome.detail)
    case .gone, .authFailed, .authExpired, .stale:
      return .again(due: now, error: outcome.detail, counts: false)
    case .throttled(let after):
      return .again(due: now + (after ?? Self.first).milliseconds, error: outcome.detail, counts: false)
    case .retry(let after): return again(after)
    case .ambiguous: return again(nil)
    }
  }

  private var applied: Settlement.Result {
    switch done {
    case .settled(let state): .settled(account: account, state: state)
    case .disabled(let due): .disabled(account: account, deleteDue: due)
    case .removed: .removed
    }
  }

  private func again(_ after: Duration?) -> Settlement.Result {
    if let giveUp, let since = owed.failingSince, now - since > giveUp.milliseconds {
      return .parked(error: "given up after \(giveUp): \(outcome.detail)")
    }
    let delay = after ?? Backoff.delay(attempt: owed.attempts, first: Self.first, longest: Self.longest)
    return .again(due: now + delay.milliseconds, error: outcome.detail, counts: true)
  }

  /// The word under which the outcome stands in the journal.
  func event(_ verb: Operation.Verb) -> String {
    switch result() {
    case .settled, .disabled, .removed: verb.past
    case .parked: "parked"
    default: "failed"
    }
  }
}

extension Operation.Verb {
  /// What was done.
  var past: String {
    switch self {
    case .create: "created"
    case .update: "updated"
    case .disable: "disabled"
    case .delete: "deleted"
    }
  }
}
