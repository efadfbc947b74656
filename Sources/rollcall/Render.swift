import Admin
import Foundation

/// Answers as lines for people, at most 100 columns.
enum Render {
  static func status(_ status: StatusAnswer) {
    let width = (status.directories.map(\.name.count) + status.targets.map(\.name.count) + [6]).max() ?? 6
    for directory in status.directories {
      var words = [directory.mechanism ?? "no mechanism yet"]
      words.append(directory.since.map { "\(directory.phase) since \(Words.time($0))" } ?? directory.phase)
      if let change = directory.lastChange { words.append("last change \(Words.ago(change))") }
      if let contact = directory.lastContact { words.append("last contact \(Words.ago(contact))") }
      let people = Words.count(directory.users, "user", "users")
      print("\(Words.pad(directory.name, width))  \(words.joined(separator: ", ")); \(people)")
      if let trouble = directory.trouble { note(width, Terminal.red(Words.safe(trouble))) }
      for obligation in directory.obligations { note(width, "still owed: \(obligation)") }
    }
    for target in status.targets { print("\(Words.pad(target.name, width))  \(line(target))") }
    if status.holds > 0 {
      let line = "\(Words.count(status.holds, "hold waits", "holds wait")) for your yes: rollcall held"
      print("\(Words.pad("held", width))  \(Terminal.yellow(line))")
    }
    if let trouble = status.trouble { print("\(Words.pad("ledger", width))  \(Terminal.red(trouble))") }
    if !status.running { print("\(Words.pad("", width))  rollcall is not running: this is what the ledger says") }
  }

  private static func line(_ target: StatusAnswer.Target) -> String {
    var words: [String] = []
    if target.orphaned {
      words.append("no longer in the file")
    } else if let trouble = target.trouble {
      let since = target.pausedSince.map { " since \(Words.time($0))" } ?? ""
      words.append(Terminal.red(Words.safe(trouble)) + since)
    } else if target.waiting + target.held + target.parked == 0 {
      words.append(Terminal.green("in step"))
    }
    words.append(Words.count(target.accounts, "account", "accounts"))
    if let p50 = target.p50, let p99 = target.p99 { words.append("p50 \(p50) ms, p99 \(p99) ms") }
    if target.waiting > 0 { words.append("\(Words.number(target.waiting)) waiting") }
    if target.failing > 0 { words.append("\(Words.number(target.failing)) failing") }
    if target.held > 0 { words.append("\(Words.number(target.held)) held") }
    if target.parked > 0 { words.append("\(Words.number(target.parked)) parked: rollcall failed") }
    return words.joined(separator: "; ")
  }

  private static func note(_ width: Int, _ text: String) { print("\(Words.pad("", width))  \(text)") }

  static func held(_ holds: [HoldAnswer]) {
    if holds.isEmpty { return print("nothing is held") }
    for hold in holds {
      print(Terminal.bold("hold \(hold.hold)  \(hold.directory) → \(hold.target)  since \(Words.time(hold.since))"))
      print("  \(Words.safe(hold.reason))")
      for account in hold.accounts.prefix(200) {
        var words = [Words.pad(Words.safe(Words.cut(account.label, 24)), 24), Words.safe(account.dn)]
        if let evidence = account.evidence { words.append("(\(evidence))") }
        if let other = account.samePerson { words.append("→ \(Words.safe(other))") }
        print("    " + words.joined(separator: "  "))
      }
      if hold.accounts.count > 200 { print("    and \(hold.accounts.count - 200) more: rollcall held --json") }
      let same = hold.kind == "re-identification" ? "  (the same people: --same-people)" : ""
      print("  yes: rollcall approve \(hold.hold)\(same)")
    }
  }

  static func failed(_ rows: [FailureAnswer]) {
    if rows.isEmpty { return print("nothing failed") }
    for row in rows {
      let next = row.parked ? "waits for you" : "next attempt \(row.nextAttempt.map { Words.time($0) } ?? "soon")"
      print("\(Terminal.bold(Words.safe(row.account)))  at \(row.target), \(row.attempts) attempts, \(next)")
      print("  \(Words.safe(row.dn))")
      print("  \(Terminal.red(Words.safe(row.error)))")
    }
    print("again: rollcall retry [TARGET | ACCOUNT…]")
  }

  static func log(_ lines: [LogAnswer]) {
    if lines.isEmpty { return print("nothing happened") }
    for line in lines.reversed() {
      let target = line.target.map { "→ \($0)" } ?? ""
      let head = [
        Words.time(line.at, milliseconds: true), Words.pad(line.event, 9),
        Words.pad(Words.safe(Words.cut(line.account, 24)), 16), target,
      ].joined(separator: "  ")
      print(head + (line.detail.isEmpty ? "" : "  \(Words.safe(line.detail))"))
      for change in changes(line) { print("    " + Words.safe(change)) }
    }
  }

  /// The fields of an update, one a line; a creation's account is in the JSON output.
  private static func changes(_ line: LogAnswer) -> [String] {
    guard line.event == "updated", let content = line.content,
      let fields = try? JSONSerialization.jsonObject(with: Data(content.utf8)) as? [String: [String: Any]]
    else { return [] }
    func text(_ value: Any?) -> String {
      switch value {
      case nil: "nothing"
      case let texts as [Any]: texts.map { "\($0)" }.joined(separator: ", ")
      case is [String: Any]: "octets"
      case let value?: Words.cut("\"\(value)\"", 60)
      }
    }
    return fields.sorted { $0.key < $1.key }.map { "\($0.key)  \(text($0.value["from"])) → \(text($0.value["to"]))" }
  }

  static func explain(_ people: [ExplainAnswer]) {
    for person in people {
      print("\(Terminal.bold(Words.safe(person.account)))  \(Words.safe(person.dn))")
      print("  \(person.directory), \(person.id)" + (person.departed.map { "; departed: \($0)" } ?? ""))
      print("  \(Words.pad("field", 14))  \(Words.pad("value", 30))  from")
      for field in person.fields where field.value != nil {
        let value = Words.pad(Words.safe(Words.cut(field.value ?? "", 30)), 30)
        let place = field.place.map { "  \($0)" } ?? ""
        print("  \(Words.pad(field.field, 14))  \(value)  \(Words.safe(Words.cut(field.summary, 50)))\(place)")
      }
      for target in person.targets {
        var words = [Words.pad(target.state, 14)]
        if let revision = target.revision { words.append("revision \(revision)") }
        if let at = target.confirmedAt { words.append("confirmed \(Words.time(at, milliseconds: true))") }
        if !target.detail.isEmpty { words.append(Words.safe(target.detail)) }
        print("  \(Words.pad(target.name, 14))  \(words.joined(separator: "  "))")
        for change in target.pending { print("      \(Words.safe(change))") }
      }
    }
  }
}
