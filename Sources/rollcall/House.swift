import Accounts
import Admin
import Deliver
import Directory
import Follow
import Foundation
import LDAP
import Ledger
import Logging
import Settings
import Targets

/// The parts put together: one ledger, a follower for each directory, a deliverer for each target.
struct House: Sendable {
  let settings: RollcallSettings
  let ledger: any Ledger
  let enrolment: Enrolment
  let followers: [String: Follower]
  let deliverers: [String: Deliverer]
  let targets: [String: any Target]
  let desk: Desk

  /// How targets are made: the real ones, or recording ones for a plan.
  typealias TargetMaker = @Sendable (TargetSettings) -> any Target

  /// Puts the parts together over a ledger. Nothing runs yet.
  /// - Parameter once: for one pass instead of following.
  static func build(
    _ settings: RollcallSettings, ledger: any Ledger, once: Bool, log: Logger, since: Instant? = nil,
    makeTarget: TargetMaker = Parts.target
  ) async throws -> House {
    let enrolment = try await ledger.enrol(
      directories: settings.directories.map {
        DirectoryEnrolment(
          name: $0.name, renamedFrom: $0.renamedFrom, reading: settings.readingFingerprintText(for: $0))
      },
      targets: settings.targets.map {
        TargetEnrolment(
          name: $0.name, kind: $0.kind.name, renamedFrom: $0.renamedFrom,
          deriving: settings.derivingFingerprintText(for: $0), policy: $0.policy, directories: $0.from)
      }, settings: Self.version(of: settings))
    for name in enrolment.orphanedDirectories + enrolment.orphanedTargets {
      log.notice("'\(name)' is no longer in the file: what is known of it is kept, and nothing departs for that")
    }
    let followers = try Self.followers(settings, enrolment, ledger, once: once, log)
    let targets = Dictionary(uniqueKeysWithValues: settings.targets.map { ($0.name, makeTarget($0)) })
    let deliverers = Self.deliverers(settings, enrolment, ledger, followers, targets, log)
    let desk = Desk(
      ledger: ledger, ledgerPath: settings.ledgerPath, rules: settings.rules, directories: enrolment.directories,
      targets: enrolment.targets,
      conditions: Dictionary(
        uniqueKeysWithValues: settings.targets.compactMap { target in target.when.map { (target.name, $0) } }),
      followers: since == nil ? [:] : followers, deliverers: since == nil ? [:] : deliverers, since: since)
    return House(
      settings: settings, ledger: ledger, enrolment: enrolment, followers: followers, deliverers: deliverers,
      targets: targets, desk: desk)
  }

  private static func followers(
    _ settings: RollcallSettings, _ enrolment: Enrolment, _ ledger: any Ledger, once: Bool, _ log: Logger
  ) throws -> [String: Follower] {
    var followers: [String: Follower] = [:]
    for directory in settings.directories {
      guard let number = enrolment.directories[directory.name] else { continue }
      let feeds = settings.targets.filter { $0.from.contains(directory.name) }.compactMap { target in
        enrolment.targets[target.name].map { Followed.Feed(target: $0, condition: target.when) }
      }
      let followed = Followed(
        name: directory.name, number: number, scope: try Parts.scope(directory), rules: settings.rules, feeds: feeds,
        guard: directory.guard ?? settings.targets.first?.policy.guard ?? GuardPolicy())
      followers[directory.name] = Follower(
        followed, source: try Parts.source(directory, settings, once: once, log: log), ledger: ledger, log: log)
    }
    return followers
  }

  private static func deliverers(
    _ settings: RollcallSettings, _ enrolment: Enrolment, _ ledger: any Ledger, _ followers: [String: Follower],
    _ targets: [String: any Target], _ log: Logger
  ) -> [String: Deliverer] {
    var deliverers: [String: Deliverer] = [:]
    for target in settings.targets {
      guard let number = enrolment.targets[target.name], let made = targets[target.name] else { continue }
      let terms = Deliverer.Terms(
        name: target.name, number: number, policy: target.policy, rules: settings.rules,
        concurrency: target.concurrency, paused: target.paused)
      deliverers[target.name] = Deliverer(terms, target: made, ledger: ledger, log: log) { owed in
        guard let follower = followers[owed.directory] else { return .unknown("its directory is not in the file") }
        return await follower.presence(of: owed.person.id)
      }
    }
    return deliverers
  }

  /// What of the file decides what is done, for the journal's settings version.
  private static func version(of settings: RollcallSettings) -> String {
    settings.directories.map { settings.readingFingerprintText(for: $0) }.joined()
      + settings.targets.map { settings.derivingFingerprintText(for: $0) }.joined()
  }

  func close() async throws {
    for target in targets.values { await target.close() }
    try await ledger.close()
  }
}
