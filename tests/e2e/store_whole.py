#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment of scan, rescan, db build and db update; a full disk, two at once, damage: the
store and the database stay whole. PL_ROUNDS is how often each is killed."""

import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
ROUNDS = int(os.environ.get("PL_ROUNDS", "3"))
dice = random.Random(ROUNDS)
points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)))


def run(*args, **more):
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def seconds(*args):
    begin = time.monotonic()
    run(*args)
    return time.monotonic() - begin


def killed(longest, *args):
    """Starts the program and kills it some time before it would end; its whole group."""
    child = subprocess.Popen([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(dice.random() * longest)
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return child.wait() == -signal.SIGKILL


def whole(store):
    """What SQLite says, and what we say."""
    if not os.path.exists(os.path.join(store, "store.db")):
        return True, "none yet"
    code, out, err = run("rescan", "--store", store, "--db", "db1", "-f", "ndjson", "--exit-zero")
    db = sqlite3.connect(os.path.join(store, "store.db"))
    said = db.execute("PRAGMA integrity_check").fetchall()
    orphans = db.execute("SELECT count(*) FROM image WHERE pkgset NOT IN (SELECT id FROM pkgset)"
                         ).fetchone()[0]
    db.close()
    return (said == [("ok",)] and code == 0 and not orphans), (said, code, err, orphans)


def record(folder, i, package):
    os.makedirs(folder, exist_ok=True)
    with open("%s/CVE-2026-%d.json" % (folder, i), "w", encoding="utf-8") as f:
        json.dump({"schema_version": "1.7.0", "id": "CVE-2026-%d" % i, "summary": "made up",
                   "modified": "2026-01-01T00:00:00Z",
                   "affected": [{"package": {"ecosystem": "npm", "name": package},
                                 "ranges": [{"type": "SEMVER", "events": [
                                     {"introduced": "0"}, {"fixed": "99.0.0"}]}]}]}, f)


def world():
    recipe = os.path.join(SRC, "tests", "demo", "shop.recipe")
    subprocess.run([os.environ["MKIMAGE"], recipe, "oci:shop"], check=True)
    for i in range(400):
        record("adv1", i, "p%d" % (i % 97))
    shutil.copytree("adv1", "adv2")
    record("adv2", 4000, "npm")
    shutil.copytree(os.path.join(SRC, "tests", "demo", "advisories"), "adv1/demo")
    shutil.copytree(os.path.join(SRC, "tests", "demo", "advisories"), "adv2/demo")
    run("db", "build", "adv1", "--db", "db1")
    run("db", "build", "adv2", "--db", "db2")
    with open("many.ndjson", "w", encoding="utf-8") as f:
        for i in range(300):
            names = dice.sample(range(97), 30)
            f.write(json.dumps({
                "bomFormat": "CycloneDX", "specVersion": "1.6",
                "metadata": {"component": {"type": "container", "name": "app-%d" % i}},
                "components": [{"type": "library", "name": "p%d" % n, "version": "1.%d.0" % (i % 5),
                                "purl": "pkg:npm/p%d@1.%d.0" % (n, i % 5)} for n in names]}) + "\n")


def store_killed():
    scan = ("scan", "oci:shop", "--store", "st", "--db", "db1", "--scanners", "vuln", "-q")
    add = ("rescan", "--store", "st", "--add", "many.ndjson", "-q")
    again = ("rescan", "--store", "st", "--db", "db2", "-f", "ndjson")
    run(*scan)
    for name, command in (("scan --store", scan), ("rescan --add", add), ("rescan", again)):
        longest = max(seconds(*command), 0.02) * 1.1
        hits, wrong = 0, []
        for i in range(ROUNDS):
            if i % 3 == 0:
                shutil.rmtree("st")
                if command is not add or i % 2:
                    run(*scan)
                if command is again:
                    run(*add)
            hits += killed(longest, *command)
            fine, why = whole("st")
            wrong += [] if fine else [why]
        point(not wrong, "kill -9 of %s, %d times (%d before its end)" % (name, ROUNDS, hits), wrong)
    point(run(*scan)[0] == 1 and run(*add)[0] == 0, "and all goes on")
    code, out, _ = run(*again)
    point(out.count("\n") == 301 and code == 1, "nothing is missing or twice", out.count("\n"))


def digest(folder):
    with open(folder + "/match.db", "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def database_killed():
    both = {digest("db1"), digest("db2")}
    env = dict(os.environ, SOURCE_DATE_EPOCH="1767225600")
    os.environ.update(env)
    for i in (1, 2):
        run("db", "build", "adv%d" % i, "--db", "db%d" % i)
    both = {digest("db1"), digest("db2")}
    for name, commands in (
            ("db build", [("db", "build", "adv%d" % i, "--db", "dbk", "-q") for i in (1, 2)]),
            ("db update", [("db", "update", "db%d" % i, "--db", "dbk", "-q") for i in (1, 2)])):
        shutil.rmtree("dbk", ignore_errors=True)
        shutil.copytree("db1", "dbk")
        longest = max(seconds(*c) for c in commands) * 1.1
        hits, wrong = 0, []
        for i in range(ROUNDS * 2):
            hits += killed(longest, *commands[i % 2])
            ok = digest("dbk") in both and run("db", "status", "--db", "dbk")[0] == 0
            code, _, err = run("scan", "oci:shop", "--db", "dbk", "--no-store", "-q", "--scanners",
                               "vuln", "--exit-zero")
            wrong += [] if ok and code == 0 else [(ok, code, err)]
        point(not wrong, "kill -9 of %s, %d times (%d before its end): the old one or the new one"
              % (name, ROUNDS * 2, hits), wrong)
        point(run(*commands[0])[0] == 0, "and %s goes on" % name)


def small_disk():
    """As on a full disk: no file may grow beyond this."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (120 << 10, 120 << 10))


def disk_full():
    shutil.rmtree("st", ignore_errors=True)
    scan = ("scan", "oci:shop", "--store", "st", "--db", "db1", "--scanners", "vuln")
    run(*scan)
    before = run("rescan", "--store", "st", "--db", "db1", "-f", "ndjson")[1]
    code, _, err = run("rescan", "--store", "st", "--add", "many.ndjson", preexec_fn=small_disk)
    fine, why = whole("st")
    point(code == 3 and "rescan:" in err and fine, "a full disk is told, and the store stays whole",
          (code, err, why))
    point(run("rescan", "--store", "st", "--db", "db1", "-f", "ndjson")[1] == before,
          "with what was in it")
    os.makedirs("full", exist_ok=True)
    script = "mount -t tmpfs -o size=48k none full && touch full/there && exec \"$@\""
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", PROGRAM, *scan, "-f", "json",
                           "--store", "full"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if not done.stdout:
        print("skip: a scan on a full disk: no file system of its own can be mounted")
        return
    codes = [n["code"] for n in json.loads(done.stdout)["targets"][0]["notes"]]
    point(done.returncode == 1 and b"not kept" in done.stderr and "not-stored" in codes,
          "a scan with no room for its record says so and is right all the same",
          (done.returncode, done.stderr, codes))


def cannot_write():
    code, out, err = run("scan", "oci:shop", "--store", "/proc/nowhere", "--db", "db1", "--scanners",
                         "vuln", "-f", "json")
    doc = json.loads(out)
    point(code == 1 and "warning: the inventory was not kept" in err and not doc["summary"]["incomplete"],
          "a place that cannot be written to does not fail a scan", (code, err))
    if os.geteuid() or not shutil.which("setpriv"):
        print("skip: a store of somebody else: needs root and setpriv")
        return
    shutil.rmtree("theirs", ignore_errors=True)
    run("scan", "oci:shop", "--store", "theirs", "--db", "db1", "--scanners", "vuln")
    subprocess.run(["chmod", "-R", "a+rX", "."], check=True)
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                           PROGRAM, "rescan", "--store", os.path.abspath("theirs"), "--db",
                           os.path.abspath("db2"), "-f", "ndjson"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode in (126, 127) or b"setpriv" in done.stderr:
        print("skip: a store of somebody else: the program cannot be reached")
        return
    doc = json.loads(done.stdout or b"{}")
    point(done.returncode == 1 and doc.get("new") == ["CVE-2026-4000"] and b"not remembered" in
          done.stderr, "a store of somebody else is matched, and not changed",
          (done.returncode, done.stdout[:100], done.stderr))


def damaged():
    shutil.rmtree("st", ignore_errors=True)
    run("scan", "oci:shop", "--store", "st", "--db", "db1", "--scanners", "vuln")
    with open("st/store.db", "rb") as f:
        sound = f.read()
    wrong = []
    for i in range(ROUNDS * 4):
        spoilt = bytearray(sound)
        how = i % 3
        at = dice.randrange(len(spoilt))
        if how == 0:
            spoilt[at:at + 64] = bytes(dice.randrange(256) for _ in range(64))
        elif how == 1:
            del spoilt[at:]
        else:
            spoilt[at] ^= 1 << dice.randrange(8)
        for name in os.listdir("st"):
            os.remove(os.path.join("st", name))
        with open("st/store.db", "wb") as f:
            f.write(spoilt)
        code, out, _ = run("rescan", "--store", "st", "--db", "db1", "-f", "ndjson")
        scan = run("scan", "oci:shop", "--store", "st", "--db", "db1", "--scanners", "vuln", "-q")[0]
        if code not in (0, 1, 2, 3) or scan != 1 or (code == 0 and out):
            wrong.append((how, at, code, scan))
    point(not wrong, "%d damaged stores: told, never a crash, never clean" % (ROUNDS * 4), wrong)


def at_once():
    shutil.rmtree("st", ignore_errors=True)
    for i in range(8):
        os.path.lexists("shop%d" % i) or os.symlink("shop", "shop%d" % i)
    jobs = [subprocess.Popen([PROGRAM, "scan", "oci:shop%d" % i, "--store", "st", "--db", "db1",
                              "--scanners", "vuln", "-q", "--threads", "1"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for i in range(8)]
    jobs.append(subprocess.Popen([PROGRAM, "rescan", "--store", "st", "--add", "many.ndjson", "-q"],
                                 stdin=subprocess.DEVNULL, stderr=subprocess.PIPE))
    said = [(j.communicate()[1], j.returncode) for j in jobs]
    point([s for s in said if s[0]] == [], "nine writers at once wait for each other", said)
    out = run("rescan", "--store", "st", "--db", "db1", "-f", "ndjson")[1]
    fine, why = whole("st")
    point(out.count("\n") == 308 and fine, "and each is there", (out.count("\n"), why))


def main():
    if "MKIMAGE" not in os.environ:
        print("skip: store: no mkimage")
        return 0
    world()
    for part in (store_killed, database_killed, disk_full, cannot_write, damaged, at_once):
        part()
    print("1..%d" % points)
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
