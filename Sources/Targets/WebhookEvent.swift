internal import Accounts
internal import Crypto
internal import Directory

/// A delivery as a CloudEvents 1.0 event in structured JSON, the same for every attempt: all of it follows from the
/// operation.
struct WebhookEvent {
  /// The delivery's id: `msg_` and a hash, see ``id(target:directory:account:revision:content:)``.
  let id: String
  /// The event in JSON, UTF-8.
  let body: [UInt8]

  init(_ operation: Operation, source: String) {
    let content = Self.content(operation, source: source)
    id = Self.id(
      target: operation.target, directory: operation.directory, account: operation.id.stored,
      revision: operation.revision, content: content)
    body = Self.envelope(id: id, content: content)
  }

  /// An event that asks whether anybody is there. Its id is not repeated.
  /// - Parameter now: milliseconds since 1970.
  init(pingFor target: String, source: String, now: Int64) {
    var writer = JSONWriter()
    writer.object { event in
      event.member("source", source)
      event.member("type", "rollcall.ping")
      event.member("time", Instant.rfc3339(now))
      event.member("datacontenttype", "application/json")
      event.key("data")
      event.object { $0.member("kind", "ping") }
    }
    let nonce = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    id = Self.id(target: target, directory: "", account: nonce, revision: now, content: writer.octets)
    body = Self.envelope(id: id, content: writer.octets)
  }

  /// The event but for `specversion` and `id`, which is made from this: an object.
  private static func content(_ operation: Operation, source: String) -> [UInt8] {
    let kind = operation.account.kind.rawValue
    var writer = JSONWriter()
    writer.object { event in
      event.member("source", source)
      event.member("type", type(of: operation))
      event.member("subject", "\(kind)/\(operation.account.label)")
      event.member("time", Instant.rfc3339(operation.revision))
      event.member("datacontenttype", "application/json")
      event.key("data")
      event.object { data in
        data.member("kind", kind)
        data.member("id", operation.id.description)
        data.key("revision")
        data.integer(operation.revision)
        data.member("reason", operation.reason.rawValue)
        if operation.verb == .disable || operation.verb == .delete, let evidence = operation.evidence {
          data.member("evidence", evidence.rawValue)
        }
        data.key("account")
        data.raw { operation.account.appendJSON(to: &$0) }
        if !operation.changed.isEmpty {
          data.key("changed")
          data.object { changed in for difference in operation.changed { write(difference, to: &changed) } }
        }
      }
    }
    return writer.octets
  }

  /// A side that was absent is absent. Octets are told by their digest: the new ones stand in `account`.
  private static func write(_ difference: Difference, to writer: inout JSONWriter) {
    writer.key(difference.field.rawValue)
    writer.object { sides in
      for (name, value) in [("from", difference.from), ("to", difference.to)] {
        guard let value else { continue }
        sides.key(name)
        switch value {
        case .octets(let octets): sides.string(digest(Array(SHA256.hash(data: octets))))
        case .reference(let hash): sides.string(digest(hash))
        case .text, .list, .flag: sides.raw { value.appendJSON(to: &$0) }
        }
      }
    }
  }

  private static func digest(_ hash: [UInt8]) -> String {
    var text = Array("sha256-".utf8)
    text.appendHex(hash)
    return String(decoding: text, as: UTF8.self)
  }

  private static func type(of operation: Operation) -> String {
    let verb =
      switch operation.verb {
      case .create: "created"
      case .update: "updated"
      case .disable: "disabled"
      case .delete: "deleted"
      }
    return (operation.account.kind == .user ? "account." : "group.") + verb
  }

  /// `msg_` and the SHA-256, in base64url, of target, directory, account, revision and content, each preceded by its
  /// length in eight octets, so that no two deliveries run together to the same octets.
  static func id(
    target: String, directory: String, account: [UInt8], revision: Int64, content: [UInt8]
  ) -> String {
    var framed: [UInt8] = []
    framed.reserveCapacity(content.count + 160)
    func bigEndian(_ number: UInt64) {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        framed.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    func frame(_ octets: some Collection<UInt8>) {
      bigEndian(UInt64(octets.count))
      framed.append(contentsOf: octets)
    }
    frame("rollcall delivery 1".utf8)
    frame(target.utf8)
    frame(directory.utf8)
    frame(account)
    bigEndian(UInt64(bitPattern: revision))
    frame(content)
    var id = Array("msg_".utf8)
    Base64.append(Array(SHA256.hash(data: framed)), to: &id, urlSafe: true)
    return String(decoding: id, as: UTF8.self)
  }

  /// Puts the two members that the hash does not cover before the others.
  private static func envelope(id: String, content: [UInt8]) -> [UInt8] {
    let head = #"{"specversion":"1.0","id":"\#(id)","#
    var body: [UInt8] = []
    body.reserveCapacity(head.utf8.count + content.count)
    body.append(contentsOf: head.utf8)
    body.append(contentsOf: content[1...])
    return body
  }
}
