import Foundation
import TestSupport

/// A load of changes on the people of a scene: `user0` and on. Some of them come and go, the others only change.
final class Load: Sendable {
  private let slapd: Slapd
  private let stopped = Shared(false)
  private let count = Shared(0)

  init(_ slapd: Slapd) { self.slapd = slapd }

  /// Who may be called deleted although they are there in the end.
  let returning: Set<String> = ["user0", "user1", "user2"]

  /// How many rounds were done.
  var rounds: Int { count.value }

  func stop() { stopped.change { $0 = true } }

  /// Changes until told to stop.
  func run() async throws {
    while !stopped.value { try await round(count.value) }
  }

  /// One round: modifies, an add, a delete, a move out or back, a new login.
  func round(_ number: Int) async throws {
    let mine = count.change { count in
      count += 1
      return count
    }
    var records = (0..<2).map { offset in
      let person = 3 + (mine * 2 + offset) % 3
      return
        "dn: uid=user\(person),\(ChangeList.people)\nchangetype: modify\nreplace: title\ntitle: \(mine)-\(offset)\n-\n"
    }
    let added = "uid=added\(mine),\(ChangeList.people)"
    records.append(
      LDIF.person("added\(mine)").replacingOccurrences(
        of: "objectClass: top", with: "changetype: add\nobjectClass: top"))
    if mine > 2 { records.append("dn: uid=added\(mine - 2),\(ChangeList.people)\nchangetype: delete\n") }
    if mine > 1 { records.append("dn: \(added)\nchangetype: modify\nreplace: mobile\nmobile: +\(mine)\n-\n") }
    let wanderer = mine / 2 % 3
    let (from, to) = mine % 2 == 0 ? (ChangeList.people, ChangeList.away) : (ChangeList.away, ChangeList.people)
    if mine > 1 {
      records.append(
        "dn: uid=user\(wanderer),\(from)\nchangetype: modrdn\nnewrdn: uid=user\(wanderer)\ndeleteoldrdn: 1\nnewsuperior: \(to)\n"
      )
    }
    try await slapd.modify(records.joined(separator: "\n"))
  }
}
