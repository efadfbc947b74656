public import Accounts
import AsyncAlgorithms
public import Changes
public import Directory
public import Ledger
public import Logging
import Synchronization

/// The loop directory → ledger, for one directory: serial, so that what is decided on a reading is written before the
/// next reading is looked at. It never waits for a target.
public actor Follower {
  enum Event: Sendable {
    case batch(Result<[Change], any Error>)
    case tend
    case refresh
  }

  let followed: Followed
  let source: any ChangeSource
  let ledger: any Ledger
  var log: Logger
  var refresh: Refresh?
  var reason = FollowReason()
  var pass = PassReport()
  /// The commit that is under way while the next entries are read.
  var committing: Task<StepReceipt, any Error>?
  var holdsOmissions: String?
  private let pokes = AsyncChannel<Event>()
  private let shared: Mutex<FollowStatus>

  /// A follower; nothing happens before ``run()`` or ``pass()``.
  public init(_ followed: Followed, source: any ChangeSource, ledger: any Ledger, log: Logger) {
    self.followed = followed
    self.source = source
    self.ledger = ledger
    self.log = log
    self.log[metadataKey: "directory"] = .string(followed.name)
    var status = FollowStatus(now: Wall.now)
    status.mechanism = source.mechanism.name
    shared = Mutex(status)
  }

  /// How it is doing.
  public nonisolated var status: FollowStatus { shared.withLock { $0 } }

  nonisolated func note(_ change: (inout FollowStatus) -> Void) { shared.withLock { change(&$0) } }

  nonisolated func enter(_ phase: FollowStatus.Phase, trouble: String? = nil) {
    note {
      if $0.phase != phase { $0.since = Wall.now }
      $0.phase = phase
      $0.trouble = trouble
    }
  }

  /// Follows until the task is cancelled: sessions, and pauses between them where one broke.
  public func run() async {
    var backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    while !Task.isCancelled {
      do {
        try await session(once: false) { backoff.reset() }
      } catch is CancellationError {
        break
      } catch {
        guard !Task.isCancelled else { break }
        let pause = backoff.next()
        log.warning("stream broken: \(error); trying again in \(pause)")
        enter(.waiting, trouble: "\(error)")
        try? await Task.sleep(for: pause)
      }
    }
    enter(.stopped)
  }

  /// Catches up once and meets the obligations that can be met. Throws if the directory cannot be read.
  public func pass(reason: Operation.Reason = .refresh, full: Bool = false) async throws -> PassReport {
    let began = ContinuousClock.now
    pass = PassReport()
    self.reason.requested = full ? reason : nil
    try await session(once: true) {}
    pass.duration = ContinuousClock.now - began
    return pass
  }

  /// Asks a running follower for a full refresh (`resync`).
  public nonisolated func requestRefresh() { Task { await pokes.send(.refresh) } }

  /// Whether someone still exists, read by id without the filter, for an irreversible step.
  public nonisolated func presence(of id: StableID) async -> Presence {
    do {
      let answer = try await source.lookUp([id])
      if let entry = answer.entries.first(where: { $0.id == id }) {
        guard case .branch = followed.scope.place(entry) else { return .exists }
        return .belongs
      }
      return answer.incomplete.map(Presence.unknown) ?? .absent
    } catch {
      return .unknown("\(error)")
    }
  }

  private func session(once: Bool, ended: () -> Void) async throws {
    enter(.connecting, trouble: status.trouble)
    let position = try await ledger.position(of: followed.number)
    let identity = try await source.identify()
    let otherServer = position.server.map { $0 != identity } ?? false
    let compared = position.readingChanged || otherServer || reason.requested != nil
    holdsOmissions = nil
    if position.loaded, position.readingChanged {
      holdsOmissions = "what is read changed (server, bind, base, filter or attributes)"
    } else if position.loaded, otherServer {
      holdsOmissions = "this is another server than before (\(identity))"
    }
    reason.current = reason.requested ?? .refresh
    reason.requested = nil
    if position.server != identity {
      var step = FollowStep(directory: followed.number, now: Wall.now, reason: .refresh)
      step.server = identity
      if !position.loaded || holdsOmissions == nil { _ = try await ledger.commit(step) }
    }
    serverToKeep = identity
    let stream = try await source.open(from: compared ? nil : position.checkpoint)
    do {
      try await pump(stream, once: once, ended: ended)
      await stream.close()
    } catch {
      await stream.close()
      refresh = nil
      _ = try? await committing?.value
      committing = nil
      throw error
    }
    if once { try await tendAll() }
  }

  var serverToKeep = ""

  private func pump(_ stream: any ChangeStream, once: Bool, ended: () -> Void) async throws {
    let events = AsyncChannel<Event>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask {
        while true {
          do {
            let batch = try await stream.next()
            await events.send(.batch(.success(batch)))
            if batch.isEmpty || Task.isCancelled { return }
          } catch {
            await events.send(.batch(.failure(error)))
            return
          }
        }
      }
      group.addTask { [pokes] in for await poke in pokes { await events.send(poke) } }
      group.addTask {
        while !Task.isCancelled {
          try await Task.sleep(for: .seconds(15))
          await events.send(.tend)
        }
      }
      for await event in events {
        switch event {
        case .batch(.success(let batch)):
          if batch.isEmpty { return }
          note { $0.lastContact = Wall.now }
          try await take(batch, ended: ended)
        case .batch(.failure(let error)): throw error
        case .tend: if refresh == nil { try await tend() }
        case .refresh:
          reason.requested = .resync
          return
        }
      }
      throw CancellationError()
    }
  }

  /// Applies a batch: the brackets of a refresh divide it.
  func take(_ changes: [Change], ended: () -> Void) async throws {
    var live: [Change] = []
    for change in changes {
      switch change {
      case .refreshBegan(let kind):
        if let committing {
          self.committing = nil
          report(try await committing.value)
        }
        let position = try await ledger.position(of: followed.number)
        refresh = Refresh(
          kind: kind, index: try await ledger.index(of: followed.number), loaded: position.loaded,
          awaiting: try await ledger.awaitingVerdict(in: followed.number))
        enter(.refreshing)
      case .refreshEnded(let completeness):
        try await end(completeness)
        ended()
      case .upsert(let entry) where refresh != nil:
        refresh?.take(followed.prepare(entry))
      case .present(let ids) where refresh != nil:
        refresh?.see(ids)
      case .departed(let id, let notice) where refresh != nil:
        refresh?.departed[id] = notice
      default: live.append(change)
      }
    }
    if let refresh {
      note {
        $0.read = refresh.read
        $0.written = refresh.written
      }
      if refresh.pending.count >= Self.flushSize { try await flush(last: false) }
    }
    if !live.isEmpty { try await apply(live) }
  }

  /// How many changed entries of a refresh are written in one transaction.
  static let flushSize = 2048
}

/// Why deliveries that come of the current session are made.
struct FollowReason {
  var current = Operation.Reason.refresh
  /// Set when a person asked for a comparison.
  var requested: Operation.Reason?
}
