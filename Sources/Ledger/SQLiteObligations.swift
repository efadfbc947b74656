import Directory
import Foundation
import GRDB

/// Obligations as JSON, so that a person can read them with sqlite3.
extension SQLiteLedger {
  private struct Content: Codable {
    var below: [String]?
    var ids: [String]?
    var target: Int64?
    var from: Int64?
  }

  static func open(
    _ kind: Obligation.Kind, directory: DirectoryNumber, now: Instant, _ db: Database
  ) throws {
    let (name, content) = try encode(kind)
    let same = try db.integer(
      "SELECT number FROM obligation WHERE directory=? AND kind=? AND content=?", [directory, name, content])
    guard same == nil else { return }
    try db.run(
      "INSERT INTO obligation(directory, kind, content, since) VALUES(?, ?, ?, ?)", [directory, name, content, now])
  }

  static func advance(_ obligation: Obligation, _ db: Database) throws {
    let (_, content) = try encode(obligation.kind)
    try db.run("UPDATE obligation SET content=? WHERE number=?", [content, obligation.number])
  }

  static func obligations(of directory: DirectoryNumber, _ db: Database) throws -> [Obligation] {
    try db.all("SELECT * FROM obligation WHERE directory=? ORDER BY number", [directory]).compactMap { row in
      let content = try JSONDecoder().decode(Content.self, from: Data(row.octets("content")))
      let kind: Obligation.Kind
      switch row["kind"] as String {
      case "census": kind = .census(below: content.below ?? [])
      case "confirm": kind = .confirm((content.ids ?? []).compactMap(Self.id(printed:)))
      case "rederive": kind = .rederive(target: content.target ?? 0, from: content.from ?? 0)
      default: return nil
      }
      return Obligation(number: row["number"], kind: kind, since: row["since"])
    }
  }

  private static func encode(_ kind: Obligation.Kind) throws -> (String, Data) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    switch kind {
    case .census(let below): return ("census", try encoder.encode(Content(below: below)))
    case .confirm(let ids): return ("confirm", try encoder.encode(Content(ids: ids.map(\.description))))
    case .rederive(let target, let from): return ("rederive", try encoder.encode(Content(target: target, from: from)))
    }
  }

  private static func id(printed text: String) -> StableID? { StableID(printed: text) ?? .key(text) }
}

extension SQLiteLedger {
  public func obligations(of directory: DirectoryNumber) async throws -> [Obligation] {
    try await onWriter { db in try Self.obligations(of: directory, db) }
  }
}
