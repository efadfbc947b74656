public import Accounts

/// A system that is kept in step: turns an operation into requests and the response into a classed outcome. It neither
/// retries nor paces nor remembers; `Deliver` does. Implementations pass `exerciseTarget`.
public protocol Target: Sendable {
  /// The name in the file.
  var name: String { get }
  /// The kind in the file (`webhook`, `scim` …).
  var kind: String { get }

  /// Attempts one operation, once. Never throws: what happened is the outcome. A cancelled task gives
  /// ``Outcome/Class/ambiguous`` if the request may have left.
  func perform(_ operation: Operation) async -> Outcome

  /// Asks whether the target is there and lets us in, changing nothing: for `rollcall check`.
  func probe() async -> Outcome

  /// Frees connections; nothing is sent after this.
  func close() async
}
