import Accounts
import Directory
import Ledger

/// What is to be done about one owed row: a pure decision on what the target confirmed last and what the directory says.
struct Decision {
  enum Step: Equatable {
    /// Say this to the target.
    case send(Operation, done: Done)
    /// Nothing need be said.
    case settle(Silent)
    /// Read the entry again before going on.
    case confirm
  }

  /// What becomes of the row once the target said yes.
  enum Done: Equatable {
    case settled(Binding.State)
    case disabled(deleteDue: Instant)
    case removed
  }

  /// What becomes of the row without a request.
  enum Silent: Equatable {
    case unsaid
    case kept
    case quiet
    case postponed(until: Instant)
    case returned
    case parked(String)
  }

  let owed: Owed
  let target: String
  let policy: Policy
  let now: Instant
  /// The account as the rules make it now; for someone who is gone, as they made it of the last reading.
  let derivation: Derivation
  /// The account as the target confirmed it last.
  let bound: Account?
  /// What a look by id found; nil if nobody has looked.
  let presence: Presence?

  func step() -> Step { owed.evidence.map(departure) ?? arrival() }

  private func arrival() -> Step {
    if let problem = derivation.problems.first {
      return .settle(.parked("\(problem); the account is picked up when the entry is mended"))
    }
    guard let binding = owed.binding, let bound else {
      // A row that counts as settled was never attempted, whatever happened to the process since.
      return owed.cause == .quiet
        ? .settle(.quiet) : .send(operation(.create, derivation.account), done: .settled(.active))
    }
    let changed = derivation.account.differences(from: bound)
    if changed.isEmpty, binding.state == .active, !owed.inDoubt { return .settle(.unsaid) }
    return .send(operation(.update, derivation.account, changed), done: .settled(.active))
  }

  private func departure(on evidence: Evidence) -> Step {
    let leave = policy.leave(on: evidence)
    if leave == .keep { return .settle(.kept) }
    // Nobody was told: there is nothing to take back.
    if owed.binding == nil, !owed.inDoubt { return .settle(.unsaid) }
    switch leave {
    case .keep: return .settle(.kept)
    case .disable:
      guard let after = policy.after else { return disable(done: .settled(.disabled)) }
      return late(due: owed.departedAt + after.milliseconds, on: evidence)
    case .delete: return late(due: owed.departedAt + policy.grace.milliseconds, on: evidence)
    }
  }

  /// Disabled at once, deleted when due, after another look (law 5).
  private func late(due: Instant, on evidence: Evidence) -> Step {
    guard now >= due else {
      return isDisabled ? .settle(.postponed(until: due)) : disable(done: .disabled(deleteDue: due))
    }
    // The second step of a departure has a revision of its own, which the ledger leaves free.
    let later = due > owed.departedAt
    let fresh = now - owed.departedAt < 60_000 && !later && !owed.recheck
    guard !fresh, evidence != .notEntitled else { return delete(later: later) }
    switch presence {
    case nil: return .confirm
    case .absent: return delete(later: later)
    case .exists: return policy.outOfScope == .delete ? delete(later: later) : disable(done: .settled(.disabled))
    case .belongs: return .settle(.returned)
    case .unknown: return .settle(.postponed(until: now + 60_000))
    }
  }

  /// Disabled there for sure: said for this very departure, or nothing is in doubt.
  private var isDisabled: Bool {
    guard let binding = owed.binding, binding.state == .disabled else { return false }
    return !owed.inDoubt || binding.revision == owed.revision
  }

  private func disable(done: Done) -> Step {
    if isDisabled { return .settle(.unsaid) }
    var account = last
    account[.active] = .flag(false)
    return .send(operation(.disable, account, bound.map { account.differences(from: $0) } ?? []), done: done)
  }

  private func delete(later: Bool) -> Step {
    var operation = operation(.delete, last)
    if later { operation.revision += 1 }
    return .send(operation, done: .removed)
  }

  private var last: Account { bound ?? derivation.account }

  private func operation(_ verb: Operation.Verb, _ account: Account, _ changed: [Difference] = []) -> Operation {
    Operation(
      verb: verb, directory: owed.directory, target: target, id: owed.person.id, revision: owed.revision,
      reason: owed.cause.reason, evidence: owed.evidence, account: account, changed: changed)
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
