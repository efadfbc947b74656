import Accounts
import Changes
import Directory
public import Ledger
import Logging

/// Meeting obligations: what a directory owes the ledger is asked for until it is answered.
extension Follower {
  /// Tries each open obligation once.
  func tend() async throws {
    for obligation in try await ledger.obligations(of: followed.number) {
      do {
        try await meet(obligation)
      } catch is CancellationError {
        throw CancellationError()
      } catch let error as LedgerError {
        throw error
      } catch {
        log.warning("\(obligation.kind.words) is still owed: \(error)")
        note { $0.trouble = "\(obligation.kind.words) is still owed: \(error)" }
      }
    }
  }

  /// For one pass: until none is left, or none gets further.
  func tendAll() async throws {
    var before: [Obligation] = []
    while true {
      let open = try await ledger.obligations(of: followed.number)
      if open.isEmpty || open == before { return }
      before = open
      try await tend()
    }
  }

  private func meet(_ obligation: Obligation) async throws {
    switch obligation.kind {
    case .census(let names): try await count(below: names, obligation)
    case .confirm(let ids): try await answer(ids, obligation)
    case .rederive(let target, let from): try await rederive(target, from: from, obligation)
    }
  }

  private func count(below names: [String], _ obligation: Obligation) async throws {
    var there: Set<StableID> = []
    var known: [StableID: KnownEntry] = [:]
    for name in names.map({ DistinguishedName($0) }) {
      let census = try await source.census(below: name)
      if let why = census.incomplete { throw Unanswered(what: "counting below \(name.string)", why: why) }
      there.formUnion(census.ids)
      for entry in try await ledger.known(below: name, in: followed.number) { known[entry.entry.id] = entry }
    }
    var step = FollowStep(directory: followed.number, now: Wall.now, reason: reason.current)
    step.closed = [obligation.number]
    let missing = known.values.filter { !there.contains($0.entry.id) }
    if !missing.isEmpty { try await confirm(missing, notices: [:], absent: .omitted, into: &step) }
    let new = Array(there.filter { known[$0] == nil })
    if !new.isEmpty {
      let answer = try await source.lookUp(new)
      if let why = answer.incomplete { throw Unanswered(what: "reading those who moved in", why: why) }
      let kept = try await ledger.known(new, in: followed.number)
      for entry in answer.entries { try await put(entry, known: kept[entry.id], into: &step) }
    }
    // What was just counted need not be counted because of itself.
    step.opened.removeAll { $0 == obligation.kind }
    log.info("counted below \(names.joined(separator: " and ")): \(there.count) there, \(missing.count) missing")
    report(try await ledger.commit(step))
  }

  private func answer(_ ids: [StableID], _ obligation: Obligation) async throws {
    let known = try await ledger.known(ids, in: followed.number)
    let live = known.values.filter { $0.evidence == nil }
    var step = FollowStep(directory: followed.number, now: Wall.now, reason: reason.current)
    step.closed = [obligation.number]
    if !live.isEmpty { try await confirm(Array(live), notices: [:], absent: .deleted, into: &step) }
    // Those who had departed may be back.
    let departed = known.values.filter { $0.evidence != nil }.map(\.entry.id)
    if !departed.isEmpty {
      for entry in try await source.lookUp(departed).entries {
        try await put(entry, known: known[entry.id], into: &step)
      }
    }
    if step.opened.contains(where: { if case .confirm = $0 { true } else { false } }) {
      throw Unanswered(what: "reading by id", why: "no answer")
    }
    report(try await ledger.commit(step))
  }

  /// Derives the accounts of one target again, in chunks; losses are staged and judged together at the end.
  private func rederive(_ target: TargetNumber, from start: EntryNumber, _ obligation: Obligation) async throws {
    var next = start
    while true {
      let users = try await ledger.users(of: followed.number, from: next, limit: 500)
      var step = FollowStep(directory: followed.number, now: Wall.now, reason: .refresh)
      step.only = target
      step.writes = users.map { user in
        var write = followed.write(
          Prepared(entry: user.entry, large: [], digest: user.digest), branch: .user, known: user)
        write.stores = false
        return write
      }
      guard let last = users.last else {
        step.phase = .refreshed(whole: false)
        step.closed = [obligation.number]
        report(try await ledger.commit(step))
        return
      }
      next = last.number + 1
      step.phase = .refreshing
      step.advanced = [
        Obligation(number: obligation.number, kind: .rederive(target: target, from: next), since: obligation.since)
      ]
      report(try await ledger.commit(step))
    }
  }
}

/// An obligation could not be met now.
struct Unanswered: Error, CustomStringConvertible {
  var what: String
  var why: String
  var description: String { "\(what) was not complete (\(why))" }
}

extension Obligation.Kind {
  /// What is owed, for people.
  public var words: String {
    switch self {
    case .census(let below): "a count below \(below.joined(separator: " and "))"
    case .confirm(let ids): "a look at \(ids.count) that the server calls gone"
    case .rederive: "deriving accounts again"
    }
  }
}
