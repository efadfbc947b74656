import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// What is held, live and in a refresh (law 6).
  static let guarding: [LedgerExercise] = [
    LedgerExercise("live: a few pass; those that make it too many take the pending ones with them") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      for person in people[..<10] { #expect(try await bench.lose([person]).holds.isEmpty) }
      #expect(try await bench.due().count == 10)
      let receipt = try await bench.lose([people[10]])
      #expect(receipt.holds.count == 1)
      #expect(try await bench.due().isEmpty)
      let hold = try await bench.hold()
      #expect(hold.kind == .departures && hold.directory == "corp" && hold.target == "hooks")
      #expect(hold.items.count == 11)
      #expect(hold.reason.contains("11 departures (11 % of 100)"))
      #expect(try await bench.targetState().held == 11)
    },
    LedgerExercise("live: those that were carried out count too") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<10]))
      try await bench.deliver()
      try await bench.lose([people[10]])
      #expect(try await bench.hold().items.count == 1)
    },
    LedgerExercise("live: what was lost more than an hour ago does not count") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<10]), at: bench.start - 3_700_000)
      try await bench.deliver()
      #expect(try await bench.lose(Array(people[10..<20])).holds.isEmpty)
      #expect(try await bench.due().count == 10)
    },
    LedgerExercise("live: half of three is held, one of two is not") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(2)
      try await bench.settled(people)
      #expect(try await bench.lose([people[0]]).holds.isEmpty)
      try await bench.deliver()
      try await bench.tell(bench.people(3, from: 10))
      try await bench.deliver()
      #expect(try await bench.lose(Array(bench.people(2, from: 10))).holds.count == 1)
    },
    LedgerExercise("refresh: losses are staged until the end, then pass together") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<5]), .leftFilter, .refreshing)
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.standing(people[0]).state == .staged)
      try await bench.lose([people[5]], .omitted, .refreshed(whole: true))
      #expect(try await bench.due().count == 6)
    },
    LedgerExercise("refresh: too many are held together, and everything else flows") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<8]), .leftFilter, .refreshing)
      try await bench.tell([bench.person("newcomer")], .refreshing)
      try await bench.lose(Array(people[8..<16]), .omitted, .refreshed(whole: true))
      #expect(try await bench.hold().items.count == 16)
      #expect(try await bench.due() == ["newcomer"])
    },
    LedgerExercise("refresh: what was staged when the process ended is judged at the end of the next one") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<20]), .leftFilter, .refreshing)
      try await bench.restart()
      #expect(try await bench.due().isEmpty)
      try await bench.tell([], .refreshed(whole: true))
      #expect(try await bench.hold().items.count == 20)
    },
    LedgerExercise("refresh: a reason to hold departures holds a single one") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.lose([people[0]], .omitted, .refreshed(whole: true)) { $0.holdsDepartures = "another filter" }
      #expect(try await bench.hold().reason == "another filter")
    },
    LedgerExercise("who returns leaves the hold") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(20)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<12]))
      #expect(try await bench.hold().items.count == 12)
      try await bench.tell([people[0]])
      #expect(try await bench.hold().items.count == 11)
      #expect(try await bench.due() == ["p101"])
      try await bench.tell(Array(people[1..<12]))
      #expect(try await bench.ledger.holds().isEmpty, "nobody is left in it")
    },
    LedgerExercise("a hold that was shown is sealed: what comes later opens another") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(40)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<20]))
      try await bench.lose([people[20]])
      let shown = try await bench.hold()
      #expect(shown.items.count == 21, "nobody had looked yet")
      try await bench.lose([people[21]])
      let holds = try await bench.ledger.holds()
      #expect(holds.map(\.items.count) == [21, 1])
      #expect(holds.first?.number == shown.number)
    },
    LedgerExercise("a held loss stays in its hold when the entry changes, an hour later too") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(20)
      try await bench.settled(people)
      try await bench.tell(Array(people[..<12]), excluded: true)
      let shown = try await bench.hold()
      let later = bench.start + 7_200_000
      let receipt = try await bench.tell([bench.person("p101", ["title": ["x"]])], at: later, excluded: true)
      #expect(receipt.losses == 0)
      #expect(try await bench.due(at: later).isEmpty, "nobody said yes")
      #expect(try await bench.hold().number == shown.number)
    },
    LedgerExercise("a newcomer in the last ten seconds is counted before anybody is held") { bench in
      try await bench.enrol(policy: Policy())
      try await bench.settled(bench.people(3))
      try await bench.lose([bench.person("p101")])
      try await bench.deliver()
      try await bench.tell(bench.people(100, from: 10))
      try await bench.deliver()
      #expect(try await bench.lose(bench.people(2, from: 10)).holds.isEmpty, "2 of 102 are not half")
    },
    LedgerExercise("an attribute that vanished holds the updates, until it is back") { bench in
      let people = (1...5).map { bench.person("p\($0)", ["mail": ["p\($0)@example.com"]]) }
      let without = (1...5).map { bench.person("p\($0)") }
      try await bench.settled(people)
      try await bench.tell(without, .refreshing)
      #expect(try await bench.due().isEmpty, "staged")
      try await bench.tell([], .refreshed(whole: true)) { $0.vanished = [("mail", "'mail' vanished from 5")] }
      let hold = try await bench.hold()
      #expect(hold.kind == .attributeLoss && hold.items.count == 5 && hold.reason == "'mail' vanished from 5")
      try await bench.tell([bench.person("p1", ["title": ["x"]])])
      #expect(try await bench.due().isEmpty, "it still lacks the attribute")
      try await bench.tell([people[0]])
      #expect(try await bench.due() == ["p1"])
      #expect(try await bench.hold().items.count == 4)
    },
    LedgerExercise("an attribute that vanished from few is what it says") { bench in
      try await bench.settled([bench.person("jane", ["mail": ["jane@example.com"]])])
      try await bench.tell([bench.person("jane")], .refreshing)
      try await bench.tell([], .refreshed(whole: true))
      #expect(try await bench.due() == ["jane"])
    },
    LedgerExercise("someone held for an attribute may leave") { bench in
      try await bench.settled([bench.person("jane", ["mail": ["jane@example.com"]])])
      try await bench.tell([bench.person("jane")], .refreshing)
      try await bench.tell([], .refreshed(whole: true)) { $0.vanished = [("mail", "reason")] }
      try await bench.lose([bench.person("jane")])
      #expect(try await bench.due() == ["jane: deleted"])
      #expect(try await bench.ledger.holds().isEmpty)
    },
    LedgerExercise("who is parked may leave") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.tell([bench.person("jane", ["title": ["x"]])])
      try await bench.settle(try await bench.claimOne(), .parked(error: "400"))
      try await bench.lose([jane])
      let owed = try await bench.claimOne()
      #expect(owed.evidence == .deleted && owed.binding != nil)
    },
  ]
}
