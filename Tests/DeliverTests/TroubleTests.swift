import Accounts
import Directory
import Ledger
import Logging
import TestSupport
import Testing

@testable import Deliver

/// Targets in trouble: what waits, what is parked, what is paused, and that nothing is lost on the way out.
@Suite struct TroubleTests {
  @Test func oneRefusedAccountIsParkedAndNobodyElseWaits() async throws {
    try await withHouse { house in
      house.target.answer { Outcome($0.account.text(.userName) == "p1050" ? .permanent : .ok, "told") }
      try await house.tell(crowd(100))
      await house.pass()
      let state = try await house.state()
      #expect(state.accounts == 99 && state.parked == 1 && state.pausedReason == nil)
      let failed = try await house.ledger.failed()
      #expect(failed.map(\.label) == ["p1050"] && failed.map(\.error) == ["told"])
    }
  }

  @Test func whereMostAreRefusedTheTargetIsPausedAndNobodyIsParked() async throws {
    try await withHouse { house in
      house.target.answer { _ in Outcome(.permanent, "400") }
      try await house.tell(crowd(100))
      await house.pass()
      var state = try await house.state()
      #expect(state.pausedReason?.contains("accounts were refused") == true)
      #expect(state.parked == 0 && state.waiting == 100)
      #expect(house.target.operations.count <= 30, "it is not asked for all of them")

      house.target.answer { _ in Outcome(.ok) }
      _ = try await house.ledger.retry(target: house.number, entries: nil, now: Wall.now)
      await house.pass()
      state = try await house.state()
      #expect(state.accounts == 100 && state.waiting == 0 && state.pausedReason == nil)
    }
  }

  @Test(arguments: [Outcome(.authFailed, "401"), Outcome(.gone, "410")])
  func aTargetThatRefusesAltogetherIsPausedAtOnceUntilAPersonActs(_ outcome: Outcome) async throws {
    try await withHouse { house in
      house.target.answer { _ in outcome }
      try await house.tell(crowd(50))
      let deliverer = house.deliverer(concurrency: 2)
      let run = Task { await deliverer.run() }
      while try await house.state().pausedReason == nil { await Task.yield() }
      let asked = house.target.operations.count
      #expect(asked <= 4)
      try await house.tell([person()])
      #expect(try await house.state().parked == 0)
      #expect(deliverer.status.trouble?.hasPrefix("paused: ") == true)

      house.target.answer { _ in Outcome(.ok) }
      _ = try await house.ledger.retry(target: house.number, entries: nil, now: Wall.now)
      #expect(await house.target.arrived.wait(count: asked + 51))
      run.cancel()
      await run.value
      #expect(try await house.state().accounts == 51)
      #expect(deliverer.status.trouble == nil)
    }
  }

  @Test func failuresWaitAndAreTriedAgainWhenTheTargetIsBack() async throws {
    try await withHouse { house in
      house.target.answer { _ in Outcome(.retry(after: nil), "500") }
      try await house.tell(crowd(20))
      let deliverer = house.deliverer()
      await deliverer.pass()
      #expect(deliverer.status.trouble?.hasPrefix("down: ") == true)
      #expect(try await house.state().parked == 0)
      let asked = house.target.operations.count
      #expect(asked < 20, "a target that is down is probed")

      house.target.answer { _ in Outcome(.ok) }
      try await house.ledger.hurry(target: house.number)
      await house.pass()
      #expect(try await house.state().accounts == 20)
      let revisions = Dictionary(grouping: house.target.operations, by: \.id).values.map { Set($0.map(\.revision)) }
      #expect(revisions.allSatisfy { $0.count == 1 }, "repeated as it was")
    }
  }

  @Test func oneAccountThatFailsForeverDelaysNobody() async throws {
    try await withHouse { house in
      house.target.answer { Outcome($0.account.text(.userName) == "p1001" ? .retry(after: nil) : .ok, "told") }
      for _ in 0..<10 {
        try await house.ledger.hurry(target: house.number)
        try await house.tell(crowd(1))
        await house.pass()
      }
      try await house.tell(crowd(50))
      await house.pass()
      let state = try await house.state()
      #expect(state.accounts == 49 && state.failing == 1)
    }
  }

  @Test func theJournalTellsTheFirstFailureAndTheSuccess() async throws {
    try await withHouse { house in
      house.target.answer { _ in Outcome(.retry(after: .zero), "503") }
      try await house.tell([person()])
      let deliverer = house.deliverer()
      let run = Task { await deliverer.run() }
      #expect(await house.target.arrived.wait(count: 4))
      house.target.answer { _ in Outcome(.ok, "201") }
      while try await house.state().accounts == 0 { await Task.yield() }
      run.cancel()
      await run.value
      let lines = try await house.ledger.journal(entry: nil, label: "jane", since: nil, limit: 10)
      #expect(lines.map(\.line.event) == ["created", "failed"])
      #expect(lines.map(\.line.detail) == ["201", "503"])
    }
  }

  @Test func givingUpParksWhatTheFileSays() async throws {
    try await withHouse(Policy(guard: .off, giveUp: .zero)) { house in
      house.target.answer { _ in Outcome(.retry(after: .zero), "503") }
      try await house.tell([person()])
      let deliverer = house.deliverer()
      let run = Task { await deliverer.run() }
      while try await house.state().parked == 0 { await Task.yield() }
      run.cancel()
      await run.value
      #expect(try await house.ledger.failed().first?.error.contains("given up") == true)
    }
  }

  @Test func aTargetThatTheFilePausesIsNotAsked() async throws {
    try await withHouse { house in
      try await house.tell(crowd(3))
      await house.deliverer(paused: true).pass()
      #expect(house.target.operations.isEmpty)
      #expect(try await house.state().waiting == 3)
    }
  }

  @Test func stoppingFinishesWhatIsUnderWayAndWritesItDown() async throws {
    try await withHouse { house in
      house.target.wait { _ in true }
      try await house.tell(crowd(100))
      let deliverer = house.deliverer(concurrency: 8)
      let run = Task { await deliverer.run() }
      #expect(await house.target.arrived.wait(count: 8))
      run.cancel()
      house.target.goOn()
      await run.value
      #expect(house.target.operations.count == 8, "nothing new is begun")
      let state = try await house.state()
      #expect(state.accounts == 8 && state.waiting == 92)
      let left = try await house.ledger.claim(target: house.number, now: Wall.now, limit: 1000)
      #expect(left.count == 92, "all that was claimed was given back")
      #expect(left.allSatisfy { !$0.inDoubt })
    }
  }

  @Test func outcomesGivenByCancelledTasksAreWrittenDown() async throws {
    try await withHouse { house in
      try await house.tell(crowd(200))
      let claimed = try await house.ledger.claim(target: house.number, now: Wall.now, limit: 1000)
      let commits = GroupCommit(ledger: house.ledger, log: .init(label: "test"))
      await withTaskGroup(of: Void.self) { group in
        for owed in claimed {
          let settlement = Settlement(
            target: owed.target, entry: owed.entry, revision: owed.revision,
            result: .settled(account: [0x7b, 0x7d], state: .active))
          group.addTask {
            withUnsafeCurrentTask { $0?.cancel() }
            await commits.add(settlement)
          }
        }
      }
      await commits.drain()
      #expect(try await house.state().accounts == 200)
    }
  }
}
