internal import Accounts
internal import HTTP
internal import Targets

/// Reads one target of the file.
struct TargetReader {
  /// The names of the file's directories, in its order.
  let directories: [String]
  /// The guard that counts where the target has none.
  let `guard`: GuardPolicy

  func read(_ key: YAMLNode.Key, _ value: ValueReader, _ context: ReadingContext) -> TargetSettings? {
    let told = "target '\(key.text)'"
    guard let loose = MappingReader(value.node, told, context) else { return nil }
    guard let kind = loose.required("kind", hint: ": \(SettingsKeys.kinds.enumerationText)"), knows(kind),
      let mapping = value.mapping(told, keys: .webhook)
    else { return nil }
    let concurrency = mapping.value("concurrency").flatMap { $0.number(1...256) } ?? 8
    let webhook = WebhookReader(mapping: mapping, told: told).read(concurrency: concurrency)
    let policy = policy(mapping, base: Policy(leave: .delete, outOfScope: .delete, grace: .zero))
    let when = mapping.value("when")?.condition()
    let from = mapping.value("from").map(sources) ?? directories
    guard let webhook else { return nil }
    return TargetSettings(
      name: key.text, location: context.findings.location(key.mark), kind: .webhook(webhook), policy: policy,
      when: when, from: from, concurrency: concurrency,
      paused: mapping.value("paused").flatMap { $0.word(Paused.self) } == .yes,
      renamedFrom: mapping.value("renamed-from")?.raw())
  }

  private func knows(_ kind: ValueReader) -> Bool {
    guard let word = kind.raw() else { return false }
    if SettingsKeys.kinds.contains(word) { return true }
    if SettingsKeys.laterKinds.contains(word) {
      kind.fail("kind '\(word)' is not in this version; it knows: \(SettingsKeys.kinds.joined(separator: ", "))")
    } else {
      let hint = Suggestion.hint(for: word, among: SettingsKeys.kinds)
      kind.fail("unknown kind '\(word)'; this version knows: \(SettingsKeys.kinds.joined(separator: ", "))\(hint)")
    }
    return false
  }

  private func policy(_ mapping: MappingReader, base: Policy) -> Policy {
    var policy = base
    if let leave = mapping.value("leave").flatMap({ $0.word(Policy.Leave.self) }) { policy.leave = leave }
    policy.outOfScope = policy.leave
    if let other = mapping.value("out-of-scope").flatMap({ $0.word(Policy.Leave.self) }) { policy.outOfScope = other }
    if let grace = mapping.value("grace").flatMap({ $0.duration() }) { policy.grace = grace }
    if let value = mapping.value("after"), let after = value.duration() {
      policy.after = after
      if policy.leave != .disable {
        value.fail("'after' deletes what was disabled: it needs 'leave: disable' in \(mapping.told)")
      }
    }
    policy.guard = mapping.value("guard").map { GuardReader.read($0, base: self.guard) } ?? self.guard
    if let start = mapping.value("start").flatMap({ $0.word(Policy.Start.self) }) { policy.start = start }
    if let value = mapping.value("give-up"), value.node.scalar != "never" {
      policy.giveUp = value.duration(.seconds(60)...DurationText.longest)
    }
    return policy
  }

  private func sources(_ value: ValueReader) -> [String] {
    var names: [String] = []
    for item in value.items() {
      guard let name = item.raw() else { continue }
      if !directories.contains(name) {
        item.fail("there is no directory '\(name)'\(Suggestion.hint(for: name, among: directories))")
      } else if names.contains(name) {
        item.fail("'\(name)' stands twice in \(value.told)")
      } else {
        names.append(name)
      }
    }
    return names
  }
}

/// Whether a target is told anything at present.
private enum Paused: String, CaseIterable {
  case yes = "true"
  case no = "false"
}

extension YAMLNode {
  /// The text of a scalar.
  var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }
}
