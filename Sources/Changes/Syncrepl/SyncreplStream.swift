import Directory
import LDAP
import Logging

/// One session with a server that speaks RFC 4533: reads messages, lets ``SyncreplSession`` decide, passes changes on.
/// Where the server refuses the cookie, it begins again without one, once, on the same connection.
actor SyncreplStream: ChangeStream {
  /// How many messages are taken in at once.
  private static let batchSize = 1_024

  private let connection: LDAPConnection
  private let request: SearchRequest
  private let mode: SyncreplSession.Mode
  private let vendor: ServerVendor
  private let log: Logger
  private var session: SyncreplSession
  private var search: SearchStream?
  private var hasBegun = false
  private var hasRestarted = false
  private var next = SyncreplSession.Next.goOn
  private var heartbeat: Task<Void, Never>?
  /// Why the stream was given up from outside.
  private var death: String?
  private var resultCode: Int?

  init(
    _ connection: LDAPConnection, request: SearchRequest, mode: SyncreplSession.Mode, vendor: ServerVendor,
    from checkpoint: Checkpoint?, log: Logger
  ) {
    self.connection = connection
    self.request = request
    self.vendor = vendor
    self.log = log
    self.mode = mode
    session = SyncreplSession(mode: mode, vendor: vendor, from: checkpoint)
  }

  deinit { heartbeat?.cancel() }

  func next() async throws -> [Change] {
    var changes: [Change] = []
    while changes.isEmpty {
      switch next {
      case .goOn: break
      case .ended: return []
      case .retry(let reason): throw failure(reason)
      case .restartWithoutCookie(let reason): try restart(reason)
      }
      try Task.checkCancellation()
      if !hasBegun {
        try await begin()
        hasBegun = true
        changes.append(session.opening)
      } else {
        try await read(into: &changes)
      }
    }
    return changes
  }

  func close() async {
    heartbeat?.cancel()
    search = nil
    await connection.close()
  }

  /// Gives the session up: the server did not answer elsewhere.
  func giveUp(_ reason: String) async {
    guard death == nil else { return }
    death = reason
    await connection.close()
  }

  /// Asks every so often over another connection whether the server still answers; a stopped process keeps its
  /// connections and says nothing.
  func watch(every interval: Duration, patience: Duration, ask: @escaping @Sendable () async throws -> Void) {
    heartbeat = Task { [weak self] in
      while true {
        do { try await Task.sleep(for: interval) } catch { return }
        let question = Task { try await ask() }
        do {
          try await value(of: question, within: patience)
        } catch {
          question.cancel()
          guard !Task.isCancelled else { return }
          await self?.giveUp("the server did not answer the heartbeat: \(error)")
          return
        }
      }
    }
  }

  private func begin() async throws {
    var request = request
    request.controls.append(
      SyncRequestControl(mode: mode == .refreshOnly ? .refreshOnly : .refreshAndPersist, cookie: session.cookie).control
    )
    search = try await connection.search(request)
  }

  private func read(into changes: inout [Change]) async throws {
    do {
      guard let search else { throw StreamError(operation: "read", subject: connection.session.url, cause: "closed") }
      for message in try await search.next(max: Self.batchSize) {
        if case .done(let result) = message { resultCode = result.code }
        next = session.receive(SyncreplSession.Event(message), into: &changes)
      }
    } catch {
      if Task.isCancelled { throw CancellationError() }
      let reason = death ?? (error as? LDAPError)?.cause ?? "\(error)"
      next = session.receive(.disconnected(reason), into: &changes)
    }
  }

  private func restart(_ reason: String) throws {
    guard !hasRestarted else { throw failure(reason) }
    log.notice("\(reason); reading everything again")
    hasRestarted = true
    hasBegun = false
    next = .goOn
    resultCode = nil
    session = SyncreplSession(mode: mode, vendor: vendor, from: nil)
  }

  private func failure(_ reason: String) -> any Error {
    if Task.isCancelled { return CancellationError() }
    return StreamError(
      operation: "synchronize", subject: connection.session.url, cause: reason,
      hint: resultCode.flatMap(ResultName.hint))
  }
}
