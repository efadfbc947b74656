import Accounts
import Admin
import Deliver
import Follow
import Foundation
import Ledger
import Settings

/// One pass over all directories and targets, with progress and a report: `sync`, and `resync` where nothing runs.
struct Pass {
  struct Resync {
    var directory: String?
    var target: String?
    var account: String?
    var again: Bool
  }

  var settings: RollcallSettings
  var showsProgress: Bool
  var resync: Resync?

  func run() async throws -> PassSummary {
    let ledger: SQLiteLedger
    do { ledger = try SQLiteLedger(path: settings.ledgerPath) } catch { throw Failure("\(error)") }
    let house = try await House.build(settings, ledger: ledger, once: true, log: LineLog.quiet)
    for target in house.enrolment.targets.values { try await ledger.pause(target: target, reason: nil) }
    let progress = showsProgress ? Task { await Progress(house: house).run() } : nil
    let directories = try await perform(house)
    progress?.cancel()
    await progress?.value
    let targets = try await PassSummary.targets(of: house)
    try await house.close()
    return PassSummary(directories: directories, targets: targets)
  }

  /// Catches up, then delivers.
  private func perform(_ house: House) async throws -> [PassSummary.Directory] {
    let full = resync != nil && resync?.account == nil
    let chosen = house.followers.filter { resync?.directory == nil || resync?.directory == $0.key }
    if let directory = resync?.directory, chosen.isEmpty {
      throw Failure("there is no directory '\(directory)' in the file", .wrong)
    }
    let outcomes = await Self.catchUp(chosen, reason: full ? .resync : .refresh, full: full)
    if let resync, resync.again || resync.target != nil || resync.account != nil {
      let answer = await house.desk.answer(
        .resync(directory: resync.directory, target: resync.target, account: resync.account, again: resync.again))
      if case .refused(let why) = answer { throw Failure(why, .wrong) }
    }
    await withTaskGroup(of: Void.self) { group in
      for deliverer in house.deliverers.values { group.addTask { await deliverer.pass() } }
    }
    return outcomes.map { PassSummary.Directory(name: $0.name, $0.result) }
  }

  private typealias Outcome = (name: String, result: Result<PassReport, any Error>)

  private static func catchUp(
    _ followers: [String: Follower], reason: Accounts.Operation.Reason, full: Bool
  ) async -> [Outcome] {
    await withTaskGroup(of: Outcome.self) { group in
      for (name, follower) in followers {
        group.addTask {
          do {
            return (name, .success(try await follower.pass(reason: reason, full: full)))
          } catch {
            return (name, .failure(error))
          }
        }
      }
      var outcomes: [Outcome] = []
      for await outcome in group { outcomes.append(outcome) }
      return outcomes.sorted { $0.name < $1.name }
    }
  }
}

/// What one pass did.
struct PassSummary: Encodable {
  struct Directory: Encodable {
    var name: String
    var read = 0
    var changed = 0
    var departed = 0
    var held: [String] = []
    var seconds = 0.0
    var error: String?

    init(name: String, _ result: Result<PassReport, any Error>) {
      self.name = name
      switch result {
      case .success(let report):
        read = report.read
        changed = report.changed
        departed = report.departed
        held = report.held
        error = report.incomplete.map { "not complete: \($0); nobody departs for that" }
        seconds = Double(report.duration.components.seconds) + Double(report.duration.components.attoseconds) / 1e18
      case .failure(let failure): error = "\(failure)"
      }
    }
  }

  struct Target: Encodable {
    var name: String
    var delivered: Int
    var failures: Int
    var waiting: Int
    var held: Int
    var parked: Int
    var accounts: Int
    var trouble: String?
  }

  var directories: [Directory]
  var targets: [Target]

  var hasTrouble: Bool {
    directories.contains { $0.error != nil || !$0.held.isEmpty }
      || targets.contains { $0.failures + $0.held + $0.parked > 0 || ($0.trouble != nil) }
  }

  static func targets(of house: House) async throws -> [Target] {
    try await house.ledger.summary().targets.filter { !$0.orphaned }.map { target in
      let status = house.deliverers[target.name]?.status ?? DeliverStatus()
      return Target(
        name: target.name, delivered: status.delivered, failures: status.failures, waiting: target.waiting,
        held: target.held, parked: target.parked, accounts: target.accounts,
        trouble: target.pausedReason.map { "paused: \($0)" } ?? status.trouble)
    }
  }

  func print() {
    for directory in directories {
      if let error = directory.error { Swift.print("\(directory.name): \(Terminal.red(Words.safe(error)))") }
      if directory.error == nil || directory.read > 0 {
        let words = [
          "\(Words.number(directory.read)) entries read in \(Words.tenths(directory.seconds)) s",
          "\(Words.number(directory.changed)) changed", "\(Words.number(directory.departed)) departed",
        ]
        Swift.print("\(directory.name): \(words.joined(separator: ", "))")
      }
      for hold in directory.held { Swift.print("\(directory.name): held: \(hold): rollcall held") }
    }
    for target in targets {
      var words = [
        "\(Words.number(target.delivered)) delivered", "\(Words.number(target.failures)) failed",
        "\(Words.number(target.waiting)) waiting",
      ]
      if target.held > 0 { words.append("\(Words.number(target.held)) held") }
      if target.parked > 0 { words.append("\(Words.number(target.parked)) parked: rollcall failed") }
      let steady = max(0, target.accounts - target.delivered)
      Swift.print("\(target.name): \(words.joined(separator: ", ")); \(Words.number(steady)) already as they should be")
      if let trouble = target.trouble { Swift.print("\(target.name): \(Terminal.red(Words.safe(trouble)))") }
    }
  }
}

/// A bar on a terminal, a line a second elsewhere; nothing for a pass that is over at once.
struct Progress {
  let house: House

  func run() async {
    var last = (read: 0, delivered: 0)
    while !Task.isCancelled {
      try? await Task.sleep(for: Terminal.isOutput ? .milliseconds(200) : .seconds(1))
      guard !Task.isCancelled else { break }
      let read = house.followers.values.reduce(0) { $0 + $1.status.read }
      let delivered = house.deliverers.values.reduce(0) { $0 + $1.status.delivered }
      guard read != last.read || delivered != last.delivered else { continue }
      last = (read, delivered)
      if Terminal.isOutput { Terminal.replaceLine(bar()) } else { lines() }
    }
    if Terminal.isOutput { Terminal.replaceLine("") }
  }

  private func lines() {
    for (name, follower) in house.followers where follower.status.phase == .refreshing {
      print("\(name): reading, \(Words.number(follower.status.read)) entries")
    }
    for (name, deliverer) in house.deliverers where deliverer.status.delivered > 0 {
      print("\(name): delivering, \(Words.number(deliverer.status.delivered))")
    }
  }

  private func bar() -> String {
    if let (name, follower) = house.followers.first(where: { $0.value.status.phase == .refreshing }) {
      return "\(name)  reading     \(Words.number(follower.status.read)) entries"
    }
    let total = house.followers.values.reduce(0) { $0 + $1.status.read }
    return house.deliverers.sorted { $0.key < $1.key }.map { name, deliverer in
      let status = deliverer.status
      let done = min(1, Double(status.delivered) / Double(max(1, total)))
      let filled = Int(done * 28)
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 28 - filled)
      let failures = status.failures > 0 ? "   \(Words.number(status.failures)) failed" : ""
      return "\(name) delivering  \(bar)  \(Words.number(status.delivered)) of \(Words.number(total))\(failures)"
    }.joined(separator: "  ")
  }
}
