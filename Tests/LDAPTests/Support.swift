import Directory
import LDAP
import TestSupport
import Testing

extension Slapd {
  /// Settings for this server as its administrator, without TLS over the loopback unless said otherwise.
  func settings(
    _ urls: [String]? = nil, tls: TLSMode = .insecure, caFile: String? = nil,
    client: (certificate: String, key: String)? = nil,
    bind: Bind = .simple(dn: Slapd.admin, password: Secret(Slapd.adminPassword)),
    connectTimeout: Duration = .seconds(10), deadAfter: Duration = .seconds(45)
  ) -> ConnectionSettings {
    ConnectionSettings(
      urls: urls ?? [url], tls: tls, caFile: caFile, clientCertificate: client, bind: bind,
      connectTimeout: connectTimeout, deadAfter: deadAfter)
  }
}

extension ScriptedLDAPServer {
  func settings(tls: TLSMode = .insecure, bind: Bind = .anonymous, connectTimeout: Duration = .seconds(10))
    -> ConnectionSettings
  {
    ConnectionSettings(urls: [url], tls: tls, bind: bind, connectTimeout: connectTimeout)
  }
}

/// The error that the body throws; the test fails if it throws none.
func failure<R>(
  of body: () async throws -> R, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> LDAPError {
  do {
    _ = try await body()
  } catch let error as LDAPError {
    return error
  }
  Issue.record("no error was thrown", sourceLocation: sourceLocation)
  throw LDAPError(.invalid, operation: "test", subject: "test", cause: "no error was thrown")
}

/// How long the body takes.
func duration(_ body: () async throws -> Void) async rethrows -> Duration {
  let start = ContinuousClock.now
  try await body()
  return .now - start
}

extension Attributes {
  /// The octets of each value.
  func octets(_ description: String) -> [[UInt8]] {
    values(description).compactMap { value in
      guard case .octets(let octets) = value else { return nil }
      return Array(octets)
    }
  }
}
