/// What a target should have for one person or group: the outcome of the rules for one entry.
public struct Account: Sendable, Equatable {
  /// What kind of thing it is.
  public enum Kind: String, Sendable, Codable {
    case user
    case group
  }

  /// What kind of thing it is.
  public var kind: Kind
  /// The fields that have a value, in canonical order (see ``Field``).
  public private(set) var fields: [(field: Field, value: FieldValue)]

  /// An account without fields.
  public init(kind: Kind) {
    self.kind = kind
    fields = []
  }

  /// An account from fields that are already in canonical order, each once.
  init(kind: Kind, ordered fields: [(field: Field, value: FieldValue)]) {
    self.kind = kind
    self.fields = fields
  }

  /// The value of a field; absent is nil.
  public subscript(field: Field) -> FieldValue? {
    get { fields.first { $0.field == field }?.value }
    set {
      if let index = fields.firstIndex(where: { $0.field >= field }) {
        if fields[index].field == field {
          if let newValue { fields[index].value = newValue } else { fields.remove(at: index) }
        } else if let newValue {
          fields.insert((field, newValue), at: index)
        }
      } else if let newValue {
        fields.append((field, newValue))
      }
    }
  }

  /// The text of a single-valued field.
  public func text(_ field: Field) -> String? {
    if case .text(let text)? = self[field] { text } else { nil }
  }

  /// How a person would name it: login, else address, else name.
  public var label: String { text(.userName) ?? text(.email) ?? text(.displayName) ?? "?" }

  public static func == (left: Account, right: Account) -> Bool {
    left.kind == right.kind && left.fields.elementsEqual(right.fields) { $0.field == $1.field && $0.value == $1.value }
  }

  /// The fields in which two accounts differ, in order.
  public func differences(from old: Account) -> [Difference] {
    Set(fields.map(\.field)).union(old.fields.map(\.field)).sorted().compactMap { field in
      let (before, after) = (old[field], self[field])
      return before == after ? nil : Difference(field: field, from: before, to: after)
    }
  }
}

/// One field that is not as it was.
public struct Difference: Sendable, Equatable {
  /// The field.
  public var field: Field
  /// What it was; nil if it was absent.
  public var from: FieldValue?
  /// What it is; nil if it is now absent.
  public var to: FieldValue?

  /// A difference in one field.
  public init(field: Field, from: FieldValue?, to: FieldValue?) {
    self.field = field
    self.from = from
    self.to = to
  }
}
