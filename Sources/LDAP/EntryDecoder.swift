internal import CLDAP
internal import Directory

/// Turns libldap's messages into values. An entry's octets are copied once, from the message to the canonical run of
/// its attributes; the lists of pointers on the way are kept from entry to entry.
struct EntryDecoder {
  private var attributes: [(description: UnsafeRawBufferPointer, values: Range<Int>)] = []
  private var values: [UnsafeRawBufferPointer] = []
  private var borrowed: [UnsafeMutablePointer<berval>] = []

  /// The message as a value, and about how many octets it takes.
  mutating func decode(
    _ message: LDAPMessage, _ handle: borrowing LDAPHandle
  ) throws(LDAPError) -> (SearchMessage, size: Int) {
    switch message.type {
    case Int32(LDAP_RES_SEARCH_ENTRY):
      let entry = try entry(message, handle)
      return (.entry(entry), entry.attributes.bytes.count + 128)
    case Int32(LDAP_RES_SEARCH_REFERENCE):
      var urls: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
      let code = ldap_parse_reference(handle.raw, message.raw, &urls, nil, 0)
      defer { ldap_memvfree(UnsafeMutableRawPointer(urls)?.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)) }
      guard code == LDAP_SUCCESS else { throw handle.failure("search", code) }
      return (.reference(strings(urls)), 256)
    case Int32(LDAP_RES_INTERMEDIATE):
      return try intermediate(message, handle)
    default:
      // SearchResultDone; or the ExtendedResponse by which Samba refuses a critical control.
      return (.done(try handle.result(of: message, "search")), 128)
    }
  }

  private func intermediate(
    _ message: LDAPMessage, _ handle: borrowing LDAPHandle
  ) throws(LDAPError) -> (SearchMessage, size: Int) {
    var oid: UnsafeMutablePointer<CChar>?
    var value: UnsafeMutablePointer<berval>?
    var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
    let code = ldap_parse_intermediate(handle.raw, message.raw, &oid, &value, &controls, 0)
    defer {
      ldap_memfree(oid)
      ber_bvfree(value)
      ldap_controls_free(controls)
    }
    guard code == LDAP_SUCCESS else { throw handle.failure("search", code) }
    let octets = value.map { Array($0.pointee.octets) }
    return (
      .intermediate(oid: oid.map { String(cString: $0) }, value: octets, controls: Control.list(controls)),
      (octets?.count ?? 0) + 128
    )
  }

  private mutating func entry(
    _ message: LDAPMessage, _ handle: borrowing LDAPHandle
  ) throws(LDAPError) -> SearchEntry {
    // liblber decodes in place and ends strings by overwriting the tag that follows: the controls, which stand last,
    // can only be read first.
    var list: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
    var code = ldap_get_entry_controls(handle.raw, message.raw, &list)
    guard code == LDAP_SUCCESS else { throw handle.failure("search", code) }
    let controls = Control.list(list)
    ldap_controls_free(list)

    var ber: OpaquePointer?
    var name = berval()
    code = ldap_get_dn_ber(handle.raw, message.raw, &ber, &name)
    defer {
      ber_free(ber, 0)
      for array in borrowed { ber_memfree(array) }
      borrowed.removeAll(keepingCapacity: true)
      attributes.removeAll(keepingCapacity: true)
      values.removeAll(keepingCapacity: true)
    }
    guard code == LDAP_SUCCESS else { throw handle.failure("search", code) }
    let dn = String(decoding: name.octets, as: UTF8.self)
    while true {
      var description = berval()
      var array: UnsafeMutablePointer<berval>?
      code = ldap_get_attribute_ber(handle.raw, message.raw, ber, &description, &array)
      guard code == LDAP_SUCCESS else { throw handle.failure("search", code) }
      guard description.bv_val != nil else { break }
      let first = values.count
      if let array {
        borrowed.append(array)
        // An array of bervals ends with one that points nowhere.
        var next = array
        while next.pointee.bv_val != nil {
          values.append(next.pointee.octets)
          next += 1
        }
      }
      attributes.append((description.octets, first..<values.count))
    }
    return SearchEntry(dn: dn, attributes: Attributes(encoding: &attributes, values: &values), controls: controls)
  }
}

extension berval {
  /// The octets pointed at; valid as long as what they belong to.
  var octets: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bv_val, count: Int(bv_len)) }
}
