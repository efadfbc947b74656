#!/usr/bin/python3
"""The peer that administrators write themselves: python-ldap's SyncreplConsumer, posting each entry with requests.

    peer_syncrepl.py URL BIND PASSWORD BASE HOOK [--once] [--post | --read] [--limit N] [--quiet-start]

It remembers nothing on disk, retries nothing and signs nothing; it is what the change stream and the requests cost by
themselves in Python. Prints `read N S` when the first content is complete, `posted N S` when --limit posts were made.
"""
import argparse
import json
import sys
import time

import ldap
import requests
from ldap.ldapobject import SimpleLDAPObject
from ldap.syncrepl import SyncreplConsumer

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
for name in ("url", "bind", "password", "base", "hook"):
    parser.add_argument(name)
parser.add_argument("--once", action="store_true", help="refreshOnly instead of refreshAndPersist")
parser.add_argument("--read", action="store_true", help="read only, post nothing")
parser.add_argument("--limit", type=int, help="end after this many posts")
parser.add_argument("--quiet-start", action="store_true", help="post only what comes after the first content")
parser.add_argument("--filter", default="(objectClass=inetOrgPerson)")
parser.add_argument("--attributes", nargs="*", default=None)
options = parser.parse_args()


class Peer(SimpleLDAPObject, SyncreplConsumer):
    cookie = None
    entries = posts = 0
    refreshed = False

    def syncrepl_get_cookie(self):
        return self.cookie

    def syncrepl_set_cookie(self, cookie):
        self.cookie = cookie

    def syncrepl_entry(self, dn, attributes, uuid):
        self.entries += 1
        if options.read or (options.quiet_start and not self.refreshed):
            return
        account = {name: values[0].decode("utf-8", "replace") for name, values in attributes.items()}
        account["phone"] = account.get("telephoneNumber")
        self.post({"specversion": "1.0", "id": f"{uuid}-{time.time_ns()}", "type": "account.updated", "data": {
            "kind": "user", "id": uuid, "revision": time.time_ns() // 1_000_000, "account": account}})

    def syncrepl_delete(self, uuids):
        pass

    def syncrepl_present(self, uuids, refreshDeletes=False):
        pass

    def syncrepl_refreshdone(self):
        self.done()

    def done(self):
        if not self.refreshed:
            self.refreshed = True
            print(f"read {self.entries} {time.monotonic() - start:.3f}", flush=True)

    def post(self, event):
        answer = session.post(options.hook, data=json.dumps(event), headers={
            "Content-Type": "application/cloudevents+json", "webhook-id": event["id"]}, timeout=30)
        answer.raise_for_status()
        self.posts += 1
        if options.limit and self.posts >= options.limit:
            print(f"posted {self.posts} {time.monotonic() - start:.3f}", flush=True)
            sys.exit(0)


session = requests.Session()
peer = Peer(options.url)
peer.simple_bind_s(options.bind, options.password)
start = time.monotonic()
search = peer.syncrepl_search(
    options.base, ldap.SCOPE_SUBTREE, mode="refreshOnly" if options.once else "refreshAndPersist",
    filterstr=options.filter, attrlist=options.attributes)
while peer.syncrepl_poll(all=1, msgid=search):
    pass
peer.done()
