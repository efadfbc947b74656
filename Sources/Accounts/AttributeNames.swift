/// What is known about attributes by name.
package enum AttributeNames {
  /// The name under which an attribute is asked for and comes back: lower case, and the first of its names, because a
  /// server may answer with that one whichever was asked for (RFC 4519, section 2; RFC 4524, section 2).
  static func requested(_ spelling: String) -> String {
    let name = spelling.lowercased()
    let (base, options) = (name.prefix { $0 != ";" }, name.drop { $0 != ";" })
    return (aliases[String(base)] ?? String(base)) + options
  }

  /// Whether an attribute holds passwords or keys. They are never asked for, whoever asks.
  package static func isSecret(_ name: String) -> Bool { secrets.contains(String(name.prefix { $0 != ";" })) }

  private static let aliases = [
    "userid": "uid", "commonname": "cn", "surname": "sn", "gn": "givenname", "rfc822mailbox": "mail",
    "fax": "facsimiletelephonenumber", "mobiletelephonenumber": "mobile", "hometelephonenumber": "homephone",
    "pagertelephonenumber": "pager", "localityname": "l", "stateorprovincename": "st", "countryname": "c",
    "friendlycountryname": "co", "organizationname": "o", "organizationalunitname": "ou", "domaincomponent": "dc",
  ]

  private static let secrets: Set = [
    "userpassword", "unicodepwd", "authpassword", "userpkcs12", "dbcspwd", "ntpwdhistory", "lmpwdhistory",
    "supplementalcredentials", "sambantpassword", "sambalmpassword", "sambapasswordhistory", "krbprincipalkey",
    "ipanthash", "ms-mcs-admpwd", "mslaps-password", "mslaps-encryptedpassword",
  ]
}
