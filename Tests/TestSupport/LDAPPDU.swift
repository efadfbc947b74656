/// LDAP messages (RFC 4511) and the values of the Sync controls (RFC 4533) as octets, for a scripted server.
public enum LDAPPDU {
  /// A control of a message.
  public struct Control: Sendable {
    /// The control's type.
    public var oid: String
    /// Its criticality.
    public var critical: Bool
    /// Its value.
    public var value: [UInt8]?

    /// A control.
    public init(_ oid: String, critical: Bool = false, value: [UInt8]? = nil) {
      self.oid = oid
      self.critical = critical
      self.value = value
    }
  }

  /// A message around an operation.
  public static func message(_ id: Int, _ operation: [UInt8], controls: [Control] = []) -> [UInt8] {
    let list = controls.map { control in
      BER.node(
        0x30,
        [
          BER.string(control.oid), control.critical ? BER.boolean(true) : [],
          control.value.map { BER.octets($0) } ?? [],
        ])
    }
    return BER.node(0x30, [BER.integer(id), operation, list.isEmpty ? [] : BER.node(0xa0, list)])
  }

  /// A result of any kind; see the functions below for the tags.
  public static func result(
    _ id: Int, tag: UInt8, code: Int = 0, matchedDN: String = "", diagnostic: String = "", referrals: [String] = [],
    extra: [UInt8] = [], controls: [Control] = []
  ) -> [UInt8] {
    let uris = referrals.isEmpty ? [] : BER.node(0xa3, referrals.map { BER.string($0) })
    return message(
      id,
      BER.node(
        tag, [BER.integer(code, tag: 0x0a), BER.string(matchedDN), BER.string(diagnostic), uris, extra]),
      controls: controls)
  }

  /// A BindResponse.
  public static func bindResponse(_ id: Int, code: Int = 0, diagnostic: String = "") -> [UInt8] {
    result(id, tag: 0x61, code: code, diagnostic: diagnostic)
  }

  /// A SearchResultEntry.
  public static func searchEntry(
    _ id: Int, dn: String, attributes: [(String, [[UInt8]])] = [], controls: [Control] = []
  ) -> [UInt8] {
    let list = attributes.map { name, values in
      BER.sequence(BER.string(name), BER.node(0x31, values.map { BER.octets($0) }))
    }
    return message(id, BER.node(0x64, [BER.string(dn), BER.node(0x30, list)]), controls: controls)
  }

  /// A SearchResultEntry with texts.
  public static func searchEntry(
    _ id: Int, dn: String, texts: [(String, [String])], controls: [Control] = []
  ) -> [UInt8] {
    searchEntry(id, dn: dn, attributes: texts.map { ($0, $1.map { Array($0.utf8) }) }, controls: controls)
  }

  /// A SearchResultReference.
  public static func searchReference(_ id: Int, _ urls: [String]) -> [UInt8] {
    message(id, BER.node(0x73, urls.map { BER.string($0) }))
  }

  /// A SearchResultDone.
  public static func searchDone(
    _ id: Int, code: Int = 0, matchedDN: String = "", diagnostic: String = "", referrals: [String] = [],
    controls: [Control] = []
  ) -> [UInt8] {
    result(
      id, tag: 0x65, code: code, matchedDN: matchedDN, diagnostic: diagnostic, referrals: referrals, controls: controls)
  }

  /// An IntermediateResponse.
  public static func intermediate(
    _ id: Int, oid: String?, value: [UInt8]?, controls: [Control] = []
  ) -> [UInt8] {
    message(
      id,
      BER.node(0x79, [oid.map { BER.string($0, tag: 0x80) } ?? [], value.map { BER.octets($0, tag: 0x81) } ?? []]),
      controls: controls)
  }

  /// An ExtendedResponse.
  public static func extendedResponse(
    _ id: Int, code: Int = 0, diagnostic: String = "", oid: String? = nil, value: [UInt8]? = nil
  ) -> [UInt8] {
    result(
      id, tag: 0x78, code: code, diagnostic: diagnostic,
      extra: (oid.map { BER.string($0, tag: 0x8a) } ?? []) + (value.map { BER.octets($0, tag: 0x8b) } ?? []))
  }

  /// The Notice of Disconnection (RFC 4511, section 4.4.1).
  public static func noticeOfDisconnection(code: Int = 52, diagnostic: String = "") -> [UInt8] {
    extendedResponse(0, code: code, diagnostic: diagnostic, oid: "1.3.6.1.4.1.1466.20036")
  }
}

/// The Sync operation's controls and messages (RFC 4533, section 2) for a scripted server.
public enum SyncPDU {
  /// 1.3.6.1.4.1.4203.1.9.1.1, the request's control.
  public static let request = "1.3.6.1.4.1.4203.1.9.1.1"
  /// 1.3.6.1.4.1.4203.1.9.1.4, the intermediate messages.
  public static let info = "1.3.6.1.4.1.4203.1.9.1.4"

  /// A Sync State control; `state` is 0 present, 1 add, 2 modify, 3 delete.
  public static func state(_ state: Int, uuid: [UInt8], cookie: String? = nil) -> LDAPPDU.Control {
    LDAPPDU.Control(
      "1.3.6.1.4.1.4203.1.9.1.2",
      value: BER.node(0x30, [BER.integer(state, tag: 0x0a), BER.octets(uuid), cookie.map { BER.string($0) } ?? []]))
  }

  /// A Sync Done control.
  public static func done(cookie: String? = nil, refreshDeletes: Bool = false) -> LDAPPDU.Control {
    LDAPPDU.Control(
      "1.3.6.1.4.1.4203.1.9.1.3",
      value: BER.node(
        0x30, [cookie.map { BER.string($0) } ?? [], refreshDeletes ? BER.boolean(true) : []]))
  }

  /// A Sync Info message `newcookie`.
  public static func newCookie(_ id: Int, _ cookie: String) -> [UInt8] {
    LDAPPDU.intermediate(id, oid: info, value: BER.string(cookie, tag: 0x80))
  }

  /// A Sync Info message `refreshDelete`.
  public static func refreshDelete(_ id: Int, cookie: String? = nil, done: Bool = true) -> [UInt8] {
    phase(id, 0xa1, cookie, done)
  }

  /// A Sync Info message `refreshPresent`.
  public static func refreshPresent(_ id: Int, cookie: String? = nil, done: Bool = true) -> [UInt8] {
    phase(id, 0xa2, cookie, done)
  }

  /// A Sync Info message `syncIdSet`.
  public static func idSet(_ id: Int, cookie: String? = nil, refreshDeletes: Bool, uuids: [[UInt8]]) -> [UInt8] {
    LDAPPDU.intermediate(
      id, oid: info,
      value: BER.node(
        0xa3,
        [
          cookie.map { BER.string($0) } ?? [], refreshDeletes ? BER.boolean(true) : [],
          BER.node(0x31, uuids.map { BER.octets($0) }),
        ]))
  }

  /// Sixteen octets that differ for each number.
  public static func uuid(_ number: Int) -> [UInt8] {
    (0..<16).map { $0 < 8 ? 0xa0 + UInt8($0) : UInt8(truncatingIfNeeded: number >> (8 * (15 - $0))) }
  }

  private static func phase(_ id: Int, _ tag: UInt8, _ cookie: String?, _ done: Bool) -> [UInt8] {
    // refreshDone is TRUE by default, so DER leaves it out.
    LDAPPDU.intermediate(
      id, oid: info, value: BER.node(tag, [cookie.map { BER.string($0) } ?? [], done ? [] : BER.boolean(false)]))
  }
}
