import Foundation
import TestSupport

/// The receiver of a scene and what it made of what it heard.
final class Hearing: Sendable {
  /// What becomes of a request, and whether the receiver takes its event in before that.
  struct Verdict: Sendable {
    var behaviour: Receiver.Behaviour
    var isApplied: Bool

    static let taken = Verdict(behaviour: .status(204), isApplied: true)
    /// The event is taken in, and nobody hears of that.
    static let answerLost = Verdict(behaviour: .close, isApplied: true)

    static func refused(_ behaviour: Receiver.Behaviour) -> Verdict {
      Verdict(behaviour: behaviour, isApplied: false)
    }

    static func refused(_ status: Int) -> Verdict { .refused(.status(status)) }
  }

  let receiver: Receiver
  private let refused = Shared<Set<Int>>([])

  init(port: UInt16 = 0) throws { receiver = try Receiver(port: port) }

  /// From now on requests are treated so.
  func answer(_ judge: @escaping @Sendable (Event) -> Verdict) {
    receiver.answer { [refused] request in
      let verdict = judge(Event(request))
      if !verdict.isApplied { refused.change { _ = $0.insert(request.number) } }
      return verdict.behaviour
    }
  }

  /// From now on everything is taken in.
  func takeAll() { answer { _ in .taken } }

  /// All events so far, in the order in which they came.
  var events: [Event] { receiver.requests.map(Event.init) }

  /// The receiver's state: a fold of the events that were taken in.
  var state: Told {
    let refused = refused.value
    return Told(events.filter { !refused.contains($0.number) })
  }

  /// Waits until an event is heard that fulfils the predicate.
  @discardableResult
  func event(
    from first: Int = 0, within limit: Duration = .seconds(30), where isWanted: @escaping @Sendable (Event) -> Bool
  ) async throws -> Event {
    // The predicate is asked at every request: each is looked at once.
    let looked = Shared(first)
    let found = Shared<Event?>(nil)
    _ = try await receiver.wait(within: limit) { requests in
      let fresh = looked.change { looked in
        defer { looked = requests.count }
        return requests.dropFirst(looked)
      }
      guard let event = fresh.lazy.map(Event.init).first(where: isWanted) else { return false }
      found.change { $0 = event }
      return true
    }
    guard let event = found.value else { throw Child.Missed("no such event") }
    return event
  }
}

/// One event as a receiver reads it.
struct Event: Sendable {
  let number: Int
  let at: ContinuousClock.Instant
  let id: String
  let type: String
  let person: String
  let revision: Int
  let account: JSON
  let data: JSON
  let body: [UInt8]
  /// The event is addressed to nobody: `rollcall check` asked whether anybody is there.
  var isPing: Bool { type == "rollcall.ping" }

  init(_ request: Receiver.Request) {
    let json = JSON(request.json ?? [:])
    number = request.number
    at = request.at
    id = json["id"].text ?? ""
    type = json["type"].text ?? ""
    data = json["data"]
    person = data["id"].text ?? ""
    revision = data["revision"].number ?? 0
    account = data["account"]
    body = request.body
    if request.header("webhook-id") != id { headerDiffers = true }
  }

  private(set) var headerDiffers = false
  var login: String { account["userName"].text ?? "" }
  var evidence: String? { data["evidence"].text }
  var isDelete: Bool { type == "account.deleted" }
}

/// A receiver's state, by the three rules of contrib/docs/webhooks.md: the last revision of every id is kept, and what
/// is not greater is ignored.
struct Told: Sendable {
  struct Person: Sendable {
    var revision: Int
    var isGone: Bool
    var isDisabled: Bool
    var account: JSON
  }

  private(set) var people: [String: Person] = [:]
  /// What no sender may do.
  private(set) var offences: [String] = []
  /// Who was called deleted at some time.
  private(set) var deleted: Set<String> = []

  init(_ events: [Event]) {
    var contents: [String: [UInt8]] = [:]
    for event in events where !event.isPing {
      if event.headerDiffers { offences.append("webhook-id is not the id of \(event.id)") }
      if let before = contents[event.id] {
        if before != event.body { offences.append("two contents under the id \(event.id)") }
      } else {
        contents[event.id] = event.body
        if let last = people[event.person]?.revision, event.revision <= last {
          offences.append("revision \(event.revision) after \(last) of \(event.login) (\(event.type))")
        }
      }
      if event.isDelete { deleted.insert(event.person) }
      guard event.revision > people[event.person]?.revision ?? 0 else { continue }
      people[event.person] = Person(
        revision: event.revision, isGone: event.isDelete, isDisabled: event.type == "account.disabled",
        account: event.account)
    }
  }

  /// Who is there, by id.
  var present: [String: Person] { people.filter { !$0.value.isGone } }

  /// The person who is there under a login.
  func person(_ login: String) -> Person? { present.values.first { $0.account["userName"].text == login } }
}
