import Admin
import Foundation
import HTTP
import Ledger
import Settings

/// Asks whoever holds the ledger: a running `run` over its socket, else the ledger itself.
enum Ask {
  static func ask(_ question: Question, _ settings: RollcallSettings) async throws -> Answer {
    if let pid = SQLiteLedger.holder(of: settings.ledgerPath) {
      return try await overSocket(question, settings, pid: pid)
    }
    guard FileManager.default.fileExists(atPath: settings.ledgerPath) else {
      throw Failure("there is no ledger at \(settings.ledgerPath) yet: `rollcall sync` or `rollcall run` makes it")
    }
    let ledger: SQLiteLedger
    do {
      ledger = try SQLiteLedger(path: settings.ledgerPath)
    } catch let error as LedgerError where error.code == .inUse {
      // Somebody took it in this moment.
      return try await ask(question, settings)
    }
    let house = try await House.build(settings, ledger: ledger, once: true, log: LineLog.quiet)
    let answer = await house.desk.answer(question)
    try await house.close()
    return answer
  }

  private static func overSocket(_ question: Question, _ settings: RollcallSettings, pid: Int32) async throws -> Answer
  {
    let client = HTTPClient(HTTPClientSettings(replyLimit: 256 << 20))
    let body = try JSONEncoder().encode(question)
    let request = HTTPRequest(
      method: "POST", url: "http://rollcall\(Question.path)",
      headers: [(name: "content-type", value: "application/json")], body: Array(body),
      unixSocketPath: settings.controlSocket)
    let outcome = await client.send(request)
    await client.close()
    switch outcome {
    case .success(let response) where response.status == 200:
      return try JSONDecoder().decode(Answer.self, from: Data(response.body))
    case .success(let response):
      throw Failure("rollcall (process \(pid)) answered \(response.status) on \(settings.controlSocket)")
    case .failure(let error):
      throw Failure(
        """
        process \(pid) has the ledger \(settings.ledgerPath) open, and does not answer on \(settings.controlSocket): \
        \(error.cause)
        """)
    }
  }
}
