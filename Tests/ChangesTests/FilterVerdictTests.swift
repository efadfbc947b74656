import Changes
import Directory
import LDAP
import TestSupport
import Testing

/// The same filters asked of slapd and evaluated here must find the same entries.
@Suite("Filters, here and at slapd")
struct FilterVerdictTests {
  private static let seed = [
    LDIF.person(
      "anna", lines: ["mail: anna@other.example", "mobile: +47 22 33-44", "roomNumber: 12", "sn;lang-de: Öl"]),
    LDIF.person("Bob", lines: ["manager: uid=anna, ou=People,dc=example,dc=com", "roomNumber: 7"]),
    LDIF.person("carl  x", lines: ["seeAlso: cn=nobody", "jpegPhoto:: /9gAAQ==", "cn:  two   spaces "]),
    LDIF.person("dörte", lines: ["businessCategory: (a*b)\\c", "secretary: uid=bob,ou=people,dc=example,dc=com"]),
    LDIF.unit("ou=sub,ou=people,dc=example,dc=com"),
    "dn: cn=team+ou=x,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: team\nou: x\n"
      + "member: uid=anna,ou=people,dc=example,dc=com\nmember: UID=bob,OU=people,DC=example,DC=com\n",
  ].joined(separator: "\n")

  private struct Draw {
    static let parts = [" ", "a", "Surname", "two ", " sp", "AN", "ö", "*", "(", "x", "@"]

    var random: SplitMix

    mutating func pick<Element>(_ elements: [Element]) -> Element {
      elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    mutating func filter(_ depth: Int) -> Filter {
      switch Int.random(in: depth > 0 ? 0...9 : 3...9, using: &random) {
      case 0: return .and((0..<Int.random(in: 0...3, using: &random)).map { _ in filter(depth - 1) })
      case 1: return .or((0..<Int.random(in: 0...3, using: &random)).map { _ in filter(depth - 1) })
      case 2: return .not(filter(depth - 1))
      case 3:
        return .present(attribute: pick(["mail", "manager", "jpegPhoto", "sn", "sn;lang-de", "commonName", "fax"]))
      case 4:
        return .equality(
          pick(["member", "manager", "secretary", "seeAlso"]),
          pick([
            "uid=anna,ou=people,dc=example,dc=com", "UID=Bob , ou=PEOPLE,dc=example,dc=com", "cn=nobody", "nonsense",
            "2.5.4.3=nobody",
          ]))
      case 5:
        return .objectClass(
          pick([
            "person", "inetorgperson", "top", "organizationalUnit", "groupOfNames", "domain", "organizationalPerson",
          ]))
      case 6:
        let attribute = pick(["cn", "mail", "sn", "uid", "mobile", "businessCategory", "description"])
        // A part of a telephone number that is nothing but spaces is false at slapd and undefined here.
        let parts = (attribute == "mobile" ? ["+", "47", "2", "33-", "4 4", "ö"] : Self.parts).map { Array($0.utf8) }
        return .substrings(
          attribute: attribute, initial: pick([nil, pick(parts)]), any: [pick(parts)], final: pick([nil, pick(parts)]))
      case 7:
        return .extensible(
          attribute: "ou", dnAttributes: true, rule: nil, octets: Array(pick(["people", "X", "sub"]).utf8))
      case 8:
        let attribute = pick(["createTimestamp", "modifyTimestamp"])
        let time = Array(pick(["20200101000000Z", "20990101000000.5Z", "205001010000Z", "never"]).utf8)
        return pick([
          .greaterOrEqual(attribute: attribute, octets: time), .lessOrEqual(attribute: attribute, octets: time),
        ])
      default:
        return .equality(
          pick(["cn", "uid", "userid", "mail", "sn", "mobile", "roomNumber", "businessCategory", "displayName"]),
          pick([
            "anna", "bob", "carl x", "CARL  X", "dörte", "DÖRTE", "anna@OTHER.example", "two spaces", " two spaces",
            "Surname Bob", "surname anna", "öl", "+472233 44", "12", "7", "07", "(a*b)\\c", "Person  dörte", "",
          ]))
      }
    }
  }

  @Test("Random filters over a small tree find the same entries here as there")
  func verdicts() async throws {
    var options = SlapdOptions()
    options.seed = Self.seed
    try await Slapd.with(options) { slapd in
      let connection = try await LDAPConnection.open(settings(slapd.url).connection)
      let all = try await connection.collect(SearchRequest(base: Slapd.suffix, attributes: ["*", "+"]))
      let entries = all.entries.map {
        Entry(id: .uuid(0, 0), dn: DistinguishedName($0.dn), attributes: $0.attributes)
      }
      #expect(entries.count == 12)
      var draw = Draw(random: SplitMix(state: 10))
      var matches = 0
      for _ in 0..<2_000 {
        let filter = draw.filter(3)
        let answer = try await connection.collect(
          SearchRequest(base: Slapd.suffix, filter: filter.description, attributes: ["1.1"]))
        #expect(answer.result.code == 0, "\(filter)")
        let there = answer.entries.map(\.dn).sorted()
        let here = entries.filter { filter.evaluate($0) == .true }.map(\.dn.string).sorted()
        #expect(here == there, "\(filter)")
        matches += there.count
      }
      #expect(matches > 2_000)
      await connection.close()
    }
  }
}

private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
