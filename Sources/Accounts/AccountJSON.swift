internal import Directory

// An account as JSON: one object, its members the fields in canonical order. Text is a string, a list an array of
// strings, a flag true or false. Octets are a `data:` URL (RFC 2397), a reference is {"$ref":"sha256-…"}.
//
// The form is read back exactly. So that a text which happens to begin with `data:` stays a text, its first letter is
// written as an escape, `\u0064ata:`, which is the same string to every JSON reader but this one.

extension Account {
  /// Appends the fields as one JSON object, in the order of ``Field``.
  public func appendJSON(to run: inout [UInt8]) {
    var separator = UInt8(ascii: "{")
    for (field, value) in fields {
      run.append(separator)
      run.appendJSONString(field.rawValue)
      run.append(UInt8(ascii: ":"))
      value.appendJSON(to: &run)
      separator = UInt8(ascii: ",")
    }
    if fields.isEmpty { run.append(separator) }
    run.append(UInt8(ascii: "}"))
  }

  /// The most octets that are read as an account.
  public static let largestJSON = 64 << 20

  /// The most fields that are read.
  static let mostFields = 1024

  /// Reads what ``appendJSON(to:)`` wrote; nil for anything else, such as numbers, deeper objects, a field twice, or
  /// more than ``largestJSON`` octets.
  public init?(kind: Kind, json: [UInt8]) {
    guard json.count <= Self.largestJSON else { return nil }
    self.init(kind: kind)
    var reader = JSONReader(json)
    let complete = reader.object { name, reader in
      guard fields.count < Self.mostFields, let value = FieldValue(from: &reader) else { return false }
      let field = Field(rawValue: name)
      guard self[field] == nil else { return false }
      self[field] = value
      return true
    }
    guard complete, reader.isAtEnd else { return nil }
  }
}

extension FieldValue {
  /// Appends the value as JSON; see ``Account/appendJSON(to:)``.
  public func appendJSON(to run: inout [UInt8]) {
    switch self {
    case .text(let text):
      guard text.utf8.starts(with: JSONReader.dataScheme) else { return run.appendJSONString(text) }
      run.append(UInt8(ascii: "\""))
      run.append(contentsOf: #"\u0064"#.utf8)
      run.appendJSONEscaped(String(text.unicodeScalars.dropFirst()))
      run.append(UInt8(ascii: "\""))
    case .list(let texts):
      var separator = UInt8(ascii: "[")
      for text in texts {
        run.append(separator)
        run.appendJSONString(text)
        separator = UInt8(ascii: ",")
      }
      if texts.isEmpty { run.append(separator) }
      run.append(UInt8(ascii: "]"))
    case .flag(let flag):
      run.append(contentsOf: flag ? "true".utf8 : "false".utf8)
    case .octets(let octets):
      run.append(contentsOf: "\"data:".utf8)
      run.append(contentsOf: Self.mediaType(of: octets).utf8)
      run.append(contentsOf: ";base64,".utf8)
      Base64.append(octets, to: &run)
      run.append(UInt8(ascii: "\""))
    case .reference(let digest):
      run.append(contentsOf: #"{"$ref":"sha256-"#.utf8)
      run.appendHex(digest)
      run.append(contentsOf: "\"}".utf8)
    }
  }

  /// The media type that the first octets show: JPEG, PNG and GIF are known.
  public static func mediaType(of octets: [UInt8]) -> String {
    if octets.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if octets.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    if octets.starts(with: "GIF8".utf8) { return "image/gif" }
    return "application/octet-stream"
  }

  fileprivate init?(from reader: inout JSONReader) {
    switch reader.peek() {
    case UInt8(ascii: "\""):
      if reader.isAtDataURL {
        guard let octets = reader.dataURL() else { return nil }
        self = .octets(octets)
      } else {
        guard let text = reader.string() else { return nil }
        self = .text(text)
      }
    case UInt8(ascii: "["):
      guard let texts = reader.strings() else { return nil }
      self = .list(texts)
    case UInt8(ascii: "{"):
      var digest: [UInt8]?
      let complete = reader.object { name, reader in
        guard digest == nil, name == "$ref", let text = reader.string() else { return false }
        digest = Self.digest(text)
        return digest != nil
      }
      guard complete, let digest else { return nil }
      self = .reference(digest)
    default:
      guard let flag = reader.flag() else { return nil }
      self = .flag(flag)
    }
  }

  private static func digest(_ text: String) -> [UInt8]? {
    let digits = text.utf8.dropFirst(7)
    guard text.hasPrefix("sha256-"), digits.count.isMultiple(of: 2), digits.count <= 128 else { return nil }
    var (octets, high): ([UInt8], UInt64?) = ([], nil)
    for digit in digits {
      guard let nibble = digit.hexNibble else { return nil }
      if let upper = high {
        octets.append(UInt8(upper << 4 | nibble))
        high = nil
      } else {
        high = nibble
      }
    }
    return octets
  }
}
