import Accounts
import Directory
import Ledger
import Testing

@testable import Follow

/// A stream that is followed: what each message comes to.
@Suite struct LiveTests {
  @Test func aChangeIsOwedOnceAndItsCheckpointIsKept() async throws {
    try await withWorld { world in
      try await world.settled([person("jane"), person("joe")])
      let changes = (1...5).map { Change.upsert(person("jane", ["title": ["\($0)"]])) }
      let report = try await world.pass(nothingNew, changes + [.upsert(person("joe")), .checkpoint(.at(9))])
      #expect(report.changed == 1, "joe is as he was")
      #expect(try await world.due() == ["jane"])
      #expect(try await world.ledger.position(of: world.number).checkpoint == .at(9))
      try await world.pass(nothingNew)
      #expect(world.directory.now.opened == [nil, .at(1), .at(9)])
    }
  }

  @Test func aDeleteMessageIsJudgedByALookByID() async throws {
    try await withWorld { world in
      let (deleted, moved, stripped, there) = (person("deleted"), person("moved"), person("stripped"), person("there"))
      try await world.settled([deleted, moved, stripped, there])
      world.directory.remove([deleted])
      world.directory.set { state in
        state.entries[moved.id]?.dn = DistinguishedName("uid=moved,ou=old,dc=example,dc=com")
        state.entries[stripped.id]?.attributes = Attributes(["objectClass": ["account"], "uid": ["stripped"]])
      }
      let all = [deleted, moved, stripped, there]
      try await world.pass(nothingNew, all.map { .departed($0.id, .deleteMessage) })
      #expect(try await world.due() == ["deleted: deleted", "moved: leftScope", "stripped: leftFilter"])
      #expect(world.directory.now.lookedUp.map(Set.init) == [Set(all.map(\.id))])
    }
  }

  @Test func aTombstoneNeedsNoLook() async throws {
    try await withWorld { world in
      try await world.settled([person("jane")])
      try await world.pass(nothingNew, [.departed(person("jane").id, .tombstone)])
      #expect(try await world.due() == ["jane: deleted"])
      #expect(world.directory.now.lookedUp.isEmpty)
    }
  }

  @Test(arguments: ["gap", "silence"])
  func aLookThatCannotBeHadIsOwedBeforeTheCheckpointMoves(_ trouble: String) async throws {
    try await withWorld { world in
      try await world.settled([person("jane"), person("joe")])
      world.directory.remove([person("jane")])
      world.directory.set { state in
        if trouble == "gap" { state.lookUpGap = "size limit" } else { state.isSilent = true }
      }
      try await world.pass(nothingNew, [.departed(person("jane").id, .deleteMessage), .checkpoint(.at(9))])
      #expect(try await world.due().isEmpty, "nobody departs without evidence")
      #expect(try await world.obligations() == [.confirm([person("jane").id])])
      #expect(try await world.ledger.position(of: world.number).checkpoint == .at(9))

      world.directory.set { state in (state.lookUpGap, state.isSilent) = (nil, false) }
      try await world.pass(nothingNew)
      #expect(try await world.due() == ["jane: deleted"])
      #expect(try await world.obligations().isEmpty)
    }
  }

  @Test func whoIsUnknownOrGoneAlreadyDepartsNoMore() async throws {
    try await withWorld { world in
      try await world.settled([person("jane")])
      world.directory.remove([person("jane")])
      try await world.pass(nothingNew, [.departed(person("jane").id, .deleteMessage)])
      try await world.pass(
        nothingNew, [.departed(person("jane").id, .deleteMessage), .departed(person("stranger").id, .deleteMessage)])
      #expect(world.directory.now.lookedUp.count == 1)
      #expect(try await world.due() == ["jane: deleted"])
    }
  }

  @Test func someoneWhoStopsMatchingIsTold() async throws {
    try await withWorld { world in
      try await world.settled([person("jane")])
      var stripped = person("jane")
      stripped.attributes = Attributes(["objectClass": ["account"], "uid": ["jane"]])
      try await world.pass(nothingNew, [.upsert(stripped)])
      #expect(try await world.due() == ["jane: leftFilter"])
      try await world.pass(nothingNew, [.upsert(person("jane"))])
      #expect(try await world.due() == ["jane"])
    }
  }

  @Test func aRenameIsAnUpdateOfTheSameEntry() async throws {
    try await withWorld { world in
      try await world.settled([person("jane", id: 1)])
      try await world.pass(nothingNew, [.upsert(person("jdoe", id: 1))])
      #expect(try await world.due() == ["jdoe"])
      #expect(try await world.ledger.position(of: world.number).entries == 1)
    }
  }

  @Test func patchesAreMergedIntoWhatIsKnown() async throws {
    try await withWorld { world in
      let jane = person("jane", ["mail": ["jane@example.com"], "title": ["Dr"]])
      try await world.settled([jane])
      try await world.pass(
        nothingNew, [.patch(jane.id, Attributes(["title": []])), .patch(jane.id, Attributes(["sn": ["Doe"]]))])
      let attributes = try #require(try await world.known(jane)).entry.attributes
      #expect(attributes.texts("title").isEmpty && attributes.texts("sn") == ["Doe"])
      #expect(attributes.texts("mail") == ["jane@example.com"])
      try await world.pass(nothingNew, [.patch(person("stranger").id, Attributes(["sn": ["Doe"]]))])
      #expect(try await world.known(person("stranger")) == nil)
    }
  }

  @Test func aPatchKeepsThePhotoItDoesNotMention() async throws {
    try await withWorld { world in
      let photo: [UInt8] = (0..<10_000).map { UInt8($0 % 251) }
      var jane = person("jane")
      jane.attributes = Attributes(octets: [
        "objectClass": [Array("inetOrgPerson".utf8)], "uid": [Array("jane".utf8)], "jpegPhoto": [photo],
      ])
      try await world.settled([jane])
      try await world.pass(nothingNew, [.patch(jane.id, Attributes(["title": ["Dr"]]))])
      try await world.ledger.prune(journalBefore: 0)
      let values = try #require(try await world.known(jane)).entry.attributes.values("jpegphoto")
      guard case .reference(let digest)? = values.first else {
        Issue.record("the photo is not kept by reference")
        return
      }
      #expect(try await world.ledger.large(Array(digest)) == photo)
    }
  }

  @Test func aTargetIsForThoseOfItsCondition() async throws {
    try await withWorld(when: #"department == "Sales""#) { world in
      try await world.settled([person("jane", ["departmentNumber": ["Sales"]]), person("joe")])
      #expect(try await world.ledger.summary().targets.map(\.accounts) == [1])
      try await world.pass(
        nothingNew, [.upsert(person("jane")), .upsert(person("joe", ["departmentNumber": ["Sales"]]))])
      #expect(try await world.due() == ["jane: notEntitled", "joe"])
    }
  }

  @Test func presenceIsWhatALookByIDFinds() async throws {
    try await withWorld { world in
      let (there, moved, gone) = (person("there"), person("moved"), person("gone"))
      world.directory.add([there])
      world.directory.set { state in
        state.entries[moved.id] = Entry(
          id: moved.id, dn: DistinguishedName("uid=moved,ou=old,dc=example,dc=com"), attributes: moved.attributes)
      }
      #expect(await world.follower.presence(of: there.id) == .belongs)
      #expect(await world.follower.presence(of: moved.id) == .exists)
      #expect(await world.follower.presence(of: gone.id) == .absent)
      world.directory.set { $0.lookUpGap = "referral" }
      #expect(await world.follower.presence(of: gone.id) == .unknown("referral"))
      #expect(await world.follower.presence(of: there.id) == .belongs, "what came is true")
      world.directory.set { $0.isSilent = true }
      guard case .unknown = await world.follower.presence(of: there.id) else {
        Issue.record("silence is no evidence")
        return
      }
    }
  }
}
