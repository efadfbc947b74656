public import Directory

/// The rules that make an account of an entry: one expression per field.
public struct Rules: Sendable {
  private struct Rule: Sendable {
    let field: Field
    let expression: Expression
    let places: [Int]
  }

  /// In canonical order.
  private let rules: [Rule]
  private let table: AttributeTable
  /// The same for the login alone.
  private let login: (rule: Rule, table: AttributeTable)?

  /// The rules that make inetOrgPerson (RFC 2798) and Active Directory work without a line in the file.
  public static let standard = Rules()

  /// The standard rules, some of them replaced.
  /// - Parameter overrides: expressions that give what their field needs (``Field/type``). One that can never have a
  ///   value (`null`) leaves its field out.
  public init(overrides: [Field: Expression] = [:]) {
    let expressions = Self.standardExpressions.merging(overrides) { $1 }
      .filter { $0.value.type != .null }.sorted { $0.key < $1.key }
    let table = AttributeTable(expressions.flatMap(\.value.attributes))
    self.table = table
    rules = expressions.map { Rule(field: $0.key, expression: $0.value, places: table.places(for: $0.value)) }
    login = expressions.first { $0.key == .userName }.map { field, expression in
      let table = AttributeTable(expression.attributes)
      return (Rule(field: field, expression: expression, places: table.places(for: expression)), table)
    }
  }

  /// The attributes to be asked for: lower case, ascending, each once; never a password.
  public var attributes: [String] { table.names }

  /// The rule for a field; nil if it has none.
  public subscript(field: Field) -> Expression? { rules.first { $0.field == field }?.expression }

  /// All rules in a form that is equal for rules that derive the same, for the deriving fingerprint (law 7).
  public var fingerprintText: String {
    rules.map { "\($0.field.rawValue): \($0.expression.canonicalText)\n" }.joined()
  }

  /// The account of a person.
  /// - Parameters:
  ///   - entry: what the directory says.
  ///   - previous: the account as it was. Where one value is taken from many, the one taken last time stays if it is
  ///     still there, else the smallest is taken: LDAP values have no order.
  public func derive(_ entry: Entry, previous: Account? = nil) -> Derivation {
    let scope = EvaluationScope(slots: table.slots(entry.attributes), account: nil)
    var fields: [(field: Field, value: FieldValue)] = []
    fields.reserveCapacity(rules.count)
    var address: String?
    var hasLogin = false
    for rule in rules {
      let evaluated = rule.expression.evaluate(in: scope, rule.places)
      guard var value = Self.value(evaluated, for: rule.field, previous: previous) else { continue }
      switch (rule.field, value) {
      case (.email, .text(let text)): address = text
      case (.userName, _): hasLogin = true
      case (.aliases, .list(let texts)):
        guard let address, let others = Self.aliases(texts, without: address) else { break }
        if others.isEmpty { continue }
        value = .list(others)
      default: break
      }
      fields.append((rule.field, value))
    }
    return Derivation(
      account: Account(kind: .user, ordered: fields), problems: hasLogin ? [] : [.missing(.userName)])
  }

  /// The login alone, without the cost of the rest.
  public func userName(of entry: Entry, previous: String? = nil) -> String? {
    guard let login else { return nil }
    let scope = EvaluationScope(slots: login.table.slots(entry.attributes), account: nil)
    return Self.one(of: login.rule.expression.evaluate(in: scope, login.rule.places), previous: previous)
  }

  /// Which rule gave which field, and from what; fields without a value included.
  public func explain(_ entry: Entry, previous: Account? = nil) -> [Provenance] {
    let scope = EvaluationScope(slots: table.slots(entry.attributes), account: nil)
    let account = derive(entry, previous: previous).account
    return rules.map { rule in
      Provenance(
        field: rule.field, value: account[rule.field], expression: rule.expression, scope: scope, places: rule.places)
    }
  }

  /// Addresses without the main one, whatever the case of its letters; nil if it is not among them.
  private static func aliases(_ texts: [String], without address: String) -> [String]? {
    let folded = address.lowercased()
    guard texts.contains(where: { $0.lowercased() == folded }) else { return nil }
    return texts.filter { $0.lowercased() != folded }
  }

  /// What an evaluation is worth for a field.
  private static func value(_ evaluated: Evaluated, for field: Field, previous: Account?) -> FieldValue? {
    switch field.type {
    case .flag:
      if case .flag(let flag) = evaluated { .flag(flag) } else { nil }
    case .octets: evaluated.octets
    case .list:
      switch evaluated.read {
      case .text(let text): .list([text])
      case .texts(let texts): .list(Set(texts).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
      default: nil
      }
    default: one(of: evaluated, previous: previous?.text(field)).map { .text($0) }
    }
  }

  /// One text of many.
  private static func one(of evaluated: Evaluated, previous: @autoclosure () -> String?) -> String? {
    switch evaluated.read {
    case .text(let text): return text
    case .texts(let texts):
      if let previous = previous(), texts.contains(previous) { return previous }
      return texts.min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    default: return nil
    }
  }
}

/// What the rules made of an entry.
public struct Derivation: Sendable, Equatable {
  /// The account.
  public var account: Account
  /// Why it cannot be delivered; empty if it can.
  public var problems: [Problem]

  /// Why an account cannot be delivered.
  public enum Problem: Sendable, Hashable, CustomStringConvertible {
    /// A field that every account needs has no value.
    case missing(Field)

    public var description: String {
      switch self {
      case .missing(let field): "the entry gives no \(field.rawValue)"
      }
    }
  }
}
