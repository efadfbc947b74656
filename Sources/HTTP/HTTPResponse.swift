/// The final response to one request.
public struct HTTPResponse: Sendable {
  /// The status code.
  public var status: Int
  /// The body, up to the client's limit.
  public var body: [UInt8]
  /// Whether the body was longer than the client's limit: what came before is in ``body``, and the connection is gone.
  public var truncated: Bool
  /// `1.0`, `1.1` or `2`.
  public var version: String
  /// From the start of the transfer to its end.
  public var elapsed: Duration
  /// The status line and the header fields as they came. Kept raw, since most replies are only asked for their status.
  var head: [UInt8]

  init(status: Int, head: [UInt8], body: [UInt8], truncated: Bool, version: String, elapsed: Duration) {
    self.status = status
    self.head = head
    self.body = body
    self.truncated = truncated
    self.version = version
    self.elapsed = elapsed
  }

  /// A response that no server gave: for tests of what is made of one.
  public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    let lines = ["HTTP/1.1 \(status)"] + headers.map { "\($0.name): \($0.value)" }
    self.init(
      status: status, head: lines.flatMap { Array($0.utf8) + [13, 10] }, body: body, truncated: false, version: "1.1",
      elapsed: .zero)
  }

  /// The header fields in order, names in lower case, values without surrounding white space. Octets that are not UTF-8
  /// are replaced.
  public var headers: [(name: String, value: String)] {
    head.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return nil }
      let name = line[..<colon].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
      let value = line[(colon + 1)...].trimmed
      return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
  }

  /// The value of the first field with this name, given in lower case.
  public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

extension ArraySlice<UInt8> {
  fileprivate var trimmed: ArraySlice<UInt8> {
    func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0D }
    var slice = drop(while: isSpace)
    while let last = slice.last, isSpace(last) { slice.removeLast() }
    return slice
  }
}
