import Directory
import LDAP

/// What is asked of a directory beside its stream: who is there, and what became of someone.
struct Questions: Sendable {
  /// How many entries one search looks up.
  private static let chunk = 100
  /// Seconds that the server may take to list everybody.
  private static let censusPatience = 600

  let settings: StreamSettings
  let side: SideConnection

  /// Reads entries by identity below the naming context, whatever the branches' filters say.
  func lookUp(_ ids: [StableID]) async throws -> LookUp {
    guard !ids.isEmpty else { return LookUp(entries: []) }
    return try await side.ask { open in
      var found = LookUp(entries: [])
      found.incomplete = open.blindness
      for start in stride(from: 0, to: ids.count, by: Self.chunk) {
        let chunk = ids[start..<min(start + Self.chunk, ids.count)]
        let answer = try await open.connection.collect(
          SearchRequest(
            base: open.facts.namingContext.string,
            filter: Filter.or(chunk.map(open.facts.identity.filter)).description,
            attributes: settings.requested(with: open.facts.identity.rawValue), timeLimit: ServerFacts.patience * 4))
        for entry in answer.entries {
          guard let id = open.facts.identity.identity(in: entry.attributes) else {
            found.incomplete = found.incomplete ?? "\(open.facts.identity.rawValue) cannot be read"
            continue
          }
          found.entries.append(Entry(id: id, dn: DistinguishedName(entry.dn), attributes: entry.attributes))
        }
        found.incomplete = found.incomplete ?? Self.gap(answer.result, references: answer.references)
      }
      return found
    }
  }

  /// The identities of everything that matches the stream's filter below a name, over a connection of its own.
  func census(below name: DistinguishedName?) async throws -> Census {
    let below = name ?? settings.base
    guard below.isBelowOrEqual(settings.base) else { return Census(ids: []) }
    let open = try await side.fresh()
    do {
      let census = try await count(below: below, open)
      await open.connection.close()
      return census
    } catch {
      await open.connection.close()
      throw error
    }
  }

  private func count(below name: DistinguishedName, _ open: SideConnection.Open) async throws -> Census {
    let stream = try await open.connection.search(
      SearchRequest(
        base: name.string, filter: settings.filter.description, attributes: [open.facts.identity.rawValue],
        timeLimit: Self.censusPatience))
    var census = Census(ids: [])
    var references = 0
    while true {
      for message in try await stream.next() {
        switch message {
        case .entry(let entry):
          if let id = open.facts.identity.identity(in: entry.attributes) {
            census.ids.insert(id)
          } else {
            census.incomplete = "\(open.facts.identity.rawValue) cannot be read"
          }
        case .reference: references += 1
        case .intermediate: break
        case .done(let result):
          // A place that does not exist has nobody in it, provided that the base itself can be seen.
          if result.code == 32, !name.isSame(as: settings.base),
            try await open.facts.identity(of: settings.base, open.connection) != nil
          {
            return census
          }
          census.incomplete = census.incomplete ?? Self.gap(result, references: references)
          return census
        }
      }
    }
  }

  private static func gap(_ result: SearchResult, references: Int) -> String? {
    if result.code != 0 { return ResultName.describe(code: result.code, diagnostic: result.diagnostic) }
    return references > 0 ? "the server referred to another one for a part of the answer" : nil
  }
}
