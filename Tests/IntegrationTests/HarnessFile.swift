import TestSupport

/// rollcall.yaml of a scene.
struct RollcallFile: Sendable {
  /// A target of kind webhook.
  struct Target: Sendable {
    var name = "hooks"
    var url: String
    var secret = "${env:HOOK_SECRET}"
    /// Further lines, such as `leave: disable`.
    var lines: [String] = []
  }

  /// URLs of the directory.
  var directory: String
  var bind: String? = Slapd.admin
  var base = Slapd.suffix
  var usersBase: String?
  var usersFilter: String?
  /// Further lines of the directory.
  var directoryLines: [String] = ["tls: insecure"]
  var targets: [Target]
  /// Lines at the top level. The guard is off where it is not what a test is about: scenes have few people.
  var lines: [String] = ["guard: off"]
  var ledger: String?
  /// Where the secrets stand.
  var environment = ["LDAP_PASSWORD": Slapd.adminPassword, "HOOK_SECRET": "whsec_aG9vaw=="]

  init(directory: String, target: String) {
    self.directory = directory
    targets = [Target(url: target)]
  }

  /// Lines of the first target.
  var targetLines: [String] {
    get { targets[0].lines }
    set { targets[0].lines = newValue }
  }

  var text: String {
    var text = "directories:\n  corp:\n    url: \(directory)\n"
    if let bind { text += "    bind: \(bind)\n    password: ${env:LDAP_PASSWORD}\n" }
    text += "    base: \(base)\n"
    if usersBase != nil || usersFilter != nil {
      text += "    users:\n"
      if let usersBase { text += "      base: \(usersBase)\n" }
      if let usersFilter { text += "      filter: \"\(usersFilter)\"\n" }
    }
    for line in directoryLines { text += "    \(line)\n" }
    text += "targets:\n"
    for target in targets {
      text += "  \(target.name):\n    kind: webhook\n    url: \(target.url)\n    secret: \(target.secret)\n"
      for line in target.lines { text += "    \(line)\n" }
    }
    for line in lines { text += "\(line)\n" }
    if let ledger { text += "ledger: \(ledger)\n" }
    return text
  }
}
