import Directory
import Testing

@testable import Accounts

/// What an expression gives for attributes, in order; flags as `true` and `false`.
private func evaluate(
  _ source: String, _ attributes: [String: [String]], giving wanted: ValueType = .list
) throws -> [String] {
  let expression = try Expression(parsing: source, giving: wanted)
  let table = AttributeTable(expression.attributes)
  return table.withScope(of: Attributes(attributes), account: nil) { scope in
    let found = expression.evaluate(in: scope, table.places(for: expression))
    return if case .flag(let flag) = found { ["\(flag)"] } else { found.texts }
  }
}

/// The error of an expression that must not parse, as `offset: text`.
private func complaint(
  _ source: String, giving wanted: ValueType = .text, names: Expression.Names = .attributes
) -> String {
  do throws(ExpressionError) {
    _ = try Expression(parsing: source, giving: wanted, names: names)
    return "parsed"
  } catch {
    return "\(error.offset): \(error.problem)\(error.hint)"
  }
}

@Suite struct ExpressionTests {
  @Test(arguments: Function.catalogue.map(\.name))
  func `each function does what its example says`(_ name: String) throws {
    let function = try #require(Function.named(name))
    #expect(function.example.expression.contains("| \(name)"))
    let wanted: ValueType = function.result(.values) == .flag ? .flag : .list
    #expect(
      try evaluate(function.example.expression, ["x": function.example.given], giving: wanted)
        == function.example.gives)
  }

  @Test(arguments: [
    ("a ?? b | lowercase", ["a": ["X"], "b": ["Y"]], ["x"]),
    ("a ?? b | lowercase", ["b": ["Y"]], ["y"]),
    ("a ?? (b | lowercase)", ["a": ["X"], "b": ["Y"]], ["X"]),
    ("a ?? b ?? \"none\"", [:], ["none"]),
    ("a ?? b", ["a": [""], "b": ["y"]], ["y"]),
    ("(a | digits) ?? b", ["a": ["none"], "b": ["y"]], ["y"]),
    ("all(a, b, c)", ["a": ["1", "2"], "c": ["3"]], ["1", "2", "3"]),
    ("all(a, b | digits) | unique", ["a": ["1"], "b": ["x1", "y"]], ["1"]),
    ("all(a ?? b, c) | join(\" \")", ["b": ["B"], "c": ["C"]], ["B C"]),
    ("entry.a", ["a": ["1"]], ["1"]),
    ("msRTCSIP-PrimaryUserAddress | digits", ["msrtcsip-primaryuseraddress": ["tel:+43 1"]], ["431"]),
    ("cn;lang-de ?? cn", ["cn": ["Vienna"], "cn;lang-de": ["Wien"]], ["Wien"]),
    ("surname", ["sn": ["Doe"]], ["Doe"]),
    ("007", [:], ["007"]),
    ("null", [:], []),
    ("a | lowercase | default(\"z\")", [:], ["z"]),
    ("a | split(\",\")", ["a": [",,"]], []),
    ("a | replace(\"ab\", \"\")", ["a": ["aababb", "ab"]], ["ab"]),
  ])
  func `an expression gives its values`(_ source: String, _ attributes: [String: [String]], _ wanted: [String]) throws {
    #expect(try evaluate(source, attributes) == wanted)
  }

  @Test(arguments: [
    ("not (a | hasBit(2))", true), ("!(n | hasBit(2)) or true", true), ("n | hasBit(2)", true),
    ("a == null", true), ("n != null", true), ("n == null", false), ("a != \"x\"", true), ("a == \"x\"", false),
    ("n == 514.0", true), ("n == \"514.0\"", false), ("n > 513 and n <= 514", true), ("n < 0", false),
    ("a < 5", false), ("m == \"b\"", true), ("m != \"b\"", false), ("\"b\" in m", true), ("m in (\"x\", \"b\")", true),
    ("m not in (\"x\", \"y\")", true), ("not m in (\"x\", \"b\")", false), ("true == (n == 514)", true),
    ("a == null && n == null || m != null", true), ("m | uppercase == \"B\"", true), ("m == n", false),
  ])
  func `a comparison holds or not`(_ source: String, _ wanted: Bool) throws {
    #expect(
      try evaluate(source, ["n": ["514"], "m": ["a", "b"]], giving: .flag) == ["\(wanted)"])
  }

  @Test(arguments: [
    ("uid | lowercas", "6: unknown function 'lowercas' (did you mean 'lowercase'?)"),
    ("", "0: an expression is needed here"),
    ("uid ??", "6: something is missing at the end"),
    ("uid |", "5: a function is missing after '|'"),
    ("(uid", "0: the '(' that stands here is not closed"),
    ("uid | last", "6: 'last' is written last(n)"),
    ("uid | last(0)", "11: 'last' takes a whole number from 1"),
    ("uid | last(\"4\")", "11: 'last' takes a whole number from 1"),
    ("uid | before(\"\")", "13: 'before' cannot work with an empty text"),
    ("uid | map(\"a\", \"b\")", "13: 'map' is written map(\"a\" = \"b\", …)"),
    ("lowercase(uid)", "0: 'lowercase' cannot stand before '(' (a function follows a pipe: attribute | lowercase)"),
    ("uid = \"x\"", "4: unexpected '=' (to compare, write '==')"),
    ("“uid”", "0: unexpected '“' (texts stand in straight quotes: \"text\")"),
    ("\"uid", "0: the text that begins here has no closing \""),
    ("\"\\d\"", "1: unknown escape '\\d' (a backslash is '\\\\')"),
    ("userPassword", "0: 'userPassword' is a secret and never read"),
    ("uid ?? entry.unicodePwd", "7: 'unicodePwd' is a secret and never read"),
    ("userPassword;x-a", "0: 'userPassword;x-a' is a secret and never read"),
    ("manager.mail", "0: 'manager.mail' is not an attribute's name"),
    ("uid == \"x\"", "0: 'uid == \"x\"' is true or false; a text is needed here"),
    ("uid ?? (a == b)", "8: '??' cannot choose between an attribute's values and true or false"),
    ("'it''s'", "4: unexpected text \"s\""),
    ("uid @ x", "4: unexpected '@'"),
    ("1.2.3", "0: '1.2.3' is not a number"),
  ])
  func `what is wrong is told with its place`(_ source: String, _ wanted: String) {
    #expect(complaint(source) == wanted)
  }

  @Test(arguments: [
    ("departmnt == \"x\"", "0: unknown field 'departmnt' (did you mean 'department'?)"),
    ("nsAccountLock == null", "0: unknown field 'nsAccountLock' (an attribute is written entry.nsAccountLock here)"),
    ("groups == \"staff\"", "0: 'groups' is a list (write \"value\" in groups)"),
    ("\"x\" in title", "7: 'in' looks into a list, and 'title' is a text (to compare, write '==')"),
    ("title", "0: 'title' is a text, not true or false: compare it with something, as in title != null"),
    ("active and title", "11: 'title' is a text, not true or false: compare it with something, as in title != null"),
    ("photo == \"x\"", "0: octets can only be compared with null"),
    ("title < \"5\"", "8: a number is needed here, without quotes"),
    ("active | lowercase == \"x\"", "9: 'lowercase' works on texts, and 'active' is true or false"),
    ("entry.", "0: 'entry.' is not an attribute's name"),
  ])
  func `what is wrong in a condition is told with its place`(_ source: String, _ wanted: String) {
    #expect(complaint(source, giving: .flag, names: .fields) == wanted)
  }

  @Test func `length and depth are capped`() {
    #expect(complaint(String(repeating: "a", count: 4097)).hasPrefix("0: an expression may have 4096"))
    #expect(complaint(String(repeating: "(", count: 4000)) == "32: more than 32 levels of parentheses")
    #expect(complaint(String(repeating: "!", count: 4000), giving: .flag).hasPrefix("31: more than 32 negations"))
    #expect(complaint(Array(repeating: "a", count: 800).joined(separator: " ?? ")) == "parsed")
  }

  @Test func `errors are told to people in one line`() {
    #expect(throws: ExpressionError.self) { try Expression(parsing: "uid | lowercas", giving: .text) }
    do throws(ExpressionError) {
      _ = try Expression(parsing: "uid | lowercas", giving: .text)
    } catch {
      #expect("\(error)" == "unknown function 'lowercas' in \"uid | lowercas\" (did you mean 'lowercase'?)")
    }
  }

  @Test(arguments: [
    ("a??b|lowercase", "a ?? b | lowercase"), ("( a )", "a"), ("(a|trim)??b", "(a | trim) ?? b"),
    ("'x'", "\"x\""), ("('a','b')|unique", "all(\"a\", \"b\") | unique"),
    ("a|map('x'='y')|last( 4 )", "a | map(\"x\" = \"y\") | last(4)"),
  ])
  func `the canonical text forgets spacing, and parses to itself`(_ source: String, _ wanted: String) throws {
    let text = try Expression(parsing: source, giving: .list).canonicalText
    #expect(text == wanted)
    #expect(try Expression(parsing: text, giving: .list).canonicalText == wanted)
  }

  @Test(arguments: [
    ("!a==null&&(b==\"x\"||c not in ('d','e'))", "not a == null and (b == \"x\" or c != all(\"d\", \"e\"))"),
    ("(a == 1 and b == null) or not (c == d or a != null)", "a == 1 and b == null or not (c == d or a != null)"),
  ])
  func `the canonical text of conditions keeps their meaning`(_ source: String, _ wanted: String) throws {
    let text = try Expression(parsing: source, giving: .flag).canonicalText
    #expect(text == wanted)
    #expect(try Expression(parsing: text, giving: .flag).canonicalText == wanted)
  }
}
