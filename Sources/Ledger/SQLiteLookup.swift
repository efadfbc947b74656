import Directory
import Foundation
import GRDB

/// Finding people and telling their story.
extension SQLiteLedger {
  public func find(_ account: String) async throws -> [KnownEntry] {
    let folded = account.lowercased()
    let id = StableID(printed: account)
    let name = DistinguishedName(account).key
    return try await read { db in
      var rows = try db.all("SELECT \(Self.entryColumns) FROM entry WHERE key=?", [folded])
      if rows.isEmpty, let id {
        rows = try db.all("SELECT \(Self.entryColumns) FROM entry WHERE id=?", [Data(id.stored)])
      }
      if rows.isEmpty, account.contains("=") {
        rows = try db.all("SELECT \(Self.entryColumns) FROM entry WHERE dnKey=?", [Data(name)])
      }
      if rows.isEmpty, account.contains("@") {
        // An address is looked for where entries keep it; the ledger has no index on values.
        rows = try db.all(
          "SELECT \(Self.entryColumns) FROM entry WHERE instr(attributes, ?) LIMIT 20", [Data(account.utf8)])
      }
      return rows.map(Self.knownEntry)
    }
  }

  public func standing(of entry: EntryNumber) async throws -> [Standing] {
    try await read { db in
      try db.all(
        """
        SELECT t.name, t.number, b.state AS boundState, b.account, b.revision AS boundRevision, b.confirmedAt,
        o.revision, o.state, o.evidence, o.due, o.attempts, o.error, o.hold
        FROM target t LEFT JOIN binding b ON b.target=t.number AND b.entry=?1
        LEFT JOIN owed o ON o.target=t.number AND o.entry=?1 WHERE t.orphaned=0 ORDER BY t.number
        """, [entry]
      ).map { row in
        let bound = (row["boundState"] as Int?).flatMap(Binding.State.init(rawValue:))
        return Standing(
          target: row["name"], number: row["number"],
          binding: bound.map {
            Binding(
              state: $0, account: row.octets("account"), revision: row["boundRevision"],
              confirmedAt: row["confirmedAt"])
          },
          revision: row["revision"], state: (row["state"] as Int?).flatMap(OwedState.init(rawValue:))?.standing,
          evidence: (row["evidence"] as String?).flatMap(Evidence.init(rawValue:)), due: row["due"],
          attempts: row["attempts"] ?? 0, error: row["error"], hold: row["hold"])
      }
    }
  }

  public func journal(
    entry: EntryNumber?, label: String?, since: Instant?, limit: Int
  ) async throws -> [JournalRecord] {
    try await read { db in
      var conditions: [String] = []
      var arguments: [(any DatabaseValueConvertible)?] = []
      switch (entry, label) {
      case (let entry?, let label?):
        conditions.append("(j.entry=? OR j.label=?)")
        arguments += [entry, label]
      case (let entry?, nil):
        conditions.append("j.entry=?")
        arguments.append(entry)
      case (nil, let label?):
        conditions.append("j.label=?")
        arguments.append(label)
      case (nil, nil): break
      }
      if let since {
        conditions.append("j.at>=?")
        arguments.append(since)
      }
      let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
      return try db.all(
        """
        SELECT j.*, t.name AS targetName FROM journal j LEFT JOIN target t ON t.number=j.target
        \(filter) ORDER BY j.number DESC LIMIT ?
        """, arguments + [limit]
      ).map { row in
        JournalRecord(
          line: JournalLine(
            at: row["at"], event: row["event"], label: row["label"], content: row.octets("content"),
            detail: row["detail"]),
          target: row["targetName"], entry: row["entry"], revision: row["revision"])
      }
    }
  }
}
