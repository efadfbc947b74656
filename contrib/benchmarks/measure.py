"""The measurements of contrib/benchmarks/run, which starts the servers and says in the environment where they are."""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from ends import Directory, Hook, latencies, quantile  # noqa: E402

at = {name[6:].lower(): value for name, value in os.environ.items() if name.startswith("BENCH_")}
work = pathlib.Path(at["work"])

# What Rollcall asks for with the standard rules, so that the peers ask for the same.
FILTER = "(objectClass=inetOrgPerson)"
ATTRIBUTES = """objectClass uid displayName cn givenName sn mail telephoneNumber mobile facsimileTelephoneNumber homePhone
ipPhone title department departmentNumber ou o employeeNumber manager street l st postalCode c jpegPhoto labeledURI info
description entryUUID""".split()
CONNECTIONS = 8  # Rollcall's default to one target
BATCH = 200      # changes, and fdatasyncs, in one round of latency


# Running Rollcall. What depends on its commands and its file stands here and nowhere else.

def configuration(folder, directory, hook, **target):
    """Writes a file for one directory and one webhook."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["directories:", "  corp:", f"    url: {directory}", "    tls: insecure", f"    bind: {at['reader']}",
             "    password: ${env:ROLLCALL_LDAP_PASSWORD}", f"    base: {at['suffix']}", "targets:", "  hooks:",
             "    kind: webhook", f"    url: {hook}/people", "    secret: ${env:ROLLCALL_HOOK_SECRET}",
             *(f"    {k}: {v}" for k, v in target.items()),
             f"ledger: {folder}/rollcall.db"]
    (folder / "rollcall.yaml").write_text("\n".join(lines) + "\n")


def rollcall(folder, *arguments):
    return [at["rollcall"], *arguments, "--config", str(folder / "rollcall.yaml")]


def emptied(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def first_load(folder):
    """Reads everything into an empty ledger, each entry owed to one target that is paused; seconds and kilobytes."""
    configuration(emptied(folder), at["large"], at["fast"], paused="true")
    return timed(rollcall(folder, "sync"), folder)


def settled(folder, directory, hook):
    """A ledger that knows everybody and owes nothing."""
    configuration(emptied(folder), directory, hook, start="quiet")
    timed(rollcall(folder, "sync"), folder)


def full_refresh(folder):
    return timed(rollcall(folder, "resync"), folder)


def deliver_all(folder):
    """Loads with the target paused, then delivers everything; the rate at the receiver from first to last request."""
    first_load(folder)
    configuration(folder, at["large"], at["fast"], paused="false")
    with Requests() as requests:
        timed(rollcall(folder, "sync"), folder)
    return requests.rate()


@contextlib.contextmanager
def running(folder):
    """`rollcall run`, from the moment it follows; its process."""
    with open(folder / "run.log", "ab") as log:
        process = subprocess.Popen(rollcall(folder, "run"), cwd=folder, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 120
        while "following" not in subprocess.run(
                rollcall(folder, "status"), cwd=folder, capture_output=True, text=True).stdout:
            if time.monotonic() > end or process.poll() is not None:
                sys.exit(f"rollcall run does not follow: {(folder / 'run.log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


# The peers.

def ldapsearch():
    return timed(["ldapsearch", "-x", "-LLL", "-H", at["large"], "-D", at["reader"], "-w", at["reader_password"],
                  "-b", at["suffix"], "-E", "sync=ro", FILTER, *ATTRIBUTES], work)[0]


def python_consumer(directory, hook, *arguments):
    return ["/usr/bin/python3", str(HERE / "peer_syncrepl.py"), directory, at["reader"], at["reader_password"],
            at["suffix"], f"{hook}/people", "--filter", FILTER, *arguments]


def python_reads():
    return timed([*python_consumer(at["large"], at["fast"], "--once", "--read"), "--attributes", *ATTRIBUTES], work)


def python_posts(number):
    said = subprocess.run(
        [*python_consumer(at["large"], at["fast"], "--once", "--limit", str(number)), "--attributes", *ATTRIBUTES],
        check=True, capture_output=True, text=True).stdout.split()
    return int(said[-2]) / float(said[-1])


@contextlib.contextmanager
def python_running():
    process = subprocess.Popen([*python_consumer(at["small"], at["hook"], "--quiet-start"), "--attributes", *ATTRIBUTES],
                               stdout=subprocess.PIPE, text=True)
    try:
        process.stdout.readline()  # "read …": the first content is complete
        yield process
    finally:
        process.terminate()
        process.wait(30)


def bare_loop(number, body):
    (work / "body").write_bytes(body)
    said = subprocess.run([str(work / "barecurl"), f"{at['fast']}/people", str(number), str(CONNECTIONS),
                           str(work / "body")], check=True, capture_output=True, text=True).stdout
    return float(re.findall(r"[0-9]+(?:\.[0-9]+)?", said)[-1])


# Instruments.

def timed(command, folder):
    """Runs a command to its end; seconds, and the most memory it had resident (VmHWM), in kilobytes."""
    with open(folder / "output.log", "wb") as log:
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        taken = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command[:3])} … ended with {process.returncode}: "
                 f"{(folder / 'output.log').read_text(errors='replace')[-2000:]}")
    return taken, usage.ru_maxrss


def requests_so_far():
    """nginx's count, without the one that asks."""
    text = urllib.request.urlopen(f"{at['fast']}/status", timeout=10).read().decode()
    requests_so_far.asked += 1
    return int(text.split("\n")[2].split()[2]) - requests_so_far.asked


requests_so_far.asked = 0


class Requests:
    """Watches nginx's counter meanwhile; the rate leaves out what lies before the first and after the last request."""

    def __enter__(self):
        self.samples, self.stop = [], threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.samples.append((time.monotonic(), requests_so_far()))
        self.thread.start()
        return self

    def watch(self):
        while not self.stop.wait(0.02):
            self.samples.append((time.monotonic(), requests_so_far()))

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.samples.append((time.monotonic(), requests_so_far()))

    @property
    def number(self):
        return self.samples[-1][1] - self.samples[0][1]

    def rate(self):
        first, last = self.samples[0][1], self.samples[-1][1]
        begun = max(t for t, n in self.samples if n == first)
        ended = min(t for t, n in self.samples if n == last)
        return (last - first) / (ended - begun) if ended > begun else 0.0


def fdatasync(folder):
    """p50 and p99 of one durable write on the ledger's disk, in milliseconds."""
    said = subprocess.run([str(work / "fsyncbench"), str(folder / "fsync"), str(BATCH)],
                          check=True, capture_output=True, text=True).stdout
    return [float(value) for value in said.split()[:2]]


def activity(pid):
    """CPU ticks and context switches of all threads, resident kilobytes, octets on connections to the directory."""
    ticks = switches = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = (thread / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
        switches += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", (thread / "status").read_text())))
    resident = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
    port = at["large"].rpartition(":")[2]
    sockets = subprocess.run(["ss", "-Htinp", "state", "established", f"dport = :{port}"],
                             check=True, capture_output=True, text=True).stdout
    octets = sum(map(int, re.findall(r"bytes_(?:sent|received):(\d+)", sockets)))
    return ticks, switches, resident, octets


# The figures. Each returns rows: what, measured, against what, goal, whether it is reached (None: no goal).

class Rows(list):
    def ratio(self, what, value, unit, base, against, limit, least=False):
        ratio = value / base
        reached = None if limit is None else ratio >= limit if least else ratio <= limit
        goal = "" if limit is None else f"{'≥' if least else '≤'} {limit} {against}"
        self.append((what, f"{value:,.2f} {unit}" if value < 100 else f"{value:,.0f} {unit}",
                     f"{ratio:.2f} {against}", goal, reached))

    def limit(self, what, value, unit, limit):
        self.append((what, f"{value:,.1f} {unit}", "", f"≤ {limit:g} {unit}", value <= limit))

    def plain(self, what, told):
        self.append((what, told, "", "", None))


def median_rounds(options, **measured):
    """Lets them take turns; name → the medians. The first round is not counted."""
    taken = {name: [] for name in measured}
    for turn in range(options.rounds + 1):
        for name, measure in measured.items():
            value = measure()
            print(f"  {'warm-up' if turn == 0 else f'round {turn}'}  {name:<12} {told(value)}", file=sys.stderr)
            if turn:
                taken[name].append(value)
    return {name: [statistics.median(column) for column in zip(*values)] if isinstance(values[0], (tuple, list))
            else statistics.median(values) for name, values in taken.items()}


def told(value):
    return "  ".join(f"{v:,.3f}" for v in value) if isinstance(value, (tuple, list)) else f"{value:,.3f}"


def load(options, rows):
    folder = work / "load"
    got = median_rounds(options, ldapsearch=ldapsearch, rollcall=lambda: first_load(folder), python=python_reads)
    rows.plain(f"L: ldapsearch -E sync=ro, {options.entries:,} entries", f"{got['ldapsearch']:.2f} s")
    rows.ratio("first load, durable, each owed to one target", got["rollcall"][0], "s", got["ldapsearch"], "L", 2.6)
    rows.limit("  memory while loading (VmHWM)", got["rollcall"][1] / 1024, "MB", 64)
    rows.ratio("  python-ldap SyncreplConsumer, keeps nothing", got["python"][0], "s", got["ldapsearch"], "L", None)
    rows.plain("  its memory", f"{got['python'][1] / 1024:,.1f} MB")


def refresh(options, rows):
    folder = work / "refresh"
    settled(folder, at["large"], at["fast"])
    before = requests_so_far()
    got = median_rounds(options, ldapsearch=ldapsearch, rollcall=lambda: full_refresh(folder))
    rows.ratio("full refresh, nothing changed", got["rollcall"][0], "s", got["ldapsearch"], "L", 1.3)
    rows.limit("  requests sent", requests_so_far() - before, "", 0)


def latency(options, rows):
    folder = work / "latency"
    hook = Hook(at["hook"])
    directory = Directory(at["small"], at["admin"], at["admin_password"])
    logins = [entry["uid"][0].decode() for _, entry in directory.search("(departmentNumber=Engineering)")][:40]
    settled(folder, at["small"], at["hook"])

    def changes(server):
        with server():
            taken = latencies(directory, hook, BATCH, logins)
        return quantile(taken, 0.5), quantile(taken, 0.99)

    got = median_rounds(options, fdatasync=lambda: fdatasync(folder), rollcall=lambda: changes(lambda: running(folder)),
                        python=lambda: changes(python_running))
    f50, f99 = got["fdatasync"]
    rows.plain("F: one fdatasync of the ledger's disk", f"p50 {f50:.2f} ms  p99 {f99:.2f} ms")
    for name, mine, sync, room in (("p50", got["rollcall"][0], f50, 2), ("p99", got["rollcall"][1], f99, 10)):
        rows.append((f"modify acknowledged → request, {name}", f"{mine:.2f} ms", f"F {mine - sync:+.2f} ms",
                     f"≤ F + {room} ms", mine <= sync + room))
    rows.plain("  python-ldap and requests, keeps nothing", "p50 {:.2f} ms  p99 {:.2f} ms".format(*got["python"]))


def delivery(options, rows):
    if not (work / "barecurl").exists():
        rows.plain("deliveries per second", "not measured: contrib/benchmarks/barecurl.c is not there")
        return
    folder = work / "delivery"
    hook = Hook(at["hook"])
    # One real body, for the loop to send.
    configuration(emptied(folder), at["small"], at["hook"])
    timed(rollcall(folder, "sync"), folder)
    with urllib.request.urlopen(f"{at['hook']}/body", timeout=10) as answer:
        body = answer.read()
    hook.ask("POST", "/reset", {})
    posts = min(options.entries, 3000)
    got = median_rounds(options, bare=lambda: bare_loop(options.entries, body), rollcall=lambda: deliver_all(folder),
                        python=lambda: python_posts(posts))
    rows.plain(f"a bare libcurl-multi loop, {len(body)} octets a body", f"{got['bare']:,.0f}/s")
    rows.ratio("deliveries, durable", got["rollcall"], "/s", got["bare"], "bare", 0.5, least=True)
    rows.ratio("  python-ldap and requests, keeps nothing", got["python"], "/s", got["bare"], "bare", None)


def idle(options, rows):
    folder = work / "idle"
    settled(folder, at["large"], at["fast"])
    with running(folder) as process:
        time.sleep(5)
        before = activity(process.pid)
        time.sleep(options.idle)
        after = activity(process.pid)
    ticks, switches, octets = (after[i] - before[i] for i in (0, 1, 3))
    rows.limit("memory idle (VmRSS)", after[2] / 1024, "MB", 40)
    rows.limit(f"CPU in {options.idle:g} s idle on a stream", ticks, "ticks", 0)
    rows.limit("  LDAP traffic", octets, "octets", 0)
    rows.plain("  context switches", f"{switches}")


FIGURES = {"load": load, "refresh": refresh, "latency": latency, "delivery": delivery, "idle": idle}


def main():
    parser = argparse.ArgumentParser(prog="contrib/benchmarks/run")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=60, help="seconds")
    parser.add_argument("--only", default=",".join(FIGURES), help="of these")
    parser.add_argument("--json", help="writes the rows there too")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(FIGURES):
        parser.error(f"--only knows {', '.join(FIGURES)}, not {', '.join(sorted(unknown))}")
    rows = Rows()
    for name in wanted:
        print(name, file=sys.stderr)
        FIGURES[name](options, rows)
    missed = 0
    print()
    for what, measured, ratio, goal, reached in rows:
        missed += reached is False
        mark = {True: "ok", False: "MISSED", None: ""}[reached]
        print(f"{what:<46.46} {measured:>24} {ratio:>11}  {goal:<12} {mark}".rstrip())
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"\n{os.cpu_count()} × {cpu}; medians of {options.rounds}; load {os.getloadavg()[0]:.1f} at the end")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps([dict(zip(
            ("what", "measured", "ratio", "goal", "reached"), row)) for row in rows], indent=1, ensure_ascii=False))
    sys.exit(1 if missed else 0)


main()
