internal import Directory

/// What a part of an expression gave. Empty is absent: no case holds an empty text or an empty list.
enum Evaluated {
  case absent
  case text(String)
  /// More than one.
  case texts([String])
  case flag(Bool)
  /// Octets, or a reference to them.
  case octets(FieldValue)

  /// From texts, in their order.
  init(_ texts: [String]) {
    switch texts.count {
    case 0: self = .absent
    case 1: self = texts[0].isEmpty ? .absent : .text(texts[0])
    default:
      let filled = texts.contains("") ? texts.filter { !$0.isEmpty } : texts
      self = filled.count > 1 ? .texts(filled) : Evaluated(filled)
    }
  }

  /// All texts.
  var texts: [String] {
    switch self {
    case .text(let text): [text]
    case .texts(let texts): texts
    default: []
    }
  }
}

extension Evaluated {
  /// A function of each value.
  func each(_ change: (String) -> String?) -> Evaluated {
    switch self {
    case .text(let text): change(text).map { $0.isEmpty ? .absent : .text($0) } ?? .absent
    case .texts(let texts): Evaluated(texts.compactMap(change))
    default: .absent
    }
  }

  /// One text of many: the one taken last time if it is still there, else the smallest.
  func one(previous: @autoclosure () -> String?) -> String? {
    switch self {
    case .text(let text): return text
    case .texts(let texts):
      if let previous = previous(), texts.contains(previous) { return previous }
      return texts.min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    default: return nil
    }
  }
}

extension Expression {
  /// The expression for one entry.
  /// - Parameter places: for each of ``attributes``, its place in the scope.
  func evaluate(in scope: EvaluationScope, _ places: [Int]) -> Evaluated {
    Evaluator(scope: scope, places: places, octets: wanted == .octets).value(node)
  }
}

private struct Evaluator {
  let scope: EvaluationScope
  let places: [Int]
  /// Whether values that are no text count, as they do for a photo.
  let octets: Bool

  func value(_ node: ExpressionNode) -> Evaluated {
    switch node {
    case .attribute(let index):
      let place = scope.slots[places[index]]
      if place.count == 0 { return .absent }
      return octets ? scope.octets(place).map { .octets($0) } ?? .absent : scope.texts(place)
    case .field(let field): return value(of: field)
    case .text(let text), .number(_, let text): return text.isEmpty ? .absent : .text(text)
    case .null: return .absent
    case .choice(let nodes):
      for node in nodes {
        let found = value(node)
        if case .absent = found { continue }
        return found
      }
      return .absent
    case .all(let nodes): return Evaluated(nodes.flatMap { value($0).texts })
    case .pipe(let node, let step): return apply(step.work, to: value(node))
    default: return .flag(truth(node))
    }
  }

  private func value(of field: Field) -> Evaluated {
    switch scope.account?[field] {
    case .text(let text): text.isEmpty ? .absent : .text(text)
    case .list(let texts): Evaluated(texts)
    case .flag(let flag): .flag(flag)
    // Only asked whether it is there.
    case .octets, .reference: .text(field.rawValue)
    case nil: .absent
    }
  }

  private func apply(_ work: Function.Work, to input: Evaluated) -> Evaluated {
    switch work {
    case .each(let change): input.each(change)
    case .whole(let change): Evaluated(change(input.texts))
    case .test(let test): .flag(test(input.texts))
    }
  }

  private func truth(_ node: ExpressionNode) -> Bool {
    switch node {
    case .truth(let truth): truth
    case .not(let node): !truth(node)
    case .and(let nodes): nodes.allSatisfy(truth)
    case .or(let nodes): nodes.contains(where: truth)
    case .present(let node): isPresent(node)
    case .equal(let left, let right): shareValue(value(left), value(right))
    case .sameTruth(let left, let right): truth(left) == truth(right)
    case .numbers(let left, let order, let right):
      numbers(left).contains { number in numbers(right).contains { order.holds(number, $0) } }
    default:
      if case .flag(let flag) = value(node) { flag } else { false }
    }
  }

  private func isPresent(_ node: ExpressionNode) -> Bool {
    if case .attribute(let index) = node { return scope.hasValue(scope.slots[places[index]]) }
    if case .absent = value(node) { return false }
    return true
  }

  private func shareValue(_ left: Evaluated, _ right: Evaluated) -> Bool {
    let (left, right) = (left.texts, right.texts)
    return left.contains { right.contains($0) }
  }

  private func numbers(_ node: ExpressionNode) -> [Double] {
    if case .number(let number, _) = node { return [number] }
    return value(node).texts.compactMap { text in
      guard let first = text.utf8.first, first == 0x2d || (0x30...0x39).contains(first) else { return nil }
      return Double(text)
    }
  }
}
