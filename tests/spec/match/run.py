#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The advisory database over real advisories (../shared/data/advisories), and what it takes to spoil it.

Points: every labelled pair of the Debian 12 image, none invented; the image and its inventories give the
same findings; the same sources give the same bytes; all sources within their time; a build that is
killed, a cut archive, a damaged database. Usage: run.py; PLIMSOLL names the program."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DATA = os.path.join(os.path.dirname(ROOT), "shared", "data", "advisories")
PROGRAM = os.environ.get("PLIMSOLL",
                         os.path.join(os.environ.get("PL_BUILD", os.path.join(ROOT, "build")), "plimsoll"))
IMAGE = "docker-archive:" + os.path.join(DATA, "debian12-status.tar")
done = 0


def point(ok, name):
    global done
    done += 1
    print("%sok %d - %s" % ("" if ok else "not ", done, name), flush=True)


def run(*args, env=None):
    return subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, **(env or {})))


def scan(target, db, *more):
    out = run("scan", target, "--scanners", "vuln", "--db", db, "-q", "-f", "json", *more)
    return out.returncode, json.loads(out.stdout) if out.stdout else None


def pairs(report):
    """(source, id) of every finding, the collapsed ones too."""
    got = set()
    for f in report["targets"][0]["findings"]:
        if f["kind"] == "vulnerability":
            for one in f["collapsed"]["ids"] if "collapsed" in f else [f["rule"]]:
                got.add((f["match"]["name"], one))
    return got


def labels(db):
    code, report = scan(IMAGE, db)
    got = pairs(report)
    with open(os.path.join(DATA, "debian12-labels.jsonl")) as f:
        rows = [json.loads(line) for line in f]
    must = {(r["source"], r["cve"]) for r in rows if r["expect_match"]}
    must_not = {(r["source"], r["cve"]) for r in rows if not r["expect_match"]}
    print("# %d found, %d of %d labelled, %d invented" % (len(got), len(must & got), len(must),
                                                          len(must_not & got)))
    point(must <= got, "every labelled pair is found")
    point(not must_not & got, "no pair is invented")
    point(report["tool"]["db"]["digest"].startswith("sha256:"), "the report names the database")
    return report


def inventories(db, report, work):
    key = lambda r: sorted((f["rule"], f["package"]["purl"]) for f in r["targets"][0]["findings"]
                           if f["kind"] == "vulnerability")
    for form in ("cyclonedx-json", "spdx-json"):
        path = os.path.join(work, form)
        run("sbom", IMAGE, "-q", "-f", form + "=" + path)
        code, other = scan("sbom:" + path, db)
        point(other is not None and key(other) == key(report), "the inventory as %s matches the same" % form)


def statement(db, work):
    """VEX for a finding removes it and nothing else."""
    key = lambda r: {(f["rule"], f["package"]["purl"]) for f in r["targets"][0]["findings"]
                     if f["kind"] == "vulnerability"}
    path = os.path.join(work, "vex.json")
    with open(path, "w") as f:
        json.dump({"statements": [{"vulnerability": {"name": "CVE-2018-13410"},
                                   "products": [{"@id": "pkg:deb/debian/zip"}],
                                   "status": "not_affected",
                                   "justification": "vulnerable_code_not_present"}]}, f)
    before, after = key(scan(IMAGE, db)[1]), key(scan(IMAGE, db, "--vex", path)[1])
    gone = before - after
    point(len(gone) == 1 and not after - before, "a VEX statement removes its finding and nothing else")
    out = run("explain", "CVE-2018-13410", "zip", IMAGE, "--db", db).stdout.decode()
    point("3.0-13 < 3.0-13+deb12u1 (deb), Debian:12 zip" in out, "explain tells the comparison")
    out = run("explain", "CVE-2018-13410", "bash", IMAGE, "--db", db).stdout.decode()
    point("why not" in out, "explain tells why not")


def sources(db, work):
    again = os.path.join(work, "again")
    one, two = os.path.join(DATA, "osv-debian12.zip"), os.path.join(DATA, "rustsec.tar.zst")
    for folder, order in ((db, (one, two)), (again, (two, one, one))):
        run("db", "build", *order, "--db", folder, env={"SOURCE_DATE_EPOCH": "1700000000"})
    with open(os.path.join(db, "match.db"), "rb") as a, open(os.path.join(again, "match.db"), "rb") as b:
        first, second = a.read(), b.read()
    # counts of records differ, since one was read twice
    point(len(first) == len(second), "order and repetition leave no trace")
    run("db", "build", two, one, "--db", again, env={"SOURCE_DATE_EPOCH": "1700000000"})
    with open(os.path.join(again, "match.db"), "rb") as f:
        point(f.read() == first, "the same sources give the same bytes")


def everything(work):
    folder = os.path.join(work, "all")
    start = time.time()
    out = run("db", "build", DATA, "--db", folder)
    wall = time.time() - start
    print("# all sources: %.1f s, %s" % (wall, out.stdout.decode().strip()))
    point(out.returncode == 0 and wall < 30, "all sources are built within 30 s")


def killed(db, work):
    with open(os.path.join(db, "match.db"), "rb") as f:
        before = f.read()
    whole = True
    for delay in (0.02, 0.1, 0.3, 0.6):
        child = subprocess.Popen([PROGRAM, "db", "build", "-q", os.path.join(DATA, "osv-debian12.zip"),
                                  os.path.join(DATA, "osv-go.zip"), "--db", db],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        child.wait()
        with open(os.path.join(db, "match.db"), "rb") as f:
            now = f.read()
        if now != before:  # it was done in time
            code, report = scan(IMAGE, db)
            whole &= code in (0, 1) and bool(pairs(report))
            before = now
    point(whole, "a build that is killed leaves a whole database")


def hostile(db, work):
    with open(os.path.join(DATA, "osv-debian12.zip"), "rb") as f:
        cut = f.read(100000)
    path = os.path.join(work, "cut.zip")
    with open(path, "wb") as f:
        f.write(cut)
    out = run("db", "build", path, "--db", os.path.join(work, "cut"))
    point(out.returncode in (0, 2) and b"note: " in out.stderr + out.stdout, "a cut archive is noted")
    with open(os.path.join(db, "match.db"), "rb") as f:
        good = f.read()
    bad = os.path.join(work, "bad")
    os.makedirs(bad)
    rng, ok, changed = random.Random(1), True, 0
    for _ in range(20):
        data = bytearray(good)
        for _ in range(200):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            data = data[:rng.randrange(len(data))]
        with open(os.path.join(bad, "match.db"), "wb") as f:
            f.write(data)
        code, report = scan(IMAGE, bad)
        ok &= code in (0, 1, 2, 3)
        changed += code in (2, 3)
    print("# %d of 20 damaged databases refused" % changed)
    point(ok, "a damaged database does not end in a crash")


def main():
    if not os.path.isdir(DATA):
        print("skip: match: ../shared/data/advisories not present")
        return 0
    work = tempfile.mkdtemp(prefix="pl-match-")
    db = os.path.join(work, "db")
    try:
        sources(db, work)
        report = labels(db)
        inventories(db, report, work)
        statement(db, work)
        hostile(db, work)
        killed(db, work)
        everything(work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("1..%d" % done)
    return 0


sys.exit(main())
