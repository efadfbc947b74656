import Accounts
import Directory
import GRDB
import Synchronization

/// People who are about to lose an account.
extension StepWork {
  /// A person is about to lose the account at one target: it is owed as a departure, and counted.
  func lose(_ number: EntryNumber, at target: TargetNumber, on evidence: Evidence) throws {
    let binding = try db.first("SELECT state FROM binding WHERE target=? AND entry=?", [target, number])
    let row = try db.first(
      "SELECT attempts, epoch, evidence, state, cause FROM owed WHERE target=? AND entry=?", [target, number])
    let leased = ledger.memory.withLock { $0.leases.contains(.init(target: target, entry: number)) }
    if binding == nil, !leased {
      if row.map(isUntold) ?? true {
        try db.run("DELETE FROM owed WHERE target=? AND entry=?", [target, number])
        return try ledger.wake(behind: number, at: target, db)
      }
    }
    guard let terms = terms.first(where: { $0.target == target })?.terms else { return }
    let action = terms.policy.leave(on: evidence)
    if let before = (row?["evidence"] as String?).flatMap(Evidence.init(rawValue:)),
      terms.policy.leave(on: before) >= action
    {
      return try keepLosing(number, at: target, on: evidence)
    }
    let state = (binding?["state"] as Int?).flatMap(Binding.State.init(rawValue:))
    let counts = action == .delete || (action == .disable && state != .disabled)
    try db.run(
      """
      INSERT INTO owed(target, entry, revision, due, state, cause, since, epoch, evidence)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT(target, entry) DO UPDATE SET revision=excluded.revision, due=excluded.due, state=excluded.state,
      cause=excluded.cause, evidence=excluded.evidence, hold=NULL, behind=NULL, vanished=NULL, recheck=0,
      since=CASE WHEN evidence IS NULL THEN excluded.since ELSE since END, error=NULL, failingSince=NULL,
      epoch=CASE cause WHEN 3 THEN 0 ELSE epoch END
      """,
      [
        target, number, revision, step.now, (counts ? OwedState.staged : .ready).rawValue,
        Cause(step.reason).rawValue, step.now, ledger.epoch, evidence.rawValue,
      ])
    guard counts else { return }
    try db.run(
      """
      INSERT INTO loss(target, entry, at) VALUES(?, ?, ?)
      ON CONFLICT(target, entry) DO UPDATE SET at=excluded.at, approved=0, executed=0
      """, [target, number, step.now])
    receipt.losses += 1
  }

  /// True for a row that the target was never asked about: owed in this process, or parked ever since, without an
  /// attempt. Who counts as delivered (`start: quiet`) counts as told.
  private func isUntold(_ row: Row) -> Bool {
    row["attempts"] as Int == 0 && row["cause"] as Int != Cause.quiet.rawValue
      && (row["epoch"] as Int64 == ledger.epoch || row["state"] as Int == OwedState.parked.rawValue)
  }

  /// The same loss goes on, on other evidence: a hold keeps it, a person's yes stays given, its delete is due when it
  /// was. Only a parked one is tried again.
  private func keepLosing(_ number: EntryNumber, at target: TargetNumber, on evidence: Evidence) throws {
    try db.run(
      """
      UPDATE owed SET revision=CASE evidence WHEN ?1 THEN revision ELSE ?2 END, evidence=?1,
      due=CASE state WHEN 2 THEN ?3 ELSE due END, \(SQLiteLedger.unparked(epoch: "epoch")),
      state=CASE state WHEN 2 THEN 0 ELSE state END WHERE target=?4 AND entry=?5
      """, [evidence.rawValue, revision, step.now, target, number])
  }
}
