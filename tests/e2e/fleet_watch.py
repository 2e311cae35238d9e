#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a fleet does by itself: registries are looked through, inventories matched again, events told;
over a folder and over PostgreSQL."""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import fleetlib  # noqa: E402
import watchlib  # noqa: E402
import with_pg  # noqa: E402

points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)), flush=True)


def run(*args, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


class World:
    """A store, a registry with images, a webhook."""

    def __init__(self, what, store, folder):
        self.what, self.store, self.folder = what, store, folder
        self.reg = watchlib.registry()
        self.hook = watchlib.Hook(b"canary-key")
        with open("hook.key", "w", encoding="utf-8") as f:
            f.write("canary-key\n")
        self.digests = [watchlib.load(self.reg, "team/app", "v%d" % n, "images/app%d" % n) for n in range(3)]
        run("store", "init", "--store", store)

    def name(self, tag, repo="team/app"):
        return "docker://%s/%s:%s" % (self.reg.host, repo, tag)

    def watch(self, *flags, db="db1", hook=True):
        more = ["--webhook", self.hook.url, "--webhook-key", "hook.key"] if hook else []
        code, out, err = run("watch", "--once", "-q", "--store", self.store, "--db", db, *more, *flags)
        return code, lines(out), err

    def worker(self, *flags, db="db1"):
        return run("worker", "--once", "-q", "--threads", "2", "--store", self.store, "--db", db, "--retry-delay", "1",
                   *flags)

    def counts(self):
        return json.loads(run("queue", "status", "--store", self.store, "-f", "json")[1])

    def point(self, good, name, why=""):
        point(good, "%s: %s" % (self.what, name), why)


def by_event(events, kind):
    return sorted((e for e in events if e["event"] == kind), key=lambda e: e["image"]["name"])


def discovered(w):
    code, events, err = w.watch("--discover", "docker://%s/team/app" % w.reg.host)
    w.point(code == 0 and not events and w.counts()["ready"] == 1, "a repository is queued", (code, events, err))
    code, out, err = w.worker()
    got = fleetlib.stored(PROGRAM, w.store)
    w.point(code == 0 and sorted(got) == [w.name("v%d" % n) for n in range(3)], "its tags are found and read",
            (code, err, sorted(got)))
    before = len(w.reg.requests("GET"))
    w.watch("--discover", "docker://%s/team/app" % w.reg.host)
    w.worker()
    after = w.reg.requests("GET")[before:]
    w.point(len(after) == 1 and "tags/list" in after[0][1], "what has not moved is asked for by HEAD alone",
            [r[1] for r in after])


def told(w):
    events = w.hook.events()
    new = by_event(events, "new")
    w.point(len(new) == 3 and all(e["first"] and e["schema"] == 1 for e in new) and
            {f["kind"] for e in new for f in e["findings"]} == {"secret", "vulnerability"},
            "what was read first is told", [(e["event"], len(e.get("findings", ()))) for e in events])
    w.point(w.hook.signed(), "webhooks are signed, with the time and without")
    code, out, err = w.watch(db="db2")
    new, gone, mends = (by_event(out, k) for k in ("new", "gone", "rebuild"))
    w.point(code == 0 and [[f["rule"] for f in e["findings"]] for e in new] == [["CVE-2026-0002"]] * 3 and
            new[0]["findings"][0]["severity"] == "high" and new[0]["findings"][0]["fixed"] == "6.0-1" and
            not new[0]["first"], "a new database: what is new", (code, err, out))
    w.point([[f["rule"] for f in e["findings"]] for e in gone] == [["CVE-2026-0001"]] * 3, "… and what is gone", gone)
    w.point(len(mends) == 3 and mends[0]["mends"] == 1 and mends[0]["packages"][0]["fixes"][0]["fixed"] == "6.0-1" and
            mends[0]["base"]["distro"] == "debian-12" and mends[0]["summary"]["high"] == 1,
            "… and what a rebuild would mend", mends)
    w.point([e["id"] for e in w.hook.events()][-9:] == [e["id"] for e in out], "the webhook has the same")
    code, out, err = w.watch(db="db2")
    w.point(code == 0 and not out, "nothing is told twice", (code, out, err))
    code, out, err = w.watch(db="db1")
    w.point(code == 0 and not out, "an older database matches nothing", (code, out, err))


def kept(w):
    """A webhook that fails: messages stay, with the same key, until they are taken or given up."""
    w.hook.fail, seen = 2, len(w.hook.got)
    code, out, err = w.watch(db="db3")
    w.point(code == 4 and len(by_event(out, "gone")) == 3 and "secret-path" not in err, "a webhook that fails: exit 4",
            (code, err))
    code, out, err = w.watch(db="db3")
    w.point(code == 0 and len(w.hook.got) == seen + 1, "… is not asked again at once", (code, err))
    sql = "UPDATE outbox SET due=0 WHERE state=0"
    w.sql(sql)
    w.watch(db="db3")
    w.sql(sql)
    code, out, err = w.watch(db="db3")
    keys = {h["Idempotency-Key"] for h, _, _ in w.hook.got[seen:]}
    w.point(code == 0 and len(w.hook.got) == seen + 3 and len(keys) == 1 and
            len(by_event(w.hook.events(), "gone")) == 6, "… and is told later, under the same key",
            (code, err, len(w.hook.got) - seen, keys))
    w.hook.fail = 99
    w.watch(db="db4")
    w.sql("UPDATE outbox SET due=0, added=0 WHERE state=0")
    code, out, err = w.watch(db="db4")
    status = run("store", "status", "--store", w.store)[1]
    w.point(code == 4 and "given up" in err and "1 given up" in status and "status 503" in status and
            "secret-path" not in status, "… is given up after a while, and that is listed", (code, err, status))
    w.hook.fail = 0
    code, out, err = w.watch("--retry-messages", db="db4")
    w.point(code == 0 and len(by_event(w.hook.events(), "new")) == 9, "… and can be sent again", (code, err))


def sides(w, server):
    if server:
        w.sql = lambda text: server.sql(text.replace("outbox", "plimsoll.outbox").replace("image ", "plimsoll.image "))
    else:
        def sql(text):
            import sqlite3
            with sqlite3.connect(os.path.join(w.store, "store.db")) as db:
                db.execute(text)
            db.close()
        w.sql = sql


def all_of(what, store, folder, server=None):
    w = World(what, store, folder)
    sides(w, server)
    discovered(w)
    told(w)
    kept(w)
    w.reg.close()


def main():
    if "MKIMAGE" not in os.environ:
        print("1..0 # skip: fleet_watch: no mkimage")
        return
    with tempfile.TemporaryDirectory(prefix="pl-watch-") as folder:
        os.chdir(folder)
        os.mkdir("images")
        fleetlib.make_images(os.environ["MKIMAGE"], os.path.join(folder, "images"), 4)
        watchlib.advisory("adv1", "CVE-2026-0001", "zlib", "1:1.3-1")
        watchlib.advisory("adv2", "CVE-2026-0002", "bash", "6.0-1")
        watchlib.advisory("adv3", "CVE-2026-0003", "none-such", "1")
        watchlib.advisory("adv4", "CVE-2026-0004", "bash", "7.0-1")
        for n in range(1, 5):
            run("db", "build", "adv%d" % n, "--db", "db%d" % n,
                env=dict(os.environ, SOURCE_DATE_EPOCH=str(1790000000 + n)))
        all_of("folder", "store", folder)
        if not with_pg.programs():
            print("# skip: fleet_watch over PostgreSQL: no server on this machine")
        else:
            with with_pg.Server() as server:
                all_of("postgresql", server.url(), folder, server)
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
