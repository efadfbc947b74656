import Foundation
import TestSupport
import Testing

/// A refresh that does not tell everything, from a server that no real one plays on demand: nobody departs, and the
/// reason is said.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct RefusedRefreshTests {
  /// How the second refresh goes wrong.
  enum Fault: Sendable, CustomTestStringConvertible {
    /// Half of the entries, then this result.
    case halfway(Int, word: String)
    /// This result at once.
    case atOnce(Int, word: String)
    /// Half of the entries, then the end of the connection.
    case cut
    /// Success, an advanced cookie, and nobody.
    case empty

    var testDescription: String {
      switch self {
      case .halfway(let code, _): "code \(code) halfway"
      case .atOnce(let code, _): "code \(code) at once"
      case .cut: "cut"
      case .empty: "empty"
      }
    }

    var word: String {
      switch self {
      case .halfway(let code, let word), .atOnce(let code, let word): "\(word) (\(code))"
      case .cut: "connection"
      case .empty: ""
      }
    }
  }

  private static let names: [(Int, String)] = [
    (3, "timeLimitExceeded"), (4, "sizeLimitExceeded"), (10, "referral"), (11, "adminLimitExceeded"),
    (32, "noSuchObject"), (51, "busy"), (52, "unavailable"), (53, "unwillingToPerform"),
  ]
  static let faults: [Fault] =
    names.map { .halfway($0.0, word: $0.1) } + names.map { .atOnce($0.0, word: $0.1) } + [.cut, .empty]

  @Test("nobody departs", arguments: faults)
  func nobodyDeparts(_ fault: Fault) async throws {
    let server = try ScriptedDirectory()
    defer { server.stop() }
    let hearing = try Hearing()
    defer { hearing.receiver.stop() }
    try await Scene.with { scene in
      scene.file = RollcallFile(directory: server.url, target: hearing.receiver.url)
      scene.file.lines = []
      try await scene.running { child in
        try await hearing.receiver.wait { $0.count == ScriptedDirectory.people }
        try await scene.status { $0["directories"].list[0]["phase"].text == "following" }
        let seen = child.output.count
        server.interrupt(with: fault)
        if case .empty = fault {
          try await scene.status { $0["holds"].number == 1 }
          try await child.line(containing: "held", from: seen)
        } else {
          try await scene.status { $0["directories"].list[0]["trouble"].text?.contains(fault.word) == true }
          try await child.line(containing: fault.word, from: seen)
        }
        server.interrupt(with: nil)
        try await scene.status {
          $0["directories"].list[0]["phase"].text == "following" && !$0["directories"].list[0]["trouble"].exists
            && $0["holds"].number == 0
        }
      }
      #expect(hearing.state.deleted.isEmpty)
      #expect(hearing.events.count == ScriptedDirectory.people)
    }
  }
}

/// An OpenLDAP of eight people that is played by a script.
final class ScriptedDirectory: @unchecked Sendable {
  static let people = 8

  private let server: ScriptedLDAPServer
  private let fault: Shared<RefusedRefreshTests.Fault?>
  private let streams: Shared<[DispatchSemaphore]>

  var url: String { server.url }

  init() throws {
    let (fault, streams) = (Shared<RefusedRefreshTests.Fault?>(nil), Shared<[DispatchSemaphore]>([]))
    server = try ScriptedLDAPServer { connection in
      while true {
        let request = try connection.search()
        if let sync = request.sync {
          let going = try Self.refresh(connection, request.id, cookie: sync.cookie, fault.value)
          guard going else { return }
          let end = DispatchSemaphore(value: 0)
          streams.change { $0.append(end) }
          end.wait()
          return
        }
        try connection.send(Self.answer(request, hidesPeople: fault.value != nil))
      }
    }
    (self.fault, self.streams) = (fault, streams)
  }

  /// Cuts the stream; the next refresh goes this way.
  func interrupt(with next: RefusedRefreshTests.Fault?) {
    fault.change { $0 = next }
    for stream in streams.change({ streams in
      defer { streams = [] }
      return streams
    }) { stream.signal() }
  }

  func stop() {
    interrupt(with: nil)
    server.stop()
  }

  private static func cookie(_ number: Int) -> String {
    "rid=000,csn=202601010000\(number < 10 ? "0" : "")\(number).000000Z#000000#001#000000"
  }

  private static func entry(_ id: Int, _ number: Int, controls: [LDAPPDU.Control] = []) -> [UInt8] {
    let uuid = SyncPDU.uuid(number)
    let hex = uuid.map { String(format: "%02x", $0) }.joined()
    let cuts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(Array(hex)[$0]) }
    guard number > 0 else {
      return LDAPPDU.searchEntry(
        id, dn: Slapd.suffix,
        texts: [("objectClass", ["top", "domain"]), ("entryUUID", [cuts.joined(separator: "-")])],
        controls: controls)
    }
    return LDAPPDU.searchEntry(
      id, dn: "uid=p\(number),\(Slapd.suffix)",
      texts: [
        ("objectClass", ["top", "person", "organizationalPerson", "inetOrgPerson"]), ("uid", ["p\(number)"]),
        ("cn", ["P \(number)"]), ("sn", ["P"]), ("entryUUID", [cuts.joined(separator: "-")]),
      ], controls: controls)
  }

  /// True if the stream goes on.
  private static func refresh(
    _ connection: ScriptedConnection, _ id: Int, cookie: String?, _ fault: RefusedRefreshTests.Fault?
  ) throws -> Bool {
    func send(_ numbers: ClosedRange<Int>) throws {
      for number in numbers {
        try connection.send(entry(id, number, controls: [SyncPDU.state(1, uuid: SyncPDU.uuid(number))]))
      }
    }
    switch fault {
    case nil:
      try send(0...people)
      try connection.send(SyncPDU.refreshDelete(id, cookie: Self.cookie(cookie == nil ? 1 : 3)))
      return true
    case .halfway(let code, _):
      try send(0...(people / 2))
      try connection.send(LDAPPDU.searchDone(id, code: code, referrals: code == 10 ? ["ldap://elsewhere/"] : []))
    case .atOnce(let code, _):
      try connection.send(LDAPPDU.searchDone(id, code: code, referrals: code == 10 ? ["ldap://elsewhere/"] : []))
    case .cut:
      try send(0...(people / 2))
    case .empty:
      try connection.send(SyncPDU.refreshPresent(id, cookie: Self.cookie(2)))
      return true
    }
    return false
  }

  /// The root DSE, the base; and of people nothing while a fault is played, to whoever asks for them by id.
  private static func answer(_ request: ScriptedRequest, hidesPeople: Bool) -> [[UInt8]] {
    let done = LDAPPDU.searchDone(request.id)
    if request.scope == 0, request.base.isEmpty {
      let root = LDAPPDU.searchEntry(
        request.id, dn: "",
        texts: [
          ("objectClass", ["top", "OpenLDAProotDSE"]), ("namingContexts", [Slapd.suffix]),
          ("supportedControl", [SyncPDU.request]),
        ])
      return [root, done]
    }
    if request.scope == 0 { return [entry(request.id, 0), done] }
    return (hidesPeople ? [] : (0...people).map { entry(request.id, $0) }) + [done]
  }
}
