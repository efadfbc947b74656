public import Directory

/// Whose server it is, as far as the mechanisms have to know.
public enum ServerVendor: String, Sendable, CaseIterable {
  case openLDAP = "OpenLDAP"
  /// 389 Directory Server and its kin.
  case netscape389 = "389 Directory Server"
  case activeDirectory = "Active Directory"
  case samba = "Samba"
  case apacheDS = "ApacheDS"
  case eDirectory = "eDirectory"
  /// One that does not say, or is not known here.
  case other = "unknown server"

  /// Reads it from the root DSE (RFC 4512, section 5.1; vendorName is RFC 3045's).
  public init(rootDSE: Attributes) {
    let vendor = (rootDSE.texts("vendorname") + rootDSE.texts("vendorversion")).joined(separator: " ").lowercased()
    let classes = (rootDSE.texts("objectclass") + rootDSE.texts("structuralobjectclass")).map { $0.lowercased() }
    if classes.contains("openldaprootdse") || vendor.contains("openldap") {
      self = .openLDAP
    } else if ["389", "red hat", "fedora", "netscape"].contains(where: vendor.contains) {
      self = .netscape389
    } else if vendor.contains("samba") {
      self = .samba
    } else if vendor.contains("apache") {
      self = .apacheDS
    } else if ["novell", "netiq", "opentext"].contains(where: vendor.contains) {
      self = .eDirectory
    } else if rootDSE.texts("supportedcapabilities").contains("1.2.840.113556.1.4.800") {
      self = .activeDirectory
    } else {
      self = .other
    }
  }
}
