import Accounts
import Directory
import Targets
import TestSupport
import Testing

/// A target and the server that it talks to, for ``exerciseTarget(_:)``.
struct TargetUnderTest {
  /// Makes a target that talks to this receiver.
  var make: (Receiver) -> any Target
  /// What a receiver recognises a repetition by.
  var identity: @Sendable (Receiver.Request) -> String
  /// Whether repeating an operation whose answer was lost is harmless, so that it need not look first.
  var isRepeatable: Bool
}

/// What every target does, whatever it talks to; each kind adds what is its own.
func exerciseTarget(_ subject: TargetUnderTest) async throws {
  func with(_ body: (any Target, Receiver) async throws -> Void) async throws {
    try await Receiver.serve { receiver in
      let target = subject.make(receiver)
      do {
        try await body(target, receiver)
      } catch {
        await target.close()
        throw error
      }
      await target.close()
    }
  }
  let everything = Operation.Verb.allCases.map { sample($0, evidence: .deleted) }

  // Every verb is one request at least, and success is ok.
  for operation in everything {
    try await with { target, receiver in
      #expect(await target.perform(operation).class == .ok, "\(operation.verb)")
      #expect(!receiver.requests.isEmpty, "\(operation.verb)")
    }
  }
  // A replay is the same to the receiver, octet for octet, also from another process.
  for operation in everything {
    try await with { target, receiver in
      _ = await target.perform(operation)
      let again = subject.make(receiver)
      _ = await again.perform(operation)
      await again.close()
      let seen = receiver.requests
      let half = seen.count / 2
      #expect(seen.count == half * 2)
      for (first, second) in zip(seen[..<half], seen[half...]) {
        #expect(subject.identity(first) == subject.identity(second))
        #expect(first.body == second.body && first.method == second.method && first.path == second.path)
      }
    }
  }
  // Refused credentials, being asked to slow down and trouble at the other end are told apart, for every verb.
  let classes: [(Int, (Outcome.Class) -> Bool)] = [
    (401, { $0 == .authFailed || $0 == .authExpired }), (403, { $0 == .authFailed }),
    (429, { if case .throttled = $0 { true } else { false } }), (503, { if case .retry = $0 { true } else { false } }),
    (400, { $0 == .permanent }),
  ]
  for (status, fits) in classes {
    for operation in everything {
      try await with { target, receiver in
        receiver.answer { _ in .status(status) }
        let outcome = await target.perform(operation)
        #expect(fits(outcome.class), "\(operation.verb) \(status) \(outcome)")
        #expect(!outcome.detail.isEmpty && !outcome.detail.contains("\n"))
        #expect(!outcome.detail.contains("jdoe@example.com"), "attribute values are not told")
      }
    }
  }
  // Nobody there: nothing was applied.
  try await with { target, receiver in
    receiver.stop()
    #expect(await target.perform(everything[0]).class == .retry(after: nil))
    #expect(await target.probe().class == .retry(after: nil))
  }
  // Applied, and the answer lost.
  try await with { target, receiver in
    receiver.answer { _ in .close }
    let outcome = await target.perform(everything[0])
    #expect(outcome.class == (subject.isRepeatable ? .retry(after: nil) : .ambiguous), "\(outcome)")
  }
  // Cancelled while the answer is out: nobody knows.
  try await with { target, receiver in
    receiver.answer { _ in .silence }
    let task = Task { await target.perform(everything[0]) }
    _ = try await receiver.next()
    task.cancel()
    #expect(await task.value.class == .ambiguous)
  }
  // After close nothing is sent.
  try await with { target, receiver in
    await target.close()
    #expect(await target.perform(everything[0]).class == .retry(after: nil))
    #expect(receiver.requests.isEmpty)
  }
}
