/// The parts of a URL that name a server (RFC 3986, section 3.2).
struct ServerURL {
  /// Lower case.
  let scheme: String
  /// Lower case, without the brackets of an IPv6 address.
  let host: String
  let port: Int?
  let hasUser: Bool
  /// Path, query and fragment, a lone `/` left out.
  let rest: String

  /// Nil for what is no URL, or contains white space or control characters.
  init?(_ text: String) {
    guard text.utf8.count <= 8192, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
      let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://")
    else { return nil }
    scheme = text[..<colon].lowercased()
    let after = text[text.index(colon, offsetBy: 3)...]
    var authority = after.prefix { !"/?#".contains($0) }
    let tail = after[authority.endIndex...]
    rest = tail == "/" ? "" : String(tail)
    hasUser = authority.contains("@")
    if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
    var digits: Substring?
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      let behind = authority[authority.index(after: close)...]
      guard behind.isEmpty || behind.hasPrefix(":") else { return nil }
      if !behind.isEmpty { digits = behind.dropFirst() }
      host = authority[..<close].dropFirst().lowercased()
    } else if let colon = authority.lastIndex(of: ":") {
      digits = authority[authority.index(after: colon)...]
      host = authority[..<colon].lowercased()
    } else {
      host = authority.lowercased()
    }
    guard let digits else {
      port = nil
      return
    }
    guard let number = Int(digits), (1...65_535).contains(number) else { return nil }
    port = number
  }

  /// Whether it is this machine by its name or address.
  var isLoopback: Bool {
    host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
      || host.hasPrefix("127.") && host.split(separator: ".").count == 4
  }
}
