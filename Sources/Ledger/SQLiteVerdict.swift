import Accounts
import Directory
import GRDB
import Synchronization

/// The guard's verdict on the losses of a step, and what comes of it.
extension StepWork {
  /// Judges what is staged: losses by the guard, vanished attributes and returned people by what `Follow` found.
  func judge() throws {
    for (target, terms) in terms {
      if step.phase != .live {
        try judgeVanished(at: target)
        try judgeNewcomers(at: target)
      }
      try judgeLosses(at: target, terms)
    }
  }

  private func judgeVanished(at target: TargetNumber) throws {
    for (attribute, reason) in step.vanished {
      let rows = try staged(at: target, "o.vanished IS NOT NULL").filter {
        ($0["vanished"] as String).split(separator: ",").contains(Substring(attribute))
      }
      guard !rows.isEmpty else { continue }
      let hold = try open(.attributeLoss, at: target, reason)
      for row in rows { try hold.take(row["entry"], db) }
    }
    for row in try staged(at: target, "o.vanished IS NOT NULL") { try ready(row["entry"], at: target) }
  }

  private func judgeNewcomers(at target: TargetNumber) throws {
    let waiting = Set(try staged(at: target, "o.evidence IS NULL").map { $0["entry"] as EntryNumber })
    guard !waiting.isEmpty else { return }
    let pairs = step.reidentified.pairs
    if !pairs.isEmpty {
      let hold = try open(.reidentification, at: target, step.reidentified.reason)
      for (old, new) in pairs {
        try db.run("INSERT OR IGNORE INTO samePerson VALUES(?, ?, ?)", [hold.number, old, new])
        if waiting.contains(new) { try hold.take(new, db) }
        try db.run(
          "UPDATE owed SET state=1, hold=? WHERE target=? AND entry=? AND evidence IS NOT NULL",
          [hold.number, target, old])
      }
    }
    for row in try staged(at: target, "o.evidence IS NULL") { try ready(row["entry"], at: target) }
  }

  private func judgeLosses(at target: TargetNumber, _ terms: SQLiteLedger.Terms) throws {
    let fresh = try staged(at: target, "o.evidence IS NOT NULL").map { $0["entry"] as EntryNumber }
    guard !fresh.isEmpty else { return }
    let reason: String?
    if let held = step.holdsDepartures {
      reason = held
    } else {
      let count = try db.integer(
        "SELECT count(*) FROM loss WHERE target=? AND at>? AND approved=0", [target, step.now - GuardPolicy.window])
      let losses = Int(count ?? 0)
      let told = try ledger.population(of: target, now: step.now, recount: step.phase != .live, db)
      // Nobody is held for a count that is some seconds old.
      reason =
        try terms.policy.guard.verdict(losses: losses, of: told) == nil
        ? nil
        : terms.policy.guard.verdict(
          losses: losses, of: ledger.population(of: target, now: step.now, recount: true, db))
    }
    guard let reason else {
      for entry in fresh { try ready(entry, at: target) }
      return
    }
    let hold = try open(.departures, at: target, reason)
    let leases = ledger.memory.withLock { $0.leases }
    // Losses of the hour that were let through and have not been carried out yet belong to the same event.
    let pending = try db.all(
      """
      SELECT o.entry FROM owed o JOIN loss l ON l.target=o.target AND l.entry=o.entry
      WHERE o.target=? AND o.state=0 AND o.evidence IS NOT NULL AND l.approved=0 AND l.at>?
      """, [target, step.now - GuardPolicy.window]
    ).map { $0["entry"] as EntryNumber }.filter { !leases.contains(.init(target: target, entry: $0)) }
    for entry in fresh + pending { try hold.take(entry, db) }
  }

  private func staged(at target: TargetNumber, _ condition: String) throws -> [Row] {
    try db.all(
      """
      SELECT o.entry, o.vanished FROM owed o JOIN entry e ON e.number=o.entry
      WHERE o.target=? AND o.state=4 AND e.directory=? AND \(condition)
      """, [target, step.directory])
  }

  private func ready(_ entry: EntryNumber, at target: TargetNumber) throws {
    try db.run("UPDATE owed SET state=0, vanished=NULL, due=? WHERE target=? AND entry=?", [step.now, target, entry])
  }

  struct OpenHold {
    let number: Int64
    let target: TargetNumber

    func take(_ entry: EntryNumber, _ db: Database) throws {
      try db.run("UPDATE owed SET state=1, hold=? WHERE target=? AND entry=?", [number, target, entry])
    }
  }

  /// A hold to put rows into: the one that nobody has looked at yet, else a new one.
  private func open(_ kind: Hold.Kind, at target: TargetNumber, _ reason: String) throws -> OpenHold {
    let unseen = try db.integer(
      "SELECT number FROM hold WHERE target=? AND directory=? AND kind=? AND sealed=0 ORDER BY number DESC LIMIT 1",
      [target, step.directory, kind.rawValue])
    if let unseen {
      try db.run("UPDATE hold SET reason=? WHERE number=?", [reason, unseen])
      return OpenHold(number: unseen, target: target)
    }
    try db.run(
      "INSERT INTO hold(directory, target, kind, reason, opened) VALUES(?, ?, ?, ?, ?)",
      [step.directory, target, kind.rawValue, reason, step.now])
    receipt.holds.append(reason)
    return OpenHold(number: db.lastInsertedRowID, target: target)
  }
}

extension SQLiteLedger {
  /// The accounts that a target had before the losses of the last hour. Where they are many, they are counted at most
  /// once in ten seconds unless a recount is asked for.
  func population(of target: TargetNumber, now: Instant, recount: Bool, _ db: Database) throws -> Int {
    if !recount, let cached = memory.withLock({ $0.populations[target] }), cached.accounts > 1000,
      abs(now - cached.counted) < 10_000
    {
      return cached.accounts
    }
    let accounts = Int(
      try db.integer(
        """
        SELECT (SELECT count(*) FROM binding WHERE target=?1 AND state=1)
          + (SELECT count(*) FROM owed o WHERE target=?1 AND evidence IS NULL
             AND NOT EXISTS(SELECT 1 FROM binding b WHERE b.target=o.target AND b.entry=o.entry))
          + (SELECT count(*) FROM loss WHERE target=?1 AND at>?2 AND executed=1)
        """, [target, now - GuardPolicy.window]) ?? 0)
    memory.withLock { $0.populations[target] = (accounts, now) }
    return accounts
  }

  /// Removes a departed entry that no target has or is owed any more.
  func bury(_ entry: EntryNumber, _ db: Database) throws {
    let needed = try db.integer(
      """
      SELECT EXISTS(SELECT 1 FROM binding WHERE target IN (SELECT number FROM target) AND entry=?1)
        OR EXISTS(SELECT 1 FROM owed WHERE target IN (SELECT number FROM target) AND entry=?1)
      """, [entry])
    guard needed == 0 else { return }
    try db.run("DELETE FROM entry WHERE number=? AND evidence IS NOT NULL", [entry])
    if db.changesCount > 0 { try db.run("DELETE FROM largeUse WHERE entry=?", [entry]) }
  }
}
