import Accounts
import Changes
import Directory
import Follow
import LDAP
import Logging
import Settings
import Targets

/// Validated settings to parts.
enum Parts {
  /// The filter of containers: they are seen so that a moved one is noticed.
  static func scope(_ directory: DirectorySettings) throws -> Scope {
    Scope(
      users: Scope.Part(
        base: directory.users.base, filter: try Filter(parsing: directory.users.filter)),
      containers: Scope.Part(base: directory.base, filter: try Filter(parsing: SyncreplSource.containers)))
  }

  /// A directory's source of changes.
  static func source(
    _ directory: DirectorySettings, _ settings: RollcallSettings, once: Bool, log: Logger
  ) throws -> any ChangeSource {
    switch directory.follow {
    case .auto, .syncrepl: break
    case .dirsync, .persistentSearch, .sweep:
      throw Failure(
        "directory '\(directory.name)': follow: \(directory.follow.rawValue) is not in this version; it knows syncrepl",
        .wrong)
    }
    let reason = directory.follow == .auto ? "the best this version knows" : "as the file says"
    return SyncreplSource(
      SyncreplSource.Terms(
        connection: directory.connection, base: directory.base, filter: directory.users.filter,
        attributes: settings.attributes(for: directory), once: once, heartbeat: directory.heartbeat, reason: reason),
      log: log)
  }

  /// A source for `watch`, without a file.
  static func watching(_ connection: ConnectionSettings, base: String?, filter: String) async throws -> any ChangeSource {
    SyncreplSource(
      SyncreplSource.Terms(
        connection: connection, base: base.map { DistinguishedName($0) }, filter: filter, attributes: ["*"], once: false,
        reason: "as asked"), log: LineLog.quiet)
  }

  /// A target of the file.
  @Sendable static func target(_ target: TargetSettings) -> any Target {
    switch target.kind {
    case .webhook(let settings): Webhook(name: target.name, settings: settings)
    }
  }

  /// Where a target is, without what might be secret.
  static func subject(_ target: TargetSettings) -> String {
    switch target.kind {
    case .webhook(let settings): String(settings.url.prefix { $0 != "?" })
    }
  }
}
