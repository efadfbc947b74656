import Glibc
import TestSupport
import Testing

/// What is owed while nobody knows whether the target has it already, and people who come back.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct UnconfirmedTests {
  private static let jane = "uid=user0,\(ChangeList.people)"

  @Test("A, B, A while the answer to B is lost: the receiver ends with A", arguments: SessionLog.allCases)
  func backAndForth(_ log: SessionLog) async throws {
    try await Scene.with(log, people: 3) { scene in
      try await scene.slapd.replace(Self.jane, "title", "A")
      try await scene.running { _ in
        try await scene.settle()
        scene.hearing.answer { $0.account["title"].text == "B" ? .answerLost : .taken }
        try await scene.slapd.replace(Self.jane, "title", "B")
        try await scene.hearing.event { $0.account["title"].text == "B" }
        try await scene.slapd.replace(Self.jane, "title", "A")
        let heard = scene.hearing.receiver.requests.count
        try await scene.hearing.event(from: heard) { $0.account["title"].text == "A" && $0.login == "user0" }
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test("A, B, A while B is in flight: the receiver ends with A")
  func backWhileInFlight() async throws {
    try await Scene.with(people: 3) { scene in
      scene.file.targetLines = ["timeout: 2s"]
      try await scene.slapd.replace(Self.jane, "title", "A")
      try await scene.running { _ in
        try await scene.settle()
        scene.hearing.answer { event in
          event.account["title"].text == "B" ? .init(behaviour: .silence, isApplied: true) : .taken
        }
        try await scene.slapd.replace(Self.jane, "title", "B")
        try await scene.hearing.event { $0.account["title"].text == "B" }
        try await scene.slapd.replace(Self.jane, "title", "A")
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test("A, B, A around a kill while B is in flight: the receiver ends with A", arguments: SessionLog.allCases)
  func backAfterKill(_ log: SessionLog) async throws {
    try await Scene.with(log, people: 3) { scene in
      try await scene.slapd.replace(Self.jane, "title", "A")
      let child = try await scene.run()
      try await scene.settle()
      scene.hearing.answer { event in
        event.account["title"].text == "B" ? .init(behaviour: .silence, isApplied: true) : .taken
      }
      try await scene.slapd.replace(Self.jane, "title", "B")
      try await scene.hearing.event { $0.account["title"].text == "B" }
      try await child.stop(SIGKILL)
      try await scene.slapd.replace(Self.jane, "title", "A")
      scene.hearing.takeAll()
      try await scene.running { _ in
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test("who leaves before the create is confirmed does not stay", arguments: SessionLog.allCases, [false, true])
  func leavesUnconfirmed(_ log: SessionLog, killed: Bool) async throws {
    try await Scene.with(log, people: 3) { scene in
      var child = try await scene.run()
      try await scene.settle()
      scene.hearing.answer { $0.login == "brief" && !$0.isDelete ? .answerLost : .taken }
      try await scene.slapd.add(LDIF.person("brief"))
      try await scene.hearing.event { $0.login == "brief" }
      if killed { try await child.stop(SIGKILL) }
      try await scene.slapd.delete("uid=brief,\(ChangeList.people)")
      if killed { child = try await scene.run() }
      try await scene.hearing.event { $0.login == "brief" && $0.isDelete }
      try await scene.settle()
      try await scene.expectAgreement()
      try await child.stop()
    }
  }

  @Test("who comes and goes while it is down is never mentioned")
  func neverMentioned() async throws {
    try await Scene.with(people: 3) { scene in
      try await scene.running { _ in try await scene.settle() }
      try await scene.slapd.add(LDIF.person("brief"))
      try await scene.slapd.delete("uid=brief,\(ChangeList.people)")
      try await scene.running { _ in try await scene.settle() }
      #expect(!scene.hearing.events.contains { $0.login == "brief" })
    }
  }

  @Test("leave: disable, and an attribute that the filter needs is removed and added", arguments: SessionLog.allCases)
  func disabledAndEnabled(_ log: SessionLog) async throws {
    try await Scene.with(log, seed: (0..<6).map { LDIF.person("staff\($0)", lines: ["employeeType: staff"]) }) {
      scene in
      scene.file.usersFilter = ChangeList.filter
      scene.file.targetLines = ["leave: disable"]
      let sentinel = "uid=\(Scene.sentinel),\(ChangeList.people)"
      try await scene.slapd.replace(sentinel, "employeeType", "staff")
      try await scene.running { _ in
        try await scene.settle()
        try await scene.slapd.replace("uid=staff1,\(ChangeList.people)", "employeeType")
        try await scene.settle()
        #expect(scene.hearing.state.person("staff1")?.isDisabled == true)
        #expect(scene.hearing.state.person("staff1")?.account["active"].flag == false)
        try await scene.slapd.replace("uid=staff1,\(ChangeList.people)", "employeeType", "staff")
        try await scene.settle()
        #expect(scene.hearing.state.person("staff1")?.account["active"].flag == true)
        try await scene.expectAgreement()
        #expect(scene.hearing.state.deleted.isEmpty)
      }
      // The same while it is down: nothing at all is to be said.
      try await scene.slapd.replace("uid=staff2,\(ChangeList.people)", "employeeType")
      try await scene.running { _ in try await scene.settle() }
      #expect(scene.hearing.state.person("staff2")?.isDisabled == true)
      try await scene.slapd.replace("uid=staff2,\(ChangeList.people)", "employeeType", "staff")
      try await scene.running { _ in try await scene.settle() }
      try await scene.expectAgreement()
    }
  }

  @Test("with grace who leaves is disabled at once, not deleted, and enabled when back")
  func graceLong() async throws {
    try await Scene.with(people: 6) { scene in
      scene.file.usersBase = ChangeList.people
      scene.file.targetLines = ["grace: 1h", "leave: delete"]
      try await scene.running { _ in
        try await scene.settle()
        try await scene.slapd.modrdn(Self.jane, to: "uid=user0", superior: ChangeList.away)
        try await scene.slapd.delete("uid=user1,\(ChangeList.people)")
        try await scene.hearing.event { $0.login == "user0" && $0.type == "account.disabled" }
        try await scene.hearing.event { $0.login == "user1" && $0.type == "account.disabled" }
        try await scene.slapd.modrdn("uid=user0,\(ChangeList.away)", to: "uid=user0", superior: ChangeList.people)
        try await scene.hearing.event { $0.login == "user0" && $0.type == "account.updated" }
        #expect(scene.hearing.state.person("user0")?.account["active"].flag == true)
        #expect(scene.hearing.state.deleted.isEmpty)
      }
      // Nor after a restart.
      try await scene.running { _ in
        try await scene.hearing.event(from: 0) { $0.login == "user0" }
        try await scene.status { $0["directories"].list.allSatisfy { $0["phase"].text == "following" } }
      }
      #expect(scene.hearing.state.deleted.isEmpty)
      #expect(scene.hearing.state.person("user1")?.isDisabled == true)
      #expect(scene.hearing.state.offences.isEmpty)
    }
  }

  @Test("when grace is over who is gone is deleted, and who exists elsewhere is not")
  func graceShort() async throws {
    try await Scene.with(people: 6) { scene in
      scene.file.usersBase = ChangeList.people
      scene.file.targetLines = ["grace: 2s", "leave: delete", "out-of-scope: disable"]
      try await scene.running { _ in
        try await scene.settle()
        try await scene.slapd.delete(Self.jane)
        try await scene.slapd.modrdn("uid=user1,\(ChangeList.people)", to: "uid=user1", superior: ChangeList.away)
        try await scene.hearing.event { $0.login == "user0" && $0.type == "account.disabled" }
        try await scene.hearing.event { $0.login == "user0" && $0.isDelete }
        try await scene.settle()
        let state = scene.hearing.state
        #expect(state.offences.isEmpty, "\(state.offences)")
        #expect(state.person("user0") == nil)
        #expect(state.person("user1")?.isDisabled == true)
      }
    }
  }
}
