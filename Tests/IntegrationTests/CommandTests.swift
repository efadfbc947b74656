import Foundation
import Glibc
import TestSupport
import Testing

/// The commands, while it runs and while it does not.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct CommandTests {
  private static func dn(_ number: Int) -> String { "uid=user\(number),\(ChangeList.people)" }

  @Test("every question has the same answer over the socket and from the ledger", arguments: [true, false])
  func questions(running: Bool) async throws {
    try await Scene.with(people: 5) { scene in
      #expect(try await scene.command("status").status == 1, "no ledger yet")
      #expect(try await scene.command("sync", "--json").json["targets"].named("hooks")["delivered"].number == 6)
      let child = running ? try await scene.run() : nil
      if running { try await scene.atRest() }

      let status = try await scene.command("status", "--json")
      #expect(status.status == 0)
      #expect(status.json["running"].flag == running)
      #expect(status.json["directories"].named("corp")["users"].number == 6)
      #expect(status.json["targets"].named("hooks")["accounts"].number == 6)
      if let child { #expect(status.json["pid"].number == Int(child.pid)) }

      let explained = try await scene.command("explain", "user1", "--json")
      #expect(explained.status == 0)
      #expect(explained.json.list.first?["dn"].text == Self.dn(1))
      #expect(explained.json.list.first?["targets"].named("hooks")["state"].text == "in step")
      #expect(explained.json.list.first?["fields"].list.contains { $0["value"].text == "user1@example.com" } == true)

      let log = try await scene.command("log", "user1", "--json")
      #expect(log.json.list.contains { $0["event"].text == "created" && $0["target"].text == "hooks" })
      #expect(try await scene.command("held", "--json").json.list.isEmpty)
      #expect(try await scene.command("failed", "--json").json.list.isEmpty)
      #expect(try await scene.command("explain", "nobody").status == 1)
      #expect(try await scene.command("retry", "nobody").status == 1)
      #expect(try await scene.command("approve", "99").status == 1)
      #expect(try await scene.command("approve").status == 2)
      #expect(try await scene.command("frobnicate").status == 2)
      #expect(try await scene.command("--version").lines.count == 1)
      #expect(try await scene.command("plan", "--json").status == 0)
      if let child { #expect(try await child.stop() == 0) }
    }
  }

  @Test("watch shows a change as it comes, with a file and with a URL alone")
  func watch() async throws {
    try await Scene.with(people: 5) { scene in
      try scene.write()
      let ways = ["file": ["--config", scene.filePath, "--json"], "URL": [scene.slapd.url, "--base", Slapd.suffix]]
      for (way, words) in ways {
        let child = try await Child.start(Scene.program, ["watch"] + words, environment: scene.file.environment)
        try await child.line(containing: "watching")
        try await scene.slapd.replace(Self.dn(1), "title", "Seen with a \(way)")
        try await child.line(containing: "Seen with a \(way)")
        #expect(child.output.contains { $0.contains(Self.dn(1)) })
        try await child.stop(SIGINT)
      }
    }
  }

  @Test("plan says what a pass would do, does nothing, and a pass does it")
  func plan() async throws {
    try await Scene.with(people: 5) { scene in
      #expect(try await scene.command("sync").status == 0)
      try await scene.slapd.add(LDIF.person("joiner"))
      try await scene.slapd.delete(Self.dn(1))
      try await scene.slapd.replace(Self.dn(2), "title", "Changed")
      let heard = scene.hearing.receiver.requests.count
      let plan = try await scene.command("plan")
      for word in ["joiner", "user1", "user2", "title"] { #expect(plan.text.contains(word), "\(plan.text)") }
      #expect(!plan.text.contains("user3"))
      #expect(scene.hearing.receiver.requests.count == heard)
      #expect(try await scene.command("sync").status == 0)
      #expect(scene.hearing.receiver.requests.count == heard + 3)
      try await scene.expectAgreement()
      #expect(try await scene.command("sync", "--json").json["targets"].named("hooks")["delivered"].number == 0)
    }
  }

  @Test("resync --again sends everything again, with risen revisions", arguments: [true, false])
  func again(running: Bool) async throws {
    try await Scene.with(people: 5) { scene in
      #expect(try await scene.command("sync").status == 0)
      let child = running ? try await scene.run() : nil
      let heard = scene.hearing.receiver.requests.count
      #expect(try await scene.command("resync", "--target", "hooks", "--again").status == 0)
      try await scene.hearing.receiver.wait { $0.count == heard + 6 }
      #expect(scene.hearing.events.dropFirst(heard).allSatisfy { $0.data["reason"].text == "resync" })
      try await scene.expectAgreement()
      let count = scene.hearing.receiver.requests.count
      #expect(try await scene.command("resync", "--account", "user3", "--again").status == 0)
      try await scene.hearing.receiver.wait { $0.count == count + 1 }
      #expect(scene.hearing.events.last?.login == "user3")
      if running { try await scene.atRest() }
      try await scene.expectAgreement()
      _ = try await child?.stop()
    }
  }

  @Test("a second run is refused with the first one's process id")
  func second() async throws {
    try await Scene.with(people: 2) { scene in
      try await scene.running { first in
        let second = try await scene.launch()
        #expect(try await second.end() == 1)
        #expect(second.output.joined().contains("\(first.pid)"), "\(second.output)")
        let sync = try await scene.command("sync")
        #expect(sync.status == 1)
        #expect(sync.text.contains("\(first.pid)"))
        try await scene.settle()
      }
    }
  }

  @Test("READY=1 is said when commands are answered; the socket is its owner's alone")
  func readiness() async throws {
    try await Scene.with(people: 2) { scene in
      let notices = try NotifySocket(scene.folder.file("notify"))
      defer { notices.close() }
      let child = try await scene.launch(environment: ["NOTIFY_SOCKET": notices.path])
      #expect(try await notices.next().contains("READY=1"))
      let status = try JSON(text: await UnixHTTP.get("/v1/status", socket: scene.socketPath)[...])
      #expect(status["running"].flag == true)
      var facts = stat()
      #expect(stat(scene.socketPath, &facts) == 0)
      #expect(facts.st_mode & 0o777 == 0o600)
      #expect(stat(scene.ledgerPath, &facts) == 0)
      #expect(facts.st_mode & 0o777 == 0o600)
      child.signal(SIGHUP)
      #expect(try await notices.next().contains("RELOADING=1"))
      #expect(try await notices.next().contains("READY=1"))
      child.signal(SIGTERM)
      #expect(try await notices.next().contains("STOPPING=1"))
      #expect(try await child.end() == 0)
      #expect(access(scene.socketPath, F_OK) != 0)
    }
  }

  @Test("SIGHUP with a good file adds a target and fills it; with a bad one the old file stays")
  func reload() async throws {
    try await Scene.with(people: 5) { scene in
      let other = try Hearing()
      defer { other.receiver.stop() }
      try await scene.running { child in
        try await scene.settle()
        let heard = scene.hearing.receiver.requests.count
        try scene.folder.write("rollcall.yaml", scene.file.text + "nonsense: true\n")
        child.signal(SIGHUP)
        let line = try await child.line(containing: "stays in force")
        try await child.line(containing: "rollcall.yaml:")
        try await scene.settle()

        scene.file.targets.append(.init(name: "other", url: other.receiver.url))
        try scene.write()
        child.signal(SIGHUP)
        try await child.line(containing: "the file was read again", from: line.index)
        try await other.receiver.wait { $0.count >= 6 }
        try await scene.settle()
        #expect(other.state.present.count == 6)
        // The first target hears of the sentinel alone.
        #expect(Set(scene.hearing.events.dropFirst(heard).map(\.login)) == [Scene.sentinel])

        scene.file.targets.removeLast()
        try scene.write()
        child.signal(SIGHUP)
        try await child.line(containing: "'other' is no longer in the file")
        try await scene.settle()
        #expect(other.state.deleted.isEmpty)
      }
    }
  }

  @Test("SIGHUP again and again under a load of changes loses nothing")
  func reloadUnderLoad() async throws {
    try await Scene.with(people: 20) { scene in
      scene.file.usersBase = ChangeList.people
      let load = Load(scene.slapd)
      try await scene.running { child in
        try await scene.settle()
        let changes = Task { try await load.run() }
        for _ in 0..<15 {
          let seen = child.output.count
          child.signal(SIGHUP)
          try await child.line(containing: "the file was read again", from: seen)
        }
        load.stop()
        try await changes.value
        try await scene.settle()
        try await scene.expectAgreement(returning: load.returning)
        #expect(load.rounds > 0)
      }
    }
  }

  @Test("SIGTERM in the middle of a load loses nothing", arguments: SessionLog.allCases)
  func terminated(_ log: SessionLog) async throws {
    try await Scene.with(log, people: 200) { scene in
      scene.hearing.answer { _ in .init(behaviour: .respond(.init(204, delay: .milliseconds(5))), isApplied: true) }
      for count in [10, 80, 150] {
        let child = try await scene.run()
        let heard = scene.hearing.receiver.requests.count
        if heard < count { try await scene.hearing.receiver.wait { $0.count > count } }
        #expect(try await child.stop() == 0)
      }
      try await scene.running { _ in
        try await scene.settle()
        try await scene.expectAgreement()
      }
      let events = scene.hearing.events
      #expect(Set(events.map(\.id)).count == events.count, "what was confirmed is not sent again")
    }
  }
}

/// The socket of a service manager (sd_notify(3)).
final class NotifySocket: Sendable {
  let path: String
  private let descriptor: Int32

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw ToolFailure(tool: "bind", status: errno, output: path) }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// The next notice.
  func next() async throws -> String {
    try await Tool.blocking { [descriptor, path] in
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { throw ToolFailure(tool: "recv", status: errno, output: path) }
      return String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  func close() { _ = Glibc.close(descriptor) }
}
