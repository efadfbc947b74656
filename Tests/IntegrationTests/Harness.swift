import Foundation
import TestSupport
import Testing

/// How a test's slapd keeps what was deleted: with a session log a refresh has a delete phase, without one a present
/// phase.
enum SessionLog: Int, CaseIterable, Sendable, CustomTestStringConvertible {
  case kept = 1000
  case none = 0

  var testDescription: String { self == .kept ? "session log" : "no session log" }
}

/// The two ends and the real program between them: a slapd, a receiver, a folder with the file and the ledger.
final class Scene: Sendable {
  /// The directory.
  let slapd: Slapd
  /// The target, with what it was told.
  let hearing: Hearing
  /// Holds rollcall.yaml and the ledger.
  let folder: TemporaryDirectory
  private let contents: Shared<RollcallFile>
  private let running = Shared<[Child]>([])
  private let tokens = Shared(0)

  /// rollcall.yaml as it is written before the next start.
  var file: RollcallFile {
    get { contents.value }
    set { contents.change { $0 = newValue } }
  }

  /// A scene with so many people below `ou=people`, `user0` and on, and one more whose changes mark points in time.
  static func with<Result: Sendable>(
    _ log: SessionLog = .kept, people: Int = 0, seed: [String] = [], options: SlapdOptions = SlapdOptions(),
    _ body: (Scene) async throws -> Result
  ) async throws -> Result {
    var options = options
    options.sessionLog = log.rawValue
    let everybody = [LDIF.person(sentinel), LDIF.people(people)] + seed
    options.seed += everybody.filter { !$0.isEmpty }.joined(separator: "\n")
    let slapd = try await Slapd.start(options)
    do {
      let scene = try Scene(slapd)
      do {
        let result = try await body(scene)
        await scene.end()
        return result
      } catch {
        await scene.end()
        throw error
      }
    } catch {
      await slapd.remove()
      throw error
    }
  }

  private init(_ slapd: Slapd) throws {
    self.slapd = slapd
    hearing = try Hearing()
    folder = try TemporaryDirectory("scene")
    contents = Shared(RollcallFile(directory: slapd.url, target: hearing.receiver.url))
  }

  private func end() async {
    for child in running.value where child.exitStatus == nil { _ = try? await child.stop(SIGKILL) }
    hearing.receiver.stop()
    await slapd.remove()
    folder.remove()
  }

  /// Somebody who is there in every scene.
  static let sentinel = "sentinel"
}

// MARK: The program

extension Scene {
  /// The program that was built beside the tests.
  static let program: String = {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let folder = executable.prefix(upTo: executable.lastIndex(of: "/") ?? executable.startIndex)
    return ProcessInfo.processInfo.environment["ROLLCALL_BIN"] ?? "\(folder)/rollcall"
  }()

  /// Where rollcall.yaml stands.
  var filePath: String { folder.file("rollcall.yaml") }
  /// Where the ledger stands.
  var ledgerPath: String { file.ledger ?? folder.file("rollcall.db") }
  /// Where commands speak to a running one.
  var socketPath: String { folder.file("rollcall.sock") }

  /// Writes the file without starting anything.
  func write() throws { try folder.write("rollcall.yaml", file.text) }

  /// Starts `rollcall run` and waits until it says that it runs.
  func run(environment: [String: String] = [:]) async throws -> Child {
    let child = try await launch(environment: environment)
    try await child.line(containing: "runs; control socket")
    return child
  }

  /// Starts `rollcall run` and waits for nothing.
  func launch(environment: [String: String] = [:]) async throws -> Child {
    try write()
    let child = try await Child.start(
      Scene.program, ["run", "--config", filePath], environment: file.environment.merging(environment) { $1 })
    running.change { $0.append(child) }
    return child
  }

  /// Runs `rollcall run` for the length of a body, and stops it in good order.
  func running<Result>(_ body: (Child) async throws -> Result) async throws -> Result {
    let child = try await run()
    let result = try await body(child)
    let status = try await child.stop()
    guard status == 0 else { throw Child.Missed("run ended with \(status): \(child.output)") }
    return result
  }

  /// Runs a command to its end.
  @discardableResult
  func command(_ words: String..., environment: [String: String] = [:]) async throws -> Reply {
    try write()
    return try await command(words, environment: environment)
  }

  /// Runs a command with the file as it stands.
  func command(_ words: [String], environment: [String: String] = [:]) async throws -> Reply {
    let configured = words + ["--config", filePath]
    let child = try await Child.start(
      Scene.program, configured, environment: file.environment.merging(environment) { $1 })
    let status = try await child.end(within: .seconds(60))
    return Reply(status: status, lines: child.output)
  }
}

/// What a command printed and how it ended.
struct Reply: Sendable {
  var status: Int32
  var lines: [String]

  /// Everything it printed.
  var text: String { lines.joined(separator: "\n") }

  /// The output as JSON, whatever stands before it.
  var json: JSON { JSON(text: text.drop { $0 != "{" && $0 != "[" }) }
}

// MARK: Rest

extension Scene {
  /// Waits until everything that happened at the directory so far was heard, delivered and confirmed: a change of the
  /// sentinel arrives, and nothing is owed in either direction.
  func settle(within limit: Duration = .seconds(30)) async throws {
    let heard = hearing.receiver.requests.count
    let token = try await mark()
    try await hearing.event(from: heard, within: limit) { $0.account["note"].text == token }
    try await atRest(within: limit)
  }

  /// Changes the sentinel; gives the text that the receiver will hear in its note.
  func mark() async throws -> String {
    let token = "mark \(tokens.change { $0 += 1; return $0 })"
    try await slapd.replace("uid=\(Scene.sentinel),ou=people,\(Slapd.suffix)", "description", token)
    return token
  }

  /// Waits until `status` of a running Rollcall says that nothing is waiting anywhere.
  func atRest(within limit: Duration = .seconds(30)) async throws {
    try await status(within: limit) { status in
      status["directories"].list.allSatisfy { $0["phase"].text == "following" && $0["obligations"].list.isEmpty }
        && status["targets"].list.allSatisfy { $0["orphaned"].flag == true || $0["waiting"].number == 0 }
    }
  }

  /// Asks a running Rollcall for its status until it is as it should be.
  @discardableResult
  func status(
    within limit: Duration = .seconds(30), until isFulfilled: (JSON) -> Bool = { _ in true }
  ) async throws -> JSON {
    let began = ContinuousClock.now
    var last = "no answer"
    repeat {
      do {
        let status = JSON(text: try await UnixHTTP.get("/v1/status", socket: socketPath)[...])
        if isFulfilled(status) { return status }
        last = status.description
      } catch { last = "\(error)" }
      // There is no signal for what another process writes into its ledger.
      try await Task.sleep(for: .milliseconds(15))
    } while ContinuousClock.now - began < limit
    throw Child.Missed("status is not as expected after \(limit): \(last)")
  }

  /// True where the long loops are left out.
  static let isFast = ProcessInfo.processInfo.environment["ROLLCALL_FAST"] == "1"
}
