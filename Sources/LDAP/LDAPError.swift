internal import CLDAP

/// Why an operation at a directory server did not come to its end. Says which operation at which server, the cause,
/// and what to do; never an attribute's value and never a secret.
public struct LDAPError: Error, Sendable, Equatable {
  /// What went wrong.
  public var code: Code
  /// What was being done: `connect`, `StartTLS`, `bind`, `search` …
  public var operation: String
  /// The server's URL.
  public var subject: String
  /// The cause in words.
  public var cause: String
  /// What an operator can do about it.
  public var hint: String?
  /// Whether the connection is of no use after this.
  var endsConnection = false

  /// An error with all its parts.
  public init(_ code: Code, operation: String, subject: String, cause: String, hint: String? = nil) {
    self.code = code
    self.operation = operation
    self.subject = subject
    self.cause = cause
    self.hint = hint
  }

  /// Whether the same may succeed later without anybody changing a setting.
  public var isRetriable: Bool { code.isTransient }
}

extension LDAPError {
  /// An LDAP result code (RFC 4511, section 4.1.9), or what went wrong on this side (negative).
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int

    /// A code by number.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// The server cannot do it in this state.
    public static let operationsError = Code(rawValue: 1)
    /// The server does not understand the request.
    public static let protocolError = Code(rawValue: 2)
    /// The time limit was reached; what came is not everything.
    public static let timeLimitExceeded = Code(rawValue: 3)
    /// The size limit was reached; what came is not everything.
    public static let sizeLimitExceeded = Code(rawValue: 4)
    /// The way of authentication is not offered.
    public static let authMethodNotSupported = Code(rawValue: 7)
    /// A stronger authentication or protection is required.
    public static let strongerAuthRequired = Code(rawValue: 8)
    /// Another server is responsible.
    public static let referral = Code(rawValue: 10)
    /// A limit of the server's administrator was reached; what came is not everything.
    public static let adminLimitExceeded = Code(rawValue: 11)
    /// A critical control is not supported here.
    public static let unavailableCriticalExtension = Code(rawValue: 12)
    /// TLS is required.
    public static let confidentialityRequired = Code(rawValue: 13)
    /// The base does not exist, or may not be seen.
    public static let noSuchObject = Code(rawValue: 32)
    /// A name is not a distinguished name.
    public static let invalidDNSyntax = Code(rawValue: 34)
    /// This account cannot authenticate in this way.
    public static let inappropriateAuthentication = Code(rawValue: 48)
    /// Name or password is wrong.
    public static let invalidCredentials = Code(rawValue: 49)
    /// The bind identity may not do this.
    public static let insufficientAccessRights = Code(rawValue: 50)
    /// The server is too busy.
    public static let busy = Code(rawValue: 51)
    /// The server or a part of it is down.
    public static let unavailable = Code(rawValue: 52)
    /// The server refuses.
    public static let unwillingToPerform = Code(rawValue: 53)
    /// e-syncRefreshRequired (RFC 4533, section 2.5).
    public static let syncRefreshRequired = Code(rawValue: 4096)

    /// The task was cancelled; the operation was abandoned.
    public static let cancelled = Code(rawValue: -1001)
    /// The host's name could not be resolved.
    public static let resolve = Code(rawValue: -1002)
    /// No TCP or Unix connection.
    public static let connect = Code(rawValue: -1003)
    /// TLS could not be had, or the server's certificate is not trusted.
    public static let tls = Code(rawValue: -1004)
    /// The server did not answer in time.
    public static let timeout = Code(rawValue: -1005)
    /// The connection broke.
    public static let disconnected = Code(rawValue: -1006)
    /// The connection was closed on this side.
    public static let closed = Code(rawValue: -1007)
    /// The server sent what is not LDAP, or a control that cannot be decoded.
    public static let malformed = Code(rawValue: -1008)
    /// The settings or the request make no sense.
    public static let invalid = Code(rawValue: -1009)
    /// A SASL mechanism could not be carried out on this side.
    public static let sasl = Code(rawValue: -1010)
    /// Another trouble on this side: memory, an option that libldap refuses.
    public static let local = Code(rawValue: -1011)

    /// What may pass by itself.
    var isTransient: Bool {
      [.busy, .unavailable, .timeLimitExceeded, .resolve, .connect, .timeout, .disconnected].contains(self)
    }

    /// libldap's own negative codes (ldap.h) in this type's terms.
    init(libldap code: Int32) {
      switch code {
      case LDAP_SERVER_DOWN: self = .disconnected
      case LDAP_TIMEOUT: self = .timeout
      case LDAP_CONNECT_ERROR: self = .connect
      case LDAP_DECODING_ERROR: self = .malformed
      case LDAP_PARAM_ERROR, LDAP_FILTER_ERROR, LDAP_ENCODING_ERROR: self = .invalid
      case LDAP_AUTH_UNKNOWN, LDAP_MORE_RESULTS_TO_RETURN: self = .sasl
      case ..<0: self = .local
      default: self = Code(rawValue: Int(code))
      }
    }
  }
}

extension LDAPError: CustomStringConvertible {
  /// One line: operation, server, cause, hint.
  public var description: String {
    "\(operation) at \(subject): \(cause)" + (hint.map { " (\($0))" } ?? "")
  }
}

extension LDAPError {
  /// The text of a result code, with its number and the server's diagnostic message.
  static func text(_ code: Int32, _ diagnostic: String) -> String {
    let name = String(cString: ldap_err2string(code))
    let numbered = code > 0 ? "\(name) (\(code))" : name
    // A diagnostic may have several lines (AD ends it with a NUL, others with a newline); a log line has one.
    let words = diagnostic.split { $0.isNewline || $0 == "\0" }.joined(separator: " ")
    return words.isEmpty ? numbered : "\(numbered): \(words)"
  }
}
