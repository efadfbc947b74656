import Accounts
import Foundation
import Testing

@testable import Settings

/// The administrators' guide says what the code does: its tables are the code's own.
@Suite struct GuideTests {
  private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private let guide: String

  init() throws {
    guide = try String(
      contentsOf: Self.repository.appending(path: "contrib/docs/configuration.md"), encoding: .utf8)
  }

  @Test func `every key is explained in a table`() {
    let rows = guide.components(separatedBy: "\n").filter { $0.hasPrefix("| `") }
    for key in Set(SettingsKeys.all.flatMap(\.keys)) where key != "user" {
      #expect(rows.contains { $0.components(separatedBy: " | ")[0].contains("`\(key)`") }, "\(key)")
    }
    for word in SettingsKeys.kinds + FollowMode.allCases.map(\.rawValue) + Policy.Leave.allCases.map(\.rawValue) {
      #expect(guide.contains("`\(word)`"), "\(word)")
    }
  }

  @Test(arguments: Function.catalogue.map(\.name))
  func `every function stands in the guide as in the catalogue`(_ name: String) throws {
    let function = try #require(Function.catalogue.first { $0.name == name })
    #expect(guide.contains(row(function) + "\n"), "\(row(function))")
  }

  @Test func `every standard rule stands in the guide`() {
    for (field, expression) in Rules.standardTexts {
      let row = "| `\(field.rawValue)` | `\(escaped(expression))` |\n"
      #expect(guide.contains(row), "\(row)")
    }
  }

  @Test func `the default filters stand in the guide`() {
    #expect(guide.contains(DirectorySettings.standardUsersFilter))
    #expect(guide.contains(DirectorySettings.standardGroupsFilter))
  }

  @Test func `the guide's first file and the shipped example load`() throws {
    let blocks = guide.components(separatedBy: "```yaml\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
    let first = try #require(blocks.first).replacing("${file:/run/credentials/hook}", with: "${env:HOOK}")
    let environment = ["ROLLCALL_LDAP_PASSWORD": "a", "HOOK": "b", "ROLLCALL_HOOK_SECRET": "c"]
    let settings = try RollcallSettings.parse(text: first, path: "f", environment: environment).get()
    #expect(settings.warnings.isEmpty)
    let example = Self.repository.appending(path: "contrib/examples/webhook.yaml").path()
    #expect(try RollcallSettings.load(path: example, environment: environment).get().warnings.isEmpty)
  }

  private func row(_ function: Function) -> String {
    let given = function.example.given.isEmpty ? "nothing" : function.example.given.map(quoted).joined(separator: ", ")
    let gives = function.example.gives.map(quoted).joined(separator: ", ")
    let example = "`\(escaped(function.example.expression))` of \(given): \(gives)"
    return "| `\(function.signature)` | \(function.what) | \(example) |"
  }

  private func quoted(_ text: String) -> String { "\"\(text)\"" }

  private func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
}
