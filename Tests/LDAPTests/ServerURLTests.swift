import Testing

@testable import LDAP

@Suite struct ServerURLTests {
  @Test func hostsAndPorts() throws {
    let cases: [(String, ServerURL.Scheme, String, UInt16, String)] = [
      ("ldap://ldap1.example.com", .ldap, "ldap1.example.com", 389, "ldap://ldap1.example.com:389"),
      ("LDAPS://ldap1.example.com/", .ldaps, "ldap1.example.com", 636, "ldaps://ldap1.example.com:636"),
      ("ldap://10.0.0.1:3389/dc=x?y", .ldap, "10.0.0.1", 3389, "ldap://10.0.0.1:3389"),
      ("ldaps://[2001:db8::1]:1636", .ldaps, "2001:db8::1", 1636, "ldaps://[2001:db8::1]:1636"),
      ("ldap://[::1]", .ldap, "::1", 389, "ldap://[::1]:389"),
      ("ldapi://%2Frun%2Fa%20b", .ldapi, "/run/a b", 0, "ldapi://%2Frun%2Fa%20b"),
      ("ldapi://", .ldapi, "/run/slapd/ldapi", 0, "ldapi://%2Frun%2Fslapd%2Fldapi"),
      ("ldapi:///", .ldapi, "/run/slapd/ldapi", 0, "ldapi://%2Frun%2Fslapd%2Fldapi"),
    ]
    for (text, scheme, host, port, forLibldap) in cases {
      let url = try ServerURL(text)
      #expect(url.scheme == scheme && url.host == host && url.port == port, "\(text)")
      #expect(url.forLibldap == forLibldap)
    }
  }

  @Test(arguments: [
    "", "ldap", "ldap:/x", "http://x", "ldap://", "ldap://:389", "ldap://x:0", "ldap://x:65536", "ldap://x:y",
    "ldap://[::1", "ldap://[::1]x", "ldapi://%2", "ldapi://%00", "ldapi://%ff",
  ])
  func nonsenseIsRefused(text: String) {
    let error = #expect(throws: LDAPError.self) { try ServerURL(text) }
    #expect(error?.code == .invalid)
    #expect(error?.subject == text)
  }

  @Test func theKernelsTimersAddUpToTheWhole() {
    for seconds in [2, 3, 4, 10, 30, 45, 59, 600] {
      let patience = Patience(.seconds(seconds))
      let last = patience.idle + patience.interval * patience.probes
      #expect(last == Int32(seconds), "\(seconds)")
      #expect(patience.userTimeout < last * 1000)
      #expect(patience.userTimeout > (last - patience.interval) * 1000 || patience.probes == 1)
      #expect(patience.idle >= 1 && patience.interval >= 1 && patience.probes >= 1)
    }
    #expect(Patience(.zero) == Patience(.seconds(2)))
  }

  @Test func millisecondsAreRoundedUp() {
    #expect(Duration.microseconds(1).milliseconds == 1)
    #expect(Duration.milliseconds(1500).milliseconds == 1500)
    #expect(Duration.seconds(Int64.max / 4).milliseconds == .max)
  }

  @Test func whatIsTriedForEachMode() {
    #expect(Protection.plan(.ldapi, .secure) == [.none])
    #expect(Protection.plan(.ldap, .secure) == [.verified])
    #expect(Protection.plan(.ldaps, .secure) == [.verified])
    #expect(Protection.plan(.ldap, .prefer) == [.verified, .unverified, .none])
    #expect(Protection.plan(.ldaps, .prefer) == [.verified, .unverified])
    #expect(Protection.plan(.ldap, .insecure) == [.none])
    #expect(Protection.plan(.ldaps, .insecure) == [.unverified])
  }
}
