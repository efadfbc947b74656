/// What a test wants of its slapd.
public struct SlapdOptions: Sendable {
  /// The syncprov overlay (RFC 4533).
  public var syncprov = true
  /// How many changes syncprov's session log keeps; 0 is none, and every refresh with a cookie has a present phase.
  public var sessionLog = 100
  /// Lines for the global part of slapd.conf.
  public var global: [String] = []
  /// Lines for the database, after its limits and before its overlays.
  public var database: [String] = []
  /// The database's access lines; the default lets everybody read all but passwords.
  public var access = [
    "access to attrs=userPassword by anonymous auth by self write by * none",
    "access to * by dn.exact=\"cn=writer,ou=services,dc=example,dc=com\" write by users read by anonymous read",
  ]
  /// Lines after the syncprov overlay: its options, and further overlays.
  public var overlays: [String] = []
  /// Whether it speaks TLS at all.
  public var tls = true
  /// Which of ``Slapd/certificates`` it shows.
  public var certificate = ServerCertificate.good
  /// `allow`, `demand` …: slapd's TLSVerifyClient.
  public var verifyClient = "allow"
  /// Entries to load before the start, beside the suffix, `ou=people`, `ou=groups`, `ou=services`, `ou=leavers` and
  /// the users that the tests bind as.
  public var seed = ""
  /// Variables for slapd's environment, such as KRB5_KTNAME.
  public var environment: [String: String] = [:]
  /// The name slapd believes to have in SASL exchanges.
  public var saslHost = "localhost"
  /// The address it listens on, beside its Unix socket.
  public var address = "127.0.0.1"
  /// A network namespace to run in; see ``NetworkNamespace``.
  public var namespace: String?

  /// The defaults.
  public init() {}

  /// The certificates a slapd may show.
  public enum ServerCertificate: Sendable {
    case good, elsewhere, expired
  }
}

extension SlapdOptions {
  /// slapd.conf for these options.
  func configuration(in directory: TemporaryDirectory, certificates: Certificates) -> String {
    var lines = ["core", "cosine", "inetorgperson"].map { "include /etc/ldap/schema/\($0).schema" }
    lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb", "moduleload syncprov"]
    lines += ["pidfile \(directory.file("slapd.pid"))", "argsfile \(directory.file("slapd.args"))"]
    if tls {
      let (shown, key) =
        switch certificate {
        case .good: (certificates.server, certificates.serverKey)
        case .elsewhere: (certificates.elsewhere, certificates.elsewhereKey)
        case .expired: (certificates.expired, certificates.expiredKey)
        }
      lines += [
        "TLSCACertificateFile \(certificates.ca)", "TLSCertificateFile \(shown)", "TLSCertificateKeyFile \(key)",
        "TLSVerifyClient \(verifyClient)",
      ]
    }
    lines += [
      "serverID 1", "threads 4", "password-hash {CLEARTEXT}", "sasl-host \(saslHost)", "sasl-secprops none",
      "authz-regexp \"gidNumber=0.uidNumber=0,cn=peercred,cn=external,cn=auth\" \"\(Slapd.admin)\"",
      "authz-regexp \"uid=([^,]+),(cn=[^,]+,)?cn=[^,]+,cn=auth\" \"ldap:///\(Slapd.suffix)??sub?(|(cn=$1)(uid=$1))\"",
    ]
    lines += global
    lines += [
      "database mdb", "suffix \(Slapd.suffix)", "rootdn \(Slapd.admin)", "rootpw \(Slapd.adminPassword)",
      "directory \(directory.file("db"))", "maxsize 4294967296", "dbnosync", "sizelimit unlimited",
      "timelimit unlimited", "index objectClass,entryCSN,entryUUID,uid,cn,mail,member eq",
    ]
    lines += database + access
    if syncprov {
      lines += ["overlay syncprov"]
      if sessionLog > 0 { lines += ["syncprov-sessionlog \(sessionLog)"] }
    }
    lines += overlays
    return lines.joined(separator: "\n") + "\n"
  }

  /// The entries that are there at the start.
  var entries: String {
    var records = ["dn: \(Slapd.suffix)\nobjectClass: top\nobjectClass: domain\ndc: example\n"]
    for unit in ["people", "groups", "services", "leavers"] {
      records.append(LDIF.unit("ou=\(unit),\(Slapd.suffix)"))
    }
    records.append(
      """
      dn: \(Slapd.writer)
      objectClass: top
      objectClass: applicationProcess
      objectClass: simpleSecurityObject
      cn: writer
      userPassword: writer

      """)
    return records.joined(separator: "\n") + "\n" + seed + "\n"
  }
}

/// Records for ``Slapd/add(_:)`` and seeds.
public enum LDIF {
  /// An inetOrgPerson below `ou=people`, with values derived from the uid; `lines` are added as they are.
  public static func person(_ uid: String, parent: String = "ou=people,dc=example,dc=com", lines: [String] = [])
    -> String
  {
    ([
      "dn: uid=\(uid),\(parent)", "objectClass: top", "objectClass: person", "objectClass: organizationalPerson",
      "objectClass: inetOrgPerson", "uid: \(uid)", "cn: Person \(uid)", "sn: Surname \(uid)", "givenName: Person",
      "displayName: Person \(uid)", "mail: \(uid)@example.com", "telephoneNumber: +1 555 0100",
      "departmentNumber: Engineering", "title: Staff", "employeeNumber: \(uid)", "description: person \(uid)",
      "l: Oslo", "o: Example",
    ] + lines + [""]).joined(separator: "\n")
  }

  /// Many people, `user0` to `user(count-1)`.
  public static func people(_ count: Int, parent: String = "ou=people,dc=example,dc=com") -> String {
    (0..<count).map { person("user\($0)", parent: parent) }.joined(separator: "\n")
  }

  /// An organizationalUnit.
  public static func unit(_ dn: String) -> String {
    let name = dn.prefix { $0 != "," }.drop { $0 != "=" }.dropFirst()
    return "dn: \(dn)\nobjectClass: top\nobjectClass: organizationalUnit\nou: \(name)\n"
  }
}
