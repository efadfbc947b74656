import Foundation
public import Glibc

/// A program that runs while a test does: its output line by line, its signals, its end. It dies with the test process.
public final class Child: @unchecked Sendable {
  /// Its process id.
  public let pid: pid_t
  private let lock = NSLock()
  private var lines: [String] = []
  private var status: Int32?
  private var waiters: [UUID: Waiter] = [:]

  private struct Waiter {
    var isFulfilled: @Sendable ([String], Bool) -> Bool
    var continuation: CheckedContinuation<Bool, Never>
  }

  /// What did not come in time.
  public struct Missed: Error, CustomStringConvertible {
    /// What was waited for, and the end of the output.
    public var description: String

    /// Something that did not come.
    public init(_ description: String) { self.description = description }
  }

  /// Starts a program; both its output streams are read from the start.
  public static func start(
    _ path: String, _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> Child {
    var pair: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
      throw ToolFailure(tool: path, status: errno, output: "socketpair")
    }
    let (mine, theirs) = (pair[0], pair[1])
    defer { close(theirs) }
    do {
      let pid = try await Spawner.shared.spawn(
        "setpriv", ["--pdeathsig", "KILL", path] + arguments, environment: environment,
        descriptors: [(1, theirs), (2, theirs)])
      return Child(pid, mine)
    } catch {
      close(mine)
      throw error
    }
  }

  private init(_ pid: pid_t, _ descriptor: Int32) {
    self.pid = pid
    let thread = Thread { self.read(descriptor) }
    thread.start()
  }

  /// All lines so far.
  public var output: [String] { lock.withLock { lines } }

  /// Its exit status, 128 + the signal that ended it, or nil while it runs.
  public var exitStatus: Int32? { lock.withLock { status } }

  /// Sends it a signal; nothing if it has ended.
  public func signal(_ number: Int32) { lock.withLock { if status == nil { Glibc.kill(pid, number) } } }

  /// Waits for a line with this text, from the line of that index on; gives the line and its index.
  @discardableResult
  public func line(
    containing text: String, from start: Int = 0, within limit: Duration = .seconds(20)
  ) async throws -> (text: String, index: Int) {
    _ = await wait(within: limit) { lines, ended in
      ended || lines.dropFirst(start).contains { $0.contains(text) }
    }
    let lines = output
    guard let index = lines.indices.dropFirst(start).first(where: { lines[$0].contains(text) }) else {
      throw Missed("no line with '\(text)'\(told)")
    }
    return (lines[index], index)
  }

  /// Waits for its end; gives the exit status.
  @discardableResult
  public func end(within limit: Duration = .seconds(20)) async throws -> Int32 {
    _ = await wait(within: limit) { _, ended in ended }
    guard let status = exitStatus else { throw Missed("process \(pid) still runs\(told)") }
    return status
  }

  /// Sends a signal and waits for the end.
  @discardableResult
  public func stop(_ number: Int32 = SIGTERM, within limit: Duration = .seconds(20)) async throws -> Int32 {
    signal(number)
    return try await end(within: limit)
  }

  private var told: String {
    let lines = output
    let ending = exitStatus.map { ", ended with \($0)" } ?? ""
    return "\(ending), after \(lines.count) lines:\n" + lines.suffix(25).joined(separator: "\n")
  }

  private func wait(
    within limit: Duration, until isFulfilled: @escaping @Sendable ([String], Bool) -> Bool
  ) async -> Bool {
    let id = UUID()
    let timer = Task {
      try await Task.sleep(for: limit)
      lock.withLock { waiters.removeValue(forKey: id) }?.continuation.resume(returning: false)
    }
    defer { timer.cancel() }
    return await withCheckedContinuation { continuation in
      let already = lock.withLock {
        if isFulfilled(lines, status != nil) { return true }
        waiters[id] = Waiter(isFulfilled: isFulfilled, continuation: continuation)
        return false
      }
      if already { continuation.resume(returning: true) }
    }
  }

  private func change(_ body: () -> Void) {
    let ready = lock.withLock {
      body()
      let ready = waiters.filter { $0.value.isFulfilled(lines, status != nil) }
      for id in ready.keys { waiters[id] = nil }
      return ready.values.map(\.continuation)
    }
    for continuation in ready { continuation.resume(returning: true) }
  }

  private func read(_ descriptor: Int32) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    var rest: [UInt8] = []
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      rest += buffer[..<count]
      var parts = rest.split(separator: 0x0a, omittingEmptySubsequences: false)
      rest = Array(parts.removeLast())
      let new = parts.map { String(decoding: $0, as: UTF8.self) }
      if !new.isEmpty { change { lines += new } }
    }
    close(descriptor)
    let ended = Tool.reap(pid)
    let last = rest.isEmpty ? [] : [String(decoding: rest, as: UTF8.self)]
    change {
      lines += last
      status = ended
    }
  }
}
