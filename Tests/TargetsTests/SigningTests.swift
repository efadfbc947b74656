import Foundation
import Testing

@testable import Targets

@Suite struct SigningTests {
  @Test(
    arguments: [
      ("whsec_AAEC", [0, 1, 2]), ("whsec_AAECAw==", [0, 1, 2, 3]), ("whsec_AAECAw", [0, 1, 2, 3]),
      ("x", [0x78]), ("ü", [0xC3, 0xBC]), ("whsecAAEC", Array("whsecAAEC".utf8)),
      ("", nil), ("whsec_", nil), ("whsec_A", nil), ("whsec_AA!C", nil), ("whsec_AAEC\n", nil), ("whsec_====", nil),
    ] as [(String, [UInt8]?)])
  func secrets(text: String, key: [UInt8]?) {
    #expect(SigningSecret(text)?.key == key)
  }

  @Test func aSecretDoesNotPrintItself() throws {
    let secret = try #require(SigningSecret("geheim"))
    var dumped = ""
    dump(secret, to: &dumped)
    #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("geheim"))
    #expect(!dumped.contains("103"))
  }

  /// Against openssl, which has nothing in common with this code.
  @Test func signaturesAreWhatOpenSSLComputes() throws {
    let secret = try #require(SigningSecret("whsec_MfKQ9r8GKYqTwjUPD8ILPZIo2LaLaSw"))
    let other = try #require(SigningSecret("another secret"))
    let body = Array(#"{"test": 2432232314}"#.utf8)
    let signed = Data("msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.".utf8) + Data(body)
    let expected = try [secret, other].map { try "v1," + openSSL(signed, key: $0.key).base64EncodedString() }
    func signature(_ secrets: [SigningSecret]) -> String? {
      WebhookSigner(secrets).signature(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330", body: body)
    }
    #expect(signature([secret]) == expected[0])
    #expect(signature([secret, other]) == expected.joined(separator: " "))
    #expect(signature([]) == nil)
  }

  private func openSSL(_ data: Data, key: [UInt8]) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    let hex = key.map { String(format: "%02x", $0) }.joined()
    process.arguments = ["dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:\(hex)", "-binary"]
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    input.fileHandleForWriting.write(data)
    try input.fileHandleForWriting.close()
    let code = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return code
  }
}
