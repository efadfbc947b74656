/// Durations as files write them: a number and a unit, or `0`.
enum DurationText {
  /// The longest that is accepted: ten years.
  static let longest = Duration.seconds(3650 * 86_400)

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
  ]

  /// Nil for what is no duration, or too long.
  static func parse(_ text: String) -> Duration? {
    if text == "0" { return .zero }
    let digits = text.prefix { ("0"..."9").contains($0) }
    let unit = text.dropFirst(digits.count)
    guard digits.count <= 12, let number = Int64(digits), let scale = units.first(where: { $0.name == unit }) else {
      return nil
    }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: scale.milliseconds)
    guard !overflow, .milliseconds(milliseconds) <= longest else { return nil }
    return .milliseconds(milliseconds)
  }

  /// The shortest way to write a duration.
  static func print(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    if milliseconds == 0 { return "0" }
    let unit = units.dropLast().last { milliseconds % $0.milliseconds == 0 } ?? units[0]
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}
