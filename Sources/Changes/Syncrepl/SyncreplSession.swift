public import Directory

/// One session of content synchronization (RFC 4533) without its sockets: events in, changes and a decision out.
///
/// A session begins with a refresh. What may be concluded from what a refresh did *not* mention depends on how it ends:
///
/// | Cookie sent | Refresh ends with | 389-DS | OpenLDAP | others |
/// |---|---|---|---|---|
/// | no | success | whole | whole | whole |
/// | yes | refreshDeletes, no present phase before | delta | delta | delta |
/// | yes | otherwise | delta | whole, if the cookie moved on | whole, if the cookie moved on and ids were listed |
/// | any | another result, a reference, a cut | partial | partial | partial |
///
/// 389-DS says refreshDeletes FALSE at the end of every refresh that has a cookie, also of an empty one; OpenLDAP's own
/// consumer believes a present phase only if the cookie is newer than its own (servers/slapd/syncrepl.c); and servers
/// have been seen to send a present phase without its list.
///
/// A cookie becomes a checkpoint at the end of a refresh that was not partial, and afterwards with each message that has
/// one. After a partial refresh nothing is a checkpoint until the next session: a later cookie would hide what this one
/// failed to tell.
public struct SyncreplSession: Sendable {
  /// The name of the mechanism in checkpoints.
  public static let mechanism = "syncrepl"

  private enum Phase: Equatable {
    case refreshing
    case persisting
    case over(Next)
  }

  private let mode: Mode
  private let vendor: ServerVendor
  private let sent: Checkpoint?
  private var phase = Phase.refreshing
  private var position: SyncreplPosition
  private var trouble: String?
  private var sawPresent = false
  private var presentPhaseEnded: (Bool, cookie: [UInt8]?) = (false, nil)

  /// A session from a checkpoint, or from nothing. A checkpoint of another mechanism counts as none.
  public init(mode: Mode, vendor: ServerVendor, from checkpoint: Checkpoint?) {
    self.mode = mode
    self.vendor = vendor
    sent = checkpoint.flatMap { $0.mechanism == Self.mechanism && !$0.value.isEmpty ? $0 : nil }
    position = SyncreplPosition(sent?.value)
  }

  /// The cookie for the Sync Request control.
  public var cookie: [UInt8]? { sent?.value }

  /// Whether the refresh is over and changes are followed as they happen.
  public var isPersisting: Bool { phase == .persisting }

  /// What comes before everything else.
  public var opening: Change { .refreshBegan(sent == nil ? .full : .delta) }

  /// Takes one event: appends what it says to `changes` and tells what to do next. After anything but ``Next/goOn`` the
  /// session is over and says the same again.
  public mutating func receive(_ event: Event, into changes: inout [Change]) -> Next {
    if case .over(let next) = phase { return next }
    switch event {
    case .entry(let state, let id, let cookie, let entry):
      switch state {
      case .add, .modify:
        guard let entry else { return fail("the server sent an entry without its content", into: &changes) }
        changes.append(.upsert(entry))
      case .present: append(present: [id], to: &changes)
      case .delete: changes.append(.departed(id, .deleteMessage))
      }
      follow(cookie, into: &changes)
    case .idSet(let cookie, let refreshDeletes, let ids):
      if refreshDeletes {
        changes += ids.map { .departed($0, .deleteMessage) }
      } else {
        append(present: ids, to: &changes)
      }
      follow(cookie, into: &changes)
    case .newCookie(let cookie): follow(cookie, into: &changes)
    case .refreshPresent(let cookie, let done):
      return endPhase(cookie, refreshDeletes: false, refreshDone: done, into: &changes)
    case .refreshDelete(let cookie, let done):
      return endPhase(cookie, refreshDeletes: true, refreshDone: done, into: &changes)
    case .reference:
      if phase == .refreshing {
        trouble = trouble ?? "the server referred to another one for a part of the content"
      }
    case .done(let code, let diagnostic, let end):
      return finish(code: code, diagnostic: diagnostic, end, into: &changes)
    case .disconnected(let reason), .malformed(let reason): return fail(reason, into: &changes)
    }
    return .goOn
  }
}

extension SyncreplSession {
  private mutating func append(present ids: [StableID], to changes: inout [Change]) {
    sawPresent = true
    guard !ids.isEmpty else { return }
    if case .present(let before) = changes.last, before.count < 1_000 {
      changes[changes.count - 1] = .present(before + ids)
    } else {
      changes.append(.present(ids))
    }
  }

  /// A cookie beside a change or on its own: a checkpoint once the refresh is over.
  private mutating func follow(_ cookie: [UInt8]?, into changes: inout [Change]) {
    guard phase == .persisting, trouble == nil, let cookie, let next = position.advance(to: cookie) else { return }
    changes.append(.checkpoint(Checkpoint(mechanism: Self.mechanism, value: next)))
  }

  private mutating func endPhase(
    _ cookie: [UInt8]?, refreshDeletes: Bool, refreshDone: Bool, into changes: inout [Change]
  ) -> Next {
    guard phase == .refreshing else {
      follow(cookie, into: &changes)
      return .goOn
    }
    // With refreshOnly the end is Sync Done's to tell, whatever the flag says.
    if refreshDone, mode == .refreshAndPersist {
      return endRefresh(End(cookie: cookie, refreshDeletes: refreshDeletes), into: &changes)
    }
    if !refreshDeletes { presentPhaseEnded = (true, cookie) }
    return .goOn
  }

  private mutating func finish(code: Int, diagnostic: String, _ end: End?, into changes: inout [Change]) -> Next {
    guard code == 0 else {
      let reason = ResultName.describe(code: code, diagnostic: diagnostic)
      if sent != nil || phase == .persisting, Self.isCookieRefused(code: code, diagnostic: diagnostic) {
        return fail("the server cannot go on from the cookie: \(reason)", Next.restartWithoutCookie, into: &changes)
      }
      return fail("the server ended the search: \(reason)", into: &changes)
    }
    guard phase == .refreshing else { return fail("the server ended the search that was to persist", into: &changes) }
    guard let end else {
      return fail("the server ended the search without saying that the refresh is complete", into: &changes)
    }
    guard mode == .refreshOnly else {
      return fail("the server ended the search, which was to persist, after the refresh", into: &changes)
    }
    return endRefresh(end, into: &changes)
  }

  /// Whether the result says that the cookie is of no use: e-syncRefreshRequired (RFC 4533, section 3.8), a server that
  /// is older than the cookie ("consumer state is newer than provider!"), a cookie that is not understood.
  private static func isCookieRefused(code: Int, diagnostic: String) -> Bool {
    let words = diagnostic.lowercased()
    return switch code {
    case 4096: true
    case 53: words.contains("newer")
    case 2: words.contains("cookie")
    default: false
    }
  }

  private mutating func endRefresh(_ end: End, into changes: inout [Change]) -> Next {
    if sent != nil, let cookie = end.cookie, SyncreplPosition.isEmpty(cookie) {
      return fail("the server did not know the cookie and gave none back", Next.restartWithoutCookie, into: &changes)
    }
    var completeness = Completeness.delta
    if let trouble {
      completeness = .partial(trouble)
    } else if sent == nil || omissionCounts(end) {
      completeness = .whole
    }
    changes.append(.refreshEnded(completeness))
    phase = .persisting
    if trouble == nil, let cookie = end.cookie,
      let value = completeness == .whole ? position.replace(by: cookie) : position.advance(to: cookie)
    {
      changes.append(.checkpoint(Checkpoint(mechanism: Self.mechanism, value: value)))
    }
    guard mode == .refreshOnly else { return .goOn }
    phase = .over(.ended)
    return .ended
  }

  private func omissionCounts(_ end: End) -> Bool {
    guard !end.refreshDeletes || presentPhaseEnded.0 else { return false }
    let hasMovedOn = (end.cookie ?? presentPhaseEnded.cookie).map(position.isPassed(by:)) ?? false
    return switch vendor {
    case .netscape389: false
    case .openLDAP: hasMovedOn
    default: hasMovedOn && sawPresent
    }
  }

  private mutating func fail(
    _ reason: String, _ next: (String) -> Next = Next.retry, into changes: inout [Change]
  ) -> Next {
    if phase == .refreshing { changes.append(.refreshEnded(.partial(trouble ?? reason))) }
    let next = next(reason)
    phase = .over(next)
    return next
  }
}
