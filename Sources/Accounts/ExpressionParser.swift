/// Turns tokens into a checked expression by recursive descent: one function per level of binding, loosest first.
struct ExpressionParser {
  /// A part of the expression, what it gives, and where it begins.
  struct Part {
    var node: ExpressionNode
    var type: ValueType
    var offset: Int
  }

  let source: String
  let names: Expression.Names
  /// Attributes in lower case, and as they were written.
  private(set) var attributes: [String] = []
  private(set) var spellings: [String] = []
  private(set) var fields: [Field] = []
  private var tokens: [ExpressionToken]
  private var position = 0
  private var depth = 0

  init(_ source: String, names: Expression.Names) throws(ExpressionError) {
    self.source = source
    self.names = names
    var lexer = ExpressionLexer(source)
    tokens = try lexer.tokens()
  }

  /// The whole expression.
  mutating func parse() throws(ExpressionError) -> Part {
    if token.kind == .end { throw error(token, "an expression is needed here") }
    let part = try either()
    guard token.kind == .end else { throw unexpected() }
    return part
  }

  private mutating func either() throws(ExpressionError) -> Part {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Expression.depthLimit else {
      throw error(token, "more than \(Expression.depthLimit) levels of parentheses")
    }
    return try flags(joinedBy: "||", word: "or", ExpressionNode.or) { parser throws(ExpressionError) in
      try parser.flags(joinedBy: "&&", word: "and", ExpressionNode.and) { parser throws(ExpressionError) in
        try parser.negation()
      }
    }
  }

  private mutating func flags(
    joinedBy sign: String, word: String, _ join: ([ExpressionNode]) -> ExpressionNode,
    of operand: (inout ExpressionParser) throws(ExpressionError) -> Part
  ) throws(ExpressionError) -> Part {
    let first = try operand(&self)
    guard token.is(sign) || token.is(word: word) else { return first }
    var parts = [try flag(first).node]
    while token.is(sign) || token.is(word: word) {
      advance()
      parts.append(try flag(operand(&self)).node)
    }
    return Part(node: join(parts), type: .flag, offset: first.offset)
  }

  private mutating func negation() throws(ExpressionError) -> Part {
    let start = token
    guard start.is("!") || start.is(word: "not") else { return try comparison() }
    advance()
    depth += 1
    defer { depth -= 1 }
    guard depth <= Expression.depthLimit else { throw error(start, "more than \(Expression.depthLimit) negations") }
    return Part(node: .not(try flag(negation()).node), type: .flag, offset: start.offset)
  }

  private mutating func comparison() throws(ExpressionError) -> Part {
    let left = try pipeline()
    let sign = token
    if sign.is(word: "in") {
      advance()
      return try membership(of: left, in: pipeline())
    }
    if sign.is(word: "not"), tokens[position + 1].is(word: "in") {
      advance()
      advance()
      let part = try membership(of: left, in: pipeline())
      return Part(node: .not(part.node), type: .flag, offset: part.offset)
    }
    guard sign.kind == .sign, ["==", "!=", "<", "<=", ">", ">="].contains(sign.text) else {
      if sign.is("=") { throw error(sign, "unexpected '='", hint: " (to compare, write '==')") }
      return left
    }
    advance()
    return try compare(left, sign, pipeline())
  }

  private mutating func pipeline() throws(ExpressionError) -> Part {
    var part = try choice()
    while token.is("|") {
      advance()
      part = try pipe(part)
    }
    return part
  }

  private mutating func choice() throws(ExpressionError) -> Part {
    let first = try primary()
    guard token.is("??") else { return first }
    var parts = [first]
    while token.is("??") {
      advance()
      parts.append(try primary())
    }
    var type = ValueType.null
    for part in parts {
      switch (type, part.type) {
      case (.null, let other), (let other, .null): type = other
      case (let one, let other) where one == other: break
      case (let one, let other) where one.isTextual && other.isTextual: type = .list
      default:
        throw error(
          part.offset, "'??' cannot choose between \(type.told) and \(part.type.told)")
      }
    }
    return Part(node: .choice(parts.map(\.node)), type: type, offset: first.offset)
  }

  private mutating func primary() throws(ExpressionError) -> Part {
    let start = token
    switch start.kind {
    case .string:
      advance()
      return Part(node: .text(start.text), type: .text, offset: start.offset)
    case .number:
      advance()
      return Part(node: .number(Double(start.text) ?? 0, start.text), type: .number, offset: start.offset)
    case .name:
      return try name()
    case .sign where start.text == "(":
      let first = try inParentheses()
      if first.count == 1 { return first[0] }
      return try list(first, from: start)
    default:
      throw unexpected()
    }
  }

  private mutating func name() throws(ExpressionError) -> Part {
    let start = token
    advance()
    switch start.text {
    case "null": return Part(node: .null, type: .null, offset: start.offset)
    case "true", "false": return Part(node: .truth(start.text == "true"), type: .flag, offset: start.offset)
    case "and", "or", "not", "in": throw error(start, "unexpected '\(start.text)'")
    case "all" where token.is("("): return try list(inParentheses(), from: start)
    default: break
    }
    if token.is("(") {
      let hint =
        Function.named(start.text) != nil
        ? " (a function follows a pipe: attribute | \(start.text))"
        : Suggestion.hint(for: start.text, among: ["all"])
      throw error(start, "'\(start.text)' cannot stand before '('", hint: hint)
    }
    return try reference(start)
  }

  /// An attribute or a field.
  private mutating func reference(_ start: ExpressionToken) throws(ExpressionError) -> Part {
    var spelling = start.text
    if spelling.hasPrefix("entry.") {
      spelling.removeFirst(6)
    } else if names == .fields {
      let field = Field(rawValue: spelling)
      guard Field.canonical.contains(field) else {
        let known = Suggestion.nearest(to: spelling, among: Field.canonical.map(\.rawValue))
        throw error(
          start, "unknown field '\(spelling)'",
          hint: known.map { " (did you mean '\($0)'?)" } ?? " (an attribute is written entry.\(spelling) here)")
      }
      if !fields.contains(field) { fields.append(field) }
      return Part(node: .field(field), type: field.type, offset: start.offset)
    }
    return Part(node: .attribute(try attribute(spelling, start)), type: .values, offset: start.offset)
  }

  private mutating func attribute(_ spelling: String, _ start: ExpressionToken) throws(ExpressionError) -> Int {
    guard !spelling.contains("."), spelling.unicodeScalars.first?.properties.isAlphabetic == true,
      !spelling.hasSuffix(";")
    else { throw error(start, "'\(start.text)' is not an attribute's name") }
    let name = AttributeNames.requested(spelling)
    guard !AttributeNames.isSecret(name) else { throw error(start, "'\(spelling)' is a secret and never read") }
    if let index = attributes.firstIndex(of: name) { return index }
    attributes.append(name)
    spellings.append(spelling)
    return attributes.count - 1
  }

  /// One or more expressions.
  private mutating func inParentheses() throws(ExpressionError) -> [Part] {
    let open = token
    advance()
    var parts = [try either()]
    while token.is(",") {
      advance()
      parts.append(try either())
    }
    guard token.is(")") else {
      throw token.kind == .end ? error(open, "the '(' that stands here is not closed") : unexpected()
    }
    advance()
    return parts
  }

  private func list(_ parts: [Part], from start: ExpressionToken) throws(ExpressionError) -> Part {
    for part in parts where !part.type.isTextual {
      throw error(part.offset, "a list cannot hold \(part.type.told)")
    }
    return Part(node: .all(parts.map(\.node)), type: .list, offset: start.offset)
  }
}

extension ExpressionParser {
  var token: ExpressionToken { tokens[position] }

  mutating func advance() { if position < tokens.count - 1 { position += 1 } }

  func error(_ offset: Int, _ problem: String, hint: String = "") -> ExpressionError {
    ExpressionError(offset: offset, problem: problem, hint: hint, source: source)
  }

  func error(_ token: ExpressionToken, _ problem: String, hint: String = "") -> ExpressionError {
    error(token.offset, problem, hint: hint)
  }

  func unexpected() -> ExpressionError {
    switch token.kind {
    case .end: error(token, "something is missing at the end")
    case .string: error(token, "unexpected text \(token.text.quoted)")
    case .sign where token.text == "=": error(token, "unexpected '='", hint: " (to compare, write '==')")
    default: error(token, "unexpected '\(token.text)'")
    }
  }

  /// Refuses what is not true or false.
  func flag(_ part: Part) throws(ExpressionError) -> Part {
    guard part.type == .flag else {
      throw error(part.offset, ValueType.flag.complaint(about: part.type, told: part.node.text(spellings)))
    }
    return part
  }
}
