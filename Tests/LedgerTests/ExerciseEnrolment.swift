import Accounts
import Directory
import Ledger
import Testing

extension LedgerExercise {
  /// The file against the ledger, and where a stream stands.
  static let enrolment: [LedgerExercise] = [
    LedgerExercise("who is missing from the file is orphaned, and departs from nowhere") { bench in
      try await bench.settled([bench.person("jane")])
      let without = try await bench.ledger.enrol(directories: [], targets: [], settings: "empty")
      #expect(without.orphanedDirectories == ["corp"])
      #expect(without.orphanedTargets == ["hooks"])
      let summary = try await bench.ledger.summary()
      #expect(summary.directories.map(\.orphaned) == [true])
      #expect(summary.directories.map(\.users) == [1])
      #expect(summary.targets.map(\.accounts) == [1])

      let (directory, target) = (bench.directory, bench.target)
      let back = try await bench.enrol()
      #expect((bench.directory, bench.target) == (directory, target))
      #expect(back.rederived == ["hooks"], "what happened meanwhile was not derived")
    },
    LedgerExercise("renamed-from carries everything over") { bench in
      try await bench.settled([bench.person("jane")])
      let renamed = try await bench.ledger.enrol(
        directories: [DirectoryEnrolment(name: "hq", renamedFrom: "corp", reading: "reading")],
        targets: [
          TargetEnrolment(
            name: "people", kind: "webhook", renamedFrom: "hooks", deriving: "deriving", policy: Policy(),
            directories: ["hq"])
        ], settings: "settings")
      #expect(renamed.directories == ["hq": bench.directory])
      #expect(renamed.targets == ["people": bench.target])
      #expect(renamed.orphanedDirectories.isEmpty && renamed.orphanedTargets.isEmpty && renamed.rederived.isEmpty)
    },
    LedgerExercise("other rules owe a derivation of everybody, once the directory is loaded") { bench in
      try await bench.enrol(deriving: "before it was loaded")
      #expect(try await bench.ledger.obligations(of: bench.directory).isEmpty)
      try await bench.settled([bench.person("jane")])
      #expect(try await bench.enrol(deriving: "before it was loaded").rederived.isEmpty)
      #expect(try await bench.enrol(deriving: "other rules").rederived == ["hooks"])
      let owed = try await bench.ledger.obligations(of: bench.directory)
      #expect(owed.map(\.kind) == [.rederive(target: bench.target, from: 0)])
    },
    LedgerExercise("a target that comes later is owed everybody who is there") { bench in
      try await bench.settled([bench.person("jane")])
      let hooks = TargetEnrolment(
        name: "hooks", kind: "webhook", deriving: "deriving", policy: Policy(), directories: ["corp"])
      var pbx = hooks
      pbx.name = "pbx"
      let enrolment = try await bench.ledger.enrol(
        directories: [DirectoryEnrolment(name: "corp", reading: "reading")], targets: [hooks, pbx],
        settings: "settings")
      let number = try #require(enrolment.targets["pbx"])
      let owed = try await bench.ledger.obligations(of: bench.directory)
      #expect(owed.map(\.kind) == [.rederive(target: number, from: 0)])
    },
    LedgerExercise("a stream goes on where it stood, unless the server refused the checkpoint") { bench in
      #expect(try await bench.ledger.position(of: bench.directory).checkpoint == nil)
      let checkpoint = Checkpoint(mechanism: "syncrepl", value: [1, 2, 3])
      try await bench.tell([bench.person("jane")]) { step in
        step.checkpoint = checkpoint
        step.server = "OpenLDAP at dc=example,dc=com"
      }
      try await bench.restart()
      var position = try await bench.ledger.position(of: bench.directory)
      #expect(position.checkpoint == checkpoint)
      #expect(position.server == "OpenLDAP at dc=example,dc=com")
      #expect(position.entries == 1 && !position.loaded && !position.readingChanged)
      try await bench.tell([]) { $0.forgetsCheckpoint = true }
      position = try await bench.ledger.position(of: bench.directory)
      #expect(position.checkpoint == nil)
    },
    LedgerExercise("what is read changed until a whole refresh was read that way") { bench in
      try await bench.settled([bench.person("jane")])
      try await bench.enrol(reading: "another filter")
      #expect(try await bench.ledger.position(of: bench.directory).readingChanged)
      try await bench.tell([], .refreshed(whole: false))
      #expect(try await bench.ledger.position(of: bench.directory).readingChanged, "it was not read whole")
      try await bench.tell([], .refreshed(whole: true))
      #expect(try await !bench.ledger.position(of: bench.directory).readingChanged)
    },
    LedgerExercise("obligations are durable, once each, and go further or end") { bench in
      let kinds: [Obligation.Kind] = [
        .census(below: ["ou=a,dc=example,dc=com", "ou=b,dc=example,dc=com"]),
        .confirm([bench.person("jane").id, .key("employee-4711")]), .rederive(target: 3, from: 17),
      ]
      try await bench.tell([]) { $0.opened = kinds + kinds }
      try await bench.restart()
      let open = try await bench.ledger.obligations(of: bench.directory)
      #expect(open.map(\.kind) == kinds)
      try await bench.tell([]) { step in
        step.closed = [open[0].number]
        step.advanced = [
          Obligation(number: open[2].number, kind: .rederive(target: 3, from: 99), since: open[2].since)
        ]
      }
      let left = try await bench.ledger.obligations(of: bench.directory)
      #expect(left.map(\.kind) == [kinds[1], .rederive(target: 3, from: 99)])
      #expect(left.map(\.since) == [open[1].since, open[2].since])
    },
  ]
}
