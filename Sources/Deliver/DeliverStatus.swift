public import Ledger

/// How a target is doing, for `status` and the progress bar.
public struct DeliverStatus: Sendable, Equatable {
  /// Confirmed by the target since the start.
  public var delivered = 0
  /// Attempts in vain since the start.
  public var failures = 0
  /// Sent and not answered yet.
  public var underway = 0
  /// When the target last answered well.
  public var lastSuccess: Instant?
  /// Why nothing is sent now (down, throttled, paused); nil if nothing stands in the way.
  public var trouble: String?
  /// Milliseconds from a change being heard to its confirmation, the last 512 of them.
  public var latencies: [Int] = []

  /// Nothing done yet.
  public init() {}

  /// The latency that this share (0 to 1) of the last deliveries did not exceed, in milliseconds.
  public func latency(_ share: Double) -> Int? {
    guard !latencies.isEmpty else { return nil }
    let sorted = latencies.sorted()
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
  }

  mutating func note(latency: Int) {
    latencies.append(latency)
    if latencies.count > 512 { latencies.removeFirst(256) }
  }
}
