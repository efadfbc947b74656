public import Accounts
public import Directory

/// The number under which the ledger keeps an entry. Never given twice.
public typealias EntryNumber = Int64
/// The number under which the ledger keeps a directory.
public typealias DirectoryNumber = Int64
/// The number under which the ledger keeps a target.
public typealias TargetNumber = Int64
/// Milliseconds since 1970-01-01T00:00:00Z, on this machine's clock.
public typealias Instant = Int64

/// Which part of a directory an entry belongs to, decided by evaluating the file's filters on its own attributes.
public enum Branch: Int, Sendable {
  case user = 1
  case group = 2
  /// An organizational unit, a domain …: kept because servers report a moved container alone.
  case container = 3
}

/// A directory as the file names it.
public struct DirectoryEnrolment: Sendable {
  /// The name in the file.
  public var name: String
  /// The name it had before (`renamed-from:`).
  public var renamedFrom: String?
  /// The text whose digest is the reading fingerprint (law 7): what is read, from where, as whom.
  public var reading: String

  /// A directory of the file.
  public init(name: String, renamedFrom: String? = nil, reading: String) {
    self.name = name
    self.renamedFrom = renamedFrom
    self.reading = reading
  }
}

/// A target as the file names it.
public struct TargetEnrolment: Sendable {
  /// The name in the file.
  public var name: String
  /// The kind in the file.
  public var kind: String
  /// The name it had before (`renamed-from:`).
  public var renamedFrom: String?
  /// The text whose digest is the deriving fingerprint (law 7): rules, conditions, policies.
  public var deriving: String
  /// What the file says about those who come and go.
  public var policy: Policy
  /// The names of the directories that feed it.
  public var directories: [String]

  /// A target of the file.
  public init(
    name: String, kind: String, renamedFrom: String? = nil, deriving: String, policy: Policy, directories: [String]
  ) {
    self.name = name
    self.kind = kind
    self.renamedFrom = renamedFrom
    self.deriving = deriving
    self.policy = policy
    self.directories = directories
  }
}

/// What the ledger found when it was told the file.
public struct Enrolment: Sendable {
  /// Numbers by directory name.
  public var directories: [String: DirectoryNumber] = [:]
  /// Numbers by target name.
  public var targets: [String: TargetNumber] = [:]
  /// What the ledger remembers and the file no longer names: kept, and departed from nowhere.
  public var orphanedDirectories: [String] = []
  /// See ``orphanedDirectories``.
  public var orphanedTargets: [String] = []
  /// Targets whose rules or policies are not those of the last run: their accounts are derived again.
  public var rederived: [String] = []

  /// Nothing found yet.
  public init() {}
}

/// Where a directory's stream stands.
public struct Position: Sendable {
  /// Where the stream can go on; nil: from nothing.
  public var checkpoint: Checkpoint?
  /// True if the next refresh compares with what was read under other circumstances: its omissions are held.
  public var readingChanged: Bool
  /// True once a refresh came to a whole end.
  public var loaded: Bool
  /// How many live entries are known.
  public var entries: Int
  /// The server's identity as it was last seen (vendor and naming context).
  public var server: String?

  /// A position.
  public init(checkpoint: Checkpoint?, readingChanged: Bool, loaded: Bool, entries: Int, server: String?) {
    self.checkpoint = checkpoint
    self.readingChanged = readingChanged
    self.loaded = loaded
    self.entries = entries
    self.server = server
  }
}

/// An entry as the ledger has it.
public struct KnownEntry: Sendable {
  /// Its number.
  public var number: EntryNumber
  /// The directory it is from.
  public var directory: DirectoryNumber
  /// Identity, name and attributes (large values by reference).
  public var entry: Entry
  /// Digest of name and attributes.
  public var digest: ContentDigest
  /// The part of the directory it belongs to.
  public var branch: Branch
  /// The login it goes by, case-folded.
  public var key: String?
  /// Set once it has departed.
  public var evidence: Evidence?

  /// An entry as kept.
  public init(
    number: EntryNumber, directory: DirectoryNumber, entry: Entry, digest: ContentDigest, branch: Branch,
    key: String?, evidence: Evidence?
  ) {
    self.number = number
    self.directory = directory
    self.entry = entry
    self.digest = digest
    self.branch = branch
    self.key = key
    self.evidence = evidence
  }
}

/// What a directory still owes the ledger: durable before the checkpoint moves, so that a crash forgets none.
public struct Obligation: Sendable, Equatable {
  /// What is to be done.
  public enum Kind: Sendable, Equatable {
    /// Compare what is known below these names with what is there: a container was renamed, came or went.
    case census(below: [String])
    /// Read these by id: the server says they are gone, and it could not be asked why.
    case confirm([StableID])
    /// Derive every account of a target again, from this entry number on: its rules or policies changed.
    case rederive(target: TargetNumber, from: EntryNumber)
  }

  /// Its number; 0 while it is new.
  public var number: Int64
  /// What is to be done.
  public var kind: Kind
  /// Since when it is owed.
  public var since: Instant

  /// An obligation.
  public init(number: Int64 = 0, kind: Kind, since: Instant) {
    self.number = number
    self.kind = kind
    self.since = since
  }
}
