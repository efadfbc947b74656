import Accounts
import Directory
import Foundation
import GRDB
import Synchronization

/// Carrying out a step of `Follow`.
extension SQLiteLedger {
  public func commit(_ step: FollowStep) async throws -> StepReceipt {
    guard !step.isEmpty || step.phase != .live else { return StepReceipt() }
    var receipt = StepReceipt()
    var written = 0
    while true {
      let (from, before) = (written, receipt)
      let (reached, now, finished) = try await write("commit") { db in
        let work = StepWork(step: step, ledger: self, receipt: before, db: db)
        let reached = try work.write(from: from)
        let finished = reached == step.writes.count
        if finished { try work.finish() }
        try work.keepRevision()
        return (reached, work.receipt, finished)
      }
      (written, receipt) = (reached, now)
      if finished { break }
    }
    // During a first load nothing is claimed anyway: see `claim`.
    if step.phase != .refreshing || !isLoading(step.directory) { signal(directory: step.directory) }
    return receipt
  }

  func isLoading(_ directory: DirectoryNumber) -> Bool { memory.withLock { $0.loading.contains(directory) } }

  func signal(directory: DirectoryNumber) {
    memory.withLock { memory in
      for (target, terms) in memory.terms where terms.directories.contains(directory) {
        for continuation in memory.signals[target] ?? [] { continuation.yield() }
      }
    }
  }

  func signal(target: TargetNumber) {
    memory.withLock { memory in for continuation in memory.signals[target] ?? [] { continuation.yield() } }
  }

  public func signals(for target: TargetNumber) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    memory.withLock { $0.signals[target, default: []].append(continuation) }
    return stream
  }
}

/// One transaction's part of a step.
final class StepWork {
  let step: FollowStep
  let ledger: SQLiteLedger
  let db: Database
  let revision: Int64
  let terms: [(target: TargetNumber, terms: SQLiteLedger.Terms)]
  var receipt: StepReceipt
  private var quiet: Set<TargetNumber> = []

  init(step: FollowStep, ledger: SQLiteLedger, receipt: StepReceipt, db: Database) {
    self.step = step
    self.ledger = ledger
    self.receipt = receipt
    self.db = db
    (revision, terms) = ledger.memory.withLock { memory in
      let revision = memory.nextRevision(at: step.now)
      let concerned = memory.terms.filter {
        $0.value.directories.contains(step.directory) && (step.only ?? $0.key) == $0.key
      }
      return (revision, concerned.sorted { $0.key < $1.key }.map { (target: $0.key, terms: $0.value) })
    }
  }

  /// Writes entries from an index on; makes way for others between rows once the transaction is 4 ms old.
  func write(from start: Int) throws -> Int {
    guard !step.writes.isEmpty else { return 0 }
    if step.phase != .live { try learnQuiet() }
    let began = ContinuousClock.now
    var index = start
    while index < step.writes.count {
      try put(step.writes[index])
      index += 1
      receipt.written += 1
      if index & 63 == 0, ledger.othersWait, ContinuousClock.now - began > .milliseconds(4) { break }
    }
    return index
  }

  func keepRevision() throws { try db.run("INSERT OR REPLACE INTO meta VALUES('revision', ?)", [revision]) }

  /// With `start: quiet`, what exists before the first refresh has ended is taken as settled.
  private func learnQuiet() throws {
    for (target, terms) in terms where terms.policy.start == .quiet {
      let primed = try db.integer(
        "SELECT primed FROM feed WHERE target=? AND directory=?", [target, step.directory])
      if primed == 0 { quiet.insert(target) }
    }
  }

  private func put(_ write: EntryWrite) throws {
    let number = try store(write)
    for (digest, octets) in write.large {
      try db.run("INSERT OR IGNORE INTO large VALUES(?, ?)", [Data(digest), Data(octets)])
      try db.run("INSERT OR IGNORE INTO largeUse VALUES(?, ?)", [number, Data(digest)])
    }
    guard write.branch == .user else { return }
    for (target, _) in terms {
      if write.excluded.contains(target) {
        try lose(number, at: target, on: .notEntitled)
      } else {
        try owe(number, to: target, write)
      }
    }
  }

  private func store(_ write: EntryWrite) throws -> EntryNumber {
    let entry = write.entry
    if let number = write.number, !write.stores { return number }
    if let number = write.number {
      let old = try db.first("SELECT key FROM entry WHERE number=?", [number])
      if let old {
        if let key = old["key"] as String?, key != write.key {
          try db.run(
            "UPDATE binding SET releasing=? WHERE target IN (SELECT number FROM target) AND entry=?", [key, number])
        }
        try forgetLarge(of: number, except: entry.attributes)
        try db.run(
          """
          UPDATE entry SET dn=?, dnKey=?, branch=?, key=?, attributes=?, digestHigh=?, digestLow=?, evidence=NULL,
          departedAt=NULL WHERE number=?
          """,
          [
            entry.dn.string, Data(write.dnKey), write.branch.rawValue, write.key, Data(entry.attributes.bytes),
            write.digest.high, write.digest.low, number,
          ])
        return number
      }
    }
    var insert = try FastStatement(
      """
      INSERT INTO entry(directory, id, dn, dnKey, branch, key, attributes, digestHigh, digestLow)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, db)
    insert.bind(step.directory)
    insert.bind(id: entry.id)
    insert.bind(text: entry.dn.string)
    insert.bind(octets: write.dnKey)
    insert.bind(write.branch.rawValue)
    insert.bind(text: write.key)
    insert.bind(octets: entry.attributes.bytes)
    insert.bind(write.digest.high)
    insert.bind(write.digest.low)
    try insert.run()
    return db.lastInsertedRowID
  }

  /// A known entry may come without the octets it refers to, as it was kept.
  private func forgetLarge(of number: EntryNumber, except attributes: Attributes) throws {
    let used = try db.all("SELECT digest FROM largeUse WHERE entry=?", [number]).map { $0.octets("digest") }
    guard !used.isEmpty else { return }
    var needed: Set<[UInt8]> = []
    attributes.forEach { attribute in
      for value in attribute.values { if case .reference(let digest) = value { needed.insert(Array(digest)) } }
      return true
    }
    for digest in used where !needed.contains(digest) {
      try db.run("DELETE FROM largeUse WHERE entry=? AND digest=?", [number, Data(digest)])
    }
  }

  private func owe(_ number: EntryNumber, to target: TargetNumber, _ write: EntryWrite) throws {
    let staged = write.awaitsVerdict || (!write.vanished.isEmpty && step.phase != .live)
    let cause = quiet.contains(target) ? Cause.quiet : Cause(step.reason)
    if write.number != nil {
      try db.run("DELETE FROM loss WHERE target=? AND entry=? AND executed=0", [target, number])
      if try staysHeld(number, at: target, write) { return }
    }
    // Being taken as settled does not take back what was owed in earnest.
    var insert = try FastStatement(
      """
      INSERT INTO owed(target, entry, revision, due, state, cause, since, epoch, vanished)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT(target, entry) DO UPDATE SET revision=excluded.revision, due=excluded.due, state=excluded.state,
      cause=CASE WHEN excluded.cause=3 THEN cause ELSE excluded.cause END, evidence=NULL, hold=NULL, behind=NULL,
      vanished=excluded.vanished, recheck=0, \(SQLiteLedger.unparked(epoch: "excluded.epoch"))
      """, db)
    insert.bind(target)
    insert.bind(number)
    insert.bind(revision)
    insert.bind(step.now)
    insert.bind((staged ? OwedState.staged : .ready).rawValue)
    insert.bind(cause.rawValue)
    insert.bind(step.now)
    insert.bind(ledger.epoch)
    insert.bind(text: write.vanished.isEmpty ? nil : write.vanished.joined(separator: ","))
    try insert.run()
  }

  /// A row held because an attribute vanished stays held until the attribute is back; a newcomer who may be someone
  /// known stays held until a person has said who it is.
  private func staysHeld(_ number: EntryNumber, at target: TargetNumber, _ write: EntryWrite) throws -> Bool {
    guard
      let row = try db.first(
        "SELECT vanished FROM owed WHERE target=? AND entry=? AND state IN (1, 4) AND evidence IS NULL",
        [target, number])
    else { return false }
    if let vanished = row["vanished"] as String?,
      !vanished.split(separator: ",").contains(where: { write.entry.attributes.values(String($0)).isEmpty })
    {
      return false
    }
    try db.run("UPDATE owed SET revision=? WHERE target=? AND entry=?", [revision, target, number])
    return true
  }

  /// Departures, verdicts, obligations and checkpoint: the end of the step.
  func finish() throws {
    for departure in step.departures { try depart(departure) }
    if step.phase != .live { try endOrContinueRefresh() }
    if step.phase != .refreshing { try judge() }
    for kind in step.opened {
      try SQLiteLedger.open(kind, directory: step.directory, now: step.now, db)
    }
    for number in step.closed { try db.run("DELETE FROM obligation WHERE number=?", [number]) }
    for obligation in step.advanced { try SQLiteLedger.advance(obligation, db) }
    if let server = step.server {
      try db.run("UPDATE directory SET server=? WHERE number=?", [server, step.directory])
    }
    if step.forgetsCheckpoint {
      try db.run("UPDATE directory SET checkpoint=NULL WHERE number=?", [step.directory])
    }
    if let checkpoint = step.checkpoint {
      try db.run(
        "UPDATE directory SET mechanism=?, checkpoint=?, checkpointAt=? WHERE number=?",
        [checkpoint.mechanism, Data(checkpoint.value), step.now, step.directory])
    }
  }

  private func endOrContinueRefresh() throws {
    guard case .refreshed(let whole) = step.phase else {
      let loaded = try db.integer("SELECT loaded FROM directory WHERE number=?", [step.directory]) == 1
      if !loaded { _ = ledger.memory.withLock { $0.loading.insert(step.directory) } }
      return
    }
    try db.execute(sql: Schema.buildEntryIndexes)
    if let only = step.only {
      try db.run("UPDATE feed SET primed=1 WHERE directory=? AND target=?", [step.directory, only])
    } else if whole {
      try db.run("UPDATE directory SET loaded=1, readAs=reading WHERE number=?", [step.directory])
      try db.run("UPDATE feed SET primed=1 WHERE directory=?", [step.directory])
    }
    _ = ledger.memory.withLock { $0.loading.remove(step.directory) }
  }

  private func depart(_ departure: Departure) throws {
    guard
      let row = try db.first(
        "SELECT branch, key, dn FROM entry WHERE number=? AND evidence IS NULL", [departure.number])
    else { return }
    guard row["branch"] as Int == Branch.user.rawValue else {
      try db.run("DELETE FROM entry WHERE number=?", [departure.number])
      return
    }
    try db.run(
      "UPDATE entry SET evidence=?, departedAt=? WHERE number=?",
      [departure.evidence.rawValue, step.now, departure.number])
    for (target, _) in terms { try lose(departure.number, at: target, on: departure.evidence) }
    let label = row["key"] as String? ?? row["dn"]
    try ledger.journal(
      JournalLine(at: step.now, event: "departed", label: label, detail: departure.evidence.rawValue), target: nil,
      entry: departure.number, directory: step.directory, revision: revision, db)
    try ledger.bury(departure.number, db)
  }
}
