internal import Directory

/// One rule made ready: what can be found out about it beforehand is. A class, so that going through the rules of an
/// entry copies nothing.
final class Rule: Sendable {
  let field: Field
  let expression: Expression
  let type: ValueType
  let isEmail: Bool
  let isAliases: Bool
  /// For each attribute of the expression, its place in the scope.
  let places: [Int]
  /// The places of a rule that only takes the first attribute that has a value and pipes it through functions of each
  /// value, as nearly all rules do; nil for others. Such a rule is carried out without walking its expression.
  private let candidates: [Int]?
  private let steps: [@Sendable (String) -> String?]

  init(field: Field, expression: Expression, table: AttributeTable) {
    self.field = field
    self.expression = expression
    type = field.type
    isEmail = field == .email
    isAliases = field == .aliases
    let places = table.places(for: expression)
    self.places = places
    var (head, steps, isSimple) = (expression.node, [@Sendable (String) -> String?](), type != .octets)
    while case .pipe(let inner, let step) = head {
      if case .each(let change) = step.work { steps.insert(change, at: 0) } else { isSimple = false }
      head = inner
    }
    let nodes = if case .choice(let nodes) = head { nodes } else { [head] }
    let candidates = nodes.compactMap { if case .attribute(let index) = $0 { places[index] } else { nil } }
    self.candidates = isSimple && candidates.count == nodes.count ? candidates : nil
    self.steps = steps
  }

  /// What the rule gives for an entry.
  func evaluate(in scope: EvaluationScope) -> Evaluated {
    guard let candidates else { return expression.evaluate(in: scope, places) }
    for candidate in candidates {
      let place = scope.slots[candidate]
      if place.count == 0 { continue }
      var found = scope.texts(place)
      if case .absent = found { continue }
      for change in steps { found = found.each(change) }
      return found
    }
    return .absent
  }

  /// What an evaluation is worth for the field.
  func value(in scope: EvaluationScope, previous: Account?) -> FieldValue? {
    switch (type, evaluate(in: scope)) {
    case (.flag, .flag(let flag)): .flag(flag)
    case (.octets, .octets(let value)): value
    case (.list, .text(let text)): .list([text])
    case (.list, .texts(let texts)): .list(Set(texts).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    case (.text, let found): found.one(previous: previous?.text(field)).map { .text($0) }
    default: nil
    }
  }
}
