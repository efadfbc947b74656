extension ExpressionParser {
  /// `value in list`
  func membership(of value: Part, in list: Part) throws(ExpressionError) -> Part {
    guard value.type.isTextual, value.type != .null else {
      throw error(value.offset, "'in' looks for a text, and '\(value.node.text(spellings))' is \(value.type.told)")
    }
    guard list.type == .list || list.type == .values else {
      throw error(
        list.offset, "'in' looks into a list, and '\(list.node.text(spellings))' is \(list.type.told)",
        hint: list.type == .text ? " (to compare, write '==')" : "")
    }
    return Part(node: .equal(value.node, list.node), type: .flag, offset: value.offset)
  }

  /// A comparison by its sign.
  func compare(_ left: Part, _ sign: ExpressionToken, _ right: Part) throws(ExpressionError) -> Part {
    let negated = sign.text == "!="
    let node: ExpressionNode
    if let order = ExpressionNode.Order(rawValue: sign.text), order != .equal {
      node = .numbers(try number(left).node, order, try number(right).node)
    } else if left.type == .null || right.type == .null {
      let present = ExpressionNode.present(left.type == .null ? right.node : left.node)
      return Part(node: negated ? present : .not(present), type: .flag, offset: left.offset)
    } else if left.type == .flag || right.type == .flag {
      node = .sameTruth(try flag(left).node, try flag(right).node)
    } else if left.type == .number || right.type == .number {
      node = .numbers(try number(left).node, .equal, try number(right).node)
    } else {
      node = .equal(try single(left).node, try single(right).node)
    }
    return Part(node: negated ? .not(node) : node, type: .flag, offset: left.offset)
  }

  /// Refuses what can never be a number.
  private func number(_ part: Part) throws(ExpressionError) -> Part {
    guard [.number, .text, .values].contains(part.type) else {
      throw error(part.offset, "'\(part.node.text(spellings))' is \(part.type.told), not a number")
    }
    if case .text = part.node { throw error(part.offset, "a number is needed here, without quotes") }
    return part
  }

  /// Refuses lists and octets, for which equality would mean something else than what is written.
  private func single(_ part: Part) throws(ExpressionError) -> Part {
    if part.type == .octets { throw error(part.offset, "octets can only be compared with null") }
    if case .field(let field) = part.node, part.type == .list {
      throw error(part.offset, "'\(field.rawValue)' is a list", hint: " (write \"value\" in \(field.rawValue))")
    }
    return part
  }

  /// A function after a pipe.
  mutating func pipe(_ input: Part) throws(ExpressionError) -> Part {
    let start = token
    guard start.kind == .name else {
      throw start.kind == .end ? error(start, "a function is missing after '|'") : unexpected()
    }
    guard let function = Function.named(start.text) else {
      throw error(
        start, "unknown function '\(start.text)'",
        hint: Suggestion.hint(for: start.text, among: Function.catalogue.map(\.name)))
    }
    guard input.type.isTextual else {
      throw error(start, "'\(function.name)' works on texts, and '\(input.node.text(spellings))' is \(input.type.told)")
    }
    advance()
    let arguments = try arguments(of: function, at: start)
    let step = Function.Step(
      text: function.text(arguments), work: function.make(arguments.map(\.text)))
    return Part(node: .pipe(input.node, step), type: function.result(input.type), offset: input.offset)
  }

  private mutating func arguments(
    of function: Function, at start: ExpressionToken
  ) throws(ExpressionError) -> [ExpressionToken] {
    var arguments: [ExpressionToken] = []
    if token.is("(") {
      advance()
      while !token.is(")") {
        guard token.kind == .string || token.kind == .number else {
          throw token.kind == .end ? error(start, "the '(' after '\(function.name)' is not closed") : unexpected()
        }
        arguments.append(token)
        advance()
        let separator = function.parameters == .pairs && arguments.count % 2 == 1 ? "=" : ","
        if token.is(separator) { advance() } else if !token.is(")") { throw usage(function, token) }
      }
      advance()
    }
    try check(arguments, of: function, at: start)
    return arguments
  }

  private func check(
    _ arguments: [ExpressionToken], of function: Function, at start: ExpressionToken
  ) throws(ExpressionError) {
    let count = arguments.count
    let fits =
      switch function.parameters {
      case .none: count == 0
      case .count, .text: count == 1
      case .twoTexts: count == 2
      case .texts: count >= 1
      case .pairs: count >= 2 && count % 2 == 0
      }
    guard fits else { throw usage(function, start) }
    for (index, argument) in arguments.enumerated() {
      if function.parameters == .count {
        guard argument.kind == .number, let number = Int(argument.text), number > 0, number <= Int(Int32.max) else {
          throw error(argument, "'\(function.name)' takes a whole number from 1")
        }
      } else if argument.text.isEmpty, !(function.parameters == .twoTexts && index == 1) {
        throw error(argument, "'\(function.name)' cannot work with an empty text")
      }
    }
  }

  private func usage(_ function: Function, _ token: ExpressionToken) -> ExpressionError {
    error(token, "'\(function.name)' is written \(function.signature)")
  }
}

extension Function {
  /// The function with its arguments, in uniform spacing.
  func text(_ arguments: [ExpressionToken]) -> String {
    guard !arguments.isEmpty else { return name }
    let written = arguments.map { $0.kind == .number ? $0.text : $0.text.quoted }
    let pairs = stride(from: 0, to: written.count - 1, by: 2).map { "\(written[$0]) = \(written[$0 + 1])" }
    return "\(name)(\((parameters == .pairs ? pairs : written).joined(separator: ", ")))"
  }
}
