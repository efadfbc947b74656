/// What went wrong with the ledger, for an operator.
public struct LedgerError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The classes a caller may tell apart.
  public enum Code: String, Sendable {
    /// Another process has it open.
    case inUse
    /// Written by a newer Rollcall.
    case newer
    /// Damaged.
    case corrupt
    /// Cannot be opened, read or written.
    case inaccessible
    /// Not what the file says it should be, or a request that makes no sense.
    case refused
  }

  public var code: Code
  /// What was attempted.
  public var operation: String
  /// On what: the path, or a name.
  public var subject: String
  public var cause: String
  public var hint: String

  /// An error.
  public init(_ code: Code, operation: String, subject: String, cause: String, hint: String) {
    self.code = code
    self.operation = operation
    self.subject = subject
    self.cause = cause
    self.hint = hint
  }

  public var description: String { "\(operation) \(subject): \(cause)" + (hint.isEmpty ? "" : "; \(hint)") }
}
