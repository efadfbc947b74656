import Changes
import Directory
import LDAP
import TestSupport
import Testing

private let newest = "rid=000,sid=001,csn=20261121221832.000000Z#000000#001#000000"

private func person(_ id: Int, _ number: Int, state: Int = 1) -> [UInt8] {
  LDAPPDU.searchEntry(
    id, dn: "uid=u\(number),dc=example,dc=com",
    texts: [("objectClass", ["inetOrgPerson"]), ("uid", ["u\(number)"])],
    controls: [SyncPDU.state(state, uuid: SyncPDU.uuid(number))])
}

/// A server whose root DSE says OpenLDAP and whose synchronization goes by the script.
private func server(_ script: @escaping @Sendable (ScriptedConnection, ScriptedRequest) throws -> Void) throws
  -> ScriptedLDAPServer
{
  try ScriptedLDAPServer { connection in
    while true {
      let request = try connection.search()
      if request.sync != nil {
        try script(connection, request)
        connection.untilGone()
        return
      }
      try connection.send(
        LDAPPDU.searchEntry(
          request.id, dn: "",
          texts: [("objectClass", ["top", "OpenLDAProotDSE"]), ("namingContexts", ["dc=example,dc=com"])]))
      try connection.send(LDAPPDU.searchDone(request.id))
    }
  }
}

private func words(_ error: (any Error)?) -> String { error.map { "\($0)" } ?? "no error" }

private func read(
  _ server: ScriptedLDAPServer, _ mode: SyncreplSession.Mode, from checkpoint: Checkpoint? = nil
) async throws -> (Mirror, (any Error)?) {
  let source = source(settings(server.url, bind: .anonymous), mode)
  let reading = Reading(try await source.open(from: checkpoint))
  let error = await reading.toEnd()
  await reading.stream.close()
  server.stop()
  return (reading.mirror, error)
}

@Suite("Syncrepl with a server that misbehaves")
struct SyncreplScriptedTests {
  @Test("A result other than success in a refresh", arguments: [3, 4, 10, 11, 32, 51, 52, 53])
  func results(code: Int) async throws {
    for mode in [SyncreplSession.Mode.refreshOnly, .refreshAndPersist] {
      let server = try server { connection, request in
        try connection.send([
          person(request.id, 1),
          SyncPDU.idSet(request.id, refreshDeletes: false, uuids: [SyncPDU.uuid(2)]),
          LDAPPDU.searchDone(
            request.id, code: code, diagnostic: "words", referrals: code == 10 ? ["ldap://other/"] : [],
            controls: [SyncPDU.done(cookie: newest)]),
        ])
      }
      let (mirror, error) = try await read(server, mode, from: checkpoint("rid=000,csn=\(csn(1))"))
      #expect(mirror.has("u1") && mirror.checkpoint == nil && mirror.ends.count == 1)
      guard case .partial(let reason) = mirror.ends.first else {
        Issue.record("\(mirror.ends)")
        continue
      }
      #expect(reason.contains("(\(code)): words") && words(error).contains("words"))
    }
  }

  @Test("A cut before the end, after any number of octets")
  func cut() async throws {
    let whole: @Sendable (Int) -> [UInt8] = { id in
      [
        person(id, 1), SyncPDU.idSet(id, refreshDeletes: false, uuids: [SyncPDU.uuid(2), SyncPDU.uuid(3)]),
        person(id, 4), LDAPPDU.searchDone(id, controls: [SyncPDU.done(cookie: newest)]),
      ].flatMap { $0 }
    }
    let length = whole(3).count
    for count in stride(from: 0, to: length, by: 7) {
      let server = try ScriptedLDAPServer { connection in
        while true {
          let request = try connection.search()
          guard request.sync == nil else {
            try connection.send(Array(whole(request.id).prefix(count)))
            return
          }
          try connection.send(LDAPPDU.searchDone(request.id))
        }
      }
      let (mirror, error) = try await read(server, .refreshOnly, from: checkpoint("rid=000,csn=\(csn(1))"))
      #expect(error is StreamError && mirror.checkpoint == nil, "after \(count) octets")
      #expect(mirror.ends.count == 1)
      if case .partial = mirror.ends.first { continue }
      Issue.record("\(mirror.ends) after \(count) octets")
    }
  }

  @Test("Success with nothing in it is told as it is")
  func nothing() async throws {
    let server = try server { connection, request in
      try connection.send(
        LDAPPDU.searchDone(request.id, controls: [SyncPDU.done(cookie: newest, refreshDeletes: true)]))
    }
    let (mirror, error) = try await read(server, .refreshOnly)
    #expect(error == nil && mirror.ends == [.whole] && mirror.entries.isEmpty && mirror.checkpoint != nil)
  }

  @Test("A present phase and its end while it persists, then a change")
  func phases() async throws {
    let server = try server { connection, request in
      try connection.send([
        SyncPDU.idSet(request.id, refreshDeletes: false, uuids: [SyncPDU.uuid(2)]), person(request.id, 1),
        SyncPDU.refreshPresent(request.id, cookie: newest),
        LDAPPDU.searchEntry(
          request.id, dn: "uid=u1,dc=example,dc=com",
          controls: [SyncPDU.state(3, uuid: SyncPDU.uuid(1), cookie: "rid=000,csn=\(csn(40))")]),
        LDAPPDU.searchDone(request.id, code: 52, diagnostic: "going down"),
      ])
    }
    let (mirror, error) = try await read(server, .refreshAndPersist, from: checkpoint("rid=000,csn=\(csn(1))"))
    #expect(mirror.ends == [.whole] && mirror.strangers == Set([StableID(octets: SyncPDU.uuid(2))].compactMap { $0 }))
    #expect(!mirror.has("u1") && mirror.checkpoint == checkpoint("rid=000,csn=\(csn(40))"))
    #expect(words(error).contains("going down"))
  }

  @Test("A reference: partial, no checkpoint, and the pass ends in order")
  func reference() async throws {
    let server = try server { connection, request in
      try connection.send([
        person(request.id, 1), LDAPPDU.searchReference(request.id, ["ldap://other/dc=sub"]),
        LDAPPDU.searchDone(request.id, controls: [SyncPDU.done(cookie: newest)]),
      ])
    }
    let (mirror, error) = try await read(server, .refreshOnly)
    #expect(error == nil && mirror.checkpoint == nil && mirror.has("u1"))
    guard case .partial = mirror.ends.first else {
      Issue.record("\(mirror.ends)")
      return
    }
  }

  @Test("What cannot be understood breaks the stream", arguments: ["control", "state", "info", "other", "done"])
  func malformed(kind: String) async throws {
    let server = try server { connection, request in
      let id = request.id
      switch kind {
      case "control": try connection.send(LDAPPDU.searchEntry(id, dn: "uid=u1,dc=example,dc=com"))
      case "state":
        try connection.send(
          LDAPPDU.searchEntry(
            id, dn: "uid=u1,dc=example,dc=com", controls: [SyncPDU.state(1, uuid: [1, 2, 3])]))
      case "info": try connection.send(LDAPPDU.intermediate(id, oid: SyncPDU.info, value: [0xa3, 0x03, 1]))
      case "other": try connection.send(LDAPPDU.intermediate(id, oid: "1.2.3", value: nil))
      default: try connection.send(LDAPPDU.searchDone(id))
      }
    }
    let (mirror, error) = try await read(server, .refreshOnly)
    #expect(error is StreamError && mirror.ends.count == 1 && mirror.entries.isEmpty)
    #expect(mirror.ends != [.whole])
  }

  @Test("A cookie refused again and again does not turn into a loop")
  func refusedAgain() async throws {
    let searches = Shared(0)
    let server = try ScriptedLDAPServer { connection in
      while true {
        let request = try connection.search()
        if request.sync != nil { searches.change { $0 += 1 } }
        try connection.send(LDAPPDU.searchDone(request.id, code: request.sync == nil ? 0 : 4096, diagnostic: "stale"))
      }
    }
    let (mirror, error) = try await read(server, .refreshAndPersist, from: checkpoint("x"))
    #expect(mirror.began == [.delta, .full] && mirror.ends.count == 2)
    #expect(words(error).contains("stale") && searches.value == 2)
  }
}
