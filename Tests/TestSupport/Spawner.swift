import Dispatch
import Foundation
import Glibc

/// Starts child processes from one thread that lives as long as the test process. PR_SET_PDEATHSIG fires when the
/// *thread* that started the child ends (prctl(2)), and threads of a pool come and go: a server started from one of
/// them would be killed at a random moment.
final class Spawner: @unchecked Sendable {
  static let shared = Spawner()

  private let condition = NSCondition()
  private var waiting: [@Sendable () -> Void] = []

  private init() {
    let thread = Thread { [self] in
      while true {
        condition.lock()
        while waiting.isEmpty { condition.wait() }
        let work = waiting.removeFirst()
        condition.unlock()
        work()
      }
    }
    thread.name = "spawner"
    thread.start()
  }

  /// Starts a program; `errorFile` takes its standard output and error where they are not piped.
  func spawn(
    _ path: String, _ arguments: [String], environment: [String: String] = [:],
    descriptors: [(child: Int32, parent: Int32)] = [], outputFile: String = "/dev/null"
  ) async throws -> pid_t {
    try await withCheckedThrowingContinuation { continuation in
      condition.lock()
      waiting.append {
        continuation.resume(
          with: Result {
            try Spawner.start(path, arguments, environment, descriptors, outputFile)
          })
      }
      condition.signal()
      condition.unlock()
    }
  }

  private static func start(
    _ path: String, _ arguments: [String], _ environment: [String: String],
    _ descriptors: [(child: Int32, parent: Int32)], _ outputFile: String
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    for pair in descriptors { posix_spawn_file_actions_adddup2(&actions, pair.parent, pair.child) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A test runner may block or ignore signals; a server must be stoppable.
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var variables = ProcessInfo.processInfo.environment
    variables.merge(environment) { $1 }
    variables["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    let argv = ([path] + arguments).map { strdup($0) } + [nil]
    let envp = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, path, &actions, &attributes, argv, envp)
    guard code == 0 else { throw ToolFailure(tool: path, status: code, output: String(cString: strerror(code))) }
    return pid
  }
}

/// A tool that did not do what a test needed.
public struct ToolFailure: Error, CustomStringConvertible {
  /// Which tool.
  public let tool: String
  /// Its exit status, or an errno if it did not start.
  public let status: Int32
  /// What it printed.
  public let output: String

  /// A failure.
  public init(tool: String, status: Int32, output: String) {
    self.tool = tool
    self.status = status
    self.output = output
  }

  /// Tool, status and output in one line.
  public var description: String { "\(tool) failed (\(status)): \(output)" }
}

/// Short-lived programs.
public enum Tool {
  /// Runs a program to its end, with `input` on its standard input; returns what it printed (both streams).
  /// Throws ``ToolFailure`` unless it exits with 0.
  @discardableResult
  public static func run(
    _ path: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) async throws -> String {
    // One socket pair carries both directions: socketpair(2) marks it close-on-exec at once, which pipe(2) does not,
    // and other children are started meanwhile.
    var pair: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
      throw ToolFailure(tool: path, status: errno, output: "socketpair")
    }
    let (mine, theirs) = (pair[0], pair[1])
    let spawned: Result<pid_t, any Error>
    do {
      spawned = .success(
        try await Spawner.shared.spawn(
          path, arguments, environment: environment, descriptors: [(0, theirs), (1, theirs), (2, theirs)]))
    } catch {
      spawned = .failure(error)
    }
    close(theirs)
    return try await blocking {
      defer { close(mine) }
      let pid = try spawned.get()
      // The writer is a thread of its own: a program may print before it has read everything.
      let written = DispatchSemaphore(value: 0)
      let writer = Thread {
        var rest = Array(input.utf8)[...]
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes { send(mine, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
          if count <= 0 { break }
          rest = rest.dropFirst(count)
        }
        shutdown(mine, Int32(SHUT_WR))
        written.signal()
      }
      writer.start()
      var output: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65536)
      while true {
        let count = read(mine, &buffer, buffer.count)
        if count <= 0 { break }
        output += buffer[..<count]
      }
      let status = reap(pid)
      written.wait()
      let text = String(decoding: output, as: UTF8.self)
      guard status == 0 else { throw ToolFailure(tool: path, status: status, output: text) }
      return text
    }
  }

  /// Waits for a child's end: its exit status, or 128 + the signal that ended it.
  static func reap(_ pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }

  /// Runs blocking work away from the cooperative pool.
  public static func blocking<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread { continuation.resume(with: Result { try work() }) }
      thread.start()
    }
  }
}
