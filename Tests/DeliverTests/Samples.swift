import Accounts
import Directory
import Targets

@testable import Deliver
@testable import Ledger

/// The instant of the dialogues.
let now: Instant = 1_795_253_400_000

/// Someone as the directory tells.
func person(_ login: String = "jane", _ attributes: [String: [String]] = [:], id: UInt64 = 1) -> Entry {
  Entry(
    id: .uuid(1, id), dn: DistinguishedName("uid=\(login),ou=people,dc=example,dc=com"),
    attributes: Attributes(["uid": [login]].merging(attributes) { $1 }))
}

/// The account that the rules make of someone.
func account(_ entry: Entry) -> Account { Rules.standard.derive(entry).account }

func binding(_ state: Binding.State, _ entry: Entry = person()) -> Binding {
  var json: [UInt8] = []
  account(entry).appendJSON(to: &json)
  return Binding(state: state, account: json, revision: now - 1, confirmedAt: now - 1)
}

func owed(
  _ entry: Entry = person(), _ evidence: Evidence? = nil, departed: Instant = now, bound: Binding? = nil,
  inDoubt: Bool = false, cause: Cause = .change, recheck: Bool = false, attempts: Int = 0,
  failingSince: Instant? = nil
) -> Owed {
  Owed(
    target: 1, entry: 1, directory: "corp", person: entry, key: entry.attributes.texts("uid").first, branch: .user,
    revision: now, cause: cause, evidence: evidence, departedAt: departed, attempts: attempts,
    failingSince: failingSince, since: now, inDoubt: inDoubt, recheck: recheck, contested: false, binding: bound)
}

/// What is decided about a row.
func decide(_ owed: Owed, _ policy: Policy = Policy(), at instant: Instant = now, _ presence: Presence? = nil)
  -> Decision.Step
{
  let bound = owed.binding.flatMap { Account(kind: .user, json: $0.account) }
  return Decision(
    owed: owed, target: "hooks", policy: policy, now: instant,
    derivation: Rules.standard.derive(owed.person, previous: bound), bound: bound, presence: presence
  ).step()
}

extension Decision.Step {
  /// In a few words, for tables.
  var words: String {
    switch self {
    case .send(let operation, let done): "\(operation.verb), \(done.words)"
    case .settle(.postponed(let until)): "wait \(until - now)"
    case .settle(.parked): "park"
    case .settle(let silent): "\(silent)"
    case .confirm: "look"
    }
  }
}

extension Decision.Done {
  var words: String {
    switch self {
    case .settled(let state): "\(state)"
    case .disabled(let due): "delete in \(due - now)"
    case .removed: "removed"
    }
  }
}
