import Accounts
import Crypto
import Directory
import Foundation
import Testing

@testable import Targets

@Suite struct WebhookEventTests {
  private func event(_ operation: Operation) -> WebhookEvent { WebhookEvent(operation, source: "rollcall/corp") }

  private func json(_ operation: Operation) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(event(operation).body)) as? [String: Any])
  }

  private func data(_ operation: Operation) throws -> [String: Any] {
    try #require(try json(operation)["data"] as? [String: Any])
  }

  @Test func theDocumentedExample() throws {
    let event = event(sample())
    let expected = """
      {"specversion":"1.0","id":"\(event.id)","source":"rollcall/corp","type":"account.updated","subject":"user/jdoe",\
      "time":"2026-11-21T09:30:00.123Z","datacontenttype":"application/json",\
      "data":{"kind":"user","id":"597ae2f6-16a6-1027-98f4-d28b5365dc14","revision":1795253400123,\
      "reason":"change","account":{"userName":"jdoe","active":true,"displayName":"Jane Doe",\
      "email":"jdoe@example.com","groups":["staff"]},\
      "changed":{"phone":{"from":"+1 555 0100","to":"+1 555 0101"}}}}
      """
    #expect(String(decoding: event.body, as: UTF8.self) == expected)
  }

  @Test(arguments: [
    (Operation.Verb.create, "created"), (.update, "updated"), (.disable, "disabled"), (.delete, "deleted"),
  ])
  func types(verb: Operation.Verb, word: String) throws {
    #expect(try json(sample(verb))["type"] as? String == "account.\(word)")
    #expect(try json(sample(verb, kind: .group))["type"] as? String == "group.\(word)")
    #expect(try json(sample(verb, kind: .group))["subject"] as? String == "group/jdoe")
  }

  @Test func evidenceIsToldOfDeparturesOnly() throws {
    #expect(try data(sample(.delete, evidence: .deleted))["evidence"] as? String == "deleted")
    #expect(try data(sample(.disable, evidence: .leftFilter))["evidence"] as? String == "leftFilter")
    #expect(try data(sample(.update, evidence: .deleted))["evidence"] == nil)
    #expect(try data(sample(.delete))["evidence"] == nil)
  }

  @Test func changedIsAbsentWithoutChangesAndSidesWithoutValues() throws {
    #expect(try data(sample(.update, changed: []))["changed"] == nil)
    let changed = [
      Difference(field: .phone, from: nil, to: .text("1")), Difference(field: .fax, from: .text("2"), to: nil),
      Difference(field: .groups, from: .list(["a"]), to: .list(["a", "b"])),
    ]
    let sides = try #require(try data(sample(changed: changed))["changed"] as? [String: [String: Any]])
    #expect(sides["phone"]?.keys.sorted() == ["to"])
    #expect(sides["fax"]?.keys.sorted() == ["from"])
    #expect(sides["groups"]?["to"] as? [String] == ["a", "b"])
  }

  @Test func octetsInChangesAreToldByDigest() throws {
    let photo = [UInt8](repeating: 7, count: 50_000)
    let hash = Array(SHA256.hash(data: photo))
    let hex = hash.map { String(format: "%02x", $0) }.joined()
    let changed = [Difference(field: .photo, from: .reference(hash), to: .octets(photo))]
    let operation = sample(changed: changed) { $0[.photo] = .octets(photo) }
    let told = try data(operation)
    let sides = try #require(told["changed"] as? [String: [String: String]])
    #expect(sides["photo"] == ["from": "sha256-\(hex)", "to": "sha256-\(hex)"])
    let account = try #require(told["account"] as? [String: Any])
    let url = try #require(account["photo"] as? String)
    #expect(Data(base64Encoded: String(url.dropFirst("data:application/octet-stream;base64,".count))) == Data(photo))
  }

  @Test func theIdIsAHashThatEveryoneCanRepeat() throws {
    let event = event(sample())
    // What the id covers: everything but specversion and the id itself.
    let text = String(decoding: event.body, as: UTF8.self)
    let content = Data(("{" + text.dropFirst(#"{"specversion":"1.0","id":"\#(event.id)","#.count)).utf8)
    func frame(_ data: Data) -> Data { withUnsafeBytes(of: UInt64(data.count).bigEndian) { Data($0) } + data }
    var framed = frame(Data("rollcall delivery 1".utf8)) + frame(Data("hooks".utf8)) + frame(Data("corp".utf8))
    framed += frame(Data(StableID(printed: "597ae2f6-16a6-1027-98f4-d28b5365dc14")?.stored ?? []))
    framed += withUnsafeBytes(of: Int64(1_795_253_400_123).bigEndian) { Data($0) } + frame(content)
    let hash = Data(SHA256.hash(data: framed)).base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    #expect(event.id == "msg_" + hash)
    #expect(!event.id.contains("."))
  }

  @Test func theSameOperationGivesTheSameOctetsAndAnotherGivesAnotherId() throws {
    let first = event(sample())
    #expect(first.body == event(sample()).body)
    var others = [sample(revision: 1), sample(.create), sample { $0[.title] = .text("x") }]
    others.append(sample(id: "597ae2f6-16a6-1027-98f4-d28b5365dc15"))
    for (target, directory) in [("other", "corp"), ("hooks", "other"), ("hookscorp", ""), ("hook", "scorp")] {
      var other = sample()
      (other.target, other.directory) = (target, directory)
      others.append(other)
    }
    let ids = [first.id] + others.map { event($0).id }
    #expect(Set(ids).count == ids.count)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
      (.max, "9999-12-31T23:59:59.999Z"), (-1, "1970-01-01T00:00:00.000Z"), (.min, "1970-01-01T00:00:00.000Z"),
    ] as [(Int64, String)])
  func times(milliseconds: Int64, text: String) throws {
    #expect(try json(sample(revision: milliseconds))["time"] as? String == text)
  }

  @Test func timesAgreeWithFoundation() throws {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    for milliseconds in stride(from: Int64(0), through: 253_402_300_799_999, by: 86_400_000 * 37 + 12_345_678) {
      let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
      #expect(Instant.rfc3339(milliseconds / 1000 * 1000) == date.formatted(style))
    }
  }

  @Test func theSourceIsAURIReference() {
    #expect("corp-1.b_c~".percentEncoded == "corp-1.b_c~")
    #expect("a b/ü".percentEncoded == "a%20b%2F%C3%BC")
  }
}
