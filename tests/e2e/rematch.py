#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A rescan that reads only what has changed finds what one that reads everything does, whatever came
before: inventories put in and replaced, advisories added, changed and taken back, collected facts, other
options, another program, damage, a run that was killed. The same steps are done to a folder and to
PostgreSQL that go by what was kept, and to a folder that forgets it before each run. PL_ROUNDS: steps."""
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import with_pg  # noqa: E402

ROUNDS = int(os.environ.get("PL_ROUNDS", "14"))
NAMES = ["pkg%d" % i for i in range(40)]
DAY = 86400
points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    more = "" if good else ": %s" % str(why)[:2000]
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, more), flush=True)


def run(*args, at=None):
    env = dict(os.environ, SOURCE_DATE_EPOCH=str(at)) if at else os.environ
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, env=env)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def advisory(folder, name, ecosystem, package, fixed):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
        json.dump({"schema_version": "1.7.0", "id": name, "summary": "made up",
                   "published": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
                   "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
                   "affected": [{"package": {"ecosystem": ecosystem, "name": package},
                                 "ranges": [{"type": "ECOSYSTEM",
                                             "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]}, f)


def component(dice):
    kind = dice.choice(("npm", "npm", "deb/debian", "pypi"))
    name, version = dice.choice(NAMES), "%d.0.0" % dice.randrange(1, 5)
    if kind == "deb/debian" and dice.random() < 0.6:
        name, version = dice.choice(("linux-libc-dev", "linux-image-6.1.0-9-amd64")), "1.0.0"
    release = "?distro=debian-%d" % dice.choice((12, 12, 12, 10, 13)) if kind == "deb/debian" else ""
    source = [{"name": "plimsoll:source", "value": "linux"}] if name.startswith("linux-") else []
    seen = [] if dice.random() < 0.8 else [{"name": "plimsoll:visible", "value": "false"},
                                           {"name": "plimsoll:layer", "value": "0"},
                                           {"name": "plimsoll:hidden", "value": "1"}]
    return {"type": "library", "name": name, "version": version,
            "purl": "pkg:%s/%s@%s%s" % (kind, name, version, release),
            "properties": [{"name": "plimsoll:cataloger", "value": "x"}] + source + seen}


def document(dice, name):
    told = [{"name": "plimsoll:digest", "value": "sha256:%064x" % dice.getrandbits(256)}]
    if dice.random() < 0.1:
        told.append({"name": "plimsoll:complete", "value": "false"})
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {"component": {"type": "container", "name": name, "properties": told}},
            "components": [component(dice) for _ in range(dice.randrange(1, 12))]}


class World:
    """Stores to which the same is done; the second goes by nothing that was kept."""

    def __init__(self, server):
        url = server and server.url()
        self.stores = ["kept", "forgets"] + ([url] if url else [])
        self.dice = random.Random(20261122)
        self.clock = 1790000000
        self.facts = {}  # advisories by id
        self.dbs = 0
        self.db = None
        for store in self.stores:
            point(run("store", "init", "--store", store)[0] == 0, "a store")
        for name in ("app-7", "app-23"):  # these run somewhere
            row = "exposure(%%s cluster,ns,kind,owner,image,name,since,seen) SELECT %%s" \
                " 'c','n','Pod','%s','','%s',1,1" % (name, name)
            for store in self.stores[:2]:
                with sqlite3.connect(store + "/store.db") as db:
                    db.execute("INSERT INTO " + row % ("", ""))
            if server:
                server.sql("INSERT INTO plimsoll." + row % ("tenant,", "id,") + " FROM plimsoll.tenant")
        self.build()

    def all(self, *args):
        self.clock += 100
        return [run(args[0], "--store" if args[0] != "store" else args[1], *((s,) + args[1:] if args[0] != "store"
                    else ("--store", s) + args[2:]), at=self.clock) for s in self.stores]

    # ---- what may happen

    def build(self):
        self.dbs += 1
        source, self.db = "adv%d" % self.dbs, "db%d" % self.dbs
        advisory(source, "CVE-2026-99999", "npm", "none-such", "1.0.0")
        for name, (eco, package, fixed) in self.facts.items():
            advisory(source, name, eco, package, fixed)
        run("db", "build", source, "--db", self.db)
        shutil.rmtree(source)

    def advisories(self):
        for _ in range(self.dice.randrange(1, 6)):
            what = self.dice.random()
            if what < 0.3 and self.facts:
                del self.facts[self.dice.choice(sorted(self.facts))]
                continue
            name = self.dice.choice(sorted(self.facts)) if what < 0.5 and self.facts else \
                "CVE-2026-%04d" % self.dice.randrange(1, 5000)
            eco = self.dice.choice(("npm", "Debian:12", "Debian:10", "PyPI"))
            package = self.dice.choice(NAMES + ["linux"] * 12)
            self.facts[name] = (eco, package, "%d.5.0" % self.dice.randrange(1, 5))
        self.build()

    def put(self):
        with open("add.ndjson", "w", encoding="utf-8") as f:
            for _ in range(self.dice.randrange(1, 9)):
                f.write(json.dumps(document(self.dice, "app-%d" % self.dice.randrange(30))) + "\n")
        self.all("rescan", "--add", "add.ndjson", "-q")

    def collect(self):
        self.all("store", "gc", "--keep-days", "0")

    def some(self):
        self.all("rescan", "--db", "db%d" % self.dice.randrange(1, self.dbs + 1), "app-1*", "-q")

    def other_options(self):
        self.all("rescan", "--db", self.db, "--all-layers", "--only-new", "-q")

    def older(self):
        self.all("rescan", "--db", "db%d" % self.dice.randrange(1, self.dbs + 1), "-q")

    def back(self):
        self.all("rescan", "--db", self.db, "--since", "@%d" % (self.clock - 500), "-q")

    def time_goes(self):
        self.clock += 700 * DAY

    def killed(self):
        child = subprocess.Popen([PROGRAM, "rescan", "--store", "kept", "--db", self.db, "--only-new", "-q"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env=dict(os.environ, SOURCE_DATE_EPOCH=str(self.clock)))
        time.sleep(self.dice.random() * 0.04)
        child.send_signal(signal.SIGKILL)
        child.wait()
        self.all("rescan", "--db", self.db, "--only-new", "-q")  # may have been told to nobody

    def damaged(self):
        with sqlite3.connect("kept/store.db") as db:
            db.execute("UPDATE matched_print SET prints=zeroblob(length(prints)) WHERE bucket=0")

    # ---- and what must hold

    def told(self, *flags):
        with sqlite3.connect("forgets/store.db") as db:
            db.execute("DELETE FROM matched")
        got = self.all("rescan", "--db", self.db, *flags)
        return all(g == got[0] for g in got), got

    def states(self):
        def rows(store):
            with sqlite3.connect(store + "/store.db") as db:
                names = dict(db.execute("SELECT id, subject || ' ' || rule FROM flaw"))
                out = {}
                for name, digest, flaws in db.execute("SELECT name, digest, flaws FROM image JOIN state ON image=id"):
                    out[name, digest] = sorted(names[n] for n in numbers(flaws))
                return out
        return rows("kept") == rows("forgets")


def numbers(row):
    """As pl_row_put_numbers writes them: how many, then the steps from one to the next, zigzag."""
    out, value, shift = [], 0, 0
    for byte in row:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            out.append(value)
            value = shift = 0
    last, got = 0, []
    for step in out[1:]:
        last += step >> 1 if step % 2 == 0 else -(step + 1 >> 1)
        got.append(last)
    return got


def random_steps(server):
    w = World(server)
    steps = [w.put, w.put, w.put, w.advisories, w.advisories, w.advisories, w.collect, w.some, w.other_options,
             w.older, w.back, w.time_goes, w.killed, w.damaged]
    for _ in range(4):
        w.put()
    forms = (["-f", "ndjson"], ["-f", "table"], ["-f", "json"], ["-f", "ndjson", "--severity", "high,critical"])
    for k in range(ROUNDS):
        chosen = [steps[k % len(steps)]] + [w.dice.choice(steps) for _ in range(w.dice.randrange(0, 3))]
        for step in chosen:
            step()
        good, got = w.told("--only-new", *w.dice.choice(forms))
        point(good, "the same is told after: " + ", ".join(s.__name__ for s in chosen), got)
        point(w.states(), "and kept")
    good, got = w.told("-f", "ndjson")
    point(good and len(got[0][1]) > 100, "in the end all have the same", got)
    good, got = w.told("--since", "@1790000000", "-f", "ndjson")
    point(good, "and had, at any time", got)


def single_steps(server):
    """One change alone, which a run that does not look at it would not find."""
    w = World(server)

    def deb(name, version, source):
        return {"type": "library", "name": name, "version": version,
                "purl": "pkg:deb/debian/%s@%s?distro=debian-12" % (name, version),
                "properties": [{"name": "plimsoll:cataloger", "value": "x"},
                               {"name": "plimsoll:source", "value": source}]}

    headers, kernel = deb("linux-libc-dev", "1.0.0", "linux"), deb("linux-image-6.1.0-9-amd64", "9.0.0", "linux")
    docs = {"headers": [headers], "both": [headers, kernel], "old": [deb("bash", "1.0.0", "bash")],
            "npm": [{"type": "library", "name": "pkg1", "version": "1.0.0", "purl": "pkg:npm/pkg1@1.0.0"}]}
    with open("add.ndjson", "w", encoding="utf-8") as f:
        for name, components in docs.items():
            f.write(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {
                "component": {"type": "container", "name": name}}, "components": components}) + "\n")
    w.all("rescan", "--add", "add.ndjson", "-q")
    w.facts = {"CVE-2026-0001": ("Debian:12", "linux", "2.0.0"), "CVE-2026-0002": ("Debian:12", "none", "2.0.0")}
    for _ in range(2):  # the second has nothing to tell
        w.build()
        w.told("--only-new", "-f", "ndjson")

    def holds(name, images):
        good, got = w.told("--only-new", "-f", "ndjson", "--severity", "low,medium,high,critical")
        told = sorted(json.loads(line)["name"] for line in run_out(got))
        point(good and told == images, name, (told, got))

    def run_out(got):
        return [line for line in got[0][1].splitlines() if line]

    w.facts["CVE-2026-0003"] = ("Debian:12", "linux", "3.0.0")
    w.build()
    holds("a flaw of the kernel", ["both"])
    w.clock += 2000 * DAY
    holds("a release comes to its end", ["both", "headers", "old"])
    w.facts["CVE-2026-0004"] = ("npm", "pkg1", "3.0.0")
    w.build()
    holds("a flaw of one package", ["npm"])
    holds("once", [])


def watchers(server):
    """What a rebuild would mend, told by watchers that look at what has changed, and at all."""
    w = World(server)
    w.clock, rebuilds = int(time.time()), 0
    for k in range(7):
        w.put()
        for i in range(8):  # mended by another version: nothing is new
            w.facts["CVE-2026-%d" % (7000 + i)] = ("npm", "pkg%d" % i, "9.%d.0" % (k if i % 2 else 0))
        w.advisories()
        with sqlite3.connect("forgets/store.db") as db:
            db.execute("DELETE FROM matched")
        told = []
        for store in w.stores:
            code, out, err = run("watch", "--once", "-q", "--store", store, "--db", w.db)
            events = [json.loads(line) for line in out.splitlines()]
            for e in events:
                e.pop("id"), e.pop("at"), e.pop("run", None)
                if e["event"] == "rebuild":
                    e["packages"].sort(key=str)
            told.append((code, err, sorted(json.dumps(e, sort_keys=True) for e in events)))
        rebuilds += sum('"event": "rebuild"' in e for e in told[0][2])
        point(all(t == told[0] for t in told), "watchers tell the same", told)
    point(rebuilds > 10, "and what a rebuild would mend", rebuilds)


# ---- is it gone by, and when is it not?

def facts_with(row, key):
    """The row of facts with another key, and its sum."""
    body, at = bytearray(row[8:]), 0
    for _ in range(6):
        while body[at] >= 128:
            at += 1
        at += 1
    body[at:at + 16] = key(bytes(body[at:at + 16]))
    place = (0xffffffff).to_bytes(4, "little") + (2 ** 64 - 1).to_bytes(8, "little")
    return hashlib.sha256(place + bytes(body)).digest()[:8] + bytes(body)


def tampered():
    """A store that says it had been matched with the new advisories, though it was not."""
    advisory("t1", "CVE-2026-0001", "npm", "one", "9.0.0")
    advisory("t2", "CVE-2026-0002", "npm", "two", "9.0.0")
    run("db", "build", "t1", "--db", "tdb1")
    run("db", "build", "t1", "t2", "--db", "tdb2")
    with open("t.ndjson", "w", encoding="utf-8") as f:
        for i in range(20):
            f.write(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {
                "component": {"type": "container", "name": "t-%d" % i}}, "components": [
                    {"type": "library", "name": n, "version": "1.0.%d" % i, "purl": "pkg:npm/%s@1.0.%d" % (n, i)}
                    for n in ("one", "two")]}) + "\n")
    run("rescan", "--store", "t", "--add", "t.ndjson", "-q")
    run("rescan", "--store", "t", "--db", "tdb1", "-q")
    shutil.copytree("t", "ahead")
    run("rescan", "--store", "ahead", "--db", "tdb2", "-q")
    with sqlite3.connect("ahead/store.db") as db:
        prints = db.execute("SELECT prints FROM matched_print WHERE bucket=0").fetchone()[0]

    def lied(name, more):
        shutil.copytree("t", name)
        with sqlite3.connect(name + "/store.db") as db:
            facts = db.execute("SELECT facts FROM matched").fetchone()[0]
            db.execute("UPDATE matched_print SET prints=?", (prints,))
            more(db, facts)
        code, out, err = run("rescan", "--store", name, "--db", "tdb2", "--only-new")
        return " 20 new, 0 gone" in out and code == 1, (code, out, err)

    good, why = lied("t0", lambda db, facts: None)
    point(not good, "what was kept is gone by", why)
    ways = {
        "another program or other rules have kept it":
            lambda db, facts: db.execute("UPDATE matched SET facts=?", (facts_with(facts, lambda key: b"x" * 16),)),
        "a damaged row": lambda db, facts: db.execute("UPDATE matched_print SET prints=?", (
            prints[:20] + bytes([prints[20] ^ 1]) + prints[21:],)),
        "a row that was cut": lambda db, facts: db.execute("UPDATE matched_print SET prints=?", (prints[:-8],)),
        "a missing row": lambda db, facts: db.execute("DELETE FROM matched_print"),
        "damaged facts": lambda db, facts: db.execute("UPDATE matched SET facts=?", (facts[:-1] + b"\7",)),
        "no facts": lambda db, facts: db.execute("UPDATE matched SET facts=x''"),
        "another turn": lambda db, facts: db.execute("UPDATE matched SET turn=turn+1"),
        "none": lambda db, facts: db.execute("DELETE FROM matched"),
    }
    for k, (name, more) in enumerate(ways.items()):
        good, why = lied("t-%d" % k, more)
        point(good, "all is looked at: " + name, why)
    same = facts_with(sqlite3.connect("t/store.db").execute("SELECT facts FROM matched").fetchone()[0], lambda key: key)
    good, why = lied("same", lambda db, facts: db.execute("UPDATE matched SET facts=?", (same,)))
    point(not good, "the test's own sum is right", why)


def fresh():
    shutil.rmtree("kept")
    shutil.rmtree("forgets")


def main():
    tampered()
    if with_pg.programs() and run("store", "status", "--store", "postgresql://127.0.0.1:1/x")[0] == 4:
        with with_pg.Server() as server:
            single_steps(server)
            fresh()
            server.sql("DROP SCHEMA plimsoll CASCADE")
            random_steps(server)
            fresh()
            server.sql("DROP SCHEMA plimsoll CASCADE")
            watchers(server)
    else:
        print("skip: rematch over PostgreSQL: no server, or this build has no libpq")
        single_steps(None)
        fresh()
        random_steps(None)
        fresh()
        watchers(None)
    print("1..%d" % points)
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
