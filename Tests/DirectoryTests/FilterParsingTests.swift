import Directory
import Testing

@Suite("Filters as text")
struct FilterParsingTests {
  @Test(
    "Read and printed back",
    arguments: [
      ("(cn=Babs Jensen)", Filter.equality("cn", "Babs Jensen")),
      ("(!(cn=Tim Howes))", .not(.equality("cn", "Tim Howes"))),
      ("(&)", .and([])), ("(|)", .or([])),
      ("(mail=*)", .present(attribute: "mail")),
      (
        "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
        .and([
          .objectClass("Person"),
          .or([
            .equality("sn", "Jensen"),
            .substrings(attribute: "cn", initial: Array("Babs J".utf8), any: [], final: nil),
          ]),
        ])
      ),
      (
        "(o=univ*of*mich*)",
        .substrings(
          attribute: "o", initial: Array("univ".utf8), any: ["of", "mich"].map { Array($0.utf8) }, final: nil)
      ),
      ("(seeAlso=)", .equality(attribute: "seeAlso", octets: [])),
      ("(cn=*\\2a*)", .substrings(attribute: "cn", initial: nil, any: [[0x2a]], final: nil)),
      ("(filename=C:\\5cMyFile)", .equality("filename", "C:\\MyFile")),
      ("(bin=\\00\\00\\00\\04)", .equality(attribute: "bin", octets: [0, 0, 0, 4])),
      ("(1.3.6.1.4.1.1466.0=\\04\\02Hi)", .equality(attribute: "1.3.6.1.4.1.1466.0", octets: [4, 2, 0x48, 0x69])),
      ("(cn;lang-de>=a)", .greaterOrEqual(attribute: "cn;lang-de", octets: [0x61])),
      ("(cn<=a)", .lessOrEqual(attribute: "cn", octets: [0x61])),
      ("(cn~=a)", .approximate(attribute: "cn", octets: [0x61])),
      (
        "(cn:caseExactMatch:=Fred Flintstone)",
        .extensible(attribute: "cn", dnAttributes: false, rule: "caseExactMatch", octets: Array("Fred Flintstone".utf8))
      ),
      ("(cn:=x)", .extensible(attribute: "cn", dnAttributes: false, rule: nil, octets: [0x78])),
      ("(sn:dn:2.4.6.8.10:=x)", .extensible(attribute: "sn", dnAttributes: true, rule: "2.4.6.8.10", octets: [0x78])),
      ("(o:dn:=x)", .extensible(attribute: "o", dnAttributes: true, rule: nil, octets: [0x78])),
      (
        "(:1.2.3:=x)", .extensible(attribute: nil, dnAttributes: false, rule: "1.2.3", octets: [0x78])
      ),
      ("(:dn:2.4.6:=x)", .extensible(attribute: nil, dnAttributes: true, rule: "2.4.6", octets: [0x78])),
    ])
  func both(text: String, filter: Filter) throws {
    #expect(try Filter(parsing: text) == filter)
    #expect(filter.description == text)
  }

  @Test(
    "What ldapsearch allows besides",
    arguments: [
      ("objectClass=person", "(objectClass=person)"),
      (" ( & (a=b)\n  ( c = d ) ) ", "(&(a=b)(c= d ))"),
      ("(a=\\28\\)\\\\)", "(a=\\28\\29\\5c)"),
      ("(a=\\C3\\A9)", "(a=é)"),
      ("(a=\\c3)", "(a=\\c3)"),
      ("(a=b=c>=d)", "(a=b=c>=d)"),
    ])
  func tolerant(text: String, printed: String) throws {
    #expect(try Filter(parsing: text).description == printed)
  }

  @Test(
    "What is no filter says where and why",
    arguments: [
      ("", 0), ("   ", 3), ("(", 1), ("()", 1), ("(cn=a", 5), ("(cn=a))", 6), ("(cn)", 3), ("(=a)", 1), ("(&(a=b)", 7),
      ("(&a=b)", 2), ("(!)", 2), ("(!(a=b)(c=d))", 7), ("(a=b(c)", 4), ("(a=\\zz)", 3), ("(a=\\)", 5), ("(a>b)", 3),
      ("(a>=b*)", 5), ("(a=**)", 3), ("(a=b**c)", 3), ("(:=x)", 1), ("(a:b)", 4), ("(a:dn:r:s:=x)", 9),
      ("(a=b)(c=d)", 5), ("(a b=c)", 3), ("(a=\u{0})", 3), ("(;x=c)", 1),
    ])
  func invalid(text: String, offset: Int) {
    #expect { try Filter(parsing: text) } throws: { error in
      guard let error = error as? FilterError else { return false }
      #expect(!error.message.isEmpty)
      return error.offset == offset
    }
  }

  @Test("Depth and length are bounded")
  func bounds() throws {
    let deep: (Int) -> String = { String(repeating: "(!", count: $0) + "(a=b)" + String(repeating: ")", count: $0) }
    _ = try Filter(parsing: deep(Filter.maximumDepth - 1))
    #expect { try Filter(parsing: deep(Filter.maximumDepth)) } throws: { ($0 as? FilterError)?.offset == 200 }
    #expect(throws: FilterError.self) { try Filter(parsing: String(repeating: "(&", count: 1_000_000)) }
    #expect(throws: FilterError.self) {
      try Filter(parsing: "(a=" + String(repeating: "b", count: Filter.maximumLength) + ")")
    }
  }

  @Test("Values and names from data cannot change the shape of a filter")
  func injection() throws {
    let filter = Filter.and([.equality("uid", "*)(uid=*"), .equality(attribute: "x", octets: [0, 0xff])])
    #expect(filter.description == "(&(uid=\\2a\\29\\28uid=\\2a)(x=\\00\\ff))")
    #expect(try Filter(parsing: filter.description) == filter)
    #expect(Filter.present(attribute: "a=b)(c").description == "(a\\3db\\29\\28c=*)")
    #expect(throws: FilterError.self) { try Filter(parsing: Filter.present(attribute: "a)(b").description) }
  }

  @Test("Which attributes it takes, and what cannot be evaluated here")
  func needs() throws {
    let filter = try Filter(
      parsing: "(&(objectClass=user)(|(CN;lang-de=x*)(!(mail=*)))(uac:1.2.840.113556.1.4.803:=2)(ou:dn:=x))")
    #expect(filter.attributes == ["objectclass", "cn", "mail", "uac", "ou"])
    #expect(filter.isEvaluable)
    for text in [
      "(&(a=b)(!(memberOf:1.2.840.113556.1.4.1941:=cn=x)))", "(cn:1.2.3.4:=x)", "(:caseIgnoreMatch:=x)", "(anr=x)",
      "(|(a=b)(c~=d))",
    ] {
      #expect(try Filter(parsing: text).reasonNotEvaluable?.contains(":") == true || text.contains(":caseIgnoreMatch"))
      #expect(try !Filter(parsing: text).isEvaluable)
    }
  }

  @Test("Any filter, printed, is read back as itself")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<3_000 {
      let filter = random.filter(depth: 4)
      #expect(try Filter(parsing: filter.description) == filter, "\(filter)")
    }
  }

  @Test("Random text never crashes, and what is read prints to a fixed point")
  func fuzz() throws {
    var random = SeededGenerator(seed: 5)
    var read = 0
    for _ in 0..<30_000 {
      let text = "(" + random.text(from: "(((&|!)))ab=*\\28:~<> ;dn:é\u{0}", upTo: 14) + random.pick(["", ")", "=a)"])
      guard let filter = try? Filter(parsing: text) else { continue }
      read += 1
      let printed = filter.description
      #expect(try Filter(parsing: printed) == filter, "\(text)")
      #expect(try Filter(parsing: printed).description == printed)
    }
    #expect(read > 50)
  }
}

extension SeededGenerator {
  fileprivate mutating func octets() -> [UInt8] {
    (0..<Int.random(in: 1...4, using: &self)).map { _ in
      pick([0, 0x28, 0x29, 0x2a, 0x5c, 0x61, 0xc3, 0xa9, 0xff, 0x0a, 0x20])
    }
  }

  fileprivate mutating func filter(depth: Int) -> Filter {
    let attribute = pick(["cn", "objectClass;x-y", "1.2.3", "a_b"])
    switch Int.random(in: depth > 0 ? 0...8 : 3...8, using: &self) {
    case 0: return .and((0..<Int.random(in: 0...3, using: &self)).map { _ in filter(depth: depth - 1) })
    case 1: return .or((0..<Int.random(in: 0...3, using: &self)).map { _ in filter(depth: depth - 1) })
    case 2: return .not(filter(depth: depth - 1))
    case 3: return .greaterOrEqual(attribute: attribute, octets: octets())
    case 4: return .lessOrEqual(attribute: attribute, octets: octets())
    case 5: return .present(attribute: attribute)
    case 6:
      return .substrings(
        attribute: attribute, initial: pick([nil, octets()]), any: [octets()], final: pick([nil, octets()]))
    case 7:
      return .extensible(
        attribute: attribute, dnAttributes: pick([true, false]), rule: pick([nil, "1.2.3"]), octets: octets())
    default: return .equality(attribute: attribute, octets: octets())
    }
  }
}
