/// A part of a YAML file: texts, lists and mappings with their places. A scalar is the text that stands there and
/// nothing else, so that `off`, `0123` and `yes` hold no surprises: its key says what it means.
struct YAMLNode {
  enum Content {
    case scalar(String, Style)
    case list([YAMLNode])
    case mapping([(key: Key, value: YAMLNode)])
  }

  /// How a scalar is written, which decides where in the file its letters are.
  enum Style {
    case plain
    case quoted(Unicode.Scalar)
    case block
  }

  struct Key {
    var text: String
    var mark: Mark
  }

  var content: Content
  var mark: Mark

  /// What it is, for messages.
  var told: String {
    switch content {
    case .scalar(let text, _): text.isEmpty ? "empty" : "a text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// The lines of a file, for finding out where in it a letter of a scalar stands.
struct YAMLSource {
  private let lines: [[Unicode.Scalar]]

  init(_ text: String) {
    lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
  }

  /// The scalar at a place, if there is one.
  subscript(mark: Mark) -> Unicode.Scalar? {
    guard lines.indices.contains(mark.line - 1) else { return nil }
    let line = lines[mark.line - 1]
    return line.indices.contains(mark.column - 1) ? line[mark.column - 1] : nil
  }

  /// Where a letter of a scalar stands. A scalar over several lines, or with escapes that stand for something else, is
  /// only known by its beginning.
  /// - Parameter offset: in Unicode scalars from the beginning of the text.
  func mark(of offset: Int, in node: YAMLNode) -> Mark {
    guard case .scalar(let text, let style) = node.content, lines.indices.contains(node.mark.line - 1) else {
      return node.mark
    }
    let line = lines[node.mark.line - 1]
    var column = node.mark.column - 1
    var quote: Unicode.Scalar?
    switch style {
    case .block: return node.mark
    case .plain: break
    case .quoted(let sign):
      quote = sign
      column += 1
    }
    for letter in text.unicodeScalars.prefix(offset) {
      guard column < line.count else { return node.mark }
      if let quote, line[column] == quote || quote == "\"" && line[column] == "\\" {
        column += 1
        guard column < line.count else { return node.mark }
      }
      guard line[column] == letter else { return node.mark }
      column += 1
    }
    return Mark(line: node.mark.line, column: column + 1)
  }
}
