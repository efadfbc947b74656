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
}
