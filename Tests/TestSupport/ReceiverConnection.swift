import Foundation
import Synchronization

#if canImport(Musl)
  import Musl
#else
  import Glibc
#endif

// The sockets of the receiver: accepting, reading one request after the other, and answering as the script says.

func shutdownBoth(_ socket: Int32) { _ = shutdown(socket, Int32(SHUT_RDWR)) }

/// POLLRDHUP of poll(2), which Glibc's module does not show.
private let pollPeerClosed: Int16 = 0x2000

func closeSocket(_ socket: Int32) { _ = close(socket) }

/// What could not be done with a socket, and errno's text.
struct SocketError: Error, CustomStringConvertible {
  var description: String
  init(_ call: String) { description = "\(call): \(String(cString: strerror(errno)))" }
}

extension Receiver {
  /// A socket that listens on the loopback, and its port.
  static func listen(on port: UInt16) throws -> (Int32, UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw SocketError("socket") }
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && Glibc.listen(listener, 512) == 0
          && getsockname(listener, address, &length) == 0
      }
    }
    guard bound else {
      defer { closeSocket(listener) }
      throw SocketError("listening on 127.0.0.1:\(port)")
    }
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  func accept() {
    while true {
      let socket = Glibc.accept(listener, nil, nil)
      if socket < 0 {
        if errno == EINTR || errno == ECONNABORTED { continue }
        return
      }
      var yes: Int32 = 1
      setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
      let number = state.withLock { state -> Int? in
        guard !state.isStopping else { return nil }
        defer { state.accepted += 1 }
        state.connections[state.accepted] = socket
        return state.accepted
      }
      guard let number else { return closeSocket(socket) }
      startThread { receiver in
        Connection(receiver: receiver, socket: socket, number: number).serve()
        // Under the lock, so that nobody shuts down a socket whose number is already another's.
        let waiters = receiver.state.withLock { state in
          state.connections[number] = nil
          closeSocket(socket)
          guard state.connections.isEmpty else { return [CheckedContinuation<Void, Never>]() }
          defer { state.waitersForSilence = [] }
          return state.waitersForSilence
        }
        for waiter in waiters { waiter.resume() }
      }
    }
  }
}

/// One accepted connection, on its thread.
private final class Connection {
  let receiver: Receiver
  let socket: Int32
  let number: Int
  private var buffer: [UInt8] = []

  init(receiver: Receiver, socket: Int32, number: Int) {
    self.receiver = receiver
    self.socket = socket
    self.number = number
  }

  func serve() {
    while let request = readRequest() {
      guard perform(receiver.remember(request)) else { return }
    }
  }

  // MARK: Reading

  private func fill() -> Bool {
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(socket, &piece, piece.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      buffer.append(contentsOf: piece[..<count])
      return true
    }
  }

  private func readRequest() -> Receiver.Request? {
    var end: Int?
    while true {
      end = buffer.firstRange(of: [13, 10, 13, 10])?.lowerBound
      if end != nil || !fill() { break }
    }
    guard let end else { return nil }
    let lines = String(decoding: buffer[..<end], as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count == 3 else { return nil }
    let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      return (line[..<colon].lowercased(), value)
    }
    let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
    while buffer.count < end + 4 + length { guard fill() else { return nil } }
    let body = Array(buffer[(end + 4)..<(end + 4 + length)])
    buffer.removeFirst(end + 4 + length)
    return Receiver.Request(
      number: 0, connection: number, method: String(words[0]), path: String(words[1]), headers: headers, body: body,
      at: ContinuousClock.now)
  }

  // MARK: Answering

  /// True if the connection is kept.
  private func perform(_ behaviour: Receiver.Behaviour) -> Bool {
    switch behaviour {
    case .respond(let response): return pause(response.delay) && send(response)
    case .respondAndClose(let response):
      _ = pause(response.delay) && send(response)
    case .close: break
    case .reset:
      var lingering = linger(l_onoff: 1, l_linger: 0)
      setsockopt(socket, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
    case .closeMidReply: _ = send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnot all of it")
    case .halfClose:
      _ = shutdown(socket, Int32(SHUT_WR))
      awaitEnd()
    case .silence: awaitEnd()
    case .trickle(let interval):
      guard send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n") else { break }
      while pause(interval), send("x") {}
    case .endless:
      guard send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n") else { break }
      while send(String(repeating: "endless ", count: 8192)) {}
    case .hugeHeader(let octets, let line):
      var head = "HTTP/1.1 200 OK\r\n"
      while head.utf8.count < octets { head += "X-Filler: " + String(repeating: "x", count: line) + "\r\n" }
      _ = send(head + "Content-Length: 0\r\n\r\n")
    case .raw(let text): _ = send(text)
    }
    return false
  }

  private func send(_ response: Receiver.Response) -> Bool {
    var head = "HTTP/1.1 \(response.status) Scripted\r\n"
    for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
    if response.status != 204 { head += "Content-Length: \(response.body.count)\r\n" }
    return send(Array((head + "\r\n").utf8) + response.body)
  }

  private func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  private func send(_ octets: [UInt8]) -> Bool {
    var sent = 0
    while sent < octets.count {
      let count = octets[sent...].withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Waits; false as soon as the peer or ``Receiver/stop()`` ends the connection.
  private func pause(_ duration: Duration) -> Bool {
    guard duration > .zero else { return true }
    let (seconds, attoseconds) = duration.components
    var watched = pollfd(fd: socket, events: pollPeerClosed, revents: 0)
    return poll(&watched, 1, Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000)) == 0
  }

  /// Reads and drops until the peer or ``Receiver/stop()`` ends the connection.
  private func awaitEnd() { while fill() { buffer.removeAll() } }
}

/// A listener whose queue of connections is full: the kernel drops further SYNs, so connecting to it hangs.
public final class FullListener: Sendable {
  /// `http://127.0.0.1:port`.
  public let url: String
  private let sockets: [Int32]

  /// Listens with the smallest queue and fills it.
  public init() throws {
    let (listener, port) = try Receiver.listen(on: 0)
    _ = Glibc.listen(listener, 0)
    var sockets = [listener]
    for _ in 0..<4 {
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          _ = connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      sockets.append(client)
    }
    self.sockets = sockets
    url = "http://127.0.0.1:\(port)"
  }

  /// Closes everything.
  public func stop() { for socket in sockets { closeSocket(socket) } }
}
