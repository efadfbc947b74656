internal import CLDAP
internal import Synchronization

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The one thread of a connection. It is the actor's executor, and where the actor has nothing to do it sleeps in
/// poll(2) on the connection's socket (only while somebody waits for a message) and on an eventfd by which other
/// threads bring work. So libldap is called from one thread, a waiting connection costs nothing, and a cancellation
/// is seen at once. When nobody waits, the socket is not read, and back-pressure is TCP's.
final class EventLoop: SerialExecutor, @unchecked Sendable {
  /// Why a wait is over.
  enum Wake: Sendable {
    case ready, timeout, cancelled, closed
  }

  private struct Waiter {
    let token: UInt64
    let deadline: ContinuousClock.Instant?
    let continuation: CheckedContinuation<Wake, Never>
  }

  private struct Queue {
    var jobs: [UnownedJob] = []
    var work: [@Sendable () -> Void] = []
    var sleeping = false
    var stopping = false
  }

  private let queue = Mutex(Queue())
  private let wakeup: Int32
  private let tokens = Atomic<UInt64>(0)
  /// The socket, and those who wait for it. Touched on the loop's thread alone.
  private var descriptor: Int32 = -1
  private var waiters: [Waiter] = []

  /// Starts the thread; nil if the system has no descriptor or thread left.
  init?() {
    wakeup = cldap_eventfd()
    guard wakeup >= 0 else { return nil }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // GSSAPI and GnuTLS are no deep callers; a connection's thread need not reserve the usual 8 MiB.
    pthread_attr_setstacksize(&attributes, 1 << 20)
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    // The thread holds the loop until it is told to stop.
    let this = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let loop = Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue()
        loop.run()
        return nil
      }, this.toOpaque())
    guard code == 0 else {
      this.release()
      return nil
    }
  }

  deinit { if wakeup >= 0 { close(wakeup) } }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    bring { $0.jobs.append(job) }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  /// Runs a closure on the loop's thread, after what was brought before.
  func submit(_ work: @escaping @Sendable () -> Void) { bring { $0.work.append(work) } }

  /// Ends the thread once all that was brought is done.
  func stop() { bring { $0.stopping = true } }

  private func bring(_ change: (inout Queue) -> Void) {
    let wake = queue.withLock { queue in
      change(&queue)
      defer { queue.sleeping = false }
      return queue.sleeping
    }
    if wake {
      var one: UInt64 = 1
      _ = write(wakeup, &one, 8)
    }
  }
}

extension EventLoop {
  /// The socket to poll, and a name by which an operator knows the thread; on the loop's thread.
  func watch(_ descriptor: Int32, name: String) {
    self.descriptor = descriptor
    cldap_name_thread(name)
  }

  /// The socket is closed.
  func unwatch() { descriptor = -1 }

  /// Waits until the socket can be read, or the deadline passes, or the task is cancelled. On the loop's thread, from
  /// within the actor whose executor this is.
  func readable(until deadline: ContinuousClock.Instant?, isolation: isolated (any Actor)? = #isolation) async -> Wake {
    let token = tokens.add(1, ordering: .relaxed).newValue
    return await withTaskCancellationHandler {
      await withCheckedContinuation(isolation: isolation) { continuation in
        waiters.append(Waiter(token: token, deadline: deadline, continuation: continuation))
      }
    } onCancel: {
      // Runs after the job that arms the waiter, because that one is already on the thread.
      submit { [self] in wake(.cancelled) { $0.token == token } }
    }
  }

  /// Wakes everybody who waits for the socket; on the loop's thread.
  func wakeAll(_ reason: Wake) { wake(reason) { _ in true } }

  private func wake(_ reason: Wake, _ which: (Waiter) -> Bool) {
    let chosen = waiters.filter(which)
    guard !chosen.isEmpty else { return }
    waiters.removeAll(where: which)
    for waiter in chosen { waiter.continuation.resume(returning: reason) }
  }

  private func run() {
    // A broken connection is an error code, not a signal; and no handler runs on a thread that libldap uses.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    while true {
      let (jobs, work, over) = queue.withLock { queue in
        defer {
          queue.jobs.removeAll(keepingCapacity: true)
          queue.work.removeAll(keepingCapacity: true)
        }
        let idle = queue.jobs.isEmpty && queue.work.isEmpty
        queue.sleeping = idle && !queue.stopping
        return (queue.jobs, queue.work, idle && queue.stopping)
      }
      if over { return }
      if jobs.isEmpty && work.isEmpty {
        sleep()
        continue
      }
      for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
      for step in work { step() }
    }
  }

  private func sleep() {
    var polled = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
    if !waiters.isEmpty { polled.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
    let nearest = waiters.compactMap(\.deadline).min()
    let limit = nearest.map { max(.zero, $0 - .now).milliseconds } ?? -1
    _ = poll(&polled, nfds_t(polled.count), limit)
    queue.withLock { $0.sleeping = false }
    if polled[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(wakeup, &count, 8)
    }
    if polled.count > 1, polled[1].revents != 0 { wakeAll(.ready) }
    if nearest != nil {
      let now = ContinuousClock.now
      wake(.timeout) { $0.deadline.map { $0 <= now } ?? false }
    }
  }
}

extension Duration {
  /// For poll(2): whole milliseconds, rounded up so that a wait is not over too early.
  var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    let whole = seconds.multipliedReportingOverflow(by: 1000)
    guard !whole.overflow, whole.partialValue < Int64(Int32.max) - 1000 else { return .max }
    return Int32(whole.partialValue + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
