import Changes
import Directory
import LDAP
import Logging
import TestSupport

/// The simplest follower: keeps what a stream tells and believes what the completeness of a refresh allows.
struct Mirror {
  private(set) var entries: [StableID: Entry] = [:]
  private(set) var checkpoint: Checkpoint?
  private(set) var ends: [Completeness] = []
  private(set) var began: [RefreshKind] = []
  private(set) var isRefreshing = false
  private var mentioned: Set<StableID> = []
  /// Ids that were called present and are not known: entries that moved in with their container.
  private(set) var strangers: Set<StableID> = []

  mutating func take(_ changes: [Change]) {
    for change in changes {
      switch change {
      case .refreshBegan(let kind):
        began.append(kind)
        (isRefreshing, mentioned) = (true, [])
      case .upsert(let entry):
        entries[entry.id] = entry
        mentioned.insert(entry.id)
      case .patch: break
      case .departed(let id, _): entries[id] = nil
      case .present(let ids):
        mentioned.formUnion(ids)
        strangers.formUnion(ids.filter { entries[$0] == nil })
      case .refreshEnded(let completeness):
        isRefreshing = false
        ends.append(completeness)
        if completeness == .whole { entries = entries.filter { mentioned.contains($0.key) } }
      case .checkpoint(let checkpoint): self.checkpoint = checkpoint
      }
    }
  }

  /// The names, sorted.
  var names: [String] { entries.values.map(\.dn.string).sorted() }

  /// Whether somebody with this uid is there.
  func has(_ uid: String) -> Bool { self[uid] != nil }

  subscript(uid: String) -> Entry? { entries.values.first { $0.attributes.texts("uid").contains(uid) } }
}

/// A stream and what was read from it.
final class Reading {
  let stream: any ChangeStream
  var mirror: Mirror

  init(_ stream: any ChangeStream, _ mirror: Mirror = Mirror()) { (self.stream, self.mirror) = (stream, mirror) }

  /// Reads until the condition holds; throws after twenty seconds.
  func until(_ condition: @escaping (Mirror) -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !condition(mirror) {
      let stream = stream
      let batch = try await before(deadline) { try await stream.next() }
      mirror.take(batch)
      if batch.isEmpty { return }
    }
  }

  /// Reads to the end of a pass, or to the error that ends it.
  func toEnd() async -> (any Error)? {
    do {
      try await until { _ in false }
      return nil
    } catch {
      return error
    }
  }
}

struct TooLate: Error {}

func before<R: Sendable>(
  _ deadline: ContinuousClock.Instant, _ body: @escaping @Sendable () async throws -> R
) async throws -> R {
  try await withThrowingTaskGroup(of: R.self) { group in
    defer { group.cancelAll() }
    group.addTask(operation: body)
    group.addTask {
      try await Task.sleep(until: deadline, clock: .continuous)
      throw TooLate()
    }
    guard let first = try await group.next() else { throw TooLate() }
    return first
  }
}

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

func settings(
  _ url: String, base: String = Slapd.suffix, users: Filter = .objectClass("inetOrgPerson"),
  bind: Bind = .simple(dn: Slapd.admin, password: Secret(Slapd.adminPassword))
) -> StreamSettings {
  StreamSettings(
    connection: ConnectionSettings(urls: [url], tls: .insecure, bind: bind), base: DistinguishedName(base),
    users: users, attributes: ["uid", "mail", "cn", "jpegPhoto", "description", "userPassword"])
}

func source(_ settings: StreamSettings, _ mode: SyncreplSession.Mode = .refreshAndPersist) -> SyncreplSource {
  SyncreplSource(settings, mode: mode, reason: "the test says so", log: quiet)
}

/// One pass into a mirror.
func pass(_ settings: StreamSettings, _ mirror: Mirror = Mirror()) async throws -> Mirror {
  let reading = Reading(try await source(settings, .refreshOnly).open(from: mirror.checkpoint), mirror)
  let error = await reading.toEnd()
  await reading.stream.close()
  if let error { throw error }
  return reading.mirror
}
