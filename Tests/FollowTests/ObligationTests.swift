import Accounts
import Directory
import Ledger
import Testing

@testable import Follow

/// Containers that move, and rules that change: what is owed for them, and how it is met.
@Suite struct ObligationTests {
  private let unitDN = "ou=sales,ou=people,dc=example,dc=com"

  private func sales(_ world: World) async throws -> [Entry] {
    let members = [person("jane", below: unitDN), person("joe", below: unitDN)]
    try await world.settled([unit(unitDN, id: 1), person("jill")] + members)
    return members
  }

  @Test func aContainerThatIsRenamedTakesItsPeopleAlong() async throws {
    try await withWorld { world in
      let members = try await sales(world)
      let renamed = unit("ou=marketing,ou=people,dc=example,dc=com", id: 1)
      world.directory.set { state in
        state.entries[renamed.id] = renamed
        for member in members {
          state.entries[member.id]?.dn = DistinguishedName(
            member.dn.string.replacing("ou=sales", with: "ou=marketing"))
        }
      }
      try await world.pass(nothingNew, [.upsert(renamed), .checkpoint(.at(9))])
      #expect(try await world.due() == ["jane", "joe"])
      #expect(try await world.known(members[0])?.entry.dn.string == "uid=jane,ou=marketing,ou=people,dc=example,dc=com")
      #expect(world.directory.now.counted == [unitDN, renamed.dn.string], "both places are counted")
      #expect(try await world.obligations().isEmpty)
    }
  }

  @Test func aContainerThatIsMovedOutTakesItsPeopleOut_andBack() async throws {
    try await withWorld { world in
      let members = try await sales(world)
      func move(to place: String) -> Entry {
        let moved = unit("ou=sales,\(place)", id: 1)
        world.directory.set { state in
          state.entries[moved.id] = moved
          for member in members {
            state.entries[member.id]?.dn = DistinguishedName("\(member.dn.rdn ?? ""),\(moved.dn.string)")
          }
        }
        return moved
      }
      try await world.pass(nothingNew, [.upsert(move(to: "ou=old,dc=example,dc=com"))])
      #expect(try await world.due() == ["jane: leftScope", "joe: leftScope"])
      try await world.pass(nothingNew, [.upsert(move(to: "ou=people,dc=example,dc=com"))])
      #expect(try await world.due() == ["jane", "joe"])
    }
  }

  @Test func aContainerMovedBeyondTheBaseIsGone_andItsPeopleAreAskedForByID() async throws {
    try await withWorld { world in
      let members = try await sales(world)
      world.directory.set { state in
        for id in members.map(\.id) { state.entries[id]?.dn = DistinguishedName("uid=x,ou=sales,dc=example,dc=org") }
        state.entries[unit(unitDN, id: 1).id]?.dn = DistinguishedName("ou=sales,dc=example,dc=org")
      }
      try await world.pass(nothingNew, [.departed(unit(unitDN, id: 1).id, .deleteMessage)])
      #expect(try await world.due() == ["jane: leftScope", "joe: leftScope"])
      #expect(try await world.known(unit(unitDN, id: 1)) == nil)
    }
  }

  @Test func aContainerThatComesInBringsPeopleNobodyTold() async throws {
    try await withWorld { world in
      try await world.settled([person("jill")])
      let newcomers = [person("jane", below: unitDN), person("joe", below: unitDN)]
      world.directory.add(newcomers + [unit(unitDN, id: 1)])
      try await world.pass(nothingNew, [.upsert(unit(unitDN, id: 1))])
      #expect(try await world.due() == ["jane", "joe"])
    }
  }

  @Test(arguments: ["census", "silence"])
  func aCountThatCannotBeHadIsOwedUntilItCan(_ trouble: String) async throws {
    try await withWorld { world in
      try await world.settled([person("jill")])
      world.directory.add([person("jane", below: unitDN), unit(unitDN, id: 1)])
      world.directory.set { state in
        if trouble == "census" { state.censusGap = "time limit" } else { state.isSilent = true }
      }
      try await world.pass(nothingNew, [.upsert(unit(unitDN, id: 1)), .checkpoint(.at(9))])
      #expect(try await world.obligations() == [.census(below: [unitDN])])
      #expect(world.follower.status.trouble?.contains("still owed") == true)
      #expect(try await world.ledger.position(of: world.number).checkpoint == .at(9))
      world.directory.set { state in (state.censusGap, state.isSilent) = (nil, false) }
      try await world.pass(nothingNew)
      #expect(try await world.due() == ["jane"])
      #expect(try await world.obligations().isEmpty)
      #expect(world.follower.status.trouble == nil, "nothing is wrong any more")
    }
  }

  @Test func aContainerThatMovedWhileNobodyWasListeningIsFoundInTheRefresh() async throws {
    try await withWorld { world in
      let members = try await sales(world)
      let moved = unit("ou=sales,ou=old,dc=example,dc=com", id: 1)
      world.directory.set { state in
        state.entries[moved.id] = moved
        for member in members {
          state.entries[member.id]?.dn = DistinguishedName("\(member.dn.rdn ?? ""),\(moved.dn.string)")
        }
      }
      try await world.pass([.refreshBegan(.delta), .upsert(moved), .refreshEnded(.delta)])
      #expect(try await world.due() == ["jane: leftScope", "joe: leftScope"])
    }
  }

  @Test func aContainerDeletedWhileNobodyWasListeningIsFoundInTheRefresh() async throws {
    try await withWorld { world in
      let members = try await sales(world)
      world.directory.remove(members + [unit(unitDN, id: 1)])
      try await world.pass([
        .refreshBegan(.delta), .departed(unit(unitDN, id: 1).id, .deleteMessage), .refreshEnded(.delta),
      ])
      #expect(try await world.due() == ["jane: omitted", "joe: omitted"])
    }
  }

  @Test func otherRulesDeriveEverybodyAgainWithoutReadingTheDirectory() async throws {
    try await withWorld { world in
      try await world.settled(people(1200))
      try await world.enrol(deriving: "other rules")
      #expect(try await world.obligations().count == 1)
      try await world.pass(nothingNew)
      #expect(try await world.due().count == 1200)
      #expect(try await world.obligations().isEmpty)
      #expect(world.directory.now.lookedUp.isEmpty && world.directory.now.counted.isEmpty)
    }
  }

  @Test func anotherConditionIsGuarded() async throws {
    try await withWorld(policy: Policy()) { world in
      try await world.settled(people(1200))
      try await world.enrol(deriving: "for nobody", condition: #"department == "Nobody""#)
      let report = try await world.pass(nothingNew)
      #expect(report.held.count == 1)
      #expect(try await world.due().isEmpty, "not one of them, in whatever chunk")
      #expect(try await world.ledger.holds().map(\.items.count) == [1200])
    }
  }

  @Test func aTargetThatComesLaterQuietlyTakesEverybodyAsDelivered() async throws {
    try await withWorld { world in
      try await world.settled(people(3))
      let hooks = TargetEnrolment(
        name: "hooks", kind: "webhook", deriving: "deriving", policy: Policy(guard: .off), directories: ["corp"])
      var pbx = hooks
      (pbx.name, pbx.policy.start) = ("pbx", .quiet)
      let enrolment = try await world.ledger.enrol(
        directories: [DirectoryEnrolment(name: "corp", reading: "reading")], targets: [hooks, pbx], settings: "")
      let number = try #require(enrolment.targets["pbx"])
      try await world.pass(nothingNew, [.upsert(person("new"))])
      let due = try await world.ledger.claim(target: number, now: Wall.now, limit: 10)
      #expect(due.count == 4)
      for owed in due { #expect(owed.cause == (owed.key == "new" ? .change : .quiet), "\(owed.key ?? "?")") }
    }
  }
}
