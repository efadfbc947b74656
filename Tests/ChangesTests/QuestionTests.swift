import Changes
import Directory
import LDAP
import TestSupport
import Testing

private let people = "ou=people,dc=example,dc=com"

@Suite("Questions beside a stream")
struct QuestionTests {
  @Test("Looking up by id finds whoever exists, wherever it is")
  func lookUp() async throws {
    var options = SlapdOptions()
    options.seed = LDIF.people(250)
    try await Slapd.with(options) { slapd in
      let settings = settings(slapd.url, base: people, users: .equality("title", "Staff"))
      let mirror = try await pass(settings)
      let source = source(settings)
      let all = mirror.entries.keys.sorted { "\($0)" < "\($1)" }
      let found = try await source.lookUp(all + [.uuid(1, 2), .key("x")])
      #expect(found.incomplete == nil && found.entries.count == 251)
      // What is looked up equals what was streamed, so that comparing them finds nothing.
      #expect(Dictionary(uniqueKeysWithValues: found.entries.map { ($0.id, $0) }) == mirror.entries)

      let one = try #require(mirror["user1"]).id
      let two = try #require(mirror["user2"]).id
      let three = try #require(mirror["user3"]).id
      try await slapd.modrdn("uid=user1,\(people)", to: "uid=user1", superior: "ou=leavers,dc=example,dc=com")
      try await slapd.replace("uid=user2,\(people)", "title", "Guest")
      try await slapd.delete("uid=user3,\(people)")
      let after = try await source.lookUp([one, two, three])
      #expect(after.incomplete == nil && Set(after.entries.map(\.id)) == [one, two])
      #expect(try await source.lookUp([]).entries.isEmpty)
      try await slapd.restart()
      #expect(try await source.lookUp([one]).entries.count == 1, "a kept connection that is gone is replaced")
    }
  }

  @Test("A census lists who matches below a name")
  func census() async throws {
    var options = SlapdOptions()
    options.seed = [LDIF.people(5), LDIF.unit("ou=sub,\(people)"), LDIF.person("deep", parent: "ou=sub,\(people)")]
      .joined(separator: "\n")
    options.database = ["limits dn.exact=\"\(Slapd.writer)\" size=3"]
    try await Slapd.with(options) { slapd in
      let source = source(settings(slapd.url, base: people))
      let mirror = try await pass(settings(slapd.url, base: people))
      let whole = try await source.census(below: nil)
      #expect(whole.incomplete == nil && whole.ids == Set(mirror.entries.keys) && whole.ids.count == 8)
      let sub = try await source.census(below: DistinguishedName("OU=Sub, \(people)"))
      #expect(sub.incomplete == nil && sub.ids.count == 2)
      let nowhere = try await source.census(below: DistinguishedName("ou=gone,\(people)"))
      #expect(nowhere.incomplete == nil && nowhere.ids.isEmpty)
      let outside = try await source.census(below: DistinguishedName("ou=leavers,dc=example,dc=com"))
      #expect(outside.incomplete == nil && outside.ids.isEmpty)

      let writer = Bind.simple(dn: Slapd.writer, password: Secret(Slapd.writerPassword))
      let limited = SyncreplSource(
        settings(slapd.url, base: people, bind: writer), mode: .refreshOnly, reason: "", log: quiet)
      #expect(try await limited.census(below: nil).incomplete?.contains("(4)") == true)
      #expect(try await limited.lookUp(Array(mirror.entries.keys)).incomplete?.contains("(4)") == true)
    }
  }

  @Test("Who may not search by id, or may not see the base, gets no proof of absence")
  func hidden() async throws {
    var options = SlapdOptions()
    options.seed = LDIF.people(3)
    options.access = [
      "access to attrs=entryUUID by dn.exact=\"\(Slapd.writer)\" none by * read",
      "access to attrs=userPassword by anonymous auth by * none", "access to * by * read",
    ]
    try await Slapd.with(options) { slapd in
      let mirror = try await pass(settings(slapd.url))
      let writer = Bind.simple(dn: Slapd.writer, password: Secret(Slapd.writerPassword))
      let blind = source(settings(slapd.url, bind: writer))
      let census = try await blind.census(below: nil)
      #expect(census.incomplete?.contains("entryUUID") == true)
      let found = try await blind.lookUp(Array(mirror.entries.keys))
      #expect(found.incomplete != nil)
      let nowhere = try await source(settings(slapd.url, base: "ou=nowhere,dc=example,dc=com")).census(below: nil)
      #expect(nowhere.incomplete?.contains("(32)") == true)
    }
  }

  @Test("A database loaded anew is another one")
  func identity() async throws {
    try await Slapd.with(SlapdOptions()) { slapd in
      let source = source(settings(slapd.url, base: people))
      let before = try await source.identify()
      #expect(before.hasPrefix("OpenLDAP dc=example,dc=com ") && before.count > 50)
      try await slapd.restart()
      #expect(try await source.identify() == before)
      try await slapd.reload()
      #expect(try await source.identify() != before)
      #expect(source.mechanism.name == "syncrepl" && source.mechanism.server.contains("OpenLDAP"))
    }
  }
}
