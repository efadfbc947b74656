import ArgumentParser
import Glibc

/// The command line: one subcommand a file, everything else behind the rooms.
@main
struct Rollcall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollcall",
    abstract: "Keeps every other system's list of people in step with the directory.",
    discussion: """
      Rollcall follows an LDAP directory's change stream and delivers what changed to the targets of its file,
      rollcall.yaml in this folder or /etc/rollcall/rollcall.yaml.

      EXAMPLE
        rollcall check && rollcall plan && rollcall run

      Exit status: 0 done, 1 something failed or is held, 2 the command or the file is wrong.
      """,
    version: Version.current,
    subcommands: [
      RunCommand.self, SyncCommand.self, ResyncCommand.self, PlanCommand.self, CheckCommand.self, StatusCommand.self,
      WatchCommand.self, ExplainCommand.self, LogCommand.self, HeldCommand.self, ApproveCommand.self,
      FailedCommand.self, RetryCommand.self,
    ])

  static func main() async {
    Memory.useFewArenas()
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let status as Status {
      Glibc.exit(status.rawValue)
    } catch let failure as Failure {
      Terminal.error(failure.text)
      Glibc.exit(failure.status.rawValue)
    } catch {
      let code = exitCode(for: error)
      if code.isSuccess {
        print(fullMessage(for: error))
        Glibc.exit(0)
      }
      if code == .validationFailure || code.rawValue == EX_USAGE {
        Terminal.error(fullMessage(for: error))
        Glibc.exit(Status.wrong.rawValue)
      }
      Terminal.error("rollcall: \(error)")
      Glibc.exit(Status.failed.rawValue)
    }
    Glibc.exit(0)
  }
}

/// What a command's end says to scripts.
enum Status: Int32, Error {
  case done = 0
  /// Something failed or is held.
  case failed = 1
  /// The command or the file is wrong.
  case wrong = 2
}

/// The end of a command, with what to tell.
struct Failure: Error {
  var text: String
  var status: Status

  init(_ text: String, _ status: Status = .failed) {
    self.text = text
    self.status = status
  }
}

enum Version {
  static let current = "0.1.0"
}

/// glibc's allocator keeps an arena a thread, which a short-lived peak in each makes large for good.
enum Memory {
  /// mallopt(3) with M_ARENA_MAX, looked up by name because Swift's Glibc module leaves malloc.h out.
  static func useFewArenas() {
    typealias Mallopt = @convention(c) (Int32, Int32) -> Int32
    guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "mallopt") else { return }
    _ = unsafeBitCast(symbol, to: Mallopt.self)(-8, 2)
  }
}
