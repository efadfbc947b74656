internal import CLDAP

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

extension LDAPHandle {
  /// Authenticates (RFC 4513); blocks its thread. Returns as whom the server takes this connection.
  borrowing func bind(_ bind: Bind, isProtected: Bool) throws(LDAPError) -> String {
    switch bind {
    case .anonymous: return "anonymous"
    case .simple(let dn, let password):
      // RFC 4513, section 5.1.2: a name with an empty password succeeds and proves nothing.
      guard !password.revealed.isEmpty else {
        throw LDAPError(
          .invalid, operation: "bind", subject: url.string, cause: "the password of \(dn) is empty",
          hint: "a server takes that as an anonymous bind; set the password, or leave out the name")
      }
      try simpleBind(dn, password)
      return dn
    case .sasl(let mechanism, let authcid, let authzid, let realm, let password):
      try saslBind(
        mechanism.rawValue, isProtected: isProtected,
        [authcid, authzid.map { $0.isEmpty ? nil : $0 } ?? nil, realm, password?.revealed])
      return try identity() ?? string(LDAP_OPT_X_SASL_USERNAME) ?? authcid ?? mechanism.rawValue
    }
  }

  private borrowing func simpleBind(_ dn: String, _ password: Secret) throws(LDAPError) {
    var id: Int32 = 0
    let length = UInt(password.revealed.utf8.count)
    let code = password.revealed.withCString { cldap_simple_bind(raw, dn, $0, length, &id) }
    guard code == LDAP_SUCCESS else { throw failure("bind", code) }
    let result = try result(of: try reply(to: id, "bind"), "bind")
    guard result.code == 0 else { throw refusal(result, nil) }
  }

  private borrowing func saslBind(
    _ mechanism: String, isProtected: Bool, _ texts: [String?]
  ) throws(LDAPError) {
    // Active Directory refuses a SASL security layer inside TLS, and nobody needs two.
    cldap_set_string(raw, LDAP_OPT_X_SASL_SECPROPS, isProtected ? "noanonymous,maxssf=0" : "noanonymous")
    let copies = texts.map { text in text.map { strdup($0) } ?? nil }
    defer {
      for case .some(let copy) in copies {
        explicit_bzero(copy, strlen(copy))
        free(copy)
      }
    }
    var answers = cldap_sasl_answers(authcid: copies[0], authzid: copies[1], realm: copies[2], password: copies[3])
    var chosen: UnsafePointer<CChar>?
    var id: Int32 = 0
    var code = cldap_sasl_step(raw, mechanism, &answers, nil, &chosen, &id)
    while code == LDAP_SASL_BIND_IN_PROGRESS {
      let message = try reply(to: id, "bind")
      code = cldap_sasl_step(raw, mechanism, &answers, message.raw, &chosen, &id)
    }
    guard code != LDAP_SUCCESS else { return }
    throw refusal(SearchResult(code: Int(code), diagnostic: diagnostic()), mechanism)
  }

  /// RFC 4532, where the server offers it.
  private borrowing func identity() throws(LDAPError) -> String? {
    var id: Int32 = 0
    guard ldap_whoami(raw, nil, nil, &id) == LDAP_SUCCESS else { return nil }
    let message = try reply(to: id, "Who am I?")
    return try? identity(in: message)
  }

  /// What a Who am I? response says.
  borrowing func identity(in message: LDAPMessage) throws(LDAPError) -> String {
    let operation = "Who am I?"
    let result = try result(of: message, operation)
    guard result.code == 0 else {
      let code = Int32(truncatingIfNeeded: result.code)
      throw LDAPError(
        LDAPError.Code(rawValue: result.code), operation: operation, subject: url.string,
        cause: LDAPError.text(code, result.diagnostic))
    }
    var value: UnsafeMutablePointer<berval>?
    let code = ldap_parse_whoami(raw, message.raw, &value)
    defer { ber_bvfree(value) }
    guard code == LDAP_SUCCESS else { throw failure(operation, code) }
    guard let value, let octets = value.pointee.bv_val, value.pointee.bv_len > 0 else { return "anonymous" }
    return String(decoding: UnsafeRawBufferPointer(start: octets, count: Int(value.pointee.bv_len)), as: UTF8.self)
  }

  private borrowing func refusal(_ result: SearchResult, _ mechanism: String?) -> LDAPError {
    let number = Int32(truncatingIfNeeded: result.code)
    let code = LDAPError.Code(libldap: number)
    var error = LDAPError(
      code, operation: "bind", subject: url.string, cause: LDAPError.text(number, result.diagnostic))
    switch code {
    case .invalidCredentials: error.hint = "the name or the password is wrong, or the account is locked"
    case .invalidDNSyntax: error.hint = "the bind name must be a distinguished name"
    case .noSuchObject: error.hint = "the bind name does not exist"
    case .confidentialityRequired, .strongerAuthRequired:
      error.hint = "the server wants TLS before a password: use ldaps:// or tls: secure"
    case .inappropriateAuthentication, .authMethodNotSupported:
      error.hint = "the server does not offer \(mechanism ?? "a simple bind") to this account on this connection"
    case .unwillingToPerform: error.hint = "the server's policy forbids this bind"
    case .sasl, .local:
      error.code = .sasl
      error.hint = saslHint(mechanism ?? "")
    default: break
    }
    return error
  }

  private func saslHint(_ mechanism: String) -> String {
    switch mechanism {
    case SASLMechanism.gssapi.rawValue:
      "is there a ticket (klist) or a client keytab, does the URL use the name in the server's principal, "
        + "and is libsasl2-modules-gssapi-mit installed?"
    case SASLMechanism.external.rawValue: "EXTERNAL needs ldapi:// or a client certificate"
    default: "is libsasl2-modules installed?"
    }
  }
}
