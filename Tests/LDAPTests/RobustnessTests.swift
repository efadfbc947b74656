import Directory
import LDAP
import TestSupport
import Testing

/// What no healthy server does, played by a scripted one.
@Suite struct RobustnessTests {
  private let request = SearchRequest(base: "dc=example,dc=com")

  /// Searches against a script and returns what came and how it ended.
  private func play(
    _ script: @escaping @Sendable (ScriptedConnection, ScriptedRequest) throws -> Void
  ) async throws -> (messages: [SearchMessage], error: LDAPError?) {
    let server = try ScriptedLDAPServer { connection in
      let search = try connection.search()
      try script(connection, search)
    }
    defer { server.stop() }
    let connection = try await LDAPConnection.open(server.settings())
    let stream = try await connection.search(request)
    var messages: [SearchMessage] = []
    do throws(LDAPError) {
      while true {
        messages += try await stream.next()
        if case .done = messages.last { return (messages, nil) }
      }
    } catch {
      return (messages, error)
    }
  }

  @Test(arguments: [1, 3, 4, 10, 11, 12, 32, 50, 51, 52, 53, 80, 4096])
  func aResultCodeComesWithAllItsParts(code: Int) async throws {
    let (messages, error) = try await play { connection, search in
      try connection.send([
        LDAPPDU.searchEntry(search.id, dn: "uid=a", texts: [("uid", ["a"])]),
        LDAPPDU.searchReference(search.id, ["ldap://127.0.0.1:1/dc=other", "ldap://127.0.0.1:2/"]),
        LDAPPDU.searchDone(
          search.id, code: code, matchedDN: "dc=com", diagnostic: "because",
          referrals: code == 10 ? ["ldap://127.0.0.1:1/"] : [], controls: [SyncPDU.done(cookie: "c")]),
      ])
      connection.untilGone()
    }
    #expect(error == nil)
    guard messages.count == 3, case .reference(let urls) = messages[1], case .done(let result) = messages[2] else {
      Issue.record("\(messages)")
      return
    }
    #expect(urls == ["ldap://127.0.0.1:1/dc=other", "ldap://127.0.0.1:2/"])
    #expect(result.code == code && result.diagnostic == "because" && result.matchedDN == "dc=com")
    #expect(result.referrals == (code == 10 ? ["ldap://127.0.0.1:1/"] : []))
    #expect(try SyncDoneValue.find(in: result.controls) == SyncDoneValue(cookie: [0x63]))
  }

  @Test func anExtendedResponseEndsASearchToo() async throws {
    // Samba's answer to a critical control that it does not know.
    let (messages, _) = try await play { connection, search in
      try connection.send(LDAPPDU.extendedResponse(search.id, code: 12, diagnostic: "Unsupported critical extension"))
      connection.untilGone()
    }
    guard case .done(let result)? = messages.last else {
      Issue.record("\(messages)")
      return
    }
    #expect(result.code == 12)
  }

  @Test func oddAttributesSurvive() async throws {
    let (messages, _) = try await play { connection, search in
      try connection.send([
        LDAPPDU.searchEntry(
          search.id, dn: "cn=\u{e9}\0x,dc=b",
          attributes: [
            ("UserCertificate;Binary", [[0, 0x30, 0xff]]), ("cn", []), ("zz", [[], [0]]), ("CN", [[0x62], [0x61]]),
          ], controls: [SyncPDU.state(1, uuid: SyncPDU.uuid(1)), LDAPPDU.Control("1.2.3", critical: true)]),
        LDAPPDU.searchDone(search.id),
      ])
      connection.untilGone()
    }
    guard case .entry(let entry)? = messages.first else {
      Issue.record("\(messages)")
      return
    }
    #expect(entry.dn == "cn=\u{e9}\0x,dc=b")
    #expect(entry.attributes.octets("usercertificate;binary") == [[0, 0x30, 0xff]])
    #expect(entry.attributes.octets("cn") == [[0x61], [0x62]])
    #expect(entry.attributes.octets("zz") == [[], [0]])
    #expect(entry.controls.map(\.oid) == [SyncStateValue.oid, "1.2.3"])
    #expect(entry.controls[1].value == nil)
  }

  @Test(arguments: ["cut", "reset", "garbage", "half", "huge", "odd", "entry"])
  func aBrokenStreamEndsTheSearch(how: String) async throws {
    let (messages, error) = try await play { connection, search in
      try connection.send(LDAPPDU.searchEntry(search.id, dn: "uid=a", texts: [("uid", ["a"])]))
      switch how {
      case "reset": connection.resetOnClose()
      case "garbage": try connection.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
      case "half":
        try connection.send(Array(LDAPPDU.searchEntry(search.id, dn: "uid=b", texts: [("uid", ["b"])]).dropLast(5)))
      case "huge":
        // Two gigabytes are announced: refused at the announcement.
        try connection.send([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02])
        connection.untilGone()
      case "odd": try connection.send(BER.sequence(BER.string("no number")))
      case "entry": try connection.send(LDAPPDU.message(search.id, BER.node(0x64, [0x04, 0x7f, 0x61])))
      default: break
      }
    }
    let end = try #require(error)
    // What came whole before the break is told; a reset takes with it what the kernel had not handed over.
    #expect(messages.count == 1 || how == "reset")
    #expect([.disconnected, .malformed].contains(end.code), "\(end)")
    #expect(end.operation == "search")
  }

  @Test func aNoticeOfDisconnectionIsTheReason() async throws {
    let (_, error) = try await play { connection, _ in
      try connection.send(LDAPPDU.noticeOfDisconnection(code: 52, diagnostic: "going down"))
    }
    let end = try #require(error)
    #expect(end.code == .unavailable && end.isRetriable, "\(end)")
    #expect(end.cause.contains("going down"))
  }

  @Test func oneOperationDoesNotStrandTheMessagesOfAnother() async throws {
    let slow = Signal()
    let server = try ScriptedLDAPServer { connection in
      let first = try connection.search()
      let second = try connection.search()
      // While the first waits, the second reads everything from the socket, thousands of the first's among it.
      let flood = (0..<3000).map { LDAPPDU.searchEntry(first.id, dn: "uid=\($0)", texts: [("uid", ["a"])]) }
      try connection.send(flood + [LDAPPDU.searchDone(first.id), LDAPPDU.searchDone(second.id, code: 32)])
      connection.untilGone()
      slow.fire()
    }
    defer { server.stop() }
    let connection = try await LDAPConnection.open(server.settings())
    async let first = connection.collect(request)
    async let second = connection.collect(SearchRequest(base: "dc=other"))
    let codes = try await [first.result.code, second.result.code]
    let counts = try await [first.entries.count, second.entries.count]
    #expect(codes.sorted() == [0, 32])
    #expect(counts.sorted() == [0, 3000])
    await connection.close()
    #expect(await slow.wait())
  }

  @Test func afterABreakEveryOperationFailsAtOnce() async throws {
    let server = try ScriptedLDAPServer { _ = try $0.search() }
    defer { server.stop() }
    let connection = try await LDAPConnection.open(server.settings())
    async let first = failure { try await connection.collect(request) }
    async let second = failure { try await connection.collect(request) }
    #expect(try await first.code == .disconnected)
    #expect(try await second.code == .disconnected)
    #expect(try await failure { try await connection.whoAmI() }.code == .disconnected)
  }

  @Test func nobodyReadsWhatNobodyPulls() async throws {
    let sent = Shared(0)
    let server = try ScriptedLDAPServer { connection in
      let search = try connection.search()
      let entry = LDAPPDU.searchEntry(
        search.id, dn: "uid=a", attributes: [("blob", [[UInt8](repeating: 7, count: 60_000)])])
      while true {
        try connection.send(entry)
        sent.change { $0 += entry.count }
      }
    }
    defer { server.stop() }
    let connection = try await LDAPConnection.open(server.settings())
    let stream = try await connection.search(request)
    var received = 0
    for _ in 0..<20 {
      let batch = try await stream.next()
      // A batch is bounded in octets as well: about a mebibyte.
      #expect(batch.count <= 19)
      received += batch.count
    }
    #expect(received >= 20)
    // The server has stopped sending as soon as what is under way fills the buffers of both kernels.
    var before = -1
    while before != sent.value {
      before = sent.value
      try await Task.sleep(for: .milliseconds(200))
    }
    #expect(sent.value < received * 60_000 + 24 << 20)
    await connection.close()
    #expect(await server.ended.wait())
  }
}
