import Accounts
import Crypto
import Directory
import Foundation
import GRDB
import Synchronization

/// The file against the ledger, and where streams stand.
extension SQLiteLedger {
  public func enrol(
    directories: [DirectoryEnrolment], targets: [TargetEnrolment], settings: String
  ) async throws -> Enrolment {
    let now = Wall.now
    let (enrolment, terms, settingsNumber) = try await write("enrol") { db in
      var enrolment = Enrolment()
      for directory in directories {
        enrolment.directories[directory.name] = try Self.enrol(directory, db)
      }
      var terms: [TargetNumber: Terms] = [:]
      for target in targets {
        let (number, rederived) = try Self.enrol(target, db)
        enrolment.targets[target.name] = number
        if rederived { enrolment.rederived.append(target.name) }
        let feeds = Set(target.directories.compactMap { enrolment.directories[$0] })
        terms[number] = Terms(name: target.name, policy: target.policy, directories: feeds)
        for feed in feeds { try Self.feed(target: number, from: feed, rederived: rederived, now: now, db) }
      }
      enrolment.orphanedDirectories = try Self.orphan("directory", except: directories.map(\.name), db)
      enrolment.orphanedTargets = try Self.orphan("target", except: targets.map(\.name), db)
      let digest = Self.digest(settings)
      try db.run("INSERT OR IGNORE INTO settings(digest, since) VALUES(?, ?)", [digest, now])
      let number = try db.integer("SELECT number FROM settings WHERE digest=?", [digest]) ?? 0
      return (enrolment, terms, number)
    }
    memory.withLock { memory in
      memory.terms = terms
      memory.directoryNames = Dictionary(uniqueKeysWithValues: enrolment.directories.map { ($0.value, $0.key) })
      memory.settings = settingsNumber
    }
    return enrolment
  }

  private static func enrol(_ directory: DirectoryEnrolment, _ db: Database) throws -> DirectoryNumber {
    if let old = directory.renamedFrom {
      try db.run(
        "UPDATE directory SET name=? WHERE name=? AND NOT EXISTS(SELECT 1 FROM directory WHERE name=?)",
        [directory.name, old, directory.name])
    }
    let reading = digest(directory.reading)
    try db.run(
      """
      INSERT INTO directory(name, reading) VALUES(?, ?)
      ON CONFLICT(name) DO UPDATE SET reading=excluded.reading, orphaned=0
      """, [directory.name, reading])
    return try db.integer("SELECT number FROM directory WHERE name=?", [directory.name]) ?? 0
  }

  /// Returns the target's number and whether its rules or policies are others than before (or may have been missed
  /// while it was orphaned).
  private static func enrol(_ target: TargetEnrolment, _ db: Database) throws -> (TargetNumber, Bool) {
    if let old = target.renamedFrom {
      try db.run(
        "UPDATE target SET name=? WHERE name=? AND NOT EXISTS(SELECT 1 FROM target WHERE name=?)",
        [target.name, old, target.name])
    }
    let deriving = digest(target.deriving)
    guard let row = try db.first("SELECT number, deriving, orphaned FROM target WHERE name=?", [target.name]) else {
      try db.run("INSERT INTO target(name, kind, deriving) VALUES(?, ?, ?)", [target.name, target.kind, deriving])
      return (db.lastInsertedRowID, true)
    }
    let number: TargetNumber = row["number"]
    let changed = row["deriving"] as String != deriving || row["orphaned"] as Bool
    try db.run(
      "UPDATE target SET deriving=?, kind=?, orphaned=0 WHERE number=?", [deriving, target.kind, number])
    return (number, changed)
  }

  private static func feed(
    target: TargetNumber, from directory: DirectoryNumber, rederived: Bool, now: Instant, _ db: Database
  ) throws {
    try db.run("INSERT OR IGNORE INTO feed(target, directory) VALUES(?, ?)", [target, directory])
    let isNew = db.changesCount == 1
    let loaded = try db.integer("SELECT loaded FROM directory WHERE number=?", [directory]) == 1
    guard rederived || isNew, loaded else { return }
    try open(.rederive(target: target, from: 0), directory: directory, now: now, db)
  }

  private static func orphan(_ table: String, except names: [String], _ db: Database) throws -> [String] {
    let missing = try String.fetchAll(db, sql: "SELECT name FROM \(table)").filter { !names.contains($0) }
    for name in missing { try db.run("UPDATE \(table) SET orphaned=1 WHERE name=?", [name]) }
    return missing
  }

  public func position(of directory: DirectoryNumber) async throws -> Position {
    try await onWriter { db in
      let row = try db.first("SELECT * FROM directory WHERE number=?", [directory])
      let entries = try db.integer(
        "SELECT count(*) FROM entry WHERE directory=? AND evidence IS NULL", [directory])
      let readAs = row?["readAs"] as String?
      let mechanism = row?["mechanism"] as String?
      let value = row.map { $0.octets("checkpoint") } ?? []
      return Position(
        checkpoint: mechanism.flatMap { value.isEmpty ? nil : Checkpoint(mechanism: $0, value: value) },
        readingChanged: readAs != nil && readAs != row?["reading"] as String?,
        loaded: row?["loaded"] as Bool? ?? false, entries: Int(entries ?? 0), server: row?["server"])
    }
  }

  static func digest(_ text: String) -> String {
    SHA256.hash(data: Array(text.utf8)).prefix(16).map {
      String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
    }.joined()
  }
}

/// This machine's clock.
public enum Wall {
  /// Milliseconds since 1970.
  public static var now: Instant { Int64(Date().timeIntervalSince1970 * 1000) }
}
