public import HTTP

/// What a webhook's part of the file says. Validated values; `Settings` makes them.
public struct WebhookSettings: Sendable, Equatable {
  /// Where events are posted: http or https.
  public var url: String
  /// Signing secrets (Standard Webhooks: `whsec_` and base64, or any text); each of them signs, so that a receiver can
  /// change from one to the other. Empty: unsigned.
  public var secrets: [SigningSecret]
  /// Extra headers, in order.
  public var headers: [Header]
  /// How the target is reached.
  public var http: HTTPClientSettings

  /// One extra header.
  public struct Header: Sendable, Equatable {
    /// A token (RFC 9110, section 5.6.2); see ``Webhook/reservedHeaders``.
    public var name: String
    /// Its value, without control characters.
    public var value: String

    /// A header.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Settings of one webhook.
  public init(
    url: String, secrets: [SigningSecret] = [], headers: [Header] = [], http: HTTPClientSettings = HTTPClientSettings()
  ) {
    self.url = url
    self.secrets = secrets
    self.headers = headers
    self.http = http
  }
}

/// A signing key that does not print itself.
public struct SigningSecret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// The key's octets.
  public let key: [UInt8]

  /// A key from its octets.
  public init(key: [UInt8]) { self.key = key }

  /// Never the key.
  public var description: String { "‹secret›" }
  /// Never the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
