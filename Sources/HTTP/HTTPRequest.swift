/// One request. The client adds `Host`, `Content-Length`, `Accept: */*` and `User-Agent: rollcall`, and nothing else.
public struct HTTPRequest: Sendable {
  /// The method, upper case.
  public var method: String
  /// An absolute URL, http or https.
  public var url: String
  /// Header fields in order; those that frame the message (`Content-Length`, `Transfer-Encoding`) are refused.
  public var headers: [(name: String, value: String)]
  /// The body; empty for none.
  public var body: [UInt8]
  /// A Unix socket to connect to instead of the URL's host.
  public var unixSocketPath: String?
  /// How long the whole exchange may take; nil for the client's setting.
  public var timeout: Duration?
  /// Whether the client may send it a second time, on a new connection, when a kept connection ends before the first
  /// octet of a reply. True by default for the idempotent methods (RFC 9110, section 9.2.2).
  public var isRepeatable: Bool

  /// A request.
  public init(
    method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    unixSocketPath: String? = nil, timeout: Duration? = nil, isRepeatable: Bool? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.unixSocketPath = unixSocketPath
    self.timeout = timeout
    self.isRepeatable = isRepeatable ?? Self.idempotent.contains(method)
  }

  private static let idempotent: Set<String> = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]
}
