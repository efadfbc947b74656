import Foundation
import Glibc

/// A certificate authority of the test's own, a server certificate for 127.0.0.1, ::1 and `localhost`, one for another
/// name, a client certificate, and a second authority that has signed nothing. All made by openssl, all PEM files.
public struct Certificates: Sendable {
  /// The authority to trust.
  public let ca: String
  /// An authority that signed none of the others.
  public let strangerCA: String
  /// The server's certificate for 127.0.0.1.
  public let server: String
  /// The key of ``server``.
  public let serverKey: String
  /// A certificate of the same authority for elsewhere.example.com.
  public let elsewhere: String
  /// The key of ``elsewhere``.
  public let elsewhereKey: String
  /// A certificate of the same authority for 127.0.0.1 that has ended.
  public let expired: String
  /// The key of ``expired``.
  public let expiredKey: String
  /// A client certificate with the subject `CN=rollcall,OU=services,DC=example,DC=com` (in LDAP's order).
  public let client: String
  /// The key of ``client``.
  public let clientKey: String

  /// Those of this process: made once, removed at its exit.
  public static func shared() async throws -> Certificates { try await CertificateStore.shared.certificates() }

  /// Makes them in a directory.
  public static func make(in directory: TemporaryDirectory) async throws -> Certificates {
    // An explicit configuration: with the system's, `req -x509 -addext basicConstraints` writes the extension twice,
    // and GnuTLS refuses the certificate.
    try directory.write(
      "openssl.cnf",
      """
      [req]
      distinguished_name = dn
      prompt = no
      [dn]
      CN = unused
      [ca]
      basicConstraints = critical,CA:TRUE
      keyUsage = critical,keyCertSign,cRLSign
      subjectKeyIdentifier = hash
      [server]
      basicConstraints = CA:FALSE
      subjectAltName = IP:127.0.0.1,IP:::1,DNS:localhost,IP:10.213.7.1
      extendedKeyUsage = serverAuth
      [elsewhere]
      basicConstraints = CA:FALSE
      subjectAltName = DNS:elsewhere.example.com
      extendedKeyUsage = serverAuth
      [client]
      basicConstraints = CA:FALSE
      extendedKeyUsage = clientAuth

      """)
    for (name, subject) in [("ca", "/CN=Rollcall Test CA"), ("stranger", "/CN=Stranger CA")] {
      try await openssl(
        directory,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config openssl.cnf -extensions ca"
          + " -days 3650 -keyout \(name).key -out \(name).pem", subject)
    }
    for (name, section, days, subject) in [
      ("server", "server", "3650", "/CN=127.0.0.1"), ("elsewhere", "elsewhere", "3650", "/CN=elsewhere.example.com"),
      ("expired", "server", "-1", "/CN=127.0.0.1"),
      ("client", "client", "3650", "/DC=com/DC=example/OU=services/CN=rollcall"),
    ] {
      try await openssl(
        directory,
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config openssl.cnf -keyout \(name).key"
          + " -out \(name).csr", subject)
      try await openssl(
        directory,
        "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile openssl.cnf"
          + " -extensions \(section) -days \(days) -out \(name).pem", nil)
    }
    return Certificates(
      ca: directory.file("ca.pem"), strangerCA: directory.file("stranger.pem"), server: directory.file("server.pem"),
      serverKey: directory.file("server.key"), elsewhere: directory.file("elsewhere.pem"),
      elsewhereKey: directory.file("elsewhere.key"), expired: directory.file("expired.pem"),
      expiredKey: directory.file("expired.key"), client: directory.file("client.pem"),
      clientKey: directory.file("client.key"))
  }

  private static func openssl(_ directory: TemporaryDirectory, _ words: String, _ subject: String?) async throws {
    let files = [".cnf", ".pem", ".key", ".csr"]
    var arguments = words.split(separator: " ").map { word in
      files.contains { word.hasSuffix($0) } ? directory.file(String(word)) : String(word)
    }
    if let subject { arguments += ["-subj", subject] }
    try await Tool.run("openssl", arguments)
  }
}

private actor CertificateStore {
  static let shared = CertificateStore()
  /// For the handler of atexit(3), which takes nothing along.
  static let place = Shared<TemporaryDirectory?>(nil)

  private var making: Task<Certificates, any Error>?

  func certificates() async throws -> Certificates {
    if let making { return try await making.value }
    let task = Task {
      let directory = try TemporaryDirectory("certificates")
      CertificateStore.place.change { $0 = directory }
      atexit { CertificateStore.place.value?.remove() }
      return try await Certificates.make(in: directory)
    }
    making = task
    return try await task.value
  }
}
