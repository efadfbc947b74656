/// Sends requests to one target over libcurl, on a thread of its own.
///
/// Connections are kept and used again. TLS is always verified, redirects are not followed, cookies and compressed
/// replies are not asked for, the environment's proxies are not obeyed, and HTTP/2 is spoken only where TLS negotiates
/// it (ALPN). While nothing is under way the thread sleeps.
public final class HTTPClient: Sendable {
  private let thread: CurlThread

  /// A client. Its thread starts with the first request.
  public init(_ settings: HTTPClientSettings = HTTPClientSettings()) { thread = CurlThread(settings) }

  deinit { thread.end(nil) }

  /// Sends a request and waits for the whole response. Cancelling the task ends the transfer at once; the error then
  /// tells whether the server may have acted on it.
  public func send(_ request: HTTPRequest) async -> Result<HTTPResponse, HTTPError> {
    let exchange = Exchange(request)
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { thread.submit(exchange, resuming: $0) }
    } onCancel: {
      thread.cancel(exchange)
    }
  }

  /// Ends what is under way (as cancelled), closes the connections and ends the thread. Later requests fail as
  /// cancelled.
  public func close() async {
    await withUnsafeContinuation { thread.end($0) }
  }
}

/// One request on its way through the client, from the task that waits for it to the thread that sends it.
///
/// Unchecked, because its parts have different owners: `isCancelled` and `isSubmitted` belong to the inbox's lock,
/// `continuation` is written once under it before the thread sees the exchange, `transfer` and `isOver` belong to the
/// thread.
final class Exchange: @unchecked Sendable {
  let request: HTTPRequest
  var continuation: UnsafeContinuation<Result<HTTPResponse, HTTPError>, Never>?
  var isCancelled = false
  var isSubmitted = false
  var isOver = false
  var transfer: Transfer?

  init(_ request: HTTPRequest) { self.request = request }

  /// Hands the result to the waiting task; once.
  func finish(_ result: Result<HTTPResponse, HTTPError>) {
    isOver = true
    continuation?.resume(returning: result)
    continuation = nil
  }
}
