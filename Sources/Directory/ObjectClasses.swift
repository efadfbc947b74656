/// Which object classes are derived from which, for those that directories of people use: RFC 4519, 2798, 4524, 2307 and
/// Active Directory's. Servers match an entry by the superiors of its classes, but not all of them store these.
enum ObjectClasses {
  private static let superior: [String: String] = [
    "organizationalperson": "person", "residentialperson": "person", "pilotperson": "person",
    "newpilotperson": "person", "inetorgperson": "organizationalperson", "user": "organizationalperson",
    "contact": "organizationalperson", "computer": "user", "msds-managedserviceaccount": "computer",
    "msds-groupmanagedserviceaccount": "computer", "domaindns": "domain", "dnsdomain": "domain",
    "rfc822localpart": "domain", "friendlycountry": "country", "pilotorganization": "organizationalunit",
    "nsorgperson": "inetorgperson",
  ]

  /// The class and all known ones derived from it, in the form that is compared; nil for `top`, which every entry has.
  static func derived(from name: [UInt8]) -> [[UInt8]]? {
    let wanted = String(decoding: name, as: UTF8.self)
    guard wanted != "top" else { return nil }
    var found = [wanted]
    for (derived, _) in superior {
      var ancestor = superior[derived]
      while let name = ancestor {
        if name == wanted { found.append(derived) }
        ancestor = superior[name]
      }
    }
    return found.map { Array($0.utf8) }
  }
}
