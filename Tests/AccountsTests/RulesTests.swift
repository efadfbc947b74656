import Directory
import Testing

@testable import Accounts

private func entry(_ attributes: [String: [String]]) -> Entry {
  Entry(id: .uuid(1, 2), dn: DistinguishedName("uid=jdoe,dc=example,dc=com"), attributes: Attributes(attributes))
}

private func rules(_ overrides: [Field: String]) throws -> Rules {
  Rules(
    overrides: Dictionary(
      uniqueKeysWithValues: try overrides.map { ($0.key, try Expression(parsing: $0.value, giving: $0.key.type)) }))
}

@Suite struct RulesTests {
  @Test func `every standard rule parses and gives what its field needs`() throws {
    for (field, text) in Rules.standardTexts {
      _ = try Expression(parsing: text, giving: field.type)
    }
    #expect(Rules.standardExpressions.count == Field.canonical.count - 1)
    #expect(Rules.standard[.groups] == nil)
  }

  @Test func `inetOrgPerson works without a line`() {
    let derivation = Rules.standard.derive(
      entry([
        "objectClass": ["inetOrgPerson"], "uid": ["JDoe"], "cn": ["Jane Doe"], "sn": ["Doe"], "givenName": ["Jane"],
        "mail": ["Jane.Doe@example.com", "jdoe@example.com"], "telephoneNumber": ["+43 1 555 4711"],
        "facsimileTelephoneNumber": ["+43 1 555 99$twoDimensional"], "departmentNumber": ["IT"], "o": ["Example"],
        "labeledURI": ["https://example.com/jane home page"], "manager": ["uid=boss,dc=example,dc=com"],
        "jpegPhoto": ["\u{1}photo"], "userPassword": ["x"],
      ]))
    #expect(derivation.problems.isEmpty)
    let account = derivation.account
    #expect(account.kind == .user)
    #expect(
      account.fields.map(\.field) == [
        .userName, .active, .displayName, .givenName, .familyName, .email, .aliases, .phone, .fax, .department,
        .organization, .manager, .photo, .url,
      ])
    #expect(account.text(.userName) == "jdoe")
    #expect(account[.active] == .flag(true))
    #expect(account.text(.displayName) == "Jane Doe")
    #expect(account.text(.email) == "Jane.Doe@example.com")
    #expect(account[.aliases] == .list(["jdoe@example.com"]))
    #expect(account.text(.fax) == "+43 1 555 99")
    #expect(account.text(.manager) == "uid=boss,dc=example,dc=com")
    #expect(account[.photo] == .octets(Array("\u{1}photo".utf8)))
    #expect(account.text(.url) == "https://example.com/jane")
  }

  @Test func `Active Directory works without a line`() {
    let account = Rules.standard.derive(
      entry([
        "sAMAccountName": ["JDoe"], "displayName": ["Doe, Jane"], "cn": ["x"], "mail": ["jane@example.com"],
        "proxyAddresses": ["SMTP:Jane@example.com", "smtp:jd@example.com", "sip:jd@example.com", "X400:c=AT"],
        "userAccountControl": ["514"], "ipPhone": ["4711"], "company": ["Example"], "department": ["IT"],
        "employeeID": ["17"], "streetAddress": ["Ring 1"], "co": ["Austria"], "wWWHomePage": ["https://example.com"],
      ])
    ).account
    #expect(account.text(.userName) == "jdoe")
    #expect(account[.active] == .flag(false))
    #expect(account.text(.displayName) == "Doe, Jane")
    #expect(account[.aliases] == .list(["jd@example.com"]))
    #expect(account.text(.extension) == "4711")
    #expect(account.text(.organization) == "Example")
    #expect(account.text(.employeeNumber) == "17")
    #expect(account.text(.street) == "Ring 1")
    #expect(account.text(.country) == "Austria")
  }

  @Test(arguments: [
    (["userAccountControl": ["512"]], true), (["userAccountControl": ["66050"]], false),
    (["nsAccountLock": ["TRUE"]], false), (["nsAccountLock": ["false"]], true), (["loginDisabled": ["TRUE"]], false),
    (["pwdAccountLockedTime": ["000001010000Z"]], false), (["pwdAccountLockedTime": ["20260101000000Z"]], true),
    ([:], true),
  ])
  func `active follows what each server calls disabled`(_ attributes: [String: [String]], _ active: Bool) {
    #expect(Rules.standard.derive(entry(attributes)).account[.active] == .flag(active))
  }

  @Test func `one of many: the one taken last time while it is there, else the smallest`() {
    let many = entry(["uid": ["b", "a", "c"], "mail": ["b@example.com", "a@example.com"]])
    let first = Rules.standard.derive(many)
    #expect(first.account.text(.userName) == "a")
    #expect(first.account[.aliases] == .list(["b@example.com"]))
    var previous = Account(kind: .user)
    previous[.userName] = .text("c")
    previous[.email] = .text("b@example.com")
    let second = Rules.standard.derive(many, previous: previous)
    #expect(second.account.text(.userName) == "c")
    #expect(second.account.text(.email) == "b@example.com")
    #expect(second.account[.aliases] == .list(["a@example.com"]))
    previous[.userName] = .text("gone")
    #expect(Rules.standard.derive(many, previous: previous).account.text(.userName) == "a")
    #expect(Rules.standard.userName(of: many) == "a")
    #expect(Rules.standard.userName(of: many, previous: "c") == "c")
  }

  @Test func `an entry without a login is told`() throws {
    let derivation = Rules.standard.derive(entry(["mail": ["a@example.com"]]))
    #expect(derivation.problems == [.missing(.userName)])
    #expect(derivation.account.text(.email) == "a@example.com")
    #expect(Rules.standard.userName(of: entry([:])) == nil)
    #expect(try rules([.userName: "null"]).derive(entry(["uid": ["a"]])).problems == [.missing(.userName)])
  }

  @Test func `the attributes are asked for once, in order, and never a password`() throws {
    let attributes = Rules.standard.attributes
    #expect(attributes == Set(attributes).sorted())
    #expect(attributes.allSatisfy { $0 == $0.lowercased() })
    #expect(attributes.contains("msrtcsip-primaryuseraddress") == false)
    let own = try rules([.photo: "null", .extension: "ipPhone ?? msRTCSIP-PrimaryUserAddress | digits | last(4)"])
    #expect(own.attributes.contains("msrtcsip-primaryuseraddress"))
    #expect(!own.attributes.contains("jpegphoto"))
    #expect(!own.attributes.contains("thumbnailphoto"))
    #expect(own[.photo] == nil)
  }

  @Test func `the fingerprint follows meaning, not spacing`() throws {
    #expect(Rules.standard.fingerprintText == Rules().fingerprintText)
    #expect(try rules([.title: "title"]).fingerprintText == Rules.standard.fingerprintText)
    #expect(
      try rules([.userName: "uid??sAMAccountName|lowercase"]).fingerprintText == Rules.standard.fingerprintText)
    #expect(try rules([.title: "title | trim"]).fingerprintText != Rules.standard.fingerprintText)
    #expect(try rules([.title: "null"]).fingerprintText != Rules.standard.fingerprintText)
  }

  @Test func `values that are no text are absent where text is needed`() throws {
    let octets = Entry(
      id: .uuid(1, 2), dn: DistinguishedName("cn=x"),
      attributes: Attributes(octets: ["displayName": [[0xff, 0xfe]], "cn": [Array("Jane\u{0}Doe".utf8)], "uid": [[]]]))
    let account = Rules.standard.derive(octets).account
    #expect(account.text(.displayName) == "Jane\u{0}Doe")
    #expect(account.text(.userName) == nil)
  }

  @Test func `a photo kept elsewhere travels by reference`() {
    let photo = [UInt8](repeating: 0xff, count: 5000)
    let (stored, large) = Attributes(octets: ["jpegPhoto": [photo], "uid": [[0x61]]]).externalised(above: 1024)
    let account = Rules.standard.derive(
      Entry(id: .uuid(1, 2), dn: DistinguishedName("uid=a"), attributes: stored)
    ).account
    #expect(account[.photo] == .reference(large[0].digest))
  }

  @Test func `five thousand values are one account`() {
    let addresses = (0..<5000).map { "a\($0)@example.com" }
    let account = Rules.standard.derive(entry(["uid": ["a"], "mail": addresses])).account
    #expect(account[.aliases] == .list(Set(addresses).subtracting(["a0@example.com"]).sorted()))
  }

  @Test func `explain tells where each field came from`() throws {
    let place = SourceLocation(file: "rollcall.yaml", line: 21, column: 16)
    let rules = Rules(overrides: [
      .extension: try Expression(
        parsing: "ipPhone ?? telephoneNumber | digits | last(4)", giving: .text, location: place)
    ])
    let told = rules.explain(entry(["uid": ["jdoe"], "telephoneNumber": ["+43 1 555 4711"]]))
    let login = try #require(told.first { $0.field == .userName })
    #expect(login.summary == "uid | lowercase")
    #expect(login.location == nil)
    let number = try #require(told.first { $0.field == .extension })
    #expect(number.value == .text("4711"))
    #expect(number.summary == #"ipPhone absent, telephoneNumber "+43 1 555 4711" | digits | last(4)"#)
    #expect(number.location.map { "\($0)" } == "rollcall.yaml:21")
    #expect(number.attributes.map(\.name) == ["ipPhone", "telephoneNumber"])
    #expect(number.attributes.map(\.count) == [0, 1])
    let photo = try #require(told.first { $0.field == .photo })
    #expect(photo.value == nil)
    #expect(photo.summary == "jpegPhoto absent, thumbnailPhoto absent")
  }
}

@Suite struct ConditionTests {
  private let jane: Account = {
    var account = Account(kind: .user)
    account[.userName] = .text("jane")
    account[.active] = .flag(true)
    account[.department] = .text("Sales")
    account[.extension] = .text("4711")
    account[.aliases] = .list(["j@example.com", "jd@example.com"])
    account[.photo] = .octets([1])
    return account
  }()

  @Test(arguments: [
    ("extension != null", true), ("phone != null", false), ("department in (\"Sales\", \"Support\")", true),
    ("active", true), ("active and department == \"IT\"", false), ("active == false", false),
    ("\"j@example.com\" in aliases", true), ("aliases | inDomain(\"example.org\") != null", false),
    ("entry.nsAccountLock | lowercase == \"true\"", true), ("extension >= 4700 and extension < 4800", true),
    ("\"staff\" in groups", false), ("photo != null", true), ("entry.jpegPhoto != null", true),
    ("(userName | withPrefix(\"svc-\")) == null", true), ("not (department == \"Sales\")", false),
  ])
  func `a condition is asked of account and entry`(_ source: String, _ wanted: Bool) throws {
    let condition = try Condition(parsing: source)
    let attributes = Attributes(octets: ["nsAccountLock": [Array("TRUE".utf8)], "jpegPhoto": [[0xff, 0xd8]]])
    let entry = Entry(id: .uuid(1, 2), dn: DistinguishedName("uid=jane"), attributes: attributes)
    #expect(condition.holds(for: jane, entry: entry) == wanted)
    #expect(condition.source == source)
  }

  @Test func `a condition tells its attributes`() throws {
    #expect(try Condition(parsing: "entry.L == \"x\" or entry.l == \"y\" or title == null").attributes == ["l"])
  }
}

@Suite struct SuggestionTests {
  @Test(
    arguments: [
      ("on-leave", "leave"), ("lowercas", "lowercase"), ("passwrod", "password"), ("URL", "url"), ("zzz", nil),
      ("tiemout", "timeout"), ("", nil),
    ] as [(String, String?)])
  func `the nearest word is proposed if it is near`(_ word: String, _ wanted: String?) {
    let words = ["leave", "lowercase", "password", "url", "timeout", "base"]
    #expect(Suggestion.nearest(to: word, among: words) == wanted)
  }
}
