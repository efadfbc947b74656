internal import Crypto

/// The attributes of an entry in one canonical run of bytes, so that two readings of the same entry are equal byte for
/// byte although LDAP orders neither attributes nor values, and so that an entry travels from the wire to the ledger
/// without an object per value.
///
/// The run is a sequence of attributes in ascending order of their description (name and options, lower case):
/// length and bytes of the description, the number of values, then the values in ascending order of their octets, each
/// with a header `length × 2 + isReference`. Numbers are unsigned LEB128. A *reference* is the SHA-256 of a large value
/// that is kept elsewhere, once; see ``externalised(above:)``.
public struct Attributes: Hashable, Sendable {
  /// The canonical run.
  public let bytes: [UInt8]

  /// No attributes.
  public init() { bytes = [] }

  /// A run that ``bytes`` gave earlier.
  public init(canonical bytes: [UInt8]) { self.bytes = bytes }

  /// Builds the run from attributes in any order. A description that stands twice is one attribute with the values of
  /// both: RFC 4511 forbids servers to send that, and slapd does after a `slapadd -q` of such an entry.
  /// The pointers are read before this returns and not kept.
  public init(encoding attributes: [(description: UnsafeRawBufferPointer, values: [UnsafeRawBufferPointer])]) {
    var flat: [(description: UnsafeRawBufferPointer, values: Range<Int>)] = []
    var values: [UnsafeRawBufferPointer] = []
    for attribute in attributes {
      flat.append((attribute.description, values.count..<values.count + attribute.values.count))
      values += attribute.values
    }
    self.init(encoding: &flat, values: &values)
  }

  /// The same from lists that the caller keeps from entry to entry: each attribute's values are a range of `values`.
  /// Both lists are sorted in place.
  public init(
    encoding attributes: inout [(description: UnsafeRawBufferPointer, values: Range<Int>)],
    values: inout [UnsafeRawBufferPointer]
  ) {
    attributes.sort { $0.description.precedesIgnoringCase($1.description) }
    Self.unite(&attributes, &values)
    var size = 0
    for (description, range) in attributes {
      size += description.count + Self.octets(description.count) + Self.octets(range.count)
      for index in range { size += values[index].count + Self.octets(values[index].count << 1) }
      if range.count > 1 { values[range].sort { $0.precedes($1) } }
    }
    bytes = [UInt8](unsafeUninitializedCapacity: size) { run, count in
      for (description, range) in attributes {
        run.appendLEB128(description.count, at: &count)
        for byte in description {
          run[count] = byte.asciiLowercased
          count += 1
        }
        run.appendLEB128(range.count, at: &count)
        for index in range {
          run.appendLEB128(values[index].count << 1, at: &count)
          UnsafeMutableRawBufferPointer(run).baseAddress?.advanced(by: count).copy(values[index])
          count += values[index].count
        }
      }
    }
  }

  /// Makes one of neighbours with the same description.
  private static func unite(
    _ attributes: inout [(description: UnsafeRawBufferPointer, values: Range<Int>)],
    _ values: inout [UnsafeRawBufferPointer]
  ) {
    for index in attributes.indices.dropFirst().reversed()
    where !attributes[index - 1].description.precedesIgnoringCase(attributes[index].description) {
      let start = values.count
      values += Array(values[attributes[index - 1].values]) + Array(values[attributes[index].values])
      attributes[index - 1].values = start..<values.count
      attributes.remove(at: index)
    }
  }

  /// How many octets the LEB128 of a number takes.
  private static func octets(_ number: Int) -> Int { Swift.max(1, (Int.bitWidth - number.leadingZeroBitCount + 6) / 7) }

  /// For tests and small things: attributes from a dictionary of texts.
  public init(_ texts: [String: [String]]) { self.init(octets: texts.mapValues { $0.map { Array($0.utf8) } }) }

  /// Attributes from a dictionary of octet strings.
  public init(octets: [String: [[UInt8]]]) {
    var run: [UInt8] = []
    for (name, values) in octets.map({ ($0.key.lowercased(), $0.value) }).sorted(by: { $0.0 < $1.0 }) {
      run.appendLEB128(name.utf8.count)
      run.append(contentsOf: name.utf8)
      run.appendLEB128(values.count)
      for value in values.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        run.appendLEB128(value.count << 1)
        run.append(contentsOf: value)
      }
    }
    bytes = run
  }
}

extension Attributes {
  /// One value: its octets, or the SHA-256 of octets kept elsewhere.
  public enum Value: Hashable, Sendable {
    case octets(ArraySlice<UInt8>)
    case reference(ArraySlice<UInt8>)

    /// The value as text, if it is UTF-8 and held here.
    public var text: String? {
      guard case .octets(let octets) = self else { return nil }
      return String(validating: octets, as: UTF8.self)
    }
  }

  /// One attribute of the run.
  public struct Attribute: Sendable {
    /// Name and options, lower case.
    public let description: ArraySlice<UInt8>
    /// How many values there are.
    public let count: Int
    /// The values' part of the run.
    let run: ArraySlice<UInt8>

    /// Name and options as text.
    public var name: String { String(decoding: description, as: UTF8.self) }

    /// The values, in ascending order of their octets.
    public var values: [Value] {
      var result: [Value] = []
      result.reserveCapacity(count)
      var position = run.startIndex
      for _ in 0..<count {
        let header = run.readLEB128(at: &position)
        let octets = run[position..<position + header >> 1]
        result.append(header & 1 == 1 ? .reference(octets) : .octets(octets))
        position += header >> 1
      }
      return result
    }
  }

  /// Calls `body` for each attribute, in order of description, until it returns false.
  public func forEach(_ body: (Attribute) throws -> Bool) rethrows {
    var position = 0
    let run = bytes[...]
    while position < bytes.count {
      let length = run.readLEB128(at: &position)
      let description = run[position..<position + length]
      position += length
      let count = run.readLEB128(at: &position)
      let start = position
      for _ in 0..<count { position += run.readLEB128(at: &position) >> 1 }
      guard try body(Attribute(description: description, count: count, run: run[start..<position])) else { return }
    }
  }

  /// The values of the attribute with this lower-case description; empty if absent.
  public func values(_ description: String) -> [Value] {
    var found: [Value] = []
    let wanted = description.utf8
    forEach { attribute in
      guard attribute.description.count == wanted.count, attribute.description.elementsEqual(wanted) else {
        return true
      }
      found = attribute.values
      return false
    }
    return found
  }

  /// The values that are text.
  public func texts(_ description: String) -> [String] { values(description).compactMap(\.text) }

  /// All descriptions that have at least one value.
  public var names: [String] {
    var names: [String] = []
    forEach { attribute in
      if attribute.count > 0 { names.append(attribute.name) }
      return true
    }
    return names
  }

  /// The run with every value longer than `limit` octets replaced by a reference, and those values.
  /// Photos and other large values are kept once, by digest.
  public func externalised(above limit: Int) -> (Attributes, [(digest: [UInt8], octets: [UInt8])]) {
    guard bytes.count > limit else { return (self, []) }
    var large: [(digest: [UInt8], octets: [UInt8])] = []
    var run: [UInt8] = []
    forEach { attribute in
      run.appendLEB128(attribute.description.count)
      run.append(contentsOf: attribute.description)
      run.appendLEB128(attribute.count)
      for value in attribute.values {
        switch value {
        case .octets(let octets) where octets.count > limit:
          let digest = Array(SHA256.hash(data: octets))
          large.append((digest, Array(octets)))
          run.appendLEB128(digest.count << 1 | 1)
          run.append(contentsOf: digest)
        case .octets(let octets):
          run.appendLEB128(octets.count << 1)
          run.append(contentsOf: octets)
        case .reference(let digest):
          run.appendLEB128(digest.count << 1 | 1)
          run.append(contentsOf: digest)
        }
      }
      return true
    }
    return (Attributes(canonical: run), large)
  }
}

extension [UInt8] {
  mutating func appendLEB128(_ number: Int) {
    var rest = UInt64(number)
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}

extension UnsafeMutableBufferPointer<UInt8> {
  fileprivate func appendLEB128(_ number: Int, at position: inout Int) {
    var rest = UInt64(number)
    while rest >= 0x80 {
      self[position] = UInt8(truncatingIfNeeded: rest) | 0x80
      position += 1
      rest >>= 7
    }
    self[position] = UInt8(rest)
    position += 1
  }
}

extension UnsafeMutableRawPointer {
  fileprivate func copy(_ octets: UnsafeRawBufferPointer) {
    if let start = octets.baseAddress { copyMemory(from: start, byteCount: octets.count) }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these octets stand before the others, octet by octet, the shorter first.
  fileprivate func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
    let common = Swift.min(count, other.count)
    for index in 0..<common where self[index] != other[index] { return self[index] < other[index] }
    return count < other.count
  }

  fileprivate func precedesIgnoringCase(_ other: UnsafeRawBufferPointer) -> Bool {
    let common = Swift.min(count, other.count)
    for index in 0..<common {
      let (mine, theirs) = (self[index].asciiLowercased, other[index].asciiLowercased)
      if mine != theirs { return mine < theirs }
    }
    return count < other.count
  }
}

extension ArraySlice<UInt8> {
  func readLEB128(at position: inout Int) -> Int {
    var number = 0
    var shift = 0
    while true {
      let byte = self[position]
      position += 1
      number |= Int(byte & 0x7f) << shift
      if byte < 0x80 { return number }
      shift += 7
    }
  }
}

extension UInt8 {
  package var asciiLowercased: UInt8 { (0x41...0x5a).contains(self) ? self | 0x20 : self }
}

extension Attributes {
  /// These attributes with those of `patch` in their place; an attribute without values is taken away.
  public func merging(_ patch: Attributes) -> Attributes {
    var parts: [(name: ArraySlice<UInt8>, attribute: Attribute)] = []
    var replaced: Set<ArraySlice<UInt8>> = []
    patch.forEach { attribute in
      replaced.insert(attribute.description)
      if attribute.count > 0 { parts.append((attribute.description, attribute)) }
      return true
    }
    forEach { attribute in
      if !replaced.contains(attribute.description) { parts.append((attribute.description, attribute)) }
      return true
    }
    parts.sort { $0.name.lexicographicallyPrecedes($1.name) }
    var run: [UInt8] = []
    for (name, attribute) in parts {
      run.appendLEB128(name.count)
      run.append(contentsOf: name)
      run.appendLEB128(attribute.count)
      run.append(contentsOf: attribute.run)
    }
    return Attributes(canonical: run)
  }
}
