import Foundation
import TestSupport
import Testing

/// What the directory says, read with ldapsearch and mapped here once more, independently of the program under test.
struct DirectoryView: Sendable {
  /// Attributes in small letters, by entryUUID.
  let people: [String: [String: [[UInt8]]]]

  /// Who matches a filter at or below a name.
  static func read(_ slapd: Slapd, below base: String, filter: String) async throws -> DirectoryView {
    let ldif = try await Tool.run(
      "ldapsearch",
      [
        "-x", "-LLL", "-o", "ldif-wrap=no", "-H", slapd.ldapiURL, "-D", Slapd.admin, "-w", Slapd.adminPassword, "-b",
        base, filter, "*", "entryUUID",
      ])
    var people: [String: [String: [[UInt8]]]] = [:]
    var current: [String: [[UInt8]]] = [:]
    for line in (ldif + "\n\n").split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        if let id = current["entryuuid"]?.first { people[String(decoding: id, as: UTF8.self)] = current }
        current = [:]
        continue
      }
      guard let colon = line.firstIndex(of: ":") else { continue }
      let name = line[..<colon].lowercased()
      let rest = line[line.index(after: colon)...]
      if rest.first == ":" {
        let text = rest.dropFirst().trimmingCharacters(in: .whitespaces)
        current[name, default: []].append(Array(Data(base64Encoded: text) ?? Data()))
      } else {
        current[name, default: []].append(Array(rest.drop { $0 == " " }.utf8))
      }
    }
    return DirectoryView(people: people)
  }

  private static let fields: [(field: String, attributes: [String])] = [
    ("displayName", ["displayname", "cn"]), ("givenName", ["givenname"]), ("familyName", ["sn"]), ("email", ["mail"]),
    ("phone", ["telephonenumber"]), ("mobile", ["mobile"]), ("title", ["title"]),
    ("department", ["departmentnumber", "ou"]), ("organization", ["o"]), ("employeeNumber", ["employeenumber"]),
    ("locality", ["l"]), ("note", ["description"]), ("street", ["street"]), ("postalCode", ["postalcode"]),
  ]

  /// In what a receiver's account of somebody differs from the entry. LDAP values have no order: any of several values
  /// of an attribute may be the one that a field takes.
  static func differences(_ account: JSON, from entry: [String: [[UInt8]]]) -> [String] {
    func texts(_ name: String) -> [String] { (entry[name] ?? []).map { String(decoding: $0, as: UTF8.self) } }
    var found: [String] = []
    func expect(_ field: String, oneOf allowed: [String]) {
      let told = account[field].text
      let fits = allowed.isEmpty ? told == nil : told.map { allowed.contains($0) } == true
      if !fits { found.append("\(field) is \(told.map { "'\($0.prefix(60))'" } ?? "absent")") }
    }
    expect("userName", oneOf: texts("uid").map { $0.lowercased() })
    for (field, attributes) in fields {
      expect(field, oneOf: attributes.lazy.map(texts).first { !$0.isEmpty } ?? [])
    }
    expect(
      "photo", oneOf: (entry["jpegphoto"] ?? []).map { "data:image/jpeg;base64," + Data($0).base64EncodedString() })
    let email = account["email"].text?.lowercased()
    let aliases = Set(texts("mail").map { $0.lowercased() }).subtracting([email ?? ""])
    if Set(account["aliases"].list.compactMap(\.text)) != aliases { found.append("aliases differ") }
    return found
  }
}

extension Scene {
  /// Everything in which the receiver's state differs from the directory; empty where the two agree.
  /// - Parameter returning: logins of those who may have been called deleted and are back.
  func disagreements(returning: Set<String> = []) async throws -> [String] {
    let view = try await DirectoryView.read(
      slapd, below: file.usersBase ?? file.base, filter: file.usersFilter ?? "(objectClass=inetOrgPerson)")
    let told = hearing.state
    var found = told.offences
    for (id, entry) in view.people {
      let login = String(decoding: entry["uid"]?.first ?? [], as: UTF8.self).lowercased()
      if told.deleted.contains(id), !returning.contains(login) { found.append("\(login) was called deleted") }
      guard let person = told.people[id], !person.isGone else {
        found.append("\(login) is not at the receiver")
        continue
      }
      if person.isDisabled { found.append("\(login) is disabled at the receiver") }
      found += DirectoryView.differences(person.account, from: entry).map { "\(login): \($0)" }
    }
    for (id, person) in told.present where view.people[id] == nil {
      found.append("\(person.account["userName"].text ?? id) is at the receiver and not in the directory")
    }
    return found
  }

  /// Records an issue unless the receiver's state is the directory's.
  func expectAgreement(
    _ when: String = "at rest", returning: Set<String> = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let found = try await disagreements(returning: returning)
    #expect(found.isEmpty, "\(when): \(found.prefix(12).joined(separator: "; "))", sourceLocation: sourceLocation)
  }
}
