import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// Who is gone, or no longer belongs: what is owed for that, and when their tombstones go.
  static let departing: [LedgerExercise] = [
    LedgerExercise("who was never told leaves no trace") { bench in
      let jane = bench.person("jane")
      try await bench.tell([jane])
      #expect(try await bench.lose([jane]).losses == 0)
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.known(jane) == nil)
    },
    LedgerExercise("who may have been told is owed as a departure: a claim under way") { bench in
      let jane = bench.person("jane")
      try await bench.tell([jane])
      let owed = try await bench.claimOne()
      try await bench.lose([jane])
      try await bench.settle(owed, Bench.active("jane"))
      #expect(try await bench.due() == ["jane: deleted"])
    },
    LedgerExercise("who may have been told is owed as a departure: an attempt without an answer") { bench in
      let jane = bench.person("jane")
      try await bench.tell([jane])
      try await bench.settle(
        try await bench.claimOne(), .again(due: Wall.now, error: "no answer", counts: true))
      try await bench.lose([jane])
      let owed = try await bench.claimOne()
      #expect(owed.evidence == .deleted && owed.inDoubt)
    },
    LedgerExercise("who may have been told is owed as a departure: a process that ended") { bench in
      let jane = bench.person("jane")
      try await bench.load([jane])
      try await bench.restart()
      try await bench.lose([jane])
      #expect(try await bench.due() == ["jane: deleted"])
    },
    LedgerExercise("who is at the target is owed as a departure, until it is carried out") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      #expect(try await bench.lose([jane]).losses == 1)
      let owed = try await bench.claimOne()
      #expect(owed.evidence == .deleted && owed.binding?.state == .active && !owed.inDoubt)
      #expect(try await bench.known(jane)?.evidence == .deleted)
      try await bench.settle(owed, .removed)
      #expect(try await bench.known(jane) == nil, "its tombstone is not needed any more")
      #expect(try await bench.targetState().accounts == 0)
    },
    LedgerExercise("a tombstone stays as long as a target keeps the account") { bench in
      try await bench.enrol(policy: Policy(leave: .disable, guard: .off))
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.lose([jane])
      try await bench.settle(
        try await bench.claimOne(), .settled(account: Bench.json("jane"), state: .disabled))
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.known(jane)?.evidence == .deleted)
      try await bench.tell([jane])
      let owed = try await bench.claimOne()
      #expect(owed.evidence == nil && owed.binding?.state == .disabled, "back under the same id: enabled again")
    },
    LedgerExercise("leave: keep owes a departure that counts as no loss") { bench in
      try await bench.enrol(policy: Policy(leave: .keep, outOfScope: .keep))
      let people = bench.people(4)
      try await bench.settled(people)
      let receipt = try await bench.lose(people)
      #expect(receipt.losses == 0 && receipt.holds.isEmpty)
      for owed in try await bench.claim() { try await bench.settle(owed, .kept) }
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.targetState().accounts == 4)
    },
    LedgerExercise("each leave, on each evidence, is counted as what it does") { bench in
      for leave in Policy.Leave.allCases {
        for evidence in Evidence.allCases where evidence != .notEntitled {
          try await bench.enrol(policy: Policy(leave: leave, outOfScope: leave, guard: .off))
          let person = bench.person("\(leave)-\(evidence)")
          try await bench.tell([person])
          try await bench.deliver()
          let losses = try await bench.lose([person], evidence).losses
          #expect(losses == (leave == .keep ? 0 : 1), "\(leave) on \(evidence)")
          let row = try #require(try await bench.claim().first)
          #expect(row.evidence == evidence)
          try await bench.settle(row, .removed)
        }
      }
    },
    LedgerExercise("who is not entitled at first is owed nothing; who was before is lost") { bench in
      let (jane, joe) = (bench.person("jane"), bench.person("joe"))
      try await bench.tell([jane], excluded: true)
      #expect(try await bench.due().isEmpty)
      try await bench.tell([jane])
      try await bench.tell([joe])
      try await bench.deliver()
      #expect(try await bench.tell([jane], excluded: true).losses == 1)
      #expect(try await bench.due() == ["jane: notEntitled"])
      #expect(try await bench.known(jane)?.evidence == nil, "the person is there all the same")
      try await bench.tell([jane])
      #expect(try await bench.due() == ["jane"])
    },
    LedgerExercise("grace runs from the evidence, not from an older change that still waits") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      let hourAgo = bench.start - 3_600_000
      try await bench.tell([bench.person("jane", ["title": ["x"]])], at: hourAgo)
      try await bench.tell([jane], excluded: true)
      let owed = try await bench.claimOne()
      #expect(owed.evidence == .notEntitled)
      #expect(owed.departedAt >= bench.start)
    },
    LedgerExercise("a loss under way is not started again by the next change of the entry") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.tell([jane], excluded: true)
      let owed = try await bench.claimOne()
      let later = Wall.now + 300_000
      try await bench.settle(owed, .disabled(account: Bench.json("jane"), deleteDue: later))
      let receipt = try await bench.tell([bench.person("jane", ["title": ["x"]])], excluded: true)
      #expect(receipt.losses == 0)
      #expect(try await bench.due().isEmpty)
      let again = try await bench.claimOne(at: later)
      #expect(again.departedAt == owed.departedAt)
    },
    LedgerExercise("someone else under the same login is someone else") { bench in
      let (first, second) = (bench.person("jane", id: 1), bench.person("jane", id: 2))
      try await bench.settled([first])
      try await bench.lose([first])
      try await bench.tell([second])
      let claimed = try await bench.claim()
      #expect(claimed.map(\.person.id) == [first.id, second.id], "the departure first")
      #expect(claimed.map(\.contested) == [true, true])
    },
    LedgerExercise("the journal tells of a departure") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      let number = try await bench.number(of: jane)
      try await bench.lose([jane], .leftScope)
      let lines = try await bench.ledger.journal(entry: number, label: nil, since: nil, limit: 10)
      #expect(lines.map(\.line.event) == ["departed"])
      #expect(lines.map(\.line.detail) == ["leftScope"])
    },
  ]
}
