import Foundation
import LDAP
import TestSupport
import Testing

/// Waiting, giving up, cancelling, closing.
@Suite struct WaitingTests {
  private let request = SearchRequest(base: "dc=example,dc=com")

  @Test func aCancelledWaitEndsAtOnceAndIsAbandoned() async throws {
    let searching = Signal()
    let abandoned = Signal()
    let server = try ScriptedLDAPServer { connection in
      // Half a message is there: the client is in the middle of reading it.
      let search = try connection.search()
      try connection.send(Array(LDAPPDU.searchEntry(search.id, dn: "uid=a", texts: [("uid", ["a"])]).prefix(9)))
      searching.fire()
      while true {
        let next = try connection.request()
        if next.operation.tag == 0x50, next.operation.number == search.id { abandoned.fire() }
      }
    }
    defer { server.stop() }
    let connection = try await LDAPConnection.open(server.settings())
    let stream = try await connection.search(request)
    let task = Task { try await failure { try await stream.next() } }
    #expect(await searching.wait())
    try await Task.sleep(for: .milliseconds(50))
    var error: LDAPError?
    let took = try await duration {
      task.cancel()
      error = try await task.value
    }
    #expect(error?.code == .cancelled)
    #expect(took < .seconds(8))
    #expect(await abandoned.wait())
    #expect(try await failure { try await stream.next() }.code == .closed)
  }

  @Test func aDroppedStreamIsAbandoned() async throws {
    let abandoned = Signal()
    let server = try ScriptedLDAPServer { connection in
      _ = try connection.search()
      while try connection.request().operation.tag != 0x50 {}
      abandoned.fire()
    }
    defer { server.stop() }
    let connection = try await LDAPConnection.open(server.settings())
    _ = try await connection.search(request)
    #expect(await abandoned.wait())
    await connection.close()
  }

  @Test func aDroppedConnectionSaysGoodbye() async throws {
    let unbound = Signal()
    let server = try ScriptedLDAPServer { connection in
      if connection.untilGone().contains(where: { $0.operation.tag == 0x42 }) { unbound.fire() }
    }
    defer { server.stop() }
    do { _ = try await LDAPConnection.open(server.settings()) }
    #expect(await unbound.wait())
  }

  @Test func closingEndsWhoWaits() async throws {
    let server = try ScriptedLDAPServer { connection in
      _ = try connection.search()
      connection.untilGone()
    }
    defer { server.stop() }
    let connection = try await LDAPConnection.open(server.settings())
    let stream = try await connection.search(request)
    async let end = failure { try await stream.next() }
    try await Task.sleep(for: .milliseconds(50))
    await connection.close()
    #expect(try await end.code == .closed)
    #expect(try await failure { try await connection.whoAmI() }.code == .closed)
    #expect(try await failure { try await connection.search(request) }.code == .closed)
    #expect(await server.ended.wait())
  }

  @Test func aSilentServerIsGivenUpWithinTheTimeForConnecting() async throws {
    let server = try ScriptedLDAPServer { $0.swallow() }
    defer { server.stop() }
    let bind = Bind.simple(dn: "cn=a", password: Secret("b"))
    let attempts: [(url: String, tls: TLSMode, stage: String)] = [
      (server.url, .insecure, "bind"), (server.url, .secure, "StartTLS"),
      ("ldaps://127.0.0.1:\(server.port)", .secure, "TLS"),
    ]
    for attempt in attempts {
      let settings = ConnectionSettings(
        urls: [attempt.url], tls: attempt.tls, bind: bind, connectTimeout: .milliseconds(300))
      var error: LDAPError?
      let took = try await duration { error = try await failure { try await LDAPConnection.open(settings) } }
      #expect(error?.code == .timeout)
      #expect(error?.operation == attempt.stage)
      #expect(took >= .milliseconds(300) && took < .seconds(20))
    }
    // Every connection is closed at once, not when the server says something.
    #expect(await server.ended.wait(count: attempts.count))
  }

  @Test func connectingCanBeCancelled() async throws {
    let server = try ScriptedLDAPServer { $0.swallow() }
    defer { server.stop() }
    for (count, url) in [server.url, "ldaps://127.0.0.1:\(server.port)"].enumerated() {
      let settings = ConnectionSettings(
        urls: [url, url], tls: .insecure, bind: .simple(dn: "cn=a", password: Secret("b")))
      let task = Task { try await failure { try await LDAPConnection.open(settings) } }
      #expect(await server.accepted.wait(count: count + 1))
      task.cancel()
      var error: LDAPError?
      let took = try await duration { error = try await task.value }
      #expect(error?.code == .cancelled)
      // Without the cancellation it would take the ten seconds of the time for connecting.
      #expect(took < .seconds(8))
      #expect(await server.ended.wait(count: count + 1))
    }
  }

  @Test func aSearchWithATimeLimitIsGivenUpOnThisSideToo() async throws {
    let server = try ScriptedLDAPServer { connection in
      _ = try connection.search()
      connection.untilGone()
    }
    defer { server.stop() }
    var settings = server.settings()
    settings.connectTimeout = .milliseconds(400)
    let connection = try await LDAPConnection.open(settings)
    let (early, late) = (ContinuousClock.now, SearchRequest(base: "", timeLimit: 1))
    #expect(try await failure { try await connection.collect(late) }.code == .timeout)
    #expect(.now - early >= .seconds(6))
  }

  @Test func serversAreTriedInOrderAndEachFailureIsTold() async throws {
    try await Slapd.with { slapd in
      let dead = "ldap://127.0.0.1:\(FreePort.next())"
      let connection = try await LDAPConnection.open(slapd.settings([dead, slapd.url, slapd.ldapiURL]))
      #expect(connection.session.url == slapd.url)

      let unknown = "ldap://nowhere.invalid"
      let error = try await failure {
        try await LDAPConnection.open(slapd.settings([dead, unknown, "http://x", "ldapi://%2Fnowhere"]))
      }
      for part in [dead, "refused", unknown, "cannot be resolved", "http://x", "not an LDAP URL", "/nowhere"] {
        #expect(error.description.contains(part), "\(error)")
      }
      #expect(error.isRetriable)
      #expect(!error.description.contains("\n"))
      let alone = try await failure { try await LDAPConnection.open(slapd.settings([unknown])) }
      #expect(alone.code == .resolve && alone.hint != nil, "\(alone)")
      let none = try await failure { try await LDAPConnection.open(slapd.settings([])) }
      #expect(none.code == .invalid)
    }
  }

  @Test func waitingCostsNothing() async throws {
    try await Slapd.with { slapd in
      let connection = try await LDAPConnection.open(slapd.settings())
      let stream = try await connection.search(
        SearchRequest(base: Slapd.suffix, controls: [SyncRequestControl(mode: .refreshAndPersist).control]))
      _ = try await stream.next()
      async let end = failure {
        while true { _ = try await stream.next() }
      }
      try await Task.sleep(for: .milliseconds(300))
      let thread = try #require(threads("ldap:\(slapd.port)").first)
      #expect(threads("ldap:\(slapd.port)").count == 1)
      let wakeups = switches(thread)
      #expect(wakeups > 0)
      try await Task.sleep(for: .milliseconds(1500))
      #expect(switches(thread) == wakeups)
      await connection.close()
      #expect(try await end.code == .closed)
    }
  }

  /// The threads of this process with this name.
  private func threads(_ name: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return all.filter { (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8)) == name + "\n" }
  }

  /// How often a thread has been scheduled: each wake-up counts.
  private func switches(_ thread: String) -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/task/\(thread)/status", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { $0.contains("ctxt_switches") }
      .compactMap { Int($0.split(whereSeparator: \.isWhitespace).last ?? "") }.reduce(0, +)
  }
}
