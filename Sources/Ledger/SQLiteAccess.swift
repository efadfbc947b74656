import Directory
import GRDB
import Synchronization

extension SQLiteLedger {
  /// Runs a transaction on the writer. It is not undone by the cancellation of the calling task, and while the disk is
  /// full it is repeated until there is space again (or the task is cancelled): callers see a slow ledger, not an error.
  func write<Value: Sendable>(
    _ operation: String, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await persisting(operation) { completion in
      self.pool.asyncWrite(body) { _, result in completion(result) }
    }
  }

  /// Runs reads that must not overlap a transaction, such as a claim, on the writer, without a transaction of its own.
  func onWriter<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await persisting("read ledger") { completion in
      self.pool.asyncWriteWithoutTransaction { db in completion(Result { try body(db) }) }
    }
  }

  /// Reads a snapshot beside the writer.
  func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    do {
      return try await pool.read(body)
    } catch let error as DatabaseError {
      throw Self.translate(error, operation: "read ledger", path: path)
    }
  }

  /// True while another writer waits: a long step then makes way at its next convenient point.
  var othersWait: Bool { memory.withLock { $0.waiters > 1 } }

  private func persisting<Value: Sendable>(
    _ operation: String, _ start: @Sendable (@escaping @Sendable (Result<Value, any Error>) -> Void) -> Void
  ) async throws -> Value {
    memory.withLock { $0.waiters += 1 }
    defer { memory.withLock { $0.waiters -= 1 } }
    while true {
      do {
        let value = try await withCheckedThrowingContinuation { continuation in
          start { continuation.resume(with: $0) }
        }
        memory.withLock { $0.trouble = nil }
        return value
      } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
        memory.withLock {
          $0.trouble = "the disk of \(path) is full: nothing is lost, reading and delivering wait for space"
        }
        try await Task.sleep(for: .seconds(1))
      } catch let error as DatabaseError {
        throw Self.translate(error, operation: operation, path: path)
      }
    }
  }
}

extension Database {
  /// Executes a statement that is prepared once per connection.
  func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws {
    let statement = try cachedStatement(sql: sql)
    statement.setUncheckedArguments(StatementArguments(arguments))
    try statement.execute()
  }

  /// The first row of a statement that is prepared once per connection.
  func first(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws -> Row? {
    let statement = try cachedStatement(sql: sql)
    statement.setUncheckedArguments(StatementArguments(arguments))
    return try Row.fetchOne(statement)
  }

  /// All rows of a statement that is prepared once per connection.
  func all(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws -> [Row] {
    let statement = try cachedStatement(sql: sql)
    statement.setUncheckedArguments(StatementArguments(arguments))
    return try Row.fetchAll(statement)
  }

  /// A single integer.
  func integer(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []) throws -> Int64? {
    let statement = try cachedStatement(sql: sql)
    statement.setUncheckedArguments(StatementArguments(arguments))
    return try Int64.fetchOne(statement)
  }
}

extension Row {
  /// Octets of a column; empty if it is null.
  func octets(_ column: String) -> [UInt8] {
    (try? withUnsafeData(named: column) { $0.map { [UInt8]($0) } ?? [] }) ?? []
  }
}
