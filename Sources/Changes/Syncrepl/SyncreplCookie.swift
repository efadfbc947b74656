/// A cookie of OpenLDAP's syncprov: `rid=000,sid=001,csn=A;B`, with one change sequence number per provider,
/// `20261121221832.206674Z#000000#001#000000` (time, count, provider's id, modification), each the newest one seen of that
/// provider. A provider that streams a change sends its own number alone, so numbers are merged, and none moves back.
///
/// The `sid` in front is the provider's own id. It is left out of what is sent back: another provider takes it for ours
/// and does not send us what was changed at that one, since syncprov sends no change back to its origin (with two
/// slapd 2.5 in mirror mode, a consumer that brought the first one's cookie to the second missed every change made at
/// the first).
public struct SyncreplCookie: Sendable, Equatable {
  private static let maximumLength = 65_536

  /// The consumer's number, as the server repeats it; three digits.
  public private(set) var rid: String?
  /// The newest number of each provider, by the provider's id.
  public private(set) var csns: [String: String]
  /// The cookie stands in the middle of a list of deletes (`delcsn`): a session that goes on from it would skip changes.
  public private(set) var isIntermediate = false

  /// Nil if it is not a cookie of this kind.
  public init?(_ octets: [UInt8]) {
    guard !octets.isEmpty, octets.count <= Self.maximumLength, let text = String(validating: octets, as: UTF8.self)
    else { return nil }
    csns = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let sign = part.firstIndex(of: "=") else { return nil }
      let value = part[part.index(after: sign)...]
      switch part[..<sign] {
      case "rid": rid = String(value)
      case "sid": break
      case "delcsn": isIntermediate = true
      case "csn":
        for csn in value.split(separator: ";") {
          guard let provider = Self.provider(of: csn) else { return nil }
          csns[provider] = max(csns[provider] ?? "", String(csn))
        }
      default: return nil
      }
    }
  }

  /// The cookie as it is stored and sent.
  public var octets: [UInt8] {
    let numbers = csns.sorted { $0.key < $1.key }.map(\.value).joined(separator: ";")
    return Array("rid=\(rid ?? "000"),csn=\(numbers)".utf8)
  }

  /// Takes over what is newer in another cookie.
  public mutating func merge(_ other: SyncreplCookie) {
    rid = other.rid ?? rid
    csns.merge(other.csns) { max($0, $1) }
  }

  /// Whether some provider's number is newer than in the other cookie, or missing there.
  public func isNewer(than other: SyncreplCookie) -> Bool {
    csns.contains { provider, csn in other.csns[provider].map { $0 < csn } ?? true }
  }

  private static func provider(of csn: Substring) -> String? {
    let parts = csn.split(separator: "#", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].last == "Z", parts[0].count >= 15, parts[0].first?.isNumber == true,
      parts[1...].allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isHexDigit) })
    else { return nil }
    return String(parts[2])
  }
}
