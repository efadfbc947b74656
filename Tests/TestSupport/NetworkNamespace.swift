import Foundation
import Glibc

/// A network namespace with one cable to this one, which a test may cut: 10.213.7.1 is there, 10.213.7.2 is here.
/// What is sent after ``cut()`` vanishes without a word, as with a firewall that forgets or a power failure.
public struct NetworkNamespace: Sendable {
  /// The namespace's name for `ip netns exec`.
  public let name: String
  /// The address inside.
  public let address = "10.213.7.1"

  /// Why no namespace can be made here; nil if it can.
  public static var missing: String? {
    if geteuid() != 0 { return "network namespaces need root" }
    if access("/usr/sbin/ip", X_OK) != 0 && access("/sbin/ip", X_OK) != 0 { return "iproute2 is not installed" }
    return nil
  }

  /// Makes the namespace, and its cable with an end on each side.
  public static func make() async throws -> NetworkNamespace {
    let namespace = NetworkNamespace(name: "rollcall\(ProcessInfo.processInfo.processIdentifier)")
    // What a killed run left behind keeps the addresses.
    if let links = try? await Tool.run("ip", ["-o", "link", "show", "type", "veth"]), links.contains("rcveth") {
      _ = try? await Tool.run("ip", ["link", "del", "rcveth"])
    }
    do {
      for line in [
        "netns add \(namespace.name)",
        "link add rcveth address 02:00:0a:d5:07:02 type veth peer name rcpeer address 02:00:0a:d5:07:01 netns \(namespace.name)",
        "addr add 10.213.7.2/24 dev rcveth", "link set rcveth up",
        // Else silence becomes "no route to host" as soon as the neighbour's address has to be asked for again.
        "neigh replace 10.213.7.1 lladdr 02:00:0a:d5:07:01 dev rcveth nud permanent",
        "-n \(namespace.name) addr add 10.213.7.1/24 dev rcpeer", "-n \(namespace.name) link set rcpeer up",
        "-n \(namespace.name) link set lo up",
      ] {
        try await Tool.run("ip", line.split(separator: " ").map(String.init))
      }
    } catch {
      await namespace.remove()
      throw error
    }
    return namespace
  }

  /// Makes the namespace, runs the body, and removes the namespace, also when the body throws.
  public static func with<R: Sendable>(_ body: @Sendable (NetworkNamespace) async throws -> R) async throws -> R {
    let namespace = try await make()
    do {
      let result = try await body(namespace)
      await namespace.remove()
      return result
    } catch {
      await namespace.remove()
      throw error
    }
  }

  private init(name: String) { self.name = name }

  /// Lets nothing through any more, in either direction, and tells nobody: both ends keep their link.
  public func cut() async throws {
    try await Tool.run("ip", ["netns", "exec", name, "iptables", "-I", "INPUT", "-i", "rcpeer", "-j", "DROP"])
    try await Tool.run("ip", ["netns", "exec", name, "iptables", "-I", "OUTPUT", "-o", "rcpeer", "-j", "DROP"])
  }

  /// Mends the cable.
  public func mend() async throws {
    try await Tool.run("ip", ["netns", "exec", name, "iptables", "-F"])
  }

  /// Removes the namespace and the cable.
  public func remove() async {
    _ = try? await Tool.run("ip", ["link", "del", "rcveth"])
    _ = try? await Tool.run("ip", ["netns", "del", name])
  }
}
