import LDAP
import TestSupport
import Testing

@Suite struct BindTests {
  private func sasl(
    _ mechanism: SASLMechanism, _ name: String? = nil, _ password: String? = nil, authzid: String? = nil
  ) -> Bind {
    .sasl(mechanism: mechanism, authcid: name, authzid: authzid, realm: nil, password: password.map { Secret($0) })
  }

  @Test func everyWayToBind() async throws {
    try await Slapd.with { slapd in
      let simple = try await LDAPConnection.open(slapd.settings())
      #expect(simple.session.boundAs == Slapd.admin)
      #expect(try await simple.whoAmI() == "dn:\(Slapd.admin)")
      #expect(simple.session.url == slapd.url)
      #expect(simple.session.tlsVersion == nil && simple.session.warnings == [])

      let anonymous = try await LDAPConnection.open(slapd.settings(bind: .anonymous))
      #expect(anonymous.session.boundAs == "anonymous")
      #expect(try await anonymous.whoAmI() == "anonymous")

      let scram = try await LDAPConnection.open(slapd.settings(bind: sasl(.scramSHA256, "writer", "writer")))
      #expect(scram.session.boundAs == "dn:\(Slapd.writer)")
      #expect(try await scram.whoAmI() == "dn:\(Slapd.writer)")

      let peer = try await LDAPConnection.open(
        slapd.settings([slapd.ldapiURL], tls: .secure, bind: sasl(.external)))
      #expect(peer.session.boundAs == "dn:\(Slapd.admin)")

      let protected = try await LDAPConnection.open(
        slapd.settings(tls: .secure, caFile: slapd.certificates.ca, bind: sasl(.scramSHA256, "writer", "writer")))
      #expect(try await protected.whoAmI() == "dn:\(Slapd.writer)")

      let certificate = try await LDAPConnection.open(
        slapd.settings(
          [slapd.ldapsURL], tls: .secure, caFile: slapd.certificates.ca,
          client: (slapd.certificates.client, slapd.certificates.clientKey), bind: sasl(.external)))
      #expect(certificate.session.boundAs.lowercased() == "dn:cn=rollcall,ou=services,dc=example,dc=com")
    }
  }

  @Test func aRefusedBindSaysWhatToDoAndKeepsTheSecret() async throws {
    try await Slapd.with { slapd in
      let attempts: [(Bind, LDAPError.Code)] = [
        (.simple(dn: Slapd.admin, password: Secret("hunter2")), .invalidCredentials),
        (.simple(dn: "uid=nobody,\(Slapd.suffix)", password: Secret("hunter2")), .invalidCredentials),
        (.simple(dn: "not a name", password: Secret("hunter2")), .invalidDNSyntax),
        (.simple(dn: Slapd.admin, password: Secret("")), .invalid),
        (sasl(.scramSHA256, "writer", "hunter2"), .invalidCredentials),
        (sasl(.scramSHA256, "nobody", "hunter2"), .invalidCredentials),
      ]
      for (bind, code) in attempts {
        let error = try await failure {
          try await LDAPConnection.open(slapd.settings(bind: bind))
        }
        #expect(error.code == code, "\(error)")
        #expect(error.operation == "bind")
        #expect(error.subject == slapd.url)
        #expect(error.hint != nil)
        #expect(!error.isRetriable)
        #expect(!"\(error) \(String(reflecting: error))".contains("hunter2"))
        #expect(!error.description.contains("\n"))
      }
      // Without a certificate or a socket there is nothing external.
      let external = try await failure {
        try await LDAPConnection.open(slapd.settings(bind: sasl(.external)))
      }
      #expect(external.operation == "bind" && external.hint != nil, "\(external)")
    }
  }

  @Test(.enabled(if: Kerberos.missing == nil, "Kerberos is not installed here"))
  func gssapi() async throws {
    let kerberos = try await Kerberos(person: "writer", serviceHost: "localhost")
    defer { kerberos.stop() }
    var options = SlapdOptions()
    options.environment = kerberos.environment.merging(["KRB5_KTNAME": kerberos.keytab]) { $1 }
    try await Slapd.with(options) { slapd in
      let url = "ldap://localhost:\(slapd.port)"
      let connection = try await LDAPConnection.open(slapd.settings([url], bind: sasl(.gssapi)))
      #expect(connection.session.boundAs == "dn:\(Slapd.writer)")
      // A SASL security layer lies over the stream now: everything still arrives.
      try await slapd.add(LDIF.people(200))
      let found = try await connection.collect(SearchRequest(base: Slapd.suffix, filter: "(uid=*)"))
      #expect(found.entries.count == 200)
      // The service's principal is made of the name in the URL.
      let wrong = try await failure {
        try await LDAPConnection.open(slapd.settings(["ldap://127.0.0.1:\(slapd.port)"], bind: sasl(.gssapi)))
      }
      #expect(wrong.operation == "bind")
      #expect(wrong.hint?.contains("klist") == true, "\(wrong)")
    }
  }
}
