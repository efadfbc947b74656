internal import Directory

/// The syntaxes of values that other rooms or standards define.
enum Syntax {
  /// What is wrong with a text, and where: in Unicode scalars from its beginning.
  struct Trouble: Error {
    var offset: Int
    var message: String
  }

  /// A name of a directory or target.
  static func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first.isLetterOrDigit, text.utf8.count <= 64 else { return false }
    return text.unicodeScalars.allSatisfy { $0.isLetterOrDigit || $0 == "-" || $0 == "_" || $0 == "." }
  }

  /// Checks a search filter (RFC 4515).
  static func validateFilter(_ text: String) throws(Trouble) {
    var open: [Int] = []
    var offset = 0
    for scalar in text.unicodeScalars {
      if offset == 0, scalar != "(" { throw Trouble(offset: 0, message: "a filter begins with '('") }
      if offset > 0, open.isEmpty { throw Trouble(offset: offset, message: "something follows the filter's end") }
      if scalar == "(" { open.append(offset) }
      if scalar == ")" { open.removeLast() }
      offset += 1
    }
    if let last = open.last { throw Trouble(offset: last, message: "the '(' that stands here is not closed") }
  }

  /// Checks a distinguished name (RFC 4514).
  static func validateName(_ text: String) throws(Trouble) {
    var (hasSign, isEscaped, isWhole) = (false, false, true)
    for scalar in text.unicodeScalars {
      if isEscaped {
        isEscaped = false
      } else {
        switch scalar {
        case "\\": isEscaped = true
        case "=": hasSign = true
        case ",", "+":
          isWhole = isWhole && hasSign
          hasSign = false
        default: break
        }
      }
    }
    guard isWhole, hasSign, !isEscaped else {
      throw Trouble(offset: 0, message: "'\(text)' is not a distinguished name, such as dc=example,dc=com")
    }
  }

  /// Whether a name is another one or lies below it, whatever the case of letters and the spaces around separators.
  static func isBelow(_ name: DistinguishedName, _ base: DistinguishedName) -> Bool {
    let (name, base) = (folded(name), folded(base))
    return name == base || name.hasSuffix("," + base)
  }

  private static func folded(_ name: DistinguishedName) -> String {
    name.string.lowercased().split(separator: ",").map { part in
      part.split(separator: "=", maxSplits: 1).map { String($0.trimmingSpaces) }.joined(separator: "=")
    }.joined(separator: ",")
  }

  /// An attribute's name (RFC 4512, section 2.5), without options.
  static func isAttribute(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first.isLetter else { return false }
    return text.unicodeScalars.allSatisfy { $0.isLetterOrDigit || $0 == "-" }
  }
}

extension Unicode.Scalar {
  fileprivate var isLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
  fileprivate var isLetterOrDigit: Bool { isLetter || ("0"..."9").contains(self) }
}

extension Substring {
  fileprivate var trimmingSpaces: Substring {
    var part = drop { $0 == " " }
    while part.last == " " { part.removeLast() }
    return part
  }
}
