/// Why a request has no response.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of failure.
  public enum Code: String, Sendable, CaseIterable {
    /// The host's name has no address.
    case resolve
    /// No connection.
    case connect
    /// The TLS handshake failed, or a certificate is not trusted.
    case tls
    /// Too long, connecting or in all.
    case timeout
    /// The connection ended before the reply did.
    case reset
    /// The reply's header is larger than the limit. (A larger body is a truncated response.)
    case replyTooLarge
    /// The reply began and then crept.
    case stalled
    /// The waiting task was cancelled, or the client closed.
    case cancelled
    /// The request is not one: its URL, its method or a header field.
    case malformed
    /// The answer is not HTTP.
    case notHTTP
    /// Anything else; the cause tells.
    case other
  }

  /// The kind.
  public var code: Code
  /// Whether the server may have acted on the request: true from the moment in which its first octet may have left.
  public var mayHaveBeenApplied: Bool
  /// The method.
  public var operation: String
  /// `scheme://host:port`, never credentials, path or query.
  public var subject: String
  /// What went wrong.
  public var cause: String
  /// What a person can do.
  public var hint: String

  init(_ code: Code, mayHaveBeenApplied: Bool = false, request: HTTPRequest, cause: String) {
    self.code = code
    self.mayHaveBeenApplied = mayHaveBeenApplied
    operation = String(request.method.prefix(16).filter { $0.isASCII && $0.isLetter })
    subject = request.unixSocketPath.map { "unix:\($0)" } ?? Origin.of(request.url)
    self.cause = cause
    hint = code.hint
  }

  /// One line.
  public var description: String { "\(operation) \(subject): \(cause)" + (hint.isEmpty ? "" : "; \(hint)") }
}

extension HTTPError.Code {
  fileprivate var hint: String {
    switch self {
    case .resolve: "check the host name in the URL, and the name servers of this machine"
    case .connect: "check that the server runs and that a firewall lets this machine reach that port"
    case .tls: "check the certificate's host name and dates; an authority of your own needs its PEM file named"
    case .timeout: "the server is too slow or drops packets; it is asked again"
    case .reset: "the server or something in between closed the connection; its log may say why"
    case .replyTooLarge, .stalled, .notHTTP: "check that the URL leads to the service that is meant"
    case .malformed: "correct the URL, or the header in the file"
    case .cancelled, .other: ""
    }
  }
}

/// The part of a URL that may be shown.
public enum Origin {
  /// `scheme://host:port` of a URL, without credentials, path and query; `?` where there is no host.
  public static func of(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return "?" }
    let rest = url[scheme.upperBound...]
    let authority = rest.prefix { !"/?#\\".contains($0) }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    let shown = (url[..<scheme.lowerBound] + "://" + host).unicodeScalars.filter {
      0x21...0x7E ~= $0.value || $0.properties.isAlphabetic
    }
    return host.isEmpty ? "?" : String(String.UnicodeScalarView(shown.prefix(300)))
  }
}
