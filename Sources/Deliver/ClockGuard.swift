import Ledger

/// Notices a wall clock that jumps: due instants are wall-clock instants, and a jump must not make deletes due (law 5).
struct ClockGuard {
  /// A jump of more than this suspends irreversible steps, in milliseconds.
  static let tolerance: Int64 = 3_600_000

  private var last: (wall: Instant, monotonic: ContinuousClock.Instant)?
  /// Why irreversible steps are suspended; nil if they are not.
  private(set) var suspended: String?

  /// Compares the clocks; true as long as they agree.
  mutating func check(wall: Instant, monotonic: ContinuousClock.Instant) -> Bool {
    if let last {
      let passed = (monotonic - last.monotonic).milliseconds
      let jump = wall - last.wall - passed
      if abs(jump) > Self.tolerance {
        suspended = "this machine's clock jumped by \(jump / 60_000) min: deletes are suspended until rollcall restarts"
      }
    }
    last = (wall, monotonic)
    return suspended == nil
  }
}
