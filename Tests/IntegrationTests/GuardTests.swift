import Foundation
import TestSupport
import Testing

/// Many departures at once wait for a person; everything else flows meanwhile.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct GuardTests {
  private static func dn(_ number: Int) -> String { "uid=user\(number),\(ChangeList.people)" }

  /// A scene of forty people under the guard's defaults.
  private func scene(_ log: SessionLog, people: Int = 40, _ body: (Scene) async throws -> Void) async throws {
    try await Scene.with(log, people: people) { scene in
      scene.file.lines = []
      scene.file.usersBase = ChangeList.people
      try await body(scene)
    }
  }

  private static func leave(_ numbers: Range<Int>, _ scene: Scene) async throws {
    try await scene.slapd.modify(
      numbers.map {
        "dn: \(dn($0))\nchangetype: modrdn\nnewrdn: uid=user\($0)\ndeleteoldrdn: 1\nnewsuperior: \(ChangeList.away)\n"
      }.joined(separator: "\n"))
  }

  private static func comeBack(_ number: Int, _ scene: Scene) async throws {
    try await scene.slapd.modrdn(
      "uid=user\(number),\(ChangeList.away)", to: "uid=user\(number)", superior: ChangeList.people)
  }

  /// `held --json`, which ends with 1 while something is held.
  private static func held(_ scene: Scene) async throws -> [JSON] {
    let reply = try await scene.command("held", "--json")
    #expect(reply.status == (reply.json.list.isEmpty ? 0 : 1))
    return reply.json.list
  }

  private static func logins(_ hold: JSON) -> Set<String> { Set(hold["accounts"].list.compactMap { $0["label"].text }) }

  @Test(
    "a mass departure while it is down is held whole; approving releases exactly what was shown",
    arguments: SessionLog.allCases)
  func whileDown(_ log: SessionLog) async throws {
    try await scene(log) { scene in
      try await scene.running { _ in try await scene.settle() }
      try await Self.leave(0..<15, scene)
      try await scene.running { _ in
        try await scene.settle()
        #expect(scene.hearing.state.deleted.isEmpty)
        let hold = try #require(try await Self.held(scene).first)
        #expect(Self.logins(hold) == Set((0..<15).map { "user\($0)" }))
        #expect(hold["kind"].text == "departures")
        let number = "\(try #require(hold["hold"].number))"

        // Adds and changes flow, and who returns leaves the hold.
        try await scene.slapd.add(LDIF.person("joiner"))
        try await Self.comeBack(14, scene)
        try await scene.settle()
        #expect(scene.hearing.state.person("joiner") != nil)
        #expect(Self.logins(try #require(try await Self.held(scene).first)).count == 14)

        // One of them.
        #expect(try await scene.command("approve", number, "user3").status == 0)
        try await scene.hearing.event { $0.isDelete && $0.login == "user3" }
        try await scene.settle()
        #expect(scene.hearing.state.deleted.count == 1)

        // What comes after somebody looked is another hold.
        try await Self.leave(20..<22, scene)
        try await scene.settle()
        let holds = try await Self.held(scene)
        #expect(holds.map { Self.logins($0).count }.sorted() == [2, 13])
        #expect(try await scene.command("approve", number).status == 0)
        try await scene.settle()
        #expect(scene.hearing.state.deleted.count == 14)
        #expect(try await scene.command("approve", "--all").status == 0)
        try await scene.settle()
        #expect(try await Self.held(scene).isEmpty)
        try await scene.expectAgreement()
      }
    }
  }

  @Test("a mass departure while it runs is held", arguments: SessionLog.allCases)
  func live(_ log: SessionLog) async throws {
    try await scene(log) { scene in
      try await scene.running { _ in
        try await scene.settle()
        try await Self.leave(0..<20, scene)
        try await scene.settle()
        let gone = scene.hearing.state.deleted.count
        #expect(gone <= 10)
        let waiting = try await Self.held(scene).reduce(0) { $0 + Self.logins($1).count }
        #expect(gone + waiting == 20)
        #expect(try await scene.command("status").status == 1)
        #expect(try await scene.command("approve", "--all").status == 0)
        try await scene.settle()
        #expect(scene.hearing.state.deleted.count == 20)
        try await scene.expectAgreement()
      }
    }
  }

  @Test("a hold survives a restart, and an approval asks the directory again")
  func approvalLooksAgain() async throws {
    try await scene(.kept) { scene in
      try await scene.running { _ in try await scene.settle() }
      try await Self.leave(0..<15, scene)
      try await scene.running { _ in try await scene.settle() }
      try await Self.comeBack(7, scene)
      // Nothing runs: the hold is released in the ledger, by somebody who does not know that user7 is back.
      #expect(try await scene.command("approve", "--all").status == 0)
      try await scene.running { _ in
        try await scene.settle()
        try await scene.expectAgreement()
      }
      #expect(scene.hearing.state.deleted.count == 14)
    }
  }

  @Test("an ACL that hides everybody removes nobody", arguments: SessionLog.allCases)
  func hiddenEverybody(_ log: SessionLog) async throws {
    try await scene(log, people: 12) { scene in
      scene.file.bind = Slapd.writer
      scene.file.environment["LDAP_PASSWORD"] = Slapd.writerPassword
      try await scene.running { _ in
        try await scene.settle()
        try await scene.reconfigure(access: [
          "access to dn.children=\"\(ChangeList.people)\" by * none", "access to * by users read by anonymous auth",
        ])
        let from = scene.hearing.receiver.requests.count
        #expect(try await scene.command("resync").status == 0)
        try await scene.status { $0["holds"].number == 1 || $0["directories"].list[0]["trouble"].exists }
        #expect(scene.hearing.state.deleted.isEmpty)
        try await scene.reconfigure(access: scene.slapd.options.access)
        #expect(try await scene.command("resync").status == 0)
        try await scene.settle()
        try await scene.expectAgreement()
        #expect(try await Self.held(scene).isEmpty)
        #expect(scene.hearing.events.dropFirst(from).allSatisfy { !$0.isDelete })
      }
    }
  }

  @Test("an ACL that hides mail is held as the loss of an attribute", arguments: SessionLog.allCases)
  func hiddenAttribute(_ log: SessionLog) async throws {
    try await scene(log, people: 12) { scene in
      scene.file.bind = Slapd.writer
      scene.file.environment["LDAP_PASSWORD"] = Slapd.writerPassword
      try await scene.running { _ in
        try await scene.settle()
        try await scene.reconfigure(access: ["access to attrs=mail by * none"] + scene.slapd.options.access)
        #expect(try await scene.command("resync").status == 0)
        try await scene.status { $0["holds"].number == 1 }
        let hold = try #require(try await Self.held(scene).first)
        #expect(hold["kind"].text == "attribute-loss")
        #expect(hold["reason"].text?.contains("mail") == true)
        #expect(Self.logins(hold).count == 13)
        #expect(scene.hearing.state.people.values.allSatisfy { $0.account["email"].exists })

        // A change of somebody in the hold does not slip the loss through.
        try await scene.slapd.replace(Self.dn(3), "title", "Changed")
        try await scene.slapd.add(LDIF.person("joiner"))
        try await scene.hearing.event { $0.login == "joiner" }
        #expect(scene.hearing.state.person("user3")?.account["email"].exists == true)

        try await scene.reconfigure(access: scene.slapd.options.access)
        #expect(try await scene.command("resync").status == 0)
        try await scene.settle()
        try await scene.expectAgreement()
        #expect(try await Self.held(scene).isEmpty)
      }
    }
  }
}

extension Scene {
  /// Restarts slapd with other access lines.
  func reconfigure(access: [String]) async throws {
    let path = slapd.directory.file("slapd.conf")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    var changed = lines.filter { !$0.hasPrefix("access to ") }
    let overlay = changed.firstIndex { $0.hasPrefix("overlay ") } ?? changed.count
    changed.insert(contentsOf: access, at: overlay)
    try slapd.directory.write("slapd.conf", changed.joined(separator: "\n") + "\n")
    try await slapd.restart()
    // The stream broke; what is asked from here on is asked of the server as it is now.
    try await status { $0["directories"].list.contains { $0["phase"].text != "following" } }
    try await status { $0["directories"].list.allSatisfy { $0["phase"].text == "following" } }
  }
}
