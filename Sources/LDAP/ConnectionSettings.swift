/// How to reach a directory server, how to trust it, and as whom to speak to it. Validated values; `Settings` makes them.
public struct ConnectionSettings: Sendable, Equatable {
  /// Servers in the order in which they are tried: `ldap://`, `ldaps://` or `ldapi://` URLs (RFC 4516).
  public var urls: [String]
  /// What is asked of TLS.
  public var tls: TLSMode
  /// A PEM file of certificates to trust instead of the system's.
  public var caFile: String?
  /// PEM files of a client certificate and its key.
  public var clientCertificate: (certificate: String, key: String)?
  /// As whom to bind.
  public var bind: Bind
  /// How long connecting, TLS and binding may take together, per server.
  public var connectTimeout: Duration
  /// How long an established connection may be silent at the TCP level before it counts as dead (keepalive and
  /// TCP_USER_TIMEOUT together).
  public var deadAfter: Duration

  /// Settings with the defaults of a careful administrator.
  public init(
    urls: [String], tls: TLSMode = .secure, caFile: String? = nil,
    clientCertificate: (certificate: String, key: String)? = nil, bind: Bind = .anonymous,
    connectTimeout: Duration = .seconds(10), deadAfter: Duration = .seconds(45)
  ) {
    self.urls = urls
    self.tls = tls
    self.caFile = caFile
    self.clientCertificate = clientCertificate
    self.bind = bind
    self.connectTimeout = connectTimeout
    self.deadAfter = deadAfter
  }

  /// Equal if they lead to the same connection.
  public static func == (left: ConnectionSettings, right: ConnectionSettings) -> Bool {
    left.urls == right.urls && left.tls == right.tls && left.caFile == right.caFile
      && left.clientCertificate?.certificate == right.clientCertificate?.certificate
      && left.clientCertificate?.key == right.clientCertificate?.key && left.bind == right.bind
      && left.connectTimeout == right.connectTimeout && left.deadAfter == right.deadAfter
  }
}

/// What is asked of TLS.
public enum TLSMode: String, Sendable, CaseIterable {
  /// TLS (StartTLS on `ldap://`) with chain and host name verified, or no connection. `ldapi://` needs none.
  case secure
  /// TLS verified if it can be had; else plain or unverified, and said loudly.
  case prefer
  /// No TLS on `ldap://`; unverified on `ldaps://`.
  case insecure
}

/// As whom to speak to a directory.
public enum Bind: Sendable, Equatable {
  case anonymous
  /// Simple bind (RFC 4513, section 5.1).
  case simple(dn: String, password: Secret)
  /// A SASL mechanism through Cyrus SASL.
  case sasl(mechanism: SASLMechanism, authcid: String?, authzid: String?, realm: String?, password: Secret?)
}

/// The SASL mechanisms that the file may name.
public enum SASLMechanism: String, Sendable, CaseIterable {
  case external = "EXTERNAL"
  case gssapi = "GSSAPI"
  case scramSHA256 = "SCRAM-SHA-256"
}

/// A secret that does not print itself.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The secret itself; for the one call that needs it.
  public let revealed: String

  /// Wraps a secret.
  public init(_ secret: String) { revealed = secret }

  /// Nothing of the secret.
  public var description: String { "‹secret›" }
  /// Nothing of the secret.
  public var debugDescription: String { description }
  /// Nothing of the secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
