public import Accounts

/// A target that says yes to everything and writes down what it was asked: for `plan`.
public actor RecordingTarget: Target {
  public nonisolated let name: String
  public nonisolated let kind: String
  /// What it was asked, in order.
  public private(set) var operations: [Operation] = []

  /// A target in the place of another.
  public init(name: String, kind: String) {
    self.name = name
    self.kind = kind
  }

  public func perform(_ operation: Operation) async -> Outcome {
    operations.append(operation)
    return Outcome(.ok, "planned")
  }

  public func probe() async -> Outcome { Outcome(.ok) }
  public func close() async {}
}
