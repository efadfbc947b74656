extension Rules {
  /// The standard rules as they would be written in the file, in canonical order.
  ///
  /// Where servers differ, inetOrgPerson's attribute comes first and Active Directory's second. An address stays as the
  /// directory writes it; aliases are in small letters so that none is there twice. `active` is false for what the
  /// servers call disabled: Active Directory's ACCOUNTDISABLE bit, 389-DS's nsAccountLock, eDirectory's loginDisabled,
  /// and the value of pwdAccountLockedTime that says "until an administrator unlocks it" (draft-behera-ldap-password-
  /// policy, section 5.3.3); a lock after wrong passwords passes by itself and disables nobody.
  public static let standardTexts: [(field: Field, expression: String)] = [
    (.userName, "uid ?? sAMAccountName | lowercase"),
    (
      .active,
      """
      not (userAccountControl | hasBit(2)) and (nsAccountLock | lowercase) != "true" \
      and (loginDisabled | lowercase) != "true" and pwdAccountLockedTime != "000001010000Z"
      """
    ),
    (.displayName, "displayName ?? cn"),
    (.givenName, "givenName"),
    (.familyName, "sn"),
    (.email, "mail"),
    (
      .aliases,
      """
      all(mail, mailAlternateAddress, otherMailbox, proxyAddresses | withPrefix("smtp:") | withoutPrefix("smtp:")) \
      | lowercase | unique
      """
    ),
    (.phone, "telephoneNumber"),
    (.mobile, "mobile"),
    (.fax, #"facsimileTelephoneNumber | before("$")"#),
    (.homePhone, "homePhone"),
    (.extension, "ipPhone"),
    (.title, "title"),
    (.department, "department ?? departmentNumber ?? ou"),
    (.organization, "o ?? company"),
    (.employeeNumber, "employeeNumber ?? employeeID"),
    (.manager, "manager"),
    (.street, "street ?? streetAddress"),
    (.locality, "l"),
    (.region, "st"),
    (.postalCode, "postalCode"),
    (.country, "c ?? co"),
    (.photo, "jpegPhoto ?? thumbnailPhoto"),
    (.url, #"wWWHomePage ?? labeledURI | before(" ")"#),
    (.note, "info ?? description"),
  ]

  /// The standard rules, parsed. A text that does not parse would leave its field without a rule; the tests parse each.
  static let standardExpressions = Dictionary(
    uniqueKeysWithValues: standardTexts.compactMap { field, text in
      (try? Expression(parsing: text, giving: field.type)).map { (field, $0) }
    })
}
