// Instants in the two forms that webhooks need, computed without a calendar library: the proleptic Gregorian calendar
// in UTC. The arithmetic is Howard Hinnant's ("chrono-compatible low-level date algorithms").

enum Instant {
  /// RFC 3339 with milliseconds: `2026-11-21T09:30:00.123Z`. Milliseconds since 1970, kept within the years 1970 to 9999.
  static func rfc3339(_ milliseconds: Int64) -> String {
    let milliseconds = min(max(milliseconds, 0), 253_402_300_799_999)
    let (days, rest) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
    let (year, month, day) = date(days)
    var text: [UInt8] = []
    text.reserveCapacity(24)
    func digits(_ number: Int64, _ width: Int) {
      var power: Int64 = 1
      for _ in 1..<width { power *= 10 }
      while power > 0 {
        text.append(UInt8(ascii: "0") + UInt8(number / power % 10))
        power /= 10
      }
    }
    digits(year, 4)
    text.append(UInt8(ascii: "-"))
    digits(month, 2)
    text.append(UInt8(ascii: "-"))
    digits(day, 2)
    text.append(UInt8(ascii: "T"))
    digits(rest / 3_600_000, 2)
    text.append(UInt8(ascii: ":"))
    digits(rest / 60_000 % 60, 2)
    text.append(UInt8(ascii: ":"))
    digits(rest / 1000 % 60, 2)
    text.append(UInt8(ascii: "."))
    digits(rest % 1000, 3)
    text.append(UInt8(ascii: "Z"))
    return String(decoding: text, as: UTF8.self)
  }

  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// An HTTP-date in any of its three forms (RFC 9110, section 5.6.7), in seconds since 1970:
  /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
  /// - Parameter now: in seconds since 1970, for the century of a two-digit year.
  static func httpDate(_ text: String, now: Int64) -> Int64? {
    guard text.utf8.count <= 64 else { return nil }
    let words = text.split { $0 == " " || $0 == "-" || $0 == "," }.map { String($0) }
    let parts: (day: String, month: String, year: String, clock: String)
    switch words.count {
    case 6 where words[5] == "GMT": parts = (words[1], words[2], words[3], words[4])
    case 5: parts = (words[2], words[1], words[4], words[3])
    default: return nil
    }
    guard let day = number(parts.day, below: 32), day > 0, let month = months.firstIndex(of: parts.month),
      var year = number(parts.year, below: 10_000)
    else { return nil }
    if parts.year.utf8.count == 2 {
      // A date that seems more than fifty years ahead is of the past century.
      let (thisYear, _, _) = date(now / 86_400)
      year += thisYear / 100 * 100
      if year > thisYear + 50 { year -= 100 }
    }
    let clock = parts.clock.split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, let hour = number(clock[0], below: 24), let minute = number(clock[1], below: 60),
      let second = number(clock[2], below: 61), year >= 1900
    else { return nil }
    return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + hour * 3600 + minute * 60 + second
  }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  private static func number(_ text: some StringProtocol, below limit: Int64) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int64(text), number < limit else {
      return nil
    }
    return number
  }
}
