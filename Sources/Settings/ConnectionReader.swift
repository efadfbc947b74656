internal import Accounts
internal import Foundation
internal import LDAP

/// Reads how a directory is reached, and as whom.
struct ConnectionReader {
  let mapping: MappingReader
  let told: String

  private enum Mechanism: String, CaseIterable {
    case external
    case gssapi
    case scram = "scram-sha-256"

    var value: SASLMechanism {
      switch self {
      case .external: .external
      case .gssapi: .gssapi
      case .scram: .scramSHA256
      }
    }
  }

  func read() -> ConnectionSettings? {
    let urls = mapping.required("url").map { value in value.items().compactMap(url) }
    let tls = readTLS()
    let bind = readBind()
    let connect = mapping.value("connect-timeout").flatMap { $0.duration(.seconds(1)...(.seconds(300))) }
    let dead = mapping.value("dead-after").flatMap { $0.duration(.seconds(5)...(.seconds(3600))) }
    guard let urls, !urls.isEmpty, let bind else { return nil }
    if let value = mapping.value("url") { warnAboutClearText(urls, tls.mode, bind, value) }
    return ConnectionSettings(
      urls: urls, tls: tls.mode, caFile: tls.ca, clientCertificate: tls.client, bind: bind,
      connectTimeout: connect ?? .seconds(10), deadAfter: dead ?? .seconds(45))
  }

  /// An LDAP URL that names a server and nothing else (RFC 4516; ldapi as OpenLDAP writes it).
  private func url(_ value: ValueReader) -> String? {
    guard let text = value.text() else { return nil }
    guard let url = ServerURL(text), ["ldap", "ldaps", "ldapi"].contains(url.scheme) else {
      value.fail(
        "'url' of \(told) is not a server's URL: ldaps://host, ldap://host:389 or ldapi://%2Frun%2Fslapd%2Fldapi")
      return nil
    }
    guard !url.hasUser else {
      value.fail("'url' of \(told) holds credentials: they go into 'bind' and 'password'")
      return nil
    }
    guard url.rest.isEmpty else {
      value.fail("'url' of \(told) names more than a server: what is read stands under 'base', 'users' and 'groups'")
      return nil
    }
    guard url.scheme == "ldapi" || !url.host.isEmpty else {
      value.fail("'url' of \(told) names no host")
      return nil
    }
    return text.hasSuffix("/") && url.scheme != "ldapi" ? String(text.dropLast()) : text
  }

  private func readTLS() -> (mode: TLSMode, ca: String?, client: (certificate: String, key: String)?) {
    guard let value = mapping.value("tls") else { return (.secure, nil, nil) }
    if value.isScalar { return (value.word() ?? .secure, nil, nil) }
    guard let tls = value.mapping("'tls' of \(told)", keys: .tls) else { return (.secure, nil, nil) }
    let mode = tls.value("mode").flatMap { $0.word(TLSMode.self) } ?? .secure
    return (mode, tls.value("ca")?.existingFile(), CertificateReader.pair(tls))
  }

  private func readBind() -> Bind? {
    let (bind, sasl, password) = (mapping.value("bind"), mapping.value("sasl"), mapping.value("password"))
    let secret = password?.secret()
    if let bind, sasl != nil {
      bind.fail("'bind' and 'sasl' exclude each other in \(told)")
      return nil
    }
    if let sasl { return readSASL(sasl, password, secret) }
    for key in ["user", "authzid", "realm"] {
      mapping.value(key)?.fail("'\(key)' has a meaning only with 'sasl' (a simple bind is written 'bind')")
    }
    guard let bind else {
      password?.fail("'password' has no 'bind' in \(told)")
      return password == nil ? .anonymous : nil
    }
    let name = bind.text()
    // A name without a password would be an anonymous bind in disguise (RFC 4513, section 5.1.2).
    guard password != nil else {
      bind.fail("'bind' has no 'password' in \(told): ${env:NAME} or ${file:/path}")
      return nil
    }
    guard let name, let secret else { return nil }
    guard name.contains("=") || name.contains("@") || name.contains("\\") else {
      bind.fail("'\(name)' is not a name to bind with: a distinguished name, or user@domain for Active Directory")
      return nil
    }
    return .simple(dn: name, password: Secret(secret))
  }

  private func readSASL(_ sasl: ValueReader, _ password: ValueReader?, _ secret: String?) -> Bind? {
    let (user, authzid, realm) = (
      mapping.value("user")?.text(), mapping.value("authzid")?.text(), mapping.value("realm")?.text()
    )
    guard let mechanism = sasl.word(Mechanism.self) else { return nil }
    if mechanism == .scram {
      guard mapping.value("user") != nil, password != nil else {
        sasl.fail("'sasl: scram-sha-256' needs 'user' and 'password' in \(told)")
        return nil
      }
      guard user != nil, secret != nil else { return nil }
    } else if let password {
      password.fail("'password' has no meaning with 'sasl: \(mechanism.rawValue)'")
      return nil
    }
    return .sasl(
      mechanism: mechanism.value, authcid: user, authzid: authzid, realm: realm, password: secret.map(Secret.init))
  }

  private func warnAboutClearText(_ urls: [String], _ mode: TLSMode, _ bind: Bind, _ value: ValueReader) {
    let remote = urls.compactMap(ServerURL.init).filter { $0.scheme != "ldapi" && !$0.isLoopback }
    guard mode == .insecure, let first = remote.first else { return }
    let what = if case .simple = bind { "the password and all entries cross" } else { "all entries cross" }
    value.warn(
      first.scheme == "ldap"
        ? "with 'tls: insecure' \(what) the network to \(first.host) in clear text"
        : "with 'tls: insecure' nothing tells whether \(first.host) is the server it claims to be")
  }
}

/// Reads `ca`, `cert` and `key`.
enum CertificateReader {
  /// A client certificate and its key: both or none.
  static func pair(_ mapping: MappingReader) -> (certificate: String, key: String)? {
    let (certificate, key) = (mapping.value("cert"), mapping.value("key"))
    if certificate != nil, key == nil { certificate?.fail("'cert' has no 'key' in \(mapping.told)") }
    if key != nil, certificate == nil { key?.fail("'key' has no 'cert' in \(mapping.told)") }
    guard let certificate = certificate?.existingFile(), let key = key?.existingFile() else { return nil }
    return (certificate, key)
  }
}

extension ValueReader {
  /// The path of a file that is there.
  func existingFile() -> String? {
    guard let path = path() else { return nil }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
      fail("\(told): no such file: \(path)")
      return nil
    }
    return path
  }
}
