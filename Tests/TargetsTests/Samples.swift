import Accounts
import Directory
import HTTP
import Targets
import TestSupport

/// Foundation has an `Operation` of its own.
typealias Operation = Accounts.Operation

/// The operation of the documented example, or another like it.
func sample(
  _ verb: Operation.Verb = .update, kind: Account.Kind = .user, revision: Int64 = 1_795_253_400_123,
  evidence: Evidence? = nil, changed: [Difference]? = nil, id: String = "597ae2f6-16a6-1027-98f4-d28b5365dc14",
  _ edit: (inout Account) -> Void = { _ in }
) -> Operation {
  var account = Account(kind: kind)
  account[.userName] = .text("jdoe")
  account[.displayName] = .text("Jane Doe")
  account[.email] = .text("jdoe@example.com")
  account[.active] = .flag(true)
  account[.groups] = .list(["staff"])
  edit(&account)
  let phone = Difference(field: .phone, from: .text("+1 555 0100"), to: .text("+1 555 0101"))
  return Operation(
    verb: verb, directory: "corp", target: "hooks", id: StableID(printed: id) ?? .key(id), revision: revision,
    reason: .change, evidence: evidence, account: account, changed: changed ?? (verb == .update ? [phone] : []))
}

/// A webhook at a receiver; both end with the test, however it ends.
func withWebhook(
  secrets: [SigningSecret] = [], headers: [WebhookSettings.Header] = [],
  http: HTTPClientSettings = HTTPClientSettings(), path: String = "/people?key=geheim",
  _ body: (Webhook, Receiver) async throws -> Void
) async throws {
  let receiver = try Receiver()
  let webhook = Webhook(
    name: "hooks", settings: WebhookSettings(url: receiver.url + path, secrets: secrets, headers: headers, http: http))
  do {
    try await body(webhook, receiver)
  } catch {
    await webhook.close()
    receiver.stop()
    throw error
  }
  await webhook.close()
  receiver.stop()
}
