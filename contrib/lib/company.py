#!/usr/bin/python3
"""A believable company as LDIF, the same every time.

    company.py                 about 300 people in departments, groups, and the account that Rollcall reads with
    company.py --bulk 100000   as many plain people in one container, for measurements
"""
import argparse
import base64
import random
import sys
import unicodedata

GIVEN = """Jane Alan Amina Anders Beatriz Bilal Carmen Chidi Chloé Dagny Deepa Dimitri Edsger Elif Emeka Farah Felix
Fiona Gabriel Grace Hana Håkon Henrik Ines Ingrid Isaac Jakub Jürgen Kamala Katherine Kofi Lars Leila Linus Magda
Margaret Mateo Mei Milan Nadia Nikhil Noor Olga Omar Paolo Petra Priya Quentin Radia Rafael Rosa Samir Sanne Søren
Tariq Tatiana Theo Uma Vera Viktor Wanda Wei Xiulan Yara Yusuf Zoë""".split()
FAMILY = """Smith López Khan Okafor Müller Nilsen Petrova Tanaka Silva Dubois Novák Rossi Jensen Haddad Kowalski Nguyen
Berg Castro Eriksson Fischer Georgiou Horváth Ivanov Jovanović Kaya Lindqvist Mbeki Nakamura Oduya Peeters Quinn Ramos
Schröder Takala Ueda Van-Dijk Weber Yılmaz Zhang Andersen Bianchi Cohen Demir Eze Fontaine Grünwald Hansen Iqbal
Jansen Kierkegård Lefèvre Moreau Nowak O'Brien Papadopoulos Richter Santos Torres Ursu Varga Wójcik Ximénez Zaman""".split()
# Container, its path below ou=people, the department's name, its head count, its titles.
DEPARTMENTS = [
    ("platform,engineering", "Engineering", 34, ["Engineer", "Senior Engineer", "Site Reliability Engineer"]),
    ("applications,engineering", "Engineering", 46, ["Engineer", "Senior Engineer", "Designer", "Tester"]),
    ("sales", "Sales", 52, ["Account Manager", "Sales Engineer", "Representative"]),
    ("support", "Support", 44, ["Support Agent", "Support Engineer"]),
    ("operations", "Operations", 38, ["Technician", "Planner", "Dispatcher"]),
    ("finance", "Finance", 22, ["Accountant", "Controller"]),
    ("people-and-culture", "People and Culture", 14, ["Recruiter", "Partner"]),
    ("legal", "Legal", 8, ["Counsel", "Paralegal"]),
    ("contractors", "Contractors", 48, ["Consultant", "Contractor"]),
]
SITES = [("Vienna", "Ring 14", "1010", "+43 1 555"), ("Lisbon", "Rua do Cais 3", "1100-102", "+351 21 555"),
         ("Oslo", "Havnegata 8", "0150", "+47 22 55")]


def line(name, value):
    """One LDIF line (RFC 2849), base64 where it must be."""
    if isinstance(value, bytes):
        return f"{name}:: {base64.b64encode(value).decode()}"
    if value.isascii() and value.isprintable() and value[:1] not in (" ", ":", "<") and value[-1:] != " ":
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def entry(dn, *attributes):
    return "\n".join([line("dn", dn), *(line(k, v) for k, v in attributes), "", ""])


def unit(name, parent):
    return entry(f"ou={name},{parent}", ("objectClass", "organizationalUnit"), ("ou", name))


def plain(text):
    """ASCII letters only, for logins and addresses."""
    text = text.replace("ø", "o").replace("Ø", "O").replace("ı", "i").replace("ł", "l").replace("ß", "ss")
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isascii() and c.isalpha()).lower()


def portrait(seed):
    """A real JPEG of 40 × 40 grey pixels in a pattern of its own: baseline, one DC value per 8 × 8 block (ITU T.81)."""
    cells = random.Random(seed)
    half = [[cells.choice((-90, -20, 60)) for _ in range(3)] for _ in range(5)]
    bits, last = "", 0
    for row in half:
        for value in (row[0], row[1], row[2], row[1], row[0]):
            step, last = value - last, value
            size = abs(step).bit_length()
            bits += format(size, "04b")  # the DC code of a size is the size itself, in four bits
            bits += format(step if step > 0 else step + (1 << size) - 1, f"0{size}b") if size else ""
            bits += "0"  # end of block, the only AC code
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    segment = lambda marker, body: bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
    return b"".join([
        b"\xff\xd8", segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"), segment(0xDB, b"\0" + b"\x08" * 64),
        segment(0xC0, b"\x08\0\x28\0\x28\x01\x01\x11\0"),
        segment(0xC4, b"\0" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))),
        segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"), segment(0xDA, b"\x01\x01\0\0\x3f\0"), scan, b"\xff\xd9",
    ])


def frame(suffix, password):
    domain = suffix.split(",")[0].split("=")[1]
    yield entry(suffix, ("objectClass", "domain"), ("dc", domain))
    for name in ("people", "groups", "services"):
        yield unit(name, suffix)
    yield entry(f"cn=rollcall,ou=services,{suffix}", ("objectClass", "applicationProcess"),
                ("objectClass", "simpleSecurityObject"), ("cn", "rollcall"), ("userPassword", password))


def company(suffix):
    dice = random.Random(4711)
    mail_domain = ".".join(part.split("=")[1] for part in suffix.split(","))
    people = f"ou=people,{suffix}"
    yield unit("engineering", people)
    logins, names, groups = set(), set(), {"staff": []}
    number = 1000
    director = None
    for path, department, heads, titles in DEPARTMENTS:
        container = ",".join(f"ou={part}" for part in path.split(",")) + f",{people}"
        yield unit(path.split(",")[0], container.split(",", 1)[1])
        lead = None
        for position in range(heads):
            number += 1
            given, family = ("Jane", "Doe") if number == 1001 else (dice.choice(GIVEN), dice.choice(FAMILY))
            while (given, family) in names:
                given, family = dice.choice(GIVEN), dice.choice(FAMILY)
            names.add((given, family))
            login = base = plain(given)[0] + plain(family)
            again = 1
            while login in logins:
                again += 1
                login = f"{base}{again}"
            logins.add(login)
            dn = f"uid={login},{container}"
            site, street, code, phone = SITES[dice.randrange(len(SITES))]
            attributes = [
                ("objectClass", "inetOrgPerson"), ("uid", login), ("cn", f"{given} {family}"), ("sn", family),
                ("givenName", given), ("displayName", f"{given} {family}"), ("mail", f"{login}@{mail_domain}"),
                ("telephoneNumber", f"{phone} {number}"), ("departmentNumber", department),
                ("title", f"Head of {department}" if lead is None else dice.choice(titles)),
                ("employeeNumber", str(number)), ("o", "Example"), ("l", site), ("street", street),
                ("postalCode", code),
            ]
            if dice.random() < 0.6:
                attributes.append(("mobile", f"+43 660 555 {number}"))
            if boss := lead or director:
                attributes.append(("manager", boss))
            if number % 4 == 0:
                attributes.append(("jpegPhoto", portrait(number)))
            director, lead = director or dn, lead or dn
            groups.setdefault(plain(department), []).append(dn)
            if department != "Contractors":
                groups["staff"].append(dn)
            yield entry(dn, *attributes)
    for name, members in groups.items():
        yield entry(f"cn={name},ou=groups,{suffix}", ("objectClass", "groupOfNames"), ("cn", name),
                    *(("member", member) for member in members))


def bulk(suffix, count):
    """Plain people, about half a kilobyte each, written without the niceties above so that it is fast."""
    people = f"ou=people,{suffix}"
    given, family = [plain(n).capitalize() for n in GIVEN], [plain(n).capitalize() for n in FAMILY]
    for i in range(count):
        g, f = given[i % len(given)], family[i // len(given) % len(family)]
        yield (f"dn: uid=p{i:06d},{people}\nobjectClass: inetOrgPerson\nuid: p{i:06d}\ncn: {g} {f} {i}\nsn: {f}\n"
               f"givenName: {g}\ndisplayName: {g} {f}\nmail: p{i:06d}@example.com\ntelephoneNumber: +1 555 {i:06d}\n"
               f"departmentNumber: {DEPARTMENTS[i % len(DEPARTMENTS)][1]}\ntitle: Staff\nemployeeNumber: {i}\n"
               f"o: Example\nl: Oslo\ndescription: person number {i} of a large company\n\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bulk", type=int, metavar="N", help="N plain people instead of the company")
    parser.add_argument("--suffix", default="dc=example,dc=com")
    parser.add_argument("--password", default="rollcall", help="of cn=rollcall,ou=services")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.writelines(frame(options.suffix, options.password))
    sys.stdout.writelines(bulk(options.suffix, options.bulk) if options.bulk else company(options.suffix))


if __name__ == "__main__":
    main()
