import Accounts
import Directory
import Ledger
import Testing

@testable import Follow

/// Refreshes under other circumstances than the last one: another way of reading, another server, other ids.
@Suite struct CircumstanceTests {
  @Test func omissionsAreHeldWhereWhatIsReadChanged() async throws {
    try await withWorld(policy: Policy()) { world in
      try await world.settled(people(100))
      try await world.enrol(reading: "another filter")
      world.directory.remove([person("p1001")])
      let report = try await world.pass(whole(people(99, from: 2)))
      #expect(world.directory.now.opened.last == .some(nil), "from nothing")
      #expect(report.held.first?.contains("what is read changed") == true)
      #expect(try await world.due().isEmpty)
      #expect(try await !world.ledger.position(of: world.number).readingChanged)
      world.directory.remove([person("p1002")])
      try await world.pass(whole(people(98, from: 3)))
      #expect(try await world.due() == ["p1002: omitted"], "from then on, as ever")
    }
  }

  @Test func omissionsThatCannotBeConfirmedNowAreHeldLaterToo() async throws {
    try await withWorld(policy: Policy()) { world in
      try await world.settled(people(100))
      try await world.enrol(reading: "another filter")
      world.directory.remove([person("p1001")])
      world.directory.set { $0.isSilent = true }
      await #expect(throws: (any Error).self) { try await world.pass(whole(people(99, from: 2))) }
      #expect(try await world.obligations().isEmpty, "it would not know that omissions are to be held")
      world.directory.set { $0.isSilent = false }
      try await world.pass(whole(people(99, from: 2)))
      #expect(try await world.due().isEmpty)
      #expect(try await world.ledger.holds().map(\.items.count) == [1])
    }
  }

  @Test func omissionsAreHeldAtAnotherServer() async throws {
    try await withWorld(policy: Policy()) { world in
      try await world.settled(people(100))
      world.directory.remove([person("p1001")])
      world.directory.set { $0.server = "another server" }
      let report = try await world.pass(whole(people(99, from: 2)))
      #expect(world.directory.now.opened.last == .some(nil), "its cookie would mean nothing")
      #expect(report.held.first?.contains("another server") == true)
      #expect(try await world.due().isEmpty)
      let position = try await world.ledger.position(of: world.number)
      #expect(position.server == "another server")
    }
  }

  @Test func anotherServerIsStillAnotherAfterARefreshThatBroke() async throws {
    try await withWorld(policy: Policy()) { world in
      try await world.settled(people(100))
      world.directory.remove([person("p1001")])
      world.directory.set { $0.server = "another server" }
      world.directory.plan([[.refreshBegan(.full), .upsert(person("p1002"))]], .broken)
      await #expect(throws: Silence.self) { try await world.follower.pass() }
      try await world.pass(whole(people(99, from: 2)))
      #expect(try await world.due().isEmpty)
      #expect(try await world.ledger.holds().map(\.items.count) == [1])
    }
  }

  @Test func anAttributeThatVanishedFromManyIsHeld() async throws {
    try await withWorld { world in
      let all = (1...10).map { person("p\($0)", ["mail": ["p\($0)@example.com"]]) }
      try await world.settled(all)
      let hidden = (1...10).map { $0 <= 3 ? person("p\($0)", ["title": ["x"]]) : all[$0 - 1] }
      let report = try await world.pass(whole(hidden))
      #expect(report.held.first?.contains("'mail' vanished from 3 of 10") == true)
      #expect(try await world.due().isEmpty)
      let holds = try await world.ledger.holds()
      #expect(holds.map(\.kind) == [.attributeLoss])
      try await world.pass(nothingNew, [.upsert(all[0])])
      #expect(try await world.due() == ["p1"], "it is back")
    }
  }

  @Test func anAttributeThatVanishedFromFewIsDelivered() async throws {
    try await withWorld { world in
      let all = (1...10).map { person("p\($0)", ["mail": ["p\($0)@example.com"]]) }
      try await world.settled(all)
      try await world.pass(whole([person("p1"), person("p2")] + all[2...]))
      #expect(try await world.due() == ["p1", "p2"])
    }
  }

  @Test func knownLoginsUnderNewIDsAreHeldAsReidentification() async throws {
    try await withWorld(policy: Policy()) { world in
      let (old, new) = (people(20), people(20, ids: 5000))
      try await world.settled(old)
      world.directory.remove(old)
      world.directory.add(new)
      let report = try await world.pass(whole(new))
      #expect(report.held.contains { $0.contains("20 of 20 people came back under new ids") })
      #expect(try await world.due().isEmpty)
      let hold = try #require(try await world.ledger.holds().first { $0.kind == .reidentification })
      let bound = try await world.ledger.approve(hold: hold.number, entries: nil, samePeople: true, now: Wall.now)
      #expect(bound == 20)
      let due = try await world.ledger.claim(target: world.target, now: Wall.now, limit: 100)
      #expect(due.count == 20 && due.allSatisfy { $0.binding != nil && $0.evidence == nil })
      #expect(try await world.ledger.holds().isEmpty)
    }
  }

  @Test func aReloadInTheMiddleOfWhichTheStreamBreaksIsRecognisedAllTheSame() async throws {
    try await withWorld(policy: Policy()) { world in
      let (old, new) = (people(5000), people(5000, ids: 50_000))
      try await world.settled(old)
      world.directory.remove(old)
      world.directory.add(new)
      world.directory.plan([[.refreshBegan(.full)] + new[..<4500].map(Change.upsert)], .broken)
      await #expect(throws: Silence.self) { try await world.follower.pass() }
      try await world.pass(whole(new))
      #expect(try await world.due().isEmpty)
      let hold = try #require(try await world.ledger.holds().first { $0.kind == .reidentification })
      #expect(hold.items.filter { $0.samePerson != nil }.count == 5000)
    }
  }

  @Test func aFewNewcomersUnderOldLoginsAreOtherPeople() async throws {
    try await withWorld(policy: Policy()) { world in
      try await world.settled(people(100))
      let other = person("p1001", id: 7)
      world.directory.remove([person("p1001")])
      world.directory.add([other])
      try await world.pass(whole([other] + people(99, from: 2)))
      #expect(try await world.due() == ["p1001", "p1001: omitted"])
    }
  }

  @Test func aResyncComparesFromNothing() async throws {
    try await withWorld { world in
      try await world.settled(people(3))
      world.directory.plan([whole([person("p1001", ["title": ["x"]]), person("p1002"), person("p1003")])])
      _ = try await world.follower.pass(reason: .resync, full: true)
      #expect(world.directory.now.opened.last == .some(nil))
      let due = try await world.ledger.claim(target: world.target, now: Wall.now, limit: 10)
      #expect(due.map(\.key) == ["p1001"] && due.map(\.cause) == [.resync])
    }
  }
}
