internal import CLDAP

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// One connection to a directory server: an actor whose executor is the connection's own thread, which alone calls
/// libldap. Operations may overlap; but messages of a search that nobody reads are kept in memory while another
/// operation of the same connection is awaited, so a long search deserves a connection of its own.
///
/// A cancelled task gets ``LDAPError/Code/cancelled`` at once, and the operation is abandoned at the server.
public actor LDAPConnection {
  /// What the connection turned out to be.
  public nonisolated let session: SessionInfo

  private nonisolated let loop: EventLoop
  private let answerTimeout: Duration
  private var handle: LDAPHandle?
  private var decoder = EntryDecoder()
  /// Messages that came while another operation's were looked for.
  private var aside: [Int32: ArraySlice<LDAPMessage>] = [:]
  /// Whether messages may be waiting in liblber's buffer, of which poll(2) knows nothing.
  private var mayHaveUnread = false
  /// Why the connection is of no more use, once it is.
  private var end: LDAPError?

  /// The connection's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  init(_ handle: consuming LDAPHandle, loop: EventLoop, session: SessionInfo, answerTimeout: Duration) {
    self.loop = loop
    self.session = session
    self.answerTimeout = answerTimeout
    handle.settle()
    loop.watch(handle.descriptor, name: handle.url.scheme == .ldapi ? "ldapi" : "ldap:\(handle.url.port)")
    self.handle = consume handle
  }

  isolated deinit {
    // libldap's unbind on the thread that owns the handle; the socket does not block.
    handle = nil
    loop.stop()
  }

  /// Says goodbye (unbind) and closes the socket. Operations that wait end with ``LDAPError/Code/closed``.
  public func close() async {
    guard handle != nil else { return }
    if end == nil {
      end = LDAPError(.closed, operation: "use", subject: session.url, cause: "the connection was closed here")
    }
    handle = nil
    loop.unwatch()
    loop.wakeAll(.closed)
  }

  /// Starts a search. Its messages come when they are asked for: ``SearchStream/next(max:)``.
  public func search(_ request: SearchRequest) async throws(LDAPError) -> SearchStream {
    let id = try send(request)
    return SearchStream(self, id: id, silence: request.timeLimit > 0 ? .seconds(request.timeLimit + 5) : nil)
  }

  /// A search to its end: all entries, how many continuation references came, and the result, whatever its code.
  public func collect(
    _ request: SearchRequest
  ) async throws(LDAPError) -> (entries: [SearchEntry], references: Int, result: SearchResult) {
    let stream = try await search(request)
    var entries: [SearchEntry] = []
    var references = 0
    while true {
      for message in try await stream.next() {
        switch message {
        case .entry(let entry): entries.append(entry)
        case .reference: references += 1
        case .intermediate: break
        case .done(let result): return (entries, references, result)
        }
      }
    }
  }

  /// As whom the server takes this connection, `dn:…`, `u:…` or `anonymous` (RFC 4532). A server that does not answer
  /// within the connect timeout is given up.
  public func whoAmI() async throws(LDAPError) -> String {
    let operation = "Who am I?"
    let id = try sending { (handle: borrowing LDAPHandle) throws(LDAPError) -> Int32 in
      var id: Int32 = 0
      let code = ldap_whoami(handle.raw, nil, nil, &id)
      guard code == LDAP_SUCCESS else { throw handle.failure(operation, code) }
      return id
    }
    while true {
      let identity = try reading { (handle: borrowing LDAPHandle) throws(LDAPError) -> String? in
        guard let message = try receive(id, operation, handle) else { return nil }
        return try handle.identity(in: message)
      }
      if let identity { return identity }
      try await wait(for: id, silence: answerTimeout, operation)
    }
  }
}

extension LDAPConnection {
  /// The most octets of one batch, so that large values do not pile up on their way.
  private static let largestBatch = 1 << 20
  /// How many messages of other operations are read before whoever else has work on this thread gets a turn.
  private static let mostPutAside = 1024

  /// The next messages of a search: waits for one, then takes what is there.
  func next(_ id: Int32, max: Int, silence: Duration?) async throws(LDAPError) -> [SearchMessage] {
    while true {
      if Task.isCancelled {
        abandon(id)
        throw failure(.cancelled, "search", "the task was cancelled")
      }
      let batch = try drain(id, max)
      if !batch.isEmpty { return batch }
      try await wait(for: id, silence: silence, "search")
    }
  }

  /// Tells the server that nobody wants the answers any more (RFC 4511, section 4.11).
  func abandon(_ id: Int32) {
    aside[id] = nil
    switch handle {
    case .some(let handle): ldap_abandon_ext(handle.raw, id, nil, nil)
    case .none: break
    }
  }

  private func drain(_ id: Int32, _ max: Int) throws(LDAPError) -> [SearchMessage] {
    var batch: [SearchMessage] = []
    var size = 0
    do {
      try reading { (handle: borrowing LDAPHandle) throws(LDAPError) in
        while batch.count < max, size < Self.largestBatch, let message = try receive(id, "search", handle) {
          let (decoded, octets) = try decoder.decode(message, handle)
          batch.append(decoded)
          size += octets
          if case .done = decoded { break }
        }
      }
    } catch {
      // What came before the break is told first; the next call finds the connection at its end.
      if batch.isEmpty { throw error }
    }
    return batch
  }

  /// The next message of an operation, if it is there. Another operation's message is put aside, and whoever waits
  /// looks again.
  private func receive(
    _ id: Int32, _ operation: String, _ handle: borrowing LDAPHandle
  ) throws(LDAPError) -> LDAPMessage? {
    if !aside.isEmpty {
      if let message = aside[id]?.popFirst() { return message }
      aside[id] = nil
    }
    for _ in 0..<Self.mostPutAside {
      guard let message = try handle.receive(operation) else { return nil }
      if message.id == id { return message }
      aside[message.id, default: []].append(message)
      loop.wakeAll(.ready)
    }
    mayHaveUnread = true
    return nil
  }

  private func send(_ request: SearchRequest) throws(LDAPError) -> Int32 {
    try sending { (handle: borrowing LDAPHandle) throws(LDAPError) -> Int32 in try handle.send(request) }
  }

  private func sending<R>(_ body: (borrowing LDAPHandle) throws(LDAPError) -> R) throws(LDAPError) -> R {
    try reading { (handle: borrowing LDAPHandle) throws(LDAPError) -> R in
      try handle.sending { () throws(LDAPError) -> R in try body(handle) }
    }
  }

  /// Uses the handle. An error that breaks the connection ends it for everybody.
  private func reading<R>(_ body: (borrowing LDAPHandle) throws(LDAPError) -> R) throws(LDAPError) -> R {
    if let end { throw end }
    do throws(LDAPError) {
      switch handle {
      case .some(let handle): return try body(handle)
      case .none: throw failure(.closed, "use", "the connection was closed here")
      }
    } catch {
      if error.endsConnection || error.code == .malformed {
        end = error
        loop.wakeAll(.ready)
      }
      throw error
    }
  }

  private func wait(for id: Int32, silence: Duration?, _ operation: String) async throws(LDAPError) {
    if mayHaveUnread {
      mayHaveUnread = false
      await Task.yield()
      guard Task.isCancelled else { return }
      abandon(id)
      throw failure(.cancelled, operation, "the task was cancelled")
    }
    switch await loop.readable(until: silence.map { .now + $0 }) {
    case .ready: return
    case .cancelled:
      abandon(id)
      throw failure(.cancelled, operation, "the task was cancelled")
    case .timeout:
      abandon(id)
      let words = silence.map { "\($0.components.seconds) seconds" } ?? "the time allowed"
      throw failure(.timeout, operation, "the server said nothing for \(words)")
    case .closed: throw failure(.closed, operation, "the connection was closed here")
    }
  }

  private func failure(_ code: LDAPError.Code, _ operation: String, _ cause: String) -> LDAPError {
    LDAPError(code, operation: operation, subject: session.url, cause: cause)
  }
}

extension LDAPHandle {
  /// Sends a search; its message id.
  borrowing func send(_ request: SearchRequest) throws(LDAPError) -> Int32 {
    var id: Int32 = 0
    var names: [UnsafeMutablePointer<CChar>?] = request.attributes.map { strdup($0) } + [nil]
    defer { for name in names { free(name) } }
    var limit = timeval(tv_sec: request.timeLimit, tv_usec: 0)
    let code = Control.withList(request.controls) { controls in
      names.withUnsafeMutableBufferPointer { names in
        withUnsafeMutablePointer(to: &limit) { limit in
          ldap_search_ext(
            raw, request.base, request.scope.rawValue, request.filter,
            request.attributes.isEmpty ? nil : names.baseAddress, 0, controls, nil, request.timeLimit > 0 ? limit : nil,
            Int32(clamping: request.sizeLimit), &id)
        }
      }
    }
    guard code == LDAP_SUCCESS else {
      var error = failure("search", code)
      if code == LDAP_FILTER_ERROR {
        error.cause = "the filter is not valid: \(request.filter)"
        error.hint = "RFC 4515 says how a filter is written"
      }
      throw error
    }
    return id
  }
}
