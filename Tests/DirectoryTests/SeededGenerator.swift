/// SplitMix64: the same texts in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }

  mutating func text(from alphabet: String, upTo length: Int) -> String {
    let characters = Array(alphabet)
    return String(
      (0..<Int.random(in: 0...length, using: &self)).map { _ in
        characters[Int.random(in: 0..<characters.count, using: &self)]
      })
  }
}

func hex(_ octet: UInt8) -> String {
  let digits = Array("0123456789abcdef")
  return String([digits[Int(octet >> 4)], digits[Int(octet & 15)]])
}
