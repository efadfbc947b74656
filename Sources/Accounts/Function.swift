/// A function of the expression language: what may stand after a pipe. Functions work on each value, unless they say
/// otherwise; what they leave empty is absent.
///
/// The whole list is ``catalogue``; each has an example that is run as a test and printed in the administrators' guide.
public struct Function: Sendable {
  /// The name.
  public let name: String
  /// The name with its arguments: `last(n)`.
  public let signature: String
  /// What it does, in one sentence.
  public let what: String
  /// A use and what comes of it.
  public let example: Example

  /// A use of a function.
  public struct Example: Sendable {
    /// The expression; it reads the attribute `x`.
    public let expression: String
    /// The values of `x`.
    public let given: [String]
    /// What comes out, in order.
    public let gives: [String]
  }

  let parameters: Parameters
  /// What it gives for values of a type; each is given only textual types.
  let result: @Sendable (ValueType) -> ValueType
  let make: @Sendable ([String]) -> Work

  /// What a function takes in its parentheses.
  enum Parameters: Equatable {
    case none
    /// A whole number from 1.
    case count
    case text
    case twoTexts
    case texts
    /// `"a" = "b"`, one or more.
    case pairs
  }

  /// What a function with its arguments does.
  enum Work: Sendable {
    case each(@Sendable (String) -> String?)
    case whole(@Sendable ([String]) -> [String])
    case test(@Sendable ([String]) -> Bool)
  }

  /// A function applied: what it does, and how it reads.
  struct Step: Sendable {
    let text: String
    let work: Work
  }

  /// The function of a name.
  static func named(_ name: String) -> Function? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: catalogue.map { ($0.name, $0) })

  /// A function that turns each value into one or none.
  static func each(
    _ signature: String, _ parameters: Parameters, _ what: String, _ example: Example,
    _ make: @escaping @Sendable ([String]) -> @Sendable (String) -> String?
  ) -> Function {
    Function(
      name: name(signature), signature: signature, what: what, example: example, parameters: parameters,
      result: { $0 == .text || $0 == .number ? .text : .list }, make: { .each(make($0)) })
  }

  /// A function of all values together.
  static func whole(
    _ signature: String, _ parameters: Parameters, _ what: String, _ example: Example,
    gives result: ValueType? = nil, _ make: @escaping @Sendable ([String]) -> @Sendable ([String]) -> [String]
  ) -> Function {
    Function(
      name: name(signature), signature: signature, what: what, example: example, parameters: parameters,
      result: { result ?? ($0 == .text || $0 == .number ? .text : .list) }, make: { .whole(make($0)) })
  }

  /// A function that answers yes or no.
  static func test(
    _ signature: String, _ parameters: Parameters, _ what: String, _ example: Example,
    _ make: @escaping @Sendable ([String]) -> @Sendable ([String]) -> Bool
  ) -> Function {
    Function(
      name: name(signature), signature: signature, what: what, example: example, parameters: parameters,
      result: { _ in .flag }, make: { .test(make($0)) })
  }

  private static func name(_ signature: String) -> String { String(signature.prefix { $0 != "(" }) }

  /// A use: the expression, the values of `x`, and what comes out.
  static func example(_ expression: String, _ given: [String], gives: [String]) -> Example {
    Example(expression: expression, given: given, gives: gives)
  }
}
