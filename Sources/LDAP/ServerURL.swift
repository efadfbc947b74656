/// A server's address from its URL (RFC 4516; `ldapi` as OpenLDAP writes it).
struct ServerURL: Equatable {
  enum Scheme: String { case ldap, ldaps, ldapi }

  /// The URL as written.
  let string: String
  let scheme: Scheme
  /// The host without brackets, or the path of a Unix socket.
  let host: String
  let port: UInt16

  /// Where OpenLDAP's server listens if the URL names no socket.
  static let defaultSocket = "/run/slapd/ldapi"

  init(_ string: String) throws(LDAPError) {
    let refuse = { (cause: String) in
      LDAPError(
        .invalid, operation: "connect", subject: string, cause: cause,
        hint: "write ldap://host, ldaps://host or ldapi://%2Fpath%2Fof%2Fsocket")
    }
    self.string = string
    guard let colon = string.range(of: "://"), let scheme = Scheme(rawValue: string[..<colon.lower].lowercased()) else {
      throw refuse("this is not an LDAP URL")
    }
    self.scheme = scheme
    let authority = string[colon.upper...].prefix { !"/?".contains($0) }
    if scheme == .ldapi {
      guard let path = Self.decoded(authority) else {
        throw refuse("the path of the socket is not percent-encoded text")
      }
      host = path.isEmpty ? Self.defaultSocket : path
      port = 0
      return
    }
    let (name, rest): (Substring, Substring)
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { throw refuse("the IPv6 address has no closing bracket") }
      (name, rest) = (authority.dropFirst().prefix(upTo: end), authority[authority.index(after: end)...])
    } else {
      name = authority.prefix { $0 != ":" }
      rest = authority[name.endIndex...]
    }
    guard let host = Self.decoded(name), !host.isEmpty else { throw refuse("the URL names no host") }
    self.host = host
    if rest.isEmpty || rest == ":" {
      port = scheme == .ldaps ? 636 : 389
    } else {
      guard rest.first == ":", let number = UInt16(rest.dropFirst()), number > 0 else {
        throw refuse("the port is not a number from 1 to 65535")
      }
      port = number
    }
  }

  /// The URL as libldap needs it: nothing but scheme and place.
  var forLibldap: String {
    if scheme == .ldapi { return "ldapi://" + host.percentEncodedSlashes }
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }

  private static func decoded(_ text: Substring) -> String? {
    var octets: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let octet = rest.popFirst() {
      guard octet == UInt8(ascii: "%") else {
        octets.append(octet)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), value != 0
      else { return nil }
      octets.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: octets, as: UTF8.self)
  }
}

extension String {
  /// The first place where `text` stands.
  fileprivate func range(of text: String) -> (lower: Index, upper: Index)? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return (start, index(start, offsetBy: text.count)) }
      start = index(after: start)
    }
    return nil
  }

  fileprivate var percentEncodedSlashes: String {
    var text = ""
    for character in self {
      switch character {
      case "/": text += "%2F"
      case "%": text += "%25"
      case "?": text += "%3F"
      case " ": text += "%20"
      default: text.append(character)
      }
    }
    return text
  }
}
