import Directory
import Testing

private let jane = Entry(
  id: .uuid(1, 2), dn: DistinguishedName("uid=jdoe,ou=People,dc=example,dc=com"),
  attributes: Attributes(octets: [
    "objectClass": ["inetOrgPerson", "posixAccount"].map { Array($0.utf8) },
    "uid": [Array("jdoe".utf8)], "cn": [Array("Jane  Doe".utf8), Array("Doe, Jane".utf8)],
    "sn;lang-de": [Array("Döe".utf8)], "uidNumber": [Array("1005".utf8)], "homeDirectory": [Array("/home/JDoe".utf8)],
    "telephoneNumber": [Array("+1 555-0100".utf8)], "manager": [Array("UID=boss, OU=People,dc=example,dc=com".utf8)],
    "entryUUID": [Array("597ae2f6-16a6-1027-98f4-d28b5365dc14".utf8)], "objectGUID": [[1, 2, 0x41]],
    "userAccountControl": [Array("514".utf8)], "whenChanged": [Array("20261121221832.0Z".utf8)],
    "jpegPhoto": [[0xff, 0xd8]], "employeeNumber": [Array("007".utf8)], "description": [Array("  ".utf8)],
    "objectCategory": [Array("CN=Person,CN=Schema,CN=Configuration,DC=x".utf8)], "roomNumber": [Array("9".utf8)],
    "member;range=0-1": [Array("cn=a,dc=x".utf8)], "displayName": [],
  ]))

@Suite("Filters on entries")
struct FilterEvaluationTests {
  @Test(
    "Matches",
    arguments: [
      "(objectClass=INETORGPERSON)", "(objectClass=person)", "(objectClass=organizationalPerson)", "(objectClass=top)",
      "(objectClass=*)", "(uid=JDOE)", "(userid=jdoe)", "(0.9.2342.19200300.100.1.1=jdoe)", "(cn=jane doe)",
      "(cn= Jane   Doe )", "(sn=DÖE)", "(sn;lang-de=döe)", "(sn=*)", "(uidNumber=1005)", "(uidNumber>=999)",
      "(uidNumber<=10000)", "(homeDirectory=/home/JDoe)", "(telephoneNumber=+15550100)", "(telephoneNumber=*0-1*)",
      "(manager=uid=Boss,ou=people,dc=example,dc=com)", "(entryUUID=597AE2F6-16A6-1027-98F4-D28B5365DC14)",
      "(objectGUID=\\01\\02A)", "(userAccountControl:1.2.840.113556.1.4.803:=2)",
      "(userAccountControl:1.2.840.113556.1.4.804:=6)", "(!(userAccountControl:1.2.840.113556.1.4.803:=16))",
      "(whenChanged>=20261121221832Z)", "(whenChanged=20261121221832Z)", "(whenChanged<=20261121221832.5Z)",
      "(jpegPhoto=\\ff\\d8)", "(cn=ja*)", "(cn=*doe)", "(cn=j*n*d*e)", "(cn=*e d*)", "(cn=doe,*jane)", "(&)", "(!(|))",
      "(!(mail=*))", "(!(mail=x))", "(|(mail=x)(uid=jdoe))", "(&(uid=jdoe)(!(mail=x)))", "(ou:dn:=people)",
      "(uid:caseExactMatch:=jdoe)", "(uid:=JDOE)", "(cn~=jane doe)", "(roomNumber<=10)", "(objectCategory=person)",
      "(objectCategory=user)", "(objectCategory=cn=person,cn=schema,cn=configuration,dc=X)", "(member=cn=A,dc=x)",
      "(distinguishedName=uid=jdoe,OU=people,dc=example,dc=com)", "(entryDN=*)", "(|(cn~=x)(uid=jdoe))",
      "(description=\\20)",
    ])
  func matches(text: String) throws {
    #expect(try Filter(parsing: text).evaluate(jane) == .true)
  }

  @Test(
    "Does not match",
    arguments: [
      "(objectClass=groupOfNames)", "(objectClass=user)", "(uid=jdo)", "(cn=janedoe)", "(sn;lang-fr=döe)",
      "(uidNumber=1006)", "(uidNumber>=1006)", "(uidNumber<=999)", "(homeDirectory=/home/jdoe)",
      "(manager=uid=boss,dc=com)", "(objectGUID=\\01\\02a)", "(userAccountControl:1.2.840.113556.1.4.803:=3)",
      "(userAccountControl:1.2.840.113556.1.4.804:=4)", "(whenChanged>=20261121221833Z)", "(mail=*)", "(mail=x)",
      "(!(uid=jdoe))", "(|)", "(!(&))", "(&(uid=jdoe)(mail=x))", "(cn=jane*jane)", "(cn=doe*e*e*e*)", "(cn=*d*j)",
      "(ou:dn:=groups)", "(uid:caseExactMatch:=JDoe)", "(employeeNumber=7)", "(displayName=*)", "(mail~=x)",
      "(objectCategory=computer)", "(&(cn~=x)(uid=y))",
    ])
  func doesNotMatch(text: String) throws {
    #expect(try Filter(parsing: text).evaluate(jane) == .false)
  }

  @Test(
    "Cannot be told",
    arguments: [
      "(uidNumber=abc)", "(!(uidNumber=abc))", "(uidNumber>=x)", "(manager=nonsense)", "(manager=uid=b*)",
      "(entryUUID=1)", "(whenChanged>=yesterday)", "(cn~=x)", "(!(cn~=x))", "(anr=x)", "(:caseIgnoreMatch:=x)",
      "(member:1.2.840.113556.1.4.1941:=cn=x)", "(cn:1.2.3:=x)", "(&(cn~=x)(uid=jdoe))", "(|(cn~=x)(uid=y))",
      "(uidNumber=1*)", "(member=cn=b,dc=x)", "(!(member=cn=b,dc=x))", "(manager>=cn=a)",
      "(uidNumber=99999999999999999999999)",
    ])
  func undefined(text: String) throws {
    #expect(try Filter(parsing: text).evaluate(jane) == .undefined)
  }

  @Test("A value kept elsewhere is compared by its digest, or not at all")
  func references() throws {
    let photo: [UInt8] = Array(repeating: 7, count: 300)
    let text = [UInt8](repeating: 0x41, count: 300)
    var entry = jane
    entry.attributes = Attributes(octets: ["jpegPhoto": [photo], "info": [text]]).externalised(above: 100).0
    #expect(Filter.present(attribute: "jpegPhoto").evaluate(entry) == .true)
    #expect(Filter.equality(attribute: "jpegPhoto", octets: photo).evaluate(entry) == .true)
    #expect(Filter.equality(attribute: "jpegPhoto", octets: [1]).evaluate(entry) == .false)
    #expect(Filter.equality(attribute: "info", octets: text).evaluate(entry) == .true)
    #expect(Filter.equality(attribute: "info", octets: [1]).evaluate(entry) == .undefined)
  }

  @Test("Random filters on random entries never crash, and negation keeps what cannot be told")
  func fuzz() throws {
    var random = SeededGenerator(seed: 6)
    for _ in 0..<20_000 {
      let attribute = random.pick(["cn", "uidNumber", "manager", "objectClass", "entryUUID", "whenChanged", "mobile"])
      let value = Array(random.text(from: "a A1-=,*é\u{0}Z", upTo: 5).utf8)
      let filter = random.pick([
        Filter.equality(attribute: attribute, octets: value), .lessOrEqual(attribute: attribute, octets: value),
        .substrings(attribute: attribute, initial: value, any: [value], final: value),
      ])
      var entry = jane
      entry.attributes = Attributes(octets: [attribute: [Array(random.text(from: "a A1-=,*é\u{0}Z", upTo: 5).utf8)]])
      #expect(Filter.not(filter).evaluate(entry) == filter.evaluate(entry).negated)
    }
  }
}
