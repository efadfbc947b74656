internal import Accounts
internal import HTTP

/// What a reply, or its absence, means for a delivery that may be repeated without harm. Pure.
enum HTTPVerdict {
  /// The longest wait that a target may ask for; more is cut to this, and less than nothing is nothing.
  static let longestWait: Int64 = 3600

  /// The class of a status (RFC 9110, section 15).
  /// - Parameters:
  ///   - response: the reply.
  ///   - url: what was asked.
  ///   - now: in seconds since 1970, for a Retry-After that is a date.
  static func outcome(of response: HTTPResponse, from url: String, now: Int64) -> Outcome {
    let status = response.status
    let told = "\(status) from \(Origin.of(url))"
    switch status {
    case 200...299: return Outcome(.ok, told)
    case 300...399:
      guard let place = response.header("location").flatMap({ destination($0, from: url) }) else {
        return Outcome(.retry(after: nil), "\(told): redirects are not followed")
      }
      return Outcome(.retry(after: nil), "\(told): redirects are not followed; set url to \(place)")
    case 401, 403, 407: return Outcome(.authFailed, told + excerpt(response.body))
    case 408, 425, 500...599: return Outcome(.retry(after: wait(response, now)), told + excerpt(response.body))
    case 410: return Outcome(.gone, told + excerpt(response.body))
    case 429: return Outcome(.throttled(after: wait(response, now)), told + excerpt(response.body))
    case 400...499: return Outcome(.permanent, told + excerpt(response.body))
    default: return Outcome(.retry(after: nil), told + excerpt(response.body))
    }
  }

  /// Repeating is harmless, so a lost answer is a reason to repeat, except where nobody waits any more: then the next
  /// attempt is in doubt.
  static func outcome(of error: HTTPError) -> Outcome {
    if error.code == .cancelled {
      return Outcome(error.mayHaveBeenApplied ? .ambiguous : .retry(after: nil), error.description)
    }
    let lost = error.mayHaveBeenApplied ? "answer lost: " : ""
    return Outcome(.retry(after: nil), lost + error.description)
  }

  /// Retry-After (RFC 9110, section 10.2.3): seconds, or a date. Nil if it is absent or neither.
  static func wait(_ response: HTTPResponse, _ now: Int64) -> Duration? {
    guard let text = response.header("retry-after"), !text.isEmpty else { return nil }
    let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    if !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) {
      if text.first == "-" { return .zero }
      return .seconds(min(Int64(digits) ?? longestWait, longestWait))
    }
    return Instant.httpDate(text, now: now).map { .seconds(min(max($0 - now, 0), longestWait)) }
  }

  /// Where a Location leads: scheme, host and path, without credentials, query and fragment. Nil if it is no http URL.
  static func destination(_ location: String, from url: String) -> String? {
    let path = location.prefix { $0 != "?" && $0 != "#" }
    let place: String
    if location.hasPrefix("//") {
      place = String(url.prefix { $0 != ":" } + ":" + path)
    } else if location.hasPrefix("/") {
      place = Origin.of(url) + path
    } else if location.hasPrefix("http://") || location.hasPrefix("https://") {
      place = String(path)
    } else {
      return nil
    }
    guard let scheme = place.firstRange(of: "://") else { return nil }
    let rest = place[scheme.upperBound...].drop { $0 != "/" }
    return Origin.of(place) + printable(Array(rest.utf8), atMost: 200)
  }

  /// The beginning of a reply's text, for people: what may be a hint at what to do.
  private static func excerpt(_ body: [UInt8]) -> String {
    let text = printable(body, atMost: 200)
    return text.isEmpty ? "" : ": “\(text)”"
  }

  /// Text that can stand in a log line: white space and control characters run together to one space, what is neither
  /// letter, digit, punctuation nor symbol is replaced.
  static func printable(_ octets: [UInt8], atMost most: Int) -> String {
    var text = String.UnicodeScalarView()
    var count = 0
    for scalar in String(decoding: octets.prefix(most * 8), as: UTF8.self).unicodeScalars {
      guard count < most else {
        text.append("…")
        break
      }
      switch scalar.properties.generalCategory {
      case .control, .spaceSeparator, .lineSeparator, .paragraphSeparator:
        guard let last = text.last, last != " " else { continue }
        text.append(" ")
      case .format, .surrogate, .privateUse, .unassigned: text.append("\u{FFFD}")
      default: text.append(scalar)
      }
      count += 1
    }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
