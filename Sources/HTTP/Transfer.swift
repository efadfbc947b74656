internal import CCurl

/// One easy handle (libcurl-easy(3)) with what libcurl borrows while it is in use: the request's header and body, and
/// the place where the reply gathers. It is made once and used for many exchanges, one after the other; only what
/// differs from the last is set again. It belongs to the thread of its multi handle.
final class Transfer {
  let easy: UnsafeMutableRawPointer
  private(set) var exchange: Exchange?
  /// True from the moment in which a connection is there and the request is about to be written.
  private(set) var requestMayHaveLeft = false

  private let settings: HTTPClientSettings
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
  private var borrowed = RequestMemory()
  private var reply = Reply()
  private var url = ""
  private var method = ""
  private var takesBody = false
  private var timeout = Duration.zero
  private var socketPath: String?
  private var isWatched = false
  private var isSecondRefused = false

  /// Nil if libcurl has no memory or does not know an option.
  init?(_ settings: HTTPClientSettings) {
    guard let easy = curl_easy_init() else { return nil }
    self.easy = easy
    self.settings = settings
    guard configure() == CURLE_OK else { return nil }
  }

  deinit {
    curl_easy_cleanup(easy)
    errorText.deallocate()
    borrowed.deallocate()
  }

  // MARK: Before

  /// Sets what this exchange needs; an error if it cannot be sent.
  func prepare(_ exchange: Exchange) -> HTTPError? {
    let request = exchange.request
    if let cause = borrowed.fill(request) { return HTTPError(.malformed, request: request, cause: cause) }
    var set = Codes()
    if url != request.url {
      if let cause = request.url.refusal { return HTTPError(.malformed, request: request, cause: cause) }
      url = request.url
      set += rollcall_easy_set_string(easy, CURLOPT_URL, url)
    }
    if socketPath != request.unixSocketPath {
      socketPath = request.unixSocketPath
      set += rollcall_easy_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, socketPath)
    }
    if method != request.method || takesBody != request.takesBody {
      (method, takesBody) = (request.method, request.takesBody)
      set += choose(method, takesBody: takesBody)
    }
    set += rollcall_easy_set_list(easy, CURLOPT_HTTPHEADER, borrowed.headerList)
    if request.takesBody {
      // Makes a POST of it, as CURLOPT_POST does; a custom method stays.
      set += rollcall_easy_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
      set += rollcall_easy_set_pointer(easy, CURLOPT_POSTFIELDS, borrowed.body)
    }
    let limit = request.timeout ?? settings.timeout
    if timeout != limit {
      timeout = limit
      set += rollcall_easy_set_long(easy, CURLOPT_TIMEOUT_MS, limit.milliseconds)
    }
    if isWatched { set += watchSpeed(false) }
    guard set.first == CURLE_OK else {
      // What was set is not known to be in force: the next use sets all of it again.
      (url, method, timeout, socketPath) = ("", "", .zero, nil)
      return HTTPError(.other, request: request, cause: text(of: set.first))
    }
    errorText.pointee = 0
    reply = Reply()
    requestMayHaveLeft = false
    isSecondRefused = false
    self.exchange = exchange
    exchange.transfer = self
    return nil
  }

  private func choose(_ method: String, takesBody: Bool) -> CURLcode {
    let (option, plain) =
      if takesBody { (CURLOPT_POST, "POST") } else if method == "HEAD" { (CURLOPT_NOBODY, "HEAD") } else {
        (CURLOPT_HTTPGET, "GET")
      }
    var set = Codes()
    set += rollcall_easy_set_long(easy, option, 1)
    set += rollcall_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, method == plain ? nil : method)
    return set.first
  }

  /// What holds for every exchange of this client.
  private func configure() -> CURLcode {
    var set = Codes()
    for (option, value) in [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_TCP_NODELAY, 1), (CURLOPT_TCP_KEEPALIVE, 1),
      (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS),
      (CURLOPT_SSL_VERIFYPEER, 1), (CURLOPT_SSL_VERIFYHOST, 2),
      (CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
      (CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout.milliseconds), (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
      // Removing a handle must not wait for a slow name server.
      (CURLOPT_QUICK_EXIT, 1),
    ] { set += rollcall_easy_set_long(easy, option, value) }
    set += rollcall_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    set += rollcall_easy_set_string(easy, CURLOPT_USERAGENT, "rollcall")
    // Empty, not absent: absent means what http_proxy and no_proxy say.
    set += rollcall_easy_set_string(easy, CURLOPT_PROXY, settings.proxy ?? "")
    set += rollcall_easy_set_string(easy, CURLOPT_NOPROXY, "")
    if let caFile = settings.caFile {
      set += rollcall_easy_set_string(easy, CURLOPT_CAINFO, caFile)
      set += rollcall_easy_set_string(easy, CURLOPT_CAPATH, nil)
    }
    if let certificate = settings.clientCertificate {
      set += rollcall_easy_set_string(easy, CURLOPT_SSLCERT, certificate)
      set += rollcall_easy_set_string(easy, CURLOPT_SSLKEY, settings.clientKey ?? certificate)
    }
    // Borrowed, not owned: the handle lives no longer than this object.
    let this = Unmanaged.passUnretained(self).toOpaque()
    for option in [CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_PREREQDATA] {
      set += rollcall_easy_set_pointer(easy, option, this)
    }
    set += rollcall_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
    set += rollcall_easy_set_write(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let context else { return 0 }
      let octets = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().received(body: octets)
    }
    set += rollcall_easy_set_write(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let context else { return 0 }
      let octets = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().received(line: octets)
    }
    set += rollcall_easy_set_prereq(easy) { context, _, _, _, _ in
      guard let context else { return CURL_PREREQFUNC_ABORT }
      return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().willSend()
    }
    return set.first
  }

  // MARK: During

  /// CURLOPT_PREREQFUNCTION(3): the connection is there, nothing of the request has been written. It comes a second
  /// time when libcurl repeats a request because a kept connection ended before a reply.
  private func willSend() -> Int32 {
    if requestMayHaveLeft, exchange?.request.isRepeatable == false {
      isSecondRefused = true
      return CURL_PREREQFUNC_ABORT
    }
    requestMayHaveLeft = true
    return CURL_PREREQFUNC_OK
  }

  private func received(line: UnsafeRawBufferPointer) -> Int {
    if !isWatched { _ = watchSpeed(true) }
    return reply.take(line: line, limit: settings.headerLimit) ? line.count : -1
  }

  private func received(body: UnsafeRawBufferPointer) -> Int {
    reply.take(body: body, limit: settings.replyLimit) ? body.count : -1
  }

  /// libcurl would also count a target that thinks before it answers as slow, so its limit holds from the first line
  /// of the reply.
  private func watchSpeed(_ watch: Bool) -> CURLcode {
    isWatched = watch
    var set = Codes()
    set += rollcall_easy_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, watch ? settings.lowSpeedLimit : 0)
    let seconds = max(1, Int(settings.lowSpeedTime.components.seconds))
    set += rollcall_easy_set_long(easy, CURLOPT_LOW_SPEED_TIME, watch ? seconds : 0)
    return set.first
  }

  // MARK: After

  /// Lets go of the exchange.
  func clear() -> Exchange? {
    defer { exchange = nil }
    exchange?.transfer = nil
    reply = Reply()
    borrowed.shrink()
    return exchange
  }

  /// What became of the exchange, when libcurl says that the transfer is over.
  func outcome(of result: CURLcode) -> Result<HTTPResponse, HTTPError> {
    guard let request = exchange?.request else { preconditionFailure("a transfer ends with its exchange") }
    let took = Duration.microseconds(rollcall_easy_size(easy, CURLINFO_TOTAL_TIME_T))
    if result == CURLE_OK || reply.isBodyTooLong {
      return .success(
        HTTPResponse(
          status: rollcall_easy_long(easy, CURLINFO_RESPONSE_CODE), head: reply.head, body: reply.body,
          truncated: reply.isBodyTooLong, version: version, elapsed: took))
    }
    var (code, cause) = (HTTPError.Code(result), text(of: result))
    // A single line of more than 100 KiB is "out of memory" to libcurl 7.88.
    if reply.isHeadTooLong || result == CURLE_OUT_OF_MEMORY && requestMayHaveLeft {
      (code, cause) = (.replyTooLarge, "the reply's header is longer than \(settings.headerLimit) octets")
    } else if isSecondRefused {
      (code, cause) = (.reset, "the connection ended before a reply")
    } else if result == CURLE_OPERATION_TIMEDOUT, isWatched, took < timeout {
      code = .stalled
    } else if result == CURLE_UNSUPPORTED_PROTOCOL {
      code = requestMayHaveLeft ? .notHTTP : .malformed
    }
    return .failure(HTTPError(code, mayHaveBeenApplied: requestMayHaveLeft, request: request, cause: cause))
  }

  private var version: String {
    switch rollcall_easy_long(easy, CURLINFO_HTTP_VERSION) {
    case CURL_HTTP_VERSION_1_0: "1.0"
    case CURL_HTTP_VERSION_2_0: "2"
    default: "1.1"
    }
  }

  /// libcurl's words for what happened, on one line. Those that quote a URL may quote its password, and are replaced.
  private func text(of code: CURLcode) -> String {
    let told = String(cString: errorText)
    let text =
      told.isEmpty || told.contains("://") || told.contains("@") ? String(cString: curl_easy_strerror(code)) : told
    return String(String.UnicodeScalarView(text.unicodeScalars.map { 0x20...0x7E ~= $0.value ? $0 : "?" }))
  }
}

extension HTTPRequest {
  /// Whether a length is told even if it is zero (RFC 9110, section 8.6).
  fileprivate var takesBody: Bool { !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) }
}

extension String {
  /// Why libcurl is not asked for this URL: it would guess a scheme, and read no further than a NUL.
  fileprivate var refusal: String? {
    let scheme = prefix { $0 != ":" }.lowercased()
    if scheme != "http" && scheme != "https" { return "the URL begins with neither http:// nor https://" }
    return utf8.contains(0) ? "the URL holds a NUL" : nil
  }
}

/// The first of several codes that is not CURLE_OK.
private struct Codes {
  var first = CURLE_OK

  static func += (codes: inout Codes, code: CURLcode) {
    if codes.first == CURLE_OK { codes.first = code }
  }
}

extension Duration {
  /// At least one, since zero means no limit to libcurl.
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = components
    return max(1, Int(min(seconds, 1_000_000)) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
  }
}
