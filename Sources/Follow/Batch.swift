import Accounts
import Directory
import Ledger

/// What a batch of a live stream says about each entry in the end: ten changes of one entry are one.
struct Batch {
  /// Entries as they are now, in the order in which they were last mentioned.
  private(set) var upserts: [Entry] = []
  /// Entries that the server says are gone.
  private(set) var departed: [StableID: DepartureNotice] = [:]
  /// Attributes to be merged into the known entry, one after the other (mechanisms that tell only what changed).
  private(set) var patches: [StableID: [Attributes]] = [:]
  /// The newest checkpoint.
  private(set) var checkpoint: Checkpoint?
  private var places: [StableID: Int] = [:]

  init(_ changes: some Sequence<Change>) {
    for change in changes {
      switch change {
      case .upsert(let entry):
        departed[entry.id] = nil
        patches[entry.id] = nil
        if let place = places[entry.id] {
          upserts[place] = entry
        } else {
          places[entry.id] = upserts.count
          upserts.append(entry)
        }
      case .departed(let id, let notice):
        departed[id] = notice
        patches[id] = nil
        if let place = places.removeValue(forKey: id) { remove(at: place) }
      case .patch(let id, let attributes):
        if let place = places[id] {
          upserts[place].attributes = upserts[place].attributes.merging(attributes)
        } else {
          patches[id, default: []].append(attributes)
        }
      case .checkpoint(let newest): checkpoint = newest
      case .present, .refreshBegan, .refreshEnded: break
      }
    }
  }

  private mutating func remove(at place: Int) {
    upserts.remove(at: place)
    places = Dictionary(uniqueKeysWithValues: upserts.enumerated().map { ($0.element.id, $0.offset) })
  }

  /// Every id that is mentioned.
  var ids: [StableID] { upserts.map(\.id) + Array(departed.keys) + Array(patches.keys) }
}

/// What a look by id said about those that a server calls gone.
struct Confirmation {
  /// Still there and in scope: the message was overtaken.
  var present: [Entry] = []
  /// Gone, with evidence.
  var departures: [Departure] = []
  /// Could not be asked.
  var unanswered: [StableID] = []

  /// Judges known entries by what was found under their ids. A tombstone needs no look.
  init(_ known: [KnownEntry], notices: [StableID: DepartureNotice], found: [Entry]?, scope: Scope, absent: Evidence) {
    let found = found.map { Dictionary($0.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }) }
    for entry in known {
      if notices[entry.entry.id] == .tombstone {
        departures.append(Departure(number: entry.number, evidence: .deleted))
        continue
      }
      guard let found else {
        unanswered.append(entry.entry.id)
        continue
      }
      guard let now = found[entry.entry.id] else {
        departures.append(Departure(number: entry.number, evidence: absent))
        continue
      }
      switch scope.place(now) {
      case .branch: present.append(now)
      case .outside(let evidence): departures.append(Departure(number: entry.number, evidence: evidence))
      }
    }
  }
}
