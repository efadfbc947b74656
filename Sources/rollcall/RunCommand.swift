import Admin
import ArgumentParser
import Deliver
import Follow
import Foundation
import Ledger
import Logging
import Settings
import Targets
import UnixSignals

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Follows and delivers until told to stop.",
    discussion: """
      SIGTERM and SIGINT finish what is under way and end; SIGHUP reads the file again (a file with errors leaves the
      old one in force). Under systemd it says when it is ready (Type=notify).

      EXAMPLE
        rollcall run --config /etc/rollcall/rollcall.yaml
      """)
  @OptionGroup var file: FileOptions
  @Option(help: "Log lines as text or json (default: what the file says).") var log: String?
  @Flag(name: .shortAndLong, help: "Log more.") var verbose = false

  func run() async throws {
    let settings = try file.load()
    var format = settings.log
    if let log {
      guard let chosen = RollcallSettings.LogFormat(rawValue: log) else {
        throw Failure("--log is text or json", .wrong)
      }
      format = chosen
    }
    let logger = LineLog.logger(format, level: verbose ? .debug : .info)
    let ledger: SQLiteLedger
    do { ledger = try SQLiteLedger(path: settings.ledgerPath, patient: true) } catch { throw Failure("\(error)") }
    let keeper = Keeper(file: file, ledger: ledger, log: logger)
    do { try await keeper.run(settings) } catch { throw Failure("\(error)") }
    try await ledger.close()
  }
}

/// Keeps the loops running, and replaces them when the file is read again.
actor Keeper {
  private let file: FileOptions
  private let ledger: SQLiteLedger
  private let log: Logger
  private let since = Wall.now

  init(file: FileOptions, ledger: SQLiteLedger, log: Logger) {
    self.file = file
    self.ledger = ledger
    self.log = log
  }

  func run(_ first: RollcallSettings) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    var house = try await build(first)
    let server = ControlServer(
      path: first.controlSocket, desk: house.desk, log: LineLog.logger(.text, level: .critical))
    let control = Task { try await server.run() }
    var loops = start(house)
    log.notice("rollcall \(Version.current) runs; control socket \(first.controlSocket)")
    Notify.send("READY=1")
    let pruning = Task { await prune(after: first.journal) }
    let failing = Task {
      if case .failure(let error) = await control.result, !(error is CancellationError) {
        log.error("no control socket: \(error)")
      }
    }
    for await signal in signals {
      guard signal == .sighup else { break }
      Notify.send("RELOADING=1")
      if let settings = reload(keeping: first) {
        await stop(house, loops)
        house = try await build(settings)
        server.use(house.desk)
        loops = start(house)
        log.notice("the file was read again")
      }
      Notify.send("READY=1")
    }
    Notify.send("STOPPING=1")
    log.notice("stopping: what is under way is finished")
    pruning.cancel()
    await stop(house, loops)
    control.cancel()
    _ = await control.result
    await failing.value
    log.notice("stopped")
  }

  private func build(_ settings: RollcallSettings) async throws -> House {
    try await House.build(settings, ledger: ledger, once: false, log: log, since: since)
  }

  private func start(_ house: House) -> Task<Void, Never> {
    Task {
      // A pause lasts until somebody looked after it; starting again is looking after it.
      for target in house.enrolment.targets.values { try? await house.ledger.pause(target: target, reason: nil) }
      await withTaskGroup(of: Void.self) { group in
        for follower in house.followers.values { group.addTask { await follower.run() } }
        for deliverer in house.deliverers.values { group.addTask { await deliverer.run() } }
      }
    }
  }

  private func stop(_ house: House, _ loops: Task<Void, Never>) async {
    loops.cancel()
    await loops.value
    for target in house.targets.values { await target.close() }
  }

  /// The file as it is now, if it can be used; the ledger and the socket stay where they are.
  private func reload(keeping first: RollcallSettings) -> RollcallSettings? {
    do {
      var settings = try file.load()
      if settings.ledgerPath != first.ledgerPath || settings.controlSocket != first.controlSocket {
        log.warning("ledger and socket are not changed while rollcall runs: restart it for that")
        settings.ledgerPath = first.ledgerPath
        settings.controlSocket = first.controlSocket
      }
      return settings
    } catch let failure as Failure {
      log.error("the file has errors; the old one stays in force: \(failure.text)")
    } catch {
      log.error("the file cannot be read; the old one stays in force: \(error)")
    }
    return nil
  }

  private func prune(after journal: Duration) async {
    while !Task.isCancelled {
      let before = Wall.now - journal.components.seconds * 1000
      do { try await ledger.prune(journalBefore: before) } catch { log.error("cannot prune the journal: \(error)") }
      try? await Task.sleep(for: .seconds(24 * 3600))
    }
  }
}

/// Tells systemd how the service is doing (sd_notify(3)).
enum Notify {
  static func send(_ state: String) {
    guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"], !path.isEmpty else { return }
    var message = state
    if state == "RELOADING=1" {
      var now = timespec()
      clock_gettime(CLOCK_MONOTONIC, &now)
      message += "\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)"
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    // A name that begins with @ is in the abstract namespace, which begins with NUL.
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let text = Array(message.utf8)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(descriptor, text, text.count, 0, $0, length) }
    }
  }
}
