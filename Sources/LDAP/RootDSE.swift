public import Directory

/// What a server says about itself (RFC 4512, section 5.1).
public struct RootDSE: Sendable, Equatable {
  /// The attributes as read.
  public let attributes: Attributes

  /// A root DSE from its attributes.
  public init(_ attributes: Attributes) { self.attributes = attributes }

  /// What is asked for: `*` and `+`, and by name what Active Directory shows only then.
  static let asked = [
    "*", "+", "dnsHostName", "supportedCapabilities", "highestCommittedUSN", "firstchangenumber", "lastchangenumber",
  ]

  /// The suffixes it holds.
  public var namingContexts: [String] { attributes.texts("namingcontexts") }
  /// The suffix that Active Directory takes for its own.
  public var defaultNamingContext: String? { attributes.texts("defaultnamingcontext").first }
  /// Object identifiers of controls.
  public var supportedControl: Set<String> { Set(attributes.texts("supportedcontrol")) }
  /// Object identifiers of extended operations.
  public var supportedExtension: Set<String> { Set(attributes.texts("supportedextension")) }
  /// Object identifiers of features.
  public var supportedFeatures: Set<String> { Set(attributes.texts("supportedfeatures")) }
  /// SASL mechanisms offered on this connection.
  public var supportedSASLMechanisms: Set<String> { Set(attributes.texts("supportedsaslmechanisms")) }
  /// The maker.
  public var vendorName: String? { attributes.texts("vendorname").first }
  /// Product and version.
  public var vendorVersion: String? { attributes.texts("vendorversion").first }
  /// The root DSE's object classes; OpenLDAP's tell what it is.
  public var objectClass: [String] { attributes.texts("objectclass") + attributes.texts("structuralobjectclass") }
  /// The name by which the server knows itself, if it says.
  public var serverName: String? {
    attributes.texts("dnshostname").first ?? attributes.texts("servername").first
  }

  /// Whether the Sync Request control (RFC 4533) is offered.
  public var offersSync: Bool { supportedControl.contains(SyncRequestControl.oid) }
  /// Whether it is OpenLDAP's slapd.
  public var isOpenLDAP: Bool { objectClass.contains { $0.lowercased() == "openldaprootdse" } }
  /// Whether it is 389 Directory Server.
  public var is389: Bool {
    vendorName?.hasPrefix("389") == true || vendorVersion?.hasPrefix("389-Directory") == true
  }
  /// Whether it is Active Directory or Samba in its role (LDAP_CAP_ACTIVE_DIRECTORY_OID, MS-ADTS 3.1.1.3.4.3).
  public var isActiveDirectory: Bool { attributes.texts("supportedcapabilities").contains("1.2.840.113556.1.4.800") }

  /// The product in words, for a log line.
  public var product: String {
    if isOpenLDAP { return "OpenLDAP" }
    if is389 { return vendorVersion ?? "389 Directory Server" }
    if isActiveDirectory { return vendorName.map { "Active Directory (\($0))" } ?? "Active Directory" }
    let words = [vendorName, vendorVersion].compactMap { $0 }.joined(separator: " ")
    return words.isEmpty ? "an unknown LDAP server" : words
  }
}

extension LDAPConnection {
  /// Reads the root DSE.
  public func rootDSE() async throws(LDAPError) -> RootDSE {
    let request = SearchRequest(base: "", scope: .base, attributes: RootDSE.asked, timeLimit: 30)
    let (entries, _, result) = try await collect(request)
    guard let entry = entries.first else {
      let code = Int32(truncatingIfNeeded: result.code)
      throw LDAPError(
        LDAPError.Code(rawValue: result.code), operation: "read the root DSE", subject: session.url,
        cause: result.code == 0 ? "the server shows none" : LDAPError.text(code, result.diagnostic),
        hint: "let the bind identity read the entry with the empty name")
    }
    return RootDSE(entry.attributes)
  }
}
