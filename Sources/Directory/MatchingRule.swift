/// How the values of an attribute are compared (RFC 4517), by the attribute's usual schema: RFC 4519, 2798, 2307 and
/// Active Directory's. What is not listed is compared without regard to case.
enum MatchingRule: Sendable {
  case caseIgnore
  /// ASCII alone (IA5 String): an assertion may be empty, and the ends of a part of a value are trimmed like its own.
  case ia5
  /// The same, where case counts.
  case caseExact
  case integer
  /// Case, spaces and hyphens do not count (telephoneNumberMatch, numericStringMatch).
  case telephone
  case time
  case distinguishedName
  case uuid
  case octets
  case objectClass
  case objectCategory

  /// The rule of an attribute, by its lower-case name without options.
  init(attribute: String) { self = Self.byAttribute[attribute] ?? .caseIgnore }

  private static let byAttribute: [String: MatchingRule] = {
    let groups: [(MatchingRule, String)] = [
      (.objectClass, "objectclass structuralobjectclass"),
      (.objectCategory, "objectcategory"),
      (.uuid, "entryuuid"),
      (
        .distinguishedName,
        """
        member uniquemember memberof owner roleoccupant seealso manager secretary distinguishedname entrydn \
        aliasedobjectname creatorsname modifiersname managedby managedobjects directreports dn subschemasubentry \
        documentauthor assistant altrecipient msexchassistantname homemta homemdb lastknownparent groupmembership \
        securityequals equivalenttome nsparentdn nsroledn nsrole ismemberof
        """
      ),
      (
        .octets,
        """
        objectguid objectsid sidhistory jpegphoto thumbnailphoto thumbnaillogo photo audio usercertificate \
        usersmimecertificate userpkcs12 cacertificate userpassword msexchmailboxguid \
        ms-ds-consistencyguid logonhours guid
        """
      ),
      (
        .integer,
        """
        uidnumber gidnumber useraccountcontrol admincount grouptype samaccounttype instancetype primarygroupid \
        usnchanged usncreated entryusn pwdlastset accountexpires lastlogon lastlogontimestamp lockouttime badpwdcount \
        badpasswordtime logoncount shadowlastchange shadowmin shadowmax shadowwarning shadowinactive shadowexpire \
        shadowflag systemflags searchflags codepage countrycode msds-user-account-control-computed \
        msds-supportedencryptiontypes msexchrecipienttypedetails msexchrecipientdisplaytype \
        numsubordinates subordinatecount
        """
      ),
      (
        .time,
        """
        createtimestamp modifytimestamp whencreated whenchanged pwdchangedtime pwdaccountlockedtime \
        authtimestamp pwdfailuretime passwordexpirationtime accountunlocktime
        """
      ),
      (
        .telephone,
        "telephonenumber mobile homephone pager facsimiletelephonenumber x121address internationalisdnnumber"
      ),
      (.ia5, "mail rfc822mailbox dc domaincomponent associateddomain gecos"),
      (.caseExact, "homedirectory loginshell memberuid membernisnetgroup nisnetgrouptriple automountinformation"),
    ]
    var table: [String: MatchingRule] = [:]
    for (rule, names) in groups { for name in names.split(separator: " ") { table[String(name)] = rule } }
    return table
  }()

  /// The assertion in the form that is compared; nil if it cannot be one of this syntax, which makes the item undefined.
  func prepared(_ assertion: [UInt8]) -> [UInt8]? {
    switch self {
    case .integer: return Self.integer(assertion) == nil ? nil : assertion
    case .time: return Self.time(assertion)
    case .uuid: return StableID(printed: String(decoding: assertion, as: UTF8.self))?.stored
    case .distinguishedName:
      let name = DistinguishedName(String(decoding: assertion, as: UTF8.self))
      return name.isValid ? name.key : nil
    case .objectCategory where assertion.contains(UInt8(ascii: "=")):
      return MatchingRule.distinguishedName.prepared(assertion)
    case .objectCategory: return Self.category(of: assertion)
    case .octets: return assertion
    case .caseIgnore, .objectClass, .ia5, .caseExact, .telephone: return prepared(part: assertion, ends: .trimmed)
    }
  }

  /// The whole or a part of a text in the form that is compared; nil if it cannot be one of this syntax.
  func prepared(part: [UInt8], ends: StringPreparation.Ends) -> [UInt8]? {
    switch self {
    case .ia5, .caseExact: guard part.allSatisfy({ $0 < 0x80 }) else { return nil }
    case .telephone: guard part.allSatisfy(Self.isPrintable) else { return nil }
    case .caseIgnore, .objectClass: guard !part.isEmpty else { return nil }
    default: return nil
    }
    let form = form(of: part, ends: ends)
    return self == .telephone && form.isEmpty ? nil : form
  }

  private func form(of octets: some Collection<UInt8>, ends: StringPreparation.Ends) -> [UInt8] {
    switch self {
    case .telephone:
      return StringPreparation.prepared(octets.filter { $0 != 0x20 && $0 != 0x2d }, ends: .middle)
    case .ia5, .caseExact:
      let form = StringPreparation.prepared(octets, ends: .trimmed, foldingCase: self == .ia5)
      return form == [0x20] ? [] : form
    default: return StringPreparation.prepared(octets, ends: ends)
    }
  }

  /// A value in the form that is compared.
  func form(of value: ArraySlice<UInt8>) -> [UInt8] { form(of: value, ends: .trimmed) }

  /// What a printable string consists of (RFC 4517, section 3.3.29).
  private static func isPrintable(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x20, 0x27...0x29, 0x2b...0x2f, 0x3a, 0x3d, 0x3f: true
    default: false
    }
  }

  /// Whether a value equals a prepared assertion.
  func equal(_ value: ArraySlice<UInt8>, _ assertion: [UInt8]) -> Truth {
    switch self {
    case .caseIgnore, .objectClass: return Truth(StringPreparation.isEqual(value, toPrepared: assertion))
    case .octets: return Truth(value.elementsEqual(assertion))
    case .ia5, .caseExact, .telephone: return Truth(form(of: value) == assertion)
    case .integer:
      guard let one = Self.integer(value), let other = Self.integer(assertion) else { return .undefined }
      return Truth(one == other)
    case .time, .uuid, .distinguishedName:
      guard let form = prepared(Array(value)) else { return .undefined }
      return Truth(form == assertion)
    case .objectCategory:
      let name = DistinguishedName(String(decoding: value, as: UTF8.self))
      guard let rdn = (try? NameScanner.scan(name.string))?.first?.assertions.first else { return .undefined }
      return Truth(name.key == assertion || Self.category(of: rdn.value) == assertion)
    }
  }

  /// Where a value stands in relation to a prepared assertion: negative before, positive after; nil if the two have no
  /// order. Values of unknown attributes are ordered as numbers if both are numbers.
  func order(_ value: ArraySlice<UInt8>, _ assertion: [UInt8]) -> Int? {
    switch self {
    case .distinguishedName, .uuid, .objectClass, .objectCategory: return nil
    case .integer:
      guard let one = Self.integer(value), let other = Self.integer(assertion) else { return nil }
      return one < other ? -1 : one == other ? 0 : 1
    case .time:
      guard let form = prepared(Array(value)) else { return nil }
      return Self.order(form, assertion)
    case .octets: return Self.order(Array(value), assertion)
    case .caseIgnore, .ia5, .caseExact, .telephone:
      if let one = Self.integer(value), let other = Self.integer(assertion) {
        return one < other ? -1 : one == other ? 0 : 1
      }
      return Self.order(form(of: value), assertion)
    }
  }

  /// Whether the rule has a counterpart for substrings.
  var hasSubstrings: Bool {
    switch self {
    case .caseIgnore, .ia5, .caseExact, .telephone: true
    default: false
    }
  }

  private static func order(_ left: [UInt8], _ right: [UInt8]) -> Int {
    left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
  }

  /// A number as LDAP writes it, up to 64 bits; nil for anything else.
  static func integer(_ octets: some Collection<UInt8>) -> Int64? {
    guard let first = octets.first, first != UInt8(ascii: "+"), octets.count <= 20 else { return nil }
    return Int64(String(decoding: octets, as: UTF8.self))
  }

  /// A generalized time in UTC (RFC 4517, section 3.3.13) with seconds and without needless zeros, so that order in time
  /// is order of octets; nil for other zones and other texts.
  private static func time(_ octets: [UInt8]) -> [UInt8]? {
    guard octets.last == UInt8(ascii: "Z") else { return nil }
    var digits: [UInt8] = []
    var fraction: [UInt8]?
    for octet in octets.dropLast() {
      if (0x30...0x39).contains(octet) {
        if fraction == nil { digits.append(octet) } else { fraction?.append(octet) }
      } else if octet == UInt8(ascii: ".") || octet == UInt8(ascii: ","), fraction == nil {
        fraction = []
      } else {
        return nil
      }
    }
    guard [10, 12, 14].contains(digits.count), fraction == nil || digits.count == 14 else { return nil }
    digits += Array(repeating: UInt8(ascii: "0"), count: 14 - digits.count)
    while fraction?.last == UInt8(ascii: "0") { fraction?.removeLast() }
    return digits + (fraction ?? [])
  }

  /// The common name of the category that Active Directory takes a class name to mean, `person` for `user`.
  private static func category(of name: [UInt8]) -> [UInt8] {
    let plain = name.filter { $0 != UInt8(ascii: "-") }.map(\.asciiLowercased)
    return switch String(decoding: plain, as: UTF8.self) {
    case "user", "contact", "inetorgperson", "organizationalperson": Array("person".utf8)
    default: plain
    }
  }
}

/// The matching rules of extensible matches that can be evaluated here, by name and number.
enum ExtensibleRule: Sendable {
  case compare(MatchingRule)
  case bitAnd
  case bitOr

  /// LDAP_MATCHING_RULE_IN_CHAIN of Active Directory.
  static let inChain = "1.2.840.113556.1.4.1941"

  init?(_ rule: String) {
    switch rule.lowercased() {
    case "1.2.840.113556.1.4.803", "integerbitandmatch": self = .bitAnd
    case "1.2.840.113556.1.4.804", "integerbitormatch": self = .bitOr
    case "2.5.13.2", "caseignorematch": self = .compare(.caseIgnore)
    case "1.3.6.1.4.1.1466.109.114.2", "caseignoreia5match": self = .compare(.ia5)
    case "2.5.13.5", "caseexactmatch", "1.3.6.1.4.1.1466.109.114.1", "caseexactia5match":
      self = .compare(.caseExact)
    case "2.5.13.14", "integermatch": self = .compare(.integer)
    case "2.5.13.20", "telephonenumbermatch", "2.5.13.8", "numericstringmatch": self = .compare(.telephone)
    case "2.5.13.27", "generalizedtimematch": self = .compare(.time)
    case "2.5.13.1", "distinguishednamematch": self = .compare(.distinguishedName)
    case "1.3.6.1.1.16.2", "uuidmatch": self = .compare(.uuid)
    case "2.5.13.17", "octetstringmatch": self = .compare(.octets)
    case "2.5.13.0", "objectidentifiermatch": self = .compare(.caseIgnore)
    default: return nil
    }
  }
}
