public import Accounts
public import Targets

/// What the file says about one target.
public struct TargetSettings: Sendable {
  /// What kind it is, and what that kind needs.
  public enum Kind: Sendable, Equatable {
    case webhook(WebhookSettings)

    /// The word in the file.
    public var name: String {
      switch self {
      case .webhook: "webhook"
      }
    }
  }

  /// Its name in the file.
  public var name: String
  /// Where it stands in the file.
  public var location: SourceLocation
  /// What kind it is.
  public var kind: Kind
  /// What happens to people who come and go.
  public var policy: Policy
  /// Who it is for; nil for everybody.
  public var when: Condition?
  /// The directories that feed it, the one that wins first.
  public var from: [String]
  /// The most deliveries under way at one time.
  public var concurrency: Int
  /// True to collect what it is owed and send nothing.
  public var paused: Bool
  /// The name that this target had in an earlier version of the file.
  public var renamedFrom: String?
}
