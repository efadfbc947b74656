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
  /// Who is a user; containers are seen besides, so that a moved one is noticed.
  static func scope(_ directory: DirectorySettings) throws -> Follow.Scope {
    Follow.Scope(
      users: Follow.Scope.Part(
        base: directory.users.base, filter: try Filter(parsing: directory.users.filter)),
      containers: Follow.Scope.Part(base: directory.base, filter: .containers))
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
      StreamSettings(
        connection: directory.connection, base: directory.base,
        users: try Filter(parsing: directory.users.filter), attributes: settings.attributes(for: directory)),
      mode: once ? .refreshOnly : .refreshAndPersist, heartbeat: directory.heartbeat, reason: reason, log: log)
  }

  /// A source for `watch`, without a file. Without a base, the server's first naming context.
  static func watching(_ connection: ConnectionSettings, base: String?, filter: String) async throws -> any ChangeSource
  {
    let users: Filter
    let root: String
    if let base { root = base } else { root = try await namingContext(connection) }
    do { users = try Filter(parsing: filter) } catch { throw Failure("--filter: \(error)", .wrong) }
    return SyncreplSource(
      StreamSettings(
        connection: connection, base: DistinguishedName(root), users: users,
        attributes: ["*"]), mode: .refreshAndPersist, reason: "as asked", log: LineLog.quiet)
  }

  private static func namingContext(_ settings: ConnectionSettings) async throws -> String {
    let connection = try await LDAPConnection.open(settings)
    let root = try await connection.collect(
      SearchRequest(base: "", scope: .base, filter: "(objectClass=*)", attributes: ["namingContexts"]))
    await connection.close()
    guard let context = root.entries.first?.attributes.texts("namingcontexts").first else {
      throw Failure("the server names no naming context: say which with --base")
    }
    return context
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
