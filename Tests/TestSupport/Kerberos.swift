import Foundation
import Glibc

/// A Kerberos realm of the test's own: a KDC on a free port, a keytab for a service, and a ticket for a person.
/// Only one at a time: MIT's libraries read KRB5_CONFIG from this process's environment.
public final class Kerberos: Sendable {
  /// The realm.
  public static let realm = "ROLLCALL.TEST"

  /// The keytab of `ldap/host@realm`; slapd reads it by KRB5_KTNAME.
  public let keytab: String
  /// Variables for other processes that take part.
  public let environment: [String: String]
  private let directory: TemporaryDirectory
  private let pid: pid_t

  /// Why a test with Kerberos cannot run here; nil if it can.
  public static var missing: String? {
    let tools = ["/usr/sbin/krb5kdc", "/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local", "/usr/bin/kinit"]
    return tools.first { access($0, X_OK) != 0 }.map { "\($0) is not installed" }
  }

  /// Makes the realm, starts its KDC, and gets a ticket for `person` into a cache that this process uses.
  public init(person: String, serviceHost: String) async throws {
    let directory = try TemporaryDirectory("krb5")
    self.directory = directory
    do {
      let port = FreePort.next()
      try directory.write(
        "krb5.conf",
        """
        [libdefaults]
        default_realm = \(Kerberos.realm)
        dns_lookup_kdc = false
        dns_lookup_realm = false
        dns_canonicalize_hostname = false
        rdns = false
        [realms]
        \(Kerberos.realm) = {
          kdc = 127.0.0.1:\(port)
        }
        [logging]
        kdc = FILE:\(directory.file("kdc.log"))

        """)
      try directory.write(
        "kdc.conf",
        """
        [realms]
        \(Kerberos.realm) = {
          database_name = \(directory.file("principal"))
          key_stash_file = \(directory.file("stash"))
          acl_file = \(directory.file("acl"))
          kdc_listen = 127.0.0.1:\(port)
          kdc_tcp_listen = 127.0.0.1:\(port)
        }

        """)
      keytab = directory.file("keytab")
      environment = [
        "KRB5_CONFIG": directory.file("krb5.conf"), "KRB5_KDC_PROFILE": directory.file("kdc.conf"),
        "KRB5CCNAME": "FILE:" + directory.file("ccache"), "KRB5RCACHENAME": "none:",
      ]
      try await Tool.run("kdb5_util", ["create", "-s", "-P", "master"], environment: environment)
      for query in [
        "addprinc -pw ticket \(person)", "addprinc -randkey ldap/\(serviceHost)",
        "ktadd -k \(keytab) ldap/\(serviceHost)",
      ] {
        try await Tool.run("kadmin.local", ["-q", query], environment: environment)
      }
      pid = try await Spawner.shared.spawn(
        "setpriv", ["--pdeathsig", "KILL", "krb5kdc", "-n"], environment: environment,
        outputFile: directory.file("out.log"))
    } catch {
      directory.remove()
      throw error
    }
    let started = ContinuousClock.now
    while true {
      do {
        try await Tool.run("kinit", [person], input: "ticket\n", environment: environment)
        break
      } catch {
        guard ContinuousClock.now - started < .seconds(20) else {
          stop()
          throw error
        }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    for (name, value) in environment { setenv(name, value, 1) }
  }

  /// Ends the KDC and removes its files.
  public func stop() {
    kill(pid, SIGKILL)
    _ = Tool.reap(pid)
    directory.remove()
  }
}
