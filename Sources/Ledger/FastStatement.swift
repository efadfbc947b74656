import Directory
import GRDB
import GRDBSQLite

/// A prepared statement whose values are bound without an object each: for the few that run once an account. GRDB's own
/// binding costs more there than SQLite does (measured with contrib/benchmarks, first load).
struct FastStatement {
  private let handle: SQLiteStatement
  private let connection: SQLiteConnection
  private var position: Int32 = 0

  /// Makes SQLite copy what it is given (SQLITE_TRANSIENT, a macro that Swift does not see).
  private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  /// The statement, prepared once per connection.
  init(_ sql: String, _ db: Database) throws {
    handle = try db.cachedStatement(sql: sql).sqliteStatement
    guard let connection = db.sqliteConnection else { throw DatabaseError(resultCode: .SQLITE_MISUSE) }
    self.connection = connection
    sqlite3_reset(handle)
  }

  /// Binds the next parameter.
  mutating func bind(_ value: Int64?) {
    position += 1
    if let value { sqlite3_bind_int64(handle, position, value) } else { sqlite3_bind_null(handle, position) }
  }

  /// Binds the next parameter.
  mutating func bind(_ value: Int) { bind(Int64(value)) }

  /// Binds the next parameter.
  mutating func bind(text: String?) {
    position += 1
    guard var text else {
      sqlite3_bind_null(handle, position)
      return
    }
    text.withUTF8 { utf8 in
      _ = utf8.withMemoryRebound(to: CChar.self) {
        sqlite3_bind_text(handle, position, $0.baseAddress, Int32($0.count), Self.copied)
      }
    }
  }

  /// Binds the next parameter; no octets are an empty blob.
  mutating func bind(octets: [UInt8]?) {
    position += 1
    guard let octets else {
      sqlite3_bind_null(handle, position)
      return
    }
    if octets.isEmpty {
      sqlite3_bind_zeroblob(handle, position, 0)
    } else {
      octets.withUnsafeBytes { _ = sqlite3_bind_blob(handle, position, $0.baseAddress, Int32($0.count), Self.copied) }
    }
  }

  /// Binds the next parameter in its stored form.
  mutating func bind(id: StableID) {
    guard case .uuid(let high, let low) = id else { return bind(octets: id.stored) }
    position += 1
    withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) {
      _ = sqlite3_bind_blob(handle, position, $0.baseAddress, 16, Self.copied)
    }
  }

  /// Runs the statement, which gives no rows.
  func run() throws {
    let code = sqlite3_step(handle)
    let message = code == SQLITE_DONE ? nil : String(cString: sqlite3_errmsg(connection))
    sqlite3_reset(handle)
    guard code == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message) }
  }
}
