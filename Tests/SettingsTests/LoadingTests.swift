import Accounts
import Directory
import Foundation
import LDAP
import Targets
import Testing

@testable import Settings

/// A folder that is removed with everything in it.
private func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = FileManager.default.temporaryDirectory.appending(path: "rollcall-\(UUID().uuidString)").path()
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

private func write(_ content: String, to path: String, mode: Int = 0o600) throws {
  try Data(content.utf8).write(to: URL(filePath: path))
  try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

private func text(secret: String = "${env:HOOK}", more: String = "") -> String {
  """
  directories:
    corp:
      url: ldapi:///
      sasl: external
      base: dc=example,dc=com
  targets:
    hooks:
      kind: webhook
      url: http://localhost/people
      secret: \(secret)
  \(more)
  """
}

private func errors(_ result: Result<RollcallSettings, SettingsErrors>) -> [String] {
  if case .failure(let errors) = result { errors.findings.map(\.description) } else { [] }
}

@Suite struct LoadingTests {
  @Test func `a file that is not there, a folder, binary and huge files are told in one line`() throws {
    try withFolder { folder in
      let path = folder + "/rollcall.yaml"
      #expect(
        errors(RollcallSettings.load(path: path, environment: [:]))
          == ["\(path): no such file (name another with --config)"])
      #expect(errors(RollcallSettings.load(path: folder, environment: [:])) == ["\(folder): is a folder, not a file"])
      try Data([0x61, 0xff, 0xfe]).write(to: URL(filePath: path))
      #expect(errors(RollcallSettings.load(path: path, environment: [:])) == ["\(path): is not UTF-8"])
      try write(String(repeating: "#", count: (1 << 20) + 1), to: path)
      #expect(errors(RollcallSettings.load(path: path, environment: [:])) == ["\(path): the file is larger than 1 MiB"])
    }
  }

  @Test func `relative paths begin at the file's folder`() throws {
    try withFolder { folder in
      let path = folder + "/rollcall.yaml"
      try write("file-secret\n", to: folder + "/hook")
      try write(text(secret: "${file:hook}"), to: path)
      let settings = try RollcallSettings.load(path: path, environment: [:]).get()
      #expect(settings.ledgerPath == folder + "/rollcall.db")
      #expect(settings.controlSocket == folder + "/rollcall.sock")
      #expect(settings.path == path)
      #expect(settings.warnings.isEmpty)
      guard case .webhook(let webhook) = try #require(settings.target("hooks")).kind else { return }
      #expect(webhook.secrets.map(\.key) == [Array("file-secret".utf8)])
    }
  }

  @Test(
    arguments: [
      ("a\n", "a"), ("a\n\n", "a\n"), ("a\r\n", "a"), (" a ", " a "), ("\n", nil), ("", nil), ("a\0b", nil),
    ] as [(String, String?)])
  func `a secret's file loses one line end and nothing else`(_ content: String, _ wanted: String?) throws {
    try withFolder { folder in
      try write(content, to: folder + "/hook")
      let result = RollcallSettings.parse(
        text: text(secret: "${file:\(folder)/hook}"), path: "rollcall.yaml", environment: [:])
      if let wanted {
        guard case .webhook(let webhook) = try result.get().targets[0].kind else { return }
        #expect(webhook.secrets.map { String(decoding: $0.key, as: UTF8.self) } == [wanted])
      } else {
        #expect(errors(result).count == 1)
      }
    }
  }

  @Test func `a secret's file that everybody can read is doubtful, an endless one is refused`() throws {
    try withFolder { folder in
      try write("x", to: folder + "/hook", mode: 0o644)
      let settings = try RollcallSettings.parse(
        text: text(secret: "${file:\(folder)/hook}"), path: "rollcall.yaml", environment: [:]
      ).get()
      #expect(
        settings.warnings.map(\.description) == [
          "rollcall.yaml:10:13: ${file:\(folder)/hook} can be read by every user of this machine (chmod o-r \(folder)/hook)"
        ])
      try write(String(repeating: "x", count: 65_537), to: folder + "/hook")
      let told = errors(
        RollcallSettings.parse(text: text(secret: "${file:\(folder)/hook}"), path: "f", environment: [:]))
      #expect(told == ["f:10:13: ${file:\(folder)/hook} is larger than 65536 octets"])
      let device = errors(RollcallSettings.parse(text: text(secret: "${file:/dev/zero}"), path: "f", environment: [:]))
      #expect(device == ["f:10:13: ${file:/dev/zero} is not a file"])
    }
  }

  @Test func `the reading fingerprint follows what is read and as whom, not passwords or layout`() throws {
    func fingerprint(_ text: String, _ environment: [String: String] = ["HOOK": "a"]) throws -> String {
      let settings = try RollcallSettings.parse(text: text, path: "f", environment: environment).get()
      return settings.readingFingerprintText(for: settings.directories[0])
    }
    let plain = try fingerprint(text())
    #expect(plain.contains("base dc=example,dc=com\n"))
    #expect(plain.contains("bind sasl EXTERNAL\n"))
    #expect(plain == (try fingerprint("# moved\n" + text(), ["HOOK": "b"])))
    #expect(plain != (try fingerprint(text().replacing("sasl: external", with: "sasl: gssapi"))))
    #expect(plain != (try fingerprint(text().replacing("base: dc", with: "base: ou=x,dc"))))
    #expect(plain != (try fingerprint(text(more: "accounts: {user: {title: personalTitle}}"))))
    let conditional = text().replacing("kind: webhook", with: "kind: webhook\n    when: entry.vip == 'TRUE'")
    #expect(try fingerprint(conditional).contains(" vip "))
  }

  @Test func `the deriving fingerprint follows rules, condition and departures`() throws {
    func fingerprint(_ more: String, _ target: String = "") throws -> String {
      let source = text(more: more).replacing("kind: webhook", with: "kind: webhook\n\(target)")
      let settings = try RollcallSettings.parse(text: source, path: "f", environment: ["HOOK": "a"]).get()
      return settings.derivingFingerprintText(for: settings.targets[0])
    }
    let plain = try fingerprint("")
    #expect(plain == (try fingerprint("journal: 30d", "    concurrency: 2")))
    #expect(plain != (try fingerprint("accounts: {user: {title: personalTitle}}")))
    #expect(plain != (try fingerprint("", "    when: title != null")))
    #expect(try fingerprint("", "    when: title != null") == (try fingerprint("", "    when: 'title!=null'")))
    #expect(plain != (try fingerprint("", "    leave: disable")))
  }

  @Test func `a control socket's path that the system cannot hold is refused`() {
    let long = "/tmp/" + String(repeating: "x", count: 110)
    let told = errors(
      RollcallSettings.parse(text: text(more: "ledger: \(long).db"), path: "f", environment: ["HOOK": "a"]))
    #expect(told.count == 1)
    #expect(told[0].hasPrefix("f:11:9: the control socket's path"))
    #expect(
      errors(
        RollcallSettings.parse(
          text: text(more: "ledger: \(long).db\nsocket: /run/r.sock"), path: "f", environment: ["HOOK": "a"])
      ).isEmpty)
  }

  @Test(
    arguments: [
      ("ldap://h", "h", nil), ("ldaps://[2001:db8::1]:636/", "2001:db8::1", 636), ("https://u:p@h:1/x", "h", 1),
      ("ldap://h:", nil, nil), ("ldap://h:0", nil, nil), ("h", nil, nil), ("ldap://a b", nil, nil),
      ("ldap://[::1", nil, nil),
    ] as [(String, String?, Int?)])
  func `a server's URL has its parts`(_ text: String, _ host: String?, _ port: Int?) {
    let url = ServerURL(text)
    #expect(url?.host == host)
    #expect(url?.port == port)
  }

  @Test(
    arguments: [
      ("0", .zero), ("250ms", .milliseconds(250)), ("5m", .seconds(300)), ("90d", .seconds(7_776_000)), ("1", nil),
      ("-5m", nil), ("5 m", nil), ("3651d", nil), ("99999999999999999999d", nil), ("d", nil),
    ] as [(String, Duration?)])
  func `a duration is a number and a unit`(_ text: String, _ wanted: Duration?) {
    #expect(DurationText.parse(text) == wanted)
    if let wanted { #expect(DurationText.print(wanted) == text) }
  }

  @Test(arguments: [
    ("ou=people,dc=example,dc=com", true), ("OU=People, DC=example , dc = com", true), ("dc=example,dc=com", true),
    ("ou=people,dc=example,dc=org", false), ("xdc=example,dc=com", false),
  ])
  func `a branch lies below its base`(_ name: String, _ wanted: Bool) {
    #expect(Syntax.isBelow(DistinguishedName(name), DistinguishedName("dc=example,dc=com")) == wanted)
  }
}
