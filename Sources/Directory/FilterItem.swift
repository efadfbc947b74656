internal import Crypto

/// One item of a filter, prepared.
struct FilterItem: Sendable {
  enum Test: Sendable {
    case present
    case equal([UInt8])
    case isOneOf([[UInt8]])
    /// Equal means about equal; unequal says nothing.
    case approximate([UInt8])
    case substrings(initial: [UInt8]?, any: [[UInt8]], final: [UInt8]?)
    case atLeast([UInt8])
    case atMost([UInt8])
    case bits(Int64, all: Bool)
  }

  /// The attribute's names, lower case, and the options its description must have.
  let names: [[UInt8]]
  let options: [[UInt8]]
  let rule: MatchingRule
  let test: Test
  /// The SHA-256 of the assertion as given, which decides equality with a value that is kept elsewhere.
  let digest: [UInt8]?
  let looksIntoName: Bool

  /// Nil if the item is undefined whatever the entry: the assertion is not of the attribute's syntax, or only the server
  /// can evaluate it.
  init?(_ filter: Filter) {
    let (attribute, parts) = Self.attribute(of: filter)
    guard let attribute, attribute != "anr" else { return nil }
    var rule = parts.contains("binary") ? .octets : MatchingRule(attribute: attribute)
    var raw: [UInt8]?
    var looksIntoName = false
    switch filter {
    case .present: test = .present
    case .equality(_, let octets):
      guard let assertion = rule.prepared(octets) else { return nil }
      raw = octets
      if rule == .objectClass {
        test = ObjectClasses.derived(from: assertion).map(Test.isOneOf) ?? .present
      } else {
        test = .equal(assertion)
      }
    case .approximate(_, let octets):
      guard let assertion = rule.prepared(octets) else { return nil }
      test = .approximate(assertion)
    case .greaterOrEqual(_, let octets), .lessOrEqual(_, let octets):
      guard let assertion = rule.prepared(octets) else { return nil }
      if case .greaterOrEqual = filter { test = .atLeast(assertion) } else { test = .atMost(assertion) }
    case .substrings(_, let initial, let any, let final):
      guard rule.hasSubstrings else { return nil }
      var parts: [[UInt8]] = []
      for part in any {
        guard let part = rule.prepared(part: part, ends: .middle) else { return nil }
        parts.append(part)
      }
      let first = initial.map { rule.prepared(part: $0, ends: .initial) }
      let last = final.map { rule.prepared(part: $0, ends: .final) }
      if case .some(nil) = first { return nil }
      if case .some(nil) = last { return nil }
      test = .substrings(initial: first ?? nil, any: parts, final: last ?? nil)
    case .extensible(_, let dnAttributes, let name, let octets):
      looksIntoName = dnAttributes
      switch name.map(ExtensibleRule.init) {
      case .some(nil): return nil
      case .bitAnd, .bitOr:
        guard let bits = MatchingRule.integer(octets) else { return nil }
        rule = .integer
        if case .bitAnd = name.flatMap(ExtensibleRule.init) {
          test = .bits(bits, all: true)
        } else {
          test = .bits(bits, all: false)
        }
      case .compare(let given):
        rule = given
        guard let assertion = rule.prepared(octets) else { return nil }
        test = .equal(assertion)
      case nil:
        guard let assertion = rule.prepared(octets) else { return nil }
        test = .equal(assertion)
      }
    case .and, .or, .not: return nil
    }
    self.rule = rule
    self.looksIntoName = looksIntoName
    digest = raw.map { Array(SHA256.hash(data: $0)) }
    names = AttributeType.names(of: attribute).map { Array($0.utf8) }
    options = parts.map { Array($0.utf8) }
  }

  private static func attribute(of filter: Filter) -> (String?, [String]) {
    switch filter {
    case .and, .or, .not, .extensible(nil, _, _, _): return (nil, [])
    case .equality(let description, _), .substrings(let description, _, _, _), .greaterOrEqual(let description, _),
      .lessOrEqual(let description, _), .present(let description), .approximate(let description, _),
      .extensible(.some(let description), _, _, _):
      let parts = description.lowercased().split(separator: ";").map(String.init)
      return (parts.first, Array(parts.dropFirst()))
    }
  }
}
