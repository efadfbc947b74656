import Admin
import ArgumentParser
import Foundation

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "How each directory and each target is doing.",
    discussion: "EXAMPLE\n  rollcall status --json | jq .targets")
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    guard case .status(let status) = try await Ask.ask(.status, file.load()).checked() else { return }
    try output.print(status) { Render.status(status) }
    let trouble =
      status.trouble != nil || status.holds > 0 || status.targets.contains { $0.parked > 0 || $0.trouble != nil }
    if trouble || status.directories.contains(where: { $0.trouble != nil }) { throw Status.failed }
  }
}

struct HeldCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "held", abstract: "What waits for your yes, and why.",
    discussion: "EXAMPLE\n  rollcall held && rollcall approve 3")
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    guard case .held(let holds) = try await Ask.ask(.held, file.load()).checked() else { return }
    try output.print(holds) { Render.held(holds) }
    if !holds.isEmpty { throw Status.failed }
  }
}

struct ApproveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Releases what is held: exactly what `held` listed.",
    discussion: """
      Each account is read again before anything irreversible is done; who came back stays.

      EXAMPLE
        rollcall approve 3             everything in hold 3
        rollcall approve 3 jdoe bkhan  two accounts of it
        rollcall approve --all
        rollcall approve 4 --same-people   the same people under new ids: bind, send nothing
      """)
  @Argument(help: "The hold's number, as `held` shows it.") var hold: Int64?
  @Argument(help: "Accounts of it (default: all).") var accounts: [String] = []
  @Flag(help: "Every hold.") var all = false
  @Flag(help: "For a re-identification: bind the accounts to the new ids, without a request.") var samePeople = false
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if hold == nil, !all { throw ValidationError("name a hold, or --all") }
    if hold != nil, all { throw ValidationError("a hold or --all, not both") }
  }

  func run() async throws {
    let question = Question.approve(hold: hold, accounts: accounts, samePeople: samePeople)
    try output.done(try await Ask.ask(question, file.load()).checked())
  }
}

struct FailedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "failed", abstract: "Deliveries that fail or wait for a person.",
    discussion: "EXAMPLE\n  rollcall failed")
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    guard case .failed(let rows) = try await Ask.ask(.failed, file.load()).checked() else { return }
    try output.print(rows) { Render.failed(rows) }
    if !rows.isEmpty { throw Status.failed }
  }
}

struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Tries again now: everything that failed, a target, or some accounts.",
    discussion: """
      Naming a target also resumes it if it is paused.

      EXAMPLE
        rollcall retry pbx
        rollcall retry jdoe bkhan
      """)
  @Argument(help: "A target, or accounts (default: everything that failed).") var names: [String] = []
  @Option(help: "Only at this target.") var target: String?
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try output.done(try await Ask.ask(.retry(target: target, accounts: names), file.load()).checked())
  }
}

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "What happened, when, field by field, with outcomes.",
    discussion: "EXAMPLE\n  rollcall log jdoe --since 2d")
  @Argument(help: "A login, DN, id or address (default: everybody).") var account: String?
  @Option(help: "How far back, such as 30m, 12h or 7d.") var since: String?
  @Option(name: .customShort("n"), help: "At most so many lines.") var limit = 200
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let from = try since.map { try Self.instant(ago: $0) }
    let question = Question.log(account: account, since: from, limit: limit)
    guard case .log(let lines) = try await Ask.ask(question, file.load()).checked() else { return }
    try output.print(lines) { Render.log(lines) }
  }

  private static func instant(ago text: String) throws -> Int64 {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), number >= 0 else {
      throw ValidationError("'\(text)' is not a time span such as 30m, 12h or 7d")
    }
    return Int64(Date().timeIntervalSince1970 * 1000) - number * unit * 1000
  }
}

struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Why an account is as it is: rules, targets, what is owed.",
    discussion: "EXAMPLE\n  rollcall explain jdoe")
  @Argument(help: "A login, DN, id or address.") var account: String
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    guard case .explain(let people) = try await Ask.ask(.explain(account: account), file.load()).checked() else {
      return
    }
    try output.print(people) { Render.explain(people) }
  }
}

extension Answer {
  /// The answer, unless it is a refusal.
  func checked() throws -> Answer {
    if case .refused(let why) = self { throw Failure(why) }
    return self
  }
}

extension OutputOptions {
  /// Prints what was done.
  func done(_ answer: Answer) throws {
    guard case .done(let count, let told) = answer else { return }
    try print(["count": count]) { Swift.print(told) }
  }
}
