import Foundation
import TestSupport
import Testing

#if canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// An authority, certificates it signed, and an nginx that shows them, in a directory that goes when they do.
final class Nginx {
  /// The authority's certificate in PEM.
  let authority: String
  /// A certificate and its key for clients, signed by the authority.
  let client: (certificate: String, key: String)
  /// A server with a certificate for 127.0.0.1, speaking HTTP/2; what it says is in ``location(_:)``.
  let url: String
  /// The same, with a certificate for another host.
  let wrongHostURL: String
  /// The same as ``url``, with a certificate that is out of date.
  let expiredURL: String
  /// The same as ``url``, for clients with a certificate.
  let clientCertificateURL: String
  /// The same as ``url``, without HTTP/2.
  let oldURL: String
  /// Speaks TLS 1.1 at most.
  let tls11URL: String
  private let directory: URL
  private let process: Process

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "rollcall-nginx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let directory = directory.path
    authority = directory + "/ca.pem"
    client = (directory + "/client.pem", directory + "/client.key")
    do {
      try Self.certificates(in: directory)
      // Ports are found by listening; nginx listens on them a moment later.
      let listeners = try (0..<6).map { _ in try Receiver() }
      let ports = listeners.map(\.port)
      for listener in listeners { listener.stop() }
      let urls = ports.map { "https://127.0.0.1:\($0)" }
      (url, wrongHostURL, expiredURL) = (urls[0], urls[1], urls[2])
      (clientCertificateURL, oldURL, tls11URL) = (urls[3], urls[4], urls[5])
      try Self.configuration(directory, ports).write(
        toFile: directory + "/nginx.conf", atomically: true, encoding: .utf8)
      process = Process()
      process.executableURL = URL(filePath: "/usr/sbin/nginx")
      process.arguments = ["-p", directory, "-c", directory + "/nginx.conf", "-e", directory + "/error.log"]
      process.standardError = FileHandle.nullDevice
      try process.run()
    } catch {
      try? FileManager.default.removeItem(atPath: directory)
      throw error
    }
  }

  deinit {
    // Not SIGTERM: what is started from a dispatch thread inherits its mask, in which SIGTERM is blocked.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: directory)
  }

  private static func certificates(in directory: String) throws {
    func openssl(_ line: String) throws {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/openssl")
      process.arguments = line.split(separator: " ").map(String.init)
      process.currentDirectoryURL = URL(filePath: directory)
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      try #require(process.terminationStatus == 0, "openssl \(line)")
    }
    let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    try openssl("req -x509 \(newKey) -keyout ca.key -out ca.pem -days 2 -subj /CN=Test-authority")
    for (name, host, validity) in [
      ("server", "IP:127.0.0.1", "-days 2"), ("wrong", "DNS:people.invalid", "-days 2"), ("client", "DNS:c", "-days 2"),
      ("expired", "IP:127.0.0.1", "-days -1"),
    ] {
      try "subjectAltName=\(host)".write(toFile: directory + "/\(name).ext", atomically: true, encoding: .utf8)
      try openssl("req -new \(newKey) -keyout \(name).key -out \(name).csr -subj /CN=\(name)")
      try openssl(
        "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -out \(name).pem -extfile \(name).ext \(validity)"
      )
    }
  }

  private static func configuration(_ directory: String, _ ports: [UInt16]) -> String {
    func server(_ port: UInt16, _ flags: String, _ certificate: String, _ extra: String = "") -> String {
      """
      server {
        listen 127.0.0.1:\(port) ssl \(flags);
        ssl_certificate \(certificate).pem;
        ssl_certificate_key \(certificate).key;
        \(extra)
        location / { return 200 "$server_protocol $ssl_client_s_dn"; }
      }
      """
    }
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(directory)/\($0);" }.joined(separator: "\n")
    return """
      daemon off;
      master_process off;
      pid \(directory)/nginx.pid;
      error_log \(directory)/error.log;
      events { worker_connections 256; }
      http {
        access_log off;
        keepalive_requests 100000;
        \(temporary)
        \(server(ports[0], "http2", "server"))
        \(server(ports[1], "http2", "wrong"))
        \(server(ports[2], "http2", "expired"))
        \(server(ports[3], "http2", "server", "ssl_client_certificate ca.pem; ssl_verify_client on;"))
        \(server(ports[4], "", "server"))
        \(server(ports[5], "", "server", "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;"))
      }
      """
  }
}
