import Changes
import Directory
import Testing

@Suite("Syncrepl, the refresh")
struct SyncreplRefreshTests {
  private let old = "rid=000,csn=\(csn(1))"

  @Test("The opening tells whether a cookie is sent")
  func opening() {
    #expect(Dialogue(.refreshOnly).session.opening == .refreshBegan(.full))
    #expect(Dialogue(.refreshOnly, cookie: old).session.opening == .refreshBegan(.delta))
    #expect(Dialogue(.refreshOnly, cookie: old).session.cookie == Array(old.utf8))
    let foreign = SyncreplSession(
      mode: .refreshOnly, vendor: .openLDAP, from: Checkpoint(mechanism: "dirsync", value: [1]))
    #expect(foreign.cookie == nil && foreign.opening == .refreshBegan(.full))
    #expect(Dialogue(.refreshOnly, cookie: "").session.cookie == nil)
  }

  @Test("From nothing, in one pass: everything was told", arguments: ServerVendor.allCases, [true, false])
  func initialPass(vendor: ServerVendor, deletes: Bool) {
    let dialogue = Dialogue(.refreshOnly, vendor: vendor, .add(1), .add(2), .success(cookie(csn(3)), deletes: deletes))
    #expect(dialogue.changes == [.upsert(person(1)), .upsert(person(2)), .refreshEnded(.whole), kept(csn(3))])
    #expect(dialogue.next == .ended)
  }

  @Test("From nothing, to persist: either kind of end means that everything was told")
  func initialPersist() {
    let byDelete = Dialogue(.refreshAndPersist, .add(1), .refreshDelete(cookie: cookie(csn(3)), done: true))
    #expect(byDelete.changes == [.upsert(person(1)), .refreshEnded(.whole), kept(csn(3))])
    #expect(byDelete.next == .goOn && byDelete.session.isPersisting)
    let byPresent = Dialogue(.refreshAndPersist, .add(1), .refreshPresent(cookie: cookie(csn(3)), done: true))
    #expect(byPresent.changes == byDelete.changes && byPresent.session.isPersisting)
  }

  @Test("Success with nothing in it is whole too: the guard is the ledger's")
  func empty() {
    #expect(Dialogue(.refreshOnly, .success(cookie(csn(3)), deletes: true)).changes.first == .refreshEnded(.whole))
    #expect(Dialogue(.refreshOnly, .success(deletes: true)).changes == [.refreshEnded(.whole)])
  }

  @Test("Present phase: ids are present, and OpenLDAP's silence counts")
  func presentPhase() {
    let pass = Dialogue(
      .refreshOnly, cookie: old, .idSet(cookie: nil, refreshDeletes: false, [id(1), id(2)]),
      .idSet(cookie: nil, refreshDeletes: false, [id(3)]), .add(2), .success(cookie(csn(3)), deletes: false))
    #expect(
      pass.changes == [
        .present([id(1), id(2), id(3)]), .upsert(person(2)), .refreshEnded(.whole), kept(csn(3)),
      ])
    let persist = Dialogue(
      .refreshAndPersist, cookie: old, .idSet(cookie: nil, refreshDeletes: false, [id(1)]),
      .refreshPresent(cookie: cookie(csn(3)), done: true))
    #expect(persist.changes == [.present([id(1)]), .refreshEnded(.whole), kept(csn(3))])
  }

  @Test("An entry that is only present is told by its id")
  func presentEntry() {
    let dialogue = Dialogue(
      .refreshOnly, cookie: old, .entry(.present, id(1), cookie: nil, person(1)),
      .entry(.present, id(2), cookie: nil, nil), .success(cookie(csn(3)), deletes: false))
    #expect(dialogue.changes.first == .present([id(1), id(2)]))
  }

  @Test("389-DS: with a cookie, what is not mentioned is not gone, whatever the end says")
  func vendorRule() {
    let end = SyncreplSession.Event.success(Array("h:1#b:x:f#76".utf8), deletes: false)
    let dialogue = Dialogue(.refreshOnly, vendor: .netscape389, cookie: "h:1#b:x:f#75", .add(1), end)
    #expect(
      dialogue.changes == [
        .upsert(person(1)), .refreshEnded(.delta), .checkpoint(checkpoint("h:1#b:x:f#76")),
      ])
    #expect(
      Dialogue(.refreshOnly, vendor: .netscape389, cookie: "h:1#b:x:f#75", end).changes.first == .refreshEnded(.delta))
    #expect(
      Dialogue(
        .refreshAndPersist, vendor: .netscape389, cookie: "h:1#b:x:f#75",
        .idSet(cookie: nil, refreshDeletes: false, [id(1)]),
        .refreshPresent(cookie: Array("h:1#b:x:f#76".utf8), done: true)
      ).changes.contains(.refreshEnded(.delta)))
    #expect(Dialogue(.refreshOnly, vendor: .netscape389, .add(1), end).changes.contains(.refreshEnded(.whole)))
  }

  @Test("A server whose rule is not known must list what is present before its silence counts")
  func unknownVendor() {
    let end = SyncreplSession.Event.success(cookie(csn(3)), deletes: false)
    #expect(Dialogue(.refreshOnly, vendor: .other, cookie: old, .add(1), end).changes.contains(.refreshEnded(.delta)))
    let listed = Dialogue(
      .refreshOnly, vendor: .other, cookie: old, .idSet(cookie: nil, refreshDeletes: false, [id(1)]), .add(2), end)
    #expect(listed.changes.contains(.refreshEnded(.whole)))
  }

  @Test("OpenLDAP's silence counts only if its cookie moved on")
  func notNewer() {
    for end in [nil, cookie(csn(1)), cookie(csn(0))] {
      let dialogue = Dialogue(
        .refreshOnly, cookie: old, .idSet(cookie: nil, refreshDeletes: false, [id(1)]), .success(end, deletes: false))
      #expect(dialogue.changes.contains(.refreshEnded(.delta)))
    }
    let stranger = Dialogue(.refreshOnly, cookie: old, .add(1), .success(cookie(csn(0, 7)), deletes: false))
    #expect(stranger.changes == [.upsert(person(1)), .refreshEnded(.whole), kept(csn(0, 7))])
  }

  @Test("Delete phase: ids and entries depart, silence says nothing")
  func deletePhase() {
    let pass = Dialogue(
      .refreshOnly, cookie: old,
      .idSet(cookie: Array("rid=000,sid=001,csn=\(csn(1)),delcsn=\(csn(2))".utf8), refreshDeletes: true, [id(1)]),
      .idSet(cookie: nil, refreshDeletes: true, [id(2), id(3)]), .add(4), .success(cookie(csn(3)), deletes: true))
    #expect(
      pass.changes == [
        .departed(id(1), .deleteMessage), .departed(id(2), .deleteMessage), .departed(id(3), .deleteMessage),
        .upsert(person(4)), .refreshEnded(.delta), kept(csn(3)),
      ])
    let persist = Dialogue(
      .refreshAndPersist, cookie: old, .delete(1), .refreshDelete(cookie: cookie(csn(3)), done: true))
    #expect(persist.changes == [.departed(id(1), .deleteMessage), .refreshEnded(.delta), kept(csn(3))])
  }

  @Test("Nothing changed: no cookie, and the old one stays")
  func unchanged() {
    let pass = Dialogue(.refreshOnly, cookie: old, .success(deletes: true))
    #expect(pass.changes == [.refreshEnded(.delta)] && pass.next == .ended)
    let persist = Dialogue(.refreshAndPersist, cookie: old, .refreshDelete(cookie: nil, done: true))
    #expect(persist.changes == [.refreshEnded(.delta)] && persist.session.isPersisting)
  }

  @Test("Present phase, then delete phase: one refresh, and it is whole")
  func bothPhases() {
    let persist = Dialogue(
      .refreshAndPersist, cookie: old, .idSet(cookie: nil, refreshDeletes: false, [id(1), id(2)]),
      .refreshPresent(cookie: cookie(csn(2)), done: false), .delete(2),
      .refreshDelete(cookie: cookie(csn(3)), done: true))
    #expect(
      persist.changes == [
        .present([id(1), id(2)]), .departed(id(2), .deleteMessage), .refreshEnded(.whole), kept(csn(3)),
      ])
    // With refreshOnly the flag is not to be believed: its default is TRUE.
    let pass = Dialogue(
      .refreshOnly, cookie: old, .idSet(cookie: nil, refreshDeletes: false, [id(1)]),
      .refreshPresent(cookie: cookie(csn(2)), done: true), .delete(2), .success(cookie(csn(3)), deletes: true))
    #expect(
      pass.changes == [.present([id(1)]), .departed(id(2), .deleteMessage), .refreshEnded(.whole), kept(csn(3))])
    let delta = Dialogue(
      .refreshAndPersist, cookie: old, .refreshDelete(cookie: nil, done: false), .add(1),
      .refreshDelete(cookie: cookie(csn(3)), done: true))
    #expect(delta.changes == [.upsert(person(1)), .refreshEnded(.delta), kept(csn(3))])
  }

  @Test("A cookie before the end of the refresh is no checkpoint")
  func earlyCookies() {
    let dialogue = Dialogue(
      .refreshAndPersist, cookie: old, .newCookie(cookie(csn(2))), .add(1, cookie(csn(2))),
      .refreshPresent(cookie: cookie(csn(2)), done: false),
      .idSet(cookie: cookie(csn(2)), refreshDeletes: true, [id(3)]))
    #expect(dialogue.changes == [.upsert(person(1)), .departed(id(3), .deleteMessage)])
    #expect(dialogue.next == .goOn && !dialogue.session.isPersisting)
  }

  @Test("A reference makes the refresh partial, and nothing a checkpoint until the next session")
  func reference() throws {
    let pass = Dialogue(.refreshOnly, .add(1), .reference, .success(cookie(csn(3)), deletes: true))
    #expect(pass.changes.count == 2 && pass.next == .ended)
    #expect(pass.changes.last.flatMap(partialReason)?.contains("referred") == true)
    var persist = Dialogue(
      .refreshAndPersist, .reference, .refreshDelete(cookie: cookie(csn(3)), done: true), .modify(2, cookie(csn(4))))
    #expect(persist.changes.first.flatMap(partialReason) != nil)
    #expect(persist.changes.last == .upsert(person(2)) && persist.session.isPersisting)
    persist.say(.newCookie(cookie(csn(5))))
    #expect(persist.changes.count == 2)
  }

  @Test(
    "Any other result makes it partial and calls for another try",
    arguments: [1, 3, 4, 10, 11, 32, 50, 51, 52, 53, 80], [nil, "rid=000,csn=\(csn(1))"])
  func results(code: Int, sent: String?) {
    for mode in [SyncreplSession.Mode.refreshOnly, .refreshAndPersist] {
      let end = SyncreplSession.End(cookie: cookie(csn(3)), refreshDeletes: false)
      let dialogue = Dialogue(mode, cookie: sent, .add(1), .done(code: code, diagnostic: "why", end))
      #expect(dialogue.changes.count == 2 && dialogue.changes.first == .upsert(person(1)))
      #expect(dialogue.changes.last.flatMap(partialReason)?.contains("\(code)): why") == true)
      guard case .retry(let reason) = dialogue.next else {
        Issue.record("\(dialogue.next)")
        continue
      }
      #expect(reason.contains("why"))
    }
  }

  @Test("A cut before the end makes it partial and calls for another try")
  func cut() {
    let dialogue = Dialogue(.refreshOnly, .add(1), .disconnected("connection reset"))
    #expect(dialogue.changes == [.upsert(person(1)), .refreshEnded(.partial("connection reset"))])
    #expect(dialogue.next == .retry("connection reset"))
    #expect(Dialogue(.refreshOnly, .malformed("bad control")).next == .retry("bad control"))
  }

  @Test("An end without Sync Done, or of a search that was to persist, is no end")
  func noControl() {
    for dialogue in [
      Dialogue(.refreshOnly, .add(1), .done(code: 0, diagnostic: "", nil)),
      Dialogue(.refreshAndPersist, .add(1), .done(code: 0, diagnostic: "", nil)),
      Dialogue(.refreshAndPersist, .add(1), .success(cookie(csn(3)), deletes: true)),
      Dialogue(.refreshOnly, .add(1), .entry(.modify, id(2), cookie: nil, nil)),
    ] {
      #expect(dialogue.changes.count == 2 && dialogue.changes.last.flatMap(partialReason) != nil)
      guard case .retry = dialogue.next else {
        Issue.record("\(dialogue.next)")
        continue
      }
    }
  }

  @Test(
    "A cookie that is refused calls for a start without one",
    arguments: [
      (4096, "sync cookie is stale"), (53, "consumer state is newer than provider!"), (2, "Sync control: bad cookie"),
    ])
  func refused(code: Int, words: String) {
    let done = SyncreplSession.Event.done(code: code, diagnostic: words, nil)
    let with = Dialogue(.refreshAndPersist, cookie: old, done)
    guard case .restartWithoutCookie(let reason) = with.next else {
      Issue.record("\(with.next)")
      return
    }
    #expect(reason.contains(words))
    #expect(with.changes.count == 1 && with.changes.last.flatMap(partialReason) != nil)
    guard case .retry = Dialogue(.refreshAndPersist, done).next else {
      Issue.record("without a cookie there is none to drop")
      return
    }
  }

  @Test("An empty cookie for one that was sent: nothing is believed but what was told, and it begins again")
  func emptyCookie() {
    for cookie in ["", "rid=000,sid=001"] {
      for dialogue in [
        Dialogue(.refreshOnly, cookie: "garbage", .add(1), .success(Array(cookie.utf8), deletes: true)),
        Dialogue(
          .refreshAndPersist, cookie: "garbage", .add(1), .refreshDelete(cookie: Array(cookie.utf8), done: true)),
      ] {
        #expect(dialogue.changes.count == 2 && dialogue.changes.last.flatMap(partialReason) != nil)
        guard case .restartWithoutCookie = dialogue.next else {
          Issue.record("\(dialogue.next)")
          continue
        }
      }
      let without = Dialogue(.refreshOnly, .add(1), .success(Array(cookie.utf8), deletes: true))
      #expect(without.changes == [.upsert(person(1)), .refreshEnded(.whole)] && without.next == .ended)
    }
  }

  @Test("After its end a session takes nothing more")
  func over() {
    var dialogue = Dialogue(.refreshOnly, .success(cookie(csn(3)), deletes: true))
    dialogue.say(.add(1))
    dialogue.say(.disconnected("x"))
    #expect(dialogue.changes.count == 2 && dialogue.next == .ended)
  }
}

func partialReason(_ change: Change) -> String? {
  guard case .refreshEnded(.partial(let reason)) = change else { return nil }
  return reason
}
