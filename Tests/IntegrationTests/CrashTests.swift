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
      for number in 0..<(Self.kills / SessionLog.allCases.count) {
        // Every second one at any time from the start, the others while it works.
        let child = try await number % 2 == 0 ? scene.launch() : scene.run()
        let moment = number % 2 == 0 ? 20...400 : 0...200
        try await Task.sleep(for: .milliseconds(Int.random(in: moment, using: &generator)))
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
