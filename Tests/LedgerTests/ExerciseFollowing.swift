import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// Steps of `Follow`: what is written, and what is owed for it.
  static let following: [LedgerExercise] = [
    LedgerExercise("an entry is found by id, in its order, below its place, and owed") { bench in
      let jane = bench.person("jane", ["cn": ["Jane Doe"]])
      let branch = bench.person("joe", below: "ou=people,ou=branch,dc=example,dc=com")
      let receipt = try await bench.tell([jane, branch])
      #expect(receipt.written == 2 && receipt.losses == 0 && receipt.holds.isEmpty)
      let known = try #require(try await bench.known(jane))
      #expect(known.entry == jane && known.digest == jane.digest && known.key == "jane" && known.evidence == nil)
      let below = try await bench.ledger.known(
        below: DistinguishedName("OU=Branch, DC=example,DC=com"), in: bench.directory)
      #expect(below.map(\.entry.id) == [branch.id])
      let users = try await bench.ledger.users(of: bench.directory, from: known.number + 1, limit: 10)
      #expect(users.map(\.entry.id) == [branch.id])
      #expect(try await bench.ledger.holders(of: ["joe", "nobody"], in: bench.directory).keys.sorted() == ["joe"])
      var index = try await bench.ledger.index(of: bench.directory)
      #expect(index.count == 2 && index.users == 2)
      let (place, slot) = try #require(index.lookup(jane.id))
      #expect(slot.digest == jane.digest && slot.number == known.number)
      index.see(at: place)
      #expect(index.unseen.map(\.id) == [branch.id])
      #expect(try await bench.due() == ["jane", "joe"])
    },
    LedgerExercise("ten changes that wait are one delivery, of the last state") { bench in
      for number in 1...10 { try await bench.tell([bench.person("jane", ["title": ["\(number)"]])]) }
      let owed = try await bench.claim()
      #expect(owed.count == 1)
      #expect(owed.first?.person.attributes.texts("title") == ["10"])
    },
    LedgerExercise("revisions rise, even where the clock goes back, and over a restart") { bench in
      try await bench.tell([bench.person("jane")])
      let first = try await bench.claimOne().revision
      try await bench.tell([bench.person("jane", ["title": ["2"]])], at: bench.start - 86_400_000)
      try await bench.restart()
      try await bench.tell([bench.person("joe")], at: bench.start - 86_400_000)
      let later = try await bench.claim().map(\.revision).sorted()
      #expect(later.count == 2)
      #expect(later.first ?? 0 > first && later.last ?? 0 > later.first ?? 0)
    },
    LedgerExercise("a large value is kept once, for as long as somebody has it") { bench in
      let digest: [UInt8] = Array(repeating: 7, count: 32)
      let photo: [UInt8] = Array(repeating: 42, count: 10_000)
      func with(_ entry: Entry) async throws -> EntryWrite {
        var write = try await bench.write(entry)
        write.large = [(digest, photo)]
        return write
      }
      let writes = [try await with(bench.person("jane")), try await with(bench.person("joe"))]
      try await bench.tell([]) { $0.writes = writes }
      #expect(try await bench.ledger.large(digest) == photo)
      try await bench.tell([bench.person("jane", ["title": ["without a photo"]])])
      try await bench.ledger.prune(journalBefore: 0)
      #expect(try await bench.ledger.large(digest) == photo, "joe still has it")
      try await bench.tell([bench.person("joe", ["title": ["without a photo"]])])
      try await bench.ledger.prune(journalBefore: 0)
      #expect(try await bench.ledger.large(digest) == nil)
    },
    LedgerExercise("a large value stays when its entry is written again as it was kept") { bench in
      var jane = bench.person("jane")
      jane.attributes = Attributes(octets: [
        "uid": [Array("jane".utf8)], "jpegPhoto": [Array(repeating: 42, count: 10_000)],
      ])
      let (kept, large) = jane.attributes.externalised(above: 4096)
      jane.attributes = kept
      var write = try await bench.write(jane)
      write.large = large
      try await bench.tell([]) { [write] in $0.writes = [write] }
      jane.dn = DistinguishedName("uid=jane,ou=moved,dc=example,dc=com")
      try await bench.tell([jane])
      try await bench.ledger.prune(journalBefore: 0)
      let digest = try #require(large.first).digest
      #expect(try await bench.ledger.large(digest)?.count == 10_000)
    },
    LedgerExercise("containers are known and owed to nobody") { bench in
      let unit = Entry(
        id: .uuid(1, 1), dn: DistinguishedName("ou=people,dc=example,dc=com"),
        attributes: Attributes(["ou": ["people"]]))
      try await bench.tell([]) { step in
        step.writes = [
          EntryWrite(number: nil, entry: unit, dnKey: unit.dn.key, digest: unit.digest, branch: .container, key: nil)
        ]
      }
      #expect(try await bench.known(unit)?.branch == .container)
      #expect(try await bench.due().isEmpty)
      try await bench.lose([unit])
      #expect(try await bench.known(unit) == nil)
    },
    LedgerExercise("nothing of a first load is claimed before its end") { bench in
      try await bench.tell(bench.people(3), .refreshing)
      #expect(try await bench.due().isEmpty)
      #expect(try await bench.ledger.nextDue(target: bench.target) == nil)
      try await bench.tell([], .refreshed(whole: true))
      #expect(try await bench.due().count == 3)
    },
    LedgerExercise("a first load that was cut goes on without a second copy of anybody") { bench in
      try await bench.tell(bench.people(3), .refreshing)
      try await bench.restart()
      #expect(try await bench.ledger.index(of: bench.directory).count == 3)
      try await bench.tell(bench.people(5), .refreshing)
      try await bench.tell([], .refreshed(whole: true))
      #expect(try await bench.ledger.position(of: bench.directory).entries == 5)
      #expect(try await bench.due().count == 5)
    },
    LedgerExercise("with start: quiet, who is there at first counts as delivered") { bench in
      try await bench.enrol(policy: Policy(guard: .off, start: .quiet))
      try await bench.load([bench.person("jane")])
      #expect(try await bench.claimOne().cause == .quiet)
      try await bench.tell([bench.person("joe")])
      let causes = try await bench.claim().filter { $0.key == "joe" }.map(\.cause)
      #expect(causes == [.change], "who comes later is told")
    },
    LedgerExercise("with start: quiet, a first load that was cut stays quiet") { bench in
      try await bench.enrol(policy: Policy(guard: .off, start: .quiet))
      try await bench.tell(bench.people(2), .refreshing)
      try await bench.restart()
      try await bench.tell(bench.people(2, from: 3), .refreshing)
      try await bench.tell([], .refreshed(whole: true))
      let claimed = try await bench.claim()
      #expect(claimed.count == 4)
      #expect(claimed.allSatisfy { $0.cause == .quiet && $0.attempts == 0 && $0.binding == nil })
    },
    LedgerExercise("with start: quiet, who leaves before it counted as delivered is told as leaving") { bench in
      try await bench.enrol(policy: Policy(guard: .off, start: .quiet))
      try await bench.load([bench.person("jane")])
      try await bench.lose([bench.person("jane")])
      let owed = try await bench.claimOne()
      #expect(owed.evidence == .deleted && owed.inDoubt, "the target has it, as far as anybody knows")
    },
    LedgerExercise("a rederivation asks again for everybody, and stores nothing") { bench in
      try await bench.settled(bench.people(3))
      let users = try await bench.ledger.users(of: bench.directory, from: 0, limit: 10)
      var step = bench.step(.refreshing)
      step.only = bench.target
      step.writes = users.map { user in
        var write = EntryWrite(
          number: user.number, entry: user.entry, dnKey: user.entry.dn.key, digest: user.digest, branch: .user,
          key: user.key)
        write.stores = false
        return write
      }
      _ = try await bench.ledger.commit(step)
      step.writes = []
      step.phase = .refreshed(whole: false)
      _ = try await bench.ledger.commit(step)
      #expect(try await bench.due().count == 3)
    },
    LedgerExercise("a long step makes way for a settlement, and ends whole") { bench in
      let people = bench.people(3000)
      try await bench.settled([bench.person("jane")])
      try await bench.tell([bench.person("jane", ["title": ["x"]])])
      let owed = try await bench.claimOne()
      var long = bench.step()
      for person in people { long.writes.append(try await bench.write(person)) }
      let (ledger, step) = (bench.ledger, long)
      async let receipt = ledger.commit(step)
      try await bench.settle(owed, Bench.active("jane"))
      let written = try await receipt.written
      #expect(written == 3000)
      #expect(try await bench.due().count == 3000)
    },
  ]
}
