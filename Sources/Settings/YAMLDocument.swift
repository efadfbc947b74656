internal import Yams

/// Reads YAML through Yams, and refuses what an administrator's file has no use for: anchors and aliases (a few lines
/// of them unfold to gigabytes), keys that stand twice, keys that are no text, deep nesting, more than one document.
struct YAMLDocument {
  /// The most octets of a file.
  static let sizeLimit = 1 << 20
  /// How deep mappings and lists may nest.
  static let depthLimit = 16
  /// Unless there are more than this, texts that look like aliases are left to the parser to judge: it hashes keys
  /// with everything that aliases stand for in them, which doubles with each.
  private static let aliasLimit = 16

  private let findings: Findings
  private let source: YAMLSource
  /// Keys that stood twice, by the letter that their first occurrence was given instead of its own.
  private var renamed: [Unicode.Scalar: String] = [:]
  /// Whether there are anchors: then what is missing from the tree is no error of its own.
  private var anchors = false

  /// The root, or nil after an error. An empty file is an empty mapping.
  static func read(_ text: String, into findings: Findings) -> YAMLNode? {
    guard text.utf8.count <= sizeLimit else {
      findings.error(.file, "the file is larger than \(sizeLimit >> 20) MiB")
      return nil
    }
    var document = YAMLDocument(findings: findings, source: YAMLSource(text))
    if let mark = document.aliasBomb(text) {
      findings.error(mark, "aliases ('*name') are not allowed: write the value where it is needed")
      return nil
    }
    return document.compose(text)
  }

  private init(findings: Findings, source: YAMLSource) {
    self.findings = findings
    self.source = source
  }

  private mutating func compose(_ text: String) -> YAMLNode? {
    var text = text
    while true {
      do {
        let parser = try Parser(yaml: text, encoding: .utf8)
        // A node knows its anchor only as long as the parser lives.
        return try withExtendedLifetime(parser) {
          guard let root = try parser.singleRoot() else {
            return YAMLNode(content: .mapping([]), mark: Mark(line: 1, column: 1))
          }
          let node = convert(root, depth: 1)
          return anchors ? nil : node
        }
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        let mark = Mark(line: context.mark.line, column: context.mark.column)
        guard let next = rename(keys.first ?? "", at: mark, in: text) else {
          findings.error(mark, "the key '\(keys.first ?? "")' stands twice here")
          return nil
        }
        text = next
      } catch let error as YamlError {
        report(error)
        return nil
      } catch {
        findings.error(.file, "\(error)")
        return nil
      }
    }
  }

  /// Yams stops at a key that stands twice. To find all errors in one go, the first of the two gets a letter that no
  /// file contains, and the file is read again.
  private mutating func rename(_ key: String, at mark: Mark, in text: String) -> String? {
    guard renamed.count < 100, let letter = Unicode.Scalar(0xf0000 + renamed.count) else { return nil }
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
    guard lines.indices.contains(mark.line - 1), key.unicodeScalars.count > 0 else { return nil }
    let isQuoted = source[mark].map { $0 == "\"" || $0 == "'" } ?? false
    let column = mark.column - 1 + (isQuoted ? 1 : 0)
    guard lines[mark.line - 1].indices.contains(column), lines[mark.line - 1][column] == key.unicodeScalars.first
    else { return nil }
    lines[mark.line - 1][column] = letter
    renamed[letter] = key
    return lines.map { line in
      var view = String.UnicodeScalarView()
      view.append(contentsOf: line)
      return String(view)
    }.joined(separator: "\n")
  }

  private mutating func convert(_ node: Node, depth: Int) -> YAMLNode? {
    let mark = node.mark.map { Mark(line: $0.line, column: $0.column) } ?? .file
    if let anchor = node.anchor {
      anchors = true
      findings.error(
        mark, "anchors and aliases ('&\(anchor.rawValue)') are not allowed: write the value where it is needed")
      return nil
    }
    guard depth <= Self.depthLimit else {
      findings.error(mark, "more than \(Self.depthLimit) levels")
      return nil
    }
    switch node {
    case .scalar(let scalar):
      let style: YAMLNode.Style =
        switch scalar.style {
        case .singleQuoted: .quoted("'")
        case .doubleQuoted: .quoted("\"")
        case .literal, .folded: .block
        default: .plain
        }
      return YAMLNode(content: .scalar(scalar.string, style), mark: mark)
    case .sequence(let sequence):
      var items: [YAMLNode] = []
      for item in sequence { if let node = convert(item, depth: depth + 1) { items.append(node) } }
      return YAMLNode(content: .list(items), mark: mark)
    case .mapping(let mapping):
      return YAMLNode(content: .mapping(pairs(of: mapping, depth: depth)), mark: mark)
    case .alias:
      findings.error(mark, "aliases are not allowed: write the value where it is needed")
      return nil
    }
  }

  private mutating func pairs(of mapping: Node.Mapping, depth: Int) -> [(key: YAMLNode.Key, value: YAMLNode)] {
    var pairs: [(key: YAMLNode.Key, value: YAMLNode)] = []
    var firsts: [String: Int] = [:]
    for (key, value) in mapping {
      let mark = key.mark.map { Mark(line: $0.line, column: $0.column) } ?? .file
      if key.anchor != nil {
        _ = convert(key, depth: depth)
        continue
      }
      guard case .scalar(let scalar) = key else {
        findings.error(mark, "a key must be a plain text")
        continue
      }
      let text = scalar.string.unicodeScalars.first.flatMap { renamed[$0] } ?? scalar.string
      let converted = convert(value, depth: depth + 1)
      if let first = firsts[text] {
        findings.error(mark, "the key '\(text)' stands twice: first in line \(first)")
        continue
      }
      firsts[text] = mark.line
      if let converted { pairs.append((YAMLNode.Key(text: text, mark: mark), converted)) }
    }
    return pairs
  }

  private func report(_ error: YamlError) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      let place = Mark(line: mark.line, column: mark.column)
      var hint = source[place] == "\t" ? " (indent with spaces, not with tabs)" : ""
      if problem.contains("did not find expected ',' or") {
        hint = " (inside [ ] and { }, put ${…} and texts with commas or braces in quotes)"
      }
      let start = context.map { " \($0.text) from line \($0.mark.line)" } ?? ""
      findings.error(place, "this is not YAML: \(problem)\(start)\(hint)")
    case .composer(_, let problem, let mark, _):
      let place = Mark(line: mark.line, column: mark.column)
      findings.error(
        place,
        problem.contains("another document")
          ? "a second document begins here; a file has only one" : "this is not YAML: \(problem)")
    case .reader(let problem, _, _, _): findings.error(.file, "this is not YAML: \(problem)")
    default: findings.error(.file, "this is not YAML")
    }
  }

  /// Where the first of too many aliases stands, as far as that can be told without parsing.
  private func aliasBomb(_ text: String) -> Mark? {
    var (line, column, count) = (1, 0, 0)
    var first: Mark?
    var (before, last): (Unicode.Scalar, Unicode.Scalar) = ("\n", "\n")
    for scalar in text.unicodeScalars {
      let isName = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      if last == "*", isName, " \t\n[{,:".unicodeScalars.contains(before) {
        count += 1
        first = first ?? Mark(line: line, column: column)
      }
      (before, last) = (last, scalar)
      column += 1
      if scalar == "\n" { (line, column) = (line + 1, 0) }
    }
    return count > Self.aliasLimit ? first : nil
  }
}
