import Admin
import ArgumentParser
import Foundation
import Ledger
import Settings

struct SyncCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync", abstract: "One pass: catches up, delivers, prints the report and ends.",
    discussion: "EXAMPLE\n  rollcall sync --config rollcall.yaml")
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let settings = try file.load()
    if let pid = SQLiteLedger.holder(of: settings.ledgerPath) {
      throw Failure("rollcall run (process \(pid)) already keeps everything in step: see `rollcall status`")
    }
    let report = try await Pass(settings: settings, showsProgress: !output.json).run()
    try output.print(report) { report.print() }
    if report.hasTrouble { throw Status.failed }
  }
}

struct ResyncCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resync", abstract: "A full refresh: everything is read and compared, at once.",
    discussion: """
      EXAMPLE
        rollcall resync                          read and compare everything
        rollcall resync --target pbx --again     send everything again: for a target that lost its data
        rollcall resync --account jdoe
      """)
  @Option(help: "Only this directory.") var directory: String?
  @Option(help: "Only this target.") var target: String?
  @Option(help: "Only this account: a login, DN, id or address.") var account: String?
  @Flag(help: "Send even what the target confirmed already.") var again = false
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let settings = try file.load()
    if SQLiteLedger.holder(of: settings.ledgerPath) != nil {
      let question = Admin.Question.resync(directory: directory, target: target, account: account, again: again)
      return try output.done(try await Ask.ask(question, settings).checked())
    }
    var pass = Pass(settings: settings, showsProgress: !output.json)
    pass.resync = .init(directory: directory, target: target, account: account, again: again)
    let report = try await pass.run()
    try output.print(report) { report.print() }
    if report.hasTrouble { throw Status.failed }
  }
}
