import Foundation
import Glibc
import TestSupport
import Testing

/// A directory that restarts, dies, hangs, forgets, or comes back as another one.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ServerTests {
  private static func dn(_ number: Int) -> String { "uid=user\(number),\(ChangeList.people)" }

  @Test("slapd restarts", arguments: SessionLog.allCases)
  func restarts(_ log: SessionLog) async throws {
    try await Scene.with(log, people: 10) { scene in
      try await scene.running { child in
        try await scene.settle()
        try await scene.slapd.restart()
        try await child.line(containing: "stream broken")
        try await scene.slapd.delete(Self.dn(1))
        try await scene.slapd.replace(Self.dn(2), "title", "After")
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test("slapd is killed in the middle of changes", arguments: SessionLog.allCases)
  func killed(_ log: SessionLog) async throws {
    try await Scene.with(log, people: 40) { scene in
      try await scene.running { _ in
        try await scene.settle()
        for round in 0..<3 {
          let load = Task {
            try await scene.slapd.modify(
              (0..<40).flatMap { number in
                (0..<20).map {
                  "dn: \(Self.dn(number))\nchangetype: modify\nreplace: title\ntitle: \(round)-\($0)\n-\n"
                }
              }.joined(separator: "\n"))
          }
          try await scene.hearing.event { $0.account["title"].text?.hasPrefix("\(round)-") == true }
          await scene.slapd.kill()
          _ = try? await load.value
          try await scene.slapd.launchAgain()
          try await scene.slapd.delete(Self.dn(30 + round))
          try await scene.settle()
          try await scene.expectAgreement("after round \(round)")
        }
      }
    }
  }

  @Test("slapd cannot be reached at the start, and later can")
  func unreachable() async throws {
    try await Scene.with(people: 5) { scene in
      await scene.slapd.stop()
      try await scene.running { child in
        try await child.line(containing: "trying again")
        let status = try await scene.status { $0["directories"].list.first?["trouble"].exists == true }
        #expect(status["directories"].list[0]["trouble"].text?.contains("connect") == true, "\(status)")
        let reply = try await scene.command("status")
        #expect(reply.status == 1)
        try await scene.slapd.launchAgain()
        try await scene.settle()
        try await scene.expectAgreement()
        try await scene.status { !$0["directories"].list[0]["trouble"].exists }
      }
    }
  }

  @Test("slapd hangs with its connections open: the heartbeat finds it")
  func halfOpen() async throws {
    try await Scene.with(people: 5) { scene in
      scene.file.directoryLines += ["heartbeat: 1s"]
      try await scene.running { child in
        try await scene.settle()
        let seen = child.output.count
        let began = ContinuousClock.now
        scene.slapd.suspend()
        defer { scene.slapd.resume() }
        try await child.line(containing: "heartbeat", from: seen, within: .seconds(40))
        #expect(ContinuousClock.now - began < .seconds(30))
        scene.slapd.resume()
        try await scene.slapd.delete(Self.dn(1))
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test(
    "a cookie that is none, from elsewhere, from the past or from the future",
    arguments: SessionLog.allCases,
    [
      "garbage", "rid=000", "rid=000,csn=zzz", "rid=000,csn=20260101000000.000000Z#000000#007#000000",
      "rid=000,csn=20160101000000.000000Z#000000#001#000000", "rid=000,csn=20990101000000.000000Z#000000#001#000000",
      "rid=000,csn=20260101000000.000000Z#000000#001#000000;20260101000000.000000Z#000000#002#000000",
    ])
  func foreignCookie(_ log: SessionLog, _ cookie: String) async throws {
    try await Scene.with(log, people: 8) { scene in
      try await scene.running { _ in try await scene.settle() }
      try await scene.slapd.delete(Self.dn(1))
      try await scene.slapd.replace(Self.dn(2), "title", "Changed")
      try await scene.slapd.add(LDIF.person("joiner"))
      let hex = cookie.utf8.map { String(format: "%02x", $0) }.joined()
      try await scene.sqlite("UPDATE directory SET checkpoint=x'\(hex)'")
      let from = scene.hearing.receiver.requests.count
      try await scene.running { _ in
        try await scene.settle()
        // A server may be in no position to tell who left: then nobody leaves, until everything is compared.
        if try await !scene.disagreements().isEmpty {
          #expect(try await scene.disagreements() == ["user1 is at the receiver and not in the directory"])
          #expect(try await scene.command("resync").status == 0)
          try await scene.settle()
        }
        try await scene.expectAgreement()
      }
      // Everything was compared, and only what differs was sent: three changes, the sentinel's, nothing else.
      let logins = Set(scene.hearing.events.dropFirst(from).map(\.login))
      #expect(logins.isSubset(of: ["user1", "user2", "joiner", Scene.sentinel]), "\(logins)")
    }
  }

  @Test(
    "the database is loaded again: held as the same people, bound to their new ids without a request",
    arguments: SessionLog.allCases, [true, false])
  func reloaded(_ log: SessionLog, live: Bool) async throws {
    try await Scene.with(log, people: 20) { scene in
      scene.file.lines = []
      var child = try await scene.run()
      try await scene.atRest()
      let before = scene.hearing.state.present
      if !live { try await child.stop() }
      try await scene.slapd.reload()
      let from = scene.hearing.receiver.requests.count
      if !live { child = try await scene.run() }
      try await scene.status { $0["holds"].number == 1 }
      let holds = try await scene.command("held", "--json").json.list
      #expect(holds.map { $0["kind"].text } == ["re-identification"])
      #expect(holds.first?["accounts"].list.count ?? 0 >= 21)
      #expect(scene.hearing.receiver.requests.count == from)

      let number = "\(try #require(holds.first?["hold"].number))"
      let reply = try await scene.command("approve", number, "--same-people")
      #expect(reply.status == 0)
      try await scene.atRest()
      #expect(scene.hearing.receiver.requests.count == from, "nothing is sent for that")
      let status = try await scene.status { $0["holds"].number == 0 }
      #expect(status["targets"].list[0]["accounts"].number == 21)

      // The next change of somebody goes out under the new id, as an update.
      try await scene.slapd.replace(Self.dn(3), "title", "Changed")
      let event = try await scene.hearing.event(from: from) { $0.login == "user3" }
      #expect(event.type == "account.updated")
      #expect(before[event.person] == nil)
      try await child.stop()
      #expect(scene.hearing.state.deleted.isEmpty)
    }
  }

  @Test("the database is loaded again and its people really are others")
  func reloadedAsOthers() async throws {
    try await Scene.with(people: 20) { scene in
      scene.file.lines = []
      try await scene.running { _ in try await scene.settle() }
      try await scene.slapd.reload()
      try await scene.running { _ in
        try await scene.status { $0["holds"].number == 1 }
        #expect(try await scene.command("approve", "--all").status == 0)
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }
}

extension Scene {
  /// Changes the ledger behind Rollcall's back, which does not run.
  @discardableResult
  func sqlite(_ statement: String) async throws -> String {
    try await Tool.run("sqlite3", [ledgerPath, statement])
  }
}
