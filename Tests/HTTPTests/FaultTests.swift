import HTTP
import TestSupport
import Testing

/// What a misbehaving server, network or request becomes: the code, and whether the request may have been applied.
@Suite struct FaultTests {
  private func post(_ receiver: Receiver, timeout: Duration? = nil, repeatable: Bool? = nil) -> HTTPRequest {
    HTTPRequest(
      method: "POST", url: receiver.url + "/secret-path?token=secret", body: Array("{}".utf8), timeout: timeout,
      isRepeatable: repeatable)
  }

  @Test func nobodyListens() async throws {
    let receiver = try Receiver()
    receiver.stop()
    let client = HTTPClient()
    let error = try #require(await client.send(post(receiver)).failure)
    #expect(error.code == .connect)
    #expect(!error.mayHaveBeenApplied)
    #expect(error.subject == receiver.url)
    #expect(error.operation == "POST")
    #expect(error.description.hasPrefix("POST \(receiver.url): Failed to connect"))
    #expect(!error.description.contains("secret"))
    #expect(!error.description.contains("\n"))
    await client.close()
  }

  @Test func aNameWithoutAddress() async throws {
    let client = HTTPClient()
    let error = try #require(await client.send(HTTPRequest(url: "http://nobody:geheim@people.invalid:81/x?y")).failure)
    #expect(error.code == .resolve)
    #expect(!error.mayHaveBeenApplied)
    #expect(error.subject == "http://people.invalid:81")
    #expect(!error.description.contains("geheim"))
    await client.close()
  }

  @Test(arguments: [
    "", "people", "http://", "ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1", "http://127.0.0.1:99999/",
    "http://a b/", "http://\u{0}127.0.0.1/",
  ])
  func noURL(url: String) async throws {
    let client = HTTPClient()
    let error = try #require(await client.send(HTTPRequest(url: url)).failure)
    #expect(error.code == .malformed, "\(error)")
    #expect(!error.mayHaveBeenApplied)
    await client.close()
  }

  @Test func requestsThatWouldBreakTheFraming() async throws {
    try await withClient { client, receiver in
      for request in [
        HTTPRequest(method: "GET / HTTP/1.1\r\nX: y", url: receiver.url), HTTPRequest(method: "", url: receiver.url),
        HTTPRequest(url: receiver.url, headers: [("X", "a\r\nInjected: yes")]),
        HTTPRequest(url: receiver.url, headers: [("X", "a\u{0}")]),
        HTTPRequest(url: receiver.url, headers: [("X: y\r\nZ", "a")]),
        HTTPRequest(url: receiver.url, headers: [("", "a")]),
        HTTPRequest(url: receiver.url, headers: [("Content-Length", "5")]),
        HTTPRequest(url: receiver.url, headers: [("transfer-encoding", "chunked")]),
      ] {
        #expect(await client.send(request).failure?.code == .malformed)
      }
      #expect(receiver.requests.isEmpty)
      try await client.expect(204, from: HTTPRequest(url: receiver.url))
    }
  }

  @Test(arguments: [Receiver.Behaviour.close, .reset, .closeMidReply, .halfClose])
  func theConnectionEndsBeforeTheReply(behaviour: Receiver.Behaviour) async throws {
    try await withClient { client, receiver in
      receiver.script(behaviour)
      let error = try #require(await client.send(post(receiver)).failure)
      #expect(error.code == .reset)
      #expect(error.mayHaveBeenApplied)
      #expect(receiver.requests.count == 1, "a fresh connection is not tried twice")
      try await client.expect(204, from: post(receiver))
    }
  }

  @Test func appliedAndNeverAnswered() async throws {
    try await withClient { client, receiver in
      receiver.script(.silence)
      let error = try #require(await client.send(post(receiver, timeout: .milliseconds(150))).failure)
      #expect(error.code == .timeout)
      #expect(error.mayHaveBeenApplied)
      // The connection whose answer is still out is not used again.
      try await client.expect(204, from: post(receiver))
      #expect(receiver.connections == 2)
    }
  }

  @Test func theClientsOwnTimeLimit() async throws {
    try await withClient(HTTPClientSettings(timeout: .milliseconds(150))) { client, receiver in
      receiver.script(.silence)
      #expect(await client.send(post(receiver)).failure?.code == .timeout)
    }
  }

  @Test func connectingTakesTooLong() async throws {
    // A listener whose queue is full does not answer further SYNs.
    let full = try FullListener()
    defer { full.stop() }
    let client = HTTPClient(HTTPClientSettings(connectTimeout: .milliseconds(200)))
    let error = try #require(await client.send(HTTPRequest(url: full.url)).failure)
    #expect(error.code == .timeout)
    #expect(!error.mayHaveBeenApplied)
    await client.close()
  }

  @Test func thinkingIsNotStalling() async throws {
    try await withClient(HTTPClientSettings(lowSpeedTime: .seconds(1))) { client, receiver in
      receiver.script(.respond(.init(200, body: "late", delay: .milliseconds(2300))))
      try await client.expect(200, from: post(receiver))
    }
  }

  @Test func oneOctetNowAndThenIsStalling() async throws {
    try await withClient(HTTPClientSettings(lowSpeedTime: .seconds(1))) { client, receiver in
      receiver.script(.trickle(.milliseconds(300)))
      let error = try #require(await client.send(post(receiver)).failure)
      #expect(error.code == .stalled)
      #expect(error.mayHaveBeenApplied)
    }
  }

  @Test func anEndlessReplyIsCutAndItsStatusCounts() async throws {
    try await withClient { client, receiver in
      receiver.script(.endless)
      let response = try await client.answer(post(receiver))
      #expect(response.status == 200)
      #expect(response.truncated)
      #expect(response.body.count == 65_536)
      #expect(response.header("content-type") == "text/plain")
      try await client.expect(204, from: post(receiver))
      #expect(receiver.connections == 2, "the connection is dropped")
    }
  }

  @Test func aReplyOfExactlyTheLimitIsWhole() async throws {
    try await withClient(HTTPClientSettings(replyLimit: 10)) { client, receiver in
      receiver.script(.respond(.init(200, body: "0123456789")), .respond(.init(200, body: "0123456789a")))
      let whole = try await client.answer(post(receiver))
      #expect(!whole.truncated)
      let cut = try await client.answer(post(receiver))
      #expect(cut.truncated)
      #expect(whole.body == cut.body)
    }
  }

  @Test(arguments: [(1 << 20, 1 << 20), (1 << 20, 1000), (200_000, 90_000)])
  func aHugeHeader(octets: Int, line: Int) async throws {
    try await withClient { client, receiver in
      receiver.script(.hugeHeader(octets: octets, line: line))
      let error = try #require(await client.send(post(receiver)).failure)
      #expect(error.code == .replyTooLarge, "\(error)")
      #expect(error.mayHaveBeenApplied)
    }
  }

  @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}", "HTTP/9.9 what\r\n\r\n"])
  func anAnswerThatIsNotHTTP(text: String) async throws {
    try await withClient { client, receiver in
      receiver.script(.raw(text))
      let error = try #require(await client.send(post(receiver)).failure)
      #expect(error.code == .notHTTP, "\(error)")
      #expect(error.mayHaveBeenApplied)
    }
  }

  // MARK: Kept connections that turn out to be dead

  @Test func aKeptConnectionThatTheServerClosedIsReplaced() async throws {
    try await withClient { client, receiver in
      for round in 1...20 {
        receiver.script(.respondAndClose(.init(204)))
        try await client.expect(204, from: post(receiver, repeatable: false))
        #expect(receiver.requests.count == round)
        // Before the close has arrived, nobody could know that the connection is dead.
        await receiver.awaitNoConnections()
      }
    }
  }

  /// The server reads the second request on a kept connection and closes without a reply: libcurl repeats it on a new
  /// connection, so the server has seen it twice.
  @Test func aRepeatableRequestIsRepeatedOnAFreshConnection() async throws {
    try await withClient { client, receiver in
      receiver.script(.status(204), .close, .status(201))
      _ = try await client.answer(post(receiver))
      let response = try await client.answer(post(receiver, repeatable: true))
      #expect(response.status == 201)
      #expect(receiver.requests.map(\.connection) == [0, 0, 1])
      #expect(receiver.requests[1].body == receiver.requests[2].body)
    }
  }

  @Test func whatMayNotBeRepeatedIsNot() async throws {
    try await withClient { client, receiver in
      receiver.script(.status(204), .close, .status(201))
      _ = try await client.answer(post(receiver))
      let error = try #require(await client.send(post(receiver)).failure)
      #expect(error.code == .reset)
      #expect(error.mayHaveBeenApplied)
      #expect(receiver.requests.count == 2)
    }
  }

  /// The first attempt left on a kept connection, the second finds nobody: the request may have been applied.
  @Test func theFirstAttemptIsNotForgottenWhenTheSecondFails() async throws {
    try await withClient { client, receiver in
      receiver.script(.status(204), .silence)
      _ = try await client.answer(post(receiver))
      async let result = client.send(post(receiver, repeatable: true))
      try await receiver.wait { $0.count == 2 }
      receiver.stop()
      let error = try #require(await result.failure)
      #expect(error.code == .connect)
      #expect(error.mayHaveBeenApplied)
    }
  }
}
