internal import Foundation
internal import Synchronization

/// An HTTP/1.1 server for tests that misbehaves on request. It shares no code with the client that it tests: sockets, a
/// thread per connection. It remembers every request whole, before it answers.
///
/// It listens on a free port of the loopback until ``stop()``; see ``serve(_:)``.
public final class Receiver: Sendable {
  /// One request as it came.
  public struct Request: Sendable {
    /// Counts from 0 over the receiver's life.
    public var number: Int
    /// Counts accepted connections from 0.
    public var connection: Int
    /// As in the request line.
    public var method: String
    /// Path and query.
    public var path: String
    /// In order, names in lower case.
    public var headers: [(name: String, value: String)]
    /// Whole.
    public var body: [UInt8]
    /// When the last octet had come.
    public var at: ContinuousClock.Instant

    /// The value of the first header field with this name, in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The body as JSON; nil if it is none.
    public var json: [String: Any]? { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] }
  }

  /// A response and how long it takes.
  public struct Response: Sendable {
    /// The status code.
    public var status: Int
    /// In order; `Content-Length` is added.
    public var headers: [(name: String, value: String)]
    /// Whole.
    public var body: [UInt8]
    /// How long the receiver thinks.
    public var delay: Duration

    /// A response.
    public init(_ status: Int, headers: [(String, String)] = [], body: String = "", delay: Duration = .zero) {
      self.status = status
      self.headers = headers.map { (name: $0.0, value: $0.1) }
      self.body = Array(body.utf8)
      self.delay = delay
    }
  }

  /// What happens with one request. All of these come after the request was read and remembered: "applied".
  public enum Behaviour: Sendable {
    /// A whole response; the connection is kept.
    case respond(Response)
    /// A status and nothing else.
    public static func status(_ status: Int) -> Behaviour { .respond(Response(status)) }
    /// A redirect.
    public static func redirect(_ status: Int, to location: String) -> Behaviour {
      .respond(Response(status, headers: [("Location", location)]))
    }
    /// The connection is closed without an answer.
    case close
    /// The connection is reset without an answer.
    case reset
    /// Part of a response, then the connection is closed.
    case closeMidReply
    /// The receiver's half is shut and the other left open.
    case halfClose
    /// Never an answer; the connection stays open.
    case silence
    /// Status and header at once, then the body octet by octet with a pause after each, for ever.
    case trickle(Duration)
    /// A body without end, as fast as it is read.
    case endless
    /// A header of this many octets, in lines of this length.
    case hugeHeader(octets: Int, line: Int)
    /// These octets, whatever they are, then the connection is closed.
    case raw(String)
    /// A response that is followed by closing the connection without saying so before.
    case respondAndClose(Response)
  }

  /// A wait that was not fulfilled in time.
  public struct TimedOut: Error, CustomStringConvertible {
    /// What was waited for, and how long.
    public var description: String
  }

  struct State {
    var requests: [Request] = []
    var taken = 0
    var script: [Behaviour] = []
    var answer: @Sendable (Request) -> Behaviour = { _ in .status(204) }
    var waiters: [UUID: Waiter] = [:]
    var waitersForSilence: [CheckedContinuation<Void, Never>] = []
    var connections: [Int: Int32] = [:]
    var accepted = 0
    var threads = 0
    var isStopping = false
  }

  struct Waiter {
    var isFulfilled: @Sendable ([Request]) -> Bool
    var continuation: CheckedContinuation<Bool, Never>
  }

  /// `http://127.0.0.1:port`.
  public let url: String
  /// The port.
  public let port: UInt16
  let listener: Int32
  let state = Mutex(State())
  let threadsEnded = NSCondition()

  /// A receiver that answers 204 until told otherwise.
  public init(port: UInt16 = 0) throws {
    (listener, self.port) = try Self.listen(on: port)
    url = "http://127.0.0.1:\(self.port)"
    startThread { $0.accept() }
  }

  /// Runs a test against a receiver that is stopped when it ends, however it ends.
  public static func serve<R>(_ body: (Receiver) async throws -> R) async throws -> R {
    let receiver = try Receiver()
    defer { receiver.stop() }
    return try await body(receiver)
  }

  // MARK: Script

  /// The next requests are treated so, one each, in the order in which they are read.
  public func script(_ behaviours: Behaviour...) { state.withLock { $0.script += behaviours } }

  /// What becomes of requests for which there is no script.
  public func answer(_ behaviour: @escaping @Sendable (Request) -> Behaviour) {
    state.withLock { $0.answer = behaviour }
  }

  // MARK: What came

  /// All requests so far.
  public var requests: [Request] { state.withLock { $0.requests } }

  /// How many connections were accepted so far.
  public var connections: Int { state.withLock { $0.accepted } }

  /// How many connections are open.
  public var openConnections: Int { state.withLock { $0.connections.count } }

  /// Waits until no connection is open.
  public func awaitNoConnections() async {
    await withCheckedContinuation { continuation in
      let already = state.withLock { state in
        if !state.connections.isEmpty { state.waitersForSilence.append(continuation) }
        return state.connections.isEmpty
      }
      if already { continuation.resume() }
    }
  }

  /// The next request that ``next(within:)`` has not given yet.
  public func next(within limit: Duration = .seconds(10)) async throws -> Request {
    let number = state.withLock { state in
      defer { state.taken += 1 }
      return state.taken
    }
    return try await wait(within: limit) { $0.count > number }[number]
  }

  /// Waits until the requests fulfil the predicate, which is asked at every request, and gives them.
  @discardableResult
  public func wait(
    within limit: Duration = .seconds(10), until predicate: @escaping @Sendable ([Request]) -> Bool
  ) async throws -> [Request] {
    let id = UUID()
    let timer = Task {
      try await Task.sleep(for: limit)
      state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: false)
    }
    defer { timer.cancel() }
    let fulfilled = await withCheckedContinuation { continuation in
      let already = state.withLock { state in
        if predicate(state.requests) { return true }
        state.waiters[id] = Waiter(isFulfilled: predicate, continuation: continuation)
        return false
      }
      if already { continuation.resume(returning: true) }
    }
    let seen = requests
    guard fulfilled else { throw TimedOut(description: "not fulfilled after \(limit), with \(seen.count) requests") }
    return seen
  }

  // MARK: End

  /// Closes all open connections from this side, as a server does whose keep-alive time is over.
  public func closeConnections() { state.withLock { for socket in $0.connections.values { shutdownBoth(socket) } } }

  /// Stops listening, closes everything and waits for the threads. Harmless when repeated.
  public func stop() {
    let isFirst = state.withLock { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
    guard isFirst else { return }
    // The listener first, so that who reconnects finds nobody.
    shutdownBoth(listener)
    closeConnections()
    threadsEnded.lock()
    while state.withLock({ $0.threads > 0 }) { threadsEnded.wait() }
    threadsEnded.unlock()
    closeSocket(listener)
  }

  /// Starts a thread that ``stop()`` waits for.
  func startThread(_ body: @escaping @Sendable (Receiver) -> Void) {
    state.withLock { $0.threads += 1 }
    Thread.detachNewThread { [self] in
      body(self)
      threadsEnded.lock()
      state.withLock { $0.threads -= 1 }
      threadsEnded.broadcast()
      threadsEnded.unlock()
    }
  }

  /// Remembers a request, wakes those who wait for it, and says what becomes of it.
  func remember(_ request: Request) -> Behaviour {
    let (behaviour, answer, seen, fulfilled) = state.withLock { state in
      var request = request
      request.number = state.requests.count
      state.requests.append(request)
      let fulfilled = state.waiters.filter { $0.value.isFulfilled(state.requests) }
      for id in fulfilled.keys { state.waiters[id] = nil }
      let scripted = state.script.isEmpty ? nil : state.script.removeFirst()
      return (scripted, state.answer, request, fulfilled.values.map(\.continuation))
    }
    for continuation in fulfilled { continuation.resume(returning: true) }
    return behaviour ?? answer(seen)
  }
}
