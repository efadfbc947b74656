import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// Logins are claimed: who wants one waits for who has it or lets go of it (law 9).
  static let keys: [LedgerExercise] = [
    LedgerExercise("nobody holds a login that is free") { bench in
      try await bench.settled([bench.person("jane")])
      let jane = try await bench.number(of: bench.person("jane"))
      #expect(try await bench.ledger.holder(of: "jane", at: bench.target, besides: jane) == nil)
      #expect(try await bench.ledger.holder(of: "joe", at: bench.target, besides: jane) == nil)
    },
    LedgerExercise("who has it keeps it") { bench in
      let (first, second) = (bench.person("jane", id: 1), bench.person("jane", id: 2))
      try await bench.settled([first])
      try await bench.tell([second])
      let owed = try await bench.claimOne()
      #expect(owed.contested)
      let holder = try await bench.ledger.holder(of: "jane", at: bench.target, besides: owed.entry)
      let number = try await bench.number(of: first)
      #expect(holder?.entry == number)
      #expect(holder?.state == .keeps && holder?.waitsForAsker == false)
    },
    LedgerExercise("of two newcomers, the one who came first has it") { bench in
      let (first, second) = (bench.person("jane", id: 1), bench.person("jane", id: 2))
      try await bench.tell([first])
      try await bench.tell([second])
      let (one, two) = (try await bench.number(of: first), try await bench.number(of: second))
      #expect(try await bench.ledger.holder(of: "jane", at: bench.target, besides: one) == nil)
      #expect(try await bench.ledger.holder(of: "jane", at: bench.target, besides: two)?.entry == one)
    },
    LedgerExercise("who departs lets go of it; who waits is woken by that") { bench in
      let (first, second) = (bench.person("jane", id: 1), bench.person("jane", id: 2))
      try await bench.settled([first])
      try await bench.lose([first])
      try await bench.tell([second])
      let claimed = try await bench.claim()
      let (departure, arrival) = (try #require(claimed.first), try #require(claimed.last))
      let holder = try #require(
        try await bench.ledger.holder(of: "jane", at: bench.target, besides: arrival.entry))
      #expect(holder.entry == departure.entry && holder.state == .releases)
      try await bench.settle(arrival, .behind(departure.entry))
      #expect(try await bench.standing(second).state == .behind)
      #expect(try await bench.due().isEmpty)
      try await bench.settle(departure, .removed)
      #expect(try await bench.due() == ["jane"])
    },
    LedgerExercise("who goes by another login lets go of the old one") { bench in
      let before = bench.person("jane", id: 1)
      try await bench.settled([before])
      try await bench.tell([bench.person("jdoe", id: 1)])
      try await bench.tell([bench.person("jane", id: 2)])
      let claimed = try await bench.claim()
      let (rename, arrival) = (
        try #require(claimed.first { $0.key == "jdoe" }), try #require(claimed.first { $0.key == "jane" })
      )
      #expect(arrival.contested)
      let holder = try await bench.ledger.holder(of: "jane", at: bench.target, besides: arrival.entry)
      #expect(holder?.entry == rename.entry && holder?.state == .releases)
      try await bench.settle(rename, Bench.active("jdoe"))
      #expect(try await bench.ledger.holder(of: "jane", at: bench.target, besides: arrival.entry) == nil)
    },
    LedgerExercise("two who swap their logins: the second one is told that the first waits for it") { bench in
      try await bench.settled([bench.person("jane", id: 1), bench.person("joe", id: 2)])
      try await bench.tell([bench.person("joe", id: 1), bench.person("jane", id: 2)])
      let claimed = try await bench.claim()
      let (one, two) = (try #require(claimed.first), try #require(claimed.last))
      let (wanted, other) = (try #require(one.key), try #require(two.key))
      let first = try #require(
        try await bench.ledger.holder(of: wanted, at: bench.target, besides: one.entry))
      #expect(first.entry == two.entry && first.state == .releases && !first.waitsForAsker)
      try await bench.settle(one, .behind(two.entry))
      let second = try #require(
        try await bench.ledger.holder(of: other, at: bench.target, besides: two.entry))
      #expect(second.entry == one.entry && second.waitsForAsker, "somebody has to begin")
    },
    LedgerExercise("three in a ring know that the last has to begin") { bench in
      let logins = ["a", "b", "c"]
      try await bench.settled(logins.enumerated().map { bench.person($1, id: UInt64($0)) })
      try await bench.tell(logins.indices.map { bench.person(logins[($0 + 1) % 3], id: UInt64($0)) })
      let claimed = try await bench.claim()
      var waits: [Bool] = []
      for owed in claimed {
        let key = try #require(owed.key)
        let holder = try #require(try await bench.ledger.holder(of: key, at: bench.target, besides: owed.entry))
        waits.append(holder.waitsForAsker)
        if !holder.waitsForAsker { try await bench.settle(owed, .behind(holder.entry)) }
      }
      #expect(waits == [false, false, true])
    },
    LedgerExercise("who let go between the look and the wait is not waited for") { bench in
      let (first, second) = (bench.person("jane", id: 1), bench.person("jane", id: 2))
      try await bench.settled([first])
      try await bench.lose([first])
      try await bench.tell([second])
      let claimed = try await bench.claim()
      let (departure, arrival) = (try #require(claimed.first), try #require(claimed.last))
      try await bench.settle(departure, .removed)
      try await bench.settle(arrival, .behind(departure.entry))
      #expect(try await bench.due() == ["jane"])
    },
    LedgerExercise("who was parked for a login is picked up when its holder is gone") { bench in
      let (first, second) = (bench.person("jane", id: 1), bench.person("jane", id: 2))
      try await bench.settled([first])
      try await bench.tell([second])
      let arrival = try await bench.claimOne()
      try await bench.settle(
        arrival, .blocked(by: try await bench.number(of: first), error: "userName 'jane' is that of another"))
      #expect(try await bench.standing(second).state == .parked)
      #expect(try await bench.due().isEmpty)
      try await bench.lose([first])
      try await bench.settle(try await bench.claimOne(), .removed)
      let owed = try await bench.claimOne()
      #expect(owed.person.id == second.id && owed.evidence == nil && owed.attempts == 0)
    },
  ]
}
