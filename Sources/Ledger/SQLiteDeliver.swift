import Accounts
import Directory
import Foundation
import GRDB
import Synchronization

/// Claiming what is owed and writing down what became of it.
extension SQLiteLedger {
  private static let owedColumns = """
    o.target, o.entry, o.revision, o.cause, o.since, o.epoch, o.evidence, o.recheck, o.attempts, o.failingSince,
    e.directory, e.id, e.dn, e.branch, e.key, e.attributes, e.departedAt,
    b.state AS boundState, b.account, b.revision AS boundRevision, b.confirmedAt,
    EXISTS(SELECT 1 FROM entry x WHERE x.key=e.key AND x.number<>e.number)
      OR EXISTS(SELECT 1 FROM binding r WHERE r.target=o.target AND r.releasing=e.key AND r.entry<>o.entry)
      AS contested
    """
  private static let owedTables = """
    owed o JOIN entry e ON e.number=o.entry LEFT JOIN binding b ON b.target=o.target AND b.entry=o.entry
    """

  public func claim(target: TargetNumber, now: Instant, limit: Int) async throws -> [Owed] {
    try await onWriter { db in
      let (leases, loading, names) = self.memory.withLock { ($0.leases, $0.loading, $0.directoryNames) }
      let statement = try db.cachedStatement(
        sql: """
          SELECT \(Self.owedColumns) FROM \(Self.owedTables)
          WHERE o.target=? AND o.state=0 AND o.due<=? ORDER BY o.due, o.entry
          """)
      statement.setUncheckedArguments([target, now])
      let rows = try Row.fetchCursor(statement)
      var claimed: [Owed] = []
      while claimed.count < limit, let row = try rows.next() {
        let lease = Lease(target: target, entry: row["entry"])
        guard !leases.contains(lease) else { continue }
        if !loading.isEmpty, loading.contains(row["directory"]) { continue }
        claimed.append(self.owed(row, names))
      }
      self.memory.withLock { memory in
        for owed in claimed { memory.leases.insert(Lease(target: target, entry: owed.entry)) }
      }
      return claimed
    }
  }

  private func owed(_ row: Row, _ names: [DirectoryNumber: String]) -> Owed {
    let state = (row["boundState"] as Int?).flatMap(Binding.State.init(rawValue:))
    return Owed(
      target: row["target"], entry: row["entry"], directory: names[row["directory"]] ?? "?", person: Self.entry(row),
      key: row["key"], branch: Branch(rawValue: row["branch"]) ?? .user, revision: row["revision"],
      cause: Cause(rawValue: row["cause"]) ?? .change,
      evidence: (row["evidence"] as String?).flatMap(Evidence.init(rawValue:)),
      departedAt: row["departedAt"] ?? row["since"], attempts: row["attempts"], failingSince: row["failingSince"],
      since: row["since"], inDoubt: row["epoch"] as Int64 != epoch || row["attempts"] as Int > 0,
      recheck: row["recheck"], contested: row["contested"],
      binding: state.map {
        Binding(
          state: $0, account: row.octets("account"), revision: row["boundRevision"], confirmedAt: row["confirmedAt"])
      })
  }

  public func reread(_ owed: Owed) async throws -> Owed? {
    try await onWriter { db in
      let names = self.memory.withLock { $0.directoryNames }
      return try db.first(
        "SELECT \(Self.owedColumns) FROM \(Self.owedTables) WHERE o.target=? AND o.entry=? AND o.state=0",
        [owed.target, owed.entry]
      ).map { self.owed($0, names) }
    }
  }

  public func release(_ owed: [Owed]) async {
    memory.withLock { memory in for row in owed { memory.leases.remove(Lease(target: row.target, entry: row.entry)) } }
  }

  public func nextDue(target: TargetNumber) async throws -> Instant? {
    try await onWriter { db in
      let (leases, loading) = self.memory.withLock { ($0.leases, $0.loading) }
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT o.entry, o.due, e.directory FROM owed o JOIN entry e ON e.number=o.entry
          WHERE o.target=? AND o.state=0 ORDER BY o.due
          """, arguments: [target])
      while let row = try rows.next() {
        if leases.contains(Lease(target: target, entry: row["entry"])) { continue }
        if loading.contains(row["directory"]) { continue }
        return row["due"]
      }
      return nil
    }
  }

  public func pause(target: TargetNumber, reason: String?) async throws {
    try await write("pause target") { db in
      try db.run(
        "UPDATE target SET pausedReason=?, pausedSince=? WHERE number=?",
        [reason, reason == nil ? nil : Wall.now, target])
    }
    signal(target: target)
  }

  public func hurry(target: TargetNumber) async throws {
    try await write("hurry") { db in
      // Only retries: the due instant of a departure's second step is not a retry.
      try db.run(
        "UPDATE owed SET due=?2 WHERE target=?1 AND state=0 AND due>?2 AND error IS NOT NULL", [target, Wall.now])
    }
    signal(target: target)
  }

  public func holder(
    of key: String, at target: TargetNumber, besides entry: EntryNumber
  ) async throws -> KeyHolder? {
    try await onWriter { db in try self.holder(of: key, at: target, besides: entry, db) }
  }

  func holder(of key: String, at target: TargetNumber, besides entry: EntryNumber, _ db: Database) throws -> KeyHolder?
  {
    let directories = memory.withLock { $0.terms[target]?.directories ?? [] }
    let releasing = try db.first(
      """
      SELECT e.number, e.dn FROM binding b JOIN entry e ON e.number=b.entry
      WHERE b.target=? AND b.releasing=? AND b.entry<>?
      """, [target, key, entry])
    if let releasing {
      return try keyHolder(releasing, .releases, target, entry, db)
    }
    let rivals = try db.all(
      """
      SELECT e.number, e.dn, e.directory, e.evidence, o.entry AS owed, o.evidence AS leaving, b.entry AS bound
      FROM entry e LEFT JOIN owed o ON o.target=?1 AND o.entry=e.number
      LEFT JOIN binding b ON b.target=?1 AND b.entry=e.number WHERE e.key=?2 AND e.number<>?3
      """, [target, key, entry])
    for rival in rivals where directories.contains(rival["directory"]) {
      let isOwed = rival["owed"] as Int64? != nil
      let isBound = rival["bound"] as Int64? != nil
      let number: EntryNumber = rival["number"]
      if rival["evidence"] as String? != nil || rival["leaving"] as String? != nil {
        if isOwed { return try keyHolder(rival, .releases, target, entry, db) }
      } else if isBound || (isOwed && number < entry) {
        return try keyHolder(rival, .keeps, target, entry, db)
      }
    }
    return nil
  }

  private func keyHolder(
    _ row: Row, _ state: KeyHolder.State, _ target: TargetNumber, _ asker: EntryNumber, _ db: Database
  ) throws -> KeyHolder {
    let number: EntryNumber = row["number"]
    let waits = try db.integer(
      """
      WITH RECURSIVE chain(entry) AS (
        SELECT behind FROM owed WHERE target=?1 AND entry=?2 AND behind IS NOT NULL
        UNION SELECT o.behind FROM owed o JOIN chain c ON o.target=?1 AND o.entry=c.entry WHERE o.behind IS NOT NULL)
      SELECT EXISTS(SELECT 1 FROM chain WHERE entry=?3)
      """, [target, number, asker])
    return KeyHolder(entry: number, dn: row["dn"], state: state, waitsForAsker: waits == 1)
  }
}
