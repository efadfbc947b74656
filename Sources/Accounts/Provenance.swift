internal import Directory

/// Where the value of one field came from, for `explain`.
public struct Provenance: Sendable, Equatable {
  /// The field.
  public var field: Field
  /// Its value; nil if it has none.
  public var value: FieldValue?
  /// The rule as it was written.
  public var expression: String
  /// Where the rule stands in the file; nil for a standard rule.
  public var location: SourceLocation?
  /// The attributes that the rule reads, and whether the entry has them.
  public var attributes: [AttributeUse]
  /// One line: `ipPhone absent, telephoneNumber "+43 1 555 4711" | digits | last(4)`.
  public var summary: String

  /// An attribute that a rule reads.
  public struct AttributeUse: Sendable, Equatable {
    /// As the rule writes it.
    public var name: String
    /// How many values the entry has; 0 for absent.
    public var count: Int
  }

  init(value: FieldValue?, rule: Rule, scope: EvaluationScope) {
    let (expression, places) = (rule.expression, rule.places)
    field = rule.field
    self.value = value
    self.expression = expression.source
    location = expression.location
    let spellings = expression.spellings
    attributes = zip(spellings, places).map { AttributeUse(name: $0, count: scope.slots[$1].count) }
    var (head, steps) = (expression.node, "")
    while case .pipe(let inner, let step) = head {
      steps = " | \(step.text)\(steps)"
      head = inner
    }
    let candidates = if case .choice(let nodes) = head { nodes } else { [head] }
    var told: [String] = []
    for candidate in candidates {
      guard case .attribute(let index) = candidate, !steps.isEmpty || candidates.count > 1 else {
        told.append(candidate.text(spellings))
        break
      }
      let found = scope.slots[places[index]]
      guard scope.hasValue(found) else {
        told.append("\(spellings[index]) absent")
        continue
      }
      let texts = scope.texts(found).texts
      let isPlain = texts.isEmpty || value == texts.min().map { .text($0) } || texts.count > 3
      told.append(spellings[index] + (isPlain ? "" : " " + texts.map(\.quoted).joined(separator: ", ")))
      break
    }
    summary = told.joined(separator: ", ") + (told.last?.hasSuffix(" absent") == true ? "" : steps)
  }
}
