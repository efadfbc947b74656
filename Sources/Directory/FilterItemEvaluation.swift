extension FilterItem {
  /// Whether a value of the entry, or one in its name if the item asks for that, satisfies the item.
  func evaluate(_ entry: Entry) -> Truth {
    var result = Truth.false
    var found = false
    var isPartial = false
    entry.attributes.forEach { attribute in
      guard attribute.count > 0, concerns(attribute.description, isPartial: &isPartial) else { return true }
      found = true
      if case .present = test {
        result = .true
      } else {
        for value in attribute.values {
          switch evaluate(value) {
          case .true: result = .true
          case .undefined: if result == .false { result = .undefined }
          case .false: break
          }
          if result == .true { break }
        }
      }
      return result != .true
    }
    if result != .true, looksIntoName, matches(nameOf: entry) { return .true }
    if !found, isNameAttribute { return evaluateName(entry.dn) }
    return isPartial && result == .false ? .undefined : result
  }

  /// Whether the item is about the attribute of this description: the same type, and at least the item's options
  /// (RFC 4512, section 2.5.2). A range of Active Directory that is not the last one leaves values unread.
  private func concerns(_ description: ArraySlice<UInt8>, isPartial: inout Bool) -> Bool {
    var end = description.startIndex
    while end < description.endIndex, description[end] != UInt8(ascii: ";") { end += 1 }
    let type = description[description.startIndex..<end]
    guard names.contains(where: { $0.count == type.count && type.elementsEqual($0) }) else { return false }
    guard end < description.endIndex || !options.isEmpty else { return true }
    let given = description[end...].split(separator: UInt8(ascii: ";"))
    guard options.allSatisfy({ option in given.contains { $0.elementsEqual(option) } }) else { return false }
    if given.contains(where: { $0.starts(with: "range=".utf8) && $0.last != UInt8(ascii: "*") }) { isPartial = true }
    return true
  }

  private func evaluate(_ value: Attributes.Value) -> Truth {
    switch value {
    case .octets(let octets): return evaluate(octets)
    case .reference(let sha256):
      guard case .equal = test, let digest else { return .undefined }
      return sha256.elementsEqual(digest) ? .true : rule == .octets ? .false : .undefined
    }
  }

  private func evaluate(_ value: ArraySlice<UInt8>) -> Truth {
    switch test {
    case .present: return .true
    case .equal(let assertion): return rule.equal(value, assertion)
    case .isOneOf(let classes):
      return Truth(classes.contains { StringPreparation.isEqual(value, toPrepared: $0) })
    case .approximate(let assertion): return rule.equal(value, assertion) == .true ? .true : .undefined
    case .atLeast(let assertion): return rule.order(value, assertion).map { Truth($0 >= 0) } ?? .undefined
    case .atMost(let assertion): return rule.order(value, assertion).map { Truth($0 <= 0) } ?? .undefined
    case .bits(let bits, let all):
      guard let number = MatchingRule.integer(value) else { return .undefined }
      return Truth(all ? number & bits == bits : number & bits != 0)
    case .substrings(let initial, let any, let final):
      return Truth(Self.contains(rule.form(of: value), initial, any, final))
    }
  }

  /// Initial, any in their order, final, without overlap (RFC 4511, section 4.5.1.7.2).
  private static func contains(_ value: [UInt8], _ initial: [UInt8]?, _ any: [[UInt8]], _ final: [UInt8]?) -> Bool {
    var rest = value[...]
    if let initial {
      guard rest.starts(with: initial) else { return false }
      rest = rest.dropFirst(initial.count)
    }
    if let final {
      guard rest.count >= final.count, rest.suffix(final.count).elementsEqual(final) else { return false }
      rest = rest.dropLast(final.count)
    }
    for part in any {
      guard let start = first(part, in: rest) else { return false }
      rest = rest[(start + part.count)...]
    }
    return true
  }

  private static func first(_ part: [UInt8], in rest: ArraySlice<UInt8>) -> Int? {
    guard let first = part.first else { return rest.startIndex }
    var start = rest.startIndex
    while start + part.count <= rest.endIndex {
      if rest[start] == first, rest[start..<start + part.count].elementsEqual(part) { return start }
      start += 1
    }
    return nil
  }

  /// `(ou:dn:=people)`: the assertion also holds for a relative name of the entry or of one above it.
  private func matches(nameOf entry: Entry) -> Bool {
    guard let relative = try? NameScanner.scan(entry.dn.string) else { return false }
    return relative.contains { name in
      name.assertions.contains { assertion in
        names.contains(assertion.type) && evaluate(assertion.value[...]) == .true
      }
    }
  }

  /// The attributes that repeat the entry's name, which is known even where they are not sent.
  private var isNameAttribute: Bool {
    names.contains { $0.elementsEqual("entrydn".utf8) || $0.elementsEqual("distinguishedname".utf8) }
  }

  private func evaluateName(_ name: DistinguishedName) -> Truth { evaluate(Array(name.string.utf8)[...]) }
}
