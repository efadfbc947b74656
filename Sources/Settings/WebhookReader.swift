internal import Foundation
internal import HTTP
internal import Targets

/// Reads what is a webhook's own.
struct WebhookReader {
  let mapping: MappingReader
  let told: String

  /// Headers that are Rollcall's or libcurl's to set.
  private static let reserved: Set = [
    "content-type", "content-length", "transfer-encoding", "connection", "expect", "webhook-id", "webhook-timestamp",
    "webhook-signature",
  ]

  func read(concurrency: Int) -> WebhookSettings? {
    let url = mapping.required("url").flatMap(address)
    let secrets = mapping.value("secret")?.items().compactMap(secret) ?? []
    let headers = mapping.value("headers").map(headers) ?? []
    let client = CertificateReader.pair(mapping)
    var http = HTTPClientSettings(connections: concurrency)
    http.caFile = mapping.value("ca")?.existingFile()
    http.clientCertificate = client?.certificate
    http.clientKey = client?.key
    http.proxy = mapping.value("proxy").flatMap(proxy)
    if let timeout = mapping.value("timeout").flatMap({ $0.duration(.seconds(1)...(.seconds(600))) }) {
      http.timeout = timeout
    }
    if let connect = mapping.value("connect-timeout").flatMap({ $0.duration(.seconds(1)...(.seconds(120))) }) {
      http.connectTimeout = connect
    }
    guard let url else { return nil }
    return WebhookSettings(url: url, secrets: secrets, headers: headers, http: http)
  }

  private func address(_ value: ValueReader) -> String? {
    guard let text = value.text() else { return nil }
    guard let url = ServerURL(text), url.scheme == "http" || url.scheme == "https", !url.host.isEmpty else {
      value.fail("'url' of \(told) must be http://host/path or https://host/path")
      return nil
    }
    guard !url.hasUser else {
      value.fail("'url' of \(told) holds credentials: send them with 'headers', such as Authorization")
      return nil
    }
    guard !url.rest.contains("#") else {
      value.fail("'url' of \(told) has a fragment ('#'), which no server ever sees")
      return nil
    }
    if url.scheme == "http", !url.isLoopback {
      value.warn("people's data crosses the network to \(url.host) in clear text: use https")
    }
    return text
  }

  private func proxy(_ value: ValueReader) -> String? {
    guard let text = value.text() else { return nil }
    guard let url = ServerURL(text), ["http", "https", "socks5", "socks5h"].contains(url.scheme), !url.host.isEmpty
    else {
      value.fail("'proxy' of \(told) must be http://, https://, socks5:// or socks5h:// and a host")
      return nil
    }
    return text
  }

  /// Standard Webhooks: `whsec_` and the key in base64; any other text is the key itself.
  private func secret(_ value: ValueReader) -> SigningSecret? {
    guard let text = value.secret() else { return nil }
    guard text.hasPrefix("whsec_") else { return SigningSecret(key: Array(text.utf8)) }
    guard let key = Data(base64Encoded: String(text.dropFirst(6))), !key.isEmpty else {
      value.fail("\(value.told) begins with whsec_ but no base64 follows")
      return nil
    }
    return SigningSecret(key: Array(key))
  }

  private func headers(_ value: ValueReader) -> [WebhookSettings.Header] {
    guard let mapping = MappingReader(value.node, value.told, value.context) else { return [] }
    return mapping.entries.compactMap { key, value in
      let name = key.text
      guard !name.isEmpty, name.utf8.count <= 256, name.utf8.allSatisfy(Self.isTokenOctet) else {
        value.context.findings.error(key.mark, "'\(name)' is not a header's name (RFC 9110, section 5.6.2)")
        return nil
      }
      guard !Self.reserved.contains(name.lowercased()) else {
        value.context.findings.error(key.mark, "the header '\(name)' is set by Rollcall")
        return nil
      }
      guard let text = value.text() else { return nil }
      guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }), text.utf8.count <= 8192 else {
        value.fail("the header '\(name)' has control characters, or more than 8192 octets")
        return nil
      }
      return WebhookSettings.Header(name: name, value: text)
    }
  }

  private static func isTokenOctet(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
    }
  }
}
