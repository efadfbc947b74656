/// Base64 (RFC 4648) without Foundation: for photos in JSON, signatures and delivery ids.
package enum Base64 {
  private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let forURLs = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// The value of each octet as a digit of the standard alphabet; 255 is none.
  private static let values: [UInt8] = {
    var table = [UInt8](repeating: 255, count: 256)
    for (value, digit) in standard.enumerated() { table[Int(digit)] = UInt8(value) }
    return table
  }()

  /// Appends the encoded form.
  /// - Parameters:
  ///   - octets: what to encode.
  ///   - run: what to append to.
  ///   - urlSafe: the alphabet of RFC 4648, section 5, without padding.
  package static func append(_ octets: some Collection<UInt8>, to run: inout [UInt8], urlSafe: Bool = false) {
    let alphabet = urlSafe ? forURLs : standard
    run.reserveCapacity(run.count + (octets.count + 2) / 3 * 4)
    var (held, bits) = (UInt32(0), 0)
    for octet in octets {
      held = held << 8 | UInt32(octet)
      bits += 8
      while bits >= 6 {
        bits -= 6
        run.append(alphabet[Int(held >> UInt32(bits) & 63)])
      }
    }
    if bits > 0 { run.append(alphabet[Int(held << UInt32(6 - bits) & 63)]) }
    if !urlSafe {
      for _ in 0..<((3 - octets.count % 3) % 3) { run.append(UInt8(ascii: "=")) }
    }
  }

  /// Reads the standard alphabet, padded or not; nil for any other octet, a length that no encoder makes, or bits left
  /// over that are not zero.
  package static func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
    var digits = text[...]
    if text.count % 4 == 0 {
      for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
    }
    guard digits.count % 4 != 1 else { return nil }
    var octets: [UInt8] = []
    octets.reserveCapacity(digits.count / 4 * 3 + 2)
    var (held, bits) = (UInt32(0), 0)
    for digit in digits {
      let value = values[Int(digit)]
      guard value < 64 else { return nil }
      held = held << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        octets.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
      }
    }
    return held & (1 << UInt32(bits) - 1) == 0 ? octets : nil
  }
}
