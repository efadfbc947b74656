import Accounts
import Directory
import Ledger
import TestSupport
import Testing

@testable import Deliver

/// The loop ledger → target, with a real ledger and a scripted target.
@Suite struct DelivererTests {
  @Test func aPassDeliversAllThatIsDueAndEnds() async throws {
    try await withHouse { house in
      try await house.tell(crowd(100))
      let deliverer = house.deliverer()
      await deliverer.pass()
      #expect(house.target.operations.count == 100)
      #expect(house.target.operations.allSatisfy { $0.verb == .create && $0.reason == .change })
      let state = try await house.state()
      #expect(state.accounts == 100 && state.waiting == 0)
      #expect(deliverer.status.delivered == 100 && deliverer.status.failures == 0)
      #expect(deliverer.status.lastSuccess != nil && deliverer.status.latency(0.99) != nil)
      await house.pass()
      #expect(house.target.operations.count == 100, "nothing is said twice")
    }
  }

  @Test func noMoreThanAllowedAreUnderWayAndNeverTwoOfOneAccount() async throws {
    try await withHouse { house in
      try await house.tell(crowd(200))
      house.target.wait { _ in true }
      let deliverer = house.deliverer(concurrency: 3)
      let pass = Task { await deliverer.pass() }
      #expect(await house.target.arrived.wait(count: 3))
      house.target.goOn()
      await pass.value
      #expect(house.target.most == 3 && house.target.operations.count == 200)
      #expect(!house.target.overlapped)
    }
  }

  @Test func changesThatComeWhileOneIsUnderWayAreOneMore_inOrder() async throws {
    try await withHouse { house in
      house.target.wait { _ in true }
      try await house.tell([person()])
      let deliverer = house.deliverer()
      let run = Task { await deliverer.run() }
      #expect(await house.target.arrived.wait())
      for number in 1...10 { try await house.tell([person("jane", ["title": ["\(number)"]])]) }
      house.target.goOn()
      #expect(await house.target.arrived.wait(count: 2))
      run.cancel()
      await run.value
      #expect(house.target.said == ["create jane", "update jane"])
      #expect(house.target.operations.last?.account.text(.title) == "10")
      let revisions = house.target.operations.map(\.revision)
      #expect(revisions == revisions.sorted() && Set(revisions).count == 2)
      #expect(!house.target.overlapped)
    }
  }

  @Test func whatReturnsToWhatWasSettledIsNotSaid() async throws {
    try await withHouse { house in
      try await house.settled([person()])
      try await house.tell([person("jane", ["title": ["x"]])])
      try await house.tell([person()])
      await house.pass()
      #expect(house.target.operations.isEmpty)
      #expect(try await house.state().waiting == 0)
    }
  }

  @Test func aValueThatGoesThereAndBackWhileTheAnswerIsLostIsSaidAgain() async throws {
    try await withHouse { house in
      try await house.settled([person()])
      house.target.answer { _ in Outcome(.ambiguous, "no answer") }
      try await house.tell([person("jane", ["title": ["B"]])])
      await house.pass()
      try await house.tell([person()])
      house.target.answer { _ in Outcome(.ok) }
      await house.pass()
      #expect(house.target.operations.first?.account.text(.title) == "B")
      #expect(house.target.operations.last?.account.text(.title) == nil, "the target ends with A")
      #expect(try await house.standing(person())?.state == nil)
    }
  }

  @Test func whoLeavesAfterAnUnconfirmedCreateIsTakenBack() async throws {
    try await withHouse { house in
      house.target.answer { _ in Outcome(.ambiguous, "no answer") }
      try await house.tell([person()])
      await house.pass()
      try await house.lose([person()])
      house.target.answer { _ in Outcome(.ok) }
      await house.pass()
      #expect(Set(house.target.said) == ["create jane", "delete jane"])
      #expect(house.target.said.last == "delete jane")
      #expect(try await house.standing(person()) == nil, "no trace")
    }
  }

  @Test func whoNeverGotALoginOrAnothersIsNotTakenBack() async throws {
    try await withHouse { house in
      try await house.settled([person("jane", id: 1)])
      let nameless = Entry(
        id: .uuid(1, 2), dn: DistinguishedName("cn=x,dc=example,dc=com"), attributes: Attributes(["cn": ["X"]]))
      let second = person("jane", id: 3)
      try await house.tell([nameless, second])
      await house.pass()
      #expect(try await house.state().parked == 2)
      try await house.lose([nameless, second])
      await house.pass()
      #expect(house.target.operations.isEmpty, "a delete of jane would be the other's")
      let state = try await house.state()
      #expect(state.parked == 0 && state.waiting == 0 && state.accounts == 1)
    }
  }

  @Test func aLoginIsHandedOver_theLeaverFirst() async throws {
    try await withHouse { house in
      try await house.settled([person("jane", id: 1)])
      try await house.tell([person("jane", id: 2)])
      await house.pass()
      #expect(house.target.operations.isEmpty, "two people cannot have it")
      #expect(try await house.standing(person("jane", id: 2))?.state == .parked)
      try await house.lose([person("jane", id: 1)])
      await house.pass()
      #expect(house.target.said == ["delete jane", "create jane"])
      #expect(house.target.operations.map(\.id) == [.uuid(1, 1), .uuid(1, 2)])
    }
  }

  @Test func aLoginThatIsFreedByARenameIsWaitedFor() async throws {
    try await withHouse { house in
      try await house.settled([person("jane", id: 1)])
      try await house.tell([person("jane", id: 2), person("jdoe", id: 1)])
      house.target.wait { _ in true }
      let deliverer = house.deliverer()
      let run = Task { await deliverer.run() }
      #expect(await house.target.arrived.wait())
      #expect(house.target.said == ["update jdoe"], "the create waits for the rename")
      house.target.goOn()
      #expect(await house.target.arrived.wait(count: 2))
      run.cancel()
      await run.value
      #expect(house.target.said == ["update jdoe", "create jane"])
    }
  }

  @Test func twoWhoSwapTheirLoginsBothGetThem() async throws {
    try await withHouse { house in
      try await house.settled([person("jane", id: 1), person("joe", id: 2)])
      try await house.tell([person("joe", id: 1), person("jane", id: 2)])
      await house.pass()
      #expect(house.target.said.sorted() == ["update jane", "update joe"])
      #expect(try await house.state().waiting == 0)
    }
  }

  @Test func whoIsThereAtAQuietStartIsNotSaid() async throws {
    try await withHouse(Policy(guard: .off, start: .quiet)) { house in
      try await house.tell(crowd(10), .refreshing)
      try await house.tell([], .refreshed(whole: true))
      await house.pass()
      #expect(house.target.operations.isEmpty)
      #expect(try await house.state().accounts == 10)
      try await house.tell([person("p1001", ["title": ["x"]], id: 1001), person("new", id: 9)])
      await house.pass()
      #expect(house.target.said.sorted() == ["create new", "update p1001"])
    }
  }

  @Test func aDepartureIsDeletedByItselfWhenItsGraceIsOver() async throws {
    try await withHouse(Policy(leave: .delete, grace: .seconds(1), guard: .off)) { house in
      try await house.settled([person()])
      let departed = Wall.now
      try await house.lose([person()])
      let deliverer = house.deliverer()
      let run = Task { await deliverer.run() }
      while try await house.standing(person()) != nil { await Task.yield() }
      #expect(Wall.now - departed >= 1000)
      run.cancel()
      await run.value
      #expect(house.target.said.last == "delete jane")
      #expect(house.target.operations.allSatisfy { $0.evidence == .deleted })
    }
  }

  @Test(arguments: [Presence.belongs, .exists, .unknown("no answer")])
  func aSecondLookThatFindsSomebodyDeletesNobody(_ presence: Presence) async throws {
    try await withHouse(Policy(leave: .delete, grace: .milliseconds(1), guard: .off)) { house in
      try await house.settled([person()])
      house.looked.change { $0 = presence }
      try await house.lose([person()])
      while Wall.now <= (try await house.standing(person())?.due ?? 0) + 5 { await Task.yield() }
      await house.pass()
      #expect(!house.target.said.contains("delete jane"))
      #expect(try await house.state().accounts + (house.target.said.isEmpty ? 0 : 1) == 1)
    }
  }

  @Test func anEarlyRetryOrResyncDeletesNobodyBeforeTheGraceIsOver() async throws {
    try await withHouse(Policy(leave: .delete, grace: .seconds(300), guard: .off)) { house in
      try await house.settled([person()])
      try await house.lose([person()])
      await house.pass()
      _ = try await house.ledger.retry(target: house.number, entries: nil, now: Wall.now)
      try await house.ledger.hurry(target: house.number)
      _ = try await house.ledger.resync(directory: nil, target: nil, entry: nil, again: true, now: Wall.now)
      await house.pass()
      #expect(house.target.said == ["disable jane"])
    }
  }

  @Test func whoReturnsWithinTheGraceIsInUseAgain() async throws {
    try await withHouse(Policy(leave: .delete, grace: .seconds(300), guard: .off)) { house in
      try await house.settled([person()])
      try await house.lose([person()])
      await house.pass()
      try await house.tell([person()])
      await house.pass()
      #expect(house.target.said == ["disable jane", "update jane"])
      #expect(house.target.operations.last?.account[.active] == .flag(true))
    }
  }
}
