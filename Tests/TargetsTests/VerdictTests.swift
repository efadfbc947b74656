import Accounts
import HTTP
import Testing

@testable import Targets

/// What replies mean, as a table.
@Suite struct VerdictTests {
  private let url = "https://user:geheim@hooks.example.com:8443/people/s3cret?token=s3cret"

  private func outcome(_ status: Int, _ headers: [(String, String)] = [], _ body: String = "", now: Int64 = 0)
    -> Outcome
  {
    HTTPVerdict.outcome(
      of: HTTPResponse(status: status, headers: headers.map { ($0.0, $0.1) }, body: Array(body.utf8)), from: url,
      now: now)
  }

  @Test(arguments: [
    (200, Outcome.Class.ok), (201, .ok), (202, .ok), (204, .ok), (299, .ok),
    (300, .retry(after: nil)), (301, .retry(after: nil)), (304, .retry(after: nil)), (308, .retry(after: nil)),
    (400, .permanent), (401, .authFailed), (402, .permanent), (403, .authFailed), (404, .permanent), (405, .permanent),
    (407, .authFailed), (408, .retry(after: nil)), (409, .permanent), (410, .gone), (411, .permanent),
    (412, .permanent),
    (413, .permanent), (415, .permanent), (422, .permanent), (425, .retry(after: nil)), (429, .throttled(after: nil)),
    (451, .permanent), (499, .permanent), (500, .retry(after: nil)), (501, .retry(after: nil)),
    (502, .retry(after: nil)),
    (503, .retry(after: nil)), (504, .retry(after: nil)), (507, .retry(after: nil)), (599, .retry(after: nil)),
    (600, .retry(after: nil)), (101, .retry(after: nil)), (0, .retry(after: nil)),
  ])
  func classes(status: Int, expected: Outcome.Class) { #expect(outcome(status).class == expected) }

  /// 784111777 is Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110, section 5.6.7).
  @Test(
    arguments: [
      ("0", 0), ("120", 120), ("3600", 3600), ("3601", 3600), ("99999999999999999999999999", 3600), ("-5", 0),
      ("+7", 7),
      ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sunday, 06-Nov-94 08:50:37 GMT", 60), ("Sun Nov  6 08:50:37 1994", 60),
      ("Sun, 06 Nov 1994 08:49:36 GMT", 0), ("Sat, 01 Jan 2000 00:00:00 GMT", 3600),
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
      ("soon", nil), ("", nil), ("1.5", nil), ("-", nil), ("12s", nil), ("Sun, 06 Nov 1994 25:00:00 GMT", nil),
      ("Sun, 32 Nov 1994 08:50:37 GMT", nil), ("Sun, 06 Nov 1994 08:50:37 CET", nil),
      ("Sun, 06 Nix 1994 08:50:37 GMT", nil),
      ("Sun, 06 Nov 99999 08:50:37 GMT", nil), ("Sun, 06 Nov 1994 08:50 GMT", nil),
    ] as [(String, Int?)])
  func retryAfter(text: String, seconds: Int?) {
    let wait = seconds.map { Duration.seconds($0) }
    let headers = [("Retry-After", text)]
    #expect(outcome(429, headers, now: 784_111_777).class == .throttled(after: wait))
    #expect(outcome(503, headers, now: 784_111_777).class == .retry(after: wait))
    #expect(outcome(400, headers, now: 784_111_777).class == .permanent)
  }

  @Test func twoDigitYearsAreNear() {
    let now: Int64 = 1_795_253_400  // 2026
    #expect(Instant.httpDate("Sunday, 06-Nov-94 08:49:37 GMT", now: now) == 784_111_777)
    #expect(Instant.httpDate("Friday, 01-Jan-27 00:00:00 GMT", now: now) == 1_798_761_600)
  }

  @Test func theDetailNamesStatusAndOriginAndNothingSecret() {
    let detail = outcome(422, [], "{\"error\":\n\t\"no such\u{1b}[31m plan\u{202e}\"}").detail
    #expect(detail == "422 from https://hooks.example.com:8443: “{\"error\": \"no such [31m plan\u{FFFD}\"}”")
    for status in [200, 302, 400, 401, 410, 429, 500] {
      #expect(!outcome(status, [("Location", "http://u:geheim@h/x?s3cret")]).detail.contains("geheim"))
      #expect(!outcome(status, [("Location", "/y?s3cret")]).detail.contains("s3cret"))
    }
  }

  @Test func longAndBrokenBodiesAreCut() {
    let detail = outcome(500, [], String(repeating: "é", count: 5000)).detail
    #expect(detail.hasSuffix(String(repeating: "é", count: 200) + "…”"))
    let octets = [UInt8](repeating: 0xFF, count: 10) + [0, 0, 0]
    #expect(HTTPVerdict.printable(octets, atMost: 200) == String(repeating: "\u{FFFD}", count: 10))
    #expect(HTTPVerdict.printable(Array(repeating: 32, count: 100_000), atMost: 200) == "")
  }

  @Test(
    arguments: [
      ("https://new.example.com/in?token=1#x", "https://new.example.com/in"),
      ("http://user:pw@new.example.com:81/in", "http://new.example.com:81/in"),
      ("/in?x", "https://hooks.example.com:8443/in"), ("//new.example.com/in", "https://new.example.com/in"),
      ("https://new.example.com", "https://new.example.com"), ("in", nil), ("", nil), ("javascript:alert(1)", nil),
      ("https://new.example.com/a\u{1b}[0mb", "https://new.example.com/a [0mb"),
    ] as [(String, String?)])
  func redirects(location: String, place: String?) {
    let detail = outcome(302, [("Location", location)]).detail
    let told = "302 from https://hooks.example.com:8443: redirects are not followed"
    #expect(detail == (place.map { "\(told); set url to \($0)" } ?? told))
  }
}
