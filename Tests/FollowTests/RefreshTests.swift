import Accounts
import Directory
import Ledger
import TestSupport
import Testing

@testable import Follow

/// Refreshes: compared with what is known, judged at their end.
@Suite struct RefreshTests {
  @Test func aFirstLoadOwesEverybodyOnce() async throws {
    try await withWorld { world in
      world.directory.add(people(10) + [unit("ou=people,dc=example,dc=com")])
      let report = try await world.pass()
      #expect(report.read == 11 && report.changed == 11 && report.incomplete == nil)
      #expect(try await world.due().count == 10)
      let position = try await world.ledger.position(of: world.number)
      #expect(position.loaded && position.server == world.directory.now.server)
      #expect(position.checkpoint == .at(1))
    }
  }

  @Test func aRefreshWithoutChangesWritesAndAsksNothing() async throws {
    try await withWorld { world in
      try await world.settled(people(10))
      let report = try await world.pass(whole(people(10)))
      #expect(report.read == 10 && report.changed == 0 && report.departed == 0)
      #expect(world.directory.now.lookedUp.isEmpty && world.directory.now.counted.isEmpty)
      #expect(try await world.due().isEmpty)
    }
  }

  @Test func aWholeRefreshFindsWhatChangedMeanwhile() async throws {
    try await withWorld { world in
      try await world.settled([person("jane"), person("joe"), person("jill")])
      world.directory.remove([person("jill")])
      try await world.pass(whole([person("jane", ["title": ["x"]]), person("joe"), person("new")]))
      #expect(try await world.due() == ["jane", "jill: omitted", "new"])
    }
  }

  @Test func whoWasNotMentionedIsAskedForByID() async throws {
    try await withWorld { world in
      let all = [person("there"), person("gone"), person("moved")]
      try await world.settled(all)
      world.directory.remove([person("gone")])
      world.directory.set { state in
        state.entries[person("moved").id]?.dn = DistinguishedName("uid=moved,ou=old,dc=example,dc=com")
      }
      try await world.pass(whole([]))
      #expect(world.directory.now.lookedUp.map(Set.init) == [Set(all.map(\.id))])
      #expect(try await world.due() == ["gone: omitted", "moved: leftScope"])
    }
  }

  @Test func manyWhoWereNotMentionedAreCountedFirst() async throws {
    try await withWorld { world in
      let all = people(1200)
      try await world.settled(all)
      world.directory.remove([all[0], all[1]])
      try await world.pass(whole([]))
      #expect(world.directory.now.counted == ["base"])
      #expect(world.directory.now.lookedUp.map(Set.init) == [[all[0].id, all[1].id]])
      #expect(try await world.due() == ["p1001: omitted", "p1002: omitted"])
    }
  }

  @Test func aCountThatIsNotWholeRemovesNobodyAndIsOwed() async throws {
    try await withWorld { world in
      let all = people(1200)
      try await world.settled(all)
      world.directory.remove([all[0]])
      world.directory.set { $0.censusGap = "size limit exceeded" }
      try await world.pass(whole([]))
      #expect(try await world.due().isEmpty)
      #expect(try await world.obligations() == [.census(below: ["dc=example,dc=com"])])
      world.directory.set { $0.censusGap = nil }
      try await world.pass(nothingNew)
      #expect(try await world.due() == ["p1001: omitted"])
      #expect(try await world.obligations().isEmpty)
    }
  }

  @Test func aDeltaSaysNothingAboutThoseItDoesNotMention() async throws {
    try await withWorld { world in
      try await world.settled([person("jane"), person("joe"), person("jill")])
      world.directory.remove([person("joe")])
      try await world.pass([
        .refreshBegan(.delta), .upsert(person("jane", ["title": ["x"]])), .departed(person("joe").id, .deleteMessage),
        .refreshEnded(.delta),
      ])
      #expect(try await world.due() == ["jane", "joe: deleted"])
    }
  }

  @Test func aPartialRefreshAppliesWhatCameAndRemovesNobody() async throws {
    try await withWorld { world in
      try await world.settled([person("jane"), person("joe")])
      world.directory.remove([person("joe")])
      let report = try await world.pass([
        .refreshBegan(.full), .upsert(person("jane", ["title": ["x"]])), .upsert(person("new")),
        .refreshEnded(.partial("size limit exceeded")),
      ])
      #expect(report.incomplete == "size limit exceeded")
      #expect(try await world.due() == ["jane", "new"])
      #expect(world.directory.now.lookedUp.isEmpty)
    }
  }

  @Test func presentIDsCountAsMentioned_andUnknownOnesAreRead() async throws {
    try await withWorld { world in
      try await world.settled([person("jane"), person("joe")])
      let movedIn = person("moved-in")
      world.directory.add([movedIn])
      try await world.pass([
        .refreshBegan(.delta), .present([person("jane").id, person("joe").id, movedIn.id]), .refreshEnded(.whole),
      ])
      #expect(try await world.due() == ["moved-in"])
    }
  }

  @Test func aBrokenRefreshIsBegunAgainWithoutASecondCopyOfAnybody() async throws {
    try await withWorld { world in
      let all = people(5000)
      world.directory.add(all)
      world.directory.plan([[.refreshBegan(.full)] + all.map(Change.upsert)], .broken)
      await #expect(throws: Silence.self) { try await world.follower.pass() }
      #expect(try await world.due().isEmpty, "nothing of a first load is told before its end")
      try await world.pass()
      #expect(try await world.ledger.position(of: world.number).entries == 5000)
      #expect(try await world.due().count == 5000)
    }
  }

  @Test func anEntryToldTwiceInAFirstLoadIsOne() async throws {
    try await withWorld { world in
      let again = person("p5096", ["title": ["x"]])
      try await world.pass(
        [.refreshBegan(.full)] + people(4096).map(Change.upsert), people(4096, from: 5000).map(Change.upsert),
        [.upsert(again), .refreshEnded(.whole)])
      #expect(try await world.ledger.position(of: world.number).entries == 8192)
      #expect(try await world.known(again)?.entry.attributes.texts("title") == ["x"])
    }
  }

  @Test func aNewcomerToldTwiceInALaterRefreshIsOne() async throws {
    try await withWorld { world in
      try await world.settled([person("jane")])
      let again = person("p5096", ["title": ["x"]])
      try await world.pass(
        [.refreshBegan(.full), .upsert(person("jane"))] + people(4096).map(Change.upsert),
        [.upsert(again)] + people(4095, from: 5000).map(Change.upsert), [.refreshEnded(.whole)])
      #expect(try await world.ledger.position(of: world.number).entries == 8192)
      #expect(try await world.known(again)?.entry.attributes.texts("title") == ["x"])
    }
  }

  @Test func aRefreshAskedForWhileAnotherRunsBeginsAgain() async throws {
    try await withWorld { world in
      let all = people(5000)
      world.directory.add(all)
      world.directory.plan([[.refreshBegan(.full)] + all.map(Change.upsert)], .open)
      world.directory.plan([whole(all)], .open)
      let (follower, told) = (world.follower, world.directory.told)
      let run = Task { await follower.run() }
      #expect(await told.wait())
      follower.requestRefresh()
      #expect(await told.wait(count: 2))
      while follower.status.phase != .following { await Task.yield() }
      run.cancel()
      await run.value
      #expect(follower.status.phase == .stopped)
      let position = try await world.ledger.position(of: world.number)
      #expect(position.entries == 5000 && position.loaded)
    }
  }

  @Test func tooManyOmissionsAreHeld() async throws {
    try await withWorld(policy: Policy()) { world in
      let all = people(100)
      try await world.settled(all)
      world.directory.remove(Array(all[..<30]))
      let report = try await world.pass(whole(Array(all[30...])))
      #expect(report.held.count == 1 && report.departed == 30)
      #expect(try await world.due().isEmpty)
      #expect(try await world.ledger.holds().map(\.items.count) == [30])
    }
  }

  @Test func anEmptyAnswerDepartsNobodyUnheld() async throws {
    try await withWorld(policy: Policy()) { world in
      let all = people(20)
      try await world.settled(all)
      world.directory.remove(all)
      try await world.pass(whole([]))
      #expect(try await world.due().isEmpty)
      #expect(try await world.ledger.holds().map(\.items.count) == [20])
    }
  }
}
