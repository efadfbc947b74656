import Changes
import Directory
import Synchronization
import TestSupport

/// A directory in memory: a test says what is there, what a session tells, and which questions fail.
final class FakeDirectory: ChangeSource {
  struct State {
    var entries: [StableID: Entry] = [:]
    var server = "fake server of dc=example,dc=com"
    /// Sessions to come, each a list of batches; without one, a whole refresh of what is there is told.
    var sessions: [Session] = []
    /// Why reads by id are not complete; nil if they are.
    var lookUpGap: String?
    /// True if reads by id throw.
    var isSilent = false
    var censusGap: String?
    // What was asked.
    var opened: [Checkpoint?] = []
    var lookedUp: [[StableID]] = []
    var counted: [String] = []
  }

  struct Session {
    var batches: [[Change]]
    var end = End.over

    enum End {
      case over
      case broken
      /// Stays open until it is closed.
      case open
    }
  }

  private let state = Mutex(State())
  /// Fires when a session has told all it has to tell.
  let told = Signal()

  /// Changes what is there, or how it answers.
  @discardableResult
  func set<Value: Sendable>(_ change: (inout State) -> Value) -> Value { state.withLock { change(&$0) } }
  var now: State { state.withLock { $0 } }

  func add(_ entries: [Entry]) { set { state in for entry in entries { state.entries[entry.id] = entry } } }
  func remove(_ entries: [Entry]) { set { state in for entry in entries { state.entries[entry.id] = nil } } }
  func plan(_ batches: [[Change]], _ end: Session.End = .over) {
    set { $0.sessions.append(Session(batches: batches, end: end)) }
  }

  // MARK: ChangeSource

  let mechanism = MechanismDescription(name: "fake", reason: "a test", server: "nowhere")

  func identify() async throws -> String { now.server }

  func open(from checkpoint: Checkpoint?) async throws -> any ChangeStream {
    let session = set { state in
      state.opened.append(checkpoint)
      if !state.sessions.isEmpty { return state.sessions.removeFirst() }
      let everybody = state.entries.values.sorted { "\($0.id)" < "\($1.id)" }.map(Change.upsert)
      return Session(batches: [
        [.refreshBegan(.full)] + everybody + [.refreshEnded(.whole), .checkpoint(.at(state.opened.count))]
      ])
    }
    return FakeStream(session, told: told)
  }

  func lookUp(_ ids: [StableID]) async throws -> LookUp {
    let answer = set { state in
      state.lookedUp.append(ids)
      return state.isSilent
        ? nil : LookUp(entries: ids.compactMap { state.entries[$0] }, incomplete: state.lookUpGap)
    }
    guard let answer else { throw Silence() }
    return answer
  }

  func census(below name: DistinguishedName?) async throws -> Census {
    set { state in
      state.counted.append(name?.string ?? "base")
      let there = state.entries.values.filter { name.map($0.dn.isBelowOrEqual) ?? true }
      return Census(ids: Set(there.map(\.id)), incomplete: state.censusGap)
    }
  }
}

/// A session of a fake directory.
actor FakeStream: ChangeStream {
  private var session: FakeDirectory.Session
  private let told: Signal
  private var waiting: CheckedContinuation<Void, Never>?
  private var closed = false

  init(_ session: FakeDirectory.Session, told: Signal) {
    self.session = session
    self.told = told
  }

  func next() async throws -> [Change] {
    if !session.batches.isEmpty { return session.batches.removeFirst() }
    told.fire()
    switch session.end {
    case .over: return []
    case .broken: throw Silence()
    case .open:
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          if closed || Task.isCancelled { continuation.resume() } else { waiting = continuation }
        }
      } onCancel: {
        Task { await self.close() }
      }
      throw CancellationError()
    }
  }

  func close() {
    closed = true
    waiting?.resume()
    waiting = nil
  }
}

/// The server does not answer.
struct Silence: Error {}

extension Checkpoint {
  static func at(_ number: Int) -> Checkpoint { Checkpoint(mechanism: "fake", value: [UInt8(number)]) }
}
