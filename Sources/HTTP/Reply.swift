/// A reply as it gathers, line by line and piece by piece (CURLOPT_HEADERFUNCTION(3), CURLOPT_WRITEFUNCTION(3)), within
/// its limits. Pure.
struct Reply {
  /// The status line and fields of the last response, without the empty line.
  private(set) var head: [UInt8] = []
  /// The body so far.
  private(set) var body: [UInt8] = []
  private(set) var isHeadTooLong = false
  private(set) var isBodyTooLong = false
  private var isHeadComplete = false
  private var headOctets = 0

  /// Takes one header line with its line end; false if there are too many octets of them. A new status line begins a
  /// new response, after a 1xx; lines after the empty one are trailers and are dropped, but they count.
  mutating func take(line: UnsafeRawBufferPointer, limit: Int) -> Bool {
    headOctets += line.count
    guard headOctets <= limit else {
      isHeadTooLong = true
      return false
    }
    if line.starts(with: "HTTP/".utf8), isHeadComplete || head.isEmpty {
      head.removeAll(keepingCapacity: true)
      isHeadComplete = false
    }
    if line.first == 13 || line.first == 10 { isHeadComplete = true }
    if !isHeadComplete {
      if head.isEmpty { head.reserveCapacity(256) }
      head.append(contentsOf: line)
    }
    return true
  }

  /// Takes a piece of the body; false if it is longer than the limit, which ends the transfer.
  mutating func take(body piece: UnsafeRawBufferPointer, limit: Int) -> Bool {
    let room = limit - body.count
    body.append(contentsOf: piece.prefix(room))
    isBodyTooLong = piece.count > room
    return !isBodyTooLong
  }
}
