/// A search filter (RFC 4511, section 4.5.1.7): read from its string form (RFC 4515) or built from data, printed back,
/// and evaluated on entries at hand, as the server evaluates it.
///
/// Values are octets, so that nothing that comes from data can change the shape of a filter: escaping happens once, in
/// ``description``.
public indirect enum Filter: Sendable, Hashable {
  /// All of them match; with none, every entry does (RFC 4526).
  case and([Filter])
  /// One of them matches; with none, no entry does (RFC 4526).
  case or([Filter])
  /// It does not match.
  case not(Filter)
  /// A value of the attribute equals this one.
  case equality(attribute: String, octets: [UInt8])
  /// A value begins with `initial`, ends with `final`, and has `any` between them, in that order, without overlap.
  case substrings(attribute: String, initial: [UInt8]?, any: [[UInt8]], final: [UInt8]?)
  /// A value is this one or comes after it.
  case greaterOrEqual(attribute: String, octets: [UInt8])
  /// A value is this one or comes before it.
  case lessOrEqual(attribute: String, octets: [UInt8])
  /// The attribute has a value.
  case present(attribute: String)
  /// A value is about equal to this one, whatever the server takes that to be.
  case approximate(attribute: String, octets: [UInt8])
  /// A value, or one in the name of the entry if `dnAttributes`, matches by the rule given by name or number.
  case extensible(attribute: String?, dnAttributes: Bool, rule: String?, octets: [UInt8])
}

extension Filter {
  /// The entry has this object class, or one derived from it.
  public static func objectClass(_ name: String) -> Filter { .equality("objectClass", name) }

  /// A value of the attribute equals this text.
  public static func equality(_ attribute: String, _ text: some StringProtocol) -> Filter {
    .equality(attribute: attribute, octets: Array(text.utf8))
  }
}

extension Filter: CustomStringConvertible {
  /// The string form (RFC 4515). In values `*`, `(`, `)`, `\`, control characters and what is not UTF-8 are written as a
  /// backslash and two hexadecimal digits; whatever the values, the text has the shape of this filter.
  public var description: String {
    var text: [UInt8] = []
    append(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private func append(to text: inout [UInt8]) {
    text.append(UInt8(ascii: "("))
    switch self {
    case .and(let parts):
      text.append(UInt8(ascii: "&"))
      for part in parts { part.append(to: &text) }
    case .or(let parts):
      text.append(UInt8(ascii: "|"))
      for part in parts { part.append(to: &text) }
    case .not(let part):
      text.append(UInt8(ascii: "!"))
      part.append(to: &text)
    case .equality(let attribute, let octets): Self.append(attribute, "=", octets, to: &text)
    case .greaterOrEqual(let attribute, let octets): Self.append(attribute, ">=", octets, to: &text)
    case .lessOrEqual(let attribute, let octets): Self.append(attribute, "<=", octets, to: &text)
    case .approximate(let attribute, let octets): Self.append(attribute, "~=", octets, to: &text)
    case .present(let attribute):
      Self.append(attribute, "=", [], to: &text)
      text.append(UInt8(ascii: "*"))
    case .substrings(let attribute, let initial, let any, let final):
      Self.append(attribute, "=", initial ?? [], to: &text)
      for part in any {
        text.append(UInt8(ascii: "*"))
        Self.append(part, to: &text)
      }
      text.append(UInt8(ascii: "*"))
      Self.append(final ?? [], to: &text)
    case .extensible(let attribute, let dnAttributes, let rule, let octets):
      Self.append(name: attribute ?? "", to: &text)
      if dnAttributes { text += Array(":dn".utf8) }
      if let rule {
        text.append(UInt8(ascii: ":"))
        Self.append(name: rule, to: &text)
      }
      Self.append("", ":=", octets, to: &text)
    }
    text.append(UInt8(ascii: ")"))
  }

  private static func append(_ attribute: String, _ sign: String, _ octets: [UInt8], to text: inout [UInt8]) {
    append(name: attribute, to: &text)
    text += Array(sign.utf8)
    append(octets, to: &text)
  }

  /// What no name of an attribute or a rule contains is escaped: a server then refuses the filter instead of reading
  /// another one.
  private static func append(name: String, to text: inout [UInt8]) {
    for octet in name.utf8 { append(octet, isPlain: FilterParser.isNameOctet(octet), to: &text) }
  }

  private static func append(_ octets: [UInt8], to text: inout [UInt8]) {
    let isText = String(validating: octets, as: UTF8.self) != nil
    for octet in octets {
      switch octet {
      case 0x00..<0x20, 0x28, 0x29, 0x2a, 0x5c, 0x7f: append(octet, isPlain: false, to: &text)
      default: append(octet, isPlain: octet < 0x80 || isText, to: &text)
      }
    }
  }

  private static func append(_ octet: UInt8, isPlain: Bool, to text: inout [UInt8]) {
    if isPlain {
      text.append(octet)
    } else {
      text += [UInt8(ascii: "\\"), .lowercaseHex(octet >> 4), .lowercaseHex(octet & 15)]
    }
  }
}

extension Filter {
  /// The attributes that must have been read to evaluate the filter, lower case, without options.
  public var attributes: Set<String> {
    var names: Set<String> = []
    collectAttributes(into: &names)
    return names
  }

  private func collectAttributes(into names: inout Set<String>) {
    switch self {
    case .and(let parts), .or(let parts): for part in parts { part.collectAttributes(into: &names) }
    case .not(let part): part.collectAttributes(into: &names)
    case .equality(let attribute, _), .greaterOrEqual(let attribute, _), .lessOrEqual(let attribute, _),
      .approximate(let attribute, _), .present(let attribute), .substrings(let attribute, _, _, _),
      .extensible(.some(let attribute), _, _, _):
      names.insert(attribute.prefix { $0 != ";" }.lowercased())
    case .extensible(.none, _, _, _): break
    }
  }

  /// Whether ``evaluate(_:)`` can come to the server's verdict; see ``reasonNotEvaluable``.
  public var isEvaluable: Bool { reasonNotEvaluable == nil }

  /// The first part of the filter that only the server can evaluate, and why; nil if there is none.
  public var reasonNotEvaluable: String? {
    switch self {
    case .and(let parts), .or(let parts): return parts.lazy.compactMap(\.reasonNotEvaluable).first
    case .not(let part): return part.reasonNotEvaluable
    case .approximate(let attribute, _):
      return "(\(attribute)~=…): what is about equal is for the server to say"
    case .equality(let attribute, _), .substrings(let attribute, _, _, _):
      guard attribute.lowercased() == "anr" else { return nil }
      return "(anr=…): ambiguous name resolution searches a set of attributes that only the server knows"
    case .greaterOrEqual, .lessOrEqual, .present: return nil
    case .extensible(nil, _, _, _):
      return "an extensible match without an attribute searches attributes that are not read"
    case .extensible(.some(let attribute), _, let rule, _):
      guard let rule, ExtensibleRule(rule) == nil else { return nil }
      if rule == ExtensibleRule.inChain {
        return "(\(attribute):\(rule):=…): membership in a chain of groups takes other entries to evaluate"
      }
      return "(\(attribute):\(rule):=…): the matching rule is not known here"
    }
  }
}
