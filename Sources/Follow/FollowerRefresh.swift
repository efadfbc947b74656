import Accounts
import Changes
import Directory
import Ledger
import Logging

/// A refresh: compared with what is known, written in the background, ended with a verdict.
extension Follower {
  /// Writes the entries that differ. The commit runs while the next entries are read; one at a time.
  func flush(last: Bool) async throws {
    guard var current = refresh else { return }
    let pending = current.pending
    // What is told twice is looked up as it was written the first time.
    if pending.contains(where: { current.repeated.contains($0.entry.id) }), let committing {
      self.committing = nil
      report(try await committing.value)
    }
    current.pending.removeAll(keepingCapacity: true)
    var step = FollowStep(directory: followed.number, now: Wall.now, reason: reason.current)
    step.phase = .refreshing
    try await compare(pending, in: &current, into: &step)
    current.written += step.writes.count
    refresh = current
    if let committing {
      self.committing = nil
      report(try await committing.value)
    }
    guard !step.isEmpty else { return }
    let ledger = ledger
    let commit = Task { [step] in try await ledger.commit(step) }
    if last { report(try await commit.value) } else { committing = commit }
  }

  private func compare(
    _ pending: [Prepared], in current: inout Refresh, into step: inout FollowStep
  ) async throws {
    let ids = pending.map(\.entry.id).filter { !current.isFirst || current.repeated.contains($0) }
    let known = try await ledger.known(ids, in: followed.number)
    var latest: [StableID: Int] = [:]
    for prepared in pending {
      let kept = known[prepared.entry.id]
      let dnKey = prepared.entry.dn.key
      switch followed.scope.place(prepared.entry, key: dnKey) {
      case .branch(let branch):
        if let kept, kept.evidence == nil, kept.branch == .user, branch != .user {
          step.departures.append(Departure(number: kept.number, evidence: .leftFilter))
          continue
        }
        var write = followed.write(prepared, dnKey: dnKey, branch: branch, known: kept)
        for name in write.vanished { current.vanished[name, default: 0] += 1 }
        if kept == nil { write.awaitsVerdict = try await awaits(write, in: &current) }
        // An entry told twice in one flush is written once, as it is in the end.
        if let place = latest[prepared.entry.id] {
          step.writes[place] = write
        } else {
          latest[prepared.entry.id] = step.writes.count
          step.writes.append(write)
        }
        if branch == .container, !current.isFirst {
          try await containerChanged(prepared.entry, known: kept, into: &step)
        }
      case .outside(let evidence):
        guard let kept, kept.evidence == nil else { continue }
        step.departures.append(Departure(number: kept.number, evidence: evidence))
      }
    }
  }

  /// True for a newcomer under a login whose holder has not been mentioned yet: the holder may be the same person.
  private func awaits(_ write: EntryWrite, in current: inout Refresh) async throws -> Bool {
    guard !current.isFirst, let key = write.key else { return false }
    guard let holder = try await ledger.holders(of: [key], in: followed.number)[key] else { return false }
    current.awaiting.append((write.entry.id, holder))
    return true
  }

  /// The end of a refresh: what is left is written, those who are missing are asked for, and the ledger judges.
  func end(_ completeness: Completeness) async throws {
    guard refresh != nil else { return }
    try await readUnknown()
    try await flush(last: true)
    guard let current = refresh else { return }
    defer { refresh = nil }
    var step = FollowStep(directory: followed.number, now: Wall.now, reason: reason.current)
    step.phase = .refreshed(whole: completeness == .whole)
    step.vanished = current.vanishedVerdicts(followed.guard)
    pass.read = current.read
    switch completeness {
    case .partial(let why):
      pass.incomplete = why
      log.warning("refresh not complete (\(why)): what came is applied, nobody departs")
      note { $0.trouble = "refresh not complete: \(why)" }
      report(try await ledger.commit(step))
      return
    case .whole, .delta:
      if step.server == nil { step.server = serverToKeep }
      try await departures(of: current, completeness, into: &step)
      if holdsOmissions != nil, !step.opened.isEmpty {
        // An obligation would not know that what it finds is to be held: all is compared again instead.
        (step.opened, step.server, step.phase) = ([], nil, .refreshed(whole: false))
        report(try await ledger.commit(step))
        throw Unanswered(what: "asking for those who were not mentioned", why: "see the lines before")
      }
    }
    report(try await ledger.commit(step))
    enter(.following)
    note {
      $0.read = current.read
      $0.written = current.written
    }
    log.info("refreshed: \(current.read) entries told, \(current.written) changed, \(step.departures.count) departed")
    reason.current = .change
    try await tend()
  }

  /// In a present phase a server names entries that it does not send: those that are unknown here moved in.
  private func readUnknown() async throws {
    guard let unknown = refresh?.unknown.filter({ refresh?.index.isNewcomer($0) == false }), !unknown.isEmpty else {
      return
    }
    let answer = try await source.lookUp(unknown)
    for entry in answer.entries { refresh?.take(followed.prepare(entry)) }
    refresh?.unknown = []
  }

  private func departures(
    of current: Refresh, _ completeness: Completeness, into step: inout FollowStep
  ) async throws {
    let told = try await ledger.known(Array(current.departed.keys), in: followed.number).values
    let gone = told.filter { $0.evidence == nil }
    if !gone.isEmpty { try await confirm(gone, notices: current.departed, absent: .deleted, into: &step) }
    if completeness == .whole {
      let missing = current.index.unseen.filter { current.departed[$0.id] == nil }
      if !missing.isEmpty { try await confirmOmitted(missing.map(\.id), into: &step) }
    }
    let leaving = Set(step.departures.map(\.number))
    let candidates = current.awaiting.filter { leaving.contains($0.holder) }
    if let why = Refresh.reidentification(pairs: candidates.count, users: current.users) {
      let numbers = try await ledger.known(candidates.map(\.id), in: followed.number)
      step.reidentified = (
        candidates.compactMap { candidate in numbers[candidate.id].map { (candidate.holder, $0.number) } }, why
      )
      step.holdsDepartures = why
    } else if let holdsOmissions {
      step.holdsDepartures = holdsOmissions
    }
  }

  /// Who was not mentioned is asked for: by id, or, where they are many, first by a second search for identifiers.
  private func confirmOmitted(_ ids: [StableID], into step: inout FollowStep) async throws {
    var missing = ids
    if missing.count > 1000 {
      let census = try await source.census(below: nil)
      if let why = census.incomplete {
        log.warning("\(missing.count) entries were not mentioned, and counting them again was not complete (\(why))")
        step.opened.append(.census(below: [followed.scope.containers.base.string]))
        return
      }
      missing.removeAll { census.ids.contains($0) }
    }
    let known = try await ledger.known(missing, in: followed.number)
    let gone = missing.compactMap { known[$0] }.filter { $0.evidence == nil }
    if !gone.isEmpty { try await confirm(gone, notices: [:], absent: .omitted, into: &step) }
  }
}
