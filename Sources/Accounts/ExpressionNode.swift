/// A checked expression.
indirect enum ExpressionNode: Sendable {
  /// An index into the expression's attributes.
  case attribute(Int)
  case field(Field)
  case text(String)
  /// The number, and how it was written: `007` is 7 in a comparison and `007` as a text.
  case number(Double, String)
  case truth(Bool)
  case null
  /// `a ?? b`
  case choice([ExpressionNode])
  /// `all(a, b)`, or `(a, b)`
  case all([ExpressionNode])
  case pipe(ExpressionNode, Function.Step)
  case not(ExpressionNode)
  case and([ExpressionNode])
  case or([ExpressionNode])
  /// Whether there is a value: `a != null`.
  case present(ExpressionNode)
  /// `a == b`: whether a value of one is a value of the other.
  case equal(ExpressionNode, ExpressionNode)
  /// A comparison of numbers.
  case numbers(ExpressionNode, Order, ExpressionNode)
  /// `a == b` for true and false.
  case sameTruth(ExpressionNode, ExpressionNode)

  /// The comparisons of numbers.
  enum Order: String, Sendable {
    case equal = "=="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    func holds(_ left: Double, _ right: Double) -> Bool {
      switch self {
      case .equal: left == right
      case .less: left < right
      case .lessOrEqual: left <= right
      case .greater: left > right
      case .greaterOrEqual: left >= right
      }
    }
  }
}

extension ExpressionNode {
  /// How tightly a node binds when it is written; the higher the tighter.
  private var rank: Int {
    switch self {
    case .or: 0
    case .and: 1
    case .not(.present), .not(.equal): 3
    case .not: 2
    case .present, .equal, .numbers, .sameTruth: 3
    case .pipe: 4
    case .choice: 5
    default: 6
    }
  }

  /// The expression in uniform spacing. Equal texts mean equal expressions, for the same attributes.
  func text(_ attributes: [String]) -> String {
    func inner(_ node: ExpressionNode, above rank: Int) -> String {
      let text = node.text(attributes)
      return node.rank > rank ? text : "(\(text))"
    }
    func joined(_ nodes: [ExpressionNode], _ separator: String) -> String {
      nodes.map { inner($0, above: rank) }.joined(separator: separator)
    }
    func comparison(_ left: ExpressionNode, _ sign: String, _ right: ExpressionNode) -> String {
      "\(inner(left, above: 3)) \(sign) \(inner(right, above: 3))"
    }
    switch self {
    case .attribute(let index): return attributes[index]
    case .field(let field): return field.rawValue
    case .text(let text): return text.quoted
    case .number(_, let text): return text
    case .truth(let truth): return truth ? "true" : "false"
    case .null: return "null"
    case .choice(let nodes): return joined(nodes, " ?? ")
    case .all(let nodes): return "all(\(nodes.map { $0.text(attributes) }.joined(separator: ", ")))"
    case .pipe(let node, let step): return "\(inner(node, above: 3)) | \(step.text)"
    case .not(.present(let node)): return "\(inner(node, above: 3)) == null"
    case .not(.equal(let left, let right)): return comparison(left, "!=", right)
    case .not(let node): return "not \(inner(node, above: 1))"
    case .and(let nodes): return joined(nodes, " and ")
    case .or(let nodes): return joined(nodes, " or ")
    case .present(let node): return "\(inner(node, above: 3)) != null"
    case .equal(let left, let right), .sameTruth(let left, let right): return comparison(left, "==", right)
    case .numbers(let left, let order, let right): return comparison(left, order.rawValue, right)
    }
  }
}

extension String {
  /// As a text of the expression language.
  var quoted: String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
