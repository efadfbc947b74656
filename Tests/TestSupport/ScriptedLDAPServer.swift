import Foundation
import Glibc

/// An LDAP server that does what a test tells it, for what no real server does on demand: result codes in the middle
/// of a refresh, cuts, garbage, endless entries. Each connection runs the script on a thread of its own.
public final class ScriptedLDAPServer: @unchecked Sendable {
  /// What a connection does; it is closed when the script returns or throws.
  public typealias Script = @Sendable (ScriptedConnection) throws -> Void

  /// The port on 127.0.0.1.
  public let port: UInt16
  /// `ldap://127.0.0.1:port`.
  public var url: String { "ldap://127.0.0.1:\(port)" }
  /// Fires when a connection is accepted.
  public let accepted = Signal()
  /// Fires when a script has ended.
  public let ended = Signal()

  private let listener: Int32
  private let open = Shared<Set<Int32>>([])
  private let stopped = Shared(false)

  /// Listens on a free port and runs the script for each connection; ``ScriptedConnection/index`` counts them from 0.
  public init(_ script: @escaping Script) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) | listen(listener, 64) | getsockname(listener, $0, &length)
      }
    }
    guard code == 0 else { throw ToolFailure(tool: "listen", status: errno, output: "") }
    port = UInt16(bigEndian: address.sin_port)
    let thread = Thread { [accepted, ended, open] in
      var index = 0
      while true {
        let descriptor = accept(listener, nil, nil)
        if descriptor < 0 { break }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        open.change { _ = $0.insert(descriptor) }
        let connection = ScriptedConnection(descriptor, index: index)
        index += 1
        accepted.fire()
        let worker = Thread {
          try? script(connection)
          open.change { _ = $0.remove(descriptor) }
          close(descriptor)
          ended.fire()
        }
        worker.start()
      }
      close(listener)
    }
    thread.start()
  }

  /// Stops listening and cuts every connection. Scripts end at their next read or write.
  public func stop() {
    var isFirst = false
    stopped.change { stopped in
      isFirst = !stopped
      stopped = true
    }
    // A second time, the listener's number may be another's.
    guard isFirst else { return }
    shutdown(listener, Int32(SHUT_RDWR))
    open.change { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
  }

  deinit { stop() }
}

/// A request as a scripted server reads it.
public struct ScriptedRequest: Sendable {
  /// The message's id.
  public let id: Int
  /// The operation's tag: 0x60 bind, 0x42 unbind, 0x63 search, 0x50 abandon, 0x77 extended.
  public let operation: BER.Node
  /// The controls.
  public let controls: [LDAPPDU.Control]
  /// The message's octets.
  public let octets: [UInt8]

  /// The base of a search.
  public var base: String { operation.children.first?.text ?? "" }
  /// The scope of a search: 0 base, 1 one level, 2 subtree.
  public var scope: Int { operation.children.dropFirst().first?.number ?? -1 }
  /// The attributes a search asks for.
  public var attributes: [String] { operation.children.last?.children.map(\.text) ?? [] }
  /// The name of an extended operation.
  public var extendedName: String { operation.children.first?.text ?? "" }
  /// The mode and the cookie of a Sync Request control (1 refreshOnly, 3 refreshAndPersist), if there is one.
  public var sync: (mode: Int, cookie: String?)? {
    guard let value = controls.first(where: { $0.oid == SyncPDU.request })?.value else { return nil }
    let parts = BER.nodes(value).first?.children ?? []
    return (parts.first?.number ?? -1, parts.first { $0.tag == 0x04 }?.text)
  }
}

/// One connection of a scripted server. Its calls block its own thread.
public final class ScriptedConnection: @unchecked Sendable {
  /// How many came before this one.
  public let index: Int
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  /// The client is gone.
  public struct Gone: Error {}

  init(_ descriptor: Int32, index: Int) {
    self.descriptor = descriptor
    self.index = index
  }

  /// The next request; throws ``Gone`` when the client has closed.
  public func request() throws -> ScriptedRequest {
    while true {
      if let message = BER.nodes(buffer).first {
        let parts = message.children
        let octets = BER.node(message.tag, message.contents)
        buffer.removeFirst(octets.count)
        guard parts.count >= 2 else { throw Gone() }
        let controls = parts.dropFirst(2).first.map { list in
          list.children.map { control in
            let fields = control.children
            return LDAPPDU.Control(
              fields.first?.text ?? "", critical: fields.contains { $0.tag == 0x01 && $0.contents != [0] },
              value: fields.dropFirst().first { $0.tag == 0x04 }?.contents)
          }
        }
        return ScriptedRequest(id: parts[0].number, operation: parts[1], controls: controls ?? [], octets: octets)
      }
      var chunk = [UInt8](repeating: 0, count: 65536)
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { throw Gone() }
      buffer += chunk[..<count]
    }
  }

  /// The next search. Until then binds succeed, StartTLS is refused, Who Am I is answered.
  public func search() throws -> ScriptedRequest {
    while true {
      let request = try request()
      switch request.operation.tag {
      case 0x60: try send(LDAPPDU.bindResponse(request.id))
      case 0x63: return request
      case 0x77 where request.extendedName == "1.3.6.1.4.1.4203.1.11.3":
        try send(LDAPPDU.extendedResponse(request.id, value: Array("dn:cn=scripted".utf8)))
      case 0x77: try send(LDAPPDU.extendedResponse(request.id, code: 2, diagnostic: "unsupported extended operation"))
      case 0x42: throw Gone()
      default: break
      }
    }
  }

  /// Sends octets; throws ``Gone`` if the client does not take them.
  public func send(_ octets: [UInt8]) throws {
    var rest = octets[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw Gone() }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends several messages at once.
  public func send(_ messages: [[UInt8]]) throws { try send(Array(messages.joined())) }

  /// Reads until the client closes; the requests that came.
  @discardableResult
  public func untilGone() -> [ScriptedRequest] {
    var requests: [ScriptedRequest] = []
    while let request = try? request() { requests.append(request) }
    return requests
  }

  /// Takes whatever the client sends, LDAP or not, and answers nothing, until the client closes.
  public func swallow() {
    var chunk = [UInt8](repeating: 0, count: 65536)
    while recv(descriptor, &chunk, chunk.count, 0) > 0 {}
  }

  /// Makes the coming close a reset (RST) instead of an orderly end.
  public func resetOnClose() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}
