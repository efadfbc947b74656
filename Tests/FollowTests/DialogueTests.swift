import Accounts
import Directory
import Ledger
import Testing

@testable import Follow

/// The pure parts of following.
@Suite struct DialogueTests {
  @Test func tenChangesOfOneEntryAreOne() {
    let jane = person("jane")
    let changes = (1...10).map { Change.upsert(person("jane", ["title": ["\($0)"]])) }
    let batch = Batch([.upsert(person("joe"))] + changes + [.checkpoint(.at(1)), .checkpoint(.at(2))])
    #expect(batch.upserts.map(\.id) == [person("joe").id, jane.id])
    #expect(batch.upserts.last?.attributes.texts("title") == ["10"])
    #expect(batch.checkpoint == .at(2))
  }

  @Test func theLastWordAboutAnEntryCounts() {
    let jane = person("jane")
    let gone = Batch([.upsert(jane), .upsert(person("joe")), .departed(jane.id, .deleteMessage)])
    #expect(gone.upserts.map(\.id) == [person("joe").id])
    #expect(gone.departed == [jane.id: .deleteMessage])
    let back = Batch([.departed(jane.id, .tombstone), .upsert(jane)])
    #expect(back.upserts == [jane] && back.departed.isEmpty)
  }

  @Test func patchesAreMergedInTheirOrder() throws {
    let jane = person("jane", ["mail": ["old@example.com"]])
    let batch = Batch([
      .upsert(jane), .patch(jane.id, Attributes(["mail": [], "title": ["Dr"]])),
      .patch(person("joe").id, Attributes(["mail": ["a@example.com"]])),
      .patch(person("joe").id, Attributes(["title": ["Mr"]])),
    ])
    let told = try #require(batch.upserts.first)
    #expect(told.attributes.texts("mail").isEmpty && told.attributes.texts("title") == ["Dr"])
    #expect(batch.patches.keys.sorted { "\($0)" < "\($1)" } == [person("joe").id])
    #expect(batch.patches[person("joe").id]?.count == 2)
    #expect(Batch([.patch(jane.id, Attributes(["title": ["Dr"]])), .departed(jane.id, .tombstone)]).patches.isEmpty)
  }

  private let scope: Scope

  init() throws {
    scope = Scope(
      users: .init(
        base: DistinguishedName("ou=people,dc=example,dc=com"),
        filter: try Filter(parsing: "(&(objectClass=inetOrgPerson)(employeeNumber=*))")),
      containers: .init(
        base: DistinguishedName("dc=example,dc=com"), filter: try Filter(parsing: "(objectClass=organizationalUnit)")))
  }

  private func employee(_ login: String, below: String = "ou=people,dc=example,dc=com") -> Entry {
    person(login, ["employeeNumber": ["1"]], below: below)
  }

  @Test func theScopeSaysWhatAnEntryLeft() {
    #expect(scope.place(employee("jane")) == .branch(.user))
    #expect(scope.place(person("jane")) == .outside(.leftFilter))
    #expect(scope.place(employee("jane", below: "ou=old,dc=example,dc=com")) == .outside(.leftScope))
    #expect(scope.place(employee("jane", below: "OU=Sub, OU=People,dc=example,dc=com")) == .branch(.user))
    #expect(scope.place(unit("ou=people,dc=example,dc=com")) == .branch(.container))
    #expect(scope.place(unit("ou=old,dc=example,dc=com")) == .branch(.container))
    #expect(scope.place(unit("ou=old,dc=example,dc=org")) == .outside(.leftScope))
  }

  private func known(_ entry: Entry, _ number: EntryNumber) -> KnownEntry {
    KnownEntry(
      number: number, directory: 1, entry: entry, digest: entry.digest, branch: .user, key: nil, evidence: nil)
  }

  @Test func aLookByIDTellsWhatBecameOfThoseCalledGone() {
    let (deleted, moved, stripped, there, buried) = (
      employee("deleted"), employee("moved"), employee("stripped"), employee("there"), employee("buried")
    )
    let all = [deleted, moved, stripped, there, buried].enumerated().map { known($1, EntryNumber($0)) }
    var elsewhere = moved
    elsewhere.dn = DistinguishedName("uid=moved,ou=old,dc=example,dc=com")
    var bare = stripped
    bare.attributes = person("stripped").attributes
    let judged = Confirmation(
      all, notices: [buried.id: .tombstone], found: [elsewhere, bare, there], scope: scope, absent: .deleted)
    #expect(
      judged.departures == [
        Departure(number: 0, evidence: .deleted), Departure(number: 1, evidence: .leftScope),
        Departure(number: 2, evidence: .leftFilter), Departure(number: 4, evidence: .deleted),
      ])
    #expect(judged.present == [there])
    #expect(judged.unanswered.isEmpty)
  }

  @Test func withoutAnAnswerOnlyATombstoneIsEvidence() {
    let (gone, buried) = (employee("gone"), employee("buried"))
    let judged = Confirmation(
      [known(gone, 1), known(buried, 2)], notices: [gone.id: .deleteMessage, buried.id: .tombstone], found: nil,
      scope: scope, absent: .deleted)
    #expect(judged.departures == [Departure(number: 2, evidence: .deleted)])
    #expect(judged.unanswered == [gone.id])
  }

  private func index(_ entries: [Entry]) -> EntryIndex {
    EntryIndex(entries.enumerated().map { .init(id: $1.id, isUser: true, digest: $1.digest, number: Int64($0)) })
  }

  private func prepared(_ entry: Entry) -> Prepared { Prepared(entry: entry, large: [], digest: entry.digest) }

  @Test func aRefreshWritesWhatDiffersAndRemembersWhoWasMentioned() {
    let (jane, joe, jill) = (person("jane"), person("joe"), person("jill"))
    var refresh = Refresh(kind: .full, index: index([jane, joe, jill]), loaded: true)
    #expect(!refresh.isFirst)
    refresh.take(prepared(jane))
    refresh.take(prepared(person("joe", ["title": ["x"]])))
    refresh.take(prepared(person("new")))
    #expect(refresh.pending.map(\.entry.id) == [joe.id, person("new").id])
    #expect(refresh.index.unseen.map(\.id) == [jill.id])
    refresh.take(prepared(person("joe", ["title": ["x"]])))
    #expect(refresh.pending.count == 2, "told again as it is")
    #expect(refresh.read == 4)
  }

  @Test func presentIDsThatNobodyKnowsAreToBeRead() {
    let (jane, new) = (person("jane"), person("new"))
    var refresh = Refresh(kind: .delta, index: index([jane]), loaded: true)
    refresh.take(prepared(new))
    refresh.see([jane.id, new.id, person("moved-in").id])
    #expect(refresh.unknown == [person("moved-in").id])
    #expect(refresh.index.unseen.isEmpty)
  }

  @Test func whoWasCalledGoneAndIsToldAfterwardsIsThere() {
    var refresh = Refresh(kind: .delta, index: index([person("jane")]), loaded: true)
    refresh.departed[person("jane").id] = .deleteMessage
    refresh.take(prepared(person("jane")))
    #expect(refresh.departed.isEmpty)
  }

  @Test func theSamePeopleUnderNewIDsAreRecognisedByTheirShare() {
    #expect(Refresh.reidentification(pairs: 2, users: 2) == nil, "two are too few to tell")
    #expect(Refresh.reidentification(pairs: 3, users: 7) == nil)
    #expect(Refresh.reidentification(pairs: 3, users: 6)?.contains("3 of 6") == true)
  }

  @Test func anAttributeThatManyLostIsTold() {
    var refresh = Refresh(kind: .full, index: index(people(10)), loaded: true)
    refresh.vanished = ["mail": 3, "title": 2]
    #expect(refresh.vanishedVerdicts(GuardPolicy()).map(\.attribute) == ["mail"])
    #expect(refresh.vanishedVerdicts(.off).isEmpty)
  }
}
