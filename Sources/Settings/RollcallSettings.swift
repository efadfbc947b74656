public import Accounts
internal import Directory
internal import LDAP

/// The whole file, validated.
public struct RollcallSettings: Sendable {
  /// The file's path, as it was given.
  public var path: String
  /// In the order of the file.
  public var directories: [DirectorySettings]
  /// In the order of the file.
  public var targets: [TargetSettings]
  /// The rules for people: the standard ones, with the file's.
  public var rules: Rules
  /// The ledger's file.
  public var ledgerPath: String
  /// The socket on which commands speak to a running `run`.
  public var controlSocket: String
  /// How long the journal is kept.
  public var journal: Duration
  /// How `run` writes its log.
  public var log: LogFormat
  /// What is doubtful but no error.
  public var warnings: [Finding]

  /// How log lines look.
  public enum LogFormat: String, Sendable, CaseIterable {
    case text
    case json
  }

  /// The directory of a name.
  public func directory(_ name: String) -> DirectorySettings? { directories.first { $0.name == name } }

  /// The target of a name.
  public func target(_ name: String) -> TargetSettings? { targets.first { $0.name == name } }
}

extension RollcallSettings {
  /// The attributes that rules, conditions and identity need from a directory: lower case, ascending, each once. The
  /// attributes of the branches' filters come on top.
  public func attributes(for directory: DirectorySettings) -> [String] {
    let conditions = targets.filter { $0.from.contains(directory.name) }.compactMap(\.when)
    return Set(rules.attributes + conditions.flatMap(\.attributes) + [directory.idAttribute].compactMap { $0 }).sorted()
  }

  /// The file's part of the reading fingerprint (law 7): equal texts mean that the same entries and attributes are
  /// read. The server's identity comes on top.
  public func readingFingerprintText(for directory: DirectorySettings) -> String {
    var lines = ["base \(directory.base.string)"]
    lines.append("users \(directory.users.base.string) \(directory.users.filter)")
    if let groups = directory.groups { lines.append("groups \(groups.base.string) \(groups.filter)") }
    lines.append("attributes \(attributes(for: directory).joined(separator: " "))")
    lines.append("bind \(directory.connection.bind.identityText)")
    return lines.map { $0 + "\n" }.joined()
  }

  /// The deriving fingerprint of a target (law 7): equal texts mean that the same accounts come of the same entries.
  public func derivingFingerprintText(for target: TargetSettings) -> String {
    var lines = ["from \(target.from.joined(separator: " "))"]
    if let when = target.when { lines.append("when \(when.canonicalText)") }
    lines.append("leave \(target.policy.leave.rawValue) out-of-scope \(target.policy.outOfScope.rawValue)")
    return rules.fingerprintText + lines.map { $0 + "\n" }.joined()
  }
}
