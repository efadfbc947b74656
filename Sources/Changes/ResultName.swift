/// The names of result codes (RFC 4511, section 4.1.9; RFC 4533, section 3.8) for messages to an operator.
enum ResultName {
  private static let names: [Int: String] = [
    1: "operationsError", 2: "protocolError", 3: "timeLimitExceeded", 4: "sizeLimitExceeded",
    8: "strongerAuthRequired", 10: "referral", 11: "adminLimitExceeded", 12: "unavailableCriticalExtension",
    32: "noSuchObject", 34: "invalidDNSyntax", 49: "invalidCredentials", 50: "insufficientAccessRights", 51: "busy",
    52: "unavailable", 53: "unwillingToPerform", 80: "other", 4096: "e-syncRefreshRequired",
  ]

  /// `sizeLimitExceeded (4)`, with the server's words if it has any.
  static func describe(code: Int, diagnostic: String) -> String {
    let name = names[code].map { "\($0) (\(code))" } ?? "result code \(code)"
    return diagnostic.isEmpty ? name : "\(name): \(diagnostic)"
  }

  /// What an operator can do about a search that ended with this code.
  static func hint(code: Int) -> String? {
    switch code {
    case 3, 4, 11:
      "lift the limits for the bind identity; in slapd.conf: limits dn.exact=\"…\" size=unlimited time=unlimited"
    case 10: "the base is on another server: name that server in url"
    case 12: "the server does not offer content synchronization here; slapd needs the overlay syncprov on the database"
    case 32: "check base; an identity that may not see an entry is told that it does not exist"
    case 50: "let the bind identity read base and what is below it"
    default: nil
    }
  }
}
