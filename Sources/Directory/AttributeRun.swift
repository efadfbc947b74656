/// The run of an entry's attributes laid open for the duration of a call, for readers that look at every entry of a
/// directory: walking it neither allocates nor counts references. See ``Attributes`` for its form.
package struct AttributeRun {
  /// Where the values of one attribute lie.
  package struct Place: BitwiseCopyable, Sendable {
    /// How many values there are.
    package let count: Int
    fileprivate let start: Int

    /// The place of an attribute that is not there.
    package static let absent = Place(count: 0, start: 0)
  }

  private let bytes: UnsafeBufferPointer<UInt8>

  fileprivate init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// Reads the attribute at a position and moves the position behind it; nil at the end.
  package func attribute(at position: inout Int) -> (description: Slice<UnsafeBufferPointer<UInt8>>, place: Place)? {
    guard position < bytes.count else { return nil }
    let length = number(at: &position)
    let description = bytes[position..<position + length]
    position += length
    let count = number(at: &position)
    let place = Place(count: count, start: position)
    for _ in 0..<count { position += number(at: &position) >> 1 }
    return (description, place)
  }

  /// Calls `body` with each value of an attribute, in ascending order of the octets, until it returns false.
  package func forEachValue(
    at place: Place, _ body: (_ octets: UnsafeBufferPointer<UInt8>, _ isReference: Bool) -> Bool
  ) {
    var position = place.start
    for _ in 0..<place.count {
      let header = number(at: &position)
      let octets = UnsafeBufferPointer(rebasing: bytes[position..<position + header >> 1])
      position += header >> 1
      guard body(octets, header & 1 == 1) else { return }
    }
  }

  private func number(at position: inout Int) -> Int {
    var (number, shift) = (0, 0)
    while true {
      let byte = bytes[position]
      position += 1
      number |= Int(byte & 0x7f) << shift
      if byte < 0x80 { return number }
      shift += 7
    }
  }
}

extension Attributes {
  /// Gives the run to `body`, which must not keep it.
  package func withRun<Result>(_ body: (AttributeRun) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBufferPointer { try body(AttributeRun($0)) }
  }
}
