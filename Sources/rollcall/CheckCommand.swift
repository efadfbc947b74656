import Accounts
import ArgumentParser
import Changes
import Directory
import Follow
import Foundation
import LDAP
import Ledger
import Settings
import Targets

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "The file, each directory (and how it would be followed, and why), each target.",
    discussion: "EXAMPLE\n  rollcall check --config rollcall.yaml")
  @OptionGroup var file: FileOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let settings = try file.load()
    var report = CheckReport(
      file: settings.path, directories: settings.directories.count, targets: settings.targets.count)
    for directory in settings.directories { report.lines.append(await Self.check(directory, settings)) }
    for target in settings.targets { report.lines.append(await Self.check(target)) }
    try output.print(report) { report.print() }
    if report.problems > 0 { throw Status.failed }
  }

  private static func check(_ directory: DirectorySettings, _ settings: RollcallSettings) async -> CheckReport.Line {
    var line = CheckReport.Line(
      name: directory.name, subject: directory.connection.urls.joined(separator: ", "), ok: true, told: "")
    do {
      try await examine(directory, settings, into: &line)
    } catch {
      line.ok = false
      line.told = "\(error)"
    }
    return line
  }

  private static func examine(
    _ directory: DirectorySettings, _ settings: RollcallSettings, into line: inout CheckReport.Line
  ) async throws {
    let source = try Parts.source(directory, settings, once: true, log: LineLog.quiet)
    _ = try await source.identify()
    line.told = source.mechanism.server
    line.details += source.mechanism.warnings
    let census = try await count(source, directory, settings)
    line.details.append(
      "follow: \(source.mechanism.name), \(source.mechanism.reason), and a refresh with this bind worked "
        + "(\(Words.count(census.users, "user", "users")))")
    if census.users == 0 {
      line.ok = false
      line.details.append(
        "nobody matches \(directory.users.filter) below \(directory.users.base.string): "
          + "check base, filter, and what this bind may read")
    }
    for (field, names) in census.missing.sorted(by: { $0.key < $1.key }) {
      let told = names.prefix(3).map(\.string).joined(separator: "; ")
      line.details.append("missing: \(Words.count(names.count, "user has", "users have")) no \(field): \(told)")
    }
  }

  private struct Count {
    var users = 0
    var missing: [String: [DistinguishedName]] = [:]
  }

  private static func count(
    _ source: any ChangeSource, _ directory: DirectorySettings, _ settings: RollcallSettings
  ) async throws -> Count {
    let scope = try Parts.scope(directory)
    var count = Count()
    let stream = try await source.open(from: nil)
    while true {
      let changes = try await stream.next()
      if changes.isEmpty { break }
      for change in changes {
        if case .refreshEnded(.partial(let why)) = change { throw Failure("the refresh was not complete: \(why)") }
        guard case .upsert(let entry) = change, scope.place(entry) == .branch(.user) else { continue }
        count.users += 1
        let account = settings.rules.derive(entry).account
        for field in [Accounts.Field.userName, .email] where account[field] == nil {
          count.missing[field.rawValue, default: []].append(entry.dn)
        }
      }
    }
    await stream.close()
    return count
  }

  private static func check(_ target: TargetSettings) async -> CheckReport.Line {
    let made = Parts.target(target)
    let outcome = await made.probe()
    await made.close()
    // A receiver may refuse an event that it does not know, and still take the others.
    let ok = outcome.class == .ok || outcome.class == .permanent
    return CheckReport.Line(name: target.name, subject: Parts.subject(target), ok: ok, told: outcome.detail)
  }
}

/// What `check` found.
struct CheckReport: Encodable {
  struct Line: Encodable {
    var name: String
    var subject: String
    var ok: Bool
    var told: String
    var details: [String] = []
  }

  var file: String
  var directories: Int
  var targets: Int
  var lines: [Line] = []

  var problems: Int { lines.filter { !$0.ok }.count }

  func print() {
    let facts =
      "\(Words.count(directories, "directory", "directories")), \(Words.count(targets, "target", "targets"))"
    let width = lines.map { $0.name.count + $0.subject.count + 2 }.max() ?? 20
    Swift.print("\(Words.pad(file, max(width, 20)))  \(Terminal.green("ok"))  \(facts)")
    for line in lines {
      let mark = line.ok ? Terminal.green("ok") : Terminal.red("!!")
      Swift.print("\(Words.pad("\(line.name)  \(line.subject)", max(width, 20)))  \(mark)  \(Words.safe(line.told))")
      for detail in line.details { Swift.print("    \(Words.safe(detail))") }
    }
    if problems > 0 { Swift.print(Words.count(problems, "problem", "problems")) }
  }
}
