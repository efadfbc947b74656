/// When departures are held for a person's yes (law 6). A loss is an account that is about to be disabled or deleted
/// at one target, whatever the cause; losses are counted in one refresh and in a rolling hour.
public struct GuardPolicy: Sendable, Equatable {
  /// False lets everything pass (`guard: off`).
  public var enabled: Bool
  /// More losses than this *and* more than ``percent`` of the accounts are held.
  public var departures: Int
  /// See ``departures``; a percentage, 0 to 100.
  public var percent: Double
  /// More losses than this are held, whatever their share.
  public var most: Int

  /// A guard with the house's defaults.
  public init(enabled: Bool = true, departures: Int = 10, percent: Double = 5, most: Int = 200) {
    self.enabled = enabled
    self.departures = departures
    self.percent = percent
    self.most = most
  }

  /// Lets everything pass.
  public static let off = GuardPolicy(enabled: false)

  /// How far back losses are counted, in milliseconds.
  public static let window: Int64 = 3_600_000

  /// Judges losses against the accounts that a target had before the first of them.
  /// - Parameters:
  ///   - losses: executed, pending and new losses of the window together.
  ///   - population: the accounts at the target before these losses.
  /// - Returns: the reason for a hold, as it is shown to a person; nil lets them pass.
  public func verdict(losses: Int, of population: Int) -> String? {
    guard enabled, losses > 0 else { return nil }
    let share = population > 0 ? 100 * Double(losses) / Double(population) : 100
    let told = "\(losses) departures (\(share.percentText) of \(population))"
    if losses > departures, share > percent {
      return "\(told) exceed the guard (\(departures) and \(percent.percentText))"
    }
    if losses > most { return "\(told) exceed the guard (at most \(most))" }
    if population > 2, losses * 2 >= population { return "\(told) are half of the accounts or more" }
    return nil
  }

  /// The share of entries that may lose one attribute before that is held, in percent.
  public static let attributeLossPercent = 20.0

  /// Judges the loss of one attribute in one refresh.
  /// - Parameters:
  ///   - attribute: its name.
  ///   - losers: how many entries had a value and have none now.
  ///   - entries: how many entries there are.
  public func verdict(attribute: String, losers: Int, of entries: Int) -> String? {
    guard enabled, losers > 1, entries > 0 else { return nil }
    let share = 100 * Double(losers) / Double(entries)
    guard share > Self.attributeLossPercent else { return nil }
    return "'\(attribute)' vanished from \(losers) of \(entries) entries (\(share.percentText))"
  }
}

extension Double {
  /// One decimal, none when it is zero, and a percent sign.
  package var percentText: String {
    let tenths = Int((self * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
  }
}
