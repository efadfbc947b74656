import Accounts
import Testing

@Suite("Back-off")
struct BackoffTests {
  @Test("Delays double up to the longest, lose up to a half, and begin again after success")
  func backoff() {
    var full = Fixed(word: .max)
    var backoff = Backoff(first: .seconds(1), longest: .seconds(10))
    var delays = (0..<6).map { _ in backoff.next(using: &full) }
    for (delay, limit) in zip(delays, [1, 2, 4, 8, 10, 10]) {
      #expect(delay <= .seconds(limit) && delay > .milliseconds(limit * 999))
    }
    backoff.reset()
    var none = Fixed(word: 0)
    delays = (0..<3).map { _ in backoff.next(using: &none) }
    #expect(delays == [.milliseconds(500), .seconds(1), .seconds(2)])
    for _ in 0..<10_000 { #expect(backoff.next() <= .seconds(10)) }
  }
}

private struct Fixed: RandomNumberGenerator {
  let word: UInt64
  mutating func next() -> UInt64 { word }
}
