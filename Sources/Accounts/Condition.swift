public import Directory

/// The `when:` of a target: who it is for.
///
///     "staff" in groups
///     extension != null and department in ("Sales", "Support")
///     not ("true" in (entry.nsAccountLock | lowercase))
///
/// A bare name is a canonical field, `entry.name` an attribute. `a == b` holds if a value of one is a value of the
/// other, letter by letter; with a number on one side, numbers are compared. What is absent equals nothing: then `==`,
/// `<` and `in` do not hold and `!=` does; `x != null` asks whether there is a value.
public struct Condition: Sendable {
  /// The expression.
  public let expression: Expression
  private let table: AttributeTable
  private let places: [Int]

  /// Parses and checks a condition.
  public init(parsing source: String, location: SourceLocation? = nil) throws(ExpressionError) {
    expression = try Expression(parsing: source, giving: .flag, names: .fields, location: location)
    table = AttributeTable(expression.attributes)
    places = table.places(for: expression)
  }

  /// The condition as it was written.
  public var source: String { expression.source }

  /// The same condition with uniform spacing, for fingerprints.
  public var canonicalText: String { expression.canonicalText }

  /// The attributes it reads: lower case, each once.
  public var attributes: [String] { expression.attributes }

  /// Whether a target is for this account.
  public func holds(for account: Account, entry: Entry) -> Bool {
    table.withScope(of: entry.attributes, account: account) { scope in
      if case .flag(true) = expression.evaluate(in: scope, places) { true } else { false }
    }
  }
}
