import Foundation
import Glibc
import TestSupport
import Testing

/// Rollcall is killed, at random moments under a load of changes and at every step that leaves a trace outside of it.
@Suite(.serialized)
struct CrashTests {
  /// How often the random test kills, over both kinds of session log.
  private static let kills = Scene.isFast ? 10 : 200

  @Test("kill -9 at random points under a load of changes", .timeLimit(.minutes(5)), arguments: SessionLog.allCases)
  func randomKills(_ log: SessionLog) async throws {
    try await Scene.with(log, people: 20) { scene in
      scene.file.usersBase = ChangeList.people
      let load = Load(scene.slapd)
      let changes = Task { try await load.run() }
      // Answers take their time now and then, so that kills find requests in flight.
      scene.hearing.answer { event in
        event.number % 5 == 0
          ? .init(behaviour: .respond(.init(204, delay: .milliseconds(15))), isApplied: true) : .taken
      }
      var generator = SystemRandomNumberGenerator()
      for _ in 0..<(Self.kills / SessionLog.allCases.count) {
        let child = try await scene.launch()
        try await Task.sleep(for: .milliseconds(Int.random(in: 20...400, using: &generator)))
        #expect(try await child.stop(SIGKILL) == 128 + SIGKILL, "\(child.output)")
      }
      load.stop()
      try await changes.value
      let underKills = scene.hearing.receiver.requests.count
      scene.hearing.takeAll()
      try await scene.running { _ in
        try await scene.settle()
        try await scene.expectAgreement("after \(Self.kills / 2) kills", returning: load.returning)
      }
      #expect(Scene.isFast || underKills > Self.kills / 4, "only \(underKills) requests between kills prove nothing")
      #expect(load.rounds > 0)
    }
  }

  @Test("die at every write, sync and send of a pass", .timeLimit(.minutes(5)), arguments: SessionLog.allCases)
  func everyStep(_ log: SessionLog) async throws {
    let library = try await Preload.build()
    try await Scene.with(log, people: 6) { scene in
      scene.file.usersBase = ChangeList.people
      #expect(try await scene.command("sync").status == 0)
      var step = 1
      var deaths = 0
      let load = Load(scene.slapd)
      while true {
        try await load.round(step)
        let reply = try await scene.command(
          "sync", environment: ["LD_PRELOAD": library.path, "DIE_AT": "\(step)"])
        if reply.status == 137 {
          deaths += 1
          let second = try await scene.command("sync")
          #expect(second.status == 0, "after dying at step \(step): \(second.text)")
        }
        let found = try await scene.disagreements(returning: load.returning)
        #expect(found.isEmpty, "after dying at step \(step): \(found.joined(separator: "; "))")
        if reply.status != 137 {
          #expect(reply.status == 0, "\(reply.text)")
          break
        }
        step += Scene.isFast ? 9 : 1
      }
      #expect(deaths > 2)
    }
  }

  @Test("die at every write, sync and send of a first load", .timeLimit(.minutes(5)))
  func everyStepOfTheFirstLoad() async throws {
    let library = try await Preload.build()
    try await Scene.with(people: 6) { scene in
      scene.file.usersBase = ChangeList.people
      var step = 1
      while true {
        for suffix in ["", "-wal", "-shm"] { unlink(scene.ledgerPath + suffix) }
        let hearing = scene.hearing.receiver.requests.count
        let reply = try await scene.command(
          "sync", environment: ["LD_PRELOAD": library.path, "DIE_AT": "\(step)"])
        if reply.status == 137 {
          let second = try await scene.command("sync")
          #expect(second.status == 0, "after dying at step \(step): \(second.text)")
        }
        let told = Told(Array(scene.hearing.events.dropFirst(hearing)))
        #expect(told.offences.isEmpty, "after dying at step \(step): \(told.offences)")
        #expect(told.present.count == 7 && told.deleted.isEmpty, "after dying at step \(step): \(told.people.keys)")
        guard reply.status == 137 else { break }
        step += Scene.isFast ? 9 : 1
      }
      #expect(step > 20)
    }
  }
}

/// contrib/lib/die_at.c, compiled.
final class Preload: Sendable {
  private let folder: TemporaryDirectory
  var path: String { folder.file("die_at.so") }

  private init(_ folder: TemporaryDirectory) { self.folder = folder }

  deinit { folder.remove() }

  static func build() async throws -> Preload {
    let root = #filePath.components(separatedBy: "/Tests/IntegrationTests/")[0]
    let library = Preload(try TemporaryDirectory("preload"))
    try await Tool.run(
      "cc", ["-shared", "-fPIC", "-O1", "-o", library.path, root + "/contrib/lib/die_at.c", "-ldl"])
    return library
  }
}

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
