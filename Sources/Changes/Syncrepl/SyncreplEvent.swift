public import Directory

extension SyncreplSession {
  /// How a session goes on once everything has been told (RFC 4533, section 3.1).
  public enum Mode: Sendable, Equatable {
    case refreshOnly
    case refreshAndPersist
  }

  /// What the server says of an entry (Sync State, RFC 4533, section 2.2).
  public enum EntryState: Sendable, Equatable {
    case present
    case add
    case modify
    case delete
  }

  /// The Sync Done control (RFC 4533, section 2.4).
  public struct End: Sendable, Equatable {
    /// Where the server has got to; nil if the client's cookie still says it.
    public var cookie: [UInt8]?
    /// Whether departures were told one by one, rather than by not being mentioned.
    public var refreshDeletes: Bool

    /// The control's two parts.
    public init(cookie: [UInt8]? = nil, refreshDeletes: Bool = false) {
      self.cookie = cookie
      self.refreshDeletes = refreshDeletes
    }
  }

  /// What comes from the server, or happens to the connection.
  public enum Event: Sendable, Equatable {
    /// An entry with its Sync State; the entry itself is needed with `add` and `modify` only.
    case entry(EntryState, StableID, cookie: [UInt8]?, Entry?)
    /// A continuation reference: part of the content is elsewhere.
    case reference
    /// Sync Info (RFC 4533, section 2.5).
    case newCookie([UInt8])
    case refreshDelete(cookie: [UInt8]?, done: Bool)
    case refreshPresent(cookie: [UInt8]?, done: Bool)
    case idSet(cookie: [UInt8]?, refreshDeletes: Bool, [StableID])
    /// The search ended with this result code; the control is there if the server speaks the protocol.
    case done(code: Int, diagnostic: String, End?)
    /// The connection ended, or was given up.
    case disconnected(String)
    /// A message could not be understood.
    case malformed(String)
  }

  /// What to do once the changes of an event have been passed on.
  public enum Next: Sendable, Equatable {
    /// Read on.
    case goOn
    /// The pass is over (`refreshOnly`).
    case ended
    /// Begin again with no cookie: the server cannot go on from the one it was sent.
    case restartWithoutCookie(String)
    /// Begin again from the last checkpoint, after a while.
    case retry(String)
  }
}
