import Directory
import Testing

private func key(_ string: String) -> String {
  String(decoding: DistinguishedName(string).key.map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self)
}

@Suite("Distinguished names")
struct DistinguishedNameTests {
  @Test("The key stands root first, in lower case, each relative name ended")
  func keyOfPlainName() {
    #expect(key("uid=JDoe,ou=People,dc=Example,dc=com") == "dc=com|dc=example|ou=people|uid=jdoe|")
    #expect(key("") == "")
    #expect(key("   ") == "")
    #expect(key("O=x") == "o=x|")
  }

  @Test(
    "Spellings of one name have one key",
    arguments: [
      ("cn=Doe\\, Jane,dc=example", "CN=doe\\2c  jane ;DC=Example"),
      ("cn=Doe\\, Jane,dc=example", "cn = \"Doe, Jane\" , dc = example"),
      ("cn=a+uid=b,dc=c", "uid=B + cn=A,dc=c"),
      ("commonName=x,domainComponent=y", "cn=x,dc=y"),
      ("2.5.4.3=x,OID.0.9.2342.19200300.100.1.25=y", "cn=x,dc=y"),
      ("cn=#04024869", "cn=hi"),
      ("cn=#0C024869", "cn=HI"),
      ("cn=\\#x", "cn=\\23X"),
      ("cn=Ren\\C3\\A9", "cn=René"),
      ("cn=RENÉ", "cn=rené"),
      ("cn=a  b", "cn=a b"),
      ("cn=\\ a b\\ ", "cn=a b"),
      ("cn=a=b", "CN=A\\3Db"),
      ("gn=x", "givenName=x"),
      ("cn=x,\n ou=y", "cn=x,ou=y"),
    ])
  func spellings(pair: (String, String)) {
    #expect(DistinguishedName(pair.0).isValid)
    #expect(DistinguishedName(pair.1).isValid)
    #expect(DistinguishedName(pair.0).isSame(as: DistinguishedName(pair.1)))
    #expect(DistinguishedName(pair.0) != DistinguishedName(pair.1))
  }

  @Test(
    "Different names have different keys",
    arguments: [
      ("cn=a,cn=b", "cn=a\\,cn\\=b"),
      ("cn=a+cn=b", "cn=a\\+cn\\=b"),
      ("cn=a\\00", "cn=a"),
      ("cn=a\\00b", "cn=a,b=b"),
      ("cn=a\\01\\03cn=b", "cn=a+cn=b"),
      ("cn=\\#0500", "cn=#0500"),
      ("cn=\\01\\04x", "cn=#78"),
      ("cn=a", "cn=a,"),
      ("cn=\u{e9}", "cn=e"),
      ("cn", "ou"),
      ("nonsense", "more nonsense"),
    ])
  func distinct(pair: (String, String)) {
    #expect(!DistinguishedName(pair.0).isSame(as: DistinguishedName(pair.1)))
  }

  @Test(
    "What is no name says where and why",
    arguments: [
      ("cn", 2), ("=x", 0), ("cn=x,", 5), ("cn=x,,dc=y", 5), ("cn=x\\", 5), ("cn=x\\zz", 5), ("cn=\"x", 5),
      ("cn=\"x\"y", 6), ("cn=a<b", 4), ("cn=#0", 4), ("cn=#", 4), ("cn=#04x", 6), ("cn=x+", 5), ("c n=x", 2),
      ("cn=x\"", 4), (",", 0),
    ])
  func invalid(text: String, offset: Int) {
    #expect(!DistinguishedName(text).isValid)
    #expect(DistinguishedName(text).string == text)
    #expect(DistinguishedName(text).parent == nil)
    #expect(DistinguishedName(text).rdn == nil)
    #expect(!DistinguishedName(text).isBelow(DistinguishedName("")))
    #expect { try DistinguishedName.parse(text) } throws: { error in
      (error as? DistinguishedNameError)?.offset == offset
    }
  }

  @Test("Below is a matter of relative names, not of letters")
  func below() {
    let base = DistinguishedName("OU=People, DC=example")
    #expect(DistinguishedName("uid=x,ou=people,dc=example").isBelow(base))
    #expect(DistinguishedName("uid=x,ou=a,ou=people,dc=example").isBelow(base))
    #expect(!DistinguishedName("ou=people,dc=example").isBelow(base))
    #expect(DistinguishedName("ou=people,dc=example").isBelowOrEqual(base))
    #expect(!DistinguishedName("ou=people2,dc=example").isBelowOrEqual(base))
    #expect(!DistinguishedName("uid=x,xou=people,dc=example").isBelow(base))
    #expect(!DistinguishedName("dc=example").isBelow(base))
    #expect(DistinguishedName("dc=example").isBelow(DistinguishedName("")))
    #expect(DistinguishedName("").isBelowOrEqual(DistinguishedName("")))
  }

  @Test("A subtree is one range of keys")
  func range() {
    let root = DistinguishedName("ou=a,dc=x").key
    var end = root
    end[end.count - 1] = 1
    let names = ["ou=a,dc=x", "cn=\\FF\\FE,ou=a,dc=x", "cn=z,cn=z,ou=a,dc=x", "cn=\\00,ou=a,dc=x"]
    for name in names {
      let key = DistinguishedName(name).key
      #expect(!key.lexicographicallyPrecedes(root) && key.lexicographicallyPrecedes(end))
    }
    for name in ["dc=x", "ou=a\\00,dc=x", "ou=a\\01,dc=x", "ou=ab,dc=x", "ou=,dc=x", "ou=a+cn=b,dc=x"] {
      let key = DistinguishedName(name).key
      #expect(key.lexicographicallyPrecedes(root) || !key.lexicographicallyPrecedes(end), "\(name)")
    }
  }

  @Test("Parent and first relative name keep their spelling")
  func parent() {
    let name = DistinguishedName("CN=Doe\\, Jane + uid=j ; ou=\"A,B\" , DC=x")
    #expect(name.rdn == "CN=Doe\\, Jane + uid=j")
    #expect(name.parent == DistinguishedName("ou=\"A,B\" , DC=x"))
    #expect(DistinguishedName("DC=x").parent == DistinguishedName(""))
    #expect(DistinguishedName("").parent == nil)
    #expect(DistinguishedName("").rdn == nil)
  }

  @Test("Rebasing replaces the ancestor and leaves what is in front of it as written")
  func rebase() {
    let old = DistinguishedName("ou=people,dc=example")
    let new = DistinguishedName("ou=Staff,dc=example")
    let name = DistinguishedName("UID=J\\2cD , ou = x,OU=People,dc=Example")
    #expect(name.rebased(from: old, to: new)?.string == "UID=J\\2cD , ou = x,ou=Staff,dc=example")
    #expect(DistinguishedName("OU=People,DC=Example").rebased(from: old, to: new) == new)
    #expect(DistinguishedName("dc=example").rebased(from: old, to: new) == nil)
    #expect(DistinguishedName("ou=people2,dc=example").rebased(from: old, to: new) == nil)
    #expect(
      DistinguishedName("cn=a,o=b").rebased(from: DistinguishedName("o=b"), to: DistinguishedName(""))?.string == "cn=a"
    )
    #expect(
      DistinguishedName("cn=a").rebased(from: DistinguishedName(""), to: DistinguishedName("o=b"))?.string == "cn=a,o=b"
    )
  }

  @Test("Any value, escaped, comes back as itself")
  func escaping() {
    #expect(DistinguishedName.escape(value: " #a,b+c\"d\\e<f>g;h=i ") == "\\ #a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h=i\\ ")
    #expect(DistinguishedName.escape(value: "#1") == "\\#1")
    #expect(DistinguishedName.escape(value: "a\u{0}b\nc") == "a\\00b\\0ac")
    #expect(DistinguishedName.escape(value: " ") == "\\ ")
    var random = SeededGenerator(seed: 1)
    for _ in 0..<2_000 {
      let value = random.text(from: " #,+\"\\<>;=abÉß\u{0}\u{1}\n/", upTo: 8)
      let name = DistinguishedName("cn=\(DistinguishedName.escape(value: value)),dc=x")
      #expect(name.isValid, "\(name)")
      let below = DistinguishedName("uid=u,\(name)")
      #expect(below.isBelow(name) && below.parent == name)
      #expect(name.parent?.string == "dc=x")
      #expect(
        name.isSame(as: DistinguishedName("cn=" + value.utf8.map { "\\" + hex($0) }.joined() + ",dc=x")))
    }
  }

  @Test("The fast way and the careful way agree")
  func fastAgrees() {
    var random = SeededGenerator(seed: 2)
    for _ in 0..<3_000 {
      let relative = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        random.pick(["cn", "OU", "dc", "gn", "sn"]) + "="
          + random.text(from: "aBc =-.9", upTo: 6)
      }
      let name = relative.joined(separator: ",")
      // A quoted empty last relative name forces the careful way.
      let careful = DistinguishedName(name + ",dc=\"z\"").key
      let fast = DistinguishedName(name).key
      #expect(careful == Array("dc=z".utf8) + [0] + fast, "\(name)")
    }
  }

  @Test("Random octets never crash, and a key is stable")
  func fuzz() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<20_000 {
      let name = DistinguishedName(random.text(from: "cnou=,;+\\\"#0aF <>\u{0}é", upTo: 20))
      let key = name.key
      #expect(key.isEmpty || key.last == 0)
      if name.isValid, let rdn = name.rdn, let parent = name.parent {
        let again = parent.string.isEmpty ? DistinguishedName(rdn) : DistinguishedName(rdn + "," + parent.string)
        #expect(again.isSame(as: name), "\(name)")
        #expect(name.isBelow(parent))
      }
    }
  }
}
