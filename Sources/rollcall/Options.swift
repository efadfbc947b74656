import ArgumentParser
import Foundation
import Settings

/// Where the file is.
struct FileOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp(
      "The file (default: ./rollcall.yaml, then /etc/rollcall/rollcall.yaml).", valueName: "file"))
  var config: String?

  /// The path of the file that is meant.
  var path: String {
    get throws {
      if let config { return config }
      let usual = ["rollcall.yaml", "/etc/rollcall/rollcall.yaml"]
      guard let found = usual.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
        throw Failure("no file: neither ./rollcall.yaml nor /etc/rollcall/rollcall.yaml exists; use --config", .wrong)
      }
      return found
    }
  }

  /// The file, validated. Its errors, one a line, end the command.
  func load() throws -> RollcallSettings {
    switch RollcallSettings.load(path: try path, environment: ProcessInfo.processInfo.environment) {
    case .success(let settings):
      for warning in settings.warnings { Terminal.error("\(warning)") }
      return settings
    case .failure(let errors): throw Failure("\(errors)", .wrong)
    }
  }
}

/// How the answer is printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON.")
  var json = false

  func print(_ value: some Encodable, as text: () -> Void) throws {
    guard json else { return text() }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
