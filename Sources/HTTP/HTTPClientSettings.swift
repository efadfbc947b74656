/// How one target is reached over HTTP. Validated values; `Settings` makes them.
public struct HTTPClientSettings: Sendable, Equatable {
  /// A PEM file of certificates to trust instead of the system's.
  public var caFile: String?
  /// A PEM file of a client certificate.
  public var clientCertificate: String?
  /// A PEM file of the client certificate's key; nil if it stands in the same file.
  public var clientKey: String?
  /// A proxy URL; nil for none. The environment's proxy variables are not obeyed.
  public var proxy: String?
  /// How long connecting may take (DNS, TCP, TLS).
  public var connectTimeout: Duration
  /// How long a whole exchange may take, from the moment in which it leaves the client's queue.
  public var timeout: Duration
  /// The most requests under way at once, and so the most connections; more wait their turn, in order.
  public var connections: Int
  /// The most octets of a reply's body that are read; the rest ends the transfer.
  public var replyLimit: Int
  /// The most octets of a reply's header that are read; more is an error.
  public var headerLimit: Int
  /// Octets per second below which a reply that has begun counts as stalled. How long a target thinks before it begins
  /// is only limited by ``timeout``.
  public var lowSpeedLimit: Int
  /// How long a reply may be slower than ``lowSpeedLimit``; whole seconds.
  public var lowSpeedTime: Duration

  /// Settings with the house's defaults.
  public init(
    caFile: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil, proxy: String? = nil,
    connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(30), connections: Int = 8,
    replyLimit: Int = 65_536, headerLimit: Int = 65_536, lowSpeedLimit: Int = 16,
    lowSpeedTime: Duration = .seconds(10)
  ) {
    self.caFile = caFile
    self.clientCertificate = clientCertificate
    self.clientKey = clientKey
    self.proxy = proxy
    self.connectTimeout = connectTimeout
    self.timeout = timeout
    self.connections = connections
    self.replyLimit = replyLimit
    self.headerLimit = headerLimit
    self.lowSpeedLimit = lowSpeedLimit
    self.lowSpeedTime = lowSpeedTime
  }
}
