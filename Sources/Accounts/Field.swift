/// A field of an account as targets hear it. The canonical fields follow SCIM's names (RFC 7643), flat; a target's file
/// may add fields of its own.
public struct Field: RawRepresentable, Hashable, Sendable, Comparable {
  /// The name as written in files and payloads.
  public let rawValue: String

  /// A field by its name.
  public init(rawValue: String) { self.rawValue = rawValue }

  public static let userName = Field(rawValue: "userName")
  public static let active = Field(rawValue: "active")
  public static let displayName = Field(rawValue: "displayName")
  public static let givenName = Field(rawValue: "givenName")
  public static let familyName = Field(rawValue: "familyName")
  public static let email = Field(rawValue: "email")
  public static let aliases = Field(rawValue: "aliases")
  public static let phone = Field(rawValue: "phone")
  public static let mobile = Field(rawValue: "mobile")
  public static let fax = Field(rawValue: "fax")
  public static let homePhone = Field(rawValue: "homePhone")
  public static let `extension` = Field(rawValue: "extension")
  public static let title = Field(rawValue: "title")
  public static let department = Field(rawValue: "department")
  public static let organization = Field(rawValue: "organization")
  public static let employeeNumber = Field(rawValue: "employeeNumber")
  public static let manager = Field(rawValue: "manager")
  public static let street = Field(rawValue: "street")
  public static let locality = Field(rawValue: "locality")
  public static let region = Field(rawValue: "region")
  public static let postalCode = Field(rawValue: "postalCode")
  public static let country = Field(rawValue: "country")
  public static let photo = Field(rawValue: "photo")
  public static let url = Field(rawValue: "url")
  public static let note = Field(rawValue: "note")
  public static let groups = Field(rawValue: "groups")

  /// The canonical fields in the order in which they are shown and sent.
  public static let canonical: [Field] = [
    .userName, .active, .displayName, .givenName, .familyName, .email, .aliases, .phone, .mobile, .fax, .homePhone,
    .extension, .title, .department, .organization, .employeeNumber, .manager, .street, .locality, .region,
    .postalCode, .country, .photo, .url, .note, .groups,
  ]

  /// Fields that hold several values.
  public static let multiValued: Set<Field> = [.aliases, .groups]

  private static let rank = Dictionary(uniqueKeysWithValues: canonical.enumerated().map { ($0.element, $0.offset) })

  /// Canonical fields first, in their order, then the others by name.
  public static func < (left: Field, right: Field) -> Bool {
    switch (rank[left], rank[right]) {
    case (let left?, let right?): left < right
    case (.some, nil): true
    case (nil, .some): false
    case (nil, nil): left.rawValue < right.rawValue
    }
  }
}

/// The value of a field. Absent is the absence of the field, never an empty value.
public enum FieldValue: Hashable, Sendable {
  case text(String)
  /// Several values, without order or repetition.
  case list([String])
  case flag(Bool)
  /// Octets, such as a photo: large values travel by reference until a target asks for them.
  case octets([UInt8])
  /// The SHA-256 of octets that are kept in the ledger.
  case reference([UInt8])
}
