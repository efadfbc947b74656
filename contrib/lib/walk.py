#!/usr/bin/python3
"""The chapters of contrib/demo: changes the directory, shows what arrives at the receiver and how fast.

    walk.py first N | changes | away | back | mass-delete | approved | measure N | compare

Addresses come from the environment: DEMO_LDAP, DEMO_BIND, DEMO_PASSWORD, DEMO_HOOK, and DEMO_NOTES, a folder in which
one chapter leaves word for the next.
"""
import json
import os
import pathlib
import sys
import time

from company import portrait
from ends import Directory, Hook, differences, latencies, quantile

directory = Directory(os.environ["DEMO_LDAP"], os.environ["DEMO_BIND"], os.environ["DEMO_PASSWORD"])
hook = Hook(os.environ["DEMO_HOOK"])
notes = pathlib.Path(os.environ["DEMO_NOTES"])
bold, dim, red, plain = ("\033[1m", "\033[2m", "\033[31m", "\033[0m") if sys.stdout.isatty() else ("",) * 4
PEOPLE = directory.people
CONTRACTORS = f"ou=contractors,{PEOPLE}"


def line(what, told, took=None):
    # The receiver may hear of it before the directory's own yes has come back here.
    took = "" if took is None else f"{took:7.1f} ms" if took > 0 else "   at once"
    print(f"  {what:<42.42} {dim}{told:<45.45}{plain} {bold}{took}{plain}".rstrip(), flush=True)


def summary(event):
    data, verb = event["data"], event["type"].rpartition(".")[2]
    detail = ", ".join(data.get("changed") or {}) or data.get("evidence") or ""
    return f"{verb:<8} {(data.get('account') or {}).get('userName', ''):<10} {detail}".rstrip()


def stop(why):
    print(f"{red}{why}{plain}", file=sys.stderr)
    sys.exit(1)


def show(what, change, wanted):
    """Makes one change, waits for what it should cause, shows it with its latency."""
    before = hook.count()
    acknowledged = change()
    told = hook.until(before, wanted)
    if told[-1] is None:
        stop(f"{what}: nothing that was expected arrived within 10 s; what did: {[summary(e) for e in told[:-1]]}")
    line(what, summary(told[-1]), (told[-1]["arrived"] - acknowledged) / 1e6)


def whose(login, verb):
    return lambda event: (event["type"] == f"account.{verb}"
                          and (event["data"].get("account") or {}).get("userName") == login)


def first(number):
    """The first pass has been made: is everybody there?"""
    state = hook.state()
    if len(state["accounts"]) != number:
        stop(f"{number} people in the directory, {len(state['accounts'])} accounts at the receiver")
    line(f"{number} people in the directory", f"{len(state['accounts'])} accounts at the receiver")


def changes():
    mira = f"uid=mlindgren,ou=sales,{PEOPLE}"
    show("Mira Lindgren joins", lambda: directory.add(
        mira, objectClass="inetOrgPerson", uid="mlindgren", cn="Mira Lindgren", sn="Lindgren", givenName="Mira",
        displayName="Mira Lindgren", mail="mlindgren@example.com", telephoneNumber="+43 1 555 2001",
        departmentNumber="Sales", title="Representative", employeeNumber="2001"), whose("mlindgren", "created"))
    jane = directory.find("jdoe")[0]
    show("Jane Doe gets a new phone",
         lambda: directory.replace(jane, telephoneNumber="+43 1 555 0101"), whose("jdoe", "updated"))
    show("… and a new photo",
         lambda: directory.replace(jane, jpegPhoto=portrait(time.time_ns())), whose("jdoe", "updated"))
    show("… marries: a new name and address",
         lambda: directory.replace(jane, sn="Miller", cn="Jane Miller", displayName="Jane Miller",
                                   mail="jmiller@example.com"), whose("jdoe", "updated"))
    show("… and a new login (the entry is renamed)",
         lambda: directory.rename(jane, "uid=jmiller"), whose("jmiller", "updated"))
    before = hook.count()
    directory.rename(mira, "uid=mlindgren", f"ou=support,{PEOPLE}")
    line("Mira moves from sales to support", "the same account: nothing to send")
    mira = f"uid=mlindgren,ou=support,{PEOPLE}"
    show("… where she has another title",
         lambda: directory.replace(mira, title="Support Engineer"), whose("mlindgren", "updated"))
    if hook.count() != before + 1:
        stop("a move between containers was sent although no field changed")
    leaver = directory.search("(title=Accountant)")[0]
    login = leaver[1]["uid"][0].decode()
    show(f"{leaver[1]['cn'][0].decode()} leaves", lambda: directory.delete(leaver[0]), whose(login, "deleted"))
    before = hook.quiet()
    care = f"ou=customer-care,{PEOPLE}"
    directory.rename(f"ou=support,{PEOPLE}", "ou=customer-care")
    below = len(directory.search(base=care))
    line("The container support is renamed", f"{below} people below: nobody left, nothing sent")
    mira = f"uid=mlindgren,{care}"
    show("… and is still followed",
         lambda: directory.replace(mira, telephoneNumber="+43 1 555 2002"), whose("mlindgren", "updated"))
    if hook.quiet() != before + 1:
        stop("renaming a container was told as departures or changes of the people in it")


def away():
    """Rollcall is not running."""
    people = [p for p in directory.search("(title=Technician)")][:10]
    for round_ in range(5):
        for index, (dn, _) in enumerate(people):
            directory.replace(dn, telephoneNumber=f"+43 1 555 3{index:02d}{round_}")
    controller = directory.search("(title=Controller)")[0]
    directory.delete(controller[0])
    (notes / "away").write_text(json.dumps([hook.count(), controller[1]["uid"][0].decode()]))
    line("Rollcall stops; 10 people, 5 changes each", "50 changes nobody hears")
    line(f"… and {controller[1]['cn'][0].decode()} leaves", "")


def back():
    """Rollcall is running again."""
    before, gone = json.loads((notes / "away").read_text())
    told = hook.until(before, whose(gone, "deleted"))
    if told[-1] is None:
        stop("the departure that happened meanwhile did not arrive within 10 s")
    hook.quiet()
    fresh = hook.events(before)
    updates = [e for e in fresh if e["type"] == "account.updated"]
    line("It starts again", f"{len(updates)} updates, {len(fresh) - len(updates)} deletion: the last state only")
    if (len(updates), len(fresh)) != (10, 11):
        stop(f"expected 10 updates and 1 deletion, got {[summary(e) for e in fresh]}")


def mass_delete():
    before = hook.quiet()
    number = len(directory.search(base=CONTRACTORS))
    everybody = len(directory.search())
    directory.delete_tree(CONTRACTORS)
    line("Someone deletes the container contractors", f"{number} of {everybody} people")
    passed = hook.quiet(1.5) - before
    (notes / "mass").write_text(json.dumps([before, number]))
    line("", f"{passed} told before the guard closed, {number - passed} held")
    if passed >= number:
        stop("the guard let a mass delete pass")


def approved():
    before, number = json.loads((notes / "mass").read_text())
    gone = 0

    def last(event):
        nonlocal gone
        gone += event["type"] == "account.deleted"
        return gone == number
    told = hook.until(before, last)
    if told[-1] is None:
        stop(f"after the approval {gone} of {number} departures arrived")
    line("A person says yes", f"all {number} are gone at the receiver too")


def measure(number):
    logins = [attributes["uid"][0].decode() for _, attributes in directory.search("(departmentNumber=Engineering)")]
    taken = latencies(directory, hook, number, logins[:40])
    p50, p99 = quantile(taken, 0.5), quantile(taken, 0.99)
    line(f"{number} new phones, one after the other", f"p50 {p50:.1f} ms   p99 {p99:.1f} ms   max {max(taken):.1f} ms")
    (notes / "measured").write_text(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms over {number} changes")


def compare():
    hook.quiet()
    found = differences(directory, hook)
    for difference in found[:20]:
        print(f"  {red}{difference}{plain}")
    if found:
        stop(f"{len(found)} differences between the directory and the receiver")
    counts = hook.state()["counts"]
    line(f"{len(directory.search())} people, field by field", "the receiver says what the directory says")
    line("", f"{counts['applied']} events, {counts['repeated']} repeated, {counts['stale']} stale")


chapters = {"first": first, "changes": changes, "away": away, "back": back, "mass-delete": mass_delete,
            "approved": approved, "measure": measure, "compare": compare}
chapters[sys.argv[1]](*map(int, sys.argv[2:]))
