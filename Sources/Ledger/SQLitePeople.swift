import Directory
import Foundation
import GRDB
import Synchronization

/// What people ask of the ledger and say to it.
extension SQLiteLedger {
  public func summary() async throws -> LedgerSummary {
    try await read { db in
      LedgerSummary(
        directories: try db.all("SELECT * FROM directory ORDER BY number").map { row in
          let number: DirectoryNumber = row["number"]
          func count(_ branch: Branch) throws -> Int {
            Int(
              try db.integer(
                "SELECT count(*) FROM entry WHERE directory=? AND branch=? AND evidence IS NULL",
                [number, branch.rawValue]) ?? 0)
          }
          return LedgerSummary.DirectoryState(
            number: number, name: row["name"], orphaned: row["orphaned"], loaded: row["loaded"],
            users: try count(.user), groups: try count(.group), mechanism: row["mechanism"],
            checkpointAt: row["checkpointAt"], obligations: try Self.obligations(of: number, db))
        },
        targets: try db.all("SELECT * FROM target ORDER BY number").map { row in
          let number: TargetNumber = row["number"]
          func count(_ sql: String) throws -> Int { Int(try db.integer(sql, [number]) ?? 0) }
          return LedgerSummary.TargetState(
            number: number, name: row["name"], kind: row["kind"], orphaned: row["orphaned"],
            pausedSince: row["pausedSince"], pausedReason: row["pausedReason"],
            accounts: try count("SELECT count(*) FROM binding WHERE target=? AND state=1"),
            waiting: try count("SELECT count(*) FROM owed WHERE target=? AND state IN (0, 3, 4)"),
            failing: try count("SELECT count(*) FROM owed WHERE target=? AND state=0 AND error IS NOT NULL"),
            held: try count("SELECT count(*) FROM owed WHERE target=? AND state=1"),
            parked: try count("SELECT count(*) FROM owed WHERE target=? AND state=2"))
        },
        holds: Int(try db.integer("SELECT count(DISTINCT hold) FROM owed WHERE hold IS NOT NULL") ?? 0))
    }
  }

  public func holds() async throws -> [Hold] {
    try await write("list holds") { db in
      try db.run("DELETE FROM hold WHERE NOT EXISTS(SELECT 1 FROM owed WHERE hold=hold.number)")
      try db.run("UPDATE hold SET sealed=1")
      let rows = try db.all(
        """
        SELECT h.*, d.name AS directoryName, t.name AS targetName FROM hold h
        JOIN directory d ON d.number=h.directory JOIN target t ON t.number=h.target ORDER BY h.number
        """)
      return try rows.map { row in
        Hold(
          number: row["number"], kind: Hold.Kind(rawValue: row["kind"]) ?? .departures,
          directory: row["directoryName"], target: row["targetName"], reason: row["reason"], since: row["opened"],
          items: try db.all(
            """
            SELECT e.number, e.dn, e.key, o.evidence, n.dn AS newDN FROM owed o JOIN entry e ON e.number=o.entry
            LEFT JOIN samePerson s ON s.hold=o.hold AND s.old=e.number LEFT JOIN entry n ON n.number=s.new
            WHERE o.hold=? ORDER BY e.dn
            """, [row["number"] as Int64]
          ).map { item in
            Hold.Item(
              entry: item["number"], dn: item["dn"], label: item["key"] ?? item["dn"],
              evidence: (item["evidence"] as String?).flatMap(Evidence.init(rawValue:)), samePerson: item["newDN"])
          })
      }
    }
  }

  public func approve(hold: Int64, entries: [EntryNumber]?, samePeople: Bool, now: Instant) async throws -> Int {
    let (count, target) = try await write("approve") { db in
      guard let row = try db.first("SELECT target, kind FROM hold WHERE number=?", [hold]) else {
        throw LedgerError(
          .refused, operation: "approve hold", subject: "\(hold)", cause: "there is no such hold",
          hint: "rollcall held lists them")
      }
      let target: TargetNumber = row["target"]
      if samePeople {
        guard row["kind"] as String == Hold.Kind.reidentification.rawValue else {
          throw LedgerError(
            .refused, operation: "approve hold", subject: "\(hold)", cause: "it is not a re-identification",
            hint: "approve it without --same-people")
        }
        return (try self.rebind(hold, only: entries, target, now, db), target)
      }
      var count = 0
      for row in try db.all("SELECT entry FROM owed WHERE hold=?", [hold]) {
        let entry: EntryNumber = row["entry"]
        if let entries, !entries.contains(entry) { continue }
        // Released, not done: the entry is read again before anything irreversible.
        try db.run(
          """
          UPDATE owed SET state=0, hold=NULL, due=?, vanished=NULL, recheck=(evidence IS NOT NULL)
          WHERE target=? AND entry=?
          """, [now, target, entry])
        try db.run("UPDATE loss SET approved=1 WHERE target=? AND entry=?", [target, entry])
        count += 1
      }
      return (count, target)
    }
    signal(target: target)
    return count
  }

  /// The old account is the new entry's from now on; nothing is sent for that.
  private func rebind(
    _ hold: Int64, only entries: [EntryNumber]?, _ target: TargetNumber, _ now: Instant, _ db: Database
  ) throws -> Int {
    var count = 0
    for pair in try db.all("SELECT old, new FROM samePerson WHERE hold=?", [hold]) {
      let (old, new): (EntryNumber, EntryNumber) = (pair["old"], pair["new"])
      if let entries, !entries.contains(old), !entries.contains(new) { continue }
      let owed = try db.integer("SELECT 1 FROM owed WHERE target=? AND entry=? AND hold=?", [target, old, hold])
      let row = try db.first("SELECT key, dn, directory FROM entry WHERE number=? AND evidence IS NULL", [new])
      guard owed != nil, let row else { continue }
      try db.run("DELETE FROM binding WHERE target=? AND entry=?", [target, new])
      try db.run("UPDATE binding SET entry=?, releasing=NULL WHERE target=? AND entry=?", [new, target, old])
      try db.run("DELETE FROM owed WHERE target=? AND entry=?", [target, old])
      try db.run("DELETE FROM loss WHERE target=? AND entry=?", [target, old])
      try db.run(
        "UPDATE owed SET state=0, hold=NULL, due=?, vanished=NULL, behind=NULL WHERE target=? AND entry=?",
        [now, target, new])
      try journal(
        JournalLine(
          at: now, event: "rebound", label: row["key"] ?? row["dn"], detail: "the same person under a new id"),
        target: target, entry: new, directory: row["directory"], revision: memory.withLock { $0.lastRevision }, db)
      try wake(behind: old, at: target, db)
      try bury(old, db)
      count += 1
    }
    return count
  }

  public func failed() async throws -> [FailedRow] {
    try await read { db in
      try db.all(
        """
        SELECT t.name, o.*, e.dn, e.key FROM owed o JOIN entry e ON e.number=o.entry JOIN target t ON t.number=o.target
        WHERE o.error IS NOT NULL AND o.state IN (0, 2) ORDER BY o.failingSince DESC LIMIT 10000
        """
      ).map { row in
        FailedRow(
          target: row["name"], entry: row["entry"], dn: row["dn"], label: row["key"] ?? row["dn"],
          attempts: row["attempts"], since: row["failingSince"] ?? row["since"], error: row["error"],
          parked: row["state"] as Int == OwedState.parked.rawValue, due: row["due"])
      }
    }
  }

  public func retry(target: TargetNumber?, entries: [EntryNumber]?, now: Instant) async throws -> Int {
    let (count, targets) = try await write("retry") { db in
      var count = 0
      var targets: Set<TargetNumber> = []
      for row in try db.all("SELECT target, entry FROM owed WHERE error IS NOT NULL AND state IN (0, 2)") {
        let (at, entry): (TargetNumber, EntryNumber) = (row["target"], row["entry"])
        if let target, target != at { continue }
        if let entries, !entries.contains(entry) { continue }
        try self.unpark(entry, at: at, due: now, db)
        targets.insert(at)
        count += 1
      }
      if entries == nil {
        for row in try db.all("SELECT number FROM target WHERE pausedReason IS NOT NULL") {
          let number: TargetNumber = row["number"]
          if let target, target != number { continue }
          try db.run("UPDATE target SET pausedReason=NULL, pausedSince=NULL WHERE number=?", [number])
          targets.insert(number)
        }
      }
      return (count, targets)
    }
    for target in targets { signal(target: target) }
    return count
  }

  public func resync(
    directory: DirectoryNumber?, target: TargetNumber?, entry: EntryNumber?, again: Bool, now: Instant
  ) async throws -> Int {
    let (count, targets) = try await write("resync") { db in
      let concerned = self.memory.withLock { $0.terms }.filter { target == nil || $0.key == target }
      let revision = self.memory.withLock { memory in
        memory.nextRevision(at: now)
      }
      var count = 0
      for (number, terms) in concerned {
        for feed in terms.directories where directory == nil || directory == feed {
          // An epoch of an earlier run makes a row in doubt: it is sent even if equal.
          try db.run(
            """
            INSERT INTO owed(target, entry, revision, due, state, cause, since, epoch)
            SELECT ?1, b.entry, ?2, ?3, 0, 2, ?3, ?4 FROM binding b JOIN entry e ON e.number=b.entry
            WHERE b.target=?1 AND e.directory=?5 AND e.evidence IS NULL AND (?6 IS NULL OR e.number=?6)
            ON CONFLICT(target, entry) DO UPDATE SET revision=excluded.revision, due=excluded.due,
            epoch=min(epoch, excluded.epoch), state=CASE state WHEN 2 THEN 0 ELSE state END
            """, [number, revision, now, again ? 0 : self.epoch, feed, entry])
          count += db.changesCount
        }
      }
      try db.run("INSERT OR REPLACE INTO meta VALUES('revision', ?)", [revision])
      return (count, Array(concerned.keys))
    }
    for target in targets { signal(target: target) }
    return count
  }

  public func prune(journalBefore: Instant) async throws {
    try await write("prune") { db in
      try db.run("DELETE FROM journal WHERE at<?", [journalBefore])
      try db.run("DELETE FROM loss WHERE at<?", [Wall.now - 24 * 3_600_000])
      try db.run("DELETE FROM large WHERE NOT EXISTS(SELECT 1 FROM largeUse u WHERE u.digest=large.digest)")
    }
  }
}
