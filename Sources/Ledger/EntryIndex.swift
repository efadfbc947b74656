public import Directory

/// Every live entry of a directory for the length of one refresh, some 50 octets each, so that a refresh that changes
/// nothing reads the ledger once and writes nothing but its end.
public struct EntryIndex: Sendable {
  /// One entry.
  public struct Slot: Sendable {
    public var id: StableID
    public var isUser: Bool
    public var digest: ContentDigest
    public var number: EntryNumber

    /// A slot.
    public init(id: StableID, isUser: Bool, digest: ContentDigest, number: EntryNumber) {
      self.id = id
      self.isUser = isUser
      self.digest = digest
      self.number = number
    }
  }

  private var slots: [Slot]
  private var seen: [Bool]
  /// Ids that came in this refresh and were not known before.
  private var newcomers: Set<StableID> = []
  /// How many users were known.
  public let users: Int

  /// An index over slots in any order.
  public init(_ unordered: [Slot]) {
    slots = unordered
    slots.sort { $0.id.precedes($1.id) }
    seen = Array(repeating: false, count: slots.count)
    users = slots.reduce(0) { $0 + ($1.isUser ? 1 : 0) }
  }

  /// How many entries were known.
  public var count: Int { slots.count }

  /// What the ledger has under this id, and its place in the index.
  public func lookup(_ id: StableID) -> (position: Int, slot: Slot)? {
    var (from, to) = (0, slots.count)
    while from < to {
      let middle = (from + to) / 2
      if slots[middle].id.precedes(id) { from = middle + 1 } else { to = middle }
    }
    guard from < slots.count, slots[from].id == id else { return nil }
    return (from, slots[from])
  }

  /// Notes that an entry was mentioned.
  public mutating func see(at position: Int) { seen[position] = true }

  /// Notes the digest under which an entry is kept from now on.
  public mutating func update(at position: Int, digest: ContentDigest) { slots[position].digest = digest }

  /// Notes an id that is new. False if it came before.
  public mutating func insertNewcomer(_ id: StableID) -> Bool { newcomers.insert(id).inserted }

  /// True if this id came as new in this refresh.
  public func isNewcomer(_ id: StableID) -> Bool { newcomers.contains(id) }

  /// All known entries that were not mentioned.
  public var unseen: [Slot] { slots.indices.compactMap { seen[$0] ? nil : slots[$0] } }
}

extension StableID {
  /// An order for searching; it means nothing else.
  fileprivate func precedes(_ other: StableID) -> Bool {
    switch (self, other) {
    case (.uuid(let high, let low), .uuid(let otherHigh, let otherLow)): (high, low) < (otherHigh, otherLow)
    case (.uuid, .key): true
    case (.key, .uuid): false
    case (.key(let text), .key(let otherText)): text < otherText
    }
  }
}
