/// What a directory says, in the order in which it says it, whatever the mechanism (RFC 4533, DirSync, persistent
/// search, a sweep). A source delivers changes in batches; a ``Change/checkpoint(_:)`` covers all that came before it.
public enum Change: Sendable, Equatable {
  /// A catch-up begins.
  case refreshBegan(RefreshKind)
  /// The entry as it is now.
  case upsert(Entry)
  /// The attributes that changed; an attribute without values is gone.
  case patch(StableID, Attributes)
  /// The server says that the entry is no longer part of the content.
  case departed(StableID, DepartureNotice)
  /// These entries are part of the content, unchanged.
  case present([StableID])
  /// The catch-up is over.
  case refreshEnded(Completeness)
  /// Everything up to here has been told; the stream can go on from this point.
  case checkpoint(Checkpoint)
}

/// How much a catch-up tells.
public enum RefreshKind: Sendable, Equatable {
  /// Everything, from nothing.
  case full
  /// What happened since a checkpoint, or everything if the server prefers.
  case delta
}

/// On what ground a server says that an entry is gone.
public enum DepartureNotice: Sendable, Equatable {
  /// A Sync State of `delete`, or a UUID in a Sync Id Set with refreshDeletes: the entry was deleted *or* left filter
  /// or scope; the message does not say which.
  case deleteMessage
  /// A tombstone (`isDeleted`, nsTombstone): the entry was deleted.
  case tombstone
}

/// What the end of a catch-up allows to conclude.
public enum Completeness: Sendable, Equatable {
  /// All that is there was mentioned: what was not mentioned is a candidate for departure.
  case whole
  /// Only differences were told: silence about an entry says nothing.
  case delta
  /// The session broke off or was limited; what came is true, what did not come says nothing.
  case partial(String)
}

/// Where a stream can go on, in the mechanism's own form. Opaque to all but the mechanism.
public struct Checkpoint: Sendable, Equatable {
  /// The mechanism that can read it (`syncrepl`, `dirsync` …).
  public var mechanism: String
  /// The cookie or watermark.
  public var value: [UInt8]

  /// A checkpoint of a mechanism.
  public init(mechanism: String, value: [UInt8]) {
    self.mechanism = mechanism
    self.value = value
  }
}

/// Why an entry counts as departed: what was found out, not what was merely not said.
public enum Evidence: String, Sendable, Codable, CaseIterable {
  /// The server said so and a read by id confirmed that it no longer exists, or there is a tombstone.
  case deleted
  /// It exists, outside the base of its branch.
  case leftScope
  /// It exists, and the filter no longer matches.
  case leftFilter
  /// A whole refresh did not mention it, and a second search on a fresh connection did not find it.
  case omitted
  /// It exists and matches, but the target is not, or no longer, for it.
  case notEntitled
}

/// Whether someone still exists, as far as a read by id could tell: asked before a step that cannot be undone.
public enum Presence: Sendable, Equatable {
  /// Exists and belongs to its branch.
  case belongs
  /// Exists, but no longer belongs.
  case exists
  /// Does not exist.
  case absent
  /// Could not be found out, and why.
  case unknown(String)
}
