/// The keys of one kind of mapping in the file. The administrators' guide names each of them; a test sees to it.
struct SettingsKeys: Sendable {
  /// The keys that are read.
  let keys: [String]
  /// Keys of the file format that this version does not read yet.
  var later: [String] = []

  static let file = SettingsKeys(
    keys: ["directories", "accounts", "targets", "guard", "ledger", "socket", "journal", "log"], later: ["reports"])
  static let directory = SettingsKeys(
    keys: [
      "url", "bind", "password", "sasl", "user", "authzid", "realm", "tls", "connect-timeout", "dead-after", "base",
      "users", "groups", "follow", "heartbeat", "id-attribute", "renamed-from", "guard",
    ])
  static let tls = SettingsKeys(keys: ["mode", "ca", "cert", "key"])
  static let branch = SettingsKeys(keys: ["base", "filter"])
  static let accounts = SettingsKeys(keys: ["user"], later: ["group"])
  static let `guard` = SettingsKeys(keys: ["departures", "percent", "most"])
  /// What every target has, whatever its kind.
  static let target = [
    "kind", "when", "from", "leave", "out-of-scope", "grace", "after", "guard", "start", "give-up", "concurrency",
    "paused", "renamed-from",
  ]
  static let webhook = SettingsKeys(
    keys: target + ["url", "secret", "headers", "timeout", "connect-timeout", "ca", "cert", "key", "proxy"],
    later: [
      "fields", "accounts", "adopt", "drift", "dry-run", "create-as-disabled", "no-create", "no-update", "no-delete",
    ])

  /// All of them, for the test of the guide.
  static let all = [file, directory, tls, branch, accounts, `guard`, webhook]

  /// The kinds of targets that this version knows, and those that come later.
  static let kinds = ["webhook"]
  static let laterKinds = [
    "scim", "carddav", "feed", "icewarp", "mailstore", "ip-office", "grommunio", "nextcloud", "3cx",
  ]
}
