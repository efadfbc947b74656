import Directory
import Glibc
import LDAP
let arguments = CommandLine.arguments
func cpu() -> Double { var u = rusage(); getrusage(0, &u); return Double(u.ru_utime.tv_sec) + Double(u.ru_utime.tv_usec)/1e6 + Double(u.ru_stime.tv_sec) + Double(u.ru_stime.tv_usec)/1e6 }
for _ in 0..<Int(arguments[3])! {
  let c = try await LDAPConnection.open(ConnectionSettings(urls: [arguments[1]], tls: .insecure, bind: .simple(dn: "cn=admin,dc=example,dc=com", password: Secret("secret"))))
  var request = SearchRequest(base: "dc=example,dc=com", attributes: ["*"])
  if arguments[2] == "sync" { request.controls = [SyncRequestControl(mode: .refreshOnly).control] }
  let t0 = ContinuousClock.now, c0 = cpu()
  let stream = try await c.search(request)
  var n = 0, bytes = 0, batches = 0
  loop: while true {
    batches += 1
    for m in try await stream.next() {
      switch m {
      case .entry(let e): n += 1; bytes += e.attributes.bytes.count
        _ = try SyncStateValue.find(in: e.controls)
      case .done(let r): if r.code != 0 { print(r) }; break loop
      default: break
      }
    }
  }
  let c1 = cpu()
  print("entries", n, "bytes", bytes, "batches", batches, "wall", ContinuousClock.now - t0, "cpu", c1 - c0, "us/entry", (c1-c0)*1e6/Double(n))
  await c.close()
}
var u = rusage(); getrusage(0, &u); print("maxrss MB", u.ru_maxrss/1024)
