// swift-tools-version: 6.2
import PackageDescription

/// Every room is built the same way: Swift 6 with complete checking, imports that stay inside unless said otherwise.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "rollcall",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "rollcall", targets: ["rollcall"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // libldap, liblber and Cyrus SASL; libcurl. Headers, and typed inline functions where C is variadic.
    .systemLibrary(name: "CLDAP", pkgConfig: "ldap", providers: [.apt(["libldap2-dev", "libsasl2-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    // What a directory says. Pure.
    .target(
      name: "Directory", dependencies: [.product(name: "Crypto", package: "swift-crypto")], swiftSettings: house),
    // What targets hear: rules, policies, operations, outcomes, the guard. Pure.
    .target(
      name: "Accounts", dependencies: ["Directory", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: house),
    // A client on libldap.
    .target(
      name: "LDAP", dependencies: ["CLDAP", "Directory", .product(name: "SwiftASN1", package: "swift-asn1")],
      swiftSettings: house),
    // Requests over libcurl's multi interface.
    .target(name: "HTTP", dependencies: ["CCurl"], swiftSettings: house),
    // One protocol, the mechanisms behind it, and the choice among them.
    .target(
      name: "Changes",
      dependencies: [
        "Directory", "LDAP",
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: house),
    // Durable memory.
    .target(
      name: "Ledger",
      dependencies: [
        "Directory", "Accounts", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: house),
    // An operation to requests, a response to an outcome.
    .target(
      name: "Targets",
      dependencies: ["Accounts", "Directory", "HTTP", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: house),
    // The loop directory → ledger, and the obligations.
    .target(
      name: "Follow",
      dependencies: [
        "Accounts", "Directory", "Changes", "Ledger",
        .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: house),
    // The loop ledger → targets: lanes, retries, pacing.
    .target(
      name: "Deliver",
      dependencies: [
        "Accounts", "Directory", "Ledger", "Targets", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: house),
    // YAML → validated values, every error with file:line:column.
    .target(
      name: "Settings",
      dependencies: [
        "Accounts", "Directory", "LDAP", "HTTP", "Changes", "Targets", .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: house),
    // The control API on a Unix socket, and what stands behind it.
    .target(
      name: "Admin",
      dependencies: [
        "Accounts", "Directory", "Ledger", "Follow", "Deliver",
        .product(name: "Hummingbird", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], swiftSettings: house),
    // The command line; the one place where parts are put together.
    .executableTarget(
      name: "rollcall",
      dependencies: [
        "Accounts", "Directory", "LDAP", "HTTP", "Changes", "Ledger", "Targets", "Follow", "Deliver", "Settings",
        "Admin", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        // Swift 6.3.1 miscompiles (and, in one form, crashes on) async functions of this module that catch errors when it
        // optimizes them. The module only puts parts together: nothing in it is worth optimizing.
      ], swiftSettings: house + [.unsafeFlags(["-Onone"], .when(configuration: .release))]),

    // Servers and instruments that tests share: a real slapd, a scripted LDAP server, a receiver.
    .target(
      name: "TestSupport", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      path: "Tests/TestSupport", swiftSettings: house),
    .testTarget(name: "DirectoryTests", dependencies: ["Directory", "TestSupport"], swiftSettings: house),
    .testTarget(name: "AccountsTests", dependencies: ["Accounts", "Directory"], swiftSettings: house),
    .testTarget(name: "LDAPTests", dependencies: ["LDAP", "Directory", "TestSupport"], swiftSettings: house),
    .testTarget(
      name: "HTTPTests", dependencies: ["HTTP", "TestSupport"], swiftSettings: house),
    .testTarget(
      name: "ChangesTests",
      dependencies: [
        "Changes", "Directory", "LDAP", "TestSupport", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: house),
    .testTarget(
      name: "TargetsTests", dependencies: ["Targets", "HTTP", "Accounts", "Directory", "TestSupport"],
      swiftSettings: house),
    .testTarget(
      name: "SettingsTests",
      dependencies: ["Settings", "Accounts", "Directory", "LDAP", "HTTP", "Targets"], exclude: ["Fixtures"],
      swiftSettings: house),
    .testTarget(
      name: "LedgerTests", dependencies: ["Ledger", "Accounts", "Directory", "TestSupport"], swiftSettings: house),
    .testTarget(
      name: "FollowTests",
      dependencies: [
        "Follow", "Changes", "Ledger", "Accounts", "Directory", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: house),
    .testTarget(
      name: "DeliverTests",
      dependencies: [
        "Deliver", "Targets", "Ledger", "Accounts", "Directory", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: house),
    .testTarget(
      name: "AdminTests",
      dependencies: [
        "Admin", "Deliver", "Follow", "Ledger", "Targets", "Accounts", "Directory", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: house),
    // The real program between a real slapd and a receiver.
    .testTarget(name: "IntegrationTests", dependencies: ["TestSupport"], swiftSettings: house),
  ]
)
