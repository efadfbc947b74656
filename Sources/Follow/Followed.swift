public import Accounts
import Directory
public import Ledger

/// What a follower is told about its directory. Validated; made from the file where the parts are put together.
public struct Followed: Sendable {
  /// A target that the directory feeds.
  public struct Feed: Sendable {
    public var target: TargetNumber
    /// Whom the target is for; nil is everybody.
    public var condition: Condition?

    /// A target, and whom it is for.
    public init(target: TargetNumber, condition: Condition?) {
      self.target = target
      self.condition = condition
    }
  }

  /// The name in the file.
  public var name: String
  public var number: DirectoryNumber
  /// Who and what belongs to it.
  public var scope: Scope
  /// What makes an account of an entry.
  public var rules: Rules
  public var feeds: [Feed]
  /// Judges the loss of an attribute.
  public var `guard`: GuardPolicy

  /// A directory.
  public init(
    name: String, number: DirectoryNumber, scope: Scope, rules: Rules, feeds: [Feed], guard: GuardPolicy
  ) {
    self.name = name
    self.number = number
    self.scope = scope
    self.rules = rules
    self.feeds = feeds
    self.guard = `guard`
  }

  /// Values longer than this, in octets, are kept apart, once.
  static let largeValue = 4096

  /// The entry in the form in which it is kept and compared.
  func prepare(_ entry: Entry) -> Prepared {
    var kept = entry
    let (attributes, large) = entry.attributes.externalised(above: Self.largeValue)
    kept.attributes = attributes
    return Prepared(entry: kept, large: large, digest: kept.digest)
  }

  /// What is to be written of an entry of a branch.
  func write(_ prepared: Prepared, dnKey: [UInt8]? = nil, branch: Branch, known: KnownEntry?) -> EntryWrite {
    var write = EntryWrite(
      number: known?.number, entry: prepared.entry, dnKey: dnKey ?? prepared.entry.dn.key, large: prepared.large,
      digest: prepared.digest, branch: branch,
      key: branch == .user ? rules.userName(of: prepared.entry)?.lowercased() : nil)
    guard branch == .user else { return write }
    write.excluded = excluded(prepared.entry)
    if let known, known.evidence == nil, known.branch == .user {
      let names = Set(prepared.entry.attributes.names)
      write.vanished = known.entry.attributes.names.filter { !names.contains($0) }
    }
    return write
  }

  /// The targets that are not for this person.
  private func excluded(_ entry: Entry) -> Set<TargetNumber> {
    guard feeds.contains(where: { $0.condition != nil }) else { return [] }
    let account = rules.derive(entry).account
    return Set(
      feeds.compactMap { feed in
        feed.condition.map { $0.holds(for: account, entry: entry) } == false ? feed.target : nil
      })
  }
}

/// An entry in the form in which it is kept: large values by reference.
struct Prepared: Sendable {
  var entry: Entry
  var large: [(digest: [UInt8], octets: [UInt8])]
  var digest: ContentDigest
}
