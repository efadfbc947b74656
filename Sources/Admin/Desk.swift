public import Accounts
public import Deliver
import Directory
public import Follow
import Foundation
public import Ledger

/// Answers questions from the ledger and, where Rollcall runs, from its loops. One implementation for the control API
/// and for commands that open the ledger themselves.
public struct Desk: Sendable {
  let ledger: any Ledger
  let ledgerPath: String
  let rules: Rules
  let directories: [String: DirectoryNumber]
  let targets: [String: TargetNumber]
  let conditions: [String: Condition]
  let followers: [String: Follower]
  let deliverers: [String: Deliverer]
  let since: Instant?

  /// A desk.
  /// - Parameter since: when the loops were started; nil where they are not running.
  public init(
    ledger: any Ledger, ledgerPath: String, rules: Rules, directories: [String: DirectoryNumber],
    targets: [String: TargetNumber], conditions: [String: Condition] = [:], followers: [String: Follower] = [:],
    deliverers: [String: Deliverer] = [:], since: Instant? = nil
  ) {
    self.ledger = ledger
    self.ledgerPath = ledgerPath
    self.rules = rules
    self.directories = directories
    self.targets = targets
    self.conditions = conditions
    self.followers = followers
    self.deliverers = deliverers
    self.since = since
  }

  /// Answers; never throws: what cannot be done is an answer too.
  public func answer(_ question: Question) async -> Answer {
    do {
      switch question {
      case .status: return .status(try await status())
      case .held: return .held(try await held())
      case .approve(let hold, let accounts, let samePeople):
        return try await approve(hold, accounts, samePeople: samePeople)
      case .failed: return .failed(try await failed())
      case .retry(let target, let accounts): return try await retry(target, accounts)
      case .log(let account, let since, let limit): return .log(try await log(account, since, limit))
      case .explain(let account): return .explain(try await explain(account))
      case .resync(let directory, let target, let account, let again):
        return try await resync(directory, target, account, again: again)
      }
    } catch let error as Refusal {
      return .refused(error.text)
    } catch {
      return .refused("\(error)")
    }
  }

  private func held() async throws -> [HoldAnswer] {
    try await ledger.holds().map { hold in
      HoldAnswer(
        hold: hold.number, kind: hold.kind.rawValue, directory: hold.directory, target: hold.target,
        reason: hold.reason, since: hold.since,
        accounts: hold.items.map {
          .init(label: $0.label, dn: $0.dn, evidence: $0.evidence?.rawValue, samePerson: $0.samePerson)
        })
    }
  }

  private func approve(_ number: Int64?, _ accounts: [String], samePeople: Bool) async throws -> Answer {
    var count = 0
    let holds = try await ledger.holds().filter { number == nil || $0.number == number }
    guard !holds.isEmpty || number == nil else { throw Refusal("there is no hold \(number ?? 0): see rollcall held") }
    for account in accounts where !holds.contains(where: { Self.entry(account, in: $0) != nil }) {
      throw Refusal("\(number.map { "hold \($0) has" } ?? "there is") no account '\(account)'; see rollcall held")
    }
    for hold in holds {
      // Without a number, --same-people means the re-identifications among the holds.
      if number == nil, samePeople, hold.kind != .reidentification { continue }
      let entries = accounts.isEmpty ? nil : accounts.compactMap { Self.entry($0, in: hold) }
      if entries?.isEmpty == true { continue }
      count += try await ledger.approve(
        hold: hold.number, entries: entries, samePeople: samePeople, now: Wall.now)
    }
    return .done(count: count, told: Self.accounts(count, samePeople ? "bound to their new ids" : "released"))
  }

  private static func entry(_ account: String, in hold: Hold) -> EntryNumber? {
    let wanted = account.lowercased()
    return hold.items.first { $0.label.lowercased() == wanted || $0.dn.lowercased() == wanted }?.entry
  }

  private func failed() async throws -> [FailureAnswer] {
    try await ledger.failed().map { row in
      FailureAnswer(
        target: row.target, account: row.label, dn: row.dn, attempts: row.attempts, since: row.since,
        error: row.error, parked: row.parked, nextAttempt: row.parked ? nil : row.due)
    }
  }

  private func retry(_ target: String?, _ accounts: [String]) async throws -> Answer {
    // `retry NAME` may name a target or an account.
    var (target, accounts) = (target, accounts)
    if target == nil, let first = accounts.first, targets[first] != nil {
      target = first
      accounts.removeFirst()
    }
    let number = try target.map(targetNumber)
    var entries: [EntryNumber]?
    if !accounts.isEmpty {
      entries = []
      for account in accounts { entries?.append(contentsOf: try await find(account).map(\.number)) }
    }
    let count = try await ledger.retry(target: number, entries: entries, now: Wall.now)
    for (name, deliverer) in deliverers where target == nil || target == name { await deliverer.hurry() }
    return .done(count: count, told: Self.accounts(count, "will be tried again now"))
  }

  private func log(_ account: String?, _ since: Int64?, _ limit: Int) async throws -> [LogAnswer] {
    let entry = try await account.asyncMap { try await ledger.find($0).first }
    return try await ledger.journal(
      entry: entry??.number, label: account?.lowercased(), since: since, limit: limit
    ).map { record in
      LogAnswer(
        at: record.line.at, target: record.target, account: record.line.label, event: record.line.event,
        revision: record.revision,
        content: record.line.content.isEmpty ? nil : String(decoding: record.line.content, as: UTF8.self),
        detail: record.line.detail)
    }
  }

  private func resync(
    _ directory: String?, _ target: String?, _ account: String?, again: Bool
  ) async throws -> Answer {
    let directoryNumber = try directory.map(self.directoryNumber)
    let targetNumber = try target.map(self.targetNumber)
    var entry: EntryNumber?
    if let account { entry = try await find(account).first?.number }
    var count = 0
    if again || target != nil || entry != nil {
      count = try await ledger.resync(
        directory: directoryNumber, target: targetNumber, entry: entry, again: again, now: Wall.now)
    }
    // A full refresh finds what differs by itself: accounts that are as they were need not be derived for that.
    var read: [String] = []
    if entry == nil, target == nil || directory != nil || again {
      for (name, follower) in followers where directory == nil || directory == name {
        follower.requestRefresh()
        read.append(name)
      }
    }
    var told = count > 0 ? [Self.accounts(count, again ? "will be sent again" : "will be compared")] : []
    if !read.isEmpty { told.append("\(read.sorted().joined(separator: ", ")): everything is read again") }
    return .done(count: count, told: told.isEmpty ? "nothing to do" : told.joined(separator: "; "))
  }

  private static func accounts(_ count: Int, _ what: String) -> String {
    "\(count) \(count == 1 ? "account" : "accounts") \(what)"
  }

  func find(_ account: String) async throws -> [KnownEntry] {
    let found = try await ledger.find(account)
    guard !found.isEmpty else {
      throw Refusal("nobody is known as '\(account)': give a login, a DN, an id or an address")
    }
    return found
  }

  private func targetNumber(_ name: String) throws -> TargetNumber {
    guard let number = targets[name] else {
      throw Refusal("there is no target '\(name)'; the file names \(targets.keys.sorted().joined(separator: ", "))")
    }
    return number
  }

  private func directoryNumber(_ name: String) throws -> DirectoryNumber {
    guard let number = directories[name] else {
      throw Refusal(
        "there is no directory '\(name)'; the file names \(directories.keys.sorted().joined(separator: ", "))")
    }
    return number
  }
}

/// Something that cannot be done, in words for people.
struct Refusal: Error {
  var text: String
  init(_ text: String) { self.text = text }
}

extension Optional {
  fileprivate func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
    guard let self else { return nil }
    return try await body(self)
  }
}
