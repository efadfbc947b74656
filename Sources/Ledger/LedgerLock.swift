import Glibc
import Synchronization

/// One process per ledger: an advisory lock on a file beside it, with the holder's process id in it. The kernel drops
/// the lock with the process, however it ends.
final class LedgerLock: Sendable {
  private let descriptor: Mutex<Int32?>

  /// How long a holder may take to let go: a command that only asked something is gone at once.
  private static let patience = (tries: 60, microseconds: UInt32(50_000))

  /// Takes the lock or says who has it. Blocks for up to 3 s while another process has it, if `patient`.
  init(path: String, patient: Bool) throws(LedgerError) {
    let lockPath = path + "-lock"
    let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw LedgerError(
        .inaccessible, operation: "open ledger", subject: path, cause: String(cString: strerror(errno)),
        hint: "the directory must exist and belong to the user that runs rollcall")
    }
    var tries = patient ? Self.patience.tries : 0
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      if tries > 0 {
        tries -= 1
        usleep(Self.patience.microseconds)
        continue
      }
      let holder = Self.contents(of: descriptor)
      Glibc.close(descriptor)
      throw LedgerError(
        .inUse, operation: "open ledger", subject: path,
        cause: "process \(holder.isEmpty ? "unknown" : holder) has it open",
        hint: "one process per ledger: stop that one, or speak to it with rollcall's commands")
    }
    ftruncate(descriptor, 0)
    let pid = Array("\(getpid())\n".utf8)
    pwrite(descriptor, pid, pid.count, 0)
    self.descriptor = Mutex(descriptor)
  }

  /// Lets go of it; again is harmless.
  func release() {
    descriptor.withLock { descriptor in
      if let descriptor { Glibc.close(descriptor) }
      descriptor = nil
    }
  }

  /// The process that has the ledger open; nil if none has.
  static func holder(of path: String) -> Int32? {
    let descriptor = open(path + "-lock", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { Glibc.close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
    return Int32(contents(of: descriptor))
  }

  private static func contents(of descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return "" }
    return String(decoding: buffer.prefix(count).prefix { (0x30...0x39).contains($0) }, as: UTF8.self)
  }

  deinit { release() }
}
