"""The receiver judges the demo and the tests, so it is judged first: python3 -m unittest discover -s contrib/lib"""
import asyncio
import base64
import hashlib
import hmac
import json
import threading
import unittest
import http.client

import receiver

SECRET = "whsec_" + base64.b64encode(b"sixteen octets..").decode()


def event(identity="a", revision=1, verb="created", delivery=None, **account):
    delivery = delivery or f"{identity}-{revision}"
    body = json.dumps({"id": delivery, "type": f"account.{verb}", "data": {
        "kind": "user", "id": identity, "revision": revision, "account": {"userName": identity, **account}}}).encode()
    return delivery, body


def signed(delivery, body, at=1000, secret=SECRET):
    content = f"{delivery}.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(receiver.signing_key(secret), content, hashlib.sha256).digest()).decode()
    return {"webhook-id": delivery, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}


class Judging(unittest.TestCase):
    def setUp(self):
        self.receiver = receiver.Receiver([SECRET], clock=lambda: 1000)

    def give(self, headers=None, **what):
        delivery, body = event(**what)
        return self.receiver.receive(headers or signed(delivery, body), body, 0)

    def test_a_known_signature_from_the_documentation_of_standard_webhooks(self):
        reference = receiver.Receiver(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], clock=lambda: 1614265330)
        headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
                   "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
        self.assertTrue(reference.signed(headers, b'{"test": 2432232314}'))
        self.assertFalse(reference.signed(headers, b'{"test": 2432232315}'))

    def test_what_is_unsigned_stale_or_signed_with_another_key_is_refused(self):
        delivery, body = event()
        for headers in ({}, signed(delivery, body, at=699), signed(delivery, body, secret="other")):
            self.assertEqual(self.receiver.receive(headers, body, 0)[0], 401)
        self.assertEqual(self.receiver.counts["unsigned"], 3)
        self.assertEqual(self.receiver.accounts, {})

    def test_either_of_two_signatures_will_do(self):
        delivery, body = event()
        headers = signed(delivery, body)
        headers["webhook-signature"] = "v1,AAAA " + headers["webhook-signature"]
        self.assertEqual(self.receiver.receive(headers, body, 0)[0], 204)

    def test_a_repeated_delivery_is_applied_once(self):
        self.give()
        self.give()
        self.assertEqual((self.receiver.counts["applied"], self.receiver.counts["repeated"]), (1, 1))
        self.assertEqual(self.receiver.problems, [])

    def test_one_id_with_two_contents_is_a_problem(self):
        self.give(delivery="d", phone="1")
        self.give(delivery="d", phone="2")
        self.assertEqual(self.receiver.problems, ["d came again with other content"])

    def test_an_older_revision_changes_nothing_and_does_not_bring_back_who_left(self):
        self.give(revision=1)
        self.give(revision=3, verb="deleted")
        self.give(revision=2, verb="updated", delivery="late")
        self.assertEqual(self.receiver.accounts, {})
        self.assertEqual(self.receiver.counts["stale"], 1)

    def test_one_revision_under_two_ids_a_second_create_and_a_stray_delete_are_problems(self):
        self.give(revision=1)
        self.give(revision=1, delivery="other")
        self.give(revision=2)
        self.give(identity="b", verb="deleted")
        self.assertEqual(len(self.receiver.problems), 3)

    def test_knobs(self):
        self.receiver.set({"fail": 1, "status": 429, "retryAfter": 7, "reject": {"b": 422}, "drop": 1})
        self.assertEqual(self.give(), (429, {"Retry-After": "7"}, True))
        self.assertEqual(self.give(identity="b")[0], 422)
        self.assertEqual(self.give(), (204, {}, False))
        self.assertEqual(self.give(), (204, {}, True))
        self.assertEqual(self.receiver.counts["applied"], 1)
        with self.assertRaises(ValueError):
            self.receiver.set({"fial": 1})


class Speaking(unittest.TestCase):
    """Over a real socket."""

    def setUp(self):
        self.receiver, self.loop, ready = receiver.Receiver(), asyncio.new_event_loop(), threading.Event()

        async def start():
            waiting, self.made = [], []

            class Known(receiver.Connection):
                def connection_made(connection, transport):
                    self.made.append(transport)
                    super().connection_made(transport)
            self.server = await self.loop.create_server(lambda: Known(self.receiver, waiting), "127.0.0.1", 0)
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()
        self.loop.create_task(start())
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        ready.wait(10)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def tearDown(self):
        self.connection.close()

        async def stop():
            self.server.close()
            await asyncio.sleep(0)
            for transport in self.made:
                transport.abort()
            self.loop.call_later(0, self.loop.stop)
        asyncio.run_coroutine_threadsafe(stop(), self.loop)
        self.thread.join()
        self.loop.close()

    def ask(self, method, path, body=None, chunked=False):
        self.connection.request(method, path, iter([body[:5], body[5:]]) if chunked else body, encode_chunked=chunked,
                                headers={"Transfer-Encoding": "chunked"} if chunked else {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def test_one_connection_carries_many_requests_whole_or_chunked(self):
        self.assertEqual(self.ask("POST", "/people", event("a")[1]), (204, b""))
        self.assertEqual(self.ask("POST", "/people", event("b")[1], chunked=True), (204, b""))
        self.assertEqual(set(json.loads(self.ask("GET", "/state")[1])["accounts"]), {"a", "b"})
        self.assertEqual(self.ask("GET", "/body")[1], event("b")[1])

    def test_who_waits_for_events_is_woken_by_the_first(self):
        told = []
        other = threading.Thread(target=lambda: told.append(self.ask("GET", "/events?after=1&wait=10")))
        self.receiver.receive({}, event("a")[1], 0)
        other.start()
        sender = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sender.request("POST", "/people", event("b")[1])
        self.assertEqual(sender.getresponse().status, 204)
        sender.close()
        other.join()
        self.assertEqual([e["data"]["id"] for e in json.loads(told[0][1])], ["b"])

    def test_a_dropped_answer_was_applied(self):
        self.receiver.set({"drop": 1})
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
            self.ask("POST", "/people", event()[1])
        self.assertEqual(list(self.receiver.accounts), ["a"])

    def test_a_wrong_knob_is_told(self):
        status, body = self.ask("POST", "/control", b'{"speed": 1}')
        self.assertEqual(status, 400)
        self.assertIn(b"unknown: speed", body)


if __name__ == "__main__":
    unittest.main()
