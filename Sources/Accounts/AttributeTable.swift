internal import Directory

/// The attributes that a set of expressions reads, each with one place, so that an entry is walked once and names are
/// not looked up per expression.
struct AttributeTable: Sendable {
  /// Lower case, ascending: the order of an entry's attributes.
  let names: [String]
  /// The same, one after the other, and where each ends.
  private let letters: [UInt8]
  private let ends: [Int]

  init(_ names: some Sequence<String>) {
    self.names = Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    letters = self.names.flatMap(\.utf8)
    var end = 0
    ends = self.names.map {
      end += $0.utf8.count
      return end
    }
  }

  /// Where an expression finds its attributes. Names that are not in the table do not occur.
  func places(for expression: Expression) -> [Int] {
    expression.attributes.compactMap { names.firstIndex(of: $0) }
  }

  /// Finds the attributes of an entry, by one pass over two ascending sequences.
  func withScope<Result>(
    of attributes: Attributes, account: Account?, _ body: (EvaluationScope) throws -> Result
  ) rethrows -> Result {
    try attributes.withRun { run in
      try withUnsafeTemporaryAllocation(of: AttributeRun.Place.self, capacity: names.count) { places in
        places.initialize(repeating: .absent)
        find(in: run, places)
        return try body(EvaluationScope(run: run, slots: UnsafeBufferPointer(places), account: account))
      }
    }
  }

  private func find(in run: AttributeRun, _ places: UnsafeMutableBufferPointer<AttributeRun.Place>) {
    letters.withUnsafeBufferPointer { letters in
      ends.withUnsafeBufferPointer { ends in
        var (position, place, start) = (0, 0, 0)
        while place < ends.count, let attribute = run.attribute(at: &position) {
          while place < ends.count {
            let order = Self.order(letters[start..<ends[place]], attribute.description)
            if order > 0 { break }
            if order == 0 { places[place] = attribute.place }
            start = ends[place]
            place += 1
            if order == 0 { break }
          }
        }
      }
    }
  }

  /// Negative if the left comes first, 0 if they are equal.
  private static func order(
    _ left: Slice<UnsafeBufferPointer<UInt8>>, _ right: Slice<UnsafeBufferPointer<UInt8>>
  ) -> Int {
    var (one, other) = (left.startIndex, right.startIndex)
    while one < left.endIndex, other < right.endIndex {
      let difference = Int(left[one]) - Int(right[other])
      if difference != 0 { return difference }
      one += 1
      other += 1
    }
    return left.count - right.count
  }
}

/// What an evaluation reads; valid for the duration of one call.
struct EvaluationScope {
  let run: AttributeRun
  /// The attributes of the entry, at the places that the expression's indices lead to.
  let slots: UnsafeBufferPointer<AttributeRun.Place>
  /// The account, for fields.
  let account: Account?

  /// The values of an attribute that are text and not empty, in ascending order of their octets.
  func texts(_ place: AttributeRun.Place) -> Evaluated {
    var result = Evaluated.absent
    run.forEachValue(at: place) { octets, isReference in
      guard !isReference, !octets.isEmpty, let text = String(validating: octets, as: UTF8.self) else { return true }
      switch result {
      case .texts(var texts):
        result = .absent
        texts.append(text)
        result = .texts(texts)
      case .text(let first): result = .texts([first, text])
      default: result = .text(text)
      }
      return true
    }
    return result
  }

  /// The smallest of an attribute's values that is not empty, as octets or as a reference.
  func octets(_ place: AttributeRun.Place) -> FieldValue? {
    var result: FieldValue?
    run.forEachValue(at: place) { octets, isReference in
      guard !octets.isEmpty else { return true }
      result = isReference ? .reference(Array(octets)) : .octets(Array(octets))
      return false
    }
    return result
  }

  /// Whether an attribute has a value that is not empty.
  func hasValue(_ place: AttributeRun.Place) -> Bool {
    var found = false
    run.forEachValue(at: place) { octets, _ in
      found = !octets.isEmpty
      return !found
    }
    return found
  }
}
