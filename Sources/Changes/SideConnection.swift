import Directory
import LDAP

/// The connection over which questions are asked beside a stream: opened when the first comes, closed when none has come
/// for a while.
actor SideConnection {
  struct Open: Sendable {
    var connection: LDAPConnection
    var facts: ServerFacts
    /// Why not finding an identity here proves nothing; nil if an entry known to exist was found by its own.
    var blindness: String?
  }

  private let settings: ConnectionSettings
  private let base: DistinguishedName
  private let keep: Duration
  private var opening: Task<Open, any Error>?
  private var users = 0
  private var closing: Task<Void, Never>?

  init(_ settings: ConnectionSettings, base: DistinguishedName, keep: Duration) {
    self.settings = settings
    self.base = base
    self.keep = keep
  }

  deinit { closing?.cancel() }

  /// A connection that nobody used before and that the caller closes.
  nonisolated func fresh() async throws -> Open {
    let connection = try await LDAPConnection.open(settings)
    do {
      let facts = try await ServerFacts.read(connection, base: base)
      return Open(
        connection: connection, facts: facts, blindness: try await Self.blindness(connection, facts, base))
    } catch {
      await connection.close()
      throw error
    }
  }

  /// Asks over the kept connection; where that one turns out to be gone, once more over a new one.
  func ask<Answer: Sendable>(_ question: @Sendable (Open) async throws -> Answer) async throws -> Answer {
    closing?.cancel()
    users += 1
    defer {
      users -= 1
      if users == 0 { closeLater() }
    }
    let wasOpen = opening != nil
    let open = try await current()
    do {
      return try await question(open)
    } catch let error as LDAPError where [.disconnected, .closed, .timeout].contains(error.code) {
      await drop(open)
      guard wasOpen, !Task.isCancelled else { throw error }
      return try await question(try await current())
    }
  }

  /// Closes it now.
  func close() async {
    closing?.cancel()
    if let open = try? await opening?.value { await drop(open) }
  }

  private func current() async throws -> Open {
    if let opening { return try await value(of: opening) }
    let task = Task { try await fresh() }
    opening = task
    do {
      return try await value(of: task)
    } catch {
      // A caller that is cancelled leaves it to the next one.
      if !(error is CancellationError), opening == task { opening = nil }
      throw error
    }
  }

  private func drop(_ open: Open) async {
    if let kept = try? await opening?.value, kept.connection === open.connection { opening = nil }
    await open.connection.close()
  }

  private func closeLater() {
    closing = Task { [weak self, keep] in
      do { try await Task.sleep(for: keep) } catch { return }
      await self?.closeIfIdle()
    }
  }

  private func closeIfIdle() async {
    guard users == 0, let opening else { return }
    self.opening = nil
    await (try? opening.value)?.connection.close()
  }

  /// The base exists: if even it cannot be found by its identity, looking up by identity does not work here (an ACL, a
  /// proxy), and that somebody is not found so proves nothing.
  private static func blindness(
    _ connection: LDAPConnection, _ facts: ServerFacts, _ base: DistinguishedName
  ) async throws -> String? {
    let name = facts.identity.rawValue
    guard let id = try await facts.identity(of: base, connection) else {
      return "\(name) of \(base) cannot be read, so that who is absent cannot be told from who is hidden"
    }
    let answer = try await connection.collect(
      SearchRequest(
        base: base.string, scope: .base, filter: facts.identity.filter(id).description, attributes: ["1.1"],
        timeLimit: ServerFacts.patience))
    return answer.entries.isEmpty ? "\(base) cannot be found by its \(name), so that nobody's absence is certain" : nil
  }
}
