import Foundation
import Glibc
import TestSupport

/// JSON that is asked without casts: what is not there is null.
struct JSON: @unchecked Sendable, CustomStringConvertible {
  private let value: Any?

  init(_ value: Any?) { self.value = value }

  init(text: Substring) { value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) }

  subscript(key: String) -> JSON { JSON((value as? [String: Any])?[key]) }

  /// The element of a list that has this name.
  func named(_ name: String) -> JSON { list.first { $0["name"].text == name } ?? JSON(nil) }

  var exists: Bool { value != nil && !(value is NSNull) }
  var text: String? { value as? String }
  var number: Int? { (value as? NSNumber)?.intValue }
  var flag: Bool? { value as? Bool }
  var list: [JSON] { (value as? [Any] ?? []).map { JSON($0) } }

  var description: String {
    guard let value, JSONSerialization.isValidJSONObject(value),
      let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
    else { return "\(value ?? "null")" }
    return String(decoding: data, as: UTF8.self)
  }
}

/// HTTP over a Unix socket, a request a connection.
enum UnixHTTP {
  /// The body of a GET; throws unless it is answered with 200.
  static func get(_ path: String, socket name: String) async throws -> String {
    try await Tool.blocking { try exchange(path, name) }
  }

  private static func exchange(_ path: String, _ name: String) throws -> String {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { throw ToolFailure(tool: "connect", status: errno, output: name) }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: rollcall\r\nConnection: close\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      throw ToolFailure(tool: "send", status: errno, output: name)
    }
    var reply: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count <= 0 { break }
      reply += buffer[..<count]
    }
    let text = String(decoding: reply, as: UTF8.self)
    guard text.hasPrefix("HTTP/1.1 200"), let end = text.range(of: "\r\n\r\n") else {
      throw ToolFailure(tool: "GET \(path)", status: 0, output: String(text.prefix(200)))
    }
    return String(text[end.upperBound...])
  }
}
