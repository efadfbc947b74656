import Foundation

/// Something a test waits for: fired once or many times by a server's thread, awaited by the test.
public final class Signal: @unchecked Sendable {
  private let lock = NSLock()
  private var fired = 0
  private var waiting: [(count: Int, id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
  private var nextID = 0

  /// A signal that has not fired.
  public init() {}

  /// How often it has fired.
  public var count: Int { lock.withLock { fired } }

  /// Fires; wakes those who waited for this many.
  public func fire() {
    let ready = lock.withLock {
      fired += 1
      let ready = waiting.filter { $0.count <= fired }
      waiting.removeAll { $0.count <= fired }
      return ready
    }
    for waiter in ready { waiter.continuation.resume(returning: true) }
  }

  /// Waits until it has fired `count` times; false if that did not happen within `limit`.
  public func wait(count: Int = 1, within limit: Duration = .seconds(20)) async -> Bool {
    let id = lock.withLock {
      nextID += 1
      return nextID
    }
    let timer = Task {
      try await Task.sleep(for: limit)
      give(up: id)
    }
    defer { timer.cancel() }
    return await withCheckedContinuation { continuation in
      let already = lock.withLock {
        if fired >= count { return true }
        waiting.append((count, id, continuation))
        return false
      }
      if already { continuation.resume(returning: true) }
    }
  }

  private func give(up id: Int) {
    let late = lock.withLock {
      let late = waiting.filter { $0.id == id }
      waiting.removeAll { $0.id == id }
      return late
    }
    for waiter in late { waiter.continuation.resume(returning: false) }
  }
}

/// A value shared between a server's thread and a test.
public final class Shared<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: Value

  /// Holds a first value.
  public init(_ value: Value) { stored = value }

  /// The value now.
  public var value: Value { lock.withLock { stored } }

  /// Changes the value.
  @discardableResult
  public func change<R>(_ body: (inout Value) throws -> R) rethrows -> R { try lock.withLock { try body(&stored) } }
}

/// A directory for one test's files.
public struct TemporaryDirectory: Sendable {
  /// Its absolute path.
  public let path: String

  /// Makes a fresh one.
  public init(_ name: String) throws {
    path = "/tmp/rollcall-\(name)-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// A path inside it.
  public func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file inside it and returns its path.
  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    return file(name)
  }

  /// Removes it with all that is in it.
  public func remove() { try? FileManager.default.removeItem(atPath: path) }
}
