/// One word or sign of an expression.
struct ExpressionToken {
  enum Kind: Equatable {
    case name
    case string
    case number
    case sign
    case end
  }

  var kind: Kind
  /// A name, a number or a sign as written; a string without quotes and escapes.
  var text: String
  /// In Unicode scalars from the start.
  var offset: Int

  func `is`(_ sign: String) -> Bool { kind == .sign && text == sign }
  func `is`(word: String) -> Bool { kind == .name && text == word }
}

/// Cuts an expression into tokens.
struct ExpressionLexer {
  private let source: String
  private let scalars: [Unicode.Scalar]
  private var position = 0

  /// Longest first: `||` is one sign, not two pipes.
  private static let signs = ["??", "||", "&&", "==", "!=", "<=", ">=", "|", "(", ")", ",", "!", "<", ">", "="]

  init(_ source: String) {
    self.source = source
    scalars = Array(source.unicodeScalars)
  }

  mutating func tokens() throws(ExpressionError) -> [ExpressionToken] {
    guard scalars.count <= Expression.lengthLimit else {
      throw error(0, "an expression may have \(Expression.lengthLimit) characters, this one has \(scalars.count)")
    }
    var tokens: [ExpressionToken] = []
    repeat { tokens.append(try next()) } while tokens.last?.kind != .end
    return tokens
  }

  private mutating func next() throws(ExpressionError) -> ExpressionToken {
    while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
    guard position < scalars.count else { return ExpressionToken(kind: .end, text: "", offset: scalars.count) }
    let start = position
    let scalar = scalars[position]
    if scalar.isNameStart { return take(.name, while: \.isNamePart) }
    if scalar.isDigit || scalar == "-" && position + 1 < scalars.count && scalars[position + 1].isDigit {
      position += 1
      var token = take(.number, while: \.isNumberPart)
      token.offset = start
      token.text = text(start..<position)
      guard Double(token.text) != nil else { throw error(start, "'\(token.text)' is not a number") }
      return token
    }
    if scalar == "\"" || scalar == "'" { return try string(closedBy: scalar) }
    for sign in Self.signs where matches(sign) {
      position += sign.unicodeScalars.count
      return ExpressionToken(kind: .sign, text: sign, offset: start)
    }
    throw error(start, "unexpected '\(scalar)'", hint: Self.hint(for: scalar))
  }

  private static func hint(for scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "“", "”", "„", "‘", "’", "«", "»": " (texts stand in straight quotes: \"text\")"
    case "&": " (write 'and' or '&&')"
    case "?": " (write '??' for \"or else\")"
    case "[", "]": " (lists stand in parentheses: (\"a\", \"b\"))"
    case "+": " (to join values, write all(a, b) | join(\" \"))"
    default: ""
    }
  }

  private mutating func take(
    _ kind: ExpressionToken.Kind, while belongs: (Unicode.Scalar) -> Bool
  ) -> ExpressionToken {
    let start = position
    while position < scalars.count, belongs(scalars[position]) { position += 1 }
    return ExpressionToken(kind: kind, text: text(start..<position), offset: start)
  }

  private mutating func string(closedBy quote: Unicode.Scalar) throws(ExpressionError) -> ExpressionToken {
    let start = position
    var content = String.UnicodeScalarView()
    position += 1
    while position < scalars.count, scalars[position] != quote {
      if scalars[position] == "\\" {
        position += 1
        guard position < scalars.count else { break }
        switch scalars[position] {
        case "\\", "\"", "'": content.append(scalars[position])
        case "n": content.append("\n")
        case "t": content.append("\t")
        default: throw error(position - 1, "unknown escape '\\\(scalars[position])'", hint: " (a backslash is '\\\\')")
        }
      } else {
        content.append(scalars[position])
      }
      position += 1
    }
    guard position < scalars.count else { throw error(start, "the text that begins here has no closing \(quote)") }
    position += 1
    return ExpressionToken(kind: .string, text: String(content), offset: start)
  }

  private func matches(_ sign: String) -> Bool {
    scalars[position...].starts(with: sign.unicodeScalars)
  }

  private func text(_ range: Range<Int>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[range])
    return String(view)
  }

  private func error(_ offset: Int, _ problem: String, hint: String = "") -> ExpressionError {
    ExpressionError(offset: offset, problem: problem, hint: hint, source: source)
  }
}

extension Unicode.Scalar {
  fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
  fileprivate var isNameStart: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" }
  /// Attribute descriptions (RFC 4512, section 2.5) have hyphens and options (`cn;lang-de`); a dot ends `entry`.
  fileprivate var isNamePart: Bool { isNameStart || isDigit || self == "-" || self == ";" || self == "." }
  fileprivate var isNumberPart: Bool { isDigit || self == "." }
}
