public import Accounts

/// All that is wrong with a file, in the order of the file.
public struct SettingsErrors: Error, Sendable, Equatable, CustomStringConvertible {
  /// The errors; never empty.
  public var findings: [Finding]

  /// One line each, `file:line:column: message`, then how many they are.
  public var description: String {
    (findings.map(\.description) + [findings.count == 1 ? "1 error" : "\(findings.count) errors"])
      .joined(separator: "\n")
  }
}

/// Something that is wrong, or doubtful, at a place in a file.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
  /// Where; line 0 for the file as a whole.
  public var location: SourceLocation
  /// What is wrong and what to do; never a secret.
  public var message: String

  /// `rollcall.yaml:31:13: ${env:HOOK_SECRET} is not set`
  public var description: String {
    location.line == 0
      ? "\(location.file): \(message)" : "\(location.file):\(location.line):\(location.column): \(message)"
  }
}

/// Collects what is found while a file is read: reading goes on after an error, so that one run tells all of them.
final class Findings {
  let file: String
  private(set) var errors: [Finding] = []
  private(set) var warnings: [Finding] = []

  init(file: String) { self.file = file }

  func error(_ mark: Mark, _ message: String) {
    errors.append(Finding(location: location(mark), message: message))
  }

  func warn(_ mark: Mark, _ message: String) {
    warnings.append(Finding(location: location(mark), message: message))
  }

  func location(_ mark: Mark) -> SourceLocation {
    SourceLocation(file: file, line: mark.line, column: mark.column)
  }

  /// Without repetition, in the order of the file.
  static func sorted(_ findings: [Finding]) -> [Finding] {
    var last: Finding?
    return findings.enumerated()
      .sorted { ($0.element.location, $0.offset) < ($1.element.location, $1.offset) }
      .compactMap { finding in
        defer { last = finding.element }
        return finding.element == last ? nil : finding.element
      }
  }
}

/// A place in the file that is being read: from 1, columns in Unicode scalars; line 0 is the file as a whole.
struct Mark: Equatable {
  var line: Int
  var column: Int

  static let file = Mark(line: 0, column: 0)
}
