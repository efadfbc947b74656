internal import Directory

/// Writes JSON (RFC 8259) into a run of octets without an object per value: for payloads built twenty thousand times a
/// second. Separators are its business; that keys and values alternate is the caller's.
public struct JSONWriter: Sendable {
  /// What has been written.
  public private(set) var octets: [UInt8]
  private var separate = false

  /// A writer that appends to octets which stand before the first value.
  public init(after octets: [UInt8] = []) { self.octets = octets }

  /// An object: `body` writes its members.
  public mutating func object(_ body: (inout JSONWriter) -> Void) {
    open(UInt8(ascii: "{"))
    body(&self)
    close(UInt8(ascii: "}"))
  }

  /// An array: `body` writes its elements.
  public mutating func array(_ body: (inout JSONWriter) -> Void) {
    open(UInt8(ascii: "["))
    body(&self)
    close(UInt8(ascii: "]"))
  }

  /// The name of the member whose value comes next.
  public mutating func key(_ name: String) {
    string(name)
    octets.append(UInt8(ascii: ":"))
    separate = false
  }

  /// A string.
  public mutating func string(_ text: String) {
    begin()
    octets.appendJSONString(text)
  }

  /// A number.
  public mutating func integer(_ number: Int64) {
    begin()
    octets.append(contentsOf: String(number).utf8)
  }

  /// True or false.
  public mutating func flag(_ flag: Bool) {
    begin()
    octets.append(contentsOf: flag ? "true".utf8 : "false".utf8)
  }

  /// The absence of a value.
  public mutating func null() {
    begin()
    octets.append(contentsOf: "null".utf8)
  }

  /// A value that `body` appends, already in JSON.
  public mutating func raw(_ body: (inout [UInt8]) -> Void) {
    begin()
    body(&octets)
  }

  /// A member whose value is a string.
  public mutating func member(_ name: String, _ text: String) {
    key(name)
    string(text)
  }

  private mutating func begin() {
    if separate { octets.append(UInt8(ascii: ",")) }
    separate = true
  }

  private mutating func open(_ bracket: UInt8) {
    begin()
    octets.append(bracket)
    separate = false
  }

  private mutating func close(_ bracket: UInt8) {
    octets.append(bracket)
    separate = true
  }
}

extension [UInt8] {
  /// Appends a JSON string with its quotes.
  mutating func appendJSONString(_ text: String) {
    append(UInt8(ascii: "\""))
    appendJSONEscaped(text)
    append(UInt8(ascii: "\""))
  }

  /// Appends the text of a JSON string: quotes, backslashes and control characters escaped (RFC 8259, section 7), the
  /// rest as it is, in UTF-8.
  mutating func appendJSONEscaped(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      var start = 0
      for index in 0..<utf8.count where utf8[index].needsJSONEscape {
        append(contentsOf: utf8[start..<index])
        appendJSONEscape(of: utf8[index])
        start = index + 1
      }
      append(contentsOf: utf8[start...])
    }
  }

  private mutating func appendJSONEscape(of octet: UInt8) {
    append(UInt8(ascii: "\\"))
    switch octet {
    case 0x22, 0x5C: append(octet)
    case 0x08: append(UInt8(ascii: "b"))
    case 0x09: append(UInt8(ascii: "t"))
    case 0x0A: append(UInt8(ascii: "n"))
    case 0x0C: append(UInt8(ascii: "f"))
    case 0x0D: append(UInt8(ascii: "r"))
    default:
      append(contentsOf: "u00".utf8)
      appendHex([octet])
    }
  }

  /// Appends two lower-case digits for each octet.
  package mutating func appendHex(_ octets: some Collection<UInt8>) {
    for octet in octets {
      append(.lowercaseHex(octet >> 4))
      append(.lowercaseHex(octet & 15))
    }
  }
}

extension UInt8 {
  fileprivate var needsJSONEscape: Bool { self < 0x20 || self == 0x22 || self == 0x5C }
}
