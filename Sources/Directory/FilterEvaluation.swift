/// The three values of a filter (RFC 4511, section 4.5.1.7). Only `true` makes an entry part of a result.
public enum Truth: Sendable, Hashable {
  case `true`
  case `false`
  /// The server, or this evaluation, cannot tell.
  case undefined

  init(_ value: Bool) { self = value ? .true : .false }

  /// True and false change places.
  public var negated: Truth {
    switch self {
    case .true: .false
    case .false: .true
    case .undefined: .undefined
    }
  }
}

extension Filter {
  /// Whether the filter matches the entry. An attribute that the entry does not have counts as having no values, so the
  /// entry must have been read with all ``attributes``. For many entries, prepare the filter once: ``PreparedFilter``.
  public func evaluate(_ entry: Entry) -> Truth { PreparedFilter(self).evaluate(entry) }
}

/// A filter made ready for many entries: rules chosen, assertions prepared.
///
/// It follows the usual schema of each attribute, which it knows by name; see ``MatchingRule``. Where a server knows
/// better, it differs: an unusual schema, ordering of attributes without an ordering rule, Unicode normalisation.
public struct PreparedFilter: Sendable {
  private let root: Node

  /// Prepares a filter.
  public init(_ filter: Filter) { root = Node(filter) }

  /// Whether the filter matches the entry.
  public func evaluate(_ entry: Entry) -> Truth { root.evaluate(entry) }

  private indirect enum Node: Sendable {
    case all([Node])
    case any([Node])
    case not(Node)
    case item(FilterItem)
    case undefined

    init(_ filter: Filter) {
      switch filter {
      case .and(let parts): self = .all(parts.map(Node.init))
      case .or(let parts): self = .any(parts.map(Node.init))
      case .not(let part): self = .not(Node(part))
      default: self = FilterItem(filter).map(Node.item) ?? .undefined
      }
    }

    func evaluate(_ entry: Entry) -> Truth {
      switch self {
      case .all(let parts):
        var result = Truth.true
        for part in parts {
          switch part.evaluate(entry) {
          case .false: return .false
          case .undefined: result = .undefined
          case .true: break
          }
        }
        return result
      case .any(let parts):
        var result = Truth.false
        for part in parts {
          switch part.evaluate(entry) {
          case .true: return .true
          case .undefined: result = .undefined
          case .false: break
          }
        }
        return result
      case .not(let part): return part.evaluate(entry).negated
      case .item(let item): return item.evaluate(entry)
      case .undefined: return .undefined
      }
    }
  }
}
