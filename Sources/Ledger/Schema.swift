import GRDB

/// The ledger's tables. Rowid tables where keys arrive at random; WITHOUT ROWID where they arrive in order (by entry
/// number), because then a row costs one B-tree append. The indexes on `entry` are built after a first load: see
/// `buildEntryIndexes`.
enum Schema {
  /// The newest version this program knows.
  static let version = 1

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in try db.execute(sql: first) }
    return migrator
  }

  private static let first = """
    CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value) WITHOUT ROWID;
    CREATE TABLE settings(number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, since INTEGER NOT NULL);
    CREATE TABLE directory(
      number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, orphaned INTEGER NOT NULL DEFAULT 0,
      reading TEXT NOT NULL, readAs TEXT, server TEXT, mechanism TEXT, checkpoint BLOB, checkpointAt INTEGER,
      loaded INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE target(
      number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
      orphaned INTEGER NOT NULL DEFAULT 0, deriving TEXT NOT NULL, pausedSince INTEGER, pausedReason TEXT);
    -- Which directories a target has been primed from: with start: quiet, what exists before that is not sent.
    CREATE TABLE feed(
      target INTEGER NOT NULL, directory INTEGER NOT NULL, primed INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY(target, directory)) WITHOUT ROWID;
    CREATE TABLE entry(
      number INTEGER PRIMARY KEY AUTOINCREMENT, directory INTEGER NOT NULL, id BLOB NOT NULL, dn TEXT NOT NULL,
      dnKey BLOB NOT NULL, branch INTEGER NOT NULL, key TEXT, attributes BLOB NOT NULL, digestHigh INTEGER NOT NULL,
      digestLow INTEGER NOT NULL, evidence TEXT, departedAt INTEGER);
    CREATE TABLE large(digest BLOB PRIMARY KEY NOT NULL, octets BLOB NOT NULL);
    CREATE TABLE largeUse(entry INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(entry, digest)) WITHOUT ROWID;
    CREATE INDEX largeUseByDigest ON largeUse(digest);
    CREATE TABLE binding(
      target INTEGER NOT NULL, entry INTEGER NOT NULL, state INTEGER NOT NULL, account BLOB NOT NULL,
      revision INTEGER NOT NULL, confirmedAt INTEGER NOT NULL, releasing TEXT, remoteID TEXT, remoteKey TEXT,
      etag TEXT, adopted INTEGER NOT NULL DEFAULT 0, once BLOB, PRIMARY KEY(target, entry)) WITHOUT ROWID;
    CREATE INDEX bindingReleasing ON binding(target, releasing) WHERE releasing IS NOT NULL;
    -- state: 0 ready, 1 held, 2 parked, 3 behind another entry, 4 staged until the end of a refresh.
    CREATE TABLE owed(
      target INTEGER NOT NULL, entry INTEGER NOT NULL, revision INTEGER NOT NULL, due INTEGER NOT NULL,
      state INTEGER NOT NULL DEFAULT 0, cause INTEGER NOT NULL, since INTEGER NOT NULL, epoch INTEGER NOT NULL,
      evidence TEXT, hold INTEGER, behind INTEGER, vanished TEXT, recheck INTEGER NOT NULL DEFAULT 0,
      attempts INTEGER NOT NULL DEFAULT 0, failingSince INTEGER, error TEXT,
      PRIMARY KEY(target, entry)) WITHOUT ROWID;
    CREATE INDEX owedDue ON owed(target, state, due, entry);
    CREATE INDEX owedHold ON owed(hold) WHERE hold IS NOT NULL;
    CREATE INDEX owedBehind ON owed(target, behind) WHERE behind IS NOT NULL;
    CREATE TABLE loss(
      target INTEGER NOT NULL, entry INTEGER NOT NULL, at INTEGER NOT NULL, approved INTEGER NOT NULL DEFAULT 0,
      executed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(target, entry)) WITHOUT ROWID;
    CREATE INDEX lossAt ON loss(target, at);
    CREATE TABLE hold(
      number INTEGER PRIMARY KEY AUTOINCREMENT, directory INTEGER NOT NULL, target INTEGER NOT NULL,
      kind TEXT NOT NULL, reason TEXT NOT NULL, opened INTEGER NOT NULL, sealed INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE samePerson(
      hold INTEGER NOT NULL, old INTEGER NOT NULL, new INTEGER NOT NULL, PRIMARY KEY(hold, old)) WITHOUT ROWID;
    CREATE TABLE obligation(
      number INTEGER PRIMARY KEY AUTOINCREMENT, directory INTEGER NOT NULL, kind TEXT NOT NULL,
      content BLOB NOT NULL, since INTEGER NOT NULL);
    CREATE TABLE journal(
      number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, directory INTEGER NOT NULL, target INTEGER,
      entry INTEGER NOT NULL, label TEXT NOT NULL, event TEXT NOT NULL, revision INTEGER NOT NULL,
      content BLOB, detail TEXT NOT NULL, settings INTEGER NOT NULL);
    CREATE INDEX journalEntry ON journal(entry);
    """

  /// The indexes by which entries are found; built after a first load, because a random key inserted into an index
  /// costs more than the row.
  static let buildEntryIndexes = """
    CREATE UNIQUE INDEX IF NOT EXISTS entryID ON entry(directory, id);
    CREATE INDEX IF NOT EXISTS entryDN ON entry(directory, dnKey);
    CREATE INDEX IF NOT EXISTS entryKey ON entry(key) WHERE key IS NOT NULL;
    """
}

/// The states of an owed row as they are kept.
enum OwedState: Int {
  case ready = 0
  case held = 1
  case parked = 2
  case behind = 3
  case staged = 4

  var standing: Standing.OwedState {
    switch self {
    case .ready: .ready
    case .held: .held
    case .parked: .parked
    case .behind: .behind
    case .staged: .staged
    }
  }
}
