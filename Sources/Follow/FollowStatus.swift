public import Ledger

/// How a directory's stream is doing, for `status` and the progress bar.
public struct FollowStatus: Sendable, Equatable {
  /// What it is doing.
  public enum Phase: String, Sendable, Codable {
    case connecting
    case refreshing
    case following
    case waiting
    case stopped
  }

  public var phase = Phase.connecting
  public var mechanism = ""
  public var server = ""
  /// Since when it is in this phase.
  public var since: Instant
  /// When the server was last heard.
  public var lastContact: Instant?
  /// When it last told a change.
  public var lastChange: Instant?
  /// Entries mentioned in the current or last refresh.
  public var read = 0
  /// Entries written in the current or last refresh.
  public var written = 0
  /// What is wrong, in one line with what to do; nil if nothing is.
  public var trouble: String?

  init(now: Instant) { since = now }
}

/// What one pass over a directory did.
public struct PassReport: Sendable, Equatable {
  /// Entries mentioned.
  public var read = 0
  /// Entries that were not as they were kept.
  public var changed = 0
  /// Accounts about to be disabled or deleted, over all targets.
  public var departed = 0
  /// Why something is held; empty if nothing is.
  public var held: [String] = []
  /// Why the pass could not tell everything; nil if it could.
  public var incomplete: String?
  /// How long it took.
  public var duration = Duration.zero
}
