import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// What a deliverer takes, and when.
  static let claiming: [LedgerExercise] = [
    LedgerExercise("a claimed row is nobody else's until it is settled or given back") { bench in
      try await bench.load(bench.people(3))
      let first = try await bench.claim(limit: 2)
      #expect(first.count == 2)
      let second = try await bench.claim()
      #expect(second.count == 1)
      #expect(Set(first.map(\.entry)).isDisjoint(with: second.map(\.entry)))
      #expect(try await bench.claim().isEmpty)
      await bench.ledger.release(first)
      #expect(try await bench.claim().count == 2)
    },
    LedgerExercise("rows come by their due instants") { bench in
      try await bench.tell([bench.person("late")], at: bench.start - 1000)
      try await bench.tell([bench.person("early")], at: bench.start - 2000)
      try await bench.tell([bench.person("future")], at: bench.start + 60_000)
      #expect(try await bench.claim(at: bench.start).map(\.key) == ["early", "late"])
      #expect(try await bench.ledger.nextDue(target: bench.target) == bench.start + 60_000)
      #expect(try await bench.claim(at: bench.start + 60_000).map(\.key) == ["future"])
      #expect(try await bench.ledger.nextDue(target: bench.target) == nil, "all that is owed is under way")
    },
    LedgerExercise("a row tells the person, the binding and its story") { bench in
      let jane = bench.person("jane", ["mail": ["jane@example.com"]])
      try await bench.settled([jane])
      let before = Wall.now
      try await bench.tell([bench.person("jane", ["mail": ["doe@example.com"]])])
      let owed = try await bench.claimOne()
      #expect(owed.directory == "corp" && owed.person.id == jane.id && owed.branch == .user)
      #expect(owed.person.attributes.texts("mail") == ["doe@example.com"])
      #expect(owed.binding?.account == Bench.json("jane") && owed.binding?.state == .active)
      #expect(owed.cause == .change && owed.attempts == 0 && !owed.inDoubt && !owed.contested && !owed.recheck)
      #expect(owed.since >= before && owed.failingSince == nil)
    },
    LedgerExercise("after a restart, every row that was owed is in doubt, and what comes then is not") { bench in
      try await bench.load([bench.person("jane")])
      try await bench.restart()
      try await bench.tell([bench.person("joe")])
      let claimed = try await bench.claim()
      #expect(claimed.filter(\.inDoubt).map(\.key) == ["jane"])
      #expect(claimed.count == 2)
    },
    LedgerExercise("a row is read again before an irreversible step, unless it is held or gone") { bench in
      try await bench.settled(bench.people(1))
      try await bench.tell([bench.person("p101", ["title": ["x"]])])
      let owed = try await bench.claimOne()
      #expect(try await bench.ledger.reread(owed)?.revision == owed.revision)
      try await bench.tell([bench.person("p101", ["title": ["y"]])])
      let risen = try #require(try await bench.ledger.reread(owed))
      #expect(risen.revision > owed.revision)
      try await bench.settle(risen, Bench.active("p101"))
      #expect(try await bench.ledger.reread(owed) == nil)
    },
    LedgerExercise("a signal wakes the deliverer when something comes, and ends with the ledger") { bench in
      var signals = bench.ledger.signals(for: bench.target).makeAsyncIterator()
      try await bench.tell([bench.person("jane")])
      #expect(await signals.next() != nil)
      try await bench.settle(try await bench.claimOne(), Bench.active("jane"))
      #expect(await signals.next() != nil, "a settlement may have woken others")
      try await bench.ledger.pause(target: bench.target, reason: nil)
      #expect(await signals.next() != nil)
      try await bench.restart()
      #expect(await signals.next() == nil)
    },
    LedgerExercise("hurry makes retries due, and no second step of a departure") { bench in
      let people = bench.people(2)
      try await bench.settled(people)
      try await bench.lose([people[0]])
      let departure = try await bench.claimOne()
      let deleteDue = Wall.now + 300_000
      try await bench.settle(departure, .disabled(account: Bench.json("p101"), deleteDue: deleteDue))
      try await bench.tell([bench.person("p102", ["title": ["x"]])])
      let update = try await bench.claimOne()
      try await bench.settle(update, .again(due: Wall.now + 3_600_000, error: "500", counts: true))
      #expect(try await bench.due().isEmpty)
      try await bench.ledger.hurry(target: bench.target)
      #expect(try await bench.due() == ["p102"])
      #expect(try await bench.due(at: deleteDue) == ["p101: deleted", "p102"])
    },
    LedgerExercise("retry makes no second step of a departure due") { bench in
      let people = bench.people(1)
      try await bench.settled(people)
      try await bench.lose(people)
      let departure = try await bench.claimOne()
      try await bench.settle(
        departure, .disabled(account: Bench.json("p101"), deleteDue: Wall.now + 300_000))
      #expect(try await bench.ledger.retry(target: nil, entries: nil, now: Wall.now) == 0)
      #expect(try await bench.due().isEmpty)
    },
    LedgerExercise("a pause is remembered with its reason, and ended by retry") { bench in
      try await bench.ledger.pause(target: bench.target, reason: "login refused")
      try await bench.restart()
      var state = try await bench.targetState()
      #expect(state.pausedReason == "login refused")
      #expect(state.pausedSince ?? 0 >= bench.start)
      _ = try await bench.ledger.retry(target: bench.target, entries: nil, now: Wall.now)
      state = try await bench.targetState()
      #expect(state.pausedReason == nil && state.pausedSince == nil)
    },
  ]
}
