/// What became of an attempt, classed (law 12). Each class has one consequence, written in one place: `Deliver`.
public struct Outcome: Sendable, Equatable {
  /// The classes.
  public enum Class: Sendable, Equatable {
    /// Applied, or already so.
    case ok
    /// A create met an object that is already there.
    case exists
    /// The object is not there.
    case notFound
    /// The object changed since it was read (ETag).
    case stale
    /// The session or token ran out; a new login may help.
    case authExpired
    /// The credentials are refused: nothing will work until a person acts.
    case authFailed
    /// Too fast. The target asks to wait this long, if it says so.
    case throttled(after: Duration?)
    /// Not applied, and another attempt may succeed.
    case retry(after: Duration?)
    /// The target will never accept this content.
    case permanent
    /// It may have been applied: look before repeating, unless repeating is harmless.
    case ambiguous
    /// The target says that it no longer exists (HTTP 410).
    case gone
  }

  /// The class.
  public var `class`: Class
  /// One line for people: what was asked, what came back; never attribute values or secrets.
  public var detail: String

  /// A classed outcome.
  public init(_ class: Class, _ detail: String = "") {
    self.class = `class`
    self.detail = detail
  }
}
