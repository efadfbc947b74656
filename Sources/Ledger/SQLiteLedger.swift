import Accounts
import Directory
import GRDB
import Glibc
import Synchronization

/// The ledger in one SQLite file: WAL, `synchronous=FULL`, one writer in one process.
///
/// Readers work on snapshots beside the writer. What SQLite cannot know lives here in memory: leases (a crash leaves
/// every owed row in doubt instead, by its epoch), the deliverers' signals, and the cached number of accounts at a target.
public final class SQLiteLedger: Ledger {
  struct Terms: Sendable {
    var name: String
    var policy: Policy
    var directories: Set<DirectoryNumber>
  }

  struct Lease: Hashable {
    var target: TargetNumber
    var entry: EntryNumber
  }

  /// What lives in memory beside the file.
  struct Memory {
    var terms: [TargetNumber: Terms] = [:]
    var directoryNames: [DirectoryNumber: String] = [:]
    var leases: Set<Lease> = []
    var signals: [TargetNumber: [AsyncStream<Void>.Continuation]] = [:]
    var populations: [TargetNumber: (accounts: Int, counted: Instant)] = [:]
    var settings: Int64 = 0
    var lastRevision: Int64 = 0
    /// Directories whose first refresh is under way: nothing of theirs is claimed before its end.
    var loading: Set<DirectoryNumber> = []
    var waiters = 0
    var trouble: String?

    /// The revision of a step. The number after it is the step's too: a departure that is carried out in two steps,
    /// disabled now and deleted later, says two things, and receivers ignore what is not greater.
    mutating func nextRevision(at now: Instant) -> Int64 {
      lastRevision = max(lastRevision + 2, now)
      return lastRevision
    }
  }

  let path: String
  let pool: DatabasePool
  /// The number of this run: an owed row of an earlier one is in doubt.
  let epoch: Int64
  let memory = Mutex(Memory())
  private let lock: LedgerLock?

  /// Opens or creates the ledger, takes its lock, checks it, and brings it to this program's schema.
  /// - Parameters:
  ///   - path: the file; `-wal`, `-shm` and `-lock` stand beside it.
  ///   - patient: true to wait up to 3 s for a process that is about to let go of it.
  ///   - locked: false only for a scratch copy that nobody else knows.
  public init(path: String, locked: Bool = true, patient: Bool = false) throws {
    self.path = path
    lock = locked ? try LedgerLock(path: path, patient: patient) : nil
    var configuration = GRDB.Configuration()
    configuration.label = "ledger"
    configuration.maximumReaderCount = 3
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { db in
      try db.execute(
        sql: """
          PRAGMA synchronous=FULL;
          PRAGMA wal_autocheckpoint=2000;
          PRAGMA journal_size_limit=67108864;
          PRAGMA cache_size=-3000;
          PRAGMA temp_store=MEMORY;
          """)
    }
    Self.restrict(path)
    do {
      pool = try DatabasePool(path: path, configuration: configuration)
      try Self.check(pool, path: path)
      try Schema.migrator.migrate(pool)
      let opened = try pool.write { db in
        let epoch = (try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE key='epoch'") ?? 0) + 1
        try db.execute(sql: "INSERT OR REPLACE INTO meta VALUES('epoch', ?)", arguments: [epoch])
        let revision = try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE key='revision'") ?? 0
        if try Bool.fetchOne(db, sql: "SELECT EXISTS(SELECT 1 FROM entry)") == true {
          try db.execute(sql: Schema.buildEntryIndexes)
        }
        return (epoch: epoch, revision: revision)
      }
      epoch = opened.epoch
      memory.withLock { $0.lastRevision = opened.revision }
    } catch let error as DatabaseError {
      throw Self.translate(error, operation: "open ledger", path: path)
    }
  }

  /// The process that has the ledger at this path open; nil if none has.
  public static func holder(of path: String) -> Int32? { LedgerLock.holder(of: path) }

  public var trouble: String? { memory.withLock { $0.trouble } }

  public func close() async throws {
    memory.withLock { memory in
      for continuations in memory.signals.values { for continuation in continuations { continuation.finish() } }
      memory.signals = [:]
    }
    // One file is left: a copy of it is a backup.
    _ = try? await pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    try pool.close()
    lock?.release()
  }

  /// Copies the ledger as it is now to another path, for `plan`.
  public static func copy(from path: String, to copy: String) throws {
    var configuration = GRDB.Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    do {
      restrict(copy)
      let source = try DatabaseQueue(path: path, configuration: configuration)
      let target = try DatabaseQueue(path: copy)
      try source.backup(to: target)
      try source.close()
      try target.close()
    } catch let error as DatabaseError {
      throw translate(error, operation: "copy ledger", path: path)
    }
  }

  /// Makes the file its owner's before SQLite opens it: the files beside it (`-wal`, `-shm`) get the same mode.
  private static func restrict(_ path: String) {
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    fchmod(descriptor, 0o600)
    Glibc.close(descriptor)
  }

  private static func check(_ pool: DatabasePool, path: String) throws {
    try pool.read { db in
      let known = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE name='grdb_migrations'") ?? 0
      if known > 0 {
        let newest =
          try Int.fetchOne(db, sql: "SELECT max(CAST(identifier AS INTEGER)) FROM grdb_migrations") ?? 0
        guard newest <= Schema.version else {
          throw LedgerError(
            .newer, operation: "open ledger", subject: path,
            cause: "it has schema \(newest), this rollcall knows up to \(Schema.version)",
            hint: "a newer rollcall wrote it: run that one, or restore the backup made before the upgrade")
        }
      }
      let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
      guard verdict == "ok" else {
        throw LedgerError(
          .corrupt, operation: "open ledger", subject: path, cause: verdict,
          hint: "restore a backup, or move the file away: a new ledger compares everything and deletes nothing unasked")
      }
    }
  }

  static func translate(_ error: DatabaseError, operation: String, path: String) -> LedgerError {
    switch error.resultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      LedgerError(
        .corrupt, operation: operation, subject: path, cause: error.message ?? "damaged",
        hint: "restore a backup, or move the file away: a new ledger compares everything and deletes nothing unasked")
    default:
      LedgerError(
        .inaccessible, operation: operation, subject: path, cause: error.message ?? "\(error.resultCode)",
        hint: "check that the file and its directory belong to the user that runs rollcall, and the disk's space")
    }
  }
}
