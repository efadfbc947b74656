import Foundation
import Glibc

/// What a terminal can show: colours and bars there, plain lines elsewhere.
enum Terminal {
  static let isOutput = isatty(STDOUT_FILENO) == 1
  static let colours = isOutput && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

  static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Replaces the last line on a terminal.
  static func replaceLine(_ text: String) {
    FileHandle.standardOutput.write(Data(("\r\u{1b}[K" + text).utf8))
  }

  static func green(_ text: String) -> String { paint(text, "32") }
  static func red(_ text: String) -> String { paint(text, "31") }
  static func yellow(_ text: String) -> String { paint(text, "33") }
  static func bold(_ text: String) -> String { paint(text, "1") }

  private static func paint(_ text: String, _ code: String) -> String {
    colours ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}

/// Words and numbers as people read them.
enum Words {
  static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(Words.number(number)) \(number == 1 ? one : many)"
  }

  /// 100027 is 100,027.
  static func number(_ number: Int) -> String {
    let digits = String(abs(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + text
  }

  /// An instant, local, with date if it is not today.
  static func time(_ instant: Int64, milliseconds: Bool = false) -> String {
    let date = Date(timeIntervalSince1970: Double(instant) / 1000)
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    let today = Calendar.current.isDateInToday(date)
    formatter.dateFormat = (today ? "" : "yyyy-MM-dd ") + (milliseconds ? "HH:mm:ss.SSS" : "HH:mm:ss")
    return formatter.string(from: date)
  }

  /// How long ago.
  static func ago(_ instant: Int64?, now: Int64 = Int64(Date().timeIntervalSince1970 * 1000)) -> String {
    guard let instant else { return "never" }
    let seconds = max(0, (now - instant) / 1000)
    return seconds == 0 ? "now" : span(seconds) + " ago"
  }

  /// A number of seconds.
  static func span(_ seconds: Int64) -> String {
    switch seconds {
    case ..<90: "\(seconds) s"
    case ..<5400: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) days"
    }
  }

  /// A number with one decimal.
  static func tenths(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }

  /// Pads a text to a width, counting characters.
  static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// Shortens a text to a width.
  static func cut(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : String(text.prefix(width - 1)) + "…"
  }

  /// Without control characters, so that a value from a directory cannot speak to the terminal.
  static func safe(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
          scalar.properties.generalCategory == .control
            ? Array("\\u{\(String(scalar.value, radix: 16))}".unicodeScalars) : [scalar]
        }))
  }
}
