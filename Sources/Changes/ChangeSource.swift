public import Directory

/// A mechanism by which a directory tells its changes. One session at a time is open; questions go over connections of
/// their own, so that they never wait for the stream.
public protocol ChangeSource: Sendable {
  /// Opens a session from a checkpoint (nil: from nothing). The stream begins with `refreshBegan`.
  func open(from checkpoint: Checkpoint?) async throws -> any ChangeStream

  /// Who the server is, as far as it matters to what was read from it before: vendor and the identity of its naming
  /// context. A stream from another one is compared, not continued.
  func identify() async throws -> String

  /// Reads entries by id below the naming context, without the branches' filters: what exists, wherever it is.
  func lookUp(_ ids: [StableID]) async throws -> LookUp

  /// The identifiers of everything that matches the stream's filter below a name (nil: the base), on a fresh connection.
  func census(below: DistinguishedName?) async throws -> Census

  /// What this mechanism is, and why it was chosen.
  var mechanism: MechanismDescription { get }
}

/// One session with a directory.
public protocol ChangeStream: Sendable {
  /// The next changes: waits for at least one. An empty batch is the end of a session that was opened for one pass.
  /// Throws when the session broke; what came before is true, and a new session goes on from the last checkpoint.
  func next() async throws -> [Change]

  /// Ends the session.
  func close() async
}

/// What was found under a list of ids.
public struct LookUp: Sendable {
  /// The entries that exist.
  public var entries: [Entry]
  /// Why the answer may have gaps (a limit, a referral, a refusal); nil if an id without an entry does not exist.
  public var incomplete: String?

  /// An answer.
  public init(entries: [Entry], incomplete: String? = nil) {
    self.entries = entries
    self.incomplete = incomplete
  }
}

/// Who is there.
public struct Census: Sendable {
  /// The identifiers.
  public var ids: Set<StableID>
  /// Why the answer may have gaps; nil if it is whole.
  public var incomplete: String?

  /// An answer.
  public init(ids: Set<StableID>, incomplete: String? = nil) {
    self.ids = ids
    self.incomplete = incomplete
  }
}

/// What a mechanism is, for the log and `check`.
public struct MechanismDescription: Sendable, Equatable {
  /// Its name in the file (`syncrepl` …).
  public var name: String
  /// Why it was chosen.
  public var reason: String
  /// The server in words, once known: product, TLS, and as whom it was bound.
  public var server: String
  /// What an operator should know of the connection, such as that it goes on without TLS.
  public var warnings: [String]

  /// A description.
  public init(name: String, reason: String, server: String, warnings: [String] = []) {
    self.warnings = warnings
    self.name = name
    self.reason = reason
    self.server = server
  }
}
