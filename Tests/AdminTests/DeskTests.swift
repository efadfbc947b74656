import Accounts
import Admin
import Directory
import Ledger
import Testing

/// What people ask, and what they are told.
@Suite struct DeskTests {
  @Test func statusTellsTheStateOfEachDirectoryAndTarget() async throws {
    try await withOffice { office in
      try await office.tell([office.person("jane"), office.person("joe")])
      try await office.settle { owed in
        owed.key == "jane" ? .parked(error: "400") : .again(due: Wall.now + 60_000, error: "500", counts: true)
      }
      try await office.ledger.pause(target: 1, reason: "login refused")
      let status = try await office.desk.status()
      #expect(!status.running && status.pid == nil && status.trouble == nil && status.holds == 0)
      let directory = try #require(status.directories.first)
      #expect(directory.name == "corp" && directory.phase == "not running" && directory.users == 2)
      let target = try #require(status.targets.first)
      #expect(target.name == "hooks" && target.parked == 1 && target.failing == 1 && target.waiting == 1)
      #expect(target.trouble == "paused: login refused" && target.pausedSince != nil)
    }
  }

  @Test func explainTellsWhichRuleGaveWhatAndWhatTheTargetHas() async throws {
    try await withOffice { office in
      try await office.tell([office.person("jane", ["mail": ["jane@example.com"]])])
      try await office.deliver()
      var answer = try #require(try await office.desk.explain("jane").first)
      #expect(answer.account == "jane" && answer.directory == "corp" && answer.departed == nil)
      #expect(answer.fields.first { $0.field == "email" }?.value == "jane@example.com")
      #expect(answer.fields.first { $0.field == "email" }?.rule == "mail")
      #expect(answer.targets.map(\.state) == ["in step"])
      #expect(answer.targets.first?.detail.contains("holds") == true)

      try await office.tell([office.person("jane", ["mail": ["doe@example.com"]])])
      answer = try #require(try await office.desk.explain("jane@example.com".replacing("jane", with: "doe")).first)
      #expect(answer.targets.map(\.state) == ["waiting"])
      #expect(answer.targets.first?.pending == ["email jane@example.com → doe@example.com"])

      try await office.settle { _ in .parked(error: "400: no such domain") }
      answer = try #require(try await office.desk.explain("jane").first)
      #expect(answer.targets.map(\.state) == ["parked"])
      #expect(answer.targets.first?.detail.contains("400: no such domain") == true)

      try await office.lose([office.person("jane")])
      answer = try #require(try await office.desk.explain("jane").first)
      #expect(answer.departed == "deleted")
      #expect(answer.targets.first?.detail.contains("departure: deleted") == true)
      #expect(try await office.desk.refused(.explain(account: "nobody")).contains("nobody"))
    }
  }

  @Test func whatIsHeldIsListedAndReleasedByName() async throws {
    try await withOffice { office in
      try await office.tell(office.people(20))
      try await office.deliver()
      try await office.lose(office.people(20))
      let hold = try #require(try await office.desk.held().first)
      #expect(hold.kind == "departures" && hold.directory == "corp" && hold.target == "hooks")
      #expect(hold.accounts.count == 20 && hold.accounts.first?.label == "p101")
      #expect(hold.accounts.first?.evidence == "deleted")
      #expect(try await office.desk.status().holds == 1)

      let desk = office.desk
      #expect(try await desk.refused(.approve(hold: 99, accounts: [], samePeople: false)).contains("no hold 99"))
      let unknown = try await desk.refused(.approve(hold: hold.hold, accounts: ["jane"], samePeople: false))
      #expect(unknown.contains("no account 'jane'"))
      #expect(try await desk.refused(.approve(hold: hold.hold, accounts: [], samePeople: true)).contains("same-people"))
      let named = [hold.accounts[0].dn.uppercased(), "P102"]
      #expect(try await desk.done(.approve(hold: hold.hold, accounts: named, samePeople: false)).count == 2)
      #expect(try await desk.done(.approve(hold: nil, accounts: [], samePeople: false)).count == 18)
      #expect(try await desk.held().isEmpty)
    }
  }

  @Test func oneAccountMayBeReleasedFromWhicheverHoldItIsIn() async throws {
    try await withOffice { office in
      try await office.tell(office.people(40))
      try await office.deliver()
      try await office.lose(Array(office.people(40)[..<20]))
      _ = try await office.desk.held()
      try await office.lose([office.people(40)[20]])
      #expect(try await office.desk.held().count == 2)
      let released = try await office.desk.done(.approve(hold: nil, accounts: ["p121"], samePeople: false))
      #expect(released.count == 1)
      let nobody = try await office.desk.refused(.approve(hold: nil, accounts: ["jane"], samePeople: false))
      #expect(nobody.contains("jane"))
    }
  }

  @Test func whatFailedIsListedAndTriedAgain() async throws {
    try await withOffice { office in
      try await office.tell([office.person("jane"), office.person("joe")])
      let due = Wall.now + 60_000
      try await office.settle("failed") { owed in
        owed.key == "jane" ? .parked(error: "400") : .again(due: due, error: "500", counts: true)
      }
      let failed = try await office.desk.failed().sorted { $0.account < $1.account }
      #expect(failed.map(\.account) == ["jane", "joe"] && failed.map(\.parked) == [true, false])
      #expect(failed.map(\.nextAttempt) == [nil, due] && failed.map(\.error) == ["400", "500"])
      #expect(try await office.desk.done(.retry(target: nil, accounts: ["jane"])).count == 1)
      #expect(try await office.desk.done(.retry(target: nil, accounts: ["hooks"])).count == 1, "a target's name")
      #expect(try await office.desk.refused(.retry(target: "pbx", accounts: [])).contains("the file names hooks"))
      #expect(try await office.desk.refused(.retry(target: nil, accounts: ["nobody"])).contains("nobody"))
    }
  }

  @Test func theLogTellsWhatHappenedToWhom() async throws {
    try await withOffice { office in
      try await office.tell([office.person("jane"), office.person("joe")])
      try await office.deliver()
      #expect(try await office.desk.log(nil).count == 2)
      let lines = try await office.desk.log("JANE")
      #expect(lines.map(\.account) == ["jane"] && lines.map(\.event) == ["created"])
      #expect(lines.map(\.target) == ["hooks"] && lines.first?.detail == "told")
      #expect(try await office.desk.log(nil, since: Wall.now + 1000).isEmpty)
      #expect(try await office.desk.log(nil, limit: 1).count == 1)
      #expect(try await office.desk.log("nobody").isEmpty)
    }
  }

  @Test func resyncMakesAccountsDueAgain() async throws {
    try await withOffice { office in
      try await office.tell(office.people(3))
      try await office.deliver()
      let one = try await office.desk.done(.resync(directory: nil, target: nil, account: "p102", again: true))
      #expect(one.count == 1)
      let all = try await office.desk.done(.resync(directory: nil, target: "hooks", account: nil, again: true))
      #expect(all.count == 3)
      for question in [
        Question.resync(directory: "hq", target: nil, account: nil, again: false),
        .resync(directory: nil, target: "pbx", account: nil, again: false),
        .resync(directory: nil, target: nil, account: "nobody", again: false),
      ] {
        let why = try await office.desk.refused(question)
        #expect(!why.isEmpty)
      }
    }
  }
}
