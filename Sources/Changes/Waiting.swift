/// Waits for a task of its own life, no longer than `limit`, and returns at once when the waiting task is cancelled. A
/// task group would not: it waits for its children, and connecting to a silent server takes its time to be cancelled.
func value<R: Sendable>(of task: Task<R, any Error>, within limit: Duration? = nil) async throws -> R {
  let (results, continuation) = AsyncThrowingStream<R, any Error>.makeStream()
  Task {
    do {
      continuation.yield(try await task.value)
    } catch {
      continuation.finish(throwing: error)
    }
  }
  let timer = limit.map { limit in
    Task {
      try await Task.sleep(for: limit)
      continuation.finish(throwing: Silence(limit: limit))
    }
  }
  defer { timer?.cancel() }
  for try await result in results { return result }
  throw CancellationError()
}

/// Nothing came in time.
struct Silence: Error, CustomStringConvertible {
  let limit: Duration
  var description: String { "no answer within \(limit)" }
}
