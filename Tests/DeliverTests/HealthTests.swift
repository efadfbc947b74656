import Accounts
import Ledger
import TestSupport
import Testing

@testable import Deliver

/// What answers say about the target as a whole, and what a clock that jumps says about instants.
@Suite struct HealthTests {
  private let failure = Outcome(.retry(after: nil), "500")
  private let refusal = Outcome(.permanent, "400")
  private let yes = Outcome(.ok)

  @Test func oneAccountAloneNeverMakesATargetDown() {
    var health = TargetHealth()
    for _ in 0..<100 { #expect(health.heard(failure, of: 1, at: now) == .goOn) }
    for _ in 0..<100 { #expect(health.heard(failure, of: 2, at: now) == .goOn) }
    #expect(health.down == nil && health.allows(at: now) && health.concurrency(8) == 8)
  }

  @Test func failuresOfSeveralAccountsMakeItDown_andProbesGoFurtherApart() throws {
    var health = TargetHealth()
    for entry in [1, 2, 1, 2] as [EntryNumber] { _ = health.heard(failure, of: entry, at: now) }
    #expect(health.down == nil)
    _ = health.heard(failure, of: 3, at: now)
    #expect(health.down?.detail == "500" && health.down?.since == now)
    #expect(health.concurrency(8) == 1)
    var at = now
    var pauses: [Int64] = []
    for _ in 0..<10 {
      let until = try #require(health.waitUntil)
      #expect(!health.allows(at: until - 1) && health.allows(at: until))
      pauses.append(until - at)
      at = until
      _ = health.heard(failure, of: 1, at: at)
    }
    #expect(pauses[0] >= 1000 && pauses[0] <= 2000)
    #expect(pauses.last ?? 0 >= 30_000 && pauses.allSatisfy { $0 <= 60_000 })
    #expect(health.down?.since == now, "since the first")
  }

  @Test func anAnswerBringsItBack() {
    for answer in [yes, refusal, Outcome(.stale)] {
      var health = TargetHealth()
      for entry in 1...5 as ClosedRange<EntryNumber> { _ = health.heard(Outcome(.ambiguous), of: entry, at: now) }
      #expect(health.down != nil)
      #expect(health.heard(answer, of: 9, at: now) == .back)
      #expect(health.down == nil && health.allows(at: now) && health.concurrency(8) == 8)
      #expect(health.heard(answer, of: 9, at: now) == .goOn)
    }
  }

  @Test func aSuccessInBetweenBeginsTheCountAnew() {
    var health = TargetHealth()
    for entry in 1...4 as ClosedRange<EntryNumber> { _ = health.heard(failure, of: entry, at: now) }
    _ = health.heard(yes, of: 9, at: now)
    for entry in 1...4 as ClosedRange<EntryNumber> { _ = health.heard(failure, of: entry, at: now) }
    #expect(health.down == nil)
  }

  @Test func theTargetsOwnPauseIsKept_whateverIsAnsweredToThoseUnderWay() {
    var health = TargetHealth()
    #expect(health.heard(Outcome(.throttled(after: .seconds(30))), of: 1, at: now) == .goOn)
    #expect(!health.allows(at: now + 29_999) && health.allows(at: now + 30_000))
    _ = health.heard(yes, of: 2, at: now)
    #expect(!health.allows(at: now + 29_999), "an answer that was on its way")
    _ = health.heard(Outcome(.throttled(after: .seconds(5))), of: 3, at: now)
    #expect(!health.allows(at: now + 29_999), "the longer one")
    #expect(health.down == nil && health.concurrency(8) == 8)
  }

  @Test func credentialsAndTheEndPauseAtOnce() {
    var health = TargetHealth()
    #expect(health.heard(Outcome(.authFailed, "401"), of: 1, at: now) == .pause("login refused: 401"))
    guard case .pause(let reason) = health.heard(Outcome(.gone, "410"), of: 1, at: now) else {
      Issue.record("a target that is gone is not paused")
      return
    }
    #expect(reason.contains("410"))
    #expect(health.heard(Outcome(.authExpired), of: 1, at: now) == .goOn)
  }

  @Test func moreThanTwentyAccountsAndMoreThanHalfAreTheTargetsFault() {
    var health = TargetHealth()
    for entry in 1...20 as ClosedRange<EntryNumber> { #expect(health.heard(refusal, of: entry, at: now) == .goOn) }
    guard case .systemic(let reason, let refused) = health.heard(Outcome(.notFound, "404"), of: 21, at: now) else {
      Issue.record("21 of 21 refused are not held against the target")
      return
    }
    #expect(reason.contains("21 accounts") && reason.contains("404"))
    #expect(Set(refused) == Set(1...21))
    #expect(health.heard(refusal, of: 22, at: now) == .goOn, "a new count")
  }

  @Test func halfOrFewerAreTheAccountsFault() {
    var health = TargetHealth()
    for entry in 1...200 as ClosedRange<EntryNumber> {
      #expect(health.heard(entry.isMultiple(of: 2) ? refusal : yes, of: entry, at: now) == .goOn)
    }
  }

  @Test func oneAccountRefusedForEverIsOneAccount() {
    var health = TargetHealth()
    for _ in 1...200 { #expect(health.heard(refusal, of: 1, at: now) == .goOn) }
  }

  @Test func aClockThatJumpsSuspendsWhatCannotBeUndone() {
    var clock = ClockGuard()
    let start = ContinuousClock.now
    #expect(clock.check(wall: now, monotonic: start) == true)
    #expect(clock.check(wall: now + 60_000, monotonic: start + .seconds(60)) == true)
    #expect(clock.check(wall: now + 60_000 + 3_590_000, monotonic: start + .seconds(60)) == true, "within the hour")
    #expect(clock.suspended == nil)
    #expect(clock.check(wall: now + 10 * 3_600_000, monotonic: start + .seconds(61)) == false)
    #expect(clock.suspended?.contains("clock jumped") == true)
    #expect(clock.check(wall: now + 10 * 3_600_000, monotonic: start + .seconds(62)) == false, "until a restart")
  }

  @Test func aClockThatJumpsBackSuspendsToo() {
    var clock = ClockGuard()
    #expect(clock.check(wall: now, monotonic: .now) == true)
    #expect(clock.check(wall: now - 7_200_000, monotonic: .now) == false)
  }

  @Test func anIdleDayIsNoJump() {
    var clock = ClockGuard()
    let start = ContinuousClock.now
    #expect(clock.check(wall: now, monotonic: start) == true)
    #expect(clock.check(wall: now + 86_400_000, monotonic: start + .seconds(86_400)) == true)
  }
}
