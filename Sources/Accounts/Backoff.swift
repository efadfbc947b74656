/// How long to wait before the next try: twice as long each time up to a limit, and a random part off, so that many
/// clients of a server that comes back do not arrive at once.
public struct Backoff: Sendable, Equatable {
  private let first: Duration
  private let longest: Duration
  /// How many delays were handed out since the last success.
  public private(set) var attempts = 0

  /// Delays between half and all of `first`, then of twice that, up to `longest`.
  public init(first: Duration = .seconds(1), longest: Duration = .seconds(300)) {
    self.first = first
    self.longest = max(first, longest)
  }

  /// The next delay: at least half of the current limit.
  public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    var limit = first
    for _ in 0..<attempts where limit < longest { limit = min(limit * 2, longest) }
    if limit < longest { attempts += 1 }
    let fraction = Double(generator.next() >> 11) / 0x1p53
    return limit * (0.5 + fraction / 2)
  }

  /// The next delay, by the system's random numbers.
  public mutating func next() -> Duration {
    var generator = SystemRandomNumberGenerator()
    return next(using: &generator)
  }

  /// The delay before try number `attempt` (0 is the first repetition), where the count is kept elsewhere.
  public static func delay(attempt: Int, first: Duration, longest: Duration) -> Duration {
    var backoff = Backoff(first: first, longest: longest)
    backoff.attempts = max(0, min(attempt, 62))
    return backoff.next()
  }

  /// It worked: the next delay is the first one again.
  public mutating func reset() { attempts = 0 }
}
