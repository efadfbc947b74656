internal import CLDAP

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The one owner of an `LDAP *`. Used from one thread alone, the connection's. Codes and diagnostic messages are read
/// in the same call as what they explain, because libldap keeps only the last.
struct LDAPHandle: ~Copyable {
  /// The largest message taken from a server: a group of half a million members, and no more than that, so that a
  /// hostile length cannot exhaust memory.
  static let largestMessage: UInt = 64 << 20

  let raw: OpaquePointer
  let url: ServerURL
  let descriptor: Int32
  private let interrupter: Interrupter

  /// Takes a connected socket. Nothing is sent yet.
  static func taking(
    _ socket: Dialer.Socket, url: ServerURL, interrupter: Interrupter
  ) throws(LDAPError) -> LDAPHandle {
    ignoreLibraryConfiguration
    var raw: OpaquePointer?
    let code = ldap_init_fd(
      socket.descriptor, url.scheme == .ldapi ? LDAP_PROTO_IPC : LDAP_PROTO_TCP, url.forLibldap, &raw)
    guard code == LDAP_SUCCESS, let raw else {
      close(socket.descriptor)
      throw LDAPError(
        LDAPError.Code(libldap: code), operation: "connect", subject: url.string, cause: LDAPError.text(code, ""))
    }
    interrupter.guardSocket(socket.descriptor)
    let handle = LDAPHandle(raw: raw, url: url, descriptor: socket.descriptor, interrupter: interrupter)
    cldap_set_int(raw, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3)
    cldap_set_int(raw, LDAP_OPT_DEREF, LDAP_DEREF_NEVER)
    cldap_set_flag(raw, LDAP_OPT_REFERRALS, 0)
    cldap_set_flag(raw, LDAP_OPT_RESTART, 1)
    // The name in the URL is the one that is checked, not what a reverse lookup makes of the address.
    cldap_set_flag(raw, LDAP_OPT_X_SASL_NOCANON, 1)
    guard cldap_prepare_socket(raw, largestMessage) == 0 else {
      throw LDAPError(.local, operation: "connect", subject: url.string, cause: "liblber refuses a read-ahead buffer")
    }
    return handle
  }

  private init(raw: OpaquePointer, url: ServerURL, descriptor: Int32, interrupter: Interrupter) {
    self.raw = raw
    self.url = url
    self.descriptor = descriptor
    self.interrupter = interrupter
  }

  deinit {
    interrupter.guardSocket(-1)
    ldap_unbind_ext(raw, nil, nil)
  }

  /// ldap.conf(5), ~/.ldaprc and LDAP… variables are for the command line tools: what they say about TLS, hosts or
  /// SASL would work behind the settings' back. Read once, at libldap's first use.
  private static let ignoreLibraryConfiguration: Void = { setenv("LDAPNOINIT", "1", 1) }()

  /// An established connection: nothing interrupts it but its owner, reads do not block, and a write that the peer
  /// does not take is given up.
  func settle() {
    interrupter.guardSocket(-1)
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setBlocking(false)
  }

  private func setBlocking(_ blocking: Bool) {
    let flags = fcntl(descriptor, F_GETFL)
    _ = fcntl(descriptor, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK)
  }

  /// Runs what sends a request. Blocking, because libldap does not tell that half of a request is still to be written.
  borrowing func sending<R>(_ body: () throws(LDAPError) -> R) throws(LDAPError) -> R {
    setBlocking(true)
    defer { setBlocking(false) }
    return try body()
  }
}

extension LDAPHandle {
  /// What libldap says about the call that just failed.
  borrowing func failure(_ operation: String, _ returned: Int32? = nil, hint: String? = nil) -> LDAPError {
    var code = returned ?? LDAP_OTHER
    if returned == nil { cldap_get_int(raw, LDAP_OPT_RESULT_CODE, &code) }
    let text = code == LDAP_SERVER_DOWN ? "the connection broke" : LDAPError.text(code, diagnostic())
    return LDAPError(
      LDAPError.Code(libldap: code), operation: operation, subject: url.string, cause: text, hint: hint)
  }

  /// The last diagnostic message.
  borrowing func diagnostic() -> String { string(LDAP_OPT_DIAGNOSTIC_MESSAGE) ?? "" }

  /// An option that is a text.
  borrowing func string(_ option: Int32) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard cldap_get_string(raw, option, &text) == LDAP_OPT_SUCCESS, let text else { return nil }
    defer { ldap_memfree(text) }
    return String(cString: text)
  }

  /// The next message of any operation, if it is there; does not wait. A server that says that it ends the connection
  /// (RFC 4511, section 4.4.1) is an error with the server's code and words.
  borrowing func receive(_ operation: String) throws(LDAPError) -> LDAPMessage? {
    while true {
      var none = timeval(tv_sec: 0, tv_usec: 0)
      var raw: OpaquePointer?
      let type = ldap_result(self.raw, LDAP_RES_ANY, LDAP_MSG_ONE, &none, &raw)
      guard type >= 0 else { throw lost(operation) }
      guard let message = raw.map({ LDAPMessage(raw: $0, type: type) }) else { return nil }
      // Anything else unsolicited has no meaning here.
      guard message.id == 0 else { return message }
      if isNoticeOfDisconnection(message) { throw dismissal(try result(of: message, operation), operation) }
    }
  }

  private borrowing func isNoticeOfDisconnection(_ message: LDAPMessage) -> Bool {
    var name: UnsafeMutablePointer<CChar>?
    defer { ldap_memfree(name) }
    guard ldap_parse_extended_result(raw, message.raw, &name, nil, 0) == LDAP_SUCCESS, let name else { return false }
    return strcmp(name, "1.3.6.1.4.1.1466.20036") == 0
  }

  private borrowing func dismissal(_ result: SearchResult, _ operation: String) -> LDAPError {
    let code = Int32(truncatingIfNeeded: result.code)
    var error = LDAPError(
      code == 0 ? .disconnected : LDAPError.Code(rawValue: result.code), operation: operation, subject: url.string,
      cause: "the server ended the connection: \(LDAPError.text(code, result.diagnostic))")
    error.endsConnection = true
    return error
  }

  /// The answer to an operation; blocks its thread, which is only right while connecting.
  borrowing func reply(to id: Int32, _ operation: String) throws(LDAPError) -> LDAPMessage {
    var message: OpaquePointer?
    let type = ldap_result(raw, id, LDAP_MSG_ALL, nil, &message)
    guard type >= 0, let message else { throw lost(operation) }
    return LDAPMessage(raw: message, type: type)
  }

  /// The connection does not work any more.
  private borrowing func lost(_ operation: String) -> LDAPError {
    var error = failure(operation)
    error.endsConnection = true
    if error.code == .malformed { error.cause = "the server sent what is not LDAP" }
    if error.code.rawValue >= 0 { error.code = .disconnected }
    return error
  }

  /// The parts of a result message.
  borrowing func result(of message: LDAPMessage, _ operation: String) throws(LDAPError) -> SearchResult {
    var code: Int32 = 0
    var matched: UnsafeMutablePointer<CChar>?
    var text: UnsafeMutablePointer<CChar>?
    var referrals: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
    let parsed = ldap_parse_result(raw, message.raw, &code, &matched, &text, &referrals, &controls, 0)
    defer {
      ldap_memfree(matched)
      ldap_memfree(text)
      ldap_memvfree(UnsafeMutableRawPointer(referrals)?.assumingMemoryBound(to: UnsafeMutableRawPointer?.self))
      ldap_controls_free(controls)
    }
    guard parsed == LDAP_SUCCESS else { throw failure(operation, parsed) }
    return SearchResult(
      code: Int(code), diagnostic: text.map { String(cString: $0) } ?? "",
      matchedDN: matched.map { String(cString: $0) } ?? "", referrals: strings(referrals),
      controls: Control.list(controls))
  }
}

/// The one owner of an `LDAPMessage *`.
final class LDAPMessage {
  let raw: OpaquePointer
  /// LDAP_RES_…
  let type: Int32

  /// Which operation it answers.
  var id: Int32 { ldap_msgid(raw) }

  init(raw: OpaquePointer, type: Int32) {
    self.raw = raw
    self.type = type
  }

  deinit { ldap_msgfree(raw) }
}

/// The texts of a NULL-terminated array.
func strings(_ array: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
  var texts: [String] = []
  guard var next = array else { return texts }
  while let text = next.pointee {
    texts.append(String(cString: text))
    next += 1
  }
  return texts
}

extension Control {
  /// Object identifiers that come with each message of a refresh, so that none is copied each time.
  private static let usual = [SyncStateValue.oid, SyncDoneValue.oid]

  /// The controls of a NULL-terminated array.
  static func list(_ array: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?) -> [Control] {
    var controls: [Control] = []
    guard var next = array else { return controls }
    while let control = next.pointee?.pointee {
      next += 1
      guard let oid = control.ldctl_oid else { continue }
      let value = control.ldctl_value.bv_val.map {
        Array(UnsafeRawBufferPointer(start: $0, count: Int(control.ldctl_value.bv_len)))
      }
      controls.append(
        Control(
          oid: usual.first { strcmp($0, oid) == 0 } ?? String(cString: oid), value: value))
    }
    return controls
  }

  /// Runs `body` with the controls as libldap wants them.
  static func withList<R>(
    _ controls: [Control], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?) -> R
  ) -> R {
    guard !controls.isEmpty else { return body(nil) }
    var pointers: [UnsafeMutablePointer<LDAPControl>?] = controls.map { control in
      let pointer = UnsafeMutablePointer<LDAPControl>.allocate(capacity: 1)
      let octets = control.value ?? []
      let value = UnsafeMutablePointer<CChar>.allocate(capacity: octets.count + 1)
      octets.withUnsafeBytes {
        UnsafeMutableRawPointer(value).copyMemory(from: $0.baseAddress ?? .init(value), byteCount: $0.count)
      }
      pointer.initialize(
        to: LDAPControl(
          ldctl_oid: strdup(control.oid),
          ldctl_value: berval(bv_len: UInt(octets.count), bv_val: control.value == nil ? nil : value),
          ldctl_iscritical: control.critical ? 1 : 0))
      return pointer
    }
    let values = pointers.map { $0?.pointee.ldctl_value.bv_val }
    pointers.append(nil)
    defer {
      for pointer in pointers {
        guard let pointer else { continue }
        free(pointer.pointee.ldctl_oid)
        pointer.deallocate()
      }
      for value in values { value?.deallocate() }
    }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress) }
  }
}
