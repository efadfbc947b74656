import HTTP
import Testing

/// Against nginx with certificates of an authority that was made for the test.
@Suite(.serialized) struct TLSTests {
  private func ask(_ url: String, _ settings: HTTPClientSettings) async -> Result<HTTPResponse, HTTPError> {
    let client = HTTPClient(settings)
    // nginx takes a moment to listen; there is no signal for it.
    var result = await client.send(HTTPRequest(method: "POST", url: url, body: [1]))
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(10)
    while result.failure?.code == .connect, clock.now < deadline {
      try? await Task.sleep(for: .milliseconds(10))
      result = await client.send(HTTPRequest(method: "POST", url: url, body: [1]))
    }
    await client.close()
    return result
  }

  @Test func trustAndTheLackOfIt() async throws {
    let nginx = try Nginx()
    let trusting = HTTPClientSettings(caFile: nginx.authority)

    let response = try await ask(nginx.url, trusting).get()
    #expect(response.status == 200)
    #expect(response.version == "2", "HTTP/2 is negotiated")
    #expect(String(decoding: response.body, as: UTF8.self) == "HTTP/2.0 ")
    let old = try await ask(nginx.oldURL, trusting).get()
    #expect(old.version == "1.1")

    func refused(_ url: String, _ settings: HTTPClientSettings, _ word: String) async throws {
      let error = try #require(await ask(url, settings).failure, "\(word)")
      #expect(error.code == .tls, "\(error)")
      #expect(!error.mayHaveBeenApplied)
      #expect(error.cause.contains(word), "\(error)")
      #expect(error.subject == url)
    }
    try await refused(nginx.url, HTTPClientSettings(), "certificate")
    try await refused(nginx.wrongHostURL, trusting, "subject name")
    try await refused(nginx.expiredURL, trusting, "expired")
    try await refused(nginx.tls11URL, trusting, "")
    try await refused(nginx.url, HTTPClientSettings(caFile: "/nonexistent.pem"), "certificate")
    // Plain text where TLS is spoken: nothing falls back.
    let plain = try await ask(nginx.oldURL.replacing("https:", with: "http:"), trusting).get()
    #expect(plain.status == 400)

    let (certificate, key) = nginx.client
    let known = HTTPClientSettings(caFile: nginx.authority, clientCertificate: certificate, clientKey: key)
    let welcome = try await ask(nginx.clientCertificateURL, known).get()
    #expect(welcome.status == 200)
    #expect(String(decoding: welcome.body, as: UTF8.self) == "HTTP/2.0 CN=client")
    let unknown = try await ask(nginx.clientCertificateURL, trusting).get()
    #expect(unknown.status == 400)
    let broken = HTTPClientSettings(caFile: nginx.authority, clientCertificate: "/nonexistent.pem")
    try await refused(nginx.clientCertificateURL, broken, "")
  }

  @Test func manyOverHTTP2() async throws {
    let nginx = try Nginx()
    _ = try await ask(nginx.url, HTTPClientSettings(caFile: nginx.authority)).get()
    let client = HTTPClient(HTTPClientSettings(caFile: nginx.authority, connections: 16))
    let url = nginx.url
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<32 {
        group.addTask {
          for _ in 0..<40 {
            let body = [UInt8](repeating: 65, count: .random(in: 0...20_000))
            // nginx may answer and drop the stream before it has read the body: libcurl then asks again, if it may.
            let request = HTTPRequest(method: "POST", url: url, body: body, isRepeatable: true)
            let response = try await client.answer(request)
            #expect(response.status == 200 && response.version == "2")
          }
        }
      }
      try await group.waitForAll()
    }
    await client.close()
  }
}
