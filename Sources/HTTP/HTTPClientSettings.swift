/// How one target is reached over HTTP. Validated values; `Settings` makes them.
public struct HTTPClientSettings: Sendable, Equatable {
  /// A PEM file of certificates to trust instead of the system's.
  public var caFile: String?
  /// PEM files of a client certificate and its key.
  public var clientCertificate: String?
  public var clientKey: String?
  /// A proxy URL; nil for none. The environment's proxy variables are not obeyed.
  public var proxy: String?
  /// How long connecting may take (DNS, TCP, TLS).
  public var connectTimeout: Duration
  /// How long a whole exchange may take.
  public var timeout: Duration
  /// The most connections kept to one host; more requests wait in libcurl's queue.
  public var connections: Int
  /// The most octets of a reply that are read; the rest ends the transfer.
  public var replyLimit: Int
  /// Octets per second below which, for 10 s, a transfer counts as stalled.
  public var lowSpeedLimit: Int

  /// Settings with the house's defaults.
  public init(
    caFile: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil, proxy: String? = nil,
    connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(30), connections: Int = 8,
    replyLimit: Int = 65_536, lowSpeedLimit: Int = 16
  ) {
    self.caFile = caFile
    self.clientCertificate = clientCertificate
    self.clientKey = clientKey
    self.proxy = proxy
    self.connectTimeout = connectTimeout
    self.timeout = timeout
    self.connections = connections
    self.replyLimit = replyLimit
    self.lowSpeedLimit = lowSpeedLimit
  }
}
