import Directory
import LDAP

extension SyncreplSession.Event {
  /// What a message of the search says.
  init(_ message: SearchMessage) {
    do throws(LDAPError) {
      switch message {
      case .entry(let entry):
        guard let state = try SyncStateValue.find(in: entry.controls) else {
          self = .malformed("an entry came without a Sync State control: the server does not synchronize content here")
          return
        }
        switch state.state {
        case .present: self = .entry(.present, state.id, cookie: state.cookie, nil)
        case .delete: self = .entry(.delete, state.id, cookie: state.cookie, nil)
        case .add: self = .entry(.add, state.id, cookie: state.cookie, Entry(entry, state.id))
        case .modify: self = .entry(.modify, state.id, cookie: state.cookie, Entry(entry, state.id))
        }
      case .reference: self = .reference
      case .intermediate(let oid, let value, _):
        guard oid == SyncInfoValue.oid else {
          self = .malformed("an intermediate response of an unknown kind came (\(oid ?? "without a name"))")
          return
        }
        switch try SyncInfoValue(decoding: value ?? []) {
        case .newCookie(let cookie): self = .newCookie(cookie)
        case .refreshDelete(let cookie, let done): self = .refreshDelete(cookie: cookie, done: done)
        case .refreshPresent(let cookie, let done): self = .refreshPresent(cookie: cookie, done: done)
        case .syncIdSet(let cookie, let refreshDeletes, let ids):
          self = .idSet(cookie: cookie, refreshDeletes: refreshDeletes, ids)
        }
      case .done(let result):
        let end = try SyncDoneValue.find(in: result.controls)
        self = .done(
          code: result.code, diagnostic: result.diagnostic,
          end.map { SyncreplSession.End(cookie: $0.cookie, refreshDeletes: $0.refreshDeletes) })
      }
    } catch {
      self = .malformed(error.cause)
    }
  }
}

extension Entry {
  fileprivate init(_ entry: SearchEntry, _ id: StableID) {
    self.init(id: id, dn: DistinguishedName(entry.dn), attributes: entry.attributes)
  }
}
