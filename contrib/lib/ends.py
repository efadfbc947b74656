"""The two ends of the corridor, seen by a script: a directory that can be changed, a receiver that can be asked."""
import http.client
import json
import math
import time
import urllib.parse

import ldap
import ldap.modlist


def quantile(values, share):
    """The value below which this share of the values lies (nearest rank); values need not be sorted."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(len(ordered) * share) - 1))] if ordered else math.nan


class Directory:
    """A connection that changes things. Every change returns the moment its success arrived, in ns since 1970."""

    def __init__(self, url, bind, password, suffix="dc=example,dc=com"):
        self.suffix = suffix
        self.people = f"ou=people,{suffix}"
        self.connection = ldap.initialize(url)
        self.connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
        self.connection.simple_bind_s(bind, password)

    def find(self, login):
        """DN and attributes of one person."""
        found = self.search(f"(uid={login})")
        if len(found) != 1:
            raise LookupError(f"{len(found)} entries have uid={login}")
        return found[0]

    def search(self, filter="(objectClass=inetOrgPerson)", base=None, attributes=("*", "entryUUID")):
        found = self.connection.search_s(base or self.suffix, ldap.SCOPE_SUBTREE, filter, list(attributes))
        return [(dn, entry) for dn, entry in found if dn]

    def add(self, dn, **attributes):
        record = {k: [v.encode() for v in (vs if isinstance(vs, list) else [vs])] for k, vs in attributes.items()}
        self.connection.add_s(dn, ldap.modlist.addModlist(record))
        return time.time_ns()

    def replace(self, dn, **attributes):
        self.connection.modify_s(dn, [
            (ldap.MOD_REPLACE, k, None if v is None else [v if isinstance(v, bytes) else v.encode()])
            for k, v in attributes.items()])
        return time.time_ns()

    def rename(self, dn, rdn, parent=None):
        self.connection.rename_s(dn, rdn, parent)
        return time.time_ns()

    def delete(self, dn):
        self.connection.delete_s(dn)
        return time.time_ns()

    def delete_tree(self, base):
        """Deletes a container and all below it, leaves first, as `ldapdelete -r` does; how many entries that were."""
        names = [dn for dn, _ in self.search("(objectClass=*)", base, ["1.1"])]
        for dn in sorted(names, key=lambda name: -name.count(",")):
            self.connection.delete_s(dn)
        return len(names)


class Hook:
    """A client of contrib/lib/receiver.py."""

    def __init__(self, url):
        self.address = urllib.parse.urlsplit(url).netloc
        self.connection = http.client.HTTPConnection(self.address, timeout=90)

    def ask(self, method, path, value=None):
        self.connection.request(method, path, None if value is None else json.dumps(value))
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {body.decode(errors='replace')}")
        return json.loads(body)

    def state(self):
        return self.ask("GET", "/state")

    def count(self):
        """How many events were applied so far."""
        return self.state()["counts"]["applied"]

    def control(self, **knobs):
        return self.ask("POST", "/control", knobs)

    def events(self, after, wait=0.0):
        return self.ask("GET", f"/events?after={after}&wait={wait}")

    def until(self, after, wanted, patience=10.0):
        """Events numbered above `after`, up to and including the first that is `wanted`; the last is None if it
        did not come in time."""
        seen, end = [], time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            for event in self.events(after + len(seen), left):
                seen.append(event)
                if wanted(event):
                    return seen
        return [*seen, None]

    def quiet(self, seconds=0.5, patience=20.0):
        """Waits until nothing has come for this long; the number of events so far."""
        number, end = self.count(), time.monotonic() + patience
        while time.monotonic() < end:
            fresh = self.events(number, seconds)
            if not fresh:
                break
            number += len(fresh)
        return number


def latencies(directory, hook, number, logins, pause=0.0):
    """Gives `number` people a new phone, one after the other, each when the one before has arrived; milliseconds from
    the directory's acknowledgement to the request's first octet at the receiver."""
    people, taken = [directory.find(login)[0] for login in logins], []
    after = hook.count()
    for turn in range(number):
        phone = f"+43 1 555 {time.time_ns() % 10_000_000:07d}"
        acknowledged = directory.replace(people[turn % len(people)], telephoneNumber=phone)
        told = hook.until(after, lambda event: (event["data"].get("account") or {}).get("phone") == phone)
        if told[-1] is None:
            raise TimeoutError(f"change {turn + 1} of {number} did not arrive within 10 s")
        after = told[-1]["number"]
        taken.append((told[-1]["arrived"] - acknowledged) / 1e6)
        if pause:
            time.sleep(pause)
    return taken


# The default rules for inetOrgPerson as far as they can be said in one line: field, attribute.
PLAIN_FIELDS = {"userName": "uid", "displayName": "displayName", "givenName": "givenName", "familyName": "sn",
                "email": "mail", "phone": "telephoneNumber", "mobile": "mobile", "title": "title"}


def differences(directory, hook):
    """Where the receiver's state is not the directory's, as lines; empty if they agree."""
    state, found = hook.state(), []
    there = {identity: data["account"] for identity, data in state["accounts"].items() if data["kind"] == "user"}
    for dn, attributes in directory.search():
        name, account = dn.partition(",")[0], there.pop(attributes["entryUUID"][0].decode(), None)
        if account is None:
            found.append(f"{name} is in the directory and not at the receiver")
            continue
        for field, attribute in PLAIN_FIELDS.items():
            want = attributes[attribute][0].decode() if attribute in attributes else None
            if account.get(field) != want:
                found.append(f"{name}: {field} should be {want!r} and is {account.get(field)!r}")
    found += [f"{account.get('userName')} is at the receiver and not in the directory" for account in there.values()]
    found += [f"the receiver complains: {problem}" for problem in state["problems"]]
    return found
