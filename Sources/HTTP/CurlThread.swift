internal import CCurl
internal import Synchronization

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The thread that owns one multi handle (libcurl-multi(3)) and everything that hangs on it.
///
/// Tasks leave exchanges in the inbox; the thread takes them all at once. It is woken (curl_multi_wakeup(3), the one
/// call that other threads may make) only when it may be asleep in curl_multi_poll(3). At most `connections`
/// transfers are under way, the others wait here rather than in libcurl's own queue, where they would use up their
/// time limit.
///
/// Unchecked: `multi` is made before the thread starts; all but the inbox is the thread's alone after that.
final class CurlThread: @unchecked Sendable {
  private struct Inbox {
    var submitted: [Exchange] = []
    var cancelled: [Exchange] = []
    var isAsleep = false
    var isStarted = false
    var isEnding = false
    var isEnded = false
    var closers: [UnsafeContinuation<Void, Never>] = []
  }

  private let settings: HTTPClientSettings
  private let inbox = Mutex(Inbox())
  private var multi: UnsafeMutableRawPointer?
  private var waiting: [Exchange] = []
  private var nextWaiting = 0
  private var active: [ObjectIdentifier: Transfer] = [:]
  private var idle: [Transfer] = []

  init(_ settings: HTTPClientSettings) { self.settings = settings }

  /// curl_global_init(3) is not thread-safe everywhere; a static is initialised once.
  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  // MARK: Called from any task

  func submit(_ exchange: Exchange, resuming continuation: UnsafeContinuation<Result<HTTPResponse, HTTPError>, Never>) {
    let (refusal, wake) = inbox.withLock { inbox -> (HTTPError?, Bool) in
      if inbox.isEnding || exchange.isCancelled {
        return (HTTPError(.cancelled, request: exchange.request, cause: Self.cancelledCause), false)
      }
      if !inbox.isStarted, let cause = start() {
        return (HTTPError(.other, request: exchange.request, cause: cause), false)
      }
      inbox.isStarted = true
      exchange.continuation = continuation
      exchange.isSubmitted = true
      inbox.submitted.append(exchange)
      defer { inbox.isAsleep = false }
      return (nil, inbox.isAsleep)
    }
    if let refusal { continuation.resume(returning: .failure(refusal)) }
    if wake { curl_multi_wakeup(multi) }
  }

  func cancel(_ exchange: Exchange) {
    let wake = inbox.withLock { inbox in
      exchange.isCancelled = true
      guard exchange.isSubmitted, !inbox.isEnded else { return false }
      inbox.cancelled.append(exchange)
      defer { inbox.isAsleep = false }
      return inbox.isAsleep
    }
    if wake { curl_multi_wakeup(multi) }
  }

  /// Ends the thread; the closer is resumed when it has ended.
  func end(_ closer: UnsafeContinuation<Void, Never>?) {
    let (isOver, wake) = inbox.withLock { inbox -> (Bool, Bool) in
      inbox.isEnding = true
      if inbox.isEnded || !inbox.isStarted { return (true, false) }
      if let closer { inbox.closers.append(closer) }
      defer { inbox.isAsleep = false }
      return (false, inbox.isAsleep)
    }
    if wake { curl_multi_wakeup(multi) }
    if isOver { closer?.resume() }
  }

  static let cancelledCause = "cancelled"

  // MARK: The thread

  /// Starts the thread; a cause if that fails. Called under the inbox's lock.
  private func start() -> String? {
    guard Self.isReady, let multi = curl_multi_init() else { return "libcurl cannot be initialised" }
    _ = rollcall_multi_set_long(multi, CURLMOPT_MAXCONNECTS, max(1, settings.connections))
    self.multi = multi
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(self)
    let failed = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<CurlThread>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, retained.toOpaque())
    guard failed == 0 else {
      retained.release()
      curl_multi_cleanup(multi)
      self.multi = nil
      return "no thread for the client (\(failed))"
    }
    pthread_detach(thread)
    return nil
  }

  private func run() {
    // OpenSSL writes to sockets that the peer may have closed (CURLOPT_NOSIGNAL(3)).
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    while takeInbox() {
      refill()
      var running: Int32 = 0
      curl_multi_perform(multi, &running)
      if drain() { continue }
      let mayRest = inbox.withLock { inbox in
        inbox.isAsleep = inbox.submitted.isEmpty && inbox.cancelled.isEmpty && !inbox.isEnding
        return inbox.isAsleep
      }
      if mayRest { curl_multi_poll(multi, nil, 0, Int32.max, nil) }
    }
    let closers = inbox.withLock { inbox in
      inbox.isEnded = true
      inbox.cancelled = []
      defer { inbox.closers = [] }
      return inbox.closers
    }
    for closer in closers { closer.resume() }
  }

  /// Takes what tasks have left; false when the thread is to end, and everything is ended then.
  private func takeInbox() -> Bool {
    let (submitted, cancelled, isEnding) = inbox.withLock { inbox in
      inbox.isAsleep = false
      defer {
        inbox.submitted.removeAll(keepingCapacity: true)
        inbox.cancelled.removeAll(keepingCapacity: true)
      }
      return (inbox.submitted, inbox.cancelled, inbox.isEnding)
    }
    waiting.append(contentsOf: submitted)
    for exchange in cancelled where !exchange.isOver { abandon(exchange) }
    guard isEnding else { return true }
    for exchange in waiting[nextWaiting...] where !exchange.isOver { abandon(exchange) }
    for transfer in Array(active.values) {
      if let exchange = transfer.exchange { abandon(exchange) }
    }
    waiting = []
    idle = []
    curl_multi_cleanup(multi)
    return false
  }

  /// Starts as many waiting exchanges as may be under way.
  private func refill() {
    while active.count < max(1, settings.connections), nextWaiting < waiting.count {
      let exchange = waiting[nextWaiting]
      nextWaiting += 1
      if !exchange.isOver { begin(exchange) }
    }
    if nextWaiting == waiting.count || nextWaiting > 1024 {
      waiting.removeFirst(nextWaiting)
      nextWaiting = 0
    }
  }

  private func begin(_ exchange: Exchange) {
    guard let transfer = idle.popLast() ?? Transfer(settings) else {
      exchange.finish(.failure(HTTPError(.other, request: exchange.request, cause: "libcurl is out of memory")))
      return
    }
    if let error = transfer.prepare(exchange) {
      idle.append(transfer)
      exchange.finish(.failure(error))
      return
    }
    active[ObjectIdentifier(transfer)] = transfer
    curl_multi_add_handle(multi, transfer.easy)
  }

  /// Answers those whose transfer is over; true if there were any.
  private func drain() -> Bool {
    var result = CURLE_OK
    var some = false
    while let easy = rollcall_multi_next_done(multi, &result) {
      guard let context = rollcall_easy_private(easy) else { break }
      some = true
      let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
      let outcome = transfer.outcome(of: result)
      let exchange = release(transfer)
      refill()
      exchange?.finish(outcome)
    }
    return some
  }

  /// Ends an exchange whose task no longer waits. Removing a handle closes its connection if it was in use.
  private func abandon(_ exchange: Exchange) {
    let mayHaveLeft = exchange.transfer?.requestMayHaveLeft ?? false
    if let transfer = exchange.transfer { _ = release(transfer) }
    let error = HTTPError(
      .cancelled, mayHaveBeenApplied: mayHaveLeft, request: exchange.request, cause: Self.cancelledCause)
    exchange.finish(.failure(error))
  }

  private func release(_ transfer: Transfer) -> Exchange? {
    curl_multi_remove_handle(multi, transfer.easy)
    active[ObjectIdentifier(transfer)] = nil
    idle.append(transfer)
    return transfer.clear()
  }
}
