#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Makes the socket that libldap is given, so that a connect can be interrupted, every address of a name is tried, and
/// the kernel is told how long a silent peer counts as alive.
struct Dialer {
  let url: ServerURL
  let deadAfter: Duration
  let interrupter: Interrupter

  /// A connected socket, and whether its peer is this machine.
  struct Socket {
    let descriptor: Int32
    let isLocal: Bool
  }

  /// Connects; blocks its thread.
  func connect() throws(LDAPError) -> Socket {
    url.scheme == .ldapi ? try connectLocally() : try connectOverTCP()
  }

  private func failure(_ code: LDAPError.Code, _ cause: String, _ hint: String?) -> LDAPError {
    LDAPError(code, operation: "connect", subject: url.string, cause: cause, hint: hint)
  }

  private func connectLocally() throws(LDAPError) -> Socket {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(url.host.utf8)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
      guard path.count < room.count else { return false }
      room.copyBytes(from: path)
      return true
    }
    guard fits else { throw failure(.invalid, "the path of the socket is too long", nil) }
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        attempt(AF_UNIX, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    switch code {
    case .success(let descriptor): return Socket(descriptor: descriptor, isLocal: true)
    case .failure(let trouble):
      throw failure(.connect, "\(url.host): \(trouble)", "is the server running, and may this user open its socket?")
    }
  }

  private func connectOverTCP() throws(LDAPError) -> Socket {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    var code = getaddrinfo(url.host, String(url.port), &hints, &list)
    if code == EAI_NONAME {
      // AI_ADDRCONFIG does not count the loopback: a machine without a network knows no address of ::1.
      hints.ai_flags = 0
      code = getaddrinfo(url.host, String(url.port), &hints, &list)
    }
    defer { if let list { freeaddrinfo(list) } }
    guard code == 0 else {
      let cause = "the name \(url.host) cannot be resolved: \(String(cString: gai_strerror(code)))"
      throw failure(.resolve, cause, "check the host name in the URL and this machine's DNS")
    }
    var trouble = "no address"
    var next = list
    while let info = next?.pointee {
      next = info.ai_next
      guard let address = info.ai_addr else { continue }
      switch attempt(info.ai_family, address, info.ai_addrlen) {
      case .success(let descriptor):
        return Socket(descriptor: descriptor, isLocal: Self.isLoopback(address))
      case .failure(let reason): trouble = reason.text
      }
      if interrupter.reason != nil { break }
    }
    throw failure(
      .connect, "\(url.host) port \(url.port): \(trouble)",
      "is the server running, and does a firewall let this port through?")
  }

  private struct Trouble: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
    init(_ code: Int32) { text = String(cString: strerror(code)) }
  }

  private func attempt(_ family: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Result<
    Int32, Trouble
  > {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { return .failure(Trouble(errno)) }
    if family != AF_UNIX { tune(descriptor) }
    if Self.connect(descriptor, address, length) != 0 {
      guard errno == EINPROGRESS else { return abandon(descriptor, errno) }
      var polled = [
        pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
        pollfd(fd: interrupter.event, events: Int16(POLLIN), revents: 0),
      ]
      while poll(&polled, 2, -1) < 0 && errno == EINTR {}
      if polled[1].revents != 0 { return abandon(descriptor, ECANCELED) }
      var code: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
      if code != 0 { return abandon(descriptor, code) }
    }
    // TLS and bind block; what ends them is the interrupter.
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
    return .success(descriptor)
  }

  private func abandon(_ descriptor: Int32, _ code: Int32) -> Result<Int32, Trouble> {
    close(descriptor)
    return .failure(Trouble(code))
  }

  /// Within the methods above the name is taken.
  private static func connect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
    #if canImport(Musl)
      Musl.connect(descriptor, address, length)
    #else
      Glibc.connect(descriptor, address, length)
    #endif
  }

  private func tune(_ descriptor: Int32) {
    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
      var value = value
      setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
    let patience = Patience(deadAfter)
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
    set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, patience.idle)
    set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, patience.interval)
    set(Int32(IPPROTO_TCP), TCP_KEEPCNT, patience.probes)
    set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, patience.userTimeout)
    set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  /// 127.0.0.0/8, ::1, and IPv4's loopback in IPv6's clothes.
  static func isLoopback(_ address: UnsafePointer<sockaddr>) -> Bool {
    let raw = UnsafeRawPointer(address)
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      return raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr.bigEndian >> 24 == 127
    case AF_INET6:
      let octets = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
      let isMapped = octets[..<12].elementsEqual([UInt8](repeating: 0, count: 10) + [0xff, 0xff])
      return octets == [UInt8](repeating: 0, count: 15) + [1] || (isMapped && octets[12] == 127)
    default: return false
    }
  }
}

/// How long a silent peer counts as alive, in the kernel's terms (tcp(7)). Half of the time passes in silence, the rest
/// with probes. With TCP_USER_TIMEOUT set, that and not the number of probes ends the connection, at the first probe
/// that is due after it has passed; so it stands a little below the whole.
struct Patience: Equatable {
  /// Seconds of silence before the first probe.
  let idle: Int32
  /// Seconds between probes.
  let interval: Int32
  /// How many probes may go unanswered.
  let probes: Int32
  /// Milliseconds that sent data or probes may stay unanswered.
  let userTimeout: Int32

  init(_ deadAfter: Duration) {
    let whole = Int32(min(max(deadAfter.components.seconds, 2), 3600))
    let half = whole - whole / 2
    interval = max(1, half / 5)
    probes = half / interval
    idle = max(1, whole - interval * probes)
    userTimeout = whole * 1000 - 500
  }
}
