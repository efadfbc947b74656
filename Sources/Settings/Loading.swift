internal import Accounts
internal import Foundation

extension RollcallSettings {
  /// Reads and validates a file.
  /// - Parameters:
  ///   - path: as the administrator gave it; messages repeat it.
  ///   - environment: for `${env:NAME}`.
  public static func load(path: String, environment: [String: String]) -> Result<RollcallSettings, SettingsErrors> {
    func refuse(_ message: String) -> Result<RollcallSettings, SettingsErrors> {
      let location = SourceLocation(file: path, line: 0, column: 0)
      return .failure(SettingsErrors(findings: [Finding(location: location, message: message)]))
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return refuse("no such file (name another with --config)")
    }
    guard !isFolder.boolValue else { return refuse("is a folder, not a file") }
    guard let octets = FileTrouble.read(path, upTo: YAMLDocument.sizeLimit + 1) else {
      return refuse("cannot be read by this user")
    }
    guard octets.count <= YAMLDocument.sizeLimit else {
      return refuse("the file is larger than \(YAMLDocument.sizeLimit >> 20) MiB")
    }
    guard let text = String(validating: octets, as: UTF8.self) else { return refuse("is not UTF-8") }
    return parse(text: text, path: path, environment: environment)
  }

  /// Validates a file's text.
  public static func parse(
    text: String, path: String, environment: [String: String]
  ) -> Result<RollcallSettings, SettingsErrors> {
    let findings = Findings(file: path)
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var settings: RollcallSettings?
    if let root = YAMLDocument.read(text, into: findings) {
      let context = ReadingContext(
        findings: findings, source: YAMLSource(text), environment: environment, folder: folder)
      settings = MappingReader(root, "the file", keys: .file, context).map { read($0, path: path) }
    }
    let errors = Findings.sorted(findings.errors)
    guard errors.isEmpty, var settings else { return .failure(SettingsErrors(findings: errors)) }
    settings.warnings = Findings.sorted(findings.warnings)
    return .success(settings)
  }

  /// Reads the file's keys. What is wrong is among the findings, and what is returned then is of no use.
  private static func read(_ file: MappingReader, path: String) -> RollcallSettings {
    let context = file.context
    let directories = named(file.required("directories"), "directory") { DirectoryReader.read($0, $1, context) }
    let everyGuard = file.value("guard").map { GuardReader.read($0, base: GuardPolicy()) } ?? GuardPolicy()
    let names = (file.value("directories")?.names ?? [])
    let targets = named(file.value("targets"), "target") {
      TargetReader(directories: names, guard: everyGuard).read($0, $1, context)
    }
    if file.value("targets") == nil {
      context.findings.warn(file.mark, "there are no targets: changes are only remembered")
    }
    let ledger = file.value("ledger").flatMap { $0.path() } ?? context.resolve("rollcall.db")
    return RollcallSettings(
      path: path, directories: directories, targets: targets,
      rules: Rules(overrides: AccountsReader.overrides(file.value("accounts"))), ledgerPath: ledger,
      controlSocket: socket(file.value("socket"), ledger: ledger, file),
      journal: file.value("journal").flatMap { $0.duration(.seconds(3600)...DurationText.longest) }
        ?? .seconds(90 * 86_400), log: file.value("log").flatMap { $0.word() } ?? .text, warnings: [])
  }

  /// The most octets of a Unix socket's path (`sun_path`, unix(7)), without its end.
  private static let socketPathLimit = 107

  private static func socket(_ value: ValueReader?, ledger: String, _ file: MappingReader) -> String {
    let stem = ledger.hasSuffix(".db") ? String(ledger.dropLast(3)) : ledger
    let path = value.flatMap { $0.path() } ?? stem + ".sock"
    if path.utf8.count > socketPathLimit {
      file.context.findings.error(
        value?.mark ?? file.value("ledger")?.mark ?? file.mark,
        "the control socket's path '\(path)' is longer than \(socketPathLimit) octets: name a shorter one with 'socket'"
      )
    }
    return path
  }

  /// Reads a mapping whose keys are names that commands, logs and payloads repeat.
  private static func named<Value>(
    _ value: ValueReader?, _ what: String, _ read: (YAMLNode.Key, ValueReader) -> Value?
  ) -> [Value] {
    guard let value, let mapping = MappingReader(value.node, value.told, value.context) else { return [] }
    if mapping.entries.isEmpty { value.fail("\(value.told) names no \(what)") }
    return mapping.entries.compactMap { key, value in
      guard Syntax.isName(key.text) else {
        value.context.findings.error(
          key.mark, "'\(key.text)' cannot be a \(what)'s name: letters, digits, '-', '_' and '.', at most 64")
        return nil
      }
      return read(key, value)
    }
  }
}

extension ValueReader {
  /// The keys of a mapping, without complaints.
  var names: [String] {
    if case .mapping(let pairs) = node.content { pairs.map(\.key.text) } else { [] }
  }
}
