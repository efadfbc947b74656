import HTTP
import TestSupport
import Testing

#if canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A client and a receiver that end with the test, however it ends.
func withClient(
  _ settings: HTTPClientSettings = HTTPClientSettings(),
  _ body: (HTTPClient, Receiver) async throws -> Void
) async throws {
  let client = HTTPClient(settings)
  let receiver = try Receiver()
  do {
    try await body(client, receiver)
  } catch {
    await client.close()
    receiver.stop()
    throw error
  }
  await client.close()
  receiver.stop()
}

func setEnvironment(_ name: String, _ value: String) { setenv(name, value, 1) }

extension Result {
  /// The failure, if it is one.
  var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}

extension HTTPClient {
  /// The response to a request that is expected to have one.
  func answer(_ request: HTTPRequest) async throws -> HTTPResponse { try await send(request).get() }

  /// Sends a request whose response has this status.
  func expect(_ status: Int, from request: HTTPRequest, at location: SourceLocation = #_sourceLocation) async throws {
    #expect(try await answer(request).status == status, sourceLocation: location)
  }
}
