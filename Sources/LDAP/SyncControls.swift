public import Directory
internal import SwiftASN1

/// The Sync Request control (RFC 4533, section 2.2) that turns a search into a synchronisation.
public struct SyncRequestControl: Sendable, Equatable {
  /// `1.3.6.1.4.1.4203.1.9.1.1`
  public static let oid = "1.3.6.1.4.1.4203.1.9.1.1"

  /// What is asked for.
  public enum Mode: Int, Sendable {
    /// What has changed since the cookie, then the end.
    case refreshOnly = 1
    /// What has changed since the cookie, then changes as they happen.
    case refreshAndPersist = 3
  }

  /// What is asked for.
  public var mode: Mode
  /// Where to go on; nil or empty to begin from nothing.
  public var cookie: [UInt8]?
  /// Whether the server, if it cannot go on from the cookie, should send everything instead of e-syncRefreshRequired.
  public var reloadHint: Bool

  /// A request.
  public init(mode: Mode, cookie: [UInt8]? = nil, reloadHint: Bool = false) {
    self.mode = mode
    self.cookie = cookie
    self.reloadHint = reloadHint
  }

  /// The control, critical.
  public var control: Control {
    // Appending octets cannot fail; the serializer throws for the sake of nodes that validate themselves.
    var coder = DER.Serializer()
    coder.appendConstructedNode(identifier: .sequence) { coder in
      coder.appendPrimitiveNode(identifier: .enumerated) { $0.append(UInt8(mode.rawValue)) }
      if let cookie, !cookie.isEmpty {
        coder.appendPrimitiveNode(identifier: .octetString) { $0.append(contentsOf: cookie) }
      }
      if reloadHint { coder.appendPrimitiveNode(identifier: .boolean) { $0.append(0xff) } }
    }
    return Control(oid: Self.oid, critical: true, value: coder.serializedBytes)
  }
}

/// The Sync State control (RFC 4533, section 2.3) of an entry or reference.
public struct SyncStateValue: Sendable, Equatable {
  /// `1.3.6.1.4.1.4203.1.9.1.2`
  public static let oid = "1.3.6.1.4.1.4203.1.9.1.2"

  /// What the message says about the entry.
  public enum State: Int, Sendable {
    case present, add, modify, delete
  }

  /// What the message says about the entry.
  public var state: State
  /// The entry's identity.
  public var id: StableID
  /// Where to go on once this message is taken.
  public var cookie: [UInt8]?

  /// A value by its parts.
  public init(state: State, id: StableID, cookie: [UInt8]? = nil) {
    self.state = state
    self.id = id
    self.cookie = cookie
  }

  /// Decodes a control's value. Throws ``LDAPError/Code/malformed``.
  public init(decoding octets: [UInt8]) throws(LDAPError) {
    if let short = Self(usual: octets) {
      self = short
      return
    }
    let what = "Sync State control"
    var value: SyncStateValue?
    try ASN1Node.of(octets, as: what) { node in
      var parts = try BERParts(node.expecting(.sequence))
      guard let state = State(rawValue: try parts.enumerated()) else {
        throw ASN1Error.invalidASN1Object(reason: "unknown state")
      }
      let id = try parts.required(.octetString).identifier16
      value = SyncStateValue(state: state, id: id, cookie: try parts.optionalOctets())
    }
    guard let value else { throw .undecodable(what, "empty") }
    self = value
  }

  /// A refresh brings one of these with each entry, without a cookie and in the shortest encoding, twenty-three octets.
  private init?(usual octets: [UInt8]) {
    guard octets.count == 23, octets[0] == 0x30, octets[1] == 21, octets[2] == 0x0a, octets[3] == 1,
      octets[5] == 0x04, octets[6] == 16,
      let state = State(rawValue: Int(octets[4]))
    else { return nil }
    let (high, low) = octets.withUnsafeBytes {
      (
        UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 7, as: UInt64.self)),
        UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 15, as: UInt64.self))
      )
    }
    self.init(state: state, id: .uuid(high, low))
  }

  /// The value among an entry's controls, if there is one.
  public static func find(in controls: [Control]) throws(LDAPError) -> SyncStateValue? {
    for control in controls where control.oid == oid { return try SyncStateValue(decoding: control.value ?? []) }
    return nil
  }
}

/// The Sync Done control (RFC 4533, section 2.4) of the result that ends a refresh.
public struct SyncDoneValue: Sendable, Equatable {
  /// `1.3.6.1.4.1.4203.1.9.1.3`
  public static let oid = "1.3.6.1.4.1.4203.1.9.1.3"

  /// Where to go on.
  public var cookie: [UInt8]?
  /// Whether the refresh told deletes, so that silence about an entry means that it is unchanged.
  public var refreshDeletes: Bool

  /// A value by its parts.
  public init(cookie: [UInt8]? = nil, refreshDeletes: Bool = false) {
    self.cookie = cookie
    self.refreshDeletes = refreshDeletes
  }

  /// Decodes a control's value. Throws ``LDAPError/Code/malformed``.
  public init(decoding octets: [UInt8]) throws(LDAPError) {
    var value = SyncDoneValue()
    try ASN1Node.of(octets, as: "Sync Done control") { node in
      var parts = try BERParts(node.expecting(.sequence))
      value.cookie = try parts.optionalOctets()
      value.refreshDeletes = try parts.boolean(default: false)
    }
    self = value
  }

  /// The value among a result's controls, if there is one.
  public static func find(in controls: [Control]) throws(LDAPError) -> SyncDoneValue? {
    for control in controls where control.oid == oid { return try SyncDoneValue(decoding: control.value ?? []) }
    return nil
  }
}

/// A Sync Info message (RFC 4533, section 2.5), an intermediate response.
public enum SyncInfoValue: Sendable, Equatable {
  /// `1.3.6.1.4.1.4203.1.9.1.4`
  public static let oid = "1.3.6.1.4.1.4203.1.9.1.4"

  /// Where to go on, and nothing else.
  case newCookie([UInt8])
  /// The delete phase is over; with `done`, so is the refresh.
  case refreshDelete(cookie: [UInt8]?, done: Bool)
  /// The present phase is over; with `done`, so is the refresh.
  case refreshPresent(cookie: [UInt8]?, done: Bool)
  /// Entries that are gone (`refreshDeletes`), or present and unchanged.
  case syncIdSet(cookie: [UInt8]?, refreshDeletes: Bool, ids: [StableID])

  /// Decodes a message's value. Throws ``LDAPError/Code/malformed``.
  public init(decoding octets: [UInt8]) throws(LDAPError) {
    let what = "Sync Info message"
    var value: SyncInfoValue?
    try ASN1Node.of(octets, as: what) { node in
      switch (node.identifier.tagClass, node.identifier.tagNumber) {
      case (.contextSpecific, 0): value = .newCookie(Array(try node.octets))
      case (.contextSpecific, 1): value = try Self.phase(node) { .refreshDelete(cookie: $0, done: $1) }
      case (.contextSpecific, 2): value = try Self.phase(node) { .refreshPresent(cookie: $0, done: $1) }
      case (.contextSpecific, 3): value = try Self.idSet(node)
      default: throw ASN1Error.unexpectedFieldType(node.identifier)
      }
    }
    guard let value else { throw .undecodable(what, "empty") }
    self = value
  }

  private static func phase(_ node: ASN1Node, _ make: ([UInt8]?, Bool) -> SyncInfoValue) throws -> SyncInfoValue {
    var parts = try BERParts(node)
    let cookie = try parts.optionalOctets()
    return make(cookie, try parts.boolean(default: true))
  }

  private static func idSet(_ node: ASN1Node) throws -> SyncInfoValue {
    var parts = try BERParts(node)
    let cookie = try parts.optionalOctets()
    let deletes = try parts.boolean(default: false)
    guard case .constructed(let members) = try parts.required(.set).content else {
      throw ASN1Error.invalidASN1Object(reason: "no set")
    }
    var ids: [StableID] = []
    for member in members { ids.append(try member.expecting(.octetString).identifier16) }
    return .syncIdSet(cookie: cookie, refreshDeletes: deletes, ids: ids)
  }
}

extension ASN1Node {
  fileprivate func expecting(_ expected: ASN1Identifier) throws -> ASN1Node {
    guard identifier == expected else { throw ASN1Error.unexpectedFieldType(identifier) }
    return self
  }

  /// A UUID's sixteen octets.
  fileprivate var identifier16: StableID {
    get throws {
      guard let id = StableID(octets: try octets) else {
        throw ASN1Error.invalidASN1Object(reason: "not sixteen octets")
      }
      return id
    }
  }
}
