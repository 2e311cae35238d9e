#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a fleet does by itself: registries are looked through, inventories matched again, events told;
over a folder and over PostgreSQL."""
import json
import os
import subprocess
import sys
import tempfile
import time

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

    def status(self):
        return run("store", "status", "--store", self.store)[1]

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
    w.sql("UPDATE outbox SET due=due+3600 WHERE state=0")  # the seconds that it is left alone for, and long ones
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


def no_webhook(w):
    """An address that nothing could be sent to is told at once, not after days; what it holds is not."""
    for url in ("hooks.example/canary-path", "ftp://x/canary-path", "https://robot:canary-path@x/", "https://x:99999/canary-path"):
        for verb in (("watch", "--once"), ("rescan",)):
            code, _, err = run(*verb, "--store", w.store, "--db", "db1", "--webhook", url)
            w.point(code == 2 and "--webhook" in err and "canary" not in err, "%s: no webhook: %s" % (verb[0], url), (code, err))


def many_watchers(w):
    """Several at once: each event is made once."""
    flags = ["watch", "--once", "-q", "--store", w.store, "--db", "db5"]
    all_of_them = [subprocess.Popen([PROGRAM, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE) for _ in range(4)]
    ends = [(p.communicate(), p.returncode) for p in all_of_them]
    events = [e for (out, _), _ in ends for e in lines(out.decode())]
    code, more, err = w.watch(db="db5", hook=False)
    events += more
    w.point(all(code == 0 for _, code in ends) and len(by_event(events, "new")) == 3 and
            len({e["id"] for e in events}) == len(events), "four watchers at once tell everything once",
            ([(c, e[-200:]) for (_, e), c in ends], [e["event"] for e in events]))


def polite(w):
    """A registry that wants to be left alone is, by all, for as long as it says; nothing is lost."""
    began, asked = [], []

    def fault(h):  # for a while from the first request on
        began.append(time.time())
        if time.time() > began[0] + 2.5:
            return False
        asked.append(h.path)
        h.send(429, b"{}", [("Retry-After", "4")])
        return True
    w.reg.fault = fault
    for n in range(3):
        run("queue", "add", w.name("v%d" % n), "--store", w.store)
    code, out, err = w.worker()
    n = w.counts()
    w.reg.fault = None
    w.point(code == 0 and not n["aside"] and not n["ready"] and not n["waiting"] and time.time() > began[0] + 2.5,
            "429 for a while: work waits and is done after it", (code, err, n))
    w.point(1 <= len(asked) <= 4, "… and the registry is not asked meanwhile", asked)


def pods(w):
    """What runs is known, and read first."""
    name = "%s/team/app@%s" % (w.reg.host, w.digests[1])
    cluster = watchlib.Cluster([watchlib.pod("web-5d4f-x1", "shop", "ReplicaSet", "web-5d4f", "5d4f", name),
                                watchlib.pod("web-5d4f-x2", "shop", "ReplicaSet", "web-5d4f", "5d4f", name),
                                watchlib.pod("job-1", "batch", None, None, None,
                                             "%s/other/tool@sha256:%s" % (w.reg.host, "ab" * 32)),
                                watchlib.pod("bad", "x\x1b[31m", None, None, None, "no digest here")])
    flags = ["--pods", cluster.url, "--pods-ca", "ca.pem", "--pods-token", "token", "--cluster", "prod"]
    code, out, err = w.watch(*flags, db="db5", hook=False)
    w.point(code == 0 and cluster.asked == 3 and not cluster.refused, "pods are listed page by page, with the token",
            (code, err, cluster.asked, cluster.refused))
    got = fleetlib.stored(PROGRAM, w.store)
    runs = got[w.name("v1")]["runs"]
    w.point([(r["cluster"], r["namespace"], r["kind"], r["name"], r["now"]) for r in runs] ==
            [("prod", "shop", "Deployment", "web", True)] and not got[w.name("v2")]["runs"],
            "query tells where an image runs", runs)
    code, out, err = run("query", "--store", w.store, "--package", "bash")
    w.point("runs in prod/shop/Deployment/web since 2" in out, "… and in its table", out + err)
    w.point(w.counts()["ready"] == 1, "what runs and was never read is queued", w.counts())
    run("queue", "drop", "--store", w.store)
    w.worker()
    run("queue", "drop", "--store", w.store)
    cluster.pods = []
    w.watch(*flags, db="db5", hook=False)
    runs = fleetlib.stored(PROGRAM, w.store)[w.name("v1")]["runs"]
    w.point(len(runs) == 1 and not runs[0]["now"], "what runs no more is told so", runs)
    cluster.close()


def read_again(w):
    """Rules that are new: what older ones have read is read again, and stays until then."""
    w.sql("UPDATE image SET tool='0.0'")
    code, out, err = w.watch(db="db5", hook=False)
    w.point(code == 0 and w.counts()["ready"] == 3 and len(fleetlib.stored(PROGRAM, w.store)) == 3,
            "an older program's images are read again", (code, err, w.counts()))
    code, out, err = w.worker(db="db5")
    w.point(code == 0 and w.counts()["ready"] == 0, "… once", (code, err))
    code, out, err = w.watch(db="db5", hook=False)
    w.point(w.counts()["ready"] == 0, "… and no more", w.counts())


def collected(w):
    """What nothing needs goes, while workers work; what is needed stays."""
    w.digests[0] = watchlib.load(w.reg, "team/app", "v0", "images/app3")
    time.sleep(1.1)
    w.watch("--discover", "docker://%s/team/app" % w.reg.host, db="db5", hook=False)
    w.worker(db="db5")
    time.sleep(1.1)
    before = w.status()
    code, out, err = run("store", "gc", "--store", w.store, "--keep-days", "0", "--dry-run")
    w.point(code == 0 and "would go: 1 inventories, 1 lists" in out and w.status() == before,
            "gc --dry-run counts and changes nothing", (code, out, err, before, w.status()))
    work = subprocess.Popen([PROGRAM, "worker", "--once", "-q", "--threads", "2", "--store", w.store, "--db", "db5"],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    codes = []
    while work.poll() is None or len(codes) < 3:
        run("queue", "add", w.name("v1"), w.name("v2"), "--store", w.store)
        codes.append(run("store", "gc", "--store", w.store, "--keep-days", "0")[0])
        if len(codes) > 8:
            break
    why = work.communicate()[1].decode()
    w.worker(db="db5")
    w.point(not any(codes) and work.returncode == 0, "gc beside a worker", (codes, work.returncode, why))
    got = fleetlib.stored(PROGRAM, w.store)
    names = {w.name("v0"): 3, w.name("v1"): 1, w.name("v2"): 2}
    other = [n for n, k in names.items() if n not in got or sorted(f["fingerprint"] for f in got[n]["findings"]) !=
             sorted(f["fingerprint"] for f in fleetlib.scanned(PROGRAM, "oci:images/app%d" % k, "--db", "db5")[0]
                    ["findings"])]
    w.point(sorted(got) == sorted(names) and not other, "… what is left is whole", (sorted(got), other))
    for ref in (w.name("v1"), w.name("v1").removeprefix("docker://"), w.name("v[1]").removeprefix("docker://")):
        code, out, err = run("query", "--store", w.store, "--image", ref)
        w.point(code == 0 and out.endswith("1 image\n"), "query --image: as a reference is written: " + ref, out + err)
    code, out, err = run("store", "gc", "--store", w.store, "--keep-days", "0", "--dry-run")
    w.point(code == 0 and "would go: 0 inventories, 0 lists of packages, 0 packages, 0 places, 0 layers" in out,
            "… and nothing else is", (code, out, err))


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
    no_webhook(w)
    many_watchers(w)
    polite(w)
    pods(w)
    read_again(w)
    collected(w)
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
        watchlib.advisory("adv5", "CVE-2026-0005", "zlib", "1:2.0-1")
        watchlib.certificate("ca.pem", "ca.key")
        for n in range(1, 6):
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
