import Directory
import Foundation
import LDAP
import TestSupport
import Testing

@Suite struct SearchTests {
  private let people = "ou=people,dc=example,dc=com"

  @Test func anEntryArrivesOctetForOctet() async throws {
    let photo: [UInt8] = (0..<3000).map { UInt8(truncatingIfNeeded: $0 * 7) } + [0, 0, 0xff]
    let cookieLike: [UInt8] = Array("a\0b".utf8)
    let encoded = Data(photo).base64EncodedString()
    var options = SlapdOptions()
    options.seed = LDIF.person(
      "nul",
      lines: [
        "jpegPhoto:: \(encoded)", "audio:: \(Data(cookieLike).base64EncodedString())", "audio:: AA==",
        "cn: Zoë Müller", "cn:: \(Data("Søren 漢字 🎉".utf8).base64EncodedString())",
      ])
    try await Slapd.with(options) { slapd in
      let connection = try await LDAPConnection.open(slapd.settings())
      let (entries, references, result) = try await connection.collect(
        SearchRequest(base: people, filter: "(uid=nul)", attributes: ["*", "entryUUID"]))
      #expect(result.code == 0 && references == 0)
      let entry = try #require(entries.first)
      #expect(entry.dn == "uid=nul,\(people)")
      #expect(entry.attributes.octets("jpegphoto") == [photo])
      #expect(entry.attributes.octets("audio") == [[0], cookieLike])
      #expect(Set(entry.attributes.texts("cn")) == ["Person nul", "Zoë Müller", "Søren 漢字 🎉"])
      #expect(entry.attributes.texts("objectclass").count == 4)
      #expect(StableID(printed: entry.attributes.texts("entryuuid")[0]) != nil)
      #expect(entry.attributes.names == entry.attributes.names.sorted())
      await connection.close()
    }
  }

  @Test func fiveThousandValuesOfOneAttribute() async throws {
    var options = SlapdOptions()
    let members = (0..<5000).map { "member: uid=user\($0),\(people)" }
    options.seed = (["dn: cn=all,ou=groups,dc=example,dc=com", "objectClass: groupOfNames", "cn: all"] + members)
      .joined(separator: "\n")
    try await Slapd.with(options) { slapd in
      let connection = try await LDAPConnection.open(slapd.settings())
      let found = try await connection.collect(SearchRequest(base: Slapd.suffix, filter: "(cn=all)"))
      #expect(found.entries.first?.attributes.texts("member").count == 5000)
    }
  }

  @Test func aRefreshBringsControlsTogetherWithAttributes() async throws {
    var options = SlapdOptions()
    options.seed = LDIF.people(40)
    try await Slapd.with(options) { slapd in
      let connection = try await LDAPConnection.open(slapd.settings())
      let request = SearchRequest(
        base: Slapd.suffix, filter: "(objectClass=inetOrgPerson)", attributes: ["mail", "entryUUID"],
        controls: [SyncRequestControl(mode: .refreshAndPersist).control])
      let stream = try await connection.search(request)
      var refreshed = 0
      while refreshed >= 0 {
        for message in try await stream.next(max: 7) {
          switch message {
          case .entry(let entry):
            let state = try #require(try SyncStateValue.find(in: entry.controls))
            #expect(state.state == .add)
            #expect(StableID(printed: entry.attributes.texts("entryuuid")[0]) == state.id)
            #expect(entry.attributes.texts("mail").count == 1)
            refreshed += 1
          case .intermediate(let oid, let value, _):
            #expect(oid == SyncInfoValue.oid)
            guard case .refreshDelete(let cookie?, true) = try SyncInfoValue(decoding: value ?? []) else {
              Issue.record("not the end of a refresh")
              return
            }
            #expect(!cookie.isEmpty)
            #expect(refreshed == 40)
            refreshed = -1
          default: Issue.record("unexpected \(message)")
          }
        }
      }
      // Live: the wait for the next message is over when the directory changes.
      async let live = stream.next()
      try await slapd.delete("uid=user3,\(people)")
      guard case .entry(let gone)? = try await live.first else {
        Issue.record("no entry")
        return
      }
      #expect(try SyncStateValue.find(in: gone.controls)?.state == .delete)
      #expect(gone.dn == "uid=user3,\(people)")
    }
  }

  @Test func resultCodesAreNotThrown() async throws {
    var options = SlapdOptions()
    options.seed = LDIF.people(5)
    try await Slapd.with(options) { slapd in
      let connection = try await LDAPConnection.open(slapd.settings())
      let nowhere = try await connection.collect(SearchRequest(base: "ou=nowhere,\(Slapd.suffix)"))
      #expect(nowhere.result.code == 32)
      #expect(nowhere.result.matchedDN == Slapd.suffix)
      let limited = try await connection.collect(SearchRequest(base: people, sizeLimit: 2))
      #expect(limited.result.code == 4)
      #expect(limited.entries.count == 2)
      let children = try await connection.collect(SearchRequest(base: people, scope: .one, attributes: ["1.1"]))
      #expect(children.entries.count == 5)
      #expect(children.entries.allSatisfy { $0.attributes.bytes.isEmpty })
      let odd = try await failure {
        try await connection.collect(SearchRequest(base: people, filter: "(uid="))
      }
      #expect(odd.code == .invalid)
      #expect(odd.cause.contains("(uid="))
      // A refused request does not break the connection.
      #expect(try await connection.collect(SearchRequest(base: people, scope: .base)).entries.count == 1)
    }
  }

  @Test func operationsOfOneConnectionOverlap() async throws {
    var options = SlapdOptions()
    options.seed = LDIF.people(300)
    try await Slapd.with(options) { slapd in
      let connection = try await LDAPConnection.open(slapd.settings())
      let persist = try await connection.search(
        SearchRequest(
          base: Slapd.suffix, filter: "(uid=late)",
          controls: [SyncRequestControl(mode: .refreshAndPersist).control]))
      _ = try await persist.next()
      async let late = persist.next()
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask { try await connection.collect(SearchRequest(base: people, scope: .one)).entries.count }
          group.addTask { try await connection.whoAmI() == "dn:\(Slapd.admin)" ? 300 : 0 }
        }
        for try await count in group { #expect(count == 300) }
      }
      try await slapd.add(LDIF.person("late"))
      guard case .entry(let entry)? = try await late.first else {
        Issue.record("no entry")
        return
      }
      #expect(entry.attributes.texts("uid") == ["late"])
    }
  }

  @Test func theRootDSETellsTheProduct() async throws {
    try await Slapd.with { slapd in
      let root = try await LDAPConnection.open(slapd.settings(bind: .anonymous)).rootDSE()
      #expect(root.isOpenLDAP && !root.is389 && !root.isActiveDirectory)
      #expect(root.product == "OpenLDAP")
      #expect(root.offersSync)
      #expect(root.namingContexts == [Slapd.suffix])
      #expect(root.supportedSASLMechanisms.contains("SCRAM-SHA-256"))
      #expect(root.supportedExtension.contains("1.3.6.1.4.1.4203.1.11.3"))
    }
  }

  @Test func otherProductsAreKnownByTheirMarks() {
    let redHat = RootDSE(Attributes(["vendorName": ["389 Project"], "vendorVersion": ["389-Directory/2.3.1 B2024"]]))
    #expect(redHat.is389 && redHat.product == "389-Directory/2.3.1 B2024")
    let samba = RootDSE(
      Attributes(["supportedCapabilities": ["1.2.840.113556.1.4.800"], "dnsHostName": ["dc1.lab.example.com"]]))
    #expect(samba.isActiveDirectory && samba.serverName == "dc1.lab.example.com")
    #expect(RootDSE(Attributes()).product == "an unknown LDAP server")
  }
}
