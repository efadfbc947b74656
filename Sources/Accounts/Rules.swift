public import Directory

/// The rules that make an account of an entry: one expression per field.
public struct Rules: Sendable {
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
    rules = expressions.map { Rule(field: $0.key, expression: $0.value, table: table) }
    login = expressions.first { $0.key == .userName }.map { field, expression in
      let table = AttributeTable(expression.attributes)
      return (Rule(field: field, expression: expression, table: table), table)
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
    var fields: [(field: Field, value: FieldValue)] = []
    fields.reserveCapacity(rules.count)
    var address: String?
    table.withScope(of: entry.attributes, account: nil) { scope in
      for rule in rules {
        guard var value = rule.value(in: scope, previous: previous) else { continue }
        if rule.isEmail, case .text(let text) = value { address = text }
        if rule.isAliases, let address, case .list(let texts) = value {
          guard let others = Self.addresses(texts, without: address) else { continue }
          value = .list(others)
        }
        fields.append((rule.field, value))
      }
    }
    let account = Account(kind: .user, ordered: fields)
    return Derivation(account: account, problems: account.text(.userName) == nil ? [.missing(.userName)] : [])
  }

  /// The login alone, without the cost of the rest.
  public func userName(of entry: Entry, previous: String? = nil) -> String? {
    guard let login else { return nil }
    return login.table.withScope(of: entry.attributes, account: nil) { scope in
      login.rule.evaluate(in: scope).one(previous: previous)
    }
  }

  /// Which rule gave which field, and from what; fields without a value included.
  public func explain(_ entry: Entry, previous: Account? = nil) -> [Provenance] {
    let account = derive(entry, previous: previous).account
    return table.withScope(of: entry.attributes, account: nil) { scope in
      rules.map { Provenance(value: account[$0.field], rule: $0, scope: scope) }
    }
  }

  /// Addresses without the main one, whatever the case of its letters; nil if none is left.
  private static func addresses(_ texts: [String], without address: String) -> [String]? {
    let folded = address.lowercased()
    let others = texts.filter { $0.lowercased() != folded }
    return others.isEmpty ? nil : others
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

    /// One line for people.
    public var description: String {
      switch self {
      case .missing(let field): "the entry gives no \(field.rawValue)"
      }
    }
  }
}
