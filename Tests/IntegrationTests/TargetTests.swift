import Foundation
import Glibc
import TestSupport
import Testing

/// A receiver that is down, slow, strange, or refuses: whoever is not to blame is served, and nothing is lost.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TargetTests {
  private static func dn(_ number: Int) -> String { "uid=user\(number),\(ChangeList.people)" }

  @Test("down for the whole load")
  func downForTheLoad() async throws {
    try await Scene.with(people: 300) { scene in
      let port = scene.hearing.receiver.port
      scene.hearing.receiver.stop()
      scene.file.targets[0].url = "http://127.0.0.1:\(port)"
      try await scene.running { _ in
        try await scene.status { $0["targets"].list[0]["trouble"].text?.contains("down") == true }
        try await scene.status { $0["directories"].list[0]["users"].number == 301 }
        try await scene.slapd.replace(Self.dn(3), "title", "Changed while down")
        try await scene.slapd.delete(Self.dn(4))
        let revived = try Hearing(port: port)
        defer { revived.receiver.stop() }
        try await scene.status(within: .seconds(60)) { $0["targets"].list[0]["waiting"].number == 0 }
        let state = revived.state
        #expect(state.present.count == 300)
        #expect(state.offences.isEmpty, "\(state.offences.prefix(5))")
        #expect(state.person("user3")?.account["title"].text == "Changed while down")
        #expect(state.person("user4") == nil)
      }
    }
  }

  /// Answers that promise nothing, each with a word that `failed` must show.
  enum Fault: String, CaseIterable, Sendable {
    case error500, redirect, closed, lost, halfClosed, endless, slow, garbage, partial

    var verdict: Hearing.Verdict {
      switch self {
      case .error500: .refused(500)
      case .redirect: .refused(.redirect(307, to: "http://127.0.0.1:1/elsewhere"))
      case .closed: .refused(.close)
      case .lost: .init(behaviour: .silence, isApplied: true)
      case .halfClosed: .init(behaviour: .halfClose, isApplied: true)
      case .endless: .init(behaviour: .endless, isApplied: true)
      case .slow: .init(behaviour: .trickle(.seconds(1)), isApplied: true)
      case .garbage: .init(behaviour: .raw("no HTTP at all\r\n\r\n"), isApplied: true)
      case .partial: .init(behaviour: .closeMidReply, isApplied: true)
      }
    }

    /// An answer whose status says yes counts, however its body goes on.
    var isSuccess: Bool { self == .endless || self == .slow || self == .partial }

    var word: String {
      switch self {
      case .error500: "500"
      case .redirect: "redirect"
      default: ""
      }
    }
  }

  @Test("one account meets a fault: the others are served, and it is in the end", arguments: Fault.allCases)
  func fault(_ fault: Fault) async throws {
    try await Scene.with(people: 10) { scene in
      scene.file.targetLines = ["timeout: 1s"]
      scene.hearing.answer { $0.login == "user5" ? fault.verdict : .taken }
      try await scene.running { _ in
        try await scene.status {
          $0["targets"].list[0]["waiting"].number == 1 && $0["targets"].list[0]["failing"].number == 1
        }
        #expect(scene.hearing.state.present.count >= 10)
        let failed = try await scene.command("failed", "--json")
        #expect(failed.status == 1)
        #expect(failed.json.list.map { $0["account"].text } == ["user5"])
        #expect(failed.json.list.first?["parked"].flag == false)
        #expect(
          failed.json.list.first?["error"].text?.contains(fault.word) == true || fault.word.isEmpty, "\(failed.text)")
        scene.hearing.takeAll()
        #expect(try await scene.command("retry", "user5").status == 0)
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test("429 with Retry-After: it waits so long, then goes on")
  func throttled() async throws {
    try await Scene.with(people: 5) { scene in
      try await scene.running { _ in
        try await scene.settle()
        let refusals = Shared<[ContinuousClock.Instant]>([])
        scene.hearing.answer { event in
          let first = refusals.change { instants in
            if instants.isEmpty { instants.append(event.at) }
            return instants[0] == event.at
          }
          return first ? .refused(.respond(.init(429, headers: [("Retry-After", "2")]))) : .taken
        }
        try await scene.slapd.replace(Self.dn(1), "title", "One")
        try await scene.hearing.event { $0.account["title"].text == "One" }
        try await scene.slapd.replace(Self.dn(2), "title", "Two")
        let event = try await scene.hearing.event { $0.account["title"].text == "Two" }
        let refused = try #require(refusals.value.first)
        #expect(event.at - refused > .milliseconds(1900), "it slows the whole target down")
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test("410 and 401 pause the target until somebody says go on", arguments: [410, 401, 403])
  func paused(_ status: Int) async throws {
    try await Scene.with(people: 5) { scene in
      try await scene.running { _ in
        try await scene.settle()
        scene.hearing.answer { _ in .refused(status) }
        try await scene.slapd.replace(Self.dn(1), "title", "One")
        let paused = try await scene.status { $0["targets"].list[0]["pausedSince"].exists }
        #expect(paused["targets"].list[0]["trouble"].text?.contains("paused") == true)
        let heard = scene.hearing.receiver.requests.count
        try await scene.slapd.replace(Self.dn(2), "title", "Two")
        try await scene.slapd.delete(Self.dn(3))
        try await scene.status { $0["targets"].list[0]["waiting"].number == 3 }
        #expect(scene.hearing.receiver.requests.count == heard, "nothing is sent while it is paused")
        #expect(try await scene.command("status").status == 1)
        scene.hearing.takeAll()
        #expect(try await scene.command("retry", "hooks").status == 0)
        try await scene.settle()
        try await scene.expectAgreement()
        #expect(try await scene.command("status").status == 0)
      }
    }
  }

  @Test("a permanent refusal parks one account among a thousand")
  func parked() async throws {
    try await Scene.with(people: 1000) { scene in
      scene.hearing.answer { $0.login == "user500" && $0.account["title"].text == "Staff" ? .refused(400) : .taken }
      try await scene.running { _ in
        try await scene.status(within: .seconds(60)) {
          $0["targets"].list[0]["waiting"].number == 0 && $0["targets"].list[0]["parked"].number == 1
        }
        #expect(scene.hearing.state.present.count == 1000)
        let failed = try await scene.command("failed", "--json")
        #expect(failed.json.list.map { $0["account"].text } == ["user500"])
        #expect(failed.json.list.first?["parked"].flag == true)
        #expect(failed.json.list.first?["error"].text?.contains("400") == true)
        // Its next change is another thing, and goes out.
        try await scene.slapd.replace(Self.dn(500), "title", "Mended")
        try await scene.hearing.event { $0.login == "user500" && $0.account["title"].text == "Mended" }
        try await scene.settle()
        try await scene.expectAgreement()
        #expect(try await scene.command("failed").status == 0)
      }
    }
  }

  @Test("when everybody is refused the target is paused and nobody is parked")
  func systemic() async throws {
    try await Scene.with(people: 60) { scene in
      scene.hearing.answer { _ in .refused(400) }
      try await scene.running { _ in
        try await scene.status { $0["targets"].list[0]["pausedSince"].exists }
        try await scene.status { $0["targets"].list[0]["parked"].number == 0 }
        scene.hearing.takeAll()
        #expect(try await scene.command("retry", "hooks").status == 0)
        try await scene.settle()
        try await scene.expectAgreement()
      }
    }
  }

  @Test("two targets: the trouble of one does not delay the other")
  func independent() async throws {
    try await Scene.with(people: 10) { scene in
      let other = try Hearing()
      defer { other.receiver.stop() }
      scene.file.targets.append(.init(name: "other", url: other.receiver.url))
      scene.hearing.answer { _ in .refused(503) }
      try await scene.running { _ in
        try await other.receiver.wait { $0.count >= 11 }
        try await scene.slapd.replace(Self.dn(1), "title", "Changed")
        try await other.event { $0.account["title"].text == "Changed" }
        scene.hearing.takeAll()
        #expect(try await scene.command("retry").status == 0)
        try await scene.settle()
        try await scene.expectAgreement()
      }
      #expect(other.state.present.count == 11)
    }
  }
}
