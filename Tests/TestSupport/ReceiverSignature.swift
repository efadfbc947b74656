internal import Crypto
internal import Foundation

extension Receiver.Request {
  /// The deliveries' id.
  public var webhookID: String { header("webhook-id") ?? "" }

  /// Whether one of the signatures is valid (Standard Webhooks 1.0.0) and the timestamp within five minutes of this
  /// machine's clock.
  /// - Parameter key: the secret's octets.
  public func isSigned(with key: [UInt8]) -> Bool {
    guard let timestamp = header("webhook-timestamp"), let seconds = Double(timestamp),
      abs(Date().timeIntervalSince1970 - seconds) < 300, let signatures = header("webhook-signature")
    else { return false }
    let signed = Data("\(webhookID).\(timestamp).".utf8) + Data(body)
    return signatures.components(separatedBy: " ").contains { signature in
      guard signature.hasPrefix("v1,"), let code = Data(base64Encoded: String(signature.dropFirst(3))) else {
        return false
      }
      return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: SymmetricKey(data: key))
    }
  }
}
