import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// What becomes of a row and its binding, for each result, and for rows that rose while they were under way.
  static let settling: [LedgerExercise] = [
    LedgerExercise("settled: the row is cleared and the binding says what was confirmed") { bench in
      try await bench.load([bench.person("jane")])
      let owed = try await bench.claimOne()
      try await bench.settle(
        owed, Bench.active("jane"), JournalLine(at: 1, event: "created", label: "jane", content: [1], detail: "201"))
      try await bench.restart()
      let standing = try await bench.standing(bench.person("jane"))
      #expect(standing.binding?.revision == owed.revision && standing.binding?.account == Bench.json("jane"))
      #expect(standing.revision == nil && standing.state == nil)
      let journal = try await bench.ledger.journal(entry: owed.entry, label: nil, since: nil, limit: 1)
      #expect(journal.first?.revision == owed.revision && journal.first?.target == "hooks")
      #expect(journal.first?.line.content == [1] && journal.first?.line.detail == "201")
    },
    LedgerExercise("settled while it rose: it stays owed, and what it asks for now was never attempted") { bench in
      try await bench.load([bench.person("jane")])
      let owed = try await bench.claimOne()
      try await bench.tell([bench.person("jane", ["title": ["x"]])])
      try await bench.settle(owed, Bench.active("jane"))
      let risen = try await bench.claimOne()
      #expect(risen.revision > owed.revision && risen.binding?.revision == owed.revision)
      #expect(risen.attempts == 0 && !risen.inDoubt)
    },
    LedgerExercise("disabled: the account is bound as disabled, and the delete has its instant") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.lose([jane])
      let due = Wall.now + 300_000
      try await bench.settle(try await bench.claimOne(), .disabled(account: Bench.json("jane"), deleteDue: due))
      #expect(try await bench.standing(jane).binding?.state == .disabled)
      #expect(try await bench.ledger.nextDue(target: bench.target) == due)
      let second = try await bench.claimOne(at: due)
      #expect(second.evidence == .deleted && !second.inDoubt && second.binding?.state == .disabled)
    },
    LedgerExercise("disabled while the person came back: what is owed is the return, at once") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.lose([jane])
      let departure = try await bench.claimOne()
      try await bench.tell([jane])
      try await bench.settle(departure, .disabled(account: Bench.json("jane"), deleteDue: Wall.now + 300_000))
      let owed = try await bench.claimOne()
      #expect(owed.evidence == nil && owed.binding?.state == .disabled)
    },
    LedgerExercise("removed while the person came back: the return is a create") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.lose([jane])
      let departure = try await bench.claimOne()
      try await bench.tell([jane])
      try await bench.settle(departure, .removed)
      let owed = try await bench.claimOne()
      #expect(owed.evidence == nil && owed.binding == nil && !owed.inDoubt)
      #expect(try await bench.known(jane)?.evidence == nil)
    },
    LedgerExercise("unsaid: the row goes, the binding stays as it is") { bench in
      try await bench.settled([bench.person("jane")])
      try await bench.tell([bench.person("jane", ["ignored": ["x"]])])
      let owed = try await bench.claimOne()
      try await bench.settle(owed, .unsaid)
      let standing = try await bench.standing(bench.person("jane"))
      #expect(standing.state == nil && standing.binding?.revision == owed.binding?.revision)
    },
    LedgerExercise("unsaid while it rose: what rose stays owed") { bench in
      try await bench.settled([bench.person("jane")])
      try await bench.tell([bench.person("jane", ["ignored": ["x"]])])
      let owed = try await bench.claimOne()
      try await bench.tell([bench.person("jane", ["title": ["x"]])])
      try await bench.settle(owed, .unsaid)
      #expect(try await bench.due() == ["jane"])
    },
    LedgerExercise("again: due later, counted, in doubt, and since when it fails is remembered") { bench in
      try await bench.load([bench.person("jane")])
      let due = Wall.now + 60_000
      try await bench.settle(try await bench.claimOne(), .again(due: due, error: "500", counts: true))
      #expect(try await bench.due().isEmpty)
      let second = try await bench.claimOne(at: due)
      #expect(second.attempts == 1 && second.inDoubt)
      let since = try #require(second.failingSince)
      try await bench.settle(second, .again(due: due, error: "429", counts: false))
      let third = try await bench.claimOne(at: due)
      #expect(third.attempts == 1 && third.inDoubt && third.failingSince == since)
      let failed = try await bench.ledger.failed()
      #expect(failed.map(\.error) == ["429"])
      #expect(failed.map(\.parked) == [false])
    },
    LedgerExercise("again while it rose: what rose does not wait, and stays in doubt") { bench in
      try await bench.load([bench.person("jane")])
      let owed = try await bench.claimOne()
      try await bench.tell([bench.person("jane", ["title": ["x"]])])
      try await bench.settle(owed, .again(due: Wall.now + 60_000, error: "no answer", counts: true))
      let risen = try await bench.claimOne()
      #expect(risen.revision > owed.revision && risen.inDoubt)
    },
    LedgerExercise("postponed: due later, and not attempted") { bench in
      try await bench.load([bench.person("jane")])
      let due = Wall.now + 60_000
      try await bench.settle(try await bench.claimOne(), .postponed(due: due))
      #expect(try await bench.due().isEmpty)
      let owed = try await bench.claimOne(at: due)
      #expect(owed.attempts == 0 && !owed.inDoubt)
      #expect(try await bench.ledger.failed().isEmpty)
    },
    LedgerExercise("parked: only a person or a change moves it") { bench in
      try await bench.load(bench.people(2))
      for owed in try await bench.claim() { try await bench.settle(owed, .parked(error: "400")) }
      #expect(try await bench.due(at: Wall.now + 86_400_000).isEmpty)
      #expect(try await bench.ledger.nextDue(target: bench.target) == nil)
      #expect(try await bench.targetState().parked == 2)
      #expect(try await bench.ledger.failed().map(\.parked) == [true, true])
      try await bench.tell([bench.person("p101", ["title": ["x"]])])
      #expect(try await bench.due() == ["p101"])
      let other = try await bench.number(of: bench.person("p102"))
      #expect(try await bench.ledger.retry(target: nil, entries: [other], now: Wall.now) == 1)
      #expect(try await bench.due() == ["p101", "p102"])
    },
    LedgerExercise("parked while it rose: what rose is not parked, and starts its own count") { bench in
      try await bench.load([bench.person("jane")])
      let owed = try await bench.claimOne()
      try await bench.tell([bench.person("jane", ["mail": ["mended@example.com"]])])
      try await bench.settle(owed, .parked(error: "400: no such address"))
      let risen = try await bench.claimOne()
      #expect(risen.revision > owed.revision && risen.attempts == 0 && risen.failingSince == nil)
    },
    LedgerExercise("parked without an attempt: who leaves then was never told, also after a restart") { bench in
      let jane = bench.person("jane")
      try await bench.load([jane])
      try await bench.settle(
        try await bench.claimOne(), .parked(error: "the entry gives no userName", attempted: false))
      try await bench.restart()
      try await bench.lose([jane])
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.known(jane) == nil)
    },
    LedgerExercise("returned: looked at again in a minute, and void when the return is told") { bench in
      let jane = bench.person("jane")
      try await bench.settled([jane])
      try await bench.lose([jane])
      try await bench.settle(try await bench.claimOne(), .returned)
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.due(at: Wall.now + 61_000) == ["jane: deleted"])
      try await bench.tell([jane])
      #expect(try await bench.due() == ["jane"])
    },
    LedgerExercise("many settlements are written together, and a cancelled task does not undo them") { bench in
      try await bench.load(bench.people(50))
      let claimed = try await bench.claim()
      let (ledger, settlements) = (
        bench.ledger,
        claimed.map {
          Settlement(target: $0.target, entry: $0.entry, revision: $0.revision, result: Bench.active($0.key))
        }
      )
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await ledger.settle(settlements)
      }
      try await task.value
      #expect(try await bench.targetState().accounts == 50)
      #expect(try await bench.due().isEmpty)
    },
  ]
}
