internal import Accounts
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

  /// A search filter (RFC 4515) as it was written, in parentheses. Its attributes are read with each entry, so it may
  /// not ask for passwords.
  static func filter(_ text: String) throws(Trouble) -> String {
    let filter: Filter
    do throws(FilterError) {
      filter = try Filter(parsing: text)
    } catch {
      throw Trouble(offset: scalars(in: text, octets: error.offset), message: error.message)
    }
    if let secret = filter.attributes.sorted().first(where: { AttributeNames.isSecret($0.lowercased()) }) {
      throw Trouble(offset: 0, message: "'\(secret)' is a secret and never read")
    }
    return text.first { !$0.isWhitespace } == "(" ? text : "(\(text))"
  }

  /// Checks a distinguished name (RFC 4514).
  static func validateName(_ text: String) throws(Trouble) {
    do throws(DistinguishedNameError) {
      _ = try DistinguishedName.parse(text)
    } catch {
      throw Trouble(
        offset: scalars(in: text, octets: error.offset),
        message: "not a distinguished name such as dc=example,dc=com: \(error.message)")
    }
  }

  /// Whether a name is another one or lies below it.
  static func isBelow(_ name: DistinguishedName, _ base: DistinguishedName) -> Bool { name.isBelowOrEqual(base) }

  /// An offset in octets as one in Unicode scalars.
  private static func scalars(in text: String, octets: Int) -> Int {
    String(decoding: text.utf8.prefix(octets), as: UTF8.self).unicodeScalars.count
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
