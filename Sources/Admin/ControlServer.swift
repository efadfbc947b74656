import Foundation
import Hummingbird
public import Logging
import NIOCore
import Synchronization

/// The control API: questions and answers as JSON over HTTP on a Unix socket that only its owner and root may open.
/// `GET /v1/status` and `GET /healthz` are there for monitors.
public final class ControlServer: Sendable {
  private let path: String
  private let desk: Mutex<Desk>
  private let log: Logger

  /// A server for a socket path; an old socket there is replaced.
  public init(path: String, desk: Desk, log: Logger) {
    self.path = path
    self.desk = Mutex(desk)
    self.log = log
  }

  /// Answers from another desk from now on: the file was read again.
  public func use(_ desk: Desk) { self.desk.withLock { $0 = desk } }

  private var current: Desk { desk.withLock { $0 } }

  /// Serves until the task is cancelled; says once when it does. Throws if the socket cannot be made.
  public func run(onListening: @escaping @Sendable () -> Void = {}) async throws {
    unlink(path)
    let router = Router()
    router.post(RouterPath(Question.path)) { [self] request, context -> Response in
      let question = try await request.decode(as: Question.self, context: context)
      return try Self.json(await current.answer(question))
    }
    router.get("/v1/status") { [self] _, _ -> Response in
      guard case .status(let status) = await current.answer(.status) else { throw HTTPError(.internalServerError) }
      return try Self.json(status)
    }
    router.get("/healthz") { [self] _, _ -> Response in
      guard case .status(let status) = await current.answer(.status) else { throw HTTPError(.internalServerError) }
      let healthy = status.trouble == nil && status.directories.allSatisfy { $0.trouble == nil }
      return Response(
        status: healthy ? .ok : .serviceUnavailable,
        body: ResponseBody(byteBuffer: ByteBuffer(string: healthy ? "ok\n" : "trouble: see rollcall status\n")))
    }
    // Between bind and chmod nobody else may connect.
    let mask = umask(0o177)
    let application = Application(
      router: router, configuration: .init(address: .unixDomainSocket(path: path)),
      onServerRunning: { [path] _ in
        umask(mask)
        chmod(path, 0o600)
        onListening()
      }, logger: log)
    defer { unlink(path) }
    try await application.run()
  }

  private static func json(_ value: some Encodable) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let body = try encoder.encode(value)
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}
