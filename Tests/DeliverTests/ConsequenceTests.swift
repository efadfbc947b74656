import Accounts
import Directory
import Ledger
import Testing

@testable import Deliver

/// Each class of outcome has one consequence (law 12).
@Suite struct ConsequenceTests {
  private func result(
    _ outcome: Outcome.Class, done: Decision.Done = .settled(.active), attempts: Int = 0, failingSince: Instant? = nil,
    giveUp: Duration? = nil
  ) -> Settlement.Result {
    Consequence(
      outcome: Outcome(outcome, "told"), owed: owed(attempts: attempts, failingSince: failingSince), done: done,
      account: [1], giveUp: giveUp, now: now
    ).result()
  }

  private func words(_ result: Settlement.Result) -> String {
    switch result {
    case .settled(let account, let state): "settled \(state) \(account)"
    case .disabled(_, let due): "disabled, delete in \(due - now)"
    case .removed: "removed"
    case .again(_, let error, let counts): "again, \(counts ? "counted" : "not counted"): \(error)"
    case .parked(let error, _): "parked: \(error)"
    default: "\(result)"
    }
  }

  private func delay(_ result: Settlement.Result) -> Int64? {
    if case .again(let due, _, _) = result { due - now } else { nil }
  }

  @Test func whatWasAppliedIsSettledAsWhatItWas() {
    for outcome in [Outcome.Class.ok, .exists] {
      #expect(words(result(outcome)) == "settled active [1]")
      #expect(words(result(outcome, done: .settled(.disabled))) == "settled disabled [1]")
      #expect(words(result(outcome, done: .disabled(deleteDue: now + 5))) == "disabled, delete in 5")
      #expect(words(result(outcome, done: .removed)) == "removed")
    }
  }

  @Test func whatIsNotThereIsDeletedAlready() {
    #expect(words(result(.notFound, done: .removed)) == "removed")
    #expect(words(result(.notFound)) == "parked: told")
  }

  @Test func aRefusalOfTheContentWaitsForAPerson() {
    #expect(words(result(.permanent)) == "parked: told")
    #expect(words(result(.permanent, done: .removed)) == "parked: told")
  }

  @Test func whatSaysNothingAboutTheAccountIsNotCounted() {
    for outcome in [Outcome.Class.gone, .authFailed, .authExpired, .stale] {
      #expect(words(result(outcome)) == "again, not counted: told")
      #expect(delay(result(outcome)) == 0)
    }
    #expect(words(result(.throttled(after: .seconds(7)))) == "again, not counted: told")
    #expect(delay(result(.throttled(after: .seconds(7)))) == 7000)
    #expect(delay(result(.throttled(after: nil))) == 5000)
  }

  @Test func failuresWaitLongerEachTimeUpToAnHour() throws {
    for outcome in [Outcome.Class.retry(after: nil), .ambiguous] {
      #expect(words(result(outcome)) == "again, counted: told")
      for (attempts, longest) in [(0, 5000), (1, 10_000), (4, 80_000), (10, 3_600_000), (1000, 3_600_000)] {
        let pause = try #require(delay(result(outcome, attempts: attempts)))
        #expect(pause >= Int64(longest) / 2 && pause <= Int64(longest), "\(attempts)")
      }
    }
    #expect(delay(result(.retry(after: .seconds(9)), attempts: 5)) == 9000, "as the target asked")
  }

  @Test func givingUpIsForThoseWhoAskedForIt() {
    let old = now - 1_000_000
    #expect(words(result(.retry(after: nil), attempts: 9, failingSince: old)) == "again, counted: told")
    let given = words(result(.ambiguous, attempts: 9, failingSince: old, giveUp: .seconds(999)))
    #expect(given.hasPrefix("parked: given up after"))
    #expect(
      words(result(.ambiguous, attempts: 9, failingSince: old, giveUp: .seconds(1001))) == "again, counted: told")
  }

  @Test func theJournalSaysWhatWasDone() {
    func event(_ outcome: Outcome.Class, _ verb: Operation.Verb, _ done: Decision.Done) -> String {
      Consequence(
        outcome: Outcome(outcome), owed: owed(), done: done, account: [], giveUp: nil, now: now
      ).event(verb)
    }
    #expect(event(.ok, .create, .settled(.active)) == "created")
    #expect(event(.ok, .update, .settled(.active)) == "updated")
    #expect(event(.ok, .disable, .settled(.disabled)) == "disabled")
    #expect(event(.ok, .delete, .removed) == "deleted")
    #expect(event(.permanent, .update, .settled(.active)) == "parked")
    #expect(event(.ambiguous, .update, .settled(.active)) == "failed")
  }
}
