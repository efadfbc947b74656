import Changes
import Directory
import LDAP
import TestSupport
import Testing

private let people = "ou=people,dc=example,dc=com"

private func options(_ log: Int, _ seed: String = LDIF.people(20)) -> SlapdOptions {
  var options = SlapdOptions()
  options.sessionLog = log
  options.seed = seed
  return options
}

/// What is there, by ldapsearch.
private func there(_ slapd: Slapd, _ filter: String) async throws -> [String] {
  try await slapd.search(filter, "1.1").split(separator: "\n").filter { $0.hasPrefix("dn: ") }
    .map { String($0.dropFirst(4)) }.sorted()
}

@Suite("Syncrepl with slapd")
struct SyncreplServerTests {
  @Test("Everything at first, then each change as it happens", arguments: [0, 100])
  func live(log: Int) async throws {
    try await Slapd.with(options(log)) { slapd in
      let settings = settings(slapd.url)
      let reading = Reading(try await source(settings).open(from: nil))
      try await reading.until { !$0.ends.isEmpty }
      #expect(reading.mirror.began == [.full] && reading.mirror.ends == [.whole])
      #expect(try await reading.mirror.names == there(slapd, settings.filter.description))
      #expect(reading.mirror.checkpoint != nil)
      let first = try #require(reading.mirror["user1"])
      #expect(first.attributes.texts("entryuuid") == ["\(first.id)"])
      #expect(!first.attributes.names.contains("userpassword"))

      try await slapd.add(LDIF.person("new", lines: ["jpegPhoto:: /9gAAQ=="]))
      try await reading.until { $0.has("new") }
      #expect(reading.mirror["new"]?.attributes.values("jpegphoto") == [.octets([0xff, 0xd8, 0, 1])])
      try await slapd.replace("uid=user1,\(people)", "mail", "other@example.com")
      try await reading.until { $0["user1"]?.attributes.texts("mail") == ["other@example.com"] }
      #expect(reading.mirror["user1"]?.id == first.id)
      try await slapd.modrdn("uid=user1,\(people)", to: "uid=renamed")
      try await reading.until { $0.has("renamed") }
      #expect(reading.mirror["renamed"]?.id == first.id)
      try await slapd.modrdn("uid=renamed,\(people)", to: "uid=renamed", superior: "ou=leavers,dc=example,dc=com")
      try await reading.until { $0["renamed"]?.dn.string.contains("leavers") == true }
      try await slapd.delete("uid=user2,\(people)")
      try await reading.until { !$0.has("user2") }
      try await slapd.modrdn("ou=groups,dc=example,dc=com", to: "ou=teams")
      try await reading.until { $0.names.contains("ou=teams,dc=example,dc=com") }
      #expect(try await reading.mirror.names == there(slapd, settings.filter.description))
      await reading.stream.close()
    }
  }

  @Test("Who leaves the base or the filter departs, who enters arrives", arguments: [0, 100])
  func scope(log: Int) async throws {
    try await Slapd.with(options(log)) { slapd in
      let narrow = settings(slapd.url, base: people, users: .equality("title", "Staff"))
      let reading = Reading(try await source(narrow).open(from: nil))
      try await reading.until { !$0.ends.isEmpty }
      try await slapd.replace("uid=user1,\(people)", "title", "Guest")
      try await reading.until { !$0.has("user1") }
      try await slapd.modrdn("uid=user2,\(people)", to: "uid=user2", superior: "ou=leavers,dc=example,dc=com")
      try await reading.until { !$0.has("user2") }
      try await slapd.replace("uid=user1,\(people)", "title", "Staff")
      try await reading.until { $0.has("user1") }
      try await slapd.modrdn("uid=user2,ou=leavers,dc=example,dc=com", to: "uid=user2", superior: people)
      try await reading.until { $0.has("user2") }
      await reading.stream.close()
      #expect(reading.mirror.entries.count == 21)
    }
  }

  @Test("What happened meanwhile is caught up", arguments: [0, 100], [false, true])
  func whileAway(log: Int, restarted: Bool) async throws {
    try await Slapd.with(options(log)) { slapd in
      let settings = settings(slapd.url, base: people, users: .equality("title", "Staff"))
      let before = try await pass(settings)
      #expect(before.ends == [.whole] && before.checkpoint != nil)
      let unchanged = try await pass(settings, before)
      #expect(unchanged.ends.last == .delta && unchanged.checkpoint == before.checkpoint)
      #expect(unchanged.entries == before.entries)

      try await slapd.add(LDIF.person("new"))
      try await slapd.replace("uid=user1,\(people)", "mail", "other@example.com")
      try await slapd.modrdn("uid=user3,\(people)", to: "uid=renamed")
      try await slapd.replace("uid=user4,\(people)", "title", "Guest")
      try await slapd.modrdn("uid=user5,\(people)", to: "uid=user5", superior: "ou=leavers,dc=example,dc=com")
      try await slapd.delete("uid=user2,\(people)", "uid=user6,\(people)")
      if restarted { try await slapd.restart() }
      let after = try await pass(settings, unchanged)
      #expect(after.began.last == .delta)
      // A session log is in memory: after a restart, or without one, the present phase tells who is still there.
      #expect(after.ends.last == (log > 0 && !restarted ? .delta : .whole))
      #expect(after.checkpoint != before.checkpoint)
      let names = try await slapd.search("(|(title=Staff)(ou=people))", "1.1")
      #expect(after.names.allSatisfy { names.contains("dn: \($0)\n") })
      #expect(after.entries.count == 18 && after.has("new") && after.has("renamed") && !after.has("user2"))
      #expect(after["user1"]?.attributes.texts("mail") == ["other@example.com"])
      #expect(try await pass(settings).entries == after.entries)
    }
  }

  @Test(
    "A cookie that is of no use: everything is read again in the same stream",
    arguments: [
      ("garbage", RefreshKind.full), ("rid=000,csn=20990101000000.000000Z#000000#001#000000", .full),
      ("rid=000,csn=20160101000000.000000Z#000000#00a#000000", .delta),
    ])
  func uselessCookie(cookie: String, kind: RefreshKind) async throws {
    try await Slapd.with(options(100)) { slapd in
      for mode in [SyncreplSession.Mode.refreshOnly, .refreshAndPersist] {
        let reading = Reading(try await source(settings(slapd.url), mode).open(from: checkpoint(cookie)))
        try await reading.until { $0.ends.last == .whole && $0.checkpoint != nil }
        #expect(reading.mirror.began.last == kind && reading.mirror.entries.count == 25)
        if kind == .full { #expect(reading.mirror.ends.dropLast().allSatisfy { $0 != .whole && $0 != .delta }) }
        let kept = try #require(reading.mirror.checkpoint.flatMap { SyncreplCookie($0.value) })
        #expect(kept.csns.keys.sorted() == ["001"])
        await reading.stream.close()
      }
    }
  }

  @Test("Refresh required (4096): everything is read again in the same stream")
  func refreshRequired() async throws {
    var options = options(100)
    options.overlays = ["syncprov-nopresent TRUE", "syncprov-reloadhint TRUE"]
    try await Slapd.with(options) { slapd in
      let stale = checkpoint("rid=000,csn=20160101000000.000000Z#000000#001#000000")
      let reading = Reading(try await source(settings(slapd.url)).open(from: stale))
      try await reading.until { $0.ends.last == .whole }
      #expect(reading.mirror.began == [.delta, .full] && reading.mirror.entries.count == 25)
      guard case .partial(let reason) = reading.mirror.ends.first else {
        Issue.record("\(reading.mirror.ends)")
        return
      }
      #expect(reason.contains("4096"))
      await reading.stream.close()
    }
  }

  @Test("A server that dies breaks the stream; from the checkpoint nothing is lost")
  func killed() async throws {
    try await Slapd.with(options(100)) { slapd in
      let settings = settings(slapd.url)
      let reading = Reading(try await source(settings).open(from: nil))
      try await reading.until { !$0.ends.isEmpty }
      await slapd.kill()
      let error = await reading.toEnd()
      #expect("\(error.map { "\($0)" } ?? "")".contains(slapd.url))
      await #expect(throws: LDAPError.self) { try await source(settings).open(from: nil) }
      try await slapd.launchAgain()
      try await slapd.delete("uid=user3,\(people)")
      let again = Reading(try await source(settings).open(from: reading.mirror.checkpoint), reading.mirror)
      try await again.until { !$0.isRefreshing && $0.ends.count == 2 }
      #expect(!again.mirror.has("user3") && again.mirror.entries.count == 24)
      await again.stream.close()
    }
  }

  @Test("A frozen server is found by the heartbeat")
  func frozen() async throws {
    try await Slapd.with(options(100)) { slapd in
      let source = SyncreplSource(
        settings(slapd.url), mode: .refreshAndPersist, heartbeat: .milliseconds(50), patience: .milliseconds(500),
        reason: "", log: quiet)
      let reading = Reading(try await source.open(from: nil))
      try await reading.until { !$0.ends.isEmpty }
      slapd.suspend()
      let error = await reading.toEnd()
      slapd.resume()
      #expect((error as? StreamError)?.cause.contains("heartbeat") == true, "\(String(describing: error))")
      await reading.stream.close()
    }
  }

  @Test("A cancelled reader returns at once, and a closed stream ends")
  func cancellation() async throws {
    try await Slapd.with(options(100)) { slapd in
      let reading = Reading(try await source(settings(slapd.url)).open(from: nil))
      try await reading.until { !$0.ends.isEmpty && $0.checkpoint != nil }
      let stream = reading.stream
      let began = ContinuousClock.now
      let task = Task { try await stream.next() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(ContinuousClock.now - began < .seconds(5))
      await stream.close()
      await #expect(throws: (any Error).self) { try await stream.next() }
    }
  }

  @Test("Limits, a wrong base, and an identity that sees nothing: partial, with a hint")
  func refusals() async throws {
    var options = options(100)
    options.database = ["limits dn.exact=\"\(Slapd.writer)\" size=5"]
    try await Slapd.with(options) { slapd in
      let writer = Bind.simple(dn: Slapd.writer, password: Secret(Slapd.writerPassword))
      for (settings, words) in [
        (settings(slapd.url, bind: writer), "sizeLimitExceeded (4)"),
        (settings(slapd.url, base: "ou=nowhere,dc=example,dc=com"), "noSuchObject (32)"),
        (settings(slapd.url, base: "dc=elsewhere"), "(32)"),
      ] {
        let reading = Reading(try await source(settings).open(from: nil))
        let error = try #require(await reading.toEnd() as? StreamError)
        #expect(error.cause.contains(words) && error.hint != nil, "\(error)")
        #expect(reading.mirror.ends.count == 1 && reading.mirror.checkpoint == nil)
        guard case .partial = reading.mirror.ends[0] else {
          Issue.record("\(reading.mirror.ends)")
          continue
        }
        await reading.stream.close()
      }
    }
  }
}
