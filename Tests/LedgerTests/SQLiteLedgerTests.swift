import Accounts
import Directory
import Foundation
import Ledger
import TestSupport
import Testing

/// The engine in one SQLite file.
@Suite struct SQLiteLedgerTests {
  @Test(arguments: exerciseLedger)
  func keepsToTheContract(_ exercise: LedgerExercise) async throws {
    try await withFiles { files in
      let path = files.file("rollcall.db")
      let bench = try await Bench { try SQLiteLedger(path: path, patient: true) }
      do {
        try await exercise.run(bench)
      } catch {
        try? await bench.close()
        throw error
      }
      try await bench.close()
    }
  }

  @Test func aSecondOpenerIsRefusedWithTheFirstOnesProcess() async throws {
    try await withFiles { files in
      let path = files.file("rollcall.db")
      #expect(SQLiteLedger.holder(of: path) == nil)
      let first = try SQLiteLedger(path: path, patient: true)
      let pid = ProcessInfo.processInfo.processIdentifier
      #expect(SQLiteLedger.holder(of: path) == pid)
      #expect {
        _ = try SQLiteLedger(path: path)
      } throws: {
        ($0 as? LedgerError)?.code == .inUse && "\($0)".contains("process \(pid) ")
      }
      try await first.close()
      // Patient, because a tool that another test starts at this moment has the descriptor until its exec.
      try await SQLiteLedger(path: path, patient: true).close()
    }
  }

  @Test func aLedgerOfANewerRollcallIsRefusedAndLeftAsItIs() async throws {
    try await withFiles { files in
      let path = files.file("rollcall.db")
      try await SQLiteLedger(path: path, patient: true).close()
      try await Tool.run(
        "/usr/bin/python3",
        [
          "-c",
          "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); "
            + "c.execute(\"INSERT INTO grdb_migrations VALUES('99')\"); c.commit()",
          path,
        ])
      #expect {
        _ = try SQLiteLedger(path: path, patient: true)
      } throws: {
        ($0 as? LedgerError)?.code == .newer && "\($0)".contains("schema 99")
      }
      #expect(SQLiteLedger.holder(of: path) == nil, "who is refused holds nothing")
    }
  }

  @Test func aDamagedFileIsRefused() async throws {
    try await withFiles { files in
      let path = files.file("rollcall.db")
      let bench = try await Bench { try SQLiteLedger(path: path, patient: true) }
      try await bench.load(bench.people(2000))
      try await bench.close()
      let handle = try #require(FileHandle(forWritingAtPath: path))
      let size = try handle.seekToEnd()
      for offset in stride(from: UInt64(20_000), to: size, by: 12_288) {
        try handle.seek(toOffset: offset)
        handle.write(Data(repeating: 0x5a, count: 4096))
      }
      try handle.close()
      #expect {
        _ = try SQLiteLedger(path: path, patient: true)
      } throws: {
        ($0 as? LedgerError)?.code == .corrupt && "\($0)".contains("restore a backup")
      }
    }
  }

  @Test func whatIsNoDatabaseIsRefused() throws {
    let files = try TemporaryDirectory("ledger")
    defer { files.remove() }
    let path = try files.write("rollcall.db", String(repeating: "This is not a ledger. ", count: 500))
    #expect {
      _ = try SQLiteLedger(path: path, patient: true)
    } throws: {
      ($0 as? LedgerError)?.code == .corrupt
    }
    #expect {
      _ = try SQLiteLedger(path: files.file("missing/rollcall.db"))
    } throws: {
      ($0 as? LedgerError)?.code == .inaccessible && "\($0)".contains("missing/rollcall.db")
    }
  }

  @Test func onlyItsOwnerMayReadIt() async throws {
    try await withFiles { files in
      let path = files.file("rollcall.db")
      let bench = try await Bench { try SQLiteLedger(path: path, patient: true) }
      try await bench.load(bench.people(10))
      for suffix in ["", "-wal", "-shm", "-lock"] {
        let mode = try FileManager.default.attributesOfItem(atPath: path + suffix)[.posixPermissions] as? Int
        #expect(mode == 0o600, "\(suffix)")
      }
      try await bench.close()
    }
  }

  @Test func aCopyHasWhatIsDurableAndLeavesTheOriginalAlone() async throws {
    try await withFiles { files in
      let (path, copy) = (files.file("rollcall.db"), files.file("copy.db"))
      let bench = try await Bench { try SQLiteLedger(path: path, patient: true) }
      try await bench.load(bench.people(10))
      try SQLiteLedger.copy(from: path, to: copy)
      let copied = try await Bench { try SQLiteLedger(path: copy, locked: false) }
      #expect(try await copied.ledger.position(of: copied.directory).entries == 10)
      try await copied.deliver()
      #expect(try await copied.targetState().accounts == 10)
      #expect(try await bench.targetState().accounts == 0)
      try await copied.close()
      try await bench.close()
      #expect {
        try SQLiteLedger.copy(from: files.file("missing.db"), to: files.file("other.db"))
      } throws: {
        $0 is LedgerError
      }
    }
  }

  static let isRoot = geteuid() == 0

  @Test(.enabled(if: isRoot, "a full disk needs a small file system, and that needs root"))
  func aFullDiskPausesAndRecovers() async throws {
    try await withFiles { files in
      let disk = files.file("disk")
      try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
      try await Tool.run("/bin/mount", ["-t", "tmpfs", "-o", "size=4m", "none", disk])
      do {
        try await fill(disk)
      } catch {
        _ = try? await Tool.run("/bin/umount", ["-l", disk])
        throw error
      }
      try await Tool.run("/bin/umount", ["-l", disk])
    }
  }

  private func fill(_ disk: String) async throws {
    let ledger = try SQLiteLedger(path: disk + "/rollcall.db")
    let bench = try await Bench { ledger }
    try await bench.settled([bench.person("jane")])
    let ballast = disk + "/ballast"
    _ = FileManager.default.createFile(atPath: ballast, contents: nil)
    let handle = try #require(FileHandle(forWritingAtPath: ballast))
    let zeros = [UInt8](repeating: 0, count: 4096)
    while write(handle.fileDescriptor, zeros, zeros.count) > 0 {}
    try handle.close()

    var step = bench.step()
    for person in bench.people(2000) { step.writes.append(try await bench.write(person)) }
    let (long, full) = (step, Signal())
    let commit = Task { try await ledger.commit(long) }
    let watch = Task {
      while ledger.trouble == nil, !Task.isCancelled { await Task.yield() }
      full.fire()
    }
    #expect(await full.wait())
    watch.cancel()
    #expect(ledger.trouble?.contains("full") == true)
    #expect(try await ledger.find("jane").count == 1, "reading goes on")
    try FileManager.default.removeItem(atPath: ballast)
    let receipt = try await commit.value
    #expect(receipt.written == 2000)
    #expect(ledger.trouble == nil)
    #expect(try await bench.due().count == 2000)
    try await bench.close()
  }

  private func withFiles(_ body: (TemporaryDirectory) async throws -> Void) async throws {
    let files = try TemporaryDirectory("ledger")
    defer { files.remove() }
    try await body(files)
  }
}
