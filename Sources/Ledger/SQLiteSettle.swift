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
    case .parked(let error, let attempted):
      try park(settled, attempted: attempted, behind: nil, error, db)
    case .blocked(let other, let error):
      guard try holderOfKey(of: entry, at: target, db)?.entry == other else { break }
      try park(settled, attempted: false, behind: other, error, db)
    case .behind(let other):
      try wait(settled, behind: other, db)
    case .returned:
      try db.run(
        "UPDATE owed SET due=? WHERE target=? AND entry=? AND revision=?",
        [Wall.now + 60_000, target, entry, revision])
      // The stream will not tell of them again: they are to be read.
      if let row = try db.first("SELECT directory, id FROM entry WHERE number=?", [entry]) {
        try Self.open(
          .confirm([StableID(stored: row.octets("id"))]), directory: row["directory"], now: Wall.now, db)
      }
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

  /// Parks the row that was delivered; one that has risen since asks for something that nobody refused.
  ///
  /// A parked row without attempts was never told to the target, whatever happened to the process since: nothing claims
  /// it. One that was in doubt is given an attempt for that.
  private func park(
    _ settled: Settlement, attempted: Bool, behind: EntryNumber?, _ error: String, _ db: Database
  ) throws {
    try db.run(
      """
      UPDATE owed SET state=2, behind=?1, error=?2, failingSince=COALESCE(failingSince, ?3),
      attempts=CASE WHEN ?4 THEN attempts+1 WHEN attempts=0 AND epoch<>?5 THEN 1 ELSE attempts END
      WHERE target=?6 AND entry=?7 AND revision=?8 AND state=0
      """, [behind, error, Wall.now, attempted, epoch, settled.target, settled.entry, settled.revision])
  }

  /// Those who waited for this entry go on; who was parked for its login only if it has let go of it.
  func wake(behind entry: EntryNumber, at target: TargetNumber, _ db: Database) throws {
    // Named, because SQLite would rather walk all that the target is owed than look the state up once.
    let waiters = try db.all(
      "SELECT entry, state FROM owed INDEXED BY owedBehind WHERE target=? AND behind=?", [target, entry])
    for row in waiters {
      let waiting: EntryNumber = row["entry"]
      if row["state"] as Int == OwedState.parked.rawValue,
        try holderOfKey(of: waiting, at: target, db)?.entry == entry
      {
        continue
      }
      try unpark(waiting, at: target, due: Wall.now, db)
    }
  }

  /// Makes a row due that waited for a person or for another entry. A parked one starts a new count of failures.
  func unpark(_ entry: EntryNumber, at target: TargetNumber, due: Instant, _ db: Database) throws {
    try db.run(
      """
      UPDATE owed SET state=0, behind=NULL, due=?1, \(Self.unparked(epoch: "?2")) WHERE target=?3 AND entry=?4
      """, [due, epoch, target, entry])
  }

  /// What a row that was parked forgets when it is owed anew.
  static func unparked(epoch: String) -> String {
    """
    error=CASE state WHEN 2 THEN NULL ELSE error END,
    failingSince=CASE state WHEN 2 THEN NULL ELSE failingSince END,
    epoch=CASE WHEN state=2 AND attempts=0 THEN \(epoch) ELSE epoch END
    """
  }

  private func holderOfKey(of entry: EntryNumber, at target: TargetNumber, _ db: Database) throws -> KeyHolder? {
    let key = try db.first("SELECT key FROM entry WHERE number=?", [entry])?["key"] as String?
    return try key.flatMap { try holder(of: $0, at: target, besides: entry, db) }
  }

  private func wait(_ settled: Settlement, behind other: EntryNumber, _ db: Database) throws {
    // The other may have let go between the look and this transaction.
    // Nor may two wait for each other: where logins are swapped, both may have looked before either waited.
    guard let holder = try holderOfKey(of: settled.entry, at: settled.target, db), holder.entry == other,
      !holder.waitsForAsker
    else { return }
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
