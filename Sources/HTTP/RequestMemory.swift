internal import CCurl

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The memory that libcurl borrows while it sends a request: the header lines as a list (CURLOPT_HTTPHEADER(3)) and the
/// body (CURLOPT_POSTFIELDS(3)); it copies neither. The memory is kept for the next request, so that sending allocates
/// nothing here. Its owner calls ``deallocate()``, once.
struct RequestMemory {
  private(set) var body: UnsafeMutableRawPointer
  private var bodyCapacity = Self.kept
  private var text: UnsafeMutablePointer<CChar>
  private var textCapacity = 1024
  private var nodes: UnsafeMutablePointer<curl_slist>
  private var nodeCapacity = 16

  private static let kept = 65_536
  /// What libcurl would add by itself and is not wanted: waiting for 100 Continue, and a form's type.
  private static let noExpect = "Expect"
  private static let noType = "Content-Type"

  init() {
    body = .allocate(byteCount: bodyCapacity, alignment: 16)
    text = .allocate(capacity: textCapacity)
    nodes = .allocate(capacity: nodeCapacity)
  }

  func deallocate() {
    body.deallocate()
    text.deallocate()
    nodes.deallocate()
  }

  /// The lines of the last ``fill(_:)``.
  var headerList: UnsafeMutablePointer<curl_slist> { nodes }

  /// Lays out a request; a cause if its method or a header field cannot be sent.
  mutating func fill(_ request: HTTPRequest) -> String? {
    guard !request.method.isEmpty, request.method.utf8.allSatisfy({ 0x41...0x5A ~= $0 }) else {
      return "the method is not a word in upper case"
    }
    makeRoom(for: request)
    var (used, count, hasType) = (0, 0, false)
    for (name, value) in request.headers {
      guard name.isToken else { return "a header field's name is not a token" }
      guard value.isFieldValue else { return "the value of header field '\(name)' holds a control character" }
      if name.isSame(as: "content-length") || name.isSame(as: "transfer-encoding") {
        return "header field '\(name)' is the client's own"
      }
      hasType = hasType || name.isSame(as: "content-type")
      add(name, value, at: &used, node: &count)
    }
    add(removing: Self.noExpect, at: &used, node: &count)
    if !hasType { add(removing: Self.noType, at: &used, node: &count) }
    nodes[count - 1].next = nil
    request.body.withUnsafeBytes { octets in
      if let start = octets.baseAddress { body.copyMemory(from: start, byteCount: octets.count) }
    }
    return nil
  }

  /// Gives back what an unusually large body needed.
  mutating func shrink() {
    guard bodyCapacity > Self.kept else { return }
    body.deallocate()
    bodyCapacity = Self.kept
    body = .allocate(byteCount: bodyCapacity, alignment: 16)
  }

  private mutating func makeRoom(for request: HTTPRequest) {
    if request.body.count > bodyCapacity {
      body.deallocate()
      bodyCapacity = request.body.count
      body = .allocate(byteCount: bodyCapacity, alignment: 16)
    }
    let octets = request.headers.reduce(64) { $0 + $1.name.utf8.count + $1.value.utf8.count + 3 }
    if octets > textCapacity {
      text.deallocate()
      textCapacity = octets
      text = .allocate(capacity: textCapacity)
    }
    if request.headers.count + 2 > nodeCapacity {
      nodes.deallocate()
      nodeCapacity = request.headers.count + 2
      nodes = .allocate(capacity: nodeCapacity)
    }
  }

  /// `Name: value`; a field without a value is written `Name;`.
  private func add(_ name: String, _ value: String, at used: inout Int, node: inout Int) {
    let start = used
    copy(name, at: &used)
    copy(value.isEmpty ? ";" : ": ", at: &used)
    copy(value, at: &used)
    end(start, at: &used, node: &node)
  }

  /// `Name:` takes away what libcurl would send.
  private func add(removing name: String, at used: inout Int, node: inout Int) {
    let start = used
    copy(name, at: &used)
    copy(":", at: &used)
    end(start, at: &used, node: &node)
  }

  private func end(_ start: Int, at used: inout Int, node: inout Int) {
    text[used] = 0
    used += 1
    nodes[node] = curl_slist(data: text + start, next: nodes + node + 1)
    node += 1
  }

  private func copy(_ string: String, at used: inout Int) {
    var string = string
    let end = text + used
    used += string.withUTF8 { utf8 in
      if let base = utf8.baseAddress { memcpy(end, base, utf8.count) }
      return utf8.count
    }
  }
}

extension String {
  /// RFC 9110, section 5.6.2.
  fileprivate var isToken: Bool {
    !isEmpty
      && utf8.allSatisfy { octet in
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E:
          true
        default: false
        }
      }
  }

  fileprivate var isFieldValue: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }

  /// ASCII, without regard to case; the other is in lower case.
  fileprivate func isSame(as lower: String) -> Bool {
    utf8.count == lower.utf8.count && utf8.elementsEqual(lower.utf8) { $0 | 0x20 == $1 }
  }
}
