import Changes
import Directory
import Testing

@Suite("Syncrepl, once it follows")
struct SyncreplPersistTests {
  private func following(_ cookies: String...) -> Dialogue {
    Dialogue(
      .refreshAndPersist,
      .refreshDelete(cookie: Array("rid=000,csn=\(cookies.joined(separator: ";"))".utf8), done: true))
  }

  private func changes(_ dialogue: Dialogue, _ events: SyncreplSession.Event...) -> [Change] {
    var dialogue = dialogue
    let before = dialogue.changes.count
    for event in events { dialogue.say(event) }
    return Array(dialogue.changes.dropFirst(before))
  }

  @Test("Each change is followed by its checkpoint")
  func changesAndCheckpoints() {
    #expect(
      changes(
        following(csn(1)), .add(1, cookie(csn(2))), .modify(1, cookie(csn(3))), .delete(1, cookie(csn(4))),
        .newCookie(cookie(csn(5))), .add(2))
        == [
          .upsert(person(1)), kept(csn(2)), .upsert(person(1)), kept(csn(3)), .departed(id(1), .deleteMessage),
          kept(csn(4)), kept(csn(5)), .upsert(person(2)),
        ])
  }

  @Test("Sets of ids come here too; a cookie within a list of deletes is passed over")
  func idSets() {
    #expect(
      changes(
        following(csn(1)), .idSet(cookie: cookie(csn(2)), refreshDeletes: true, [id(1), id(2)]),
        .idSet(cookie: Array("csn=\(csn(2)),delcsn=\(csn(3))".utf8), refreshDeletes: true, [id(3)]),
        .idSet(cookie: nil, refreshDeletes: false, [id(4)]))
        == [
          .departed(id(1), .deleteMessage), .departed(id(2), .deleteMessage), kept(csn(2)),
          .departed(id(3), .deleteMessage), .present([id(4)]),
        ])
  }

  @Test("Cookies of several providers are merged, and none moves back")
  func merging() {
    #expect(
      changes(
        following(csn(1, 1), csn(1, 2)), .add(1, cookie(csn(5, 2))), .add(2, cookie(csn(3, 2))),
        .add(3, cookie(csn(2, 1))), .newCookie(cookie(csn(1, 3))), .newCookie([]))
        == [
          .upsert(person(1)), kept(csn(1, 1), csn(5, 2)), .upsert(person(2)), kept(csn(1, 1), csn(5, 2)),
          .upsert(person(3)), kept(csn(2, 1), csn(5, 2)), kept(csn(2, 1), csn(5, 2), csn(1, 3)),
        ])
  }

  @Test("A refresh that only adds to a cookie keeps the other providers; a whole one forgets them")
  func replacing() {
    let sent = "rid=000,csn=\(csn(1, 1));\(csn(4, 2))"
    let delta = Dialogue(.refreshOnly, cookie: sent, .success(cookie(csn(2, 1)), deletes: true))
    #expect(delta.changes == [.refreshEnded(.delta), kept(csn(2, 1), csn(4, 2))])
    let whole = Dialogue(.refreshOnly, cookie: sent, .add(1), .success(cookie(csn(2, 1)), deletes: false))
    #expect(whole.changes == [.upsert(person(1)), .refreshEnded(.whole), kept(csn(2, 1))])
  }

  @Test("389-DS's change number does not fall")
  func changeNumber() {
    var dialogue = Dialogue(
      .refreshAndPersist, vendor: .netscape389, .refreshDelete(cookie: Array("h:1#b:x:f#75".utf8), done: true))
    dialogue.say(.add(1, Array("h:1#b:x:f#80".utf8)))
    dialogue.say(.add(2, Array("h:1#b:x:f#79".utf8)))
    #expect(dialogue.changes.suffix(2) == [.upsert(person(2)), .checkpoint(checkpoint("h:1#b:x:f#80"))])
  }

  @Test("Whatever ends it calls for another try, from the checkpoint it reached")
  func ends() {
    for event in [
      SyncreplSession.Event.disconnected("reset"), .malformed("garbage"), .done(code: 52, diagnostic: "", nil),
      .success(deletes: true), .entry(.add, id(1), cookie: nil, nil),
    ] {
      var dialogue = following(csn(1))
      let before = dialogue.changes.count
      dialogue.say(event)
      #expect(dialogue.changes.count == before)
      guard case .retry = dialogue.next else {
        Issue.record("\(event): \(dialogue.next)")
        continue
      }
    }
  }

  @Test("Refresh required, as when the base was renamed, calls for a start without a cookie")
  func refreshRequired() {
    var dialogue = following(csn(1))
    dialogue.say(.done(code: 4096, diagnostic: "search base has changed", nil))
    guard case .restartWithoutCookie(let reason) = dialogue.next else {
      Issue.record("\(dialogue.next)")
      return
    }
    #expect(reason.contains("search base has changed"))
  }

  @Test("A reference that turns up now is no concern")
  func reference() {
    #expect(changes(following(csn(1)), .reference, .newCookie(cookie(csn(2)))) == [kept(csn(2))])
  }
}

@Suite("Cookies and vendors")
struct SyncreplPartsTests {
  @Test("A cookie of syncprov is read and written without the provider's own id")
  func cookieForm() throws {
    let read = try #require(SyncreplCookie(cookie(csn(1, 2), csn(3, 1))))
    #expect(read.csns == ["001": csn(3, 1), "002": csn(1, 2)] && !read.isIntermediate)
    #expect(read.octets == Array("rid=000,csn=\(csn(3, 1));\(csn(1, 2))".utf8))
    #expect(SyncreplCookie(read.octets) == read)
    #expect(SyncreplCookie(Array("csn=\(csn(1)),delcsn=\(csn(2))".utf8))?.isIntermediate == true)
    #expect(SyncreplCookie(Array("rid=123".utf8))?.csns.isEmpty == true)
    #expect(SyncreplCookie(Array("rid=123,csn=20261121221832Z#000000#00#000000".utf8))?.csns.count == 1)
  }

  @Test(
    "What is not one is left alone",
    arguments: [
      "", "garbage", "csn=zzz", "h:1#cn=a:dc=x:(objectClass=*)#75", "rid=1,x=y", "csn=20261121221832Z#0#1",
      "csn=20261121221832Z#000000#g#000000", "rid", "\u{0}",
    ])
  func notCookies(text: String) {
    #expect(SyncreplCookie(Array(text.utf8)) == nil)
  }

  @Test("Newer means newer for some provider")
  func newer() throws {
    let one = try #require(SyncreplCookie(cookie(csn(1, 1), csn(1, 2))))
    let other = try #require(SyncreplCookie(cookie(csn(2, 1))))
    #expect(one.isNewer(than: other) && other.isNewer(than: one) && !one.isNewer(than: one))
  }

  @Test("The vendor is read from the root DSE")
  func vendors() {
    #expect(ServerVendor(rootDSE: Attributes(["objectClass": ["top", "OpenLDAProotDSE"]])) == .openLDAP)
    #expect(
      ServerVendor(rootDSE: Attributes(["vendorName": ["389 Project"], "vendorVersion": ["389-Directory/2.3.1"]]))
        == .netscape389)
    #expect(ServerVendor(rootDSE: Attributes(["vendorName": ["Samba Team (https://www.samba.org)"]])) == .samba)
    #expect(ServerVendor(rootDSE: Attributes(["vendorName": ["Apache Software Foundation"]])) == .apacheDS)
    #expect(ServerVendor(rootDSE: Attributes(["vendorName": ["NetIQ Corporation"]])) == .eDirectory)
    #expect(
      ServerVendor(rootDSE: Attributes(["supportedCapabilities": ["1.2.840.113556.1.4.800"]])) == .activeDirectory)
    #expect(ServerVendor(rootDSE: Attributes()) == .other)
  }
}
