import Accounts
import Directory
import Foundation
import HTTP
import Targets
import TestSupport
import Testing

/// The webhook against a receiver.
@Suite struct WebhookTests {
  @Test func doesWhatEveryTargetDoes() async throws {
    try await exerciseTarget(
      TargetUnderTest(
        make: { Webhook(name: "hooks", settings: WebhookSettings(url: $0.url + "/people")) },
        identity: \.webhookID, isRepeatable: true))
  }

  @Test func anEventArrivesSigned() async throws {
    let secret = try #require(SigningSecret("whsec_MfKQ9r8GKYqTwjUPD8ILPZIo2LaLaSw"))
    try await withWebhook(secrets: [secret], headers: [.init(name: "Authorization", value: "Bearer x")]) {
      webhook, receiver in
      #expect(await webhook.perform(sample()) == Outcome(.ok, "204 from \(receiver.url)"))
      let request = try await receiver.next()
      #expect(request.method == "POST")
      #expect(request.path == "/people?key=geheim")
      #expect(request.header("content-type") == "application/cloudevents+json; charset=utf-8")
      #expect(request.header("authorization") == "Bearer x")
      #expect(request.header("user-agent") == "rollcall")
      #expect(request.json?["id"] as? String == request.webhookID)
      #expect(request.json?["source"] as? String == "rollcall/corp")
      #expect(request.isSigned(with: secret.key))
      #expect(!request.isSigned(with: [1, 2, 3]))
    }
  }

  @Test func everySecretSigns() async throws {
    let secrets = try ["old secret", "new secret"].map { try #require(SigningSecret($0)) }
    try await withWebhook(secrets: secrets) { webhook, receiver in
      _ = await webhook.perform(sample())
      let request = try await receiver.next()
      #expect(secrets.allSatisfy { request.isSigned(with: $0.key) })
      #expect(request.header("webhook-signature")?.split(separator: " ").count == 2)
    }
  }

  @Test func withoutSecretsNothingIsSigned() async throws {
    try await withWebhook { webhook, receiver in
      _ = await webhook.perform(sample())
      let request = try await receiver.next()
      #expect(request.header("webhook-signature") == nil)
      #expect(request.header("webhook-timestamp") != nil)
    }
  }

  @Test func reservedHeadersAreTheWebhooksOwn() async throws {
    let headers = Webhook.reservedHeaders.map { WebhookSettings.Header(name: $0.uppercased(), value: "forged") }
    try await withWebhook(headers: headers) { webhook, receiver in
      #expect(await webhook.perform(sample()).class == .ok)
      let request = try await receiver.next()
      #expect(request.headers.allSatisfy { $0.value != "forged" })
    }
  }

  @Test func aRetryRepeatsIdAndBodyAndIsSignedAgain() async throws {
    let secret = try #require(SigningSecret("secret"))
    try await withWebhook(secrets: [secret]) { webhook, receiver in
      // The second request goes out on the kept connection and, when that ends, once more on a fresh one.
      receiver.script(.status(500), .close, .close, .silence, .status(204))
      let operation = sample(.delete, evidence: .deleted)
      for expected in [Outcome.Class.retry(after: nil), .retry(after: nil)] {
        #expect(await webhook.perform(operation).class == expected)
      }
      let task = Task { await webhook.perform(operation) }
      try await receiver.wait { $0.count == 4 }
      task.cancel()
      #expect(await task.value.class == .ambiguous)
      #expect(await webhook.perform(operation).class == .ok)
      let seen = receiver.requests
      #expect(seen.count == 5)
      #expect(Set(seen.map(\.webhookID)).count == 1)
      #expect(Set(seen.map(\.body)).count == 1)
      #expect(seen.allSatisfy { $0.isSigned(with: secret.key) })
    }
  }

  @Test func theTimestampIsOfTheAttempt() async throws {
    try await withWebhook { webhook, receiver in
      let before = Int(Date().timeIntervalSince1970)
      _ = await webhook.perform(sample(revision: 1000))
      let request = try await receiver.next()
      let stamp = try #require(request.header("webhook-timestamp").flatMap { Int($0) })
      #expect(before...Int(Date().timeIntervalSince1970) ~= stamp)
      #expect(request.json?["time"] as? String == "1970-01-01T00:00:01.000Z")
    }
  }

  @Test(arguments: [
    (Receiver.Behaviour.close, "connection"), (.reset, ""), (.closeMidReply, ""), (.halfClose, ""), (.raw("what?"), ""),
    (.hugeHeader(octets: 1 << 20, line: 500), "header"),
  ])
  func anAnswerThatIsLostIsAskedForAgain(behaviour: Receiver.Behaviour, word: String) async throws {
    try await withWebhook { webhook, receiver in
      receiver.script(behaviour)
      let outcome = await webhook.perform(sample())
      #expect(outcome.class == .retry(after: nil))
      #expect(outcome.detail.hasPrefix("answer lost: POST \(receiver.url): "), "\(outcome.detail)")
      #expect(!outcome.detail.contains("geheim"))
    }
  }

  @Test func appliedButNeverAnswered() async throws {
    try await withWebhook(http: HTTPClientSettings(timeout: .milliseconds(150))) { webhook, receiver in
      receiver.script(.silence)
      let outcome = await webhook.perform(sample())
      #expect(outcome.class == .retry(after: nil))
      #expect(outcome.detail.hasPrefix("answer lost: "))
    }
  }

  @Test func anEndlessAnswerStillHasAStatus() async throws {
    try await withWebhook { webhook, receiver in
      receiver.script(.endless)
      #expect(await webhook.perform(sample()).class == .ok)
    }
  }

  @Test func repliesAreClassedAndExplained() async throws {
    try await withWebhook { webhook, receiver in
      receiver.script(
        .respond(.init(429, headers: [("Retry-After", "17")], body: "slow down")), .redirect(308, to: "/v2/people?k=v"),
        .respond(.init(422, body: "no such plan")), .status(410))
      let operation = sample()
      #expect(
        await webhook.perform(operation)
          == Outcome(.throttled(after: .seconds(17)), "429 from \(receiver.url): “slow down”"))
      #expect(
        await webhook.perform(operation)
          == Outcome(
            .retry(after: nil),
            "308 from \(receiver.url): redirects are not followed; set url to \(receiver.url)/v2/people"))
      #expect(await webhook.perform(operation) == Outcome(.permanent, "422 from \(receiver.url): “no such plan”"))
      #expect(await webhook.perform(operation) == Outcome(.gone, "410 from \(receiver.url)"))
      #expect(receiver.requests.count == 4)
    }
  }

  @Test func aProbeIsASignedPing() async throws {
    let secret = try #require(SigningSecret("secret"))
    try await withWebhook(secrets: [secret]) { webhook, receiver in
      #expect(await webhook.probe().class == .ok)
      #expect(await webhook.probe().class == .ok)
      let (first, second) = (try await receiver.next(), try await receiver.next())
      #expect(first.isSigned(with: secret.key))
      #expect(first.json?["type"] as? String == "rollcall.ping")
      #expect(first.json?["source"] as? String == "rollcall")
      #expect(first.json?["specversion"] as? String == "1.0")
      #expect((first.json?["data"] as? [String: String]) == ["kind": "ping"])
      #expect(first.webhookID != second.webhookID)
    }
  }

  @Test func manyAtOnceAreAllDelivered() async throws {
    let secret = try #require(SigningSecret("secret"))
    try await withWebhook(secrets: [secret]) { webhook, receiver in
      await withTaskGroup(of: Void.self) { group in
        for worker in 0..<16 {
          group.addTask {
            for index in 0..<125 {
              let operation = sample(revision: Int64(worker * 1000 + index))
              #expect(await webhook.perform(operation).class == .ok)
            }
          }
        }
      }
      let seen = receiver.requests
      #expect(seen.count == 2000)
      #expect(Set(seen.map(\.webhookID)).count == 2000)
      #expect(seen.allSatisfy { $0.isSigned(with: secret.key) })
      #expect(receiver.connections <= 8)
    }
  }
}
