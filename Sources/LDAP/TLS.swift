internal import CLDAP

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// How a connection is protected.
enum Protection {
  /// TLS, with the server's certificate chain and name verified.
  case verified
  /// TLS with whomever.
  case unverified
  /// Nothing, or a Unix socket.
  case none

  /// What to try for a URL, best first. Only trouble with TLS itself leads from one to the next.
  static func plan(_ scheme: ServerURL.Scheme, _ mode: TLSMode) -> [Protection] {
    switch (scheme, mode) {
    case (.ldapi, _): [.none]
    case (.ldap, .secure), (.ldaps, .secure): [.verified]
    case (.ldap, .prefer): [.verified, .unverified, .none]
    case (.ldaps, .prefer): [.verified, .unverified]
    case (.ldap, .insecure): [.none]
    case (.ldaps, .insecure): [.unverified]
    }
  }
}

extension LDAPHandle {
  /// Where systems keep the authorities they trust; Debian first.
  static let systemAuthorities = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
  ]

  /// StartTLS (RFC 4511, section 4.14). A server that refuses it is told apart from one whose TLS does not work:
  /// returns false.
  borrowing func askForTLS() throws(LDAPError) -> LDAPError? {
    var id: Int32 = 0
    let code = ldap_start_tls(raw, nil, nil, &id)
    guard code == LDAP_SUCCESS else { throw failure("StartTLS", code) }
    let result = try result(of: try reply(to: id, "StartTLS"), "StartTLS")
    guard result.code != 0 else { return nil }
    return LDAPError(
      .tls, operation: "StartTLS", subject: url.string,
      cause:
        "the server offers no TLS here: \(LDAPError.text(Int32(truncatingIfNeeded: result.code), result.diagnostic))",
      hint: "use ldaps://, set up TLS at the server, or say tls: prefer or tls: insecure")
  }

  /// The TLS handshake; blocks its thread.
  borrowing func startTLS(_ protection: Protection, _ settings: ConnectionSettings) throws(LDAPError) {
    let authorities = settings.caFile ?? Self.systemAuthorities.first { access($0, R_OK) == 0 }
    let verifies = protection == .verified
    cldap_set_int(raw, LDAP_OPT_X_TLS_REQUIRE_CERT, verifies ? LDAP_OPT_X_TLS_HARD : LDAP_OPT_X_TLS_NEVER)
    cldap_set_int(raw, LDAP_OPT_X_TLS_PROTOCOL_MIN, 3 << 8 + 3)
    if let authorities, verifies || settings.caFile != nil {
      try readable(authorities, "CA file")
      cldap_set_string(raw, LDAP_OPT_X_TLS_CACERTFILE, authorities)
    } else if verifies {
      throw LDAPError(
        .invalid, operation: "TLS", subject: url.string, cause: "this system has no file of trusted authorities",
        hint: "install ca-certificates or name a CA file")
    }
    if let (certificate, key) = settings.clientCertificate {
      try readable(certificate, "client certificate")
      try readable(key, "client key")
      cldap_set_string(raw, LDAP_OPT_X_TLS_CERTFILE, certificate)
      cldap_set_string(raw, LDAP_OPT_X_TLS_KEYFILE, key)
    }
    guard cldap_set_int(raw, LDAP_OPT_X_TLS_NEWCTX, 0) == LDAP_OPT_SUCCESS else {
      throw LDAPError(
        .invalid, operation: "TLS", subject: url.string,
        cause: "the CA file or the client certificate and key cannot be used",
        hint: "they must be PEM, and the key must belong to the certificate and have no passphrase")
    }
    let code = ldap_install_tls(raw)
    guard code == LDAP_SUCCESS else { throw handshakeFailure(authorities ?? "nothing") }
  }

  private borrowing func readable(_ path: String, _ what: String) throws(LDAPError) {
    guard access(path, R_OK) != 0 else { return }
    throw LDAPError(
      .invalid, operation: "TLS", subject: url.string,
      cause: "the \(what) \(path) cannot be read: \(String(cString: strerror(errno)))")
  }

  private borrowing func handshakeFailure(_ authorities: String) -> LDAPError {
    let said = diagnostic()
    var (cause, hint): (String, String?) = ("the TLS handshake failed: \(said)", nil)
    // Of a fault in the chain and of a wrong name libldap with GnuTLS passes on no more than this (tls2.c).
    if said.isEmpty || said.contains("unknown error code") || said.contains("does not match") {
      cause =
        "the server's certificate is not trusted: no authority in \(authorities) signed it, or it has expired, "
        + "or it is for another name than \(url.host)"
      hint = "name the authority's certificate as CA file; use the name that stands in the certificate"
      if url.host.lowercased() == "localhost" {
        // tls_g.c and tls_o.c compare with the host's own name if the URL says localhost.
        hint = "libldap takes localhost for this machine's own name: use 127.0.0.1 or the name in the certificate"
      }
    } else if url.scheme == .ldaps {
      hint = "does this port speak TLS?"
    }
    return LDAPError(.tls, operation: "TLS", subject: url.string, cause: cause, hint: hint)
  }
}
