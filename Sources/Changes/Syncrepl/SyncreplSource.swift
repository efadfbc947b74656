public import Directory
import LDAP
public import Logging
import Synchronization

/// Content synchronization (RFC 4533) with OpenLDAP's syncprov and 389-DS: catches up from a cookie and follows on the
/// same search.
///
/// A stream has a connection of its own; questions go over a second one that is opened on demand.
public final class SyncreplSource: ChangeSource {
  private let settings: StreamSettings
  private let mode: SyncreplSession.Mode
  private let heartbeat: (interval: Duration, patience: Duration)?
  private let questions: Questions
  private let side: SideConnection
  private let reason: String
  private let log: Logger
  private let server = Mutex((told: "", warnings: [String]()))

  /// A source. `mode` is `refreshOnly` for one pass; with `heartbeat` the server is asked that often, over the second
  /// connection, whether it still answers, and a session whose server does not answer within `patience` is given up.
  public init(
    _ settings: StreamSettings, mode: SyncreplSession.Mode, heartbeat: Duration? = nil,
    patience: Duration = .seconds(10),
    reason: String, log: Logger
  ) {
    self.settings = settings
    self.mode = mode
    self.heartbeat = heartbeat.map { ($0, patience) }
    self.reason = reason
    self.log = log
    side = SideConnection(
      settings.connection, base: settings.base, keep: max(.seconds(60), heartbeat.map { $0 * 2 } ?? .zero))
    questions = Questions(settings: settings, side: side)
  }

  /// What this mechanism is; the server is known once a connection was made.
  public var mechanism: MechanismDescription {
    let (told, warnings) = server.withLock { $0 }
    return MechanismDescription(name: SyncreplSession.mechanism, reason: reason, server: told, warnings: warnings)
  }

  /// Opens a session. With 389-DS always from nothing: its refresh from a cookie is silent about entries that left the
  /// filter, and about deletes that its changelog no longer has.
  public func open(from checkpoint: Checkpoint?) async throws -> any ChangeStream {
    let connection = try await LDAPConnection.open(settings.connection)
    do {
      let facts = try await ServerFacts.read(connection, base: settings.base)
      note(facts, connection)
      let request = SearchRequest(
        base: settings.base.string, filter: settings.filter.description,
        attributes: settings.requested(with: facts.identity.rawValue))
      let stream = SyncreplStream(
        connection, request: request, mode: mode, vendor: facts.vendor,
        from: facts.vendor == .netscape389 ? nil : checkpoint, log: log)
      if let heartbeat {
        await stream.watch(every: heartbeat.interval, patience: heartbeat.patience) { [side] in
          _ = try await side.ask { open in try await Self.ping(open) }
        }
      }
      return stream
    } catch {
      await connection.close()
      throw error
    }
  }

  /// The vendor, the naming context, and its identity if it can be read: a database that was loaded anew has another.
  public func identify() async throws -> String {
    try await side.ask { [self] open in
      note(open.facts, open.connection)
      let id = try await open.facts.identity(of: open.facts.namingContext, open.connection)
      let words = [open.facts.vendor.rawValue, open.facts.namingContext.string.lowercased(), id.map { "\($0)" }]
      return words.compactMap { $0 }.joined(separator: " ")
    }
  }

  /// Reads entries by identity below the naming context.
  public func lookUp(_ ids: [StableID]) async throws -> LookUp { try await questions.lookUp(ids) }

  /// Who matches the stream's filter below a name, over a new connection.
  public func census(below name: DistinguishedName?) async throws -> Census { try await questions.census(below: name) }

  private func note(_ facts: ServerFacts, _ connection: LDAPConnection) {
    let session = connection.session
    let told = "\(facts.vendor.rawValue), \(session.tlsVersion ?? "no TLS"), bound as \(session.boundAs)"
    let isNew = server.withLock { known in
      defer { known = (told, session.warnings) }
      return known.warnings != session.warnings
    }
    if isNew { for warning in session.warnings { log.warning("\(session.url): \(warning)") } }
  }

  /// A small question: where the naming context stands. What counts is that an answer comes.
  private static func ping(_ open: SideConnection.Open) async throws {
    _ = try await open.connection.collect(
      SearchRequest(
        base: open.facts.namingContext.string, scope: .base, attributes: ["contextCSN"],
        timeLimit: ServerFacts.patience))
  }
}
