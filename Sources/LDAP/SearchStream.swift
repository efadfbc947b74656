internal import Synchronization

/// The messages of one search, pulled. While nobody pulls, the socket is not read, and the server waits: back-pressure
/// is TCP's.
public final class SearchStream: Sendable {
  private let connection: LDAPConnection
  private let id: Int32
  private let silence: Duration?
  private let isOver = Mutex(false)

  init(_ connection: LDAPConnection, id: Int32, silence: Duration?) {
    self.connection = connection
    self.id = id
    self.silence = silence
  }

  deinit {
    // A stream dropped before its end must not leave the server sending.
    if !isOver.withLock({ $0 }) { Task { [connection, id] in await connection.abandon(id) } }
  }

  /// Waits for at least one message and returns it with those that are there already, at most `max`, and about a
  /// mebibyte at most: never an empty list. The message ``SearchMessage/done(_:)`` is the last of the last list; a call
  /// after that, or after an error, throws ``LDAPError/Code/closed``. To be called by one task at a time.
  ///
  /// Throws ``LDAPError/Code/cancelled`` at once when the task is cancelled; the search is then abandoned.
  public func next(max: Int = 512) async throws(LDAPError) -> [SearchMessage] {
    if isOver.withLock({ $0 }) {
      throw LDAPError(.closed, operation: "search", subject: connection.session.url, cause: "this search is over")
    }
    do {
      let batch = try await connection.next(id, max: Swift.max(1, max), silence: silence)
      if case .done = batch.last { isOver.withLock { $0 = true } }
      return batch
    } catch {
      isOver.withLock { $0 = true }
      throw error
    }
  }
}
