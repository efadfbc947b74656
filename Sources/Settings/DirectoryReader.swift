internal import Accounts
internal import Directory
internal import LDAP

/// Reads one directory of the file.
enum DirectoryReader {
  static func read(_ key: YAMLNode.Key, _ value: ValueReader, _ context: ReadingContext) -> DirectorySettings? {
    let told = "directory '\(key.text)'"
    guard let mapping = value.mapping(told, keys: .directory) else { return nil }
    let base = mapping.required("base").flatMap(name)
    let connection = ConnectionReader(mapping: mapping, told: told).read()
    let users = branch(mapping.value("users"), "'users' of \(told)", base, DirectorySettings.standardUsersFilter)
    let groups = mapping.value("groups").flatMap {
      branch($0, "'groups' of \(told)", base, DirectorySettings.standardGroupsFilter)
    }
    let settings = (
      follow: mapping.value("follow").flatMap { $0.word(FollowMode.self) },
      heartbeat: mapping.value("heartbeat").flatMap { heartbeat($0) },
      id: mapping.value("id-attribute").flatMap(attribute), renamed: mapping.value("renamed-from")?.raw(),
      guard: mapping.value("guard").map { GuardReader.read($0, base: GuardPolicy()) }
    )
    guard let base, let connection, let users else { return nil }
    return DirectorySettings(
      name: key.text, location: context.findings.location(key.mark), connection: connection, base: base, users: users,
      groups: groups, follow: settings.follow ?? .auto, heartbeat: settings.heartbeat, idAttribute: settings.id,
      renamedFrom: settings.renamed, guard: settings.guard)
  }

  private static func name(_ value: ValueReader) -> DistinguishedName? {
    guard let text = value.text() else { return nil }
    do throws(Syntax.Trouble) {
      try Syntax.validateName(text)
      return DistinguishedName(text)
    } catch {
      value.fail(error.message, at: error.offset)
      return nil
    }
  }

  private static func branch(
    _ value: ValueReader?, _ told: String, _ base: DistinguishedName?, _ standard: String
  ) -> Branch? {
    guard let value else { return base.map { Branch(base: $0, filter: standard) } }
    guard let mapping = value.mapping(told, keys: .branch) else { return nil }
    let filter = mapping.value("filter").map { Self.filter($0) } ?? standard
    var own = base
    if let place = mapping.value("base") {
      own = name(place)
      if let own, let base, !Syntax.isBelow(own, base) {
        place.fail("'\(own.string)' is not below the directory's base '\(base.string)'")
      }
    }
    guard let own, let filter else { return nil }
    return Branch(base: own, filter: filter)
  }

  private static func filter(_ value: ValueReader) -> String? {
    guard let text = value.raw() else { return nil }
    do throws(Syntax.Trouble) {
      return try Syntax.filter(text)
    } catch {
      value.fail("bad filter: \(error.message)", at: error.offset)
      return nil
    }
  }

  /// `0` and `off` are none.
  private static func heartbeat(_ value: ValueReader) -> Duration? {
    if value.isScalar, let text = value.raw(), text == "off" || text == "0" { return nil }
    return value.duration(.seconds(1)...(.seconds(86_400)))
  }

  private static func attribute(_ value: ValueReader) -> String? {
    guard let text = value.raw() else { return nil }
    guard Syntax.isAttribute(text) else {
      value.fail("'\(text)' is not an attribute's name")
      return nil
    }
    guard !AttributeNames.isSecret(text.lowercased()) else {
      value.fail("'\(text)' cannot identify an entry")
      return nil
    }
    return text.lowercased()
  }
}
