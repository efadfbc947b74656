public import Accounts
internal import HTTP

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A target that is told every change as a signed event: CloudEvents 1.0 in structured JSON, with the headers of
/// Standard Webhooks 1.0.0.
///
/// Repeating is harmless: an operation always gives the same id and the same octets, and only timestamp and signature
/// are of the attempt. So an answer that was lost is asked for again, and only a cancelled task is told "ambiguous".
///
/// | reply | class |
/// |---|---|
/// | 2xx | ok |
/// | 3xx | retry: redirects are not followed |
/// | 401, 403, 407 | authFailed |
/// | 408, 425, 5xx | retry, after what Retry-After says |
/// | 410 | gone |
/// | 429 | throttled, for what Retry-After says (0 to 1 hour) |
/// | other 4xx | permanent |
/// | none | retry |
public struct Webhook: Target {
  /// The name in the file.
  public let name: String
  /// The kind in the file.
  public let kind = "webhook"

  /// Header fields that the settings' own may not replace, in lower case.
  public static let reservedHeaders: Set<String> = [
    "content-type", "content-length", "transfer-encoding", "expect", "webhook-id", "webhook-timestamp",
    "webhook-signature",
  ]

  private let url: String
  /// Scheme, host and port of the URL, for outcomes.
  private let origin: String
  private let source: String
  private let headers: [(name: String, value: String)]
  private let signer: WebhookSigner
  private let client: HTTPClient
  private let now: @Sendable () -> Int64

  /// A webhook.
  /// - Parameters:
  ///   - name: as in the file.
  ///   - settings: header fields among ``reservedHeaders`` are left out.
  ///   - source: what the events' `source` begins with; the directory's name follows after a slash.
  public init(name: String, settings: WebhookSettings, source: String = "rollcall") {
    self.init(name: name, settings: settings, source: source, now: Self.wallClock)
  }

  /// With a clock of one's own: milliseconds since 1970.
  init(name: String, settings: WebhookSettings, source: String = "rollcall", now: @escaping @Sendable () -> Int64) {
    self.name = name
    url = settings.url
    origin = Origin.of(settings.url)
    self.source = source
    headers =
      [("content-type", "application/cloudevents+json; charset=utf-8")]
      + settings.headers.filter { !Self.reservedHeaders.contains($0.name.lowercased()) }.map { ($0.name, $0.value) }
    signer = WebhookSigner(settings.secrets)
    client = HTTPClient(settings.http)
    self.now = now
  }

  /// Posts the operation's event, once.
  public func perform(_ operation: Operation) async -> Outcome {
    await post(WebhookEvent(operation, source: "\(source)/\(operation.directory.percentEncoded)"))
  }

  /// Posts a signed event of type `rollcall.ping` whose data is `{"kind":"ping"}`.
  public func probe() async -> Outcome { await post(WebhookEvent(pingFor: name, source: source, now: now())) }

  /// Ends what is under way and closes the connections.
  public func close() async { await client.close() }

  private func post(_ event: WebhookEvent) async -> Outcome {
    let seconds = now() / 1000
    let timestamp = String(seconds)
    var headers = headers
    headers.append(("webhook-id", event.id))
    headers.append(("webhook-timestamp", timestamp))
    if let signature = signer.signature(id: event.id, timestamp: timestamp, body: event.body) {
      headers.append(("webhook-signature", signature))
    }
    let request = HTTPRequest(method: "POST", url: url, headers: headers, body: event.body, isRepeatable: true)
    switch await client.send(request) {
    // The usual answer, without the work of the others.
    case .success(let response) where (200...299).contains(response.status):
      return Outcome(.ok, "\(response.status) from \(origin)")
    case .success(let response): return HTTPVerdict.outcome(of: response, from: url, now: seconds)
    case .failure(let error): return HTTPVerdict.outcome(of: error)
    }
  }

  /// Milliseconds since 1970.
  private static func wallClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension String {
  /// As a segment of a URI reference (RFC 3986, section 3.3), for CloudEvents' `source`.
  var percentEncoded: String {
    func isPlain(_ octet: UInt8) -> Bool {
      switch octet {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
      default: false
      }
    }
    if utf8.allSatisfy(isPlain) { return self }
    let digits = Array("0123456789ABCDEF".utf8)
    let octets = utf8.flatMap { octet in
      isPlain(octet) ? [octet] : [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
    }
    return String(decoding: octets, as: UTF8.self)
  }
}
