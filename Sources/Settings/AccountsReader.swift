internal import Accounts

/// Reads `accounts:` and everything else that is written in the expression language.
enum AccountsReader {
  /// The rules of the file, by field.
  static func overrides(_ value: ValueReader?) -> [Field: Expression] {
    guard let accounts = value?.mapping("'accounts'", keys: .accounts), let user = accounts.value("user"),
      let rules = MappingReader(user.node, "'accounts.user'", user.context)
    else { return [:] }
    var overrides: [Field: Expression] = [:]
    for (key, value) in rules.entries {
      let field = Field(rawValue: key.text)
      if field == .groups {
        value.context.findings.error(key.mark, "'groups' is no rule: it comes from the directory's groups")
      } else if Field.canonical.contains(field) {
        overrides[field] = value.expression(giving: field.type)
      } else {
        let hint = Suggestion.hint(for: key.text, among: Field.canonical.map(\.rawValue))
        value.context.findings.error(key.mark, "unknown field '\(key.text)' in 'accounts.user'\(hint)")
      }
    }
    return overrides
  }
}

extension ValueReader {
  /// A rule.
  fileprivate func expression(giving type: ValueType) -> Expression? {
    guard let text = raw() else { return nil }
    do throws(ExpressionError) {
      return try Expression(parsing: text, giving: type, location: context.findings.location(mark))
    } catch {
      fail("\(error)", at: error.offset)
      return nil
    }
  }

  /// A condition.
  func condition() -> Condition? {
    guard let text = raw() else { return nil }
    do throws(ExpressionError) {
      let condition = try Condition(parsing: text, location: context.findings.location(mark))
      if condition.expression.fields.contains(.groups) {
        fail("'groups' in a condition is not in this version: without groups it would hold for nobody")
        return nil
      }
      return condition
    } catch {
      fail("\(error)", at: error.offset)
      return nil
    }
  }
}

/// Reads `guard:`.
enum GuardReader {
  /// - Parameter base: what counts where the mapping says nothing.
  static func read(_ value: ValueReader, base: GuardPolicy) -> GuardPolicy {
    if let word = value.node.scalar {
      if word == "off" { return .off }
      value.fail("\(value.told) is '\(word)'; it may be off, or a mapping with departures, percent and most")
      return base
    }
    guard let mapping = value.mapping("'guard'", keys: .guard) else { return base }
    var policy = base
    policy.enabled = true
    if let departures = mapping.value("departures")?.number(0...1_000_000) { policy.departures = departures }
    if let percent = mapping.value("percent")?.percentage() { policy.percent = percent }
    if let most = mapping.value("most")?.number(0...10_000_000) { policy.most = most }
    return policy
  }
}
