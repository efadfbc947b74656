import TestSupport
import Testing

/// The receiver's state is the directory's: after each change while Rollcall runs, and after all of them while it did
/// not.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct FollowTests {
  private func scene(_ log: SessionLog, _ reach: Reach, _ body: (Scene) async throws -> Void) async throws {
    // The sentinel is staff too.
    try await Scene.with(log, seed: ChangeList.seed) { scene in
      reach.apply(to: &scene.file)
      try await scene.slapd.replace("uid=\(Scene.sentinel),\(ChangeList.people)", "employeeType", "staff")
      try await body(scene)
    }
  }

  @Test("every change arrives while it runs", arguments: SessionLog.allCases, Reach.allCases)
  func live(_ log: SessionLog, _ reach: Reach) async throws {
    try await scene(log, reach) { scene in
      try await scene.running { _ in
        try await scene.settle()
        try await scene.expectAgreement("after the first load")
        for change in ChangeList.all {
          try await change.apply(scene.slapd)
          try await scene.settle()
          try await scene.expectAgreement("after: \(change.name)", returning: ChangeList.returning)
        }
      }
    }
  }

  @Test("every change is caught up with after a start", arguments: SessionLog.allCases, Reach.allCases)
  func whileDown(_ log: SessionLog, _ reach: Reach) async throws {
    try await scene(log, reach) { scene in
      try await scene.running { _ in try await scene.settle() }
      for change in ChangeList.all { try await change.apply(scene.slapd) }
      try await scene.running { _ in
        try await scene.settle()
        try await scene.expectAgreement("after the start", returning: ChangeList.returning)
      }
    }
  }

  @Test("one change at a time between short runs", arguments: SessionLog.allCases)
  func betweenRuns(_ log: SessionLog) async throws {
    try await scene(log, .wide) { scene in
      try await scene.running { _ in try await scene.settle() }
      for change in ChangeList.all {
        try await change.apply(scene.slapd)
        try await scene.running { _ in
          try await scene.settle()
          try await scene.expectAgreement("after: \(change.name)", returning: ChangeList.returning)
        }
      }
    }
  }
}
