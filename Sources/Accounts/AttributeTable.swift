internal import Directory

/// The attributes that a set of expressions reads, each with one place, so that an entry is walked once and names are
/// not looked up per expression.
struct AttributeTable: Sendable {
  /// Lower case, ascending: the order of an entry's attributes.
  let names: [String]
  private let octets: [[UInt8]]

  init(_ names: some Sequence<String>) {
    octets = Set(names).map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    self.names = octets.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Where an expression finds its attributes. Names that are not in the table do not occur.
  func places(for expression: Expression) -> [Int] {
    expression.attributes.compactMap { names.firstIndex(of: $0) }
  }

  /// The attributes of an entry at their places: one pass over two ascending sequences.
  func slots(_ attributes: Attributes) -> [Attributes.Attribute?] {
    var slots = [Attributes.Attribute?](repeating: nil, count: octets.count)
    var place = 0
    attributes.forEach { attribute in
      while place < octets.count {
        switch Self.order(octets[place], attribute.description) {
        case 0:
          slots[place] = attribute
          place += 1
          return place < octets.count
        case 1...: return true
        default: place += 1
        }
      }
      return false
    }
    return slots
  }

  private static func order(_ left: [UInt8], _ right: ArraySlice<UInt8>) -> Int {
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        let count = min(left.count, right.count)
        var index = 0
        while index < count {
          if left[index] != right[index] { return left[index] < right[index] ? -1 : 1 }
          index += 1
        }
        return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
      }
    }
  }
}
