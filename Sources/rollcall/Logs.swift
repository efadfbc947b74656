import Foundation
import Logging
import Settings
import Synchronization

/// Log lines on standard error: text for people, JSON for machines. Control characters are escaped, so that nothing a
/// directory or a target says can forge a line.
struct LineLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  let format: RollcallSettings.LogFormat

  static func logger(_ format: RollcallSettings.LogFormat, level: Logger.Level = .info) -> Logger {
    Logger(label: "rollcall") { _ in LineLog(logLevel: level, format: format) }
  }

  /// A logger that says nothing below an error: for commands that print their own report.
  static var quiet: Logger { logger(.text, level: .error) }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    let date = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true, timeZone: .current))
    switch format {
    case .text:
      let subject = all["directory"] ?? all["target"]
      let rest = all.filter { $0.key != "directory" && $0.key != "target" }.sorted { $0.key < $1.key }
        .map { " \($0.key)=\(Words.safe("\($0.value)"))" }.joined()
      let prefix = subject.map { "\(Words.safe("\($0)")): " } ?? ""
      Terminal.error("\(date) \(event.level) \(prefix)\(Words.safe("\(event.message)"))\(rest)")
    case .json:
      var object = all.mapValues { "\($0)" }
      object["time"] = date
      object["level"] = event.level.rawValue
      object["message"] = "\(event.message)"
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      if let line = try? encoder.encode(object) { Terminal.error(String(decoding: line, as: UTF8.self)) }
    }
  }
}
