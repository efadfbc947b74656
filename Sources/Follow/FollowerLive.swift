import Accounts
import Changes
import Directory
import Ledger
import Logging

/// Applying changes as they come.
extension Follower {
  func apply(_ changes: [Change]) async throws {
    let batch = Batch(changes)
    let known = try await ledger.known(batch.ids, in: followed.number)
    var step = FollowStep(directory: followed.number, now: Wall.now, reason: reason.current)
    step.checkpoint = batch.checkpoint
    for entry in batch.upserts { try await put(entry, known: known[entry.id], into: &step) }
    for (id, patches) in batch.patches {
      guard let known = known[id] else { continue }
      var entry = known.entry
      for patch in patches { entry.attributes = entry.attributes.merging(patch) }
      try await put(entry, known: known, into: &step)
    }
    let gone = batch.departed.keys.compactMap { known[$0] }.filter { $0.evidence == nil }
    if !gone.isEmpty { try await confirm(gone, notices: batch.departed, absent: .deleted, into: &step) }
    guard !step.isEmpty else { return }
    if !step.writes.isEmpty || !step.departures.isEmpty { note { $0.lastChange = Wall.now } }
    report(try await ledger.commit(step))
    if !step.opened.isEmpty { try await tend() }
  }

  /// Puts an entry into a step: a write, a departure, or nothing if it is as it is kept.
  func put(_ entry: Entry, known: KnownEntry?, into step: inout FollowStep) async throws {
    let prepared = followed.prepare(entry)
    switch followed.scope.place(entry) {
    case .branch(let branch):
      if let known, known.evidence == nil, known.digest == prepared.digest, known.branch == branch { return }
      if let known, known.evidence == nil, known.branch == .user, branch != .user {
        step.departures.append(Departure(number: known.number, evidence: .leftFilter))
        return
      }
      step.writes.append(followed.write(prepared, branch: branch, known: known))
      if branch == .container { try await containerChanged(prepared.entry, known: known, into: &step) }
    case .outside(let evidence):
      guard let known, known.evidence == nil else { return }
      step.departures.append(Departure(number: known.number, evidence: evidence))
      if known.branch == .container { try await containerWent(known, into: &step) }
    }
  }

  /// Reads by id those that a server calls gone, and puts what was found out into the step. Where it cannot be asked,
  /// the question becomes an obligation: it is durable before the checkpoint moves.
  func confirm(
    _ gone: [KnownEntry], notices: [StableID: DepartureNotice], absent: Evidence, into step: inout FollowStep
  ) async throws {
    for container in gone where container.branch == .container { try await containerWent(container, into: &step) }
    var found: [Entry]?
    do {
      let asked = gone.filter { notices[$0.entry.id] != .tombstone }.map(\.entry.id)
      let answer = asked.isEmpty ? LookUp(entries: []) : try await source.lookUp(asked)
      found = answer.incomplete == nil ? answer.entries : nil
      if let reason = answer.incomplete {
        log.warning("\(gone.count) departures wait: reading them by id was not complete (\(reason))")
      }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      log.warning("\(gone.count) departures wait: they could not be read by id (\(error))")
    }
    let confirmation = Confirmation(gone, notices: notices, found: found, scope: followed.scope, absent: absent)
    step.departures += confirmation.departures
    let byID = Dictionary(gone.map { ($0.entry.id, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in confirmation.present { try await put(entry, known: byID[entry.id], into: &step) }
    if !confirmation.unanswered.isEmpty { step.opened.append(.confirm(confirmation.unanswered)) }
  }

  /// No server tells what happens below a container that is renamed or moved (see the documentation of syncrepl): the
  /// names known below it follow, and what is there is counted.
  func containerChanged(_ entry: Entry, known: KnownEntry?, into step: inout FollowStep) async throws {
    if let known, known.evidence == nil {
      guard !known.entry.dn.isSame(as: entry.dn) else { return }
      try await rebase(from: known.entry.dn, to: entry.dn, into: &step)
      step.opened.append(.census(below: [known.entry.dn.string, entry.dn.string]))
    } else {
      step.opened.append(.census(below: [entry.dn.string]))
    }
  }

  /// A container is gone: who was below it is asked for by id.
  func containerWent(_ known: KnownEntry, into step: inout FollowStep) async throws {
    step.opened.append(.census(below: [known.entry.dn.string]))
  }

  private func rebase(
    from old: DistinguishedName, to new: DistinguishedName, into step: inout FollowStep
  ) async throws {
    let alreadyTold = Set(step.writes.map(\.entry.id))
    for known in try await ledger.known(below: old, in: followed.number) {
      guard !alreadyTold.contains(known.entry.id), let dn = known.entry.dn.rebased(from: old, to: new),
        !known.entry.dn.isSame(as: old)
      else { continue }
      var entry = known.entry
      entry.dn = dn
      switch followed.scope.place(entry) {
      case .branch(let branch):
        step.writes.append(followed.write(followed.prepare(entry), branch: branch, known: known))
      case .outside(let evidence):
        step.departures.append(Departure(number: known.number, evidence: evidence))
      }
    }
  }

  /// Tells what a step led to.
  func report(_ receipt: StepReceipt) {
    pass.changed += receipt.written
    pass.departed += receipt.losses
    pass.held += receipt.holds
    for hold in receipt.holds { log.warning("held: \(hold); see `rollcall held`") }
  }
}
