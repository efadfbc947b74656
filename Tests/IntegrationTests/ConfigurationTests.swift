import Foundation
import TestSupport
import Testing

/// What is wrong with the file or with what it names is said once, where it stands, with what to do.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ConfigurationTests {
  /// A mistake in the file, and a word of what is said about it.
  struct Mistake: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var word: String
    var edit: @Sendable (inout RollcallFile) -> Void
  }

  static let mistakes: [Mistake] = [
    Mistake(testDescription: "unknown key", word: "filtre") { $0.directoryLines.append("filtre: x") },
    Mistake(testDescription: "wrong type", word: "heartbeat") { $0.directoryLines.append("heartbeat: [a, b]") },
    Mistake(testDescription: "missing secret", word: "NO_SUCH_VARIABLE") {
      $0.targets[0].secret = "${env:NO_SUCH_VARIABLE}"
    },
    Mistake(testDescription: "bad filter", word: "filter") { $0.usersFilter = "(objectClass=person" },
    Mistake(testDescription: "bad expression", word: "when") { $0.targetLines.append("when: 'mail ?? '") },
    Mistake(testDescription: "aliases", word: "alias") {
      $0.lines += ["accounts: &a", "  user:", "    title: *a"]
    },
    Mistake(testDescription: "bad base", word: "distinguished name") { $0.base = "nonsense" },
  ]

  @Test(
    "a mistake in the file: file:line:column, and exit status 2", arguments: mistakes,
    ["check", "run", "sync", "status"])
  func mistake(_ mistake: Mistake, _ command: String) async throws {
    try await Scene.with { scene in
      mistake.edit(&scene.file)
      let reply = try await scene.command(command)
      #expect(reply.status == 2, "\(reply.text)")
      let line = try #require(reply.lines.first { $0.contains("error") || $0.contains(mistake.word) })
      #expect(reply.text.contains(mistake.word), "\(reply.text)")
      #expect(line.wholeMatch(of: /.*rollcall\.yaml:\d+:\d+: .+/) != nil, "\(line)")
      #expect(!FileManager.default.fileExists(atPath: scene.ledgerPath))
    }
  }

  @Test("no file, a file that is not there")
  func noFile() async throws {
    try await Scene.with { scene in
      let child = try await Child.start(Scene.program, ["status", "--config", scene.folder.file("none.yaml")])
      #expect(try await child.end() == 2)
      #expect(child.output.joined().contains("none.yaml"))
    }
  }

  static let troubles: [Mistake] = [
    Mistake(testDescription: "wrong password", word: "password") { $0.environment["LDAP_PASSWORD"] = "wrong" },
    Mistake(testDescription: "wrong base", word: "noSuchObject") { $0.base = "dc=nowhere,dc=com" },
    Mistake(testDescription: "unresolvable host", word: "cannot be resolved") {
      $0.directory = "ldaps://no-such-host.invalid"
      $0.directoryLines = []
    },
    Mistake(testDescription: "nobody listens", word: "refused") { $0.directory = "ldap://127.0.0.1:1" },
  ]

  @Test("a directory that cannot be used: one line with what to do, from check and from run", arguments: troubles)
  func trouble(_ trouble: Mistake) async throws {
    try await Scene.with { scene in
      trouble.edit(&scene.file)
      try await says(trouble.word, scene)
    }
  }

  @Test("a certificate that is not trusted, and one for another name")
  func certificate() async throws {
    try await Scene.with { scene in
      scene.file.directory = scene.slapd.ldapsURL
      scene.file.directoryLines = []
      try await says("certificate", scene)
      scene.file.directoryLines = ["tls: {mode: secure, ca: \(scene.slapd.certificates.ca)}"]
      #expect(try await scene.command("check").status == 0)
    }
    var options = SlapdOptions()
    options.certificate = .elsewhere
    try await Scene.with(options: options) { scene in
      scene.file.directory = scene.slapd.ldapsURL
      scene.file.directoryLines = ["tls: {mode: secure, ca: \(scene.slapd.certificates.ca)}"]
      try await says("certificate", scene)
    }
  }

  @Test("check says what is good, and finds a target that refuses")
  func check() async throws {
    try await Scene.with(people: 3) { scene in
      let good = try await scene.command("check")
      #expect(good.status == 0, "\(good.text)")
      #expect(good.text.contains("4 users"), "\(good.text)")
      scene.hearing.answer { _ in .refused(401) }
      let bad = try await scene.command("check", "--json")
      #expect(bad.status == 1)
      #expect(bad.json["lines"].named("hooks")["ok"].flag == false)
      #expect(bad.json["lines"].named("hooks")["told"].text?.contains("401") == true)
    }
  }

  /// `check` ends with 1 and one line with this word; `run` logs it, says it in `status`, and goes on trying.
  private func says(_ word: String, _ scene: Scene) async throws {
    let check = try await scene.command("check")
    #expect(check.status == 1, "\(check.text)")
    #expect(check.lines.count { $0.localizedCaseInsensitiveContains(word) } == 1, "\(check.text)")
    try await scene.running { child in
      let status = try await scene.status {
        $0["directories"].list[0]["trouble"].text?.localizedCaseInsensitiveContains(word) == true
      }
      #expect(status["running"].flag == true)
      let line = try await child.line(containing: "trying again")
      #expect(line.text.localizedCaseInsensitiveContains(word), "\(line.text)")
    }
  }
}
