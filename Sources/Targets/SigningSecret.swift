internal import Accounts
internal import Crypto

extension SigningSecret {
  /// A secret as it stands in a file: `whsec_` and the key in base64 (Standard Webhooks 1.0.0), or any other text,
  /// whose UTF-8 octets are the key then. Nil if there is no key, or if what follows `whsec_` is not base64.
  public init?(_ text: String) {
    let prefix = "whsec_"
    guard text.hasPrefix(prefix) else {
      guard !text.isEmpty else { return nil }
      self.init(key: Array(text.utf8))
      return
    }
    guard let key = Base64.decode(Array(text.utf8.dropFirst(prefix.utf8.count))), !key.isEmpty else { return nil }
    self.init(key: key)
  }
}

/// Signs deliveries as Standard Webhooks 1.0.0 asks: `v1,` and HMAC-SHA256 over `id.timestamp.body` in base64, for
/// each secret, separated by spaces. What depends on the key alone is computed once.
struct WebhookSigner: Sendable {
  private let keyed: [HMAC<SHA256>]

  init(_ secrets: [SigningSecret]) { keyed = secrets.map { HMAC<SHA256>(key: SymmetricKey(data: $0.key)) } }

  /// The header's value; nil without secrets.
  func signature(id: String, timestamp: String, body: [UInt8]) -> String? {
    guard !keyed.isEmpty else { return nil }
    let prefix = Array("\(id).\(timestamp).".utf8)
    var value: [UInt8] = []
    value.reserveCapacity(keyed.count * 48)
    for keyed in keyed {
      var code = keyed
      code.update(data: prefix)
      code.update(data: body)
      if !value.isEmpty { value.append(UInt8(ascii: " ")) }
      value.append(contentsOf: "v1,".utf8)
      Base64.append(Array(code.finalize()), to: &value)
    }
    return String(decoding: value, as: UTF8.self)
  }
}
