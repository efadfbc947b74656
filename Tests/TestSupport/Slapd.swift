import Foundation
public import Glibc

/// A real slapd of the test's own: free ports, a temporary directory, removed at the end. It dies with the test
/// process. Its suffix is ``suffix``; ``admin`` may do everything, ``writer`` has its password in clear for SCRAM.
public final class Slapd: @unchecked Sendable {
  /// `dc=example,dc=com`.
  public static let suffix = "dc=example,dc=com"
  /// The database's rootdn.
  public static let admin = "cn=admin,dc=example,dc=com"
  /// The password of ``admin``.
  public static let adminPassword = "secret"
  /// A user with a cleartext password: `writer`, in DNs and in SASL.
  public static let writer = "cn=writer,ou=services,dc=example,dc=com"
  /// The password of ``writer``.
  public static let writerPassword = "writer"

  /// What was asked for.
  public let options: SlapdOptions
  /// Where its files are.
  public let directory: TemporaryDirectory
  /// Its certificate and the others made with it; shared by all servers of this process.
  public let certificates: Certificates
  /// The port of `ldap://`.
  public private(set) var port: UInt16 = 0
  /// The port of `ldaps://`.
  public private(set) var tlsPort: UInt16 = 0
  /// The process while it runs.
  public private(set) var pid: pid_t = 0

  /// `ldap://127.0.0.1:port`.
  public var url: String { "ldap://\(options.address):\(port)" }
  /// `ldaps://127.0.0.1:port`.
  public var ldapsURL: String { "ldaps://\(options.address):\(tlsPort)" }
  /// `ldapi://` with the path of the socket.
  public var ldapiURL: String { "ldapi://" + directory.file("ldapi").replacingOccurrences(of: "/", with: "%2F") }

  /// Prepares the directory and its database, and starts slapd.
  public static func start(_ options: SlapdOptions = SlapdOptions()) async throws -> Slapd {
    let directory = try TemporaryDirectory("slapd")
    do {
      let slapd = Slapd(options, directory, try await Certificates.shared())
      try await slapd.load(options.entries)
      try await slapd.launch()
      return slapd
    } catch {
      directory.remove()
      throw error
    }
  }

  /// Starts slapd, runs the body, stops slapd and removes its directory, also when the body throws.
  public static func with<R: Sendable>(
    _ options: SlapdOptions = SlapdOptions(), _ body: @Sendable (Slapd) async throws -> R
  ) async throws -> R {
    let slapd = try await start(options)
    do {
      let result = try await body(slapd)
      await slapd.remove()
      return result
    } catch {
      await slapd.remove()
      throw error
    }
  }

  private init(_ options: SlapdOptions, _ directory: TemporaryDirectory, _ certificates: Certificates) {
    self.options = options
    self.directory = directory
    self.certificates = certificates
  }

  deinit {
    if pid != 0 {
      Glibc.kill(pid, SIGKILL)
      _ = Tool.reap(pid)
    }
    directory.remove()
  }
}

extension Slapd {
  /// Stops it (SIGTERM) and waits for its end.
  public func stop() async { await end(SIGTERM) }

  /// Kills it without warning (SIGKILL) and waits for its end.
  public func kill() async { await end(SIGKILL) }

  /// Starts it again on the same ports, with the same database.
  public func restart() async throws {
    await stop()
    try await launch()
  }

  /// Starts it again after ``stop()`` or ``kill()``, on the same ports.
  public func launchAgain() async throws { try await launch() }

  /// Freezes the process (SIGSTOP): its kernel still answers keepalives.
  public func suspend() { Glibc.kill(pid, SIGSTOP) }

  /// Lets a frozen process go on (SIGCONT).
  public func resume() { Glibc.kill(pid, SIGCONT) }

  /// Stops it, throws its database away, loads entries anew (other entryUUIDs, other CSNs) and starts it again.
  /// Without an argument the entries are those of the first start.
  public func reload(_ ldif: String? = nil) async throws {
    await stop()
    try FileManager.default.removeItem(atPath: directory.file("db"))
    try await load(ldif ?? options.entries)
    try await launch()
  }

  /// Stops it and removes its files.
  public func remove() async {
    await end(SIGKILL)
    directory.remove()
  }

  /// Adds the entries of an LDIF text.
  public func add(_ ldif: String) async throws { try await change("ldapadd", [], ldif) }

  /// Applies an LDIF text of change records (`changetype: modify` …).
  public func modify(_ ldif: String) async throws { try await change("ldapmodify", [], ldif) }

  /// Replaces one attribute's values; none removes it.
  public func replace(_ dn: String, _ attribute: String, _ values: String...) async throws {
    let lines = values.map { "\(attribute): \($0)\n" }.joined()
    try await modify("dn: \(dn)\nchangetype: modify\nreplace: \(attribute)\n\(lines)-\n")
  }

  /// Deletes entries.
  public func delete(_ dns: String...) async throws {
    try await modify(dns.map { "dn: \($0)\nchangetype: delete\n\n" }.joined())
  }

  /// Renames an entry, and moves it if a new superior is given.
  public func modrdn(_ dn: String, to rdn: String, superior: String? = nil) async throws {
    let move = superior.map { "newsuperior: \($0)\n" } ?? ""
    try await modify("dn: \(dn)\nchangetype: modrdn\nnewrdn: \(rdn)\ndeleteoldrdn: 1\n\(move)")
  }

  /// What ldapsearch prints for a search below ``suffix`` as ``admin`` (`-LLL -o ldif-wrap=no`).
  public func search(_ filter: String, _ attributes: String...) async throws -> String {
    try await tool("ldapsearch", ["-LLL", "-o", "ldif-wrap=no", "-b", Slapd.suffix, filter] + attributes)
  }

  private func change(_ name: String, _ arguments: [String], _ ldif: String) async throws {
    try await tool(name, arguments, ldif)
  }

  @discardableResult
  private func tool(_ name: String, _ arguments: [String], _ input: String = "") async throws -> String {
    try await Tool.run(
      name, ["-x", "-H", ldapiURL, "-D", Slapd.admin, "-w", Slapd.adminPassword] + arguments, input: input)
  }

  private func load(_ ldif: String) async throws {
    try FileManager.default.createDirectory(
      atPath: directory.file("db"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try directory.write("slapd.conf", options.configuration(in: directory, certificates: certificates))
    try directory.write("load.ldif", ldif)
    // -S 1 -w: else CSNs carry the server id 000 and a cookie gets two of them.
    try await Tool.run(
      "slapadd",
      [
        "-q", "-w", "-S", "1", "-f", directory.file("slapd.conf"), "-b", Slapd.suffix, "-l",
        directory.file("load.ldif"),
      ])
  }

  private func end(_ signal: Int32) async {
    guard pid != 0 else { return }
    let ending = pid
    pid = 0
    Glibc.kill(ending, SIGCONT)
    Glibc.kill(ending, signal)
    _ = try? await Tool.blocking { Tool.reap(ending) }
  }

  private func launch() async throws {
    // Between finding a free port and slapd's bind another process may take it: then once more.
    var attempts = 0
    while true {
      attempts += 1
      let known = port != 0
      if !known { (port, tlsPort) = (FreePort.next(), FreePort.next()) }
      do {
        try await launchOnce()
        return
      } catch {
        if !known { port = 0 }
        guard attempts < 5 else { throw error }
      }
    }
  }

  private func launchOnce() async throws {
    let urls = "ldap://\(options.address):\(port)/" + (options.tls ? " ldaps://\(options.address):\(tlsPort)/" : "")
    let command = [
      "setpriv", "--pdeathsig", "KILL", "slapd", "-f", directory.file("slapd.conf"), "-h",
      "\(urls) \(ldapiURL)", "-n", "slapd-test", "-d", "0",
    ]
    let prefix = options.namespace.map { ["ip", "netns", "exec", $0] } ?? []
    let words = prefix + command
    pid = try await Spawner.shared.spawn(
      words[0], Array(words.dropFirst()), environment: options.environment, outputFile: directory.file("slapd.log"))
    let started = ContinuousClock.now
    while true {
      do {
        try await Tool.run("ldapsearch", ["-x", "-LLL", "-H", ldapiURL, "-s", "base", "-b", "", "1.1"])
        return
      } catch {
        var status: Int32 = 0
        let ended = waitpid(pid, &status, WNOHANG) == pid
        guard !ended, ContinuousClock.now - started < .seconds(20) else {
          if ended { pid = 0 } else { await end(SIGKILL) }
          let log = (try? String(contentsOfFile: directory.file("slapd.log"), encoding: .utf8)) ?? ""
          throw ToolFailure(tool: "slapd", status: status, output: log)
        }
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }
}

/// TCP ports that nobody uses now.
public enum FreePort {
  /// A port on 127.0.0.1 that was free a moment ago.
  public static func next() -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = bind(descriptor, $0, length)
        _ = getsockname(descriptor, $0, &length)
      }
    }
    return UInt16(bigEndian: address.sin_port)
  }
}
