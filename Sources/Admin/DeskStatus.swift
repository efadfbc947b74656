import Deliver
import Follow
import Foundation
import Ledger

extension Desk {
  func status() async throws -> StatusAnswer {
    let summary = try await ledger.summary()
    return StatusAnswer(
      running: since != nil, pid: since == nil ? nil : ProcessInfo.processInfo.processIdentifier, since: since,
      ledger: ledgerPath, trouble: ledger.trouble, directories: summary.directories.map(directory),
      targets: summary.targets.map(target), holds: summary.holds)
  }

  private func directory(_ state: LedgerSummary.DirectoryState) -> StatusAnswer.Directory {
    let live = followers[state.name]?.status
    return StatusAnswer.Directory(
      name: state.name, mechanism: live?.mechanism ?? state.mechanism, server: live?.server,
      phase: live?.phase.rawValue ?? (state.orphaned ? "orphaned" : "not running"), since: live?.since,
      lastContact: live?.lastContact ?? state.checkpointAt, lastChange: live?.lastChange, users: state.users,
      groups: state.groups, trouble: live?.trouble, obligations: state.obligations.map(\.kind.words))
  }

  private func target(_ state: LedgerSummary.TargetState) -> StatusAnswer.Target {
    let live = deliverers[state.name]?.status
    return StatusAnswer.Target(
      name: state.name, kind: state.kind, accounts: state.accounts, waiting: state.waiting, failing: state.failing,
      held: state.held, parked: state.parked, delivered: live?.delivered, p50: live?.latency(0.5),
      p99: live?.latency(0.99), pausedSince: state.pausedSince,
      trouble: state.pausedReason.map { "paused: \($0)" } ?? live?.trouble, orphaned: state.orphaned)
  }
}
