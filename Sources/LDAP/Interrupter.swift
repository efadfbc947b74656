internal import CLDAP
internal import Synchronization

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Ends what blocks the connecting thread, from another thread: a poll(2) through an eventfd, libldap's reads and
/// writes by shutting the socket down. What nothing can interrupt (getaddrinfo(3), the talk with a KDC) is left to
/// come to its end on its own thread, and its result is thrown away.
final class Interrupter: Sendable {
  /// Why.
  enum Reason { case cancelled, timeout }

  private struct State {
    var socket: Int32 = -1
    var reason: Reason?
  }

  private let state = Mutex(State())
  /// Readable once interrupted.
  let event: Int32

  init() { event = cldap_eventfd() }

  deinit { if event >= 0 { close(event) } }

  /// Why it was interrupted, if it was.
  var reason: Reason? { state.withLock { $0.reason } }

  /// Interrupts; the first reason stays.
  func interrupt(_ reason: Reason) {
    state.withLock { state in
      guard state.reason == nil else { return }
      state.reason = reason
      if state.socket >= 0 { shutdown(state.socket, Int32(SHUT_RDWR)) }
    }
    var one: UInt64 = 1
    _ = write(event, &one, 8)
  }

  /// The socket to shut down; -1 before it is closed or when nothing may interrupt it any more.
  func guardSocket(_ socket: Int32) {
    state.withLock { state in
      state.socket = socket
      if state.reason != nil && socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }
}
