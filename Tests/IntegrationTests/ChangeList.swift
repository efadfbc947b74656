import Foundation
import TestSupport

/// Where Rollcall looks, relative to `ou=people`, which is where people belong.
enum Reach: CaseIterable, Sendable {
  /// The whole suffix is followed, and people count below `ou=people` alone.
  case wide
  /// The stream itself begins at `ou=people`: what leaves it leaves the base.
  case narrow

  func apply(to file: inout RollcallFile) {
    switch self {
    case .wide: file.usersBase = ChangeList.people
    case .narrow: file.base = ChangeList.people
    }
    file.usersFilter = ChangeList.filter
  }
}

/// What happens to people in a directory, one thing after the other. Each change leaves a trace that a receiver must
/// show in the end, and concerns people whom no other change concerns.
enum ChangeList {
  static let people = "ou=people,\(Slapd.suffix)"
  static let away = "ou=leavers,\(Slapd.suffix)"
  static let filter = "(&(objectClass=inetOrgPerson)(employeeType=staff))"
  private static let staff = ["employeeType: staff"]

  private static func person(_ uid: String, _ parent: String = people, _ lines: [String] = []) -> String {
    LDIF.person(uid, parent: parent, lines: staff + lines)
  }

  /// The containers and people that the changes concern.
  static var seed: [String] {
    let units = [
      "ou=old,\(people)", "ou=wanderer,\(people)", "ou=migrant,\(people)", "ou=leaving,\(people)", "ou=inner,\(people)",
      "ou=arriving,\(away)", "ou=visiting,\(away)",
    ]
    var records = units.map(LDIF.unit)
    for unit in units {
      let name = unit.prefix { $0 != "," }.dropFirst(3)
      records += (0..<3).map { person("\(name)\($0)", unit) }
    }
    records += ["modified", "deleted", "renamed", "moved", "left", "returned", "unmatched", "rematched"].map {
      person($0)
    }
    records += ["recreated", "gemini-a", "gemini-b", "photographed", "cleared", "retyped"].map { person($0) }
    records += [person("came", away), LDIF.person("matched")]
    return records
  }

  struct Change: Sendable {
    let name: String
    let apply: @Sendable (Slapd) async throws -> Void
  }

  private static func dn(_ uid: String, _ parent: String = people) -> String { "uid=\(uid),\(parent)" }

  /// All changes, in order.
  static let all: [Change] = persons + containers + values

  /// Who was away for a while.
  static let returning: Set<String> = [
    "returned", "rematched", "migrant0", "migrant1", "migrant2", "visiting0", "visiting1", "visiting2",
  ]

  private static let persons: [Change] = [
    Change(name: "add") { try await $0.add(person("added")) },
    Change(name: "modify") { try await $0.replace(dn("modified"), "telephoneNumber", "+1 555 0199") },
    Change(name: "delete") { try await $0.delete(dn("deleted")) },
    Change(name: "rename") { try await $0.modrdn(dn("renamed"), to: "uid=newname") },
    Change(name: "move within") { try await $0.modrdn(dn("moved"), to: "uid=moved", superior: "ou=inner,\(people)") },
    Change(name: "move out") { try await $0.modrdn(dn("left"), to: "uid=left", superior: away) },
    Change(name: "move in") { try await $0.modrdn(dn("came", away), to: "uid=came", superior: people) },
    Change(name: "move out for a while") {
      try await $0.modrdn(dn("returned"), to: "uid=returned", superior: away)
    },
    Change(name: "move back") {
      try await $0.modrdn(dn("returned", away), to: "uid=returned", superior: people)
      try await $0.replace(dn("returned"), "title", "Back")
    },
    Change(name: "stop matching") { try await $0.replace(dn("unmatched"), "employeeType", "guest") },
    Change(name: "start matching") { try await $0.replace(dn("matched"), "employeeType", "staff") },
    Change(name: "stop matching for a while") { try await $0.replace(dn("rematched"), "employeeType") },
    Change(name: "match again") { try await $0.replace(dn("rematched"), "employeeType", "staff", "senior") },
    Change(name: "delete and add again") {
      try await $0.delete(dn("recreated"))
      try await $0.add(person("recreated", people, ["mobile: +1 555 0111"]))
    },
    Change(name: "swap logins") {
      try await $0.modrdn(dn("gemini-a"), to: "uid=between")
      try await $0.modrdn(dn("gemini-b"), to: "uid=gemini-a")
      try await $0.modrdn(dn("between"), to: "uid=gemini-b")
    },
  ]

  private static let containers: [Change] = [
    Change(name: "rename a container") { try await $0.modrdn("ou=old,\(people)", to: "ou=new") },
    Change(name: "modify below it") { try await $0.replace(dn("old0", "ou=new,\(people)"), "title", "Renamed") },
    Change(name: "move a container within") {
      try await $0.modrdn("ou=wanderer,\(people)", to: "ou=wanderer", superior: "ou=inner,\(people)")
    },
    Change(name: "delete below it") {
      try await $0.delete(dn("wanderer0", "ou=wanderer,ou=inner,\(people)"))
    },
    Change(name: "move a container out") {
      try await $0.modrdn("ou=leaving,\(people)", to: "ou=leaving", superior: away)
    },
    Change(name: "move a container in") {
      try await $0.modrdn("ou=arriving,\(away)", to: "ou=arriving", superior: people)
    },
    Change(name: "modify below the new one") {
      try await $0.replace(dn("arriving0", "ou=arriving,\(people)"), "title", "Arrived")
    },
    Change(name: "move a container out for a while") {
      try await $0.modrdn("ou=migrant,\(people)", to: "ou=migrant", superior: away)
    },
    Change(name: "modify while it is out") {
      try await $0.replace(dn("migrant1", "ou=migrant,\(away)"), "title", "Changed abroad")
    },
    Change(name: "move it back") {
      try await $0.modrdn("ou=migrant,\(away)", to: "ou=migrant", superior: people)
    },
    Change(name: "move a container in for a while") {
      try await $0.modrdn("ou=visiting,\(away)", to: "ou=visiting", superior: people)
    },
    Change(name: "move it out again") {
      try await $0.modrdn("ou=visiting,\(people)", to: "ou=visiting", superior: away)
    },
  ]

  private static let values: [Change] = [
    Change(name: "NUL and UTF-8") { slapd in
      let text = Data("eins\u{0}zwei \u{1F9D1}\u{200D}\u{1F680} Ünïcödé \\ \" \u{7f}".utf8).base64EncodedString()
      try await slapd.modify(
        "dn: \(dn("modified"))\nchangetype: modify\nreplace: description\ndescription:: \(text)\n-\n")
    },
    Change(name: "a photo") { slapd in
      var photo = Data([0xff, 0xd8, 0xff, 0xe0])
      photo.append(contentsOf: (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) })
      try await slapd.modify(
        """
        dn: \(dn("photographed"))
        changetype: modify
        replace: jpegPhoto
        jpegPhoto:: \(photo.base64EncodedString())
        -

        """)
    },
    Change(name: "5,000 values") { slapd in
      let values = (0..<5000).map { "mail: Many\($0)@example.com" }.joined(separator: "\n")
      try await slapd.modify("dn: \(dn("retyped"))\nchangetype: modify\nreplace: mail\n\(values)\n-\n")
    },
    Change(name: "a value gone") {
      try await $0.modify(
        "dn: \(dn("cleared"))\nchangetype: modify\ndelete: title\n-\ndelete: mail\n-\ndelete: telephoneNumber\n-\n")
    },
  ]
}
