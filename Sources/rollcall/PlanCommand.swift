import Accounts
import ArgumentParser
import Deliver
import Directory
import Follow
import Foundation
import Ledger
import Settings
import Targets

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "What a pass would create, update, disable and delete, field by field.",
    discussion: """
      The real loop on a copy of the ledger, against targets that only write down. Nothing is changed and nothing sent.

      EXAMPLE
        rollcall plan --json
      """)
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let settings = try file.load()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rollcall-plan-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appendingPathComponent("ledger.db").path
    if FileManager.default.fileExists(atPath: settings.ledgerPath) {
      try SQLiteLedger.copy(from: settings.ledgerPath, to: copy)
    }
    let ledger = try SQLiteLedger(path: copy, locked: false)
    let house = try await House.build(settings, ledger: ledger, once: true, log: LineLog.quiet) { target in
      RecordingTarget(name: target.name, kind: target.kind.name)
    }
    var plan = Plan()
    for (name, follower) in house.followers.sorted(by: { $0.key < $1.key }) {
      do {
        let report = try await follower.pass()
        if let why = report.incomplete { plan.problems.append("\(name): not complete: \(why)") }
      } catch {
        plan.problems.append("\(name): \(error)")
      }
    }
    for deliverer in house.deliverers.values { await deliverer.pass() }
    let summary = try await ledger.summary()
    for target in settings.targets {
      guard let recorder = house.targets[target.name] as? RecordingTarget else { continue }
      let accounts = summary.targets.first { $0.name == target.name }?.accounts ?? 0
      plan.targets.append(Plan.Target(target, operations: await recorder.operations, accounts: accounts))
    }
    plan.holds = try await ledger.holds().map { "\($0.directory) → \($0.target): \($0.reason)" }
    try await house.close()
    try output.print(plan) { plan.print() }
    if !plan.problems.isEmpty || !plan.holds.isEmpty { throw Status.failed }
  }
}

/// What a pass would do.
struct Plan: Encodable {
  struct Line: Encodable {
    var verb: String
    var account: String
    var id: String
    var evidence: String?
    var changes: [String]
    var summary: String
  }

  struct Target: Encodable {
    var name: String
    var kind: String
    var from: [String]
    var lines: [Line]
    var asTheyAre: Int

    init(_ target: TargetSettings, operations: [Accounts.Operation], accounts: Int) {
      name = target.name
      kind = target.kind.name
      from = target.from
      lines = operations.map(Line.init).sorted { ($0.verb, $0.account) < ($1.verb, $1.account) }
      asTheyAre = max(0, accounts - operations.filter { $0.verb == .create || $0.verb == .update }.count)
    }
  }

  var targets: [Target] = []
  var holds: [String] = []
  var problems: [String] = []

  func print() {
    for target in targets {
      func count(_ verb: String) -> Int { target.lines.filter { $0.verb == verb }.count }
      let counts = ["create", "update", "disable", "delete"].compactMap { verb -> String? in
        count(verb) == 0 ? nil : "\(Words.number(count(verb))) \(verb)"
      }
      let told = counts.isEmpty ? "nothing to do" : counts.joined(separator: "   ")
      Swift.print(
        "\(target.from.joined(separator: ", ")) → \(target.name) (\(target.kind))      \(told)   "
          + "\(Words.number(target.asTheyAre)) as they are")
      for line in target.lines.prefix(500) { line.print() }
      if target.lines.count > 500 { Swift.print("  and \(target.lines.count - 500) more: rollcall plan --json") }
    }
    for hold in holds { Swift.print(Terminal.yellow("held  \(Words.safe(hold))")) }
    for problem in problems { Swift.print(Terminal.red(Words.safe(problem))) }
    Swift.print("This is a plan: nothing was sent. `rollcall sync` would do exactly this.")
  }
}

extension Plan.Line {
  init(_ operation: Accounts.Operation) {
    verb = operation.verb.rawValue
    account = operation.account.label
    id = operation.id.description
    evidence = operation.evidence?.rawValue
    let name = operation.account.text(.displayName) ?? ""
    let address = operation.account.text(.email).map { "<\($0)>" } ?? ""
    summary = "\(name) \(address)".trimmingCharacters(in: .whitespaces)
    changes = operation.changed.map { difference in
      "\(Words.pad(difference.field.rawValue, 12)) \(Self.text(difference.from)) → \(Self.text(difference.to))"
    }
  }

  private static func text(_ value: FieldValue?) -> String {
    switch value {
    case nil: "nothing"
    case .text(let text)?: "\"\(text)\""
    case .list(let texts)?: texts.joined(separator: ", ")
    case .flag(let flag)?: flag ? "true" : "false"
    case .octets(let octets)?: "\(octets.count) octets"
    case .reference?: "another photo or large value"
    }
  }

  func print() {
    let name = Words.pad(Words.safe(Words.cut(account, 15)), 15)
    switch verb {
    case "create": Swift.print("  \(Terminal.green("+")) \(name) \(Words.safe(summary))")
    case "update":
      Swift.print("  \(Terminal.yellow("~")) \(name) \(Words.safe(changes.first ?? "sent again: an answer was lost"))")
      for change in changes.dropFirst() { Swift.print("    \(Words.pad("", 15)) \(Words.safe(change))") }
    default: Swift.print("  \(Terminal.red("-")) \(name) \(verb)   \(evidence ?? "")")
    }
  }
}
