import Accounts
import Directory
import Ledger
import Logging
import Targets

/// What became of one claimed row.
struct Attempted: Sendable {
  var settlement: Settlement
  /// What the target answered; nil if it was not asked.
  var outcome: Outcome?
}

/// One claimed row, from decision to settlement.
extension Deliverer {
  nonisolated func attempt(_ owed: Owed) async -> Attempted {
    do {
      return try await work(off: owed)
    } catch {
      log.error("cannot deliver: \(error)")
      return Attempted(settlement: settlement(owed, .postponed(due: Wall.now + 5000)))
    }
  }

  private nonisolated func work(off owed: Owed) async throws -> Attempted {
    if let waiting = try await contest(owed) { return Attempted(settlement: waiting) }
    var decision = decide(owed, presence: nil)
    if decision.step() == .confirm {
      decision = decide(owed, presence: await clockHolds() ? await look(owed) : .unknown("the clock jumped"))
    }
    switch decision.step() {
    case .settle(let silent): return Attempted(settlement: settle(silent, decision))
    case .confirm: return Attempted(settlement: settlement(owed, .postponed(due: Wall.now + 60_000)))
    case .send(let operation, let done):
      // What cannot be undone is not done on a reading that may have been overtaken.
      if operation.verb == .delete || operation.verb == .disable {
        guard let now = try await ledger.reread(owed), now.revision == owed.revision else {
          return Attempted(settlement: settlement(owed, .postponed(due: Wall.now)))
        }
      }
      return try await say(operation, done, decision)
    }
  }

  private nonisolated func decide(_ owed: Owed, presence: Presence?) -> Decision {
    let kind: Account.Kind = owed.branch == .group ? .group : .user
    let bound = owed.binding.flatMap { Account(kind: kind, json: $0.account) }
    return Decision(
      owed: owed, target: terms.name, policy: terms.policy, now: Wall.now,
      derivation: terms.rules.derive(owed.person, previous: bound), bound: bound, presence: presence)
  }

  /// Someone who is about to take a login that another holds waits until it is let go of, or for a person (law 9).
  private nonisolated func contest(_ owed: Owed) async throws -> Settlement? {
    guard owed.contested, owed.evidence == nil, let key = owed.key else { return nil }
    let bound = owed.binding.flatMap { Account(kind: .user, json: $0.account) }
    if let held = bound?.text(.userName)?.lowercased(), held == key { return nil }
    guard let holder = try await ledger.holder(of: key, at: terms.number, besides: owed.entry) else { return nil }
    switch holder.state {
    case .releases:
      return holder.waitsForAsker ? nil : settlement(owed, .behind(holder.entry))
    case .keeps:
      let error = "userName '\(key)' is that of \(holder.dn): two people cannot have it"
      return settlement(owed, .blocked(by: holder.entry, error: error), line(owed, "parked", key, detail: error))
    }
  }

  private nonisolated func say(
    _ operation: Operation, _ done: Decision.Done, _ decision: Decision
  ) async throws -> Attempted {
    let owed = decision.owed
    var json: [UInt8] = []
    operation.account.appendJSON(to: &json)
    var complete = operation
    complete.account = try await resolve(operation.account)
    let outcome = await target.perform(complete)
    let consequence = Consequence(
      outcome: outcome, owed: owed, done: done, account: json, giveUp: terms.policy.giveUp, now: Wall.now)
    let result = consequence.result()
    account(for: result, owed)
    var line = line(owed, consequence.event(operation.verb), operation.account.label, detail: outcome.detail)
    switch result {
    case .again:
      return Attempted(settlement: settlement(owed, result, owed.attempts == 0 ? line : nil), outcome: outcome)
    case .parked: break
    default: line.content = operation.verb == .update ? Self.json(operation.changed) : json
    }
    return Attempted(settlement: settlement(owed, result, line), outcome: outcome)
  }

  private nonisolated func account(for result: Settlement.Result, _ owed: Owed) {
    note {
      switch result {
      case .settled, .disabled, .removed:
        $0.delivered += 1
        $0.lastSuccess = Wall.now
        if owed.cause == .change, owed.attempts == 0, !owed.recheck {
          $0.note(latency: Int(max(0, Wall.now - owed.revision)))
        }
      default: $0.failures += 1
      }
    }
  }

  private nonisolated func settle(_ silent: Decision.Silent, _ decision: Decision) -> Settlement {
    let owed = decision.owed
    switch silent {
    case .unsaid: return settlement(owed, .unsaid)
    case .kept:
      let label = decision.bound?.label ?? decision.derivation.account.label
      return settlement(owed, .kept, line(owed, "kept", label, detail: "leave: keep"))
    case .quiet:
      var json: [UInt8] = []
      decision.derivation.account.appendJSON(to: &json)
      return settlement(owed, .settled(account: json, state: .active))
    case .postponed(let until): return settlement(owed, .postponed(due: until))
    case .returned: return settlement(owed, .returned)
    case .parked(let error):
      return settlement(
        owed, .parked(error: error, attempted: false),
        line(owed, "skipped", decision.derivation.account.label, detail: error))
    }
  }

  /// Large values are read back only for what is sent.
  private nonisolated func resolve(_ account: Account) async throws -> Account {
    var complete = account
    for (field, value) in account.fields {
      if case .reference(let digest) = value { complete[field] = try await ledger.large(digest).map { .octets($0) } }
    }
    return complete
  }

  private nonisolated func settlement(
    _ owed: Owed, _ result: Settlement.Result, _ line: JournalLine? = nil
  ) -> Settlement {
    Settlement(target: owed.target, entry: owed.entry, revision: owed.revision, result: result, journal: line)
  }

  private nonisolated func line(_ owed: Owed, _ event: String, _ label: String, detail: String) -> JournalLine {
    JournalLine(at: Wall.now, event: event, label: label, detail: detail)
  }

  private static func json(_ changed: [Difference]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { fields in
      for difference in changed {
        fields.key(difference.field.rawValue)
        fields.object { sides in
          if let from = difference.from {
            sides.key("from")
            sides.raw { from.appendJSON(to: &$0) }
          }
          if let to = difference.to {
            sides.key("to")
            sides.raw { to.appendJSON(to: &$0) }
          }
        }
      }
    }
    return writer.octets
  }
}
