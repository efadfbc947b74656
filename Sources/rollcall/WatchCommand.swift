import ArgumentParser
import Changes
import Directory
import Foundation
import LDAP
import Settings

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "The stream of changes, as lines or JSON; with a URL it needs no file.",
    discussion: """
      EXAMPLE
        rollcall watch ldap://127.0.0.1:3890 --base dc=example,dc=com
        rollcall watch ldaps://ldap.example.com --base dc=example,dc=com --bind cn=reader,dc=example,dc=com \\
          --password-file /run/credentials/ldap
        rollcall watch --directory corp --json
      """)
  @Argument(help: "A server: ldap://, ldaps:// or ldapi://.") var url: String?
  @Option(help: "Where to look (default: the server's first naming context).") var base: String?
  @Option(help: "Which entries.") var filter = "(objectClass=*)"
  @Option(help: "The DN to bind as (default: anonymous).") var bind: String?
  @Option(help: "A file that holds the password.") var passwordFile: String?
  @Option(help: "An environment variable that holds the password.") var passwordEnv: String?
  @Option(help: "secure, prefer or insecure (default: insecure on the loopback, else secure).") var tls: String?
  @Option(help: "A PEM file of certificates to trust.") var ca: String?
  @Option(help: "With a file: which directory of it.") var directory: String?
  @OptionGroup var file: FileOptions
  @Flag(help: "One JSON object a line.") var json = false

  func run() async throws {
    let source = try await source()
    let printer = WatchPrinter(json: json)
    var known: [StableID: Entry] = [:]
    var refreshing = true
    while true {
      do {
        let stream = try await source.open(from: nil)
        var seen: Set<StableID> = []
        while true {
          for change in try await stream.next() {
            switch change {
            case .refreshBegan:
              refreshing = true
              seen = []
            case .refreshEnded(let completeness):
              // Who is not mentioned is gone only if everybody else was.
              if completeness == .whole {
                for (id, entry) in known where !seen.contains(id) { printer.departed(entry) }
                known = known.filter { seen.contains($0.key) }
              }
              if refreshing { Terminal.error("watching \(Words.count(seen.count, "entry", "entries"))") }
              refreshing = false
            case .upsert(let entry):
              seen.insert(entry.id)
              if !refreshing || known[entry.id].map({ $0 != entry }) == true {
                printer.changed(known[entry.id], entry)
              }
              known[entry.id] = entry
            case .departed(let id, _):
              if let entry = known.removeValue(forKey: id) { printer.departed(entry) }
            case .present, .patch, .checkpoint: break
            }
          }
        }
      } catch let error as LDAPError where !error.isRetriable {
        throw Failure("\(error)")
      } catch {
        Terminal.error("\(error); trying again in 2 s")
        try await Task.sleep(for: .seconds(2))
      }
    }
  }

  private func source() async throws -> any ChangeSource {
    guard let url else {
      let settings = try file.load()
      let wanted =
        directory.map { name in settings.directories.first { $0.name == name } } ?? settings.directories.first
      guard let wanted else { throw Failure("there is no directory '\(directory ?? "")' in the file", .wrong) }
      return try Parts.source(wanted, settings, once: false, log: LineLog.quiet)
    }
    let mode = try tls.map { text in
      guard let mode = TLSMode(rawValue: text) else { throw Failure("--tls is secure, prefer or insecure", .wrong) }
      return mode
    }
    let local = ["127.0.0.1", "localhost", "[::1]"].contains { url.contains("//\($0)") }
    var settings = ConnectionSettings(
      urls: [url], tls: mode ?? (local && url.hasPrefix("ldap://") ? .insecure : .secure), caFile: ca)
    if let bind { settings.bind = .simple(dn: bind, password: Secret(try password())) }
    return try await Parts.watching(settings, base: base, filter: filter)
  }

  private func password() throws -> String {
    if let passwordEnv {
      guard let value = ProcessInfo.processInfo.environment[passwordEnv] else {
        throw Failure("the environment has no \(passwordEnv)", .wrong)
      }
      return value
    }
    guard let passwordFile else { throw Failure("--bind needs --password-file or --password-env", .wrong) }
    guard let text = try? String(contentsOfFile: passwordFile, encoding: .utf8) else {
      throw Failure("\(passwordFile) cannot be read", .wrong)
    }
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}

/// Prints changes of entries.
struct WatchPrinter {
  let json: Bool

  func changed(_ old: Entry?, _ new: Entry) {
    guard let old else {
      return line("+", "added", new, new.attributes.names.joined(separator: ", "))
    }
    if old.dn != new.dn { line("→", "renamed", old, "renamed to \(new.dn.string)", to: new.dn.string) }
    let names = Set(old.attributes.names).union(new.attributes.names).sorted()
    let changes = names.compactMap { name -> String? in
      let (before, after) = (old.attributes.values(name), new.attributes.values(name))
      return before == after ? nil : "\(name) \(Self.text(before)) → \(Self.text(after))"
    }
    if !changes.isEmpty { line("~", "changed", new, changes.joined(separator: "; ")) }
  }

  func departed(_ entry: Entry) { line("-", "gone", entry, "") }

  private func line(_ mark: String, _ event: String, _ entry: Entry, _ detail: String, to: String? = nil) {
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    if json {
      var object = ["event": event, "dn": entry.dn.string, "id": entry.id.description, "detail": detail]
      object["time"] = Words.time(now, milliseconds: true)
      object["newDN"] = to
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      if let data = try? encoder.encode(object) { print(String(decoding: data, as: UTF8.self)) }
    } else {
      print(
        "\(Words.time(now, milliseconds: true))  \(mark) \(Words.pad(Words.safe(entry.dn.string), 48))"
          + (detail.isEmpty ? "" : "  \(Words.safe(detail))"))
    }
    fflush(nil)
  }

  private static func text(_ values: [Attributes.Value]) -> String {
    guard !values.isEmpty else { return "nothing" }
    return values.prefix(4).map { value in
      value.text.map { "\"\(Words.cut($0, 40))\"" } ?? "octets"
    }.joined(separator: ", ") + (values.count > 4 ? " and \(values.count - 4) more" : "")
  }
}
