#!/usr/bin/python3
"""A webhook receiver to stand at the other end: it checks what a careful receiver would check, and remembers.

Every POST that is not named below is taken for an event (CloudEvents 1.0, Standard Webhooks headers). The signature is
verified, a repeated id is acknowledged and not applied again, an older revision is acknowledged and not applied, and
what contradicts itself is written down under `problems`.

    GET  /state                    what was received: accounts by data.id, counts, problems
    GET  /events?after=N&wait=S    events numbered above N, waiting up to S seconds for the first
    GET  /body                     the last event's body as it came
    GET  /control, POST /control   the knobs, as JSON; a POST sets those it names
    POST /reset                    forgets everything, knobs too

Knobs:
    fail        answer this many events with `status`, unapplied
    status      see fail (503); retryAfter: the Retry-After header sent with it
    delay       seconds before each answer
    drop        apply this many events, then close the connection without an answer
    reject      {"userName": status}: refuse these accounts, always

Only the standard library, one thread, keep-alive: quick enough to measure against.
"""
import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import re
import sys
import time
import urllib.parse

TOLERANCE = 300  # seconds, as Standard Webhooks recommends
BODY_LIMIT = 16 << 20
KNOBS = {"fail": 0, "status": 503, "retryAfter": None, "delay": 0, "drop": 0, "reject": {}}
REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 503: "Unavailable"}


def signing_key(secret):
    """`whsec_` and base64, or any text."""
    return base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()


class Receiver:
    """What has been received, and the rules by which it is judged. Knows nothing of sockets."""

    def __init__(self, secrets=(), clock=time.time):
        self.keys = [signing_key(s) for s in secrets]
        self.clock = clock
        self.listeners = []
        self.reset()

    def reset(self):
        self.knobs = dict(KNOBS)
        self.accounts = {}      # data.id → the event's data, for those who are there
        self.revisions = {}     # data.id → the last revision, also of those who left
        self.digests = {}       # webhook-id → digest of its content
        self.events = []        # what was applied, in order
        self.counts = {"received": 0, "applied": 0, "repeated": 0, "stale": 0, "refused": 0, "unsigned": 0}
        self.problems = []
        self.body = b""

    def signed(self, headers, body):
        if not self.keys:
            return True
        identifier, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(self.clock() - int(stamp)) > TOLERANCE:
            return False
        content = f"{identifier}.{stamp}.".encode() + body
        given = [s[3:] for s in headers.get("webhook-signature", "").split() if s.startswith("v1,")]
        return any(
            hmac.compare_digest(base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode(), signature)
            for key in self.keys for signature in given)

    def receive(self, headers, body, arrived):
        """Judges one delivery; the status to answer with, extra headers, and whether to answer at all."""
        self.counts["received"] += 1
        if not self.signed(headers, body):
            self.counts["unsigned"] += 1
            return 401, {}, True
        if self.knobs["fail"] > 0:
            self.knobs["fail"] -= 1
            self.counts["refused"] += 1
            after = self.knobs["retryAfter"]
            return self.knobs["status"], {} if after is None else {"Retry-After": str(after)}, True
        try:
            event = json.loads(body)
            if event["type"] == "rollcall.ping":
                return 204, {}, True
            data = event["data"]
            identity, revision = data["id"], int(data["revision"])
            login = (data.get("account") or {}).get("userName")
            verb = event["type"].rpartition(".")[2]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.problems.append(f"not an event: {error!r}")
            return 400, {}, True
        if login in self.knobs["reject"]:
            self.counts["refused"] += 1
            return self.knobs["reject"][login], {}, True
        self.body = body
        self.apply(headers.get("webhook-id") or event.get("id"), event, verb, identity, revision, body, arrived)
        if self.knobs["drop"] > 0:
            self.knobs["drop"] -= 1
            return 204, {}, False
        return 204, {}, True

    def apply(self, delivery, event, verb, identity, revision, body, arrived):
        if delivery != event.get("id"):
            self.problems.append(f"webhook-id {delivery} and the event's id {event.get('id')} differ")
        digest = hashlib.sha256(body).digest()
        if delivery in self.digests:
            self.counts["repeated"] += 1
            if self.digests[delivery] != digest:
                self.problems.append(f"{delivery} came again with other content")
            return
        self.digests[delivery] = digest
        last = self.revisions.get(identity)
        if last is not None and revision <= last:
            self.counts["stale"] += 1
            if revision == last:
                self.problems.append(f"{identity}: revision {revision} came twice under two ids")
            return
        self.counts["applied"] += 1
        self.revisions[identity] = revision
        if verb == "deleted":
            if self.accounts.pop(identity, None) is None:
                self.problems.append(f"{identity} was deleted without having been there")
        else:
            if verb == "created" and identity in self.accounts:
                self.problems.append(f"{identity} was created twice")
            self.accounts[identity] = event["data"]
        number = len(self.events) + 1
        self.events.append({"number": number, "arrived": arrived, "data": event["data"],
                            **{name: event.get(name) for name in ("type", "subject", "time")}})
        for listener in self.listeners:
            listener(self.events[-1])

    def set(self, knobs):
        unknown = set(knobs) - set(KNOBS)
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(KNOBS)}")
        self.knobs.update(knobs)

    def state(self):
        return {"accounts": self.accounts, "counts": self.counts, "problems": self.problems}


def told(event):
    """One line for people."""
    data, verb = event["data"], event["type"].rpartition(".")[2]
    sign = {"created": "+", "updated": "~", "disabled": "o", "deleted": "-"}.get(verb, "?")
    changed = ", ".join(
        f"{field} {shown(change.get('from'))} → {shown(change.get('to'))}"
        for field, change in (data.get("changed") or {}).items())
    account = data.get("account") or {}
    text = changed or data.get("evidence") or f"{account.get('displayName', '')} <{account.get('email', '')}>"
    at = event["arrived"] / 1e9
    clock = time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03d}"
    return f"{clock}  {sign} {str(account.get('userName') or data['id']):<16.16}  {text}"[:100]


def shown(value):
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False) if len(str(value)) < 40 else "…"


class Connection(asyncio.Protocol):
    """HTTP/1.1, one request after the other, as far as webhooks need it."""

    def __init__(self, receiver, waiting):
        self.receiver, self.waiting = receiver, waiting
        self.buffer, self.arrived, self.busy, self.continued = bytearray(), 0, False, False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if not self.buffer:
            self.arrived = time.time_ns()
        self.buffer += data
        if not self.busy:
            self.next()

    def next(self):
        while not self.busy and (request := self.request()):
            self.handle(*request)
            self.arrived = time.time_ns()

    def request(self):
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self.buffer) > 65536:
                self.transport.abort()
            return None
        first, *lines = self.buffer[:end].decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        start = end + 4
        if headers.get("expect", "").lower() == "100-continue" and not self.continued:
            self.continued = True
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, stop = self.chunks(start)
            if body is None:
                return None
        else:
            stop = start + int(headers.get("content-length", 0))
            if stop > BODY_LIMIT:
                self.transport.abort()
                return None
            if len(self.buffer) < stop:
                return None
            body = bytes(self.buffer[start:stop])
        del self.buffer[:stop]
        self.continued = False
        method, target, _ = first.split(" ", 2)
        return method, target, headers, body

    def chunks(self, at):
        body = bytearray()
        while (end := self.buffer.find(b"\r\n", at)) >= 0:
            size = int(self.buffer[at:end].split(b";")[0], 16)
            at = end + 2
            if len(self.buffer) < at + size + 2:
                break
            if size == 0:
                return bytes(body), at + 2
            body += self.buffer[at:at + size]
            at += size + 2
        return None, at

    def handle(self, method, target, headers, body):
        url = urllib.parse.urlsplit(target)
        name = (method, url.path)
        try:
            if name == ("GET", "/state"):
                self.answer(200, self.receiver.state())
            elif name == ("GET", "/body"):
                self.send(200, {}, self.receiver.body)
            elif name == ("GET", "/control"):
                self.answer(200, self.receiver.knobs)
            elif name == ("POST", "/control"):
                self.receiver.set(json.loads(body))
                self.answer(200, self.receiver.knobs)
            elif name == ("POST", "/reset"):
                self.receiver.reset()
                self.answer(200, {})
            elif name == ("GET", "/events"):
                query = dict(urllib.parse.parse_qsl(url.query))
                self.events(int(query.get("after", 0)), float(query.get("wait", 0)))
            elif method == "POST":
                self.event(headers, body)
            else:
                self.answer(404, {"error": f"no {method} {url.path} here"})
        except ValueError as error:
            self.answer(400, {"error": str(error)})

    def event(self, headers, body):
        status, extra, answers = self.receiver.receive(headers, body, self.arrived)
        for wake in list(self.waiting):
            wake()
        finish = (lambda: self.send(status, extra, b"")) if answers else self.transport.abort
        if delay := self.receiver.knobs["delay"]:
            self.later(delay, finish)
        else:
            finish()

    def events(self, after, wait):
        fresh = self.receiver.events[after:]
        if fresh or wait <= 0:
            return self.answer(200, fresh)
        self.busy, loop = True, asyncio.get_running_loop()

        def wake():
            timer.cancel()
            if wake in self.waiting:
                self.waiting.remove(wake)
            self.busy = False
            self.answer(200, self.receiver.events[after:])
            self.next()
        timer = loop.call_later(min(wait, 60), wake)
        self.waiting.append(wake)

    def later(self, delay, finish):
        def go():
            self.busy = False
            finish()
            self.next()
        self.busy = True
        asyncio.get_running_loop().call_later(delay, go)

    def answer(self, status, value):
        self.send(status, {"Content-Type": "application/json"}, json.dumps(value, ensure_ascii=False).encode())

    def send(self, status, headers, body):
        if self.transport.is_closing():
            return
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", *(f"{k}: {v}" for k, v in headers.items())]
        if status != 204:
            lines.append(f"Content-Length: {len(body)}")
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if status == 204 else body))


async def serve(options):
    receiver, waiting = Receiver(options.secret), []
    if options.lines:
        receiver.listeners.append(lambda event: print(told(event), flush=True))
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(receiver, waiting), "127.0.0.1", options.port)
    port = server.sockets[0].getsockname()[1]
    print(f"receiver on http://127.0.0.1:{port}", file=sys.stderr, flush=True)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one")
    parser.add_argument("--secret", action="append", default=[], help="whsec_… or any text; may be repeated")
    parser.add_argument("--lines", action="store_true", help="print each event as a line")
    options = parser.parse_args()
    if any(not re.fullmatch(r"whsec_[A-Za-z0-9+/]+=*|(?!whsec_).+", secret) for secret in options.secret):
        parser.error("a secret is whsec_ and base64, or any text")
    try:
        asyncio.run(serve(options))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
