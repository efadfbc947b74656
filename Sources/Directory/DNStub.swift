extension DistinguishedName { public var key: [UInt8] { Array(string.lowercased().utf8) } }
