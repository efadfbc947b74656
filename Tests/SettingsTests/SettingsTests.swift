import Accounts
import Directory
import Foundation
import HTTP
import LDAP
import Targets
import Testing

@testable import Settings

private let folder = URL(filePath: #filePath).deletingLastPathComponent()
private let separator = "\n----------\n"

/// Golden files: the file an administrator wrote, a line, what Rollcall says. Errors as printed; for a good file `ok`,
/// its warnings, and after them whatever of ``summary(_:)`` the fixture cares about.
@Suite struct FixtureTests {
  static let fixtures: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "Fixtures").path())) ?? []
    return names.filter { $0.hasSuffix(".txt") }.sorted()
  }()

  static let environment = [
    "ROLLCALL_LDAP_PASSWORD": "ldap-secret", "ROLLCALL_HOOK_SECRET": "whsec_c2VjcmV0", "HOST": "hooks.example.com",
    "EMPTY": "",
  ]

  @Test func `there are fixtures`() { #expect(Self.fixtures.count >= 20) }

  @Test(arguments: fixtures)
  func `a file is read as its fixture says`(_ name: String) throws {
    let text = try String(contentsOf: folder.appending(path: "Fixtures/\(name)"), encoding: .utf8)
    let parts = text.components(separatedBy: separator)
    try #require(parts.count == 2)
    let wanted = parts[1].trimmingCharacters(in: .newlines)
    let found =
      switch RollcallSettings.parse(text: parts[0] + "\n", path: "rollcall.yaml", environment: Self.environment) {
      case .success(let settings): (["ok"] + settings.warnings.map(\.description) + summary(settings))
      case .failure(let errors): errors.description.components(separatedBy: "\n")
      }
    let lines = wanted.components(separatedBy: "\n")
    if lines.first == "ok", found.first == "ok" {
      let warnings = lines.filter { $0.hasPrefix("rollcall.yaml:") }
      #expect(found.filter { $0.hasPrefix("rollcall.yaml:") } == warnings)
      for line in lines { #expect(found.contains(line), "\(found.joined(separator: "\n"))") }
    } else {
      #expect(found.joined(separator: "\n") == wanted)
    }
    for secret in ["ldap-secret", "whsec_c2VjcmV0", "in-the-file"] {
      #expect(!found.joined().contains(secret))
    }
  }
}

/// One line per fact of a file.
func summary(_ settings: RollcallSettings) -> [String] {
  var lines = [
    "ledger \(settings.ledgerPath)", "socket \(settings.controlSocket)", "journal \(settings.journal)",
    "log \(settings.log)",
  ]
  for directory in settings.directories {
    let name = directory.name
    let connection = directory.connection
    lines += connection.urls.map { "\(name) url \($0)" }
    lines += [
      "\(name) tls \(connection.tls)", "\(name) bind \(connection.bind.identityText)",
      "\(name) base \(directory.base.string)", "\(name) users \(directory.users.base.string) \(directory.users.filter)",
      "\(name) follow \(directory.follow.rawValue)",
      "\(name) timeouts \(connection.connectTimeout) \(connection.deadAfter)",
    ]
    if let groups = directory.groups { lines.append("\(name) groups \(groups.base.string) \(groups.filter)") }
    if let heartbeat = directory.heartbeat { lines.append("\(name) heartbeat \(heartbeat)") }
    if let id = directory.idAttribute { lines.append("\(name) id \(id)") }
    if let old = directory.renamedFrom { lines.append("\(name) was \(old)") }
    if let own = directory.guard {
      lines.append("\(name) guard \(own.enabled) \(own.departures) \(own.percent) \(own.most)")
    }
  }
  for target in settings.targets {
    let (name, policy) = (target.name, target.policy)
    lines += [
      "\(name) kind \(target.kind.name)", "\(name) from \(target.from.joined(separator: " "))",
      "\(name) leave \(policy.leave) out-of-scope \(policy.outOfScope) grace \(policy.grace)",
      "\(name) guard \(policy.guard.enabled) \(policy.guard.departures) \(policy.guard.percent) \(policy.guard.most)",
      "\(name) start \(policy.start)", "\(name) concurrency \(target.concurrency)",
    ]
    if let after = policy.after { lines.append("\(name) after \(after)") }
    if let giveUp = policy.giveUp { lines.append("\(name) give-up \(giveUp)") }
    if let when = target.when { lines.append("\(name) when \(when.source)") }
    if let old = target.renamedFrom { lines.append("\(name) was \(old)") }
    switch target.kind {
    case .webhook(let webhook):
      lines.append("\(name) url \(webhook.url)")
      lines.append("\(name) secrets \(webhook.secrets.map { $0.key.count })")
      lines += webhook.headers.map { "\(name) header \($0.name): \($0.value)" }
      lines.append("\(name) timeout \(webhook.http.timeout) \(webhook.http.connectTimeout) \(webhook.http.connections)")
    }
  }
  for field in ["userName", "extension", "photo", "title"] {
    let rule = settings.rules[.init(rawValue: field)]
    lines.append("rule \(field) \(rule?.source ?? "none")\(rule?.location.map { " \($0)" } ?? "")")
  }
  return lines
}
