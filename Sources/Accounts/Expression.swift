/// An expression of the file: where a field's value comes from.
///
///     uid ?? sAMAccountName | lowercase
///     all(mail, otherMailbox) | withoutPrefix("smtp:") | lowercase | unique
///     not (userAccountControl | hasBit(2))
///
/// `??` takes the first that has a value and binds tighter than `|`, which passes a value on to a function
/// (``Function/catalogue``); `all` takes the values of all; then, ever looser, comparisons (`==`, `!=`, `<`, `<=`, `>`,
/// `>=`, `in`), `not` or `!`, `and` or `&&`, `or` or `||`. Empty is absent, after pipes too. There are no loops, and
/// nothing but the entry and the account is read.
///
/// An expression is checked when it is parsed: what parses can be evaluated, and evaluation always ends.
public struct Expression: Sendable {
  /// What bare names stand for.
  public enum Names: Sendable {
    /// An attribute of the entry: under `accounts:`.
    case attributes
    /// A canonical field of the account: in `when:`. An attribute is written `entry.name` there.
    case fields
  }

  /// The expression as it was written.
  public let source: String
  /// Where it stands in the file, if it comes from one.
  public let location: SourceLocation?
  /// The attributes it reads: lower case, in order of first mention, each once.
  public let attributes: [String]
  /// The fields it reads, in order of first mention, each once; empty under `accounts:`.
  public let fields: [Field]
  /// What it gives.
  public let type: ValueType
  let node: ExpressionNode
  /// What the place where it stands needs.
  let wanted: ValueType

  /// The most Unicode scalars of an expression.
  public static let lengthLimit = 4096
  /// How deep parentheses and negations may nest.
  public static let depthLimit = 32

  /// Parses and checks an expression.
  /// - Parameters:
  ///   - source: the text.
  ///   - wanted: what it has to give; see ``Field/type``.
  ///   - names: what bare names stand for.
  ///   - location: where it stands in the file.
  public init(
    parsing source: String, giving wanted: ValueType, names: Names = .attributes, location: SourceLocation? = nil
  ) throws(ExpressionError) {
    var parser = try ExpressionParser(source, names: names)
    let parsed = try parser.parse()
    guard wanted.accepts(parsed.type) else {
      throw ExpressionError(
        offset: parsed.offset, problem: wanted.complaint(about: parsed.type, told: parsed.node.text(parser.spellings)),
        source: source)
    }
    self.source = source
    self.location = location
    attributes = parser.attributes
    fields = parser.fields
    type = parsed.type
    self.wanted = wanted
    node = parsed.node
    spellings = parser.spellings
  }

  /// The attributes as they were written, for ``canonicalText``.
  let spellings: [String]

  /// The same expression with uniform spacing and quotes: equal for texts that differ in nothing else.
  public var canonicalText: String { node.text(spellings) }
}

/// What an expression gives.
public enum ValueType: String, Sendable {
  /// One text.
  case text
  /// Several texts, without order or repetition.
  case list
  /// True or false.
  case flag
  /// A number.
  case number
  /// Octets, such as a photo.
  case octets
  /// What an attribute holds: one or several values, text or octets, as the place where they go needs them.
  case values
  /// Never a value.
  case null

  /// Whether a place for this type takes what gives the other.
  func accepts(_ given: ValueType) -> Bool {
    switch (self, given) {
    case (_, .null): true
    case (.text, .text), (.text, .list), (.text, .number), (.text, .values): true
    case (.list, .text), (.list, .list), (.list, .number), (.list, .values): true
    case (.octets, .values): true
    default: self == given
    }
  }

  /// Whether its values can be taken as texts.
  var isTextual: Bool { ValueType.list.accepts(self) }

  /// What is said about a value in the wrong place.
  func complaint(about given: ValueType, told: String) -> String {
    switch self {
    case .flag: "'\(told)' is \(given.told), not true or false: compare it with something, as in \(told) != null"
    case .octets: "octets come straight from an attribute; '\(told)' is \(given.told)"
    default: "'\(told)' is \(given.told); \(self.told) is needed here"
    }
  }

  /// The type with its article.
  var told: String {
    switch self {
    case .text: "a text"
    case .list: "a list"
    case .flag: "true or false"
    case .number: "a number"
    case .octets: "octets"
    case .values: "an attribute's values"
    case .null: "null"
    }
  }
}

extension Field {
  /// What a rule for this field has to give.
  public var type: ValueType {
    switch self {
    case .active: .flag
    case .photo: .octets
    default: Field.multiValued.contains(self) ? .list : .text
    }
  }
}

/// A place in a file.
public struct SourceLocation: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The file's path as it was given.
  public var file: String
  /// From 1.
  public var line: Int
  /// From 1, in Unicode scalars.
  public var column: Int

  /// A place in a file.
  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `rollcall.yaml:21`.
  public var description: String { "\(file):\(line)" }

  /// By file, then by place.
  public static func < (left: SourceLocation, right: SourceLocation) -> Bool {
    (left.file, left.line, left.column) < (right.file, right.line, right.column)
  }
}

/// Why a text is not an expression.
public struct ExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where, in Unicode scalars from the start of the expression.
  public var offset: Int
  /// What is wrong.
  public var problem: String
  /// What to do about it, with its leading space; often empty.
  public var hint: String
  /// The whole expression.
  public var source: String

  init(offset: Int, problem: String, hint: String = "", source: String) {
    self.offset = offset
    self.problem = problem
    self.hint = hint
    self.source = source
  }

  /// `unknown function 'lowercas' in "uid | lowercas" (did you mean 'lowercase'?)`
  public var description: String {
    let shown = source.unicodeScalars.count > 80 ? String(source.prefix(77)) + "…" : source
    return "\(problem) in \"\(shown)\"\(hint)"
  }
}
