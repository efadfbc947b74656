import Accounts
import Directory
import Foundation
import GRDB
import Synchronization

/// Settling claimed rows, many in one transaction.
extension SQLiteLedger {
  public func settle(_ settlements: [Settlement]) async throws {
    guard !settlements.isEmpty else { return }
    try await write("settle") { db in
      for settlement in settlements { try self.settle(settlement, db) }
    }
    let woken = memory.withLock { memory in
      for settled in settlements { memory.leases.remove(Lease(target: settled.target, entry: settled.entry)) }
      return Set(settlements.map(\.target))
    }
    for target in woken { signal(target: target) }
  }

  private func settle(_ settled: Settlement, _ db: Database) throws {
    let (target, entry, revision) = (settled.target, settled.entry, settled.revision)
    switch settled.result {
    case .settled(let account, let state):
      try bind(settled, account: account, state: state, db)
      try clear(settled, db)
      if state == .disabled { try executed(settled, db) }
      try wake(behind: entry, at: target, db)
    case .disabled(let account, let deleteDue):
      try bind(settled, account: account, state: .disabled, db)
      try executed(settled, db)
      try db.run(
        """
        UPDATE owed SET due=CASE WHEN revision=? THEN ? ELSE due END, attempts=0, error=NULL, failingSince=NULL,
        epoch=? WHERE target=? AND entry=?
        """, [revision, deleteDue, epoch, target, entry])
      try wake(behind: entry, at: target, db)
    case .removed:
      try db.run("DELETE FROM binding WHERE target=? AND entry=?", [target, entry])
      try clear(settled, db)
      try executed(settled, db)
      try wake(behind: entry, at: target, db)
      try bury(entry, db)
    case .unsaid, .kept:
      try db.run("UPDATE binding SET releasing=NULL WHERE target=? AND entry=?", [target, entry])
      try db.run("DELETE FROM owed WHERE target=? AND entry=? AND revision=?", [target, entry, revision])
      try wake(behind: entry, at: target, db)
      try bury(entry, db)
    case .again(let due, let error, let counts):
      // Attempted: the row is in doubt from here on, which an epoch of an earlier run says.
      try db.run(
        """
        UPDATE owed SET due=CASE WHEN revision=?1 THEN ?2 ELSE due END, attempts=attempts+?3, error=?4, epoch=0,
        failingSince=COALESCE(failingSince, ?5) WHERE target=?6 AND entry=?7
        """, [revision, due, counts ? 1 : 0, error, Wall.now, target, entry])
    case .postponed(let due):
      try db.run(
        "UPDATE owed SET due=? WHERE target=? AND entry=? AND revision=?", [due, target, entry, revision])
    case .parked(let error):
      try db.run(
        """
        UPDATE owed SET state=CASE WHEN revision=?1 THEN 2 ELSE state END, attempts=attempts+1, error=?2, epoch=0,
        failingSince=COALESCE(failingSince, ?3) WHERE target=?4 AND entry=?5 AND state=0
        """, [revision, error, Wall.now, target, entry])
    case .behind(let other):
      try wait(settled, behind: other, db)
    case .returned:
      try db.run(
        "UPDATE owed SET due=? WHERE target=? AND entry=? AND revision=?",
        [Wall.now + 60_000, target, entry, revision])
    }
    if let line = settled.journal {
      let directory = try db.integer("SELECT directory FROM entry WHERE number=?", [entry]) ?? 0
      try journal(line, target: target, entry: entry, directory: directory, revision: revision, db)
    }
  }

  private func bind(_ settled: Settlement, account: [UInt8], state: Binding.State, _ db: Database) throws {
    var insert = try FastStatement(
      """
      INSERT INTO binding(target, entry, state, account, revision, confirmedAt) VALUES(?, ?, ?, ?, ?, ?)
      ON CONFLICT(target, entry) DO UPDATE SET state=excluded.state, account=excluded.account,
      revision=excluded.revision, confirmedAt=excluded.confirmedAt, releasing=NULL
      """, db)
    insert.bind(settled.target)
    insert.bind(settled.entry)
    insert.bind(state.rawValue)
    insert.bind(octets: account)
    insert.bind(settled.revision)
    insert.bind(Wall.now)
    try insert.run()
  }

  /// Clears the row that was delivered; one that has risen since stays, and what it now asks for was never attempted.
  private func clear(_ settled: Settlement, _ db: Database) throws {
    try db.run(
      "DELETE FROM owed WHERE target=? AND entry=? AND revision=?", [settled.target, settled.entry, settled.revision])
    guard db.changesCount == 0 else { return }
    try db.run(
      "UPDATE owed SET attempts=0, error=NULL, failingSince=NULL, epoch=? WHERE target=? AND entry=?",
      [epoch, settled.target, settled.entry])
  }

  private func executed(_ settled: Settlement, _ db: Database) throws {
    try db.run("UPDATE loss SET executed=1 WHERE target=? AND entry=?", [settled.target, settled.entry])
  }

  private func wake(behind entry: EntryNumber, at target: TargetNumber, _ db: Database) throws {
    try db.run(
      "UPDATE owed SET state=0, behind=NULL, due=? WHERE target=? AND behind=?", [Wall.now, target, entry])
  }

  private func wait(_ settled: Settlement, behind other: EntryNumber, _ db: Database) throws {
    // The other may have let go between the look and this transaction.
    let key = try db.first("SELECT key FROM entry WHERE number=?", [settled.entry])?["key"] as String?
    let holder = try key.flatMap {
      try self.holder(of: $0, at: settled.target, besides: settled.entry, db)
    }
    // Nor may two wait for each other: where logins are swapped, both may have looked before either waited.
    guard let holder, holder.entry == other, !holder.waitsForAsker else { return }
    try db.run(
      "UPDATE owed SET state=3, behind=? WHERE target=? AND entry=? AND revision=? AND state=0",
      [other, settled.target, settled.entry, settled.revision])
  }

  func journal(
    _ line: JournalLine, target: TargetNumber?, entry: EntryNumber, directory: DirectoryNumber, revision: Int64,
    _ db: Database
  ) throws {
    let settings = memory.withLock { $0.settings }
    var insert = try FastStatement(
      """
      INSERT INTO journal(at, directory, target, entry, label, event, revision, content, detail, settings)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, db)
    insert.bind(line.at)
    insert.bind(directory)
    insert.bind(target)
    insert.bind(entry)
    insert.bind(text: line.label)
    insert.bind(text: line.event)
    insert.bind(revision)
    insert.bind(octets: line.content.isEmpty ? nil : line.content)
    insert.bind(text: line.detail)
    insert.bind(settings)
    try insert.run()
  }
}
