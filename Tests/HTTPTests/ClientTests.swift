import HTTP
import TestSupport
import Testing

/// What an orderly server sees and what an orderly answer becomes.
@Suite struct ClientTests {
  @Test func aPostArrivesAsItWasGiven() async throws {
    try await withClient { client, receiver in
      receiver.script(
        .respond(.init(201, headers: [("Location", "/x"), ("X-Empty", ""), ("RETRY-after", " 7 ")], body: "made")))
      let body = Array(0...255).map { UInt8($0) }
      let response = try await client.answer(
        HTTPRequest(
          method: "POST", url: receiver.url + "/people?x=1",
          headers: [("Content-Type", "application/json"), ("X-Empty", ""), ("X-Wide", "ü\ta")], body: body)
      )
      #expect(response.status == 201)
      #expect(String(decoding: response.body, as: UTF8.self) == "made")
      #expect(!response.truncated)
      #expect(response.version == "1.1")
      #expect(response.header("location") == "/x")
      #expect(response.header("x-empty") == "")
      #expect(response.header("retry-after") == "7")
      #expect(response.header("absent") == nil)
      #expect(response.elapsed > .zero)

      let request = try await receiver.next()
      #expect(request.method == "POST")
      #expect(request.path == "/people?x=1")
      #expect(request.body == body)
      #expect(request.header("x-wide") == "ü\ta")
      #expect(
        request.headers.map(\.name).sorted()
          == ["accept", "content-length", "content-type", "host", "user-agent", "x-empty", "x-wide"])
      #expect(request.header("user-agent") == "rollcall")
      #expect(request.header("content-length") == "256")
    }
  }

  @Test(arguments: ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"])
  func methods(method: String) async throws {
    try await withClient { client, receiver in
      // Twice each on one handle, with and without a body, so that no method leaves traces in the next.
      for (index, body) in [[], Array("{}".utf8), []].enumerated() where method != "HEAD" || body.isEmpty {
        let response = try await client.answer(HTTPRequest(method: method, url: receiver.url, body: body))
        #expect(response.status == 204)
        let request = try await receiver.next()
        #expect(request.method == method)
        #expect(request.body == body)
        #expect(request.header("content-type") == nil, "no form type is made up (\(index))")
        let framed = !body.isEmpty || ["PUT", "PATCH", "POST"].contains(method)
        #expect(request.header("content-length") == (framed ? "\(body.count)" : nil))
      }
    }
  }

  @Test func methodsMixedOnOneHandle() async throws {
    try await withClient(HTTPClientSettings(connections: 1)) { client, receiver in
      for method in ["HEAD", "POST", "GET", "DELETE", "HEAD", "GET", "PUT", "GET"] {
        _ = try await client.answer(HTTPRequest(method: method, url: receiver.url))
        #expect(try await receiver.next().method == method)
      }
      #expect(receiver.connections == 1)
    }
  }

  @Test func connectionsAreKept() async throws {
    try await withClient { client, receiver in
      for _ in 0..<20 { try await client.expect(204, from: HTTPRequest(url: receiver.url)) }
      #expect(receiver.connections == 1)
    }
  }

  @Test func noMoreAreUnderWayThanAllowedAndAllAreAnswered() async throws {
    try await withClient(HTTPClientSettings(connections: 3)) { client, receiver in
      receiver.answer { request in .respond(.init(200, body: "\(request.path)", delay: .milliseconds(2))) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<60 {
          group.addTask {
            let response = try await client.answer(HTTPRequest(method: "POST", url: receiver.url + "/\(index)"))
            #expect(String(decoding: response.body, as: UTF8.self) == "/\(index)")
          }
        }
        try await group.waitForAll()
      }
      #expect(receiver.connections == 3)
      #expect(receiver.requests.count == 60)
    }
  }

  @Test func largeBodiesAndSmallOnesInTurn() async throws {
    try await withClient { client, receiver in
      for size in [0, 1, 3_000_000, 5, 70_000] {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        _ = try await client.answer(HTTPRequest(method: "POST", url: receiver.url, body: body))
        #expect(try await receiver.next().body == body)
      }
    }
  }

  @Test func manyHeaders() async throws {
    try await withClient { client, receiver in
      let headers = (0..<100).map { (name: "X-\($0)", value: String(repeating: "v", count: $0)) }
      _ = try await client.answer(HTTPRequest(url: receiver.url, headers: headers))
      let request = try await receiver.next()
      for (name, value) in headers { #expect(request.header(name.lowercased()) == value) }
    }
  }

  @Test func anInterimResponseIsNotTheAnswer() async throws {
    try await withClient { client, receiver in
      receiver.script(
        .raw(
          "HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nX-Late: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n0\r\nX-Trailer: yes\r\n\r\n"))
      let response = try await client.answer(HTTPRequest(url: receiver.url))
      #expect(response.status == 200)
      #expect(response.headers.map(\.name) == ["x-late", "transfer-encoding"])
      #expect(response.body == Array("abc".utf8))
    }
  }

  @Test func redirectsAreNotFollowed() async throws {
    try await withClient { client, receiver in
      receiver.script(.redirect(302, to: receiver.url + "/elsewhere"))
      let response = try await client.answer(HTTPRequest(method: "POST", url: receiver.url))
      #expect(response.status == 302)
      #expect(receiver.requests.count == 1)
    }
  }

  @Test func compressedRepliesAreNotAskedForNorUnpacked() async throws {
    try await withClient { client, receiver in
      receiver.script(.respond(.init(200, headers: [("Content-Encoding", "gzip")], body: "not gzip at all")))
      let response = try await client.answer(HTTPRequest(url: receiver.url))
      #expect(String(decoding: response.body, as: UTF8.self) == "not gzip at all")
      #expect(try await receiver.next().header("accept-encoding") == nil)
    }
  }

  @Test func cookiesAreNotKept() async throws {
    try await withClient { client, receiver in
      receiver.script(.respond(.init(200, headers: [("Set-Cookie", "a=b; Path=/")])))
      _ = try await client.answer(HTTPRequest(url: receiver.url))
      _ = try await client.answer(HTTPRequest(url: receiver.url))
      #expect(receiver.requests.allSatisfy { $0.header("cookie") == nil })
    }
  }

  @Test func theEnvironmentsProxyIsNotObeyedButTheSettingsIs() async throws {
    setEnvironment("http_proxy", "http://127.0.0.1:1")
    setEnvironment("no_proxy", "*")
    try await withClient { client, receiver in
      try await client.expect(204, from: HTTPRequest(url: receiver.url + "/direct"))
      #expect(try await receiver.next().path == "/direct")
      let proxied = HTTPClient(HTTPClientSettings(proxy: receiver.url))
      _ = try await proxied.answer(HTTPRequest(url: "http://people.invalid/x"))
      #expect(try await receiver.next().path == "http://people.invalid/x")
      await proxied.close()
    }
  }

  @Test func aUnixSocketInsteadOfAHost() async throws {
    let client = HTTPClient()
    let result = await client.send(HTTPRequest(url: "http://rollcall/status", unixSocketPath: "/nonexistent/socket"))
    let error = try #require(result.failure)
    #expect(error.code == .connect)
    #expect(error.subject == "unix:/nonexistent/socket")
    #expect(!error.mayHaveBeenApplied)
    try await Receiver.serve { receiver in
      // The next request without a socket goes to the network again.
      try await client.expect(204, from: HTTPRequest(url: receiver.url))
    }
    await client.close()
  }
}
