/// A writer and reader of BER (X.690) as small as LDAP needs it, written apart from the code under test so that a
/// mistake there is not made here as well.
public enum BER {
  /// Tag, length in as few octets as possible, contents.
  public static func node(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] { [tag] + length(contents.count) + contents }

  /// A constructed node of several.
  public static func node(_ tag: UInt8, _ parts: [[UInt8]]) -> [UInt8] { node(tag, Array(parts.joined())) }

  /// A SEQUENCE.
  public static func sequence(_ parts: [UInt8]...) -> [UInt8] { node(0x30, parts) }

  /// An OCTET STRING of a text's UTF-8.
  public static func string(_ text: String, tag: UInt8 = 0x04) -> [UInt8] { node(tag, Array(text.utf8)) }

  /// An OCTET STRING.
  public static func octets(_ octets: [UInt8], tag: UInt8 = 0x04) -> [UInt8] { node(tag, octets) }

  /// An INTEGER, or with 0x0a an ENUMERATED.
  public static func integer(_ number: Int, tag: UInt8 = 0x02) -> [UInt8] {
    var octets: [UInt8] = []
    var rest = number
    repeat {
      octets.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    } while !(rest == 0 && octets[0] < 0x80) && !(rest == -1 && octets[0] >= 0x80)
    return node(tag, octets)
  }

  /// A BOOLEAN.
  public static func boolean(_ value: Bool) -> [UInt8] { [0x01, 0x01, value ? 0xff : 0x00] }

  static func length(_ count: Int) -> [UInt8] {
    if count < 0x80 { return [UInt8(count)] }
    var octets: [UInt8] = []
    var rest = count
    while rest > 0 {
      octets.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    }
    return [0x80 | UInt8(octets.count)] + octets
  }

  /// One node as read.
  public struct Node: Sendable, Equatable {
    /// The identifier octet.
    public let tag: UInt8
    /// The contents octets.
    public let contents: [UInt8]

    /// The contents as text.
    public var text: String { String(decoding: contents, as: UTF8.self) }
    /// The contents as a number.
    public var number: Int { contents.reduce(contents.first.map { $0 >= 0x80 ? -1 : 0 } ?? 0) { $0 << 8 | Int($1) } }
    /// The nodes inside; empty where the contents are none.
    public var children: [Node] { BER.nodes(contents) }
  }

  /// The nodes that stand one after the other in some octets, until they end or make no sense.
  public static func nodes(_ octets: [UInt8]) -> [Node] {
    var nodes: [Node] = []
    var position = 0
    while position + 2 <= octets.count {
      let tag = octets[position]
      var count = Int(octets[position + 1])
      position += 2
      if count >= 0x80 {
        let digits = count & 0x7f
        guard digits <= 4, position + digits <= octets.count else { return nodes }
        count = octets[position..<position + digits].reduce(0) { $0 << 8 | Int($1) }
        position += digits
      }
      guard position + count <= octets.count else { return nodes }
      nodes.append(Node(tag: tag, contents: Array(octets[position..<position + count])))
      position += count
    }
    return nodes
  }
}
