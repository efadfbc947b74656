import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// What a person's yes does, and re-identification (law 8).
  static let approving: [LedgerExercise] = [
    LedgerExercise("approve releases exactly the list, each to be read again") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(40)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<20]))
      let hold = try await bench.hold()
      try await bench.lose([people[20]])
      #expect(
        try await bench.ledger.approve(hold: hold.number, entries: nil, samePeople: false, now: Wall.now) == 20)
      let claimed = try await bench.claim()
      #expect(claimed.count == 20)
      #expect(claimed.allSatisfy { $0.recheck && $0.evidence == .deleted })
      #expect(try await bench.hold().items.map(\.label) == ["p121"])
    },
    LedgerExercise("approve may name some") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(20)
      try await bench.settled(people)
      try await bench.lose(people)
      let hold = try await bench.hold()
      let chosen = [try await bench.number(of: people[3]), try await bench.number(of: people[4])]
      #expect(
        try await bench.ledger.approve(hold: hold.number, entries: chosen, samePeople: false, now: Wall.now) == 2)
      #expect(try await bench.due() == ["p104: deleted", "p105: deleted"])
      #expect(try await bench.hold().items.count == 18)
    },
    LedgerExercise("what was approved does not count again") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.lose(Array(people[..<20]))
      _ = try await bench.ledger.approve(
        hold: try await bench.hold().number, entries: nil, samePeople: false, now: Wall.now)
      try await bench.deliver()
      #expect(try await bench.lose([people[20]]).holds.isEmpty)
      #expect(try await bench.due() == ["p121: deleted"])
    },
    LedgerExercise("what was approved stays approved when the entry changes") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(100)
      try await bench.settled(people)
      try await bench.tell(Array(people[..<20]), excluded: true)
      _ = try await bench.ledger.approve(
        hold: try await bench.hold().number, entries: nil, samePeople: false, now: Wall.now)
      let receipt = try await bench.tell(
        people[..<20].map { bench.person($0.attributes.texts("uid")[0], ["title": ["x"]]) }, excluded: true)
      #expect(receipt.holds.isEmpty)
      #expect(try await bench.due().count == 20)
    },
    LedgerExercise("a hold that does not exist is refused in words") { bench in
      await #expect {
        _ = try await bench.ledger.approve(hold: 4711, entries: nil, samePeople: false, now: Wall.now)
      } throws: {
        ($0 as? LedgerError)?.code == .refused && "\($0)".contains("4711")
      }
    },
    LedgerExercise("a lost attribute that is approved is delivered, and is not held again") { bench in
      try await bench.settled([bench.person("jane", ["mail": ["jane@example.com"]])])
      try await bench.tell([bench.person("jane")], .refreshing)
      try await bench.tell([], .refreshed(whole: true)) { $0.vanished = [("mail", "reason")] }
      let hold = try await bench.hold()
      #expect(try await bench.ledger.approve(hold: hold.number, entries: nil, samePeople: false, now: Wall.now) == 1)
      let owed = try await bench.claimOne()
      #expect(owed.evidence == nil && !owed.recheck)
      await bench.ledger.release([owed])
      try await bench.tell([bench.person("jane", ["title": ["x"]])])
      #expect(try await bench.due() == ["jane"])
    },
    LedgerExercise("new ids for known logins are held, and --same-people binds them without a request") { bench in
      let (old, new) = try await bench.reidentify(count: 5)
      let hold = try await bench.hold()
      #expect(hold.kind == .reidentification && hold.reason == "the directory was loaded again")
      #expect(hold.items.filter { $0.samePerson != nil }.count == 5)
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.ledger.approve(hold: hold.number, entries: nil, samePeople: true, now: Wall.now) == 5)
      for person in old { #expect(try await bench.known(person) == nil) }
      let owed = try await bench.claim()
      #expect(owed.count == 5 && owed.allSatisfy { $0.evidence == nil && $0.binding != nil && !$0.inDoubt })
      #expect(Set(owed.map(\.person.id)) == Set(new.map(\.id)), "what differs is found by comparing")
      #expect(try await bench.ledger.holds().isEmpty)
      let journal = try await bench.ledger.journal(entry: nil, label: "p101", since: nil, limit: 1)
      #expect(journal.first?.line.event == "rebound")
    },
    LedgerExercise("new ids may be other people after all: approved, the old ones leave first") { bench in
      _ = try await bench.reidentify(count: 5)
      let hold = try await bench.hold()
      #expect(try await bench.ledger.approve(hold: hold.number, entries: nil, samePeople: false, now: Wall.now) == 10)
      let claimed = try await bench.claim()
      #expect(claimed.filter { $0.evidence == .omitted }.count == 5)
      #expect(claimed.filter { $0.evidence == nil && $0.contested }.count == 5)
    },
    LedgerExercise("who waits under a new id waits on when the entry changes") { bench in
      let (_, new) = try await bench.reidentify(count: 5)
      let hold = try await bench.hold()
      try await bench.tell([bench.person("p101", ["title": ["x"]], id: new[0].uuidLow)])
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.ledger.approve(hold: hold.number, entries: nil, samePeople: true, now: Wall.now) == 5)
      #expect(try await bench.claim().allSatisfy { $0.binding != nil })
    },
    LedgerExercise("a new id that is gone again gets no account") { bench in
      let (old, new) = try await bench.reidentify(count: 5)
      let hold = try await bench.hold()
      try await bench.lose([new[0]])
      #expect(try await bench.ledger.approve(hold: hold.number, entries: nil, samePeople: true, now: Wall.now) == 4)
      #expect(try await bench.standing(old[0]).binding != nil, "the account is still the old one's")
      #expect(try await bench.standing(old[0]).state == .held)
    },
    LedgerExercise("--same-people is for re-identifications only") { bench in
      try await bench.enrol(policy: Policy())
      try await bench.settled(bench.people(20))
      try await bench.lose(bench.people(20))
      let hold = try await bench.hold()
      await #expect(throws: LedgerError.self) {
        try await bench.ledger.approve(hold: hold.number, entries: nil, samePeople: true, now: Wall.now)
      }
      #expect(try await bench.hold().items.count == 20)
    },
  ]
}

extension Bench {
  /// A directory comes back under new ids.
  func reidentify(count: Int) async throws -> (old: [Entry], new: [Entry]) {
    try await enrol(policy: Policy())
    let old = people(count)
    try await settled(old)
    let new = (1...count).map { person("p\(100 + $0)", id: UInt64(1000 + $0)) }
    var newcomers = step(.refreshing)
    for person in new {
      var write = try await write(person)
      write.awaitsVerdict = true
      newcomers.writes.append(write)
    }
    _ = try await ledger.commit(newcomers)
    var pairs: [(old: EntryNumber, new: EntryNumber)] = []
    for (before, after) in zip(old, new) { pairs.append((try await number(of: before), try await number(of: after))) }
    try await lose(old, .omitted, .refreshed(whole: true)) { [pairs] step in
      step.reidentified = (pairs, "the directory was loaded again")
      step.holdsDepartures = "the directory was loaded again"
    }
    return (old, new)
  }
}

extension Entry {
  /// The number that a test gave as id.
  var uuidLow: UInt64? { if case .uuid(_, let low) = id { low } else { nil } }
}
