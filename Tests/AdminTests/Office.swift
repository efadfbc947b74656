import Accounts
import Admin
import Directory
import Ledger
import TestSupport

/// A desk over a real ledger in which something has happened.
final class Office {
  let files: TemporaryDirectory
  let ledger: SQLiteLedger
  let desk: Desk
  private let directory: DirectoryNumber
  private let target: TargetNumber

  init(running since: Instant? = nil) async throws {
    files = try TemporaryDirectory("admin")
    ledger = try SQLiteLedger(path: files.file("rollcall.db"))
    let enrolment = try await ledger.enrol(
      directories: [DirectoryEnrolment(name: "corp", reading: "")],
      targets: [
        TargetEnrolment(name: "hooks", kind: "webhook", deriving: "", policy: Policy(), directories: ["corp"])
      ], settings: "")
    directory = enrolment.directories["corp"] ?? 0
    target = enrolment.targets["hooks"] ?? 0
    desk = Desk(
      ledger: ledger, ledgerPath: files.file("rollcall.db"), rules: .standard, directories: enrolment.directories,
      targets: enrolment.targets, conditions: ["hooks": try Condition(parsing: #"userName != "nobody""#)],
      since: since)
  }

  func person(_ login: String, _ attributes: [String: [String]] = [:]) -> Entry {
    let number = login.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
    return Entry(
      id: .uuid(1, number), dn: DistinguishedName("uid=\(login),dc=example,dc=com"),
      attributes: Attributes(["uid": [login]].merging(attributes) { $1 }))
  }

  func people(_ count: Int) -> [Entry] { (1...count).map { person("p\(100 + $0)") } }

  func tell(_ entries: [Entry]) async throws {
    var step = FollowStep(directory: directory, now: Wall.now, reason: .change)
    for entry in entries {
      let known = try await ledger.known([entry.id], in: directory)[entry.id]
      step.writes.append(
        EntryWrite(
          number: known?.number, entry: entry, dnKey: entry.dn.key, digest: entry.digest, branch: .user,
          key: entry.attributes.texts("uid").first))
    }
    _ = try await ledger.commit(step)
  }

  func lose(_ entries: [Entry]) async throws {
    var step = FollowStep(directory: directory, now: Wall.now, reason: .change)
    for entry in entries {
      guard let known = try await ledger.known([entry.id], in: directory)[entry.id] else { continue }
      step.departures.append(Departure(number: known.number, evidence: .deleted))
    }
    _ = try await ledger.commit(step)
  }

  /// What is due comes to this.
  func settle(_ event: String = "created", _ result: (Owed) -> Settlement.Result) async throws {
    for owed in try await ledger.claim(target: target, now: Wall.now, limit: 1000) {
      let line = JournalLine(at: Wall.now, event: event, label: owed.key ?? "?", detail: "told")
      try await ledger.settle([
        Settlement(
          target: owed.target, entry: owed.entry, revision: owed.revision, result: result(owed), journal: line)
      ])
    }
  }

  func deliver() async throws {
    try await settle { owed in
      var json: [UInt8] = []
      Rules.standard.derive(owed.person).account.appendJSON(to: &json)
      return .settled(account: json, state: .active)
    }
  }

  func close() async {
    try? await ledger.close()
    files.remove()
  }
}

func withOffice(running since: Instant? = nil, _ body: (Office) async throws -> Void) async throws {
  let office = try await Office(running: since)
  do {
    try await body(office)
  } catch {
    await office.close()
    throw error
  }
  await office.close()
}

/// The answer was of another kind.
struct Unexpected: Error { var answer: Answer }

extension Desk {
  func status() async throws -> StatusAnswer {
    let answer = await answer(.status)
    guard case .status(let status) = answer else { throw Unexpected(answer: answer) }
    return status
  }

  func held() async throws -> [HoldAnswer] {
    let answer = await answer(.held)
    guard case .held(let held) = answer else { throw Unexpected(answer: answer) }
    return held
  }

  func failed() async throws -> [FailureAnswer] {
    let answer = await answer(.failed)
    guard case .failed(let failed) = answer else { throw Unexpected(answer: answer) }
    return failed
  }

  func explain(_ account: String) async throws -> [ExplainAnswer] {
    let answer = await answer(.explain(account: account))
    guard case .explain(let explained) = answer else { throw Unexpected(answer: answer) }
    return explained
  }

  func log(_ account: String?, since: Int64? = nil, limit: Int = 100) async throws -> [LogAnswer] {
    let answer = await answer(.log(account: account, since: since, limit: limit))
    guard case .log(let lines) = answer else { throw Unexpected(answer: answer) }
    return lines
  }

  func done(_ question: Question) async throws -> (count: Int, told: String) {
    let answer = await answer(question)
    guard case .done(let count, let told) = answer else { throw Unexpected(answer: answer) }
    return (count, told)
  }

  func refused(_ question: Question) async throws -> String {
    let answer = await answer(question)
    guard case .refused(let why) = answer else { throw Unexpected(answer: answer) }
    return why
  }
}
