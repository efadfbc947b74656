import Accounts
import Changes
import Directory
import Follow
import Ledger
import Logging
import TestSupport

/// A directory, a follower and a real ledger that feeds one target.
final class World {
  let directory = FakeDirectory()
  let ledger: SQLiteLedger
  private let files: TemporaryDirectory
  private var policy: Policy
  private(set) var number: DirectoryNumber = 0
  private(set) var target: TargetNumber = 0
  private(set) var follower: Follower
  private var condition: Condition?
  private var filter: String

  init(policy: Policy, condition: String? = nil) async throws {
    files = try TemporaryDirectory("follow")
    ledger = try SQLiteLedger(path: files.file("rollcall.db"))
    self.policy = policy
    filter = "(objectClass=inetOrgPerson)"
    self.condition = try condition.map { try Condition(parsing: $0) }
    follower = Follower(
      try Self.followed(0, 0, condition: nil, filter: filter), source: directory, ledger: ledger, log: Self.log)
    try await enrol()
  }

  /// Tells the file, and makes the follower that it asks for.
  func enrol(reading: String = "reading", deriving: String = "deriving", condition: String? = nil) async throws {
    if let condition { self.condition = try Condition(parsing: condition) }
    let enrolment = try await ledger.enrol(
      directories: [DirectoryEnrolment(name: "corp", reading: reading)],
      targets: [
        TargetEnrolment(name: "hooks", kind: "webhook", deriving: deriving, policy: policy, directories: ["corp"])
      ], settings: "")
    number = enrolment.directories["corp"] ?? 0
    target = enrolment.targets["hooks"] ?? 0
    follower = Follower(
      try Self.followed(number, target, condition: self.condition, filter: filter), source: directory, ledger: ledger,
      log: Self.log)
  }

  private static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private static func followed(
    _ number: DirectoryNumber, _ target: TargetNumber, condition: Condition?, filter: String
  ) throws -> Followed {
    Followed(
      name: "corp", number: number,
      scope: Scope(
        users: .init(base: DistinguishedName("ou=people,dc=example,dc=com"), filter: try Filter(parsing: filter)),
        containers: .init(base: DistinguishedName("dc=example,dc=com"), filter: .containers)),
      rules: .standard, feeds: [.init(target: target, condition: condition)], guard: policyGuard)
  }

  private static let policyGuard = GuardPolicy()

  func close() async {
    try? await ledger.close()
    files.remove()
  }

  /// One pass over sessions that the test planned, or over what is there.
  @discardableResult
  func pass(_ batches: [Change]...) async throws -> PassReport {
    if !batches.isEmpty { directory.plan(batches) }
    return try await follower.pass()
  }

  /// The directory has these, they were read, and the target has them.
  func settled(_ entries: [Entry]) async throws {
    directory.add(entries)
    try await pass()
    try await deliver()
  }

  /// The target says yes to all that is due.
  func deliver() async throws {
    for owed in try await ledger.claim(target: target, now: Wall.now, limit: 100_000) {
      let result: Settlement.Result =
        owed.evidence == nil ? .settled(account: Array("{}".utf8), state: .active) : .removed
      try await ledger.settle([
        Settlement(target: target, entry: owed.entry, revision: owed.revision, result: result)
      ])
    }
  }

  /// Who is due, as `login` or `login: evidence`, in order.
  func due() async throws -> [String] {
    let claimed = try await ledger.claim(target: target, now: Wall.now, limit: 100_000)
    await ledger.release(claimed)
    return claimed.map { ($0.key ?? "?") + ($0.evidence.map { ": \($0.rawValue)" } ?? "") }.sorted()
  }

  func known(_ entry: Entry) async throws -> KnownEntry? {
    try await ledger.known([entry.id], in: number)[entry.id]
  }

  func obligations() async throws -> [Obligation.Kind] { try await ledger.obligations(of: number).map(\.kind) }
}

/// A world for one test; it ends with it.
func withWorld(
  policy: Policy = Policy(guard: .off), when condition: String? = nil, _ body: (World) async throws -> Void
) async throws {
  let world = try await World(policy: policy, condition: condition)
  do {
    try await body(world)
  } catch {
    await world.close()
    throw error
  }
  await world.close()
}

/// Someone below ou=people; the login decides the id unless one is given.
func person(
  _ login: String, _ attributes: [String: [String]] = [:], below: String = "ou=people,dc=example,dc=com",
  id: UInt64? = nil
) -> Entry {
  Entry(
    id: .uuid(1, id ?? hash(login)), dn: DistinguishedName("uid=\(login),\(below)"),
    attributes: Attributes(["objectClass": ["inetOrgPerson"], "uid": [login]].merging(attributes) { $1 }))
}

/// An organizational unit; its first name decides the id unless one is given.
func unit(_ dn: String, id: UInt64? = nil) -> Entry {
  Entry(
    id: .uuid(2, id ?? hash(dn)), dn: DistinguishedName(dn),
    attributes: Attributes(["objectClass": ["organizationalUnit"]]))
}

func people(_ count: Int, from first: Int = 1, ids: UInt64? = nil) -> [Entry] {
  (first..<first + count).map { place in person("p\(1000 + place)", id: ids.map { $0 + UInt64(place) }) }
}

private func hash(_ text: String) -> UInt64 {
  text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
}

/// The brackets of a refresh that tells everything.
func whole(_ entries: [Entry]) -> [Change] {
  [.refreshBegan(.full)] + entries.map(Change.upsert) + [.refreshEnded(.whole)]
}

/// A session that goes on where the last one ended, with nothing to catch up.
let nothingNew: [Change] = [.refreshBegan(.delta), .refreshEnded(.delta)]
