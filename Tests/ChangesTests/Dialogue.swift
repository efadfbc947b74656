import Changes
import Directory

/// A dialogue with a session: events in, changes and the last decision out.
struct Dialogue {
  var session: SyncreplSession
  private(set) var changes: [Change] = []
  private(set) var next = SyncreplSession.Next.goOn

  init(
    _ mode: SyncreplSession.Mode, vendor: ServerVendor = .openLDAP, cookie: String? = nil,
    _ events: SyncreplSession.Event...
  ) {
    session = SyncreplSession(mode: mode, vendor: vendor, from: cookie.map(checkpoint))
    for event in events { say(event) }
  }

  mutating func say(_ event: SyncreplSession.Event) { next = session.receive(event, into: &changes) }
}

func checkpoint(_ cookie: String) -> Checkpoint { Checkpoint(mechanism: "syncrepl", value: Array(cookie.utf8)) }

func id(_ number: UInt64) -> StableID { .uuid(0, number) }

func person(_ number: UInt64) -> Entry {
  Entry(id: id(number), dn: DistinguishedName("uid=\(number),dc=x"), attributes: Attributes(["uid": ["\(number)"]]))
}

func csn(_ second: Int, _ provider: Int = 1) -> String {
  let digits = String(second)
  return "202611212218" + (digits.count < 2 ? "0" : "") + digits + ".000000Z#000000#00\(provider)#000000"
}

/// A cookie as slapd sends it.
func cookie(_ csns: String...) -> [UInt8] { Array("rid=000,sid=001,csn=\(csns.joined(separator: ";"))".utf8) }

/// The same as it is kept.
func kept(_ csns: String...) -> Change { .checkpoint(checkpoint("rid=000,csn=\(csns.joined(separator: ";"))")) }

extension SyncreplSession.Event {
  static func add(_ number: UInt64, _ cookie: [UInt8]? = nil) -> Self {
    .entry(.add, id(number), cookie: cookie, person(number))
  }
  static func modify(_ number: UInt64, _ cookie: [UInt8]? = nil) -> Self {
    .entry(.modify, id(number), cookie: cookie, person(number))
  }
  static func delete(_ number: UInt64, _ cookie: [UInt8]? = nil) -> Self {
    .entry(.delete, id(number), cookie: cookie, nil)
  }
  static func success(_ cookie: [UInt8]? = nil, deletes: Bool) -> Self {
    .done(code: 0, diagnostic: "", SyncreplSession.End(cookie: cookie, refreshDeletes: deletes))
  }
}
