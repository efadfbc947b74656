public import Directory

/// How far below the base a search looks (RFC 4511, section 4.5.1.2).
public enum Scope: Int32, Sendable, CaseIterable {
  /// The base alone.
  case base = 0
  /// Its children.
  case one = 1
  /// The base and everything below.
  case subtree = 2
}

/// A search (RFC 4511, section 4.5.1). Aliases are not followed.
public struct SearchRequest: Sendable, Equatable {
  /// The base's distinguished name; empty for the root DSE.
  public var base: String
  /// How far below the base.
  public var scope: Scope
  /// The filter in its string form (RFC 4515).
  public var filter: String
  /// The attributes to return: `*` all user attributes, `+` all operational ones, `1.1` none; empty is `*`.
  public var attributes: [String]
  /// Controls of the request.
  public var controls: [Control]
  /// How many entries at most; 0 is no limit on this side.
  public var sizeLimit: Int
  /// How many seconds the server may take; 0 is no limit on this side. With a limit, a server that is silent for that
  /// long and five seconds more is given up.
  public var timeLimit: Int

  /// A search with the defaults of a subtree search for everything.
  public init(
    base: String, scope: Scope = .subtree, filter: String = "(objectClass=*)", attributes: [String] = [],
    controls: [Control] = [], sizeLimit: Int = 0, timeLimit: Int = 0
  ) {
    self.base = base
    self.scope = scope
    self.filter = filter
    self.attributes = attributes
    self.controls = controls
    self.sizeLimit = sizeLimit
    self.timeLimit = timeLimit
  }
}

/// A control (RFC 4511, section 4.1.11).
public struct Control: Sendable, Equatable {
  /// Its type.
  public var oid: String
  /// Whether a server that does not know it must refuse the operation. Without meaning in what a server sends (RFC
  /// 4511, section 4.1.11), and false there.
  public var critical: Bool
  /// Its value, usually BER.
  public var value: [UInt8]?

  /// A control.
  public init(oid: String, critical: Bool = false, value: [UInt8]? = nil) {
    self.oid = oid
    self.critical = critical
    self.value = value
  }
}

/// An entry that a search found.
public struct SearchEntry: Sendable, Equatable {
  /// The name as the server prints it.
  public var dn: String
  /// The attributes that were asked for.
  public var attributes: Attributes
  /// Controls that came with it, such as Sync State.
  public var controls: [Control]

  /// An entry.
  public init(dn: String, attributes: Attributes, controls: [Control] = []) {
    self.dn = dn
    self.attributes = attributes
    self.controls = controls
  }
}

/// The end of a search.
public struct SearchResult: Sendable, Equatable {
  /// The result code (RFC 4511, section 4.1.9); 0 is success.
  public var code: Int
  /// The server's words.
  public var diagnostic: String
  /// With noSuchObject, the part of the base that exists.
  public var matchedDN: String
  /// With referral, where to ask instead. Never followed.
  public var referrals: [String]
  /// Controls that came with it, such as Sync Done.
  public var controls: [Control]

  /// A result.
  public init(
    code: Int, diagnostic: String = "", matchedDN: String = "", referrals: [String] = [], controls: [Control] = []
  ) {
    self.code = code
    self.diagnostic = diagnostic
    self.matchedDN = matchedDN
    self.referrals = referrals
    self.controls = controls
  }
}

/// What a search answers, message by message.
public enum SearchMessage: Sendable, Equatable {
  case entry(SearchEntry)
  /// A continuation reference (RFC 4511, section 4.5.3). Never followed.
  case reference([String])
  /// An intermediate response (RFC 4511, section 4.13), such as Sync Info.
  case intermediate(oid: String?, value: [UInt8]?, controls: [Control])
  /// The last message.
  case done(SearchResult)
}

/// What a connection turned out to be.
public struct SessionInfo: Sendable, Equatable {
  /// The URL that worked.
  public var url: String
  /// `TLS1.3` and the like; nil without TLS.
  public var tlsVersion: String?
  /// The cipher suite; nil without TLS.
  public var tlsCipher: String?
  /// Whether the server's certificate was verified.
  public var isVerified: Bool
  /// As whom: a DN, an authorization identity as the server tells it (RFC 4532), or `anonymous`.
  public var boundAs: String
  /// What an operator should know, such as that the connection goes on without TLS.
  public var warnings: [String]
}
