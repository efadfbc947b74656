import Foundation
import Glibc
import TestSupport
import Testing

/// What must not get out, and a disk without room.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct SecretTests {
  @Test("no secret is in any output, log or file")
  func canaries() async throws {
    let canaries = ["canary-ldap-3f9a", "canary-hook-77b1", "canary-header-c02d", "canary-person-5e5e"]
    let reader = """
      dn: cn=reader,ou=services,dc=example,dc=com
      objectClass: top
      objectClass: applicationProcess
      objectClass: simpleSecurityObject
      cn: reader
      userPassword: \(canaries[0])

      """
    var options = SlapdOptions()
    options.access = ["access to * by anonymous auth by * read"]
    let person = LDIF.person("secretive", lines: ["userPassword: \(canaries[3])"])
    try await Scene.with(seed: [reader, person], options: options) { scene in
      scene.file.bind = "cn=reader,ou=services,dc=example,dc=com"
      scene.file.environment = ["LDAP_PASSWORD": canaries[0], "HOOK_SECRET": canaries[1], "TOKEN": canaries[2]]
      scene.file.targetLines = ["headers:", "  Authorization: \"Bearer ${env:TOKEN}\""]
      var said = try await scene.command("check").text
      let child = try await scene.launch(environment: [:])
      try await child.line(containing: "runs; control socket")
      try await scene.settle()
      for words in [["status"], ["explain", "secretive"], ["log"], ["held"], ["failed", "--json"], ["plan"]] {
        said += try await scene.command(words).text
      }
      #expect(scene.hearing.receiver.requests.last?.header("authorization") == "Bearer \(canaries[2])")
      scene.hearing.answer { _ in .refused(401) }
      try await scene.slapd.replace("uid=secretive,\(ChangeList.people)", "title", "Changed")
      try await scene.status { $0["targets"].list[0]["pausedSince"].exists }
      // The password is wrong from here on.
      try await scene.slapd.replace("cn=reader,ou=services,dc=example,dc=com", "userPassword", "other")
      try await scene.slapd.restart()
      try await child.line(containing: "trying again")
      said += try await scene.command("check").text + scene.command("status").text
      try await child.stop()
      said += child.output.joined(separator: "\n")
      for name in try FileManager.default.contentsOfDirectory(atPath: scene.folder.path) where name != "rollcall.yaml" {
        said += String(decoding: FileManager.default.contents(atPath: scene.folder.file(name)) ?? Data(), as: UTF8.self)
      }
      for request in scene.hearing.receiver.requests { said += String(decoding: request.body, as: UTF8.self) }
      for canary in canaries { #expect(!said.contains(canary), "\(canary) got out") }
      #expect(said.contains("secretive"))
    }
  }

  @Test("a full disk stops nothing for good")
  func diskFull() async throws {
    try await Scene.with(people: 30) { scene in
      let mount = scene.folder.file("disk")
      try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
      try await Tool.run("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", mount])
      let unmount: @Sendable () async -> Void = { _ = try? await Tool.run("umount", ["-l", mount]) }
      do {
        scene.file.ledger = mount + "/rollcall.db"
        scene.file.lines.append("socket: \(scene.socketPath)")
        let child = try await scene.run()
        try await scene.settle()
        _ = try? await Tool.run("dd", ["if=/dev/zero", "of=\(mount)/filler", "bs=4096"])
        for number in 0..<30 {
          var photo = Data([0xff, 0xd8, 0xff])
          photo.append(contentsOf: (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) })
          try await scene.slapd.modify(
            """
            dn: uid=user\(number),\(ChangeList.people)
            changetype: modify
            replace: jpegPhoto
            jpegPhoto:: \(photo.base64EncodedString())
            -

            """)
        }
        try await scene.status { $0["trouble"].text?.contains("full") == true }
        #expect(try await scene.command("status").status == 1)
        unlink(mount + "/filler")
        try await scene.settle()
        try await scene.expectAgreement()
        try await scene.status { !$0["trouble"].exists }
        #expect(try await child.stop() == 0)
        #expect(try await scene.sqlite("PRAGMA integrity_check").contains("ok"))
        await unmount()
      } catch {
        await unmount()
        throw error
      }
    }
  }
}
