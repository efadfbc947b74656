import LDAP
import TestSupport
import Testing

@Suite struct TLSTests {
  @Test func secureVerifiesChainAndName() async throws {
    try await Slapd.with { slapd in
      let good = slapd.certificates
      for url in [slapd.url, slapd.ldapsURL] {
        let connection = try await LDAPConnection.open(slapd.settings([url], tls: .secure, caFile: good.ca))
        #expect(connection.session.tlsVersion?.hasPrefix("TLS1.") == true)
        #expect(connection.session.tlsCipher?.isEmpty == false)
        #expect(connection.session.isVerified)
        #expect(connection.session.warnings == [])
        #expect(try await connection.collect(SearchRequest(base: Slapd.suffix)).entries.count == 6)

        let stranger = try await failure {
          try await LDAPConnection.open(slapd.settings([url], tls: .secure, caFile: good.strangerCA))
        }
        #expect(stranger.code == .tls)
        #expect(stranger.cause.contains("not trusted") && stranger.cause.contains(good.strangerCA), "\(stranger)")
        #expect(stranger.hint?.contains("CA file") == true)

        // No file: the system's authorities, who do not know this test.
        let system = try await failure { try await LDAPConnection.open(slapd.settings([url], tls: .secure)) }
        #expect(system.code == .tls && system.cause.contains("/etc/ssl/certs"), "\(system)")

        let missing = try await failure {
          try await LDAPConnection.open(slapd.settings([url], tls: .secure, caFile: "/nowhere/ca.pem"))
        }
        #expect(missing.code == .invalid && missing.cause.contains("/nowhere/ca.pem"), "\(missing)")
      }
    }
  }

  @Test func aCertificateForAnotherNameIsRefused() async throws {
    var options = SlapdOptions()
    options.certificate = .elsewhere
    try await Slapd.with(options) { slapd in
      let error = try await failure {
        try await LDAPConnection.open(slapd.settings(tls: .secure, caFile: slapd.certificates.ca))
      }
      #expect(error.code == .tls)
      #expect(error.cause.contains("for another name than 127.0.0.1"), "\(error)")
      let local = try await failure {
        try await LDAPConnection.open(
          slapd.settings(["ldap://localhost:\(slapd.port)"], tls: .secure, caFile: slapd.certificates.ca))
      }
      #expect(local.hint?.contains("localhost") == true, "\(local)")
    }
  }

  @Test func anExpiredCertificateIsRefused() async throws {
    var options = SlapdOptions()
    options.certificate = .expired
    try await Slapd.with(options) { slapd in
      let error = try await failure {
        try await LDAPConnection.open(slapd.settings(tls: .secure, caFile: slapd.certificates.ca))
      }
      #expect(error.code == .tls)
      #expect(error.cause.contains("expired"), "\(error)")
    }
  }

  @Test func preferGoesOnAndSaysSo() async throws {
    try await Slapd.with { slapd in
      let verified = try await LDAPConnection.open(slapd.settings(tls: .prefer, caFile: slapd.certificates.ca))
      #expect(verified.session.isVerified && verified.session.warnings == [])
      for url in [slapd.url, slapd.ldapsURL] {
        let unverified = try await LDAPConnection.open(
          slapd.settings([url], tls: .prefer, caFile: slapd.certificates.strangerCA))
        #expect(unverified.session.tlsVersion != nil && !unverified.session.isVerified)
        #expect(unverified.session.warnings.count == 1)
        #expect(unverified.session.warnings.first?.contains("WITHOUT knowing") == true)
      }
    }
    var bare = SlapdOptions()
    bare.tls = false
    try await Slapd.with(bare) { slapd in
      let plain = try await LDAPConnection.open(slapd.settings(tls: .prefer))
      #expect(plain.session.tlsVersion == nil)
      #expect(plain.session.warnings.first?.contains("WITHOUT TLS") == true)
      #expect(try await plain.whoAmI() == "dn:\(Slapd.admin)")
      let secure = try await failure { try await LDAPConnection.open(slapd.settings(tls: .secure)) }
      #expect(secure.code == .tls && secure.operation == "StartTLS", "\(secure)")
      #expect(secure.hint?.contains("tls: prefer") == true)
      // A wrong password is no reason to try it once more without TLS.
      let refused = try await failure {
        try await LDAPConnection.open(
          slapd.settings(tls: .prefer, bind: .simple(dn: Slapd.admin, password: Secret("wrong"))))
      }
      #expect(refused.code == .invalidCredentials)
    }
  }

  @Test func insecureVerifiesNothingOnLdaps() async throws {
    try await Slapd.with { slapd in
      let connection = try await LDAPConnection.open(slapd.settings([slapd.ldapsURL], tls: .insecure))
      #expect(connection.session.tlsVersion != nil && !connection.session.isVerified)
    }
  }

  @Test func aServerCanDemandAClientCertificate() async throws {
    var options = SlapdOptions()
    options.verifyClient = "demand"
    try await Slapd.with(options) { slapd in
      let files = slapd.certificates
      let without = try await failure {
        try await LDAPConnection.open(slapd.settings([slapd.ldapsURL], tls: .secure, caFile: files.ca))
      }
      #expect([.tls, .disconnected].contains(without.code), "\(without)")
      let with = try await LDAPConnection.open(
        slapd.settings(
          [slapd.ldapsURL], tls: .secure, caFile: files.ca, client: (files.client, files.clientKey)))
      #expect(with.session.isVerified)
      let mismatched = try await failure {
        try await LDAPConnection.open(
          slapd.settings([slapd.ldapsURL], tls: .secure, caFile: files.ca, client: (files.client, files.serverKey)))
      }
      #expect(mismatched.code == .invalid, "\(mismatched)")
    }
  }

  @Test func aPortWithoutTLSIsNotMistaken() async throws {
    let server = try ScriptedLDAPServer { connection in
      try connection.send(Array("220 this is mail\r\n".utf8))
      connection.untilGone()
    }
    defer { server.stop() }
    var settings = server.settings(tls: .secure)
    settings.urls = ["ldaps://127.0.0.1:\(server.port)"]
    let error = try await failure { try await LDAPConnection.open(settings) }
    #expect(error.code == .tls)
    #expect(error.hint?.contains("speak TLS") == true, "\(error)")
  }
}
