/// Where a stream stands, and what a new cookie does to that: cookies of OpenLDAP's kind are merged and do not move back,
/// 389-DS's change number does not fall, all others are taken as they come.
struct SyncreplPosition: Sendable, Equatable {
  private var octets: [UInt8]?
  private var parsed: SyncreplCookie?

  init(_ cookie: [UInt8]?) {
    octets = cookie
    parsed = cookie.flatMap(SyncreplCookie.init)
  }

  /// Whether a cookie says nothing: no octets, or no change sequence number.
  static func isEmpty(_ cookie: [UInt8]) -> Bool {
    cookie.isEmpty || SyncreplCookie(cookie).map(\.csns.isEmpty) ?? false
  }

  /// Takes over a cookie that followed a change; nil if it is none to go on from.
  mutating func advance(to cookie: [UInt8]) -> [UInt8]? {
    guard !Self.isEmpty(cookie) else { return nil }
    guard let next = SyncreplCookie(cookie) else {
      if let old = octets.flatMap(Self.changeNumber), let new = Self.changeNumber(cookie), new < old { return octets }
      (octets, parsed) = (cookie, nil)
      return cookie
    }
    guard !next.isIntermediate else { return nil }
    var merged = parsed ?? next
    merged.merge(next)
    (octets, parsed) = (merged.octets, merged)
    return octets
  }

  /// Takes over the cookie of a refresh that told everything: what it does not mention is forgotten, such as a provider
  /// that no longer exists.
  mutating func replace(by cookie: [UInt8]) -> [UInt8]? {
    guard !Self.isEmpty(cookie), SyncreplCookie(cookie)?.isIntermediate != true else { return nil }
    self = SyncreplPosition(nil)
    return advance(to: cookie)
  }

  /// Whether a cookie is from later than this position.
  func isPassed(by cookie: [UInt8]) -> Bool {
    guard !Self.isEmpty(cookie) else { return false }
    guard let new = SyncreplCookie(cookie), let old = parsed else { return cookie != octets }
    return new.isNewer(than: old)
  }

  /// The number at the end of 389-DS's `host:port#bind:base:filter#number`.
  private static func changeNumber(_ cookie: [UInt8]) -> UInt64? {
    guard let sign = cookie.lastIndex(of: UInt8(ascii: "#")) else { return nil }
    return UInt64(String(decoding: cookie[(sign + 1)...], as: UTF8.self))
  }
}
