import Accounts
import Directory
import Ledger

/// A refresh under way: what is known, what was mentioned, and what waits for the end and the verdict (law 6).
struct Refresh {
  let kind: RefreshKind
  var index: EntryIndex
  /// True if nothing was known at the start: then there is nothing to compare with.
  let isFirst: Bool
  /// Entries to be compared with what is kept, then written.
  var pending: [Prepared] = []
  /// Those that the server says are gone.
  var departed: [StableID: DepartureNotice] = [:]
  /// Present without having been told, and unknown here: to be read by id.
  var unknown: [StableID] = []
  /// Newcomers that were told more than once: by now they may be kept.
  var repeated: Set<StableID> = []
  /// How many entries lost a value of an attribute, by attribute.
  var vanished: [String: Int] = [:]
  /// Newcomers under a login whose holder was not seen when they came, now or in a refresh that was cut.
  var awaiting: [(id: StableID, holder: EntryNumber)]
  /// How many users were known, newcomers of a refresh that was cut apart.
  let users: Int
  /// Entries mentioned.
  var read = 0
  var written = 0

  init(
    kind: RefreshKind, index: EntryIndex, loaded: Bool, awaiting: [(id: StableID, holder: EntryNumber)] = []
  ) {
    self.kind = kind
    self.index = index
    self.awaiting = awaiting
    users = index.users - awaiting.count
    isFirst = index.count == 0 && !loaded
  }

  /// Takes an entry; it is written only if it is not as it is kept.
  mutating func take(_ prepared: Prepared) {
    read += 1
    departed[prepared.entry.id] = nil
    if let (position, slot) = index.lookup(prepared.entry.id) {
      index.see(at: position)
      guard slot.digest != prepared.digest else { return }
      index.update(at: position, digest: prepared.digest)
      pending.append(prepared)
    } else {
      if !index.insertNewcomer(prepared.entry.id) { repeated.insert(prepared.entry.id) }
      pending.append(prepared)
    }
  }

  /// Notes entries that are there, unchanged.
  mutating func see(_ ids: [StableID]) {
    read += ids.count
    for id in ids {
      if let (position, _) = index.lookup(id) {
        index.see(at: position)
      } else if !index.isNewcomer(id) {
        unknown.append(id)
      }
    }
  }

  /// Why the entries that lost an attribute are to be held; empty if none are.
  func vanishedVerdicts(_ policy: GuardPolicy) -> [(attribute: String, reason: String)] {
    vanished.sorted { $0.key < $1.key }.compactMap { attribute, losers in
      policy.verdict(attribute: attribute, losers: losers, of: index.users).map { (attribute, $0) }
    }
  }

  /// Whether those who are gone and those who came are the same people under new ids: most of a directory comes back
  /// under known logins.
  static func reidentification(pairs: Int, users: Int) -> String? {
    guard pairs > 2, pairs * 2 >= users else { return nil }
    return "\(pairs) of \(users) people came back under new ids: the directory was loaded again"
  }
}
