import Accounts
import Foundation
import Testing

@Suite struct AccountJSONTests {
  private func json(_ account: Account) -> [UInt8] {
    var run: [UInt8] = []
    account.appendJSON(to: &run)
    return run
  }

  private func text(_ account: Account) -> String { String(decoding: json(account), as: UTF8.self) }

  @Test func fieldsStandInCanonicalOrderWhateverTheOrderOfAssignment() {
    var account = Account(kind: .user)
    account[Field(rawValue: "roomKey")] = .text("12")
    account[.groups] = .list(["staff", "it"])
    account[.active] = .flag(true)
    account[.userName] = .text("jdoe")
    #expect(text(account) == #"{"userName":"jdoe","active":true,"groups":["staff","it"],"roomKey":"12"}"#)
  }

  @Test func everyKindOfValueHasItsForm() {
    var account = Account(kind: .user)
    account[.active] = .flag(false)
    account[.aliases] = .list([])
    account[.photo] = .octets([0xFF, 0xD8, 0xFF, 0xE0])
    account[.note] = .reference(Array(0..<32))
    let digest = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    #expect(
      text(account) == #"{"active":false,"aliases":[],"photo":"data:image/jpeg;base64,/9j/4A==","#
        + #""note":{"$ref":"sha256-\#(digest)"}}"#)
    #expect(Account(kind: .user, json: json(account)) == account)
    #expect(text(Account(kind: .group)) == "{}")
    #expect(Account(kind: .group, json: Array("{}".utf8)) == Account(kind: .group))
  }

  @Test func mediaTypesAreReadFromTheFirstOctets() {
    #expect(FieldValue.mediaType(of: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]) == "image/png")
    #expect(FieldValue.mediaType(of: Array("GIF89a".utf8)) == "image/gif")
    #expect(FieldValue.mediaType(of: [0xFF, 0xD8]) == "application/octet-stream")
    #expect(FieldValue.mediaType(of: []) == "application/octet-stream")
  }

  @Test func aTextThatLooksLikeOctetsStaysAText() throws {
    for looks in ["data:image/jpeg;base64,/9j/4A==", "data:", "data:\u{301}", "data:\"\\\u{1}"] {
      var account = Account(kind: .user)
      account[.note] = .text(looks)
      account[.aliases] = .list([looks])
      #expect(Account(kind: .user, json: json(account)) == account)
      let seen = try #require(try JSONSerialization.jsonObject(with: Data(json(account))) as? [String: Any])
      #expect((seen["note"] as? String).map { Array($0.utf8) } == Array(looks.utf8))
    }
  }

  /// Random accounts survive the round trip octet for octet, and Foundation's reader sees the same values.
  @Test(arguments: 0..<40) func randomAccountsSurvive(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    for _ in 0..<25 {
      let account = Account.random(&random)
      let written = json(account)
      let back = try #require(Account(kind: account.kind, json: written))
      #expect(back == account)
      #expect(json(back) == written)
      let seen = try #require(try JSONSerialization.jsonObject(with: Data(written)) as? [String: Any])
      #expect(seen.count == account.fields.count)
      for (field, value) in account.fields {
        switch value {
        case .text(let text): #expect((seen[field.rawValue] as? String)?.scalars == text.scalars)
        case .list(let texts): #expect((seen[field.rawValue] as? [String])?.map(\.scalars) == texts.map(\.scalars))
        case .flag(let flag): #expect(seen[field.rawValue] as? Bool == flag)
        case .octets(let octets):
          let url = try #require(seen[field.rawValue] as? String)
          let comma = try #require(url.firstIndex(of: ","))
          #expect(Data(base64Encoded: String(url[comma...].dropFirst())) == Data(octets))
        case .reference: #expect((seen[field.rawValue] as? [String: String])?["$ref"]?.hasPrefix("sha256-") == true)
        }
      }
    }
  }

  @Test func anotherWritersJSONIsReadToo() {
    let written =
      " { \"userName\" : \"j\\u00e9\\ud83d\\ude00\\/\\b\" ,\n\"groups\":[ \"a\" , \"b\" ],\"active\":true } "
    var account = Account(kind: .user)
    account[.userName] = .text("jé😀/\u{8}")
    account[.groups] = .list(["a", "b"])
    account[.active] = .flag(true)
    #expect(Account(kind: .user, json: Array(written.utf8)) == account)
  }

  @Test(arguments: [
    "", "{", "[]", "null", "{}x", "{}{}", #"{"a"}"#, #"{"a":}"#, #"{"a":1}"#, #"{"a":null}"#, #"{"a":"b",}"#,
    #"{"a":"b" "c":"d"}"#, #"{"a":"b","a":"c"}"#, #"{"a":[true]}"#, #"{"a":["b",]}"#, #"{"a":[["b"]]}"#,
    #"{"a":{"b":"c"}}"#, #"{"a":{}}"#, #"{"a":{"$ref":"sha256-0"}}"#, #"{"a":{"$ref":"sha256-00","$ref":"sha256-00"}}"#,
    #"{"a":{"$ref":"md5-00"}}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud800"}"#, #"{"a":"\ud800\u0041"}"#,
    #"{"a":"\udc00"}"#, "{\"a\":\"\u{1}\"}", "{\"a\":\"b", #"{"a":"data:image/png;base64,A"}"#, #"{"a":"data:x,y"}"#,
    #"{"a":"data:;base64,AB=="}"#, "{'a':'b'}", #"{"a":tru}"#,
  ])
  func whatIsNoAccountIsRefused(json: String) {
    #expect(Account(kind: .user, json: Array(json.utf8)) == nil)
  }

  @Test func octetsThatAreNotUTF8AreRefused() {
    #expect(Account(kind: .user, json: Array(#"{"a":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)) == nil)
  }

  @Test func everyBeginningIsRefusedWithoutTrapping() {
    var account = Account(kind: .user)
    account[.userName] = .text("a\u{1}😀\"")
    account[.groups] = .list(["x", "data:"])
    account[.photo] = .octets([1, 2, 3])
    account[.note] = .reference([1, 2])
    let whole = json(account)
    for length in 0..<whole.count { #expect(Account(kind: .user, json: Array(whole.prefix(length))) == nil) }
  }

  @Test func tooManyFieldsAreRefused() {
    let members = (0...1024).map { #""f\#($0)":"x""# }.joined(separator: ",")
    #expect(Account(kind: .user, json: Array("{\(members)}".utf8)) == nil)
  }

  @Test func theWriterSeparatesAndEscapes() throws {
    var writer = JSONWriter(after: Array("x=".utf8))
    writer.object { writer in
      writer.member("a\"", "b\n\u{1f}\u{7f}")
      writer.key("n")
      writer.integer(.min)
      writer.key("list")
      writer.array { list in
        list.flag(true)
        list.null()
        list.object { _ in }
        list.array { _ in }
        list.string("")
        list.raw { $0.append(contentsOf: "{}".utf8) }
      }
    }
    #expect(
      String(decoding: writer.octets, as: UTF8.self)
        == "x={\"a\\\"\":\"b\\n\\u001f\u{7f}\",\"n\":-9223372036854775808,\"list\":[true,null,{},[],\"\",{}]}")
  }
}

extension String {
  /// Swift compares strings by canonical equivalence; here every scalar counts. Foundation's reader swallows U+FEFF
  /// wherever it stands.
  fileprivate var scalars: [Unicode.Scalar] { unicodeScalars.filter { $0 != "\u{FEFF}" } }
}

extension Account {
  fileprivate static func random(_ random: inout SplitMix) -> Account {
    var account = Account(kind: Bool.random(using: &random) ? .user : .group)
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      let field = Field.canonical.randomElement(using: &random) ?? .note
      let name = String(String.UnicodeScalarView(random.text().scalars))
      account[Bool.random(using: &random) ? field : Field(rawValue: name)] =
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .text(random.text())
        case 1: .list((0..<Int.random(in: 0...4, using: &random)).map { _ in random.text() })
        case 2: .flag(Bool.random(using: &random))
        case 3: .octets((0..<Int.random(in: 0...70, using: &random)).map { _ in .random(in: 0...255, using: &random) })
        default: .reference((0..<32).map { _ in .random(in: 0...255, using: &random) })
        }
    }
    return account
  }
}

/// A generator that gives the same numbers on every run (Steele, Lea, Flood: SplitMix64).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Up to twenty scalars: control characters, ASCII, combining marks, the edges of UTF-8's lengths, any plane.
  mutating func text() -> String {
    var scalars = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...20, using: &self) {
      let value: UInt32 =
        switch Int.random(in: 0..<5, using: &self) {
        case 0: .random(in: 0...0x1F, using: &self)
        case 1: .random(in: 0x20...0x7F, using: &self)
        case 2: .random(in: 0x300...0x36F, using: &self)
        case 3:
          [0x22, 0x5C, 0x2F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFEFF, 0xFFFF, 0x10000, 0x10FFFF, 0x2028]
            .randomElement(using: &self) ?? 0
        default: .random(in: 0...0x10FFFF, using: &self)
        }
      if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
    }
    return String(scalars)
  }
}
