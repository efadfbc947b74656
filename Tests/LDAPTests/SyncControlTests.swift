import Directory
import LDAP
import TestSupport
import Testing

@Suite struct SyncControlTests {
  private let uuid: [UInt8] = SyncPDU.uuid(7)
  private var id: StableID { get throws { try #require(StableID(octets: uuid)) } }

  @Test func requestIsEncodedAsRFC4533Says() {
    #expect(
      SyncRequestControl(mode: .refreshOnly).control
        == Control(oid: SyncPDU.request, critical: true, value: [0x30, 3, 0x0a, 1, 1]))
    #expect(
      SyncRequestControl(mode: .refreshAndPersist, cookie: [0x61, 0x62], reloadHint: true).control.value
        == [0x30, 10, 0x0a, 1, 3, 0x04, 2, 0x61, 0x62, 0x01, 1, 0xff])
    #expect(SyncRequestControl(mode: .refreshOnly, cookie: []).control.value == [0x30, 3, 0x0a, 1, 1])
  }

  @Test func stateIsDecoded() throws {
    for (number, state) in [SyncStateValue.State.present, .add, .modify, .delete].enumerated() {
      let plain = try #require(SyncPDU.state(number, uuid: uuid).value)
      #expect(try SyncStateValue(decoding: plain) == SyncStateValue(state: state, id: id))
      let long = try #require(SyncPDU.state(number, uuid: uuid, cookie: "csn").value)
      #expect(try SyncStateValue(decoding: long) == SyncStateValue(state: state, id: id, cookie: Array("csn".utf8)))
    }
  }

  @Test func doneIsDecoded() throws {
    let empty = try #require(SyncPDU.done().value)
    #expect(try SyncDoneValue(decoding: empty) == SyncDoneValue())
    let full = try #require(SyncPDU.done(cookie: "c", refreshDeletes: true).value)
    #expect(try SyncDoneValue(decoding: full) == SyncDoneValue(cookie: [0x63], refreshDeletes: true))
    let onlyFlag = try #require(SyncPDU.done(refreshDeletes: true).value)
    #expect(try SyncDoneValue(decoding: onlyFlag) == SyncDoneValue(refreshDeletes: true))
  }

  @Test func infoIsDecoded() throws {
    func value(_ message: [UInt8]) -> [UInt8] {
      BER.nodes(message)[0].children[1].children.first { $0.tag == 0x81 }?.contents ?? []
    }
    let cookie = Array("x".utf8)
    #expect(try SyncInfoValue(decoding: value(SyncPDU.newCookie(1, "x"))) == .newCookie(cookie))
    #expect(
      try SyncInfoValue(decoding: value(SyncPDU.refreshDelete(1))) == .refreshDelete(cookie: nil, done: true))
    #expect(
      try SyncInfoValue(decoding: value(SyncPDU.refreshPresent(1, cookie: "x", done: false)))
        == .refreshPresent(cookie: cookie, done: false))
    #expect(
      try SyncInfoValue(
        decoding: value(SyncPDU.idSet(1, cookie: "x", refreshDeletes: true, uuids: [uuid, SyncPDU.uuid(8)])))
        == .syncIdSet(
          cookie: cookie, refreshDeletes: true, ids: [try id, try #require(StableID(octets: SyncPDU.uuid(8)))]))
    #expect(
      try SyncInfoValue(decoding: value(SyncPDU.idSet(1, refreshDeletes: false, uuids: [])))
        == .syncIdSet(cookie: nil, refreshDeletes: false, ids: []))
  }

  @Test func lengthsAndBooleansMayBeLong() throws {
    // BER, not DER: a length in more octets than needed, TRUE as 1, and an element of the future at the end.
    let octets: [UInt8] = [0x30, 0x82, 0, 9, 0x04, 0x81, 1, 0x63, 0x01, 1, 1, 0x05, 0]
    #expect(try SyncDoneValue(decoding: octets) == SyncDoneValue(cookie: [0x63], refreshDeletes: true))
  }

  @Test(
    arguments: [
      [], [0x30], [0x30, 0x80], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], [0x04, 0], [0x30, 0, 0],
      [0x30, 3, 0x0a, 1, 9], [0x30, 3, 0x0a, 1, 1], [0x30, 4, 0x0a, 2, 0, 1],
      [0x30, 6, 0x0a, 1, 1, 0x04, 1, 0], [0xa3, 3, 0x31, 1, 0x04], [0xa3, 5, 0x31, 3, 0x04, 1, 0], [0x84, 0],
    ] as [[UInt8]])
  func nonsenseIsAnError(octets: [UInt8]) {
    #expect { try SyncStateValue(decoding: octets) } throws: { ($0 as? LDAPError)?.code == .malformed }
    #expect { try SyncInfoValue(decoding: octets) } throws: { ($0 as? LDAPError)?.code == .malformed }
  }

  @Test func anythingIsDecodedOrRefusedButNeverCrashes() throws {
    var generator = SplitMix(state: 4533)
    let samples: [[UInt8]] = [
      SyncPDU.state(1, uuid: uuid, cookie: "cookie").value ?? [],
      SyncPDU.state(3, uuid: uuid).value ?? [],
      SyncPDU.done(cookie: "rid=000,csn=1", refreshDeletes: true).value ?? [],
      BER.node(0xa3, [BER.string("c"), BER.boolean(true), BER.node(0x31, [BER.octets(uuid), BER.octets(uuid)])]),
      BER.node(0xa1, [BER.string("c"), BER.boolean(false)]),
    ]
    var refused = 0
    func feed(_ octets: [UInt8]) {
      let attempts: [() throws -> Void] = [
        { _ = try SyncStateValue(decoding: octets) }, { _ = try SyncDoneValue(decoding: octets) },
        { _ = try SyncInfoValue(decoding: octets) },
      ]
      for attempt in attempts {
        do {
          try attempt()
        } catch {
          #expect((error as? LDAPError)?.code == .malformed)
          refused += 1
        }
      }
    }
    for sample in samples {
      for length in 0..<sample.count { feed(Array(sample[..<length])) }
      for _ in 0..<2_000 {
        var octets = sample
        for _ in 0...Int.random(in: 0...2, using: &generator) {
          octets[Int.random(in: octets.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        }
        feed(octets)
      }
    }
    for _ in 0..<5_000 {
      feed((0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
    // Nested without end: refused at a depth, not at the end of the stack.
    feed([UInt8](repeating: 0x30, count: 200).flatMap { [$0, 0x80] })
    #expect(refused > 10_000)
  }

  @Test func errorsDoNotShowOctets() throws {
    let error = #expect(throws: LDAPError.self) { try SyncDoneValue(decoding: Array("0\u{5}secret".utf8)) }
    #expect(try !#require(error).description.contains("secret"))
  }
}

/// A generator that gives the same numbers each time.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
