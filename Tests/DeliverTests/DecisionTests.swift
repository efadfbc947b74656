import Accounts
import Directory
import Ledger
import Testing

@testable import Deliver

/// What is done about one owed row: every verb by evidence, policy, grace, presence, doubt and binding.
@Suite struct DecisionTests {
  @Test func arrivals() {
    let other = person("jane", ["title": ["x"]])
    #expect(decide(owed()).words == "create, active")
    #expect(decide(owed(inDoubt: true)).words == "create, active", "the same again")
    #expect(decide(owed(bound: binding(.active))).words == "unsaid")
    #expect(decide(owed(bound: binding(.active), inDoubt: true)).words == "update, active", "told even if equal")
    #expect(decide(owed(other, bound: binding(.active))).words == "update, active")
    #expect(decide(owed(bound: binding(.disabled))).words == "update, active", "back in use")
    #expect(decide(owed(cause: .quiet)).words == "quiet")
    #expect(decide(owed(inDoubt: true, cause: .quiet)).words == "quiet", "never attempted, whatever the process did")
    #expect(decide(owed(other, bound: binding(.active), cause: .quiet)).words == "update, active")
    let nameless = Entry(
      id: .uuid(1, 1), dn: DistinguishedName("cn=x"), attributes: Attributes(["cn": ["Somebody"]]))
    #expect(decide(owed(nameless)).words == "park")
  }

  @Test func anUpdateTellsWhatChanged() throws {
    let row = owed(person("jane", ["title": ["x"]]), bound: binding(.active))
    guard case .send(let operation, _) = decide(row) else {
      Issue.record("nothing is sent")
      return
    }
    #expect(operation.changed == [Difference(field: .title, from: nil, to: .text("x"))])
    #expect(operation.revision == row.revision && operation.id == row.person.id && operation.reason == .change)
    #expect(operation.evidence == nil && operation.directory == "corp" && operation.target == "hooks")
  }

  static let grace = Policy(leave: .delete, outOfScope: .delete, grace: .seconds(300))
  static let atOnce = Policy(leave: .delete, outOfScope: .delete, grace: .zero)

  @Test(arguments: Evidence.allCases)
  func whoWasNeverToldIsNotTakenBack(_ evidence: Evidence) {
    for leave in Policy.Leave.allCases {
      let policy = Policy(leave: leave, outOfScope: leave, grace: .zero)
      #expect(decide(owed(person(), evidence), policy).words == (leave == .keep ? "kept" : "unsaid"))
    }
  }

  @Test(arguments: Evidence.allCases)
  func leaveKeepSaysNothing(_ evidence: Evidence) {
    let policy = Policy(leave: .keep, outOfScope: .keep)
    #expect(decide(owed(person(), evidence, bound: binding(.active)), policy).words == "kept")
    #expect(decide(owed(person(), evidence, bound: binding(.active), inDoubt: true), policy).words == "kept")
  }

  @Test(arguments: Evidence.allCases)
  func leaveDisableDisablesOnce(_ evidence: Evidence) {
    let policy = Policy(leave: .disable, outOfScope: .disable)
    #expect(decide(owed(person(), evidence, bound: binding(.active)), policy).words == "disable, disabled")
    #expect(decide(owed(person(), evidence, bound: binding(.disabled)), policy).words == "unsaid")
    #expect(
      decide(owed(person(), evidence, bound: binding(.disabled), inDoubt: true), policy).words == "disable, disabled")
    #expect(decide(owed(person(), evidence, inDoubt: true), policy).words == "disable, disabled")
  }

  @Test func disabledAccountsSayThatTheyAreNotActive() {
    guard
      case .send(let operation, _) = decide(
        owed(person(), .deleted, bound: binding(.active)), Policy(leave: .disable))
    else {
      Issue.record("nothing is sent")
      return
    }
    #expect(operation.account[.active] == .flag(false))
    #expect(operation.changed.map(\.field) == [.active] && operation.evidence == .deleted)
  }

  @Test func aDeleteIsDisabledFirstAndWaitsForItsGrace() {
    let fresh = owed(person(), .deleted, bound: binding(.active))
    #expect(decide(fresh, Self.grace).words == "disable, delete in 300000")
    let disabled = owed(person(), .deleted, bound: binding(.disabled))
    #expect(decide(disabled, Self.grace).words == "wait 300000", "claimed early: retry, resync")
    #expect(decide(disabled, Self.grace, at: now + 299_999).words == "wait 300000")
    #expect(decide(disabled, Self.grace, at: now + 300_000).words == "look")
    let doubtful = owed(person(), .deleted, bound: binding(.disabled), inDoubt: true)
    #expect(decide(doubtful, Self.grace).words == "disable, delete in 300000")
  }

  @Test(arguments: [Evidence.deleted, .omitted, .leftScope, .leftFilter])
  func whatTheSecondLookFindsDecides(_ evidence: Evidence) {
    let due = owed(person(), evidence, departed: now - 300_000, bound: binding(.disabled))
    var policy = Policy(leave: .delete, outOfScope: .delete, grace: .seconds(300))
    #expect(decide(due, policy).words == "look")
    #expect(decide(due, policy, .absent).words == "delete, removed")
    #expect(decide(due, policy, .belongs).words == "returned")
    #expect(decide(due, policy, .unknown("no answer")).words == "wait 60000")
    #expect(decide(due, policy, .exists).words == "delete, removed", "out-of-scope: delete")
    policy.outOfScope = .disable
    if evidence == .deleted || evidence == .omitted {
      #expect(decide(due, policy, .exists).words == "unsaid", "it still exists, and is disabled already")
      let active = owed(person(), evidence, departed: now - 300_000, bound: binding(.active))
      #expect(decide(active, policy, .exists).words == "disable, disabled")
    }
    policy.outOfScope = .keep
    if evidence == .deleted || evidence == .omitted {
      #expect(decide(due, policy, .exists).words == "unsaid", "at most disabled")
    }
  }

  @Test func withoutGraceAFreshDepartureIsDeletedAtOnce() {
    #expect(decide(owed(person(), .deleted, bound: binding(.active)), Self.atOnce).words == "delete, removed")
    let stale = owed(person(), .deleted, departed: now - 60_000, bound: binding(.active))
    #expect(decide(stale, Self.atOnce).words == "look", "the evidence is a minute old")
    let approved = owed(person(), .deleted, bound: binding(.active), recheck: true)
    #expect(decide(approved, Self.atOnce).words == "look", "a hold was released: each is checked again")
  }

  @Test func whoLeftAfterAnUnconfirmedCreateIsDeleted() {
    #expect(decide(owed(person(), .deleted, inDoubt: true), Self.atOnce).words == "delete, removed")
  }

  @Test func whoIsNotEntitledNeedsNoLook() {
    let due = owed(person(), .notEntitled, departed: now - 300_000, bound: binding(.disabled))
    #expect(decide(due, Self.grace).words == "delete, removed", "the directory has the person, as everybody knows")
  }

  @Test func disabledAccountsAreDeletedLaterWhereTheFileSaysSo() {
    let policy = Policy(leave: .disable, after: .seconds(86_400))
    #expect(
      decide(owed(person(), .deleted, bound: binding(.active)), policy).words == "disable, delete in 86400000")
    let old = owed(person(), .deleted, departed: now - 86_400_000, bound: binding(.disabled))
    #expect(decide(old, policy).words == "look")
    #expect(decide(old, policy, .absent).words == "delete, removed")
  }

  @Test func peopleOutOfScopeFollowTheirOwnPolicy() {
    let policy = Policy(leave: .delete, outOfScope: .disable, grace: .zero)
    for evidence in [Evidence.leftScope, .leftFilter, .notEntitled] {
      #expect(decide(owed(person(), evidence, bound: binding(.active)), policy).words == "disable, disabled")
    }
  }
}
