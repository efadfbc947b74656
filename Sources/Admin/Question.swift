/// What people ask of Rollcall, whether over the control socket or of the ledger itself.
public enum Question: Sendable, Codable, Equatable {
  case status
  case held
  /// Releases holds: one or all, whole or some accounts of it.
  case approve(hold: Int64?, accounts: [String], samePeople: Bool)
  case failed
  /// Tries again what failed: everything, one target, or some accounts. A paused target is resumed.
  case retry(target: String?, accounts: [String])
  /// The journal, newest first; `since` in milliseconds since 1970.
  case log(account: String?, since: Int64?, limit: Int)
  case explain(account: String)
  case resync(directory: String?, target: String?, account: String?, again: Bool)

  /// The path under which the control API takes it.
  public static let path = "/v1/ask"
}

/// What Rollcall answers.
public enum Answer: Sendable, Codable {
  case status(StatusAnswer)
  case held([HoldAnswer])
  case failed([FailureAnswer])
  case log([LogAnswer])
  case explain([ExplainAnswer])
  /// Something was done to so many accounts, and in words.
  case done(count: Int, told: String)
  /// It could not be done.
  case refused(String)
}

/// `rollcall status`.
public struct StatusAnswer: Sendable, Codable {
  public struct Directory: Sendable, Codable {
    public var name: String
    public var mechanism: String?
    public var server: String?
    /// `following`, `refreshing`, `waiting` …; `not running`, `orphaned`.
    public var phase: String
    public var since: Int64?
    public var lastContact: Int64?
    public var lastChange: Int64?
    public var users: Int
    public var groups: Int
    public var trouble: String?
    /// What is still owed by the directory, in words.
    public var obligations: [String]
  }

  public struct Target: Sendable, Codable {
    public var name: String
    public var kind: String
    public var accounts: Int
    public var waiting: Int
    public var failing: Int
    public var held: Int
    public var parked: Int
    public var delivered: Int?
    public var p50: Int?
    public var p99: Int?
    public var pausedSince: Int64?
    public var trouble: String?
    public var orphaned: Bool
  }

  public var running: Bool
  public var pid: Int32?
  public var since: Int64?
  public var ledger: String
  public var trouble: String?
  public var directories: [Directory]
  public var targets: [Target]
  public var holds: Int
}

/// One hold of `rollcall held`.
public struct HoldAnswer: Sendable, Codable {
  public struct Account: Sendable, Codable {
    public var label: String
    public var dn: String
    public var evidence: String?
    public var samePerson: String?
  }

  public var hold: Int64
  public var kind: String
  public var directory: String
  public var target: String
  public var reason: String
  public var since: Int64
  public var accounts: [Account]
}

/// One line of `rollcall failed`.
public struct FailureAnswer: Sendable, Codable {
  public var target: String
  public var account: String
  public var dn: String
  public var attempts: Int
  public var since: Int64
  public var error: String
  public var parked: Bool
  public var nextAttempt: Int64?
}

/// One line of `rollcall log`.
public struct LogAnswer: Sendable, Codable {
  public var at: Int64
  public var target: String?
  public var account: String
  public var event: String
  public var revision: Int64
  /// The account (created) or the fields that changed, as JSON.
  public var content: String?
  public var detail: String
}

/// `rollcall explain` for one entry.
public struct ExplainAnswer: Sendable, Codable {
  public struct Field: Sendable, Codable {
    public var field: String
    public var value: String?
    public var rule: String
    public var place: String?
    public var summary: String
  }

  public struct Target: Sendable, Codable {
    public var name: String
    /// `in step`, `waiting`, `held`, `parked`, `not there` …
    public var state: String
    public var detail: String
    public var revision: Int64?
    public var confirmedAt: Int64?
    public var nextAttempt: Int64?
    /// The fields in which the target differs from what the directory says.
    public var pending: [String]
  }

  public var account: String
  public var dn: String
  public var directory: String
  public var id: String
  /// For someone who is gone: why.
  public var departed: String?
  public var fields: [Field]
  public var targets: [Target]
}
