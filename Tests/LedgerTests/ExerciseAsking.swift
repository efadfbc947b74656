import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// What people ask, and what they make due again.
  static let asking: [LedgerExercise] = [
    LedgerExercise("someone is found by login, name, id and address") { bench in
      let jane = bench.person("jane", ["mail": ["jane@example.com"]])
      try await bench.load([jane, bench.person("joe", ["mail": ["joe@example.com"]])])
      for account in ["jane", "JANE", jane.dn.string, jane.dn.string.uppercased(), "\(jane.id)", "jane@example.com"] {
        #expect(try await bench.ledger.find(account).map(\.entry.id) == [jane.id], "\(account)")
      }
      #expect(try await bench.ledger.find("nobody").isEmpty)
      #expect(try await bench.ledger.find("nobody@example.com").isEmpty)
    },
    LedgerExercise("the journal is told newest first, by entry, by label, since an instant") { bench in
      try await bench.load([bench.person("jane")])
      let owed = try await bench.claimOne()
      for at in [1000, 2000, 3000] as [Instant] {
        let line = JournalLine(at: at, event: "failed", label: "jane", detail: "\(at)")
        try await bench.settle(owed, .postponed(due: 0), line)
      }
      let ledger = bench.ledger
      func told(_ entry: EntryNumber?, _ label: String?, since: Instant? = nil, limit: Int = 10) async throws
        -> [String]
      {
        try await ledger.journal(entry: entry, label: label, since: since, limit: limit).map(\.line.detail)
      }
      #expect(try await told(nil, nil) == ["3000", "2000", "1000"])
      #expect(try await told(owed.entry, nil, since: 2000) == ["3000", "2000"])
      #expect(try await told(nil, "jane", limit: 1) == ["3000"])
      #expect(try await told(nil, "joe").isEmpty)
      #expect(try await told(4711, "jane").count == 3, "lines of an earlier account of that name")
      try await bench.ledger.prune(journalBefore: 2500)
      #expect(try await told(nil, nil) == ["3000"])
    },
    LedgerExercise("resync compares everybody; again sends even what is equal") { bench in
      try await bench.settled(bench.people(3))
      #expect(
        try await bench.ledger.resync(directory: nil, target: nil, entry: nil, again: false, now: Wall.now) == 3)
      var claimed = try await bench.claim()
      #expect(claimed.count == 3 && claimed.allSatisfy { $0.cause == .resync && !$0.inDoubt })
      for owed in claimed { try await bench.settle(owed, .unsaid) }
      let one = try await bench.number(of: bench.person("p102"))
      #expect(
        try await bench.ledger.resync(
          directory: bench.directory, target: bench.target, entry: one, again: true, now: Wall.now) == 1)
      claimed = try await bench.claim()
      #expect(claimed.map(\.key) == ["p102"])
      #expect(claimed.map(\.inDoubt) == [true])
    },
    LedgerExercise("resync picks up what is parked, and leaves alone what is held") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(20)
      try await bench.settled(people)
      try await bench.tell([bench.person("p120", ["title": ["x"]])])
      try await bench.settle(try await bench.claimOne(), .parked(error: "400"))
      try await bench.tell(Array(people[..<12]), excluded: true)
      _ = try await bench.ledger.resync(directory: nil, target: nil, entry: nil, again: false, now: Wall.now)
      #expect(try await bench.hold().items.count == 12)
      #expect(try await bench.due().count == 8)
    },
    LedgerExercise("resync does not make the delete of a departure early") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.tell([jane], excluded: true)
      let owed = try await bench.claimOne()
      let due = Wall.now + 300_000
      try await bench.settle(owed, .disabled(account: Bench.json("jane"), deleteDue: due))
      _ = try await bench.ledger.resync(directory: nil, target: nil, entry: nil, again: true, now: Wall.now)
      #expect(try await bench.claimOne(at: due).departedAt == owed.departedAt)
    },
    LedgerExercise("a resync of another directory or target is not ours") { bench in
      try await bench.settled(bench.people(1))
      #expect(
        try await bench.ledger.resync(directory: 4711, target: nil, entry: nil, again: false, now: Wall.now) == 0)
      #expect(
        try await bench.ledger.resync(directory: nil, target: 4711, entry: nil, again: false, now: Wall.now) == 0)
    },
    LedgerExercise("the summary counts what is there, waits, fails, is held and parked") { bench in
      try await bench.enrol(policy: Policy())
      try await bench.settled(bench.people(20))
      try await bench.lose(bench.people(12))
      try await bench.tell([
        bench.person("p120", ["title": ["x"]]), bench.person("p119", ["title": ["x"]]), bench.person("new"),
      ])
      for owed in try await bench.claim() where owed.key != "new" {
        try await bench.settle(
          owed, owed.key == "p120" ? .parked(error: "400") : .again(due: Wall.now, error: "500", counts: true))
      }
      let state = try await bench.targetState()
      #expect(state.accounts == 20 && state.held == 12 && state.parked == 1 && state.failing == 1 && state.waiting == 2)
      let summary = try await bench.ledger.summary()
      #expect(summary.holds == 1)
      #expect(summary.directories.map(\.users) == [9])
      #expect(summary.directories.map(\.loaded) == [true])
    },
    LedgerExercise("the standing of someone tells what each target has and is owed") { bench in
      try await bench.enrol(policy: Policy())
      let people = bench.people(20)
      try await bench.settled(people)
      try await bench.lose(people)
      let (standing, hold) = (try await bench.standing(people[0]), try await bench.hold())
      #expect(standing.target == "hooks" && standing.binding?.state == .active && standing.state == .held)
      #expect(standing.evidence == .deleted && standing.hold == hold.number)
    },
  ]
}
