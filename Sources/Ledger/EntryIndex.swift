internal import Crypto
public import Directory

/// Every live entry of a directory for the length of one refresh: 41 octets an entry, so that a refresh that changes
/// nothing reads the ledger once and writes nothing but its end.
public struct EntryIndex: Sendable {
  /// One entry.
  public struct Slot: Sendable {
    public var high: UInt64
    public var low: UInt64
    public var digest: ContentDigest
    public var number: EntryNumber

    /// A slot for an id.
    public init(id: StableID, digest: ContentDigest, number: EntryNumber) {
      (high, low) = EntryIndex.halves(id)
      self.digest = digest
      self.number = number
    }
  }

  private var slots: [Slot]
  private var seen: [Bool]
  /// Ids that came in this refresh and were not known before.
  private var newcomers: Set<StableID> = []
  /// How many known entries were mentioned.
  public private(set) var seenCount = 0

  /// An index over slots in any order.
  public init(_ unordered: [Slot]) {
    slots = unordered
    slots.sort { ($0.high, $0.low) < ($1.high, $1.low) }
    seen = Array(repeating: false, count: slots.count)
  }

  /// How many entries were known.
  public var count: Int { slots.count }

  /// What the ledger has under this id.
  public func lookup(_ id: StableID) -> (position: Int, slot: Slot)? {
    let (high, low) = Self.halves(id)
    var (from, to) = (0, slots.count)
    while from < to {
      let middle = (from + to) / 2
      let slot = slots[middle]
      if (slot.high, slot.low) < (high, low) { from = middle + 1 } else { to = middle }
    }
    guard from < slots.count, slots[from].high == high, slots[from].low == low else { return nil }
    return (from, slots[from])
  }

  /// Notes that an entry was mentioned.
  public mutating func see(at position: Int) {
    if !seen[position] { seenCount += 1 }
    seen[position] = true
  }

  /// True if the entry at this position was mentioned.
  public func wasSeen(at position: Int) -> Bool { seen[position] }

  /// Notes the digest under which an entry is now kept.
  public mutating func update(at position: Int, digest: ContentDigest) { slots[position].digest = digest }

  /// Notes an id that is new. False if it came before.
  public mutating func insertNewcomer(_ id: StableID) -> Bool { newcomers.insert(id).inserted }

  /// The numbers of all known entries that were not mentioned.
  public var unseen: [EntryNumber] { slots.indices.compactMap { seen[$0] ? nil : slots[$0].number } }

  private static func halves(_ id: StableID) -> (UInt64, UInt64) {
    if case .uuid(let high, let low) = id { return (high, low) }
    let digest = Array(SHA256.hash(data: id.stored))
    guard case .uuid(let high, let low)? = StableID(octets: digest.prefix(16)) else { return (0, 0) }
    return (high, low)
  }
}
