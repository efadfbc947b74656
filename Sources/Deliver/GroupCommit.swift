import Ledger
import Logging

/// Writes settlements down in groups: whatever comes while one group is being written is the next. What it was given is
/// written even if the task that gave it is cancelled.
actor GroupCommit {
  /// A group this large is written at once; a smaller one waits this long for company. Nothing waits for a settlement
  /// but the account's own next change, and a commit costs the same for one as for many.
  private static let company = (enough: 64, wait: Duration.milliseconds(2))

  private let ledger: any Ledger
  private let log: Logger
  private var waiting: [Settlement] = []
  private var writer: Task<Void, Never>?

  init(ledger: any Ledger, log: Logger) {
    self.ledger = ledger
    self.log = log
  }

  func add(_ settlement: Settlement) {
    waiting.append(settlement)
    guard writer == nil else { return }
    // An unstructured task: it does not inherit cancellation.
    writer = Task { await write() }
  }

  /// Returns when all that was given is durable.
  func drain() async { while let writer { await writer.value } }

  private func write() async {
    while !waiting.isEmpty {
      if waiting.count < Self.company.enough { try? await Task.sleep(for: Self.company.wait) }
      let group = waiting
      waiting = []
      while true {
        do {
          try await ledger.settle(group)
          break
        } catch {
          // The outcomes exist only here until they are written: try until it works.
          log.error("\(group.count) outcomes cannot be written down: \(error)")
          try? await Task.sleep(for: .seconds(1))
        }
      }
    }
    writer = nil
  }
}
