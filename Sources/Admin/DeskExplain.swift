import Accounts
import Directory
import Foundation
import Ledger

extension Desk {
  /// Which rule gave which field, and what each target has and is owed, and why.
  func explain(_ account: String) async throws -> [ExplainAnswer] {
    var answers: [ExplainAnswer] = []
    for known in try await find(account) where known.branch == .user {
      let standings = try await ledger.standing(of: known.number)
      let derived = rules.derive(known.entry)
      let label = derived.account.label
      answers.append(
        ExplainAnswer(
          account: label == "?" ? known.entry.dn.string : label, dn: known.entry.dn.string,
          directory: directories.first { $0.value == known.directory }?.key ?? "?", id: known.entry.id.description,
          departed: known.evidence?.rawValue,
          fields: rules.explain(known.entry).map { provenance in
            .init(
              field: provenance.field.rawValue, value: provenance.value?.text, rule: provenance.expression,
              place: provenance.location?.description, summary: provenance.summary)
          },
          targets: standings.map { target($0, known, derived) }))
    }
    return answers
  }

  private func target(_ standing: Standing, _ known: KnownEntry, _ derived: Derivation) -> ExplainAnswer.Target {
    let bound = standing.binding.flatMap { Account(kind: .user, json: $0.account) }
    let pending = known.evidence == nil ? bound.map { derived.account.differences(from: $0) } ?? [] : []
    var (state, detail) = described(standing)
    if let condition = conditions[standing.target], known.evidence == nil {
      let holds = condition.holds(for: derived.account, entry: known.entry)
      detail = [detail, "when: \(condition.source) \(holds ? "holds" : "does not hold")"]
        .filter { !$0.isEmpty }.joined(separator: "; ")
      if !holds, standing.binding == nil { state = "not for this target" }
    }
    return ExplainAnswer.Target(
      name: standing.target, state: state, detail: detail, revision: standing.revision ?? standing.binding?.revision,
      confirmedAt: standing.binding?.confirmedAt, nextAttempt: standing.state == .ready ? standing.due : nil,
      pending: pending.map {
        "\($0.field.rawValue) \($0.from?.text ?? "nothing") → \($0.to?.text ?? "nothing")"
      })
  }

  private func described(_ standing: Standing) -> (state: String, detail: String) {
    let evidence = standing.evidence.map { "departure: \($0.rawValue)" } ?? ""
    let error = standing.error.map { "after \(standing.attempts) attempts: \($0)" } ?? ""
    let detail = [evidence, error].filter { !$0.isEmpty }.joined(separator: "; ")
    switch standing.state {
    case nil:
      guard let binding = standing.binding else { return ("not there", "") }
      return (binding.state == .disabled ? "disabled there" : "in step", "")
    case .ready: return ("waiting", detail)
    case .held: return ("held", standing.hold.map { "hold \($0); \(detail)" } ?? detail)
    case .parked: return ("parked", detail)
    case .behind: return ("waiting", "behind another account with the same login")
    case .staged: return ("waiting", "for the end of the refresh")
    }
  }
}

extension FieldValue {
  /// The value as a person reads it.
  var text: String {
    switch self {
    case .text(let text): text
    case .list(let texts): texts.joined(separator: ", ")
    case .flag(let flag): flag ? "true" : "false"
    case .octets(let octets): "\(octets.count) octets"
    case .reference: "kept in the ledger"
    }
  }
}
