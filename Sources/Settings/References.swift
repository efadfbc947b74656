internal import Foundation

/// `${env:NAME}` and `${file:/path}`: secrets stand outside the file (law 13).
extension ValueReader {
  /// The most octets of a file that a reference names.
  static let referenceLimit = 65_536

  /// A text with its references replaced, and whether it had any; nil after an error.
  func expand(_ text: String) -> (text: String, hasReference: Bool)? {
    var (result, rest, hasReference, isWhole) = ("", text[...], false, true)
    while let open = rest.range(of: "${") {
      result += rest[..<open.lowerBound]
      let offset = text[..<open.lowerBound].unicodeScalars.count
      guard let close = rest[open.upperBound...].firstIndex(of: "}") else {
        fail("the reference that begins here has no closing '}'", at: offset)
        return nil
      }
      hasReference = true
      if let value = dereference(String(rest[open.upperBound..<close]), at: offset) {
        result += value
      } else {
        isWhole = false
      }
      rest = rest[rest.index(after: close)...]
    }
    return isWhole ? (result + rest, hasReference) : nil
  }

  /// A secret. One that stands in the file itself is accepted with a warning.
  func secret() -> String? {
    guard let text = raw(), let expanded = expand(text) else { return nil }
    if !expanded.hasReference {
      warn("\(told) stands in the file; write it as ${env:NAME} or ${file:/path}")
    }
    return expanded.text
  }

  private func dereference(_ reference: String, at offset: Int) -> String? {
    let parts = reference.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("env", 2):
      guard let value = context.environment[String(parts[1])] else {
        fail("${\(reference)} is not set", at: offset)
        return nil
      }
      if value.isEmpty { fail("${\(reference)} is empty", at: offset) }
      return value.isEmpty ? nil : value
    case ("file", 2): return contents(of: context.resolve(String(parts[1])), told: "${\(reference)}", at: offset)
    default:
      fail("unknown reference '${\(reference)}'; it may be ${env:NAME} or ${file:/path}", at: offset)
      return nil
    }
  }

  private func contents(of path: String, told: String, at offset: Int) -> String? {
    func refuse(_ cause: String) -> String? {
      fail("\(told) \(cause)", at: offset)
      return nil
    }
    let attributes: [FileAttributeKey: Any]
    do {
      attributes = try FileManager.default.attributesOfItem(atPath: (path as NSString).resolvingSymlinksInPath)
    } catch {
      return refuse("cannot be read: \(FileTrouble.cause(error))")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else { return refuse("is not a file") }
    guard let data = FileTrouble.read(path, upTo: Self.referenceLimit + 1) else {
      return refuse("cannot be read by this user")
    }
    guard data.count <= Self.referenceLimit else { return refuse("is larger than \(Self.referenceLimit) octets") }
    guard var text = String(validating: data, as: UTF8.self), !text.unicodeScalars.contains("\0") else {
      return refuse("is not text")
    }
    if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
    guard !text.isEmpty else { return refuse("is empty") }
    if let mode = attributes[.posixPermissions] as? Int, mode & 0o004 != 0 {
      context.findings.warn(
        context.source.mark(of: offset, in: node),
        "\(told) can be read by every user of this machine (chmod o-r \(path))")
    }
    return text
  }
}

/// Files as this room reads them: never more than a limit.
enum FileTrouble {
  /// The octets of a file, nil if it cannot be read.
  static func read(_ path: String, upTo limit: Int) -> [UInt8]? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    var octets: [UInt8] = []
    do {
      while octets.count < limit, let data = try handle.read(upToCount: limit - octets.count), !data.isEmpty {
        octets += data
      }
      return octets
    } catch {
      return nil
    }
  }

  /// A cause in a few words.
  static func cause(_ error: any Error) -> String {
    switch (error as? CocoaError)?.code {
    case .fileReadNoSuchFile, .fileNoSuchFile: "no such file"
    case .fileReadNoPermission: "permission denied"
    default: "\(error.localizedDescription)"
    }
  }
}
