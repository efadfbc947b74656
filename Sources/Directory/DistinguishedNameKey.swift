extension DistinguishedName {
  /// The first octet of the key of a text that is no distinguished name; no type begins with it.
  static let invalidMark: UInt8 = 0x02

  /// The name in a form in which equal names are equal octet by octet, and in which an entry stands below another one if
  /// the other's key is a prefix of its own; in octet order a subtree is one range, from the key of its root to the key
  /// with its last octet, which is 0x00, replaced by 0x01.
  ///
  /// The relative names stand in reverse, the root's first, each followed by 0x00: `dc=com␀dc=example␀uid=jdoe␀`. Types
  /// are lower case and by their short name; values are prepared as `caseIgnoreMatch` does (see ``StringPreparation``), their
  /// escapes decoded; the assertions of a multi-valued relative name are in ascending order. 0x00 and 0x01 inside a value
  /// are written 0x01 0x01 and 0x01 0x02, 0x01 0x03 stands between two assertions, and 0x01 0x04 before a value that is
  /// compared octet by octet. A text that is no name has 0x02, itself, 0x00. The root's key is empty.
  ///
  /// Computed at each call, a few nanoseconds per octet for names of plain ASCII; keep it where it is needed twice.
  public var key: [UInt8] {
    if let fast = fastKey { return fast }
    guard let names = try? NameScanner.scan(string) else {
      var key = [Self.invalidMark]
      Self.append(string.utf8, to: &key)
      key.append(0)
      return key
    }
    var key: [UInt8] = []
    key.reserveCapacity(string.utf8.count + 4)
    for name in names.reversed() {
      if name.assertions.count == 1 {
        Self.append(name.assertions[0], to: &key)
      } else {
        let parts = name.assertions.map { assertion -> [UInt8] in
          var part: [UInt8] = []
          Self.append(assertion, to: &part)
          return part
        }
        for (index, part) in parts.sorted(by: { $0.lexicographicallyPrecedes($1) }).enumerated() {
          if index > 0 { key += [0x01, 0x03] }
          key += part
        }
      }
      key.append(0)
    }
    return key
  }

  private static func append(_ assertion: AttributeAssertion, to key: inout [UInt8]) {
    key += assertion.type
    key.append(UInt8(ascii: "="))
    if assertion.isOpaque {
      key += [0x01, 0x04]
      append(assertion.value, to: &key)
    } else {
      append(StringPreparation.prepared(assertion.value), to: &key)
    }
  }

  private static func append(_ octets: some Sequence<UInt8>, to key: inout [UInt8]) {
    for octet in octets {
      if octet < 2 { key += [0x01, octet + 1] } else { key.append(octet) }
    }
  }

  /// The key of a name that is nothing but ASCII without escapes, quotes, needless spaces, multi-valued relative names
  /// and types that may have another name, as nearly all are; nil for all others. One pass over the octets from their
  /// end, since the result is as long as the text and one more.
  private var fastKey: [UInt8]? {
    var copy = string
    return copy.withUTF8 { text -> [UInt8]? in
      guard !text.isEmpty else { return [] }
      var isPlain = true
      let key = [UInt8](unsafeUninitializedCapacity: text.count + 1) { key, count in
        var end = text.count
        while end >= 0 {
          var start = end
          while start > 0, text[start - 1] != UInt8(ascii: ",") { start -= 1 }
          guard Self.copy(text, start..<end, to: key, at: text.count - end) else {
            isPlain = false
            return
          }
          end = start - 1
        }
        count = text.count + 1
      }
      return isPlain ? key : nil
    }
  }

  private static func copy(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to key: UnsafeMutableBufferPointer<UInt8>, at offset: Int
  ) -> Bool {
    var target = offset
    var position = range.lowerBound
    while position < range.upperBound, text[position] != UInt8(ascii: "=") {
      let octet = text[position].asciiLowercased
      guard (0x61...0x7a).contains(octet) else { return false }
      key[target] = octet
      target += 1
      position += 1
    }
    let type = position - range.lowerBound
    guard (1...5).contains(type), position < range.upperBound,
      !AttributeType.isShortAlias(UnsafeBufferPointer(rebasing: key[offset..<offset + type]))
    else { return false }
    var previous: UInt8 = 0x20
    key[target] = UInt8(ascii: "=")
    target += 1
    position += 1
    while position < range.upperBound {
      let octet = text[position]
      switch octet {
      case 0x20: guard previous != 0x20 else { return false }
      case 0x22, 0x23, 0x2b, 0x3b, 0x3c, 0x3e, 0x5c, 0x00..<0x20, 0x7f...0xff: return false
      default: break
      }
      key[target] = octet.asciiLowercased
      previous = octet
      target += 1
      position += 1
    }
    guard previous != 0x20 else { return false }
    key[target] = 0
    return true
  }
}
