internal import CLDAP
internal import Synchronization

extension LDAPConnection {
  /// Connects to the first server of the list that takes the connection: connect, TLS, bind, each server within
  /// `connectTimeout` as a whole. Throws why each failed; the code is that of the last one that may pass, else of the
  /// last.
  public static func open(_ settings: ConnectionSettings) async throws(LDAPError) -> LDAPConnection {
    var failures: [LDAPError] = []
    for url in settings.urls {
      do {
        return try await open(try ServerURL(url), settings)
      } catch {
        if error.code == .cancelled { throw error }
        failures.append(error)
      }
    }
    guard let last = failures.last(where: \.isRetriable) ?? failures.last else {
      throw LDAPError(.invalid, operation: "connect", subject: "no server", cause: "no URL is given")
    }
    if failures.count == 1 { throw last }
    throw LDAPError(
      last.code, operation: "connect", subject: "\(failures.count) servers",
      cause: "none can be used: " + failures.map(\.description).joined(separator: "; "))
  }

  private static func open(_ url: ServerURL, _ settings: ConnectionSettings) async throws(LDAPError) -> LDAPConnection {
    guard let loop = EventLoop() else {
      throw LDAPError(
        .local, operation: "connect", subject: url.string, cause: "no thread or descriptor can be had",
        hint: "raise the limits of this process (ulimit)")
    }
    let attempt = Attempt(url, settings, loop)
    let race = Race()
    let timer = Task {
      try await Task.sleep(for: settings.connectTimeout)
      // First the verdict, so that what the interruption breaks is not taken for the server's doing.
      race.finish(.failure(attempt.overdue))
      attempt.interrupter.interrupt(.timeout)
    }
    defer { timer.cancel() }
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        race.start(continuation)
        loop.submit {
          let result = attempt.run()
          // A connection that nobody waits for any more is closed by its deinit, which ends the thread.
          if case .failure = result { loop.stop() }
          race.finish(result)
        }
      }
    } onCancel: {
      race.finish(
        .failure(
          LDAPError(.cancelled, operation: "connect", subject: url.string, cause: "the task was cancelled")))
      attempt.interrupter.interrupt(.cancelled)
    }
    return try outcome.get()
  }
}

/// One try to connect to one server. Runs on the connection's future thread and blocks it.
private final class Attempt: Sendable {
  let url: ServerURL
  let settings: ConnectionSettings
  let loop: EventLoop
  let interrupter = Interrupter()
  private let stage = Mutex("connect")

  init(_ url: ServerURL, _ settings: ConnectionSettings, _ loop: EventLoop) {
    self.url = url
    self.settings = settings
    self.loop = loop
  }

  /// What to say if the time is over.
  var overdue: LDAPError {
    let seconds = settings.connectTimeout.components.seconds
    return LDAPError(
      .timeout, operation: stage.withLock { $0 }, subject: url.string,
      cause: "no answer within \(seconds > 0 ? "\(seconds) seconds" : "\(settings.connectTimeout)")",
      hint: "is this the right host and port, and is the server healthy?")
  }

  func run() -> Result<LDAPConnection, LDAPError> {
    var warnings: [String] = []
    var trouble: LDAPError?
    for protection in Protection.plan(url.scheme, settings.tls) {
      if let trouble {
        // The server refused StartTLS: that it be unverified changes nothing.
        if trouble.operation == "StartTLS" && protection == .unverified { continue }
        warnings = [Self.warning(protection, trouble)]
      }
      do {
        return .success(try establish(protection, warnings, trouble))
      } catch {
        guard error.code == .tls, interrupter.reason == nil else { return .failure(error) }
        trouble = error
      }
    }
    return .failure(trouble ?? LDAPError(.tls, operation: "TLS", subject: url.string, cause: "not possible"))
  }

  private static func warning(_ protection: Protection, _ trouble: LDAPError) -> String {
    let consequence =
      protection == .none
      ? "goes on WITHOUT TLS: passwords and people's data travel in clear"
      : "goes on with TLS but WITHOUT knowing that it speaks to the right server"
    return "\(consequence), because \(trouble)"
  }

  private func establish(
    _ protection: Protection, _ warnings: [String], _ trouble: LDAPError?
  ) throws(LDAPError) -> LDAPConnection {
    stage.withLock { $0 = "connect" }
    let socket = try Dialer(url: url, deadAfter: settings.deadAfter, interrupter: interrupter).connect()
    let handle = try LDAPHandle.taking(socket, url: url, interrupter: interrupter)
    if protection == .none {
      guard socket.isLocal || settings.tls == .insecure else {
        throw LDAPError(
          .tls, operation: "connect", subject: url.string,
          cause: "LDAP without TLS beyond this machine is refused" + (trouble.map { "; \($0.cause)" } ?? ""),
          hint: "use ldaps:// or set up TLS at the server; only tls: insecure allows it")
      }
    } else {
      if url.scheme == .ldap {
        stage.withLock { $0 = "StartTLS" }
        if let refusal = try handle.askForTLS() { throw refusal }
      }
      stage.withLock { $0 = "TLS" }
      try handle.startTLS(protection, settings)
    }
    stage.withLock { $0 = "bind" }
    let isProtected = protection != .none || url.scheme == .ldapi
    let boundAs = try handle.bind(settings.bind, isProtected: isProtected)
    let session = SessionInfo(
      url: url.string, tlsVersion: protection == .none ? nil : handle.string(LDAP_OPT_X_TLS_VERSION),
      tlsCipher: protection == .none ? nil : handle.string(LDAP_OPT_X_TLS_CIPHER), isVerified: protection == .verified,
      boundAs: boundAs, warnings: warnings)
    return LDAPConnection(handle, loop: loop, session: session, answerTimeout: settings.connectTimeout)
  }
}

/// The first result wins; it may come before anybody waits for it.
private final class Race: Sendable {
  private struct State {
    var continuation: CheckedContinuation<Result<LDAPConnection, LDAPError>, Never>?
    var result: Result<LDAPConnection, LDAPError>?
  }
  private let state = Mutex(State())

  func start(_ continuation: CheckedContinuation<Result<LDAPConnection, LDAPError>, Never>) {
    let early = state.withLock { state in
      if state.result == nil { state.continuation = continuation }
      return state.result
    }
    if let early { continuation.resume(returning: early) }
  }

  func finish(_ result: Result<LDAPConnection, LDAPError>) {
    let waiting = state.withLock { state in
      guard state.result == nil else { return nil as CheckedContinuation<Result<LDAPConnection, LDAPError>, Never>? }
      state.result = result
      defer { state.continuation = nil }
      return state.continuation
    }
    waiting?.resume(returning: result)
  }
}
