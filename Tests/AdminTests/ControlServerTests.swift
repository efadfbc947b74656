import Accounts
import Admin
import Foundation
import Ledger
import Logging
import TestSupport
import Testing

/// The control API as curl sees it on its Unix socket.
@Suite struct ControlServerTests {
  private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test func statusHealthAndQuestions() async throws {
    try await withServer { office, socket, server in
      try await office.tell([office.person("jane")])
      let status = try JSONDecoder().decode(
        StatusAnswer.self, from: Data(try await curl(socket, "/v1/status").utf8))
      #expect(status.running && status.pid == ProcessInfo.processInfo.processIdentifier)
      #expect(status.targets.map(\.waiting) == [1])
      #expect(try await curl(socket, "/healthz") == "ok\n")

      let answer = try await ask(socket, .explain(account: "jane"))
      guard case .explain(let explained) = answer else { throw Unexpected(answer: answer) }
      #expect(explained.map(\.account) == ["jane"])
      let refused = try await ask(socket, .explain(account: "nobody"))
      guard case .refused(let why) = refused else { throw Unexpected(answer: refused) }
      #expect(why.contains("nobody"))
    }
  }

  @Test func onlyItsOwnerMayConnect() async throws {
    try await withServer { _, socket, _ in
      let attributes = try FileManager.default.attributesOfItem(atPath: socket)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      #expect(attributes[.type] as? FileAttributeType == .typeSocket)
    }
  }

  @Test func whatIsNoQuestionIsRefusedAndTheServerLivesOn() async throws {
    try await withServer { _, socket, _ in
      for body in ["", "{", "[]", #"{"approve":{}}"#, #"{"nonsense":{}}"#, String(repeating: "[", count: 100_000)] {
        let code = try await status(of: socket, Question.path, body: body)
        #expect((400..<500).contains(code), "\(body.prefix(20))")
      }
      #expect(try await status(of: socket, "/nowhere") == 404)
      #expect(try await curl(socket, "/healthz") == "ok\n")
    }
  }

  @Test func aSocketThatWasLeftBehindIsReplaced_andTakenAwayAtTheEnd() async throws {
    try await withOffice(running: Wall.now) { office in
      let socket = office.files.file("control.sock")
      _ = FileManager.default.createFile(atPath: socket, contents: nil)
      try await serve(office, socket) { _ in
        let health = try await curl(socket, "/healthz")
        #expect(health == "ok\n")
      }
      #expect(!FileManager.default.fileExists(atPath: socket))
    }
  }

  @Test func anotherDeskAnswersAfterTheFileWasReadAgain() async throws {
    try await withServer { _, socket, server in
      let other = try await Office(running: 4711)
      server.use(other.desk)
      let answered = try await curl(socket, "/v1/status")
      await other.close()
      let status = try JSONDecoder().decode(StatusAnswer.self, from: Data(answered.utf8))
      #expect(status.since == 4711)
    }
  }

  // MARK: The server and curl

  private func withServer(_ body: (Office, String, ControlServer) async throws -> Void) async throws {
    try await withOffice(running: Wall.now) { office in
      let socket = office.files.file("control.sock")
      try await serve(office, socket) { server in try await body(office, socket, server) }
    }
  }

  private func serve(_ office: Office, _ socket: String, _ body: (ControlServer) async throws -> Void) async throws {
    let server = ControlServer(path: socket, desk: office.desk, log: quiet)
    let run = Task { try await server.run() }
    do {
      // curl waits for a server that is about to be there.
      try await Tool.run(
        "/usr/bin/curl",
        [
          "--silent", "--retry", "40", "--retry-delay", "0", "--retry-all-errors", "--retry-max-time", "20",
          "--unix-socket", socket, "http://rollcall/healthz",
        ])
      try await body(server)
    } catch {
      run.cancel()
      _ = await run.result
      throw error
    }
    run.cancel()
    _ = await run.result
  }

  private func curl(_ socket: String, _ path: String, _ more: [String] = [], input: String = "") async throws -> String
  {
    try await Tool.run(
      "/usr/bin/curl", ["--silent", "--max-time", "20", "--unix-socket", socket] + more + ["http://rollcall" + path],
      input: input)
  }

  private func ask(_ socket: String, _ question: Question) async throws -> Answer {
    let body = String(decoding: try JSONEncoder().encode(question), as: UTF8.self)
    let text = try await curl(
      socket, Question.path, ["--data-binary", "@-", "--header", "Content-Type: application/json"], input: body)
    return try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
  }

  private func status(of socket: String, _ path: String, body: String? = nil) async throws -> Int {
    let post = body == nil ? [] : ["--data-binary", "@-", "--header", "Content-Type: application/json"]
    let text = try await curl(
      socket, path, post + ["--output", "/dev/null", "--write-out", "%{http_code}"], input: body ?? "")
    return Int(text) ?? 0
  }
}
