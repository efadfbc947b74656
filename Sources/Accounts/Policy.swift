public import Directory

/// What a target's file says about people who come and go. Pure data; `Settings` reads it, `Ledger` and `Deliver` obey.
public struct Policy: Sendable, Equatable {
  /// What becomes of an account whose person is gone, or no longer belongs here. In order of severity.
  public enum Leave: String, Sendable, Codable, CaseIterable, Comparable {
    case keep
    case disable
    case delete

    public static func < (left: Leave, right: Leave) -> Bool {
      left.severity < right.severity
    }

    private var severity: Int {
      switch self {
      case .keep: 0
      case .disable: 1
      case .delete: 2
      }
    }
  }

  /// What happens with the people who are already in the directory when a target first hears of it.
  public enum Start: String, Sendable, Codable, CaseIterable {
    /// All of them are delivered.
    case deliver
    /// They count as delivered; only what changes from then on is sent.
    case quiet
  }

  /// For people who no longer exist in the directory.
  public var leave: Leave
  /// For people who still exist there but no longer belong here.
  public var outOfScope: Leave
  /// How long the irreversible step waits after the evidence.
  public var grace: Duration
  /// With `leave: disable`, how long after that the account is deleted.
  public var after: Duration?
  /// What is held for a person's yes.
  public var `guard`: GuardPolicy
  /// The first contact.
  public var start: Start
  /// How long a failing delivery is repeated before it waits for a person; nil is for ever.
  public var giveUp: Duration?

  /// Policies with the defaults of targets that keep accounts (disable late, delete later).
  public init(
    leave: Leave = .delete, outOfScope: Leave = .disable, grace: Duration = .seconds(300), after: Duration? = nil,
    guard: GuardPolicy = GuardPolicy(), start: Start = .deliver, giveUp: Duration? = nil
  ) {
    self.leave = leave
    self.outOfScope = outOfScope
    self.grace = grace
    self.after = after
    self.guard = `guard`
    self.start = start
    self.giveUp = giveUp
  }

  /// What the file asks for on this ground.
  public func leave(on evidence: Evidence) -> Leave {
    switch evidence {
    case .deleted, .omitted: leave
    case .leftScope, .leftFilter, .notEntitled: outOfScope
    }
  }
}
