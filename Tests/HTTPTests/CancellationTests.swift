import HTTP
import TestSupport
import Testing

@Suite struct CancellationTests {
  @Test func anUnansweredRequestEndsAtOnce() async throws {
    try await withClient { client, receiver in
      receiver.script(.silence)
      let task = Task { await client.send(HTTPRequest(method: "POST", url: receiver.url)) }
      _ = try await receiver.next()
      let clock = ContinuousClock()
      let began = clock.now
      task.cancel()
      let error = try #require(await task.value.failure)
      // Without the cancellation it would take the thirty seconds of the time limit.
      #expect(clock.now - began < .seconds(20))
      #expect(error.code == .cancelled)
      #expect(error.mayHaveBeenApplied)
    }
  }

  @Test func aTaskThatIsAlreadyCancelledSendsNothing() async throws {
    try await withClient { client, receiver in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await client.send(HTTPRequest(url: receiver.url))
      }
      let error = try #require(await task.value.failure)
      #expect(error.code == .cancelled)
      #expect(!error.mayHaveBeenApplied)
      #expect(receiver.connections == 0)
    }
  }

  @Test func aRequestThatWaitsItsTurnHasNotLeft() async throws {
    try await withClient(HTTPClientSettings(connections: 1)) { client, receiver in
      receiver.script(.silence)
      let first = Task { await client.send(HTTPRequest(url: receiver.url)) }
      _ = try await receiver.next()
      let second = Task { await client.send(HTTPRequest(url: receiver.url)) }
      second.cancel()
      #expect(await second.value.failure?.mayHaveBeenApplied == false)
      first.cancel()
      #expect(await first.value.failure?.mayHaveBeenApplied == true)
      try await client.expect(204, from: HTTPRequest(url: receiver.url))
    }
  }

  @Test func closingEndsWhatIsUnderWayAndWhatWaits() async throws {
    try await Receiver.serve { receiver in
      receiver.answer { _ in .silence }
      let client = HTTPClient(HTTPClientSettings(connections: 2))
      let tasks = (0..<5).map { _ in Task { await client.send(HTTPRequest(url: receiver.url)) } }
      try await receiver.wait { $0.count == 2 }
      await client.close()
      var applied = 0
      for task in tasks {
        let error = try #require(await task.value.failure)
        #expect(error.code == .cancelled)
        applied += error.mayHaveBeenApplied ? 1 : 0
      }
      #expect(applied == 2)
      #expect(await client.send(HTTPRequest(url: receiver.url)).failure?.code == .cancelled)
      await client.close()
    }
  }

  @Test func closingAClientThatNeverSent() async { await HTTPClient().close() }

  @Test func aClientThatIsDroppedClosesItsConnections() async throws {
    try await Receiver.serve { receiver in
      var client: HTTPClient? = HTTPClient()
      try await client?.expect(204, from: HTTPRequest(url: receiver.url))
      client = nil
      await receiver.awaitNoConnections()
    }
  }

  /// Many tasks, some of which give up at any moment: every one gets exactly one answer, and the client goes on.
  @Test func aStormWithCancellations() async throws {
    try await withClient(HTTPClientSettings(connections: 8)) { client, receiver in
      receiver.answer { $0.number % 7 == 0 ? .close : .status(204) }
      await withTaskGroup(of: Void.self) { group in
        for worker in 0..<32 {
          group.addTask {
            for index in 0..<60 {
              let task = Task {
                await client.send(HTTPRequest(method: "POST", url: receiver.url, body: [1, 2, 3], isRepeatable: false))
              }
              if (worker + index) % 3 == 0 { task.cancel() }
              switch await task.value {
              case .success(let response): #expect(response.status == 204)
              case .failure(let error): #expect([.cancelled, .reset, .timeout].contains(error.code), "\(error)")
              }
            }
          }
        }
      }
      receiver.answer { _ in .status(200) }
      try await client.expect(200, from: HTTPRequest(url: receiver.url))
    }
  }
}
