/// Why a stream broke, or why a question to a directory has no answer. Says what was being done at which server, the
/// cause, and what to do.
public struct StreamError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was being done.
  public var operation: String
  /// The server's URL.
  public var subject: String
  /// The cause in words.
  public var cause: String
  /// What an operator can do about it.
  public var hint: String?

  /// An error with all its parts.
  public init(operation: String, subject: String, cause: String, hint: String? = nil) {
    self.operation = operation
    self.subject = subject
    self.cause = cause
    self.hint = hint
  }

  /// One line: operation, server, cause, hint.
  public var description: String { "\(operation) at \(subject): \(cause)" + (hint.map { " (\($0))" } ?? "") }
}
