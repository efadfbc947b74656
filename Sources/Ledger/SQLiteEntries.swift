public import Directory
import Foundation
import GRDB

/// Reading entries back.
extension SQLiteLedger {
  static let entryColumns =
    "number, directory, id, dn, branch, key, attributes, digestHigh, digestLow, evidence, departedAt"

  static func knownEntry(_ row: Row) -> KnownEntry {
    KnownEntry(
      number: row["number"], directory: row["directory"], entry: entry(row),
      digest: ContentDigest(high: row["digestHigh"], low: row["digestLow"]),
      branch: Branch(rawValue: row["branch"]) ?? .user, key: row["key"],
      evidence: (row["evidence"] as String?).flatMap(Evidence.init(rawValue:)))
  }

  static func entry(_ row: Row) -> Entry {
    Entry(
      id: StableID(stored: row.octets("id")), dn: DistinguishedName(row["dn"]),
      attributes: Attributes(canonical: row.octets("attributes")))
  }

  public func index(of directory: DirectoryNumber) async throws -> EntryIndex {
    let index = try await read { db in
      var slots: [EntryIndex.Slot] = []
      let rows = try Row.fetchCursor(
        db, sql: "SELECT id, branch, digestHigh, digestLow, number FROM entry WHERE directory=? AND evidence IS NULL",
        arguments: [directory])
      while let row = try rows.next() {
        slots.append(
          EntryIndex.Slot(
            id: StableID(stored: row.octets("id")), isUser: row["branch"] as Int == Branch.user.rawValue,
            digest: ContentDigest(high: row["digestHigh"], low: row["digestLow"]), number: row["number"]))
      }
      return EntryIndex(slots)
    }
    // A first load that was cut left entries without indexes; the next one looks each of them up.
    if index.count > 0 {
      try await write("index entries") { db in try db.execute(sql: Schema.buildEntryIndexes) }
    }
    return index
  }

  public func known(_ ids: [StableID], in directory: DirectoryNumber) async throws -> [StableID: KnownEntry] {
    guard !ids.isEmpty else { return [:] }
    return try await onWriter { db in
      var known: [StableID: KnownEntry] = [:]
      for id in ids {
        let row = try db.first(
          "SELECT \(Self.entryColumns) FROM entry WHERE directory=? AND id=?", [directory, Data(id.stored)])
        if let row { known[id] = Self.knownEntry(row) }
      }
      return known
    }
  }

  public func known(below name: DistinguishedName, in directory: DirectoryNumber) async throws -> [KnownEntry] {
    let key = name.key
    return try await onWriter { db in
      try db.all(
        """
        SELECT \(Self.entryColumns) FROM entry
        WHERE directory=? AND dnKey>=? AND dnKey<? AND evidence IS NULL ORDER BY dnKey
        """, [directory, Data(key), Data(key + [0xff])]
      ).map(Self.knownEntry)
    }
  }

  public func users(of directory: DirectoryNumber, from: EntryNumber, limit: Int) async throws -> [KnownEntry] {
    try await read { db in
      try db.all(
        """
        SELECT \(Self.entryColumns) FROM entry
        WHERE number>=? AND directory=? AND branch=1 AND evidence IS NULL ORDER BY number LIMIT ?
        """, [from, directory, limit]
      ).map(Self.knownEntry)
    }
  }

  public func holders(of keys: [String], in directory: DirectoryNumber) async throws -> [String: EntryNumber] {
    try await onWriter { db in
      var holders: [String: EntryNumber] = [:]
      for key in keys {
        let number = try db.integer(
          "SELECT number FROM entry WHERE key=? AND directory=? AND evidence IS NULL ORDER BY number LIMIT 1",
          [key, directory])
        if let number { holders[key] = number }
      }
      return holders
    }
  }

  public func awaitingVerdict(
    in directory: DirectoryNumber
  ) async throws -> [(id: StableID, holder: EntryNumber)] {
    try await onWriter { db in
      try db.all(
        """
        SELECT e.id, min(h.number) AS holder FROM owed o CROSS JOIN entry e ON e.number=o.entry
        JOIN entry h ON h.key=e.key AND h.directory=e.directory AND h.number<>e.number AND h.evidence IS NULL
        WHERE o.target IN (SELECT number FROM target) AND o.state=4 AND o.evidence IS NULL AND o.vanished IS NULL
        AND e.directory=? GROUP BY e.number
        """, [directory]
      ).map { (id: StableID(stored: $0.octets("id")), holder: $0["holder"]) }
    }
  }

  public func large(_ digest: [UInt8]) async throws -> [UInt8]? {
    try await read { db in try db.first("SELECT octets FROM large WHERE digest=?", [Data(digest)])?.octets("octets") }
  }
}
