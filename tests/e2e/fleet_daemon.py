#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fleet over time: a watcher that outlives its database and says how it is, registries of many pages, more tags
than the queue is to hold, a registry that wants an hour of peace, work that was lost on the way. Over a folder and
over PostgreSQL."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import fleetlib  # noqa: E402
import watchlib  # noqa: E402
import with_pg  # noqa: E402
from fleetlib import LONG, SAMPLE, until  # noqa: E402

points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)), flush=True)


def run(*args):
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Child(fleetlib.Running):
    def __init__(self, *args):
        super().__init__(PROGRAM, *args)


class World:
    def __init__(self, what, store, sql):
        self.what, self.store, self.sql = what, store, sql
        self.reg = watchlib.registry()
        run("store", "init", "--store", store)

    def counts(self):
        return json.loads(run("queue", "status", "--store", self.store, "-f", "json")[1])

    def place(self, repo=""):
        return "docker://%s%s" % (self.reg.host, "/" + repo if repo else "")

    def worker(self, *flags):
        return ["worker", "--store", self.store, "--db", "db1", "--retry-delay", "1", *flags]

    def asked(self, method, text):
        return [path for _, path, *_ in self.reg.requests(method) if text in path]

    def point(self, good, name, why=""):
        point(good, "%s: %s" % (self.what, name), why)


def many_repositories(w):
    """The catalog and the lists of tags come in pages."""
    w.reg.page = 2
    names = ["a/one", "a/two", "b/three", "c/four/deep", "five"]
    expected = []
    for i, repo in enumerate(names):
        for tag in ["v%d" % n for n in range(1 + i % 3)]:
            watchlib.load(w.reg, repo, tag, "images/app%d" % (i % 3))
            expected.append(w.place(repo) + ":" + tag)
    code, out, err = run("queue", "add", w.place(), "--all-repos", "--store", w.store)
    n = w.counts()
    w.point(code == 0 and n["ready"] == 1, "a registry is one piece of work", (code, out, err, n))
    code, out, err = run(*w.worker("--once", "-q", "--threads", "2"))
    got = fleetlib.stored(PROGRAM, w.store)
    w.point(code == 0 and sorted(got) == sorted(expected), "all tags of all repositories are read, page by page",
            (code, err, sorted(got)))
    w.point(len(w.asked("GET", "/_catalog")) == 3 and len(w.asked("GET", "/tags/list")) == 6, "… each page once",
            (w.asked("GET", "/_catalog"), w.asked("GET", "/tags/list")))
    w.reg.page = 0


def back_pressure(w):
    """A listing stops while the queue is full, and goes on where it was."""
    w.reg.clear()
    for n in range(23):
        watchlib.load(w.reg, "big/repo", "t%02d" % n, "images/app0")
    run("queue", "add", w.place("big/repo"), "--all-tags", "--store", w.store)
    p = Child(*w.worker("--once", "-q", "--threads", "1", "--queue-max", "8"))
    most = stops = 0
    while p.child.poll() is None:
        n = w.counts()
        most = max(most, n["ready"] + n["leased"])
        try:  # a full queue is looked at again after a while: that is over at once
            if w.sql("SELECT id FROM job WHERE kind=2 AND state=0 AND ready_at>0"):
                time.sleep(1.1)  # moments are seconds: what was seen in the first of a listing is asked for again
                stops += bool(w.sql("UPDATE job SET ready_at=0 WHERE kind=2 AND state=0 AND ready_at>0 RETURNING id"))
        except (OSError, sqlite3.Error, subprocess.CalledProcessError):
            pass
        time.sleep(0.1)
    got = [n for n in fleetlib.stored(PROGRAM, w.store) if "big/repo" in n]
    w.point(p.child.returncode == 0 and len(got) == 23, "more tags than the queue may hold: all are read",
            (p.child.returncode, p.text()[-500:], len(got)))
    # eight that are ready, as many that were claimed at once, layers that the first of them waits for
    w.point(most <= 8 + 8 + 5, "… the queue stays short", most)
    # each tag is asked for once more when it is read; one that began anew would ask for all that it had before
    heads = [len(w.asked("HEAD", "/manifests/t%02d" % n)) for n in range(23)]
    lists = len(w.asked("GET", "/tags/list"))
    anew = 23 + sum(min(23, 8 * (k + 1)) for k in range(lists))
    w.point(stops >= 1 and lists > 1 and all(heads) and sum(heads) < anew, "… the listing goes on where it stopped",
            (stops, lists, heads, anew))


def an_hour(w):
    """A registry that asks for an hour."""
    w.reg.clear()
    asked = []

    def fault(h):
        asked.append(h.path)
        h.send(429, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', [("Retry-After", "3600")])
        return True
    w.reg.fault = fault
    run("queue", "add", "--store", w.store, *[w.place("a/one") + ":v%d" % n for n in range(8)])
    p = Child(*w.worker("--threads", "2"))

    def quiet():
        n = w.counts()
        return n["held"] and n["ready"] == 8 and not n["leased"]
    until(quiet)
    time.sleep(3)  # in which nothing is to happen
    code, seconds, said = p.end()
    n = w.counts()
    w.point(code == 130 and 1 <= len(asked) <= 4 and n["ready"] == 8 and not n["leased"] and not n["aside"],
            "429 for an hour: asked once by each slot at most, the work stays", (code, asked, n))
    w.point(w.reg.host in said and "3600 s" in said and "429" in said and said.count("\n") <= 6,
            "… which is said once", said)
    w.point(seconds < LONG, "… and ends when it is told to", seconds)
    text = run("queue", "status", "--store", w.store)[1]
    w.point([(h["registry"], 3000 < h["seconds"] <= 3600) for h in n["held"]] == [(w.reg.host, True)] and
            "held: %s wants" % w.reg.host in text, "… queue status names it", (n, text))
    before = len(asked)
    p = fleetlib.Listening(PROGRAM, *w.worker("--log-format=json", "--threads", "2"))
    until(lambda: p.slots(2))
    time.sleep(2)  # in which nothing is to happen
    code, _, said = p.end()
    fails = sum(j["fails"] for j in jobs(w))
    w.point(code == 130 and len(asked) == before and not fails and {x["what"] for x in p.lines()} == {"listening"},
            "… others leave it alone, too; nothing counts as failed", (code, asked[before:], fails, said))
    w.reg.fault = None
    w.sql("UPDATE bucket SET until=0")  # the hour is over
    w.sql("UPDATE job SET ready_at=0 WHERE state=0")
    code, _, err = run(*w.worker("-q", "--once", "--threads", "2"))
    n = w.counts()
    w.point(not n["ready"] and not n["leased"], "… an hour later it is done", (code, err, n))
    run("queue", "drop", "--store", w.store)


def jobs(w):
    rows = w.sql("SELECT id,fails FROM job WHERE state=0") or []
    return [{"id": i, "fails": int(f)} for i, f in rows]


def lost_on_the_way(w):
    """Another worker has it by now: what is found at the end is not done by this one."""
    w.reg.clear()
    w.sql("DELETE FROM ref")

    def fault(h):
        if h.path.endswith("/tags/list"):
            w.sql("UPDATE job SET worker='another',lease_until=lease_until+600 WHERE kind=2 AND state=1")
        return False
    w.reg.fault = fault
    run("queue", "add", w.place("a/two"), "--all-tags", "--store", w.store)
    p = Child(*w.worker("--threads", "1", "--log-format=json"))
    until(lambda: w.asked("HEAD", "/manifests/v1"))
    until(lambda: w.counts()["ready"] == 0)
    time.sleep(1)
    _, _, said = p.end()
    done = [x for x in map(json.loads, said.splitlines()) if x["what"] == "done" and x.get("kind") == "discover"]
    w.point(not done and w.counts()["leased"] == 1, "a listing whose lease was lost is not done", (said, w.counts()))
    w.reg.fault = None
    w.sql("UPDATE job SET state=2 WHERE state=1")


class Watch(fleetlib.Listening):
    def __init__(self, w, hook, *flags):
        super().__init__(PROGRAM, "watch", "--store", w.store, "--every", "1s", "--discover", w.place("long/run"), "--db",
                         "now", "--webhook", hook.url, *flags)

    def done_at(self, what):
        return self.numbers().get(("plimsoll_watch_last_success_timestamp_seconds", 'what="%s"' % what), 0)


def swap(folder):
    """Another advisory database in the place of the one that is there, at once."""
    shutil.copytree(folder, "next")
    if os.path.exists("now"):
        os.rename("now", "before")
    os.rename("next", "now")
    shutil.rmtree("before", ignore_errors=True)


def a_long_watch(w, server):
    """Round after round; over a server that is killed and comes back."""
    swap("db1")
    hook = watchlib.Hook()
    for n in range(2):
        watchlib.load(w.reg, "long/run", "v%d" % n, "images/app%d" % n)
    p = Watch(w, hook)
    w.point(until(lambda: p.ask("/readyz")[0] == 200) and p.ask("/healthz") == (200, "ok\n"), "a watcher says that it is there",
            p.ask("/readyz"))
    until(lambda: p.done_at("send") and p.done_at("discover"))
    run(*w.worker("--once", "-q", "--threads", "2"))
    first = until(lambda: [e for e in hook.events() if e["event"] == "new"])
    w.point(first and all(e["first"] for e in first), "what is read is told", (p.text(), p.numbers()))
    if server:
        server.kill()
        w.point(until(lambda: p.ask("/readyz")[0] == 503) and p.ask("/healthz")[0] == 200, "its database is killed: not ready, "
                "but alive", p.ask("/readyz"))
        server.start()
        w.point(until(lambda: p.ask("/readyz")[0] == 200), "… comes back: ready again", p.text()[-500:])
    swap("db2")
    more = until(lambda: [e for e in hook.events() if e["event"] == "gone"])
    w.point(bool(more), "… and new advisories are matched and told", (p.text()[-800:], p.numbers()))
    def same():
        n, told = p.numbers(), hook.events()
        return n.get(("plimsoll_watch_messages_sent_total", ""), 0) >= 2 and all(
            n.get(("plimsoll_watch_events_total", 'event="%s"' % k)) == len([e for e in told if e["event"] == k])
            for k in ("new", "gone", "rebuild", "set_aside"))
    good = until(same)
    n, status, told = p.numbers(), p.ask("/metrics")[1], hook.events()
    odd = [x for x in status.splitlines() if not x.startswith("# ") and not SAMPLE.match(x)]
    w.point(good and not odd and n["plimsoll_watch_rounds_total", ""] >= 2, "its numbers say what it did",
            (odd, n, len(told)))
    counted = until(lambda: {("plimsoll_messages", 'state="sent"'), ("plimsoll_queue_depth", 'state="ready"')} <=
                    set(p.numbers()))
    w.point(counted and ("plimsoll_build_info" in {k for k, _ in n}) and time.time() - p.done_at("tell") < 3600,
            "… and how the store is", p.numbers())
    code, seconds, said = p.end()
    leased = w.counts()["leased"]
    ids = [e["id"] for e in told]
    w.point(code == 130 and seconds < LONG and leased == 0, "SIGTERM ends it, with nothing held",
            (code, seconds, leased, said[-500:]))
    w.point(len(set(ids)) == len(ids), "… and nothing was told twice", len(ids) - len(set(ids)))
    wrong = watchlib.invalid(told)
    w.point(not wrong, "… all by its schema", wrong)


def all_of(w, server=None):
    many_repositories(w)
    back_pressure(w)
    an_hour(w)
    lost_on_the_way(w)
    a_long_watch(w, server)
    w.reg.close()


def folder_sql(store):
    def sql(text):
        db = sqlite3.connect(os.path.join(store, "store.db"), timeout=60)
        with db:
            rows = db.execute(text).fetchall()
        db.close()
        return rows
    return sql


def server_sql(server):
    def sql(text):
        out = server.sql("SET search_path=plimsoll; " + text)
        return [line.split("|") for line in out.splitlines()]
    return sql


def main():
    if "MKIMAGE" not in os.environ:
        print("1..0 # skip: fleet_daemon: no mkimage")
        return
    with tempfile.TemporaryDirectory(prefix="pl-daemon-") as folder:
        os.chdir(folder)
        os.mkdir("images")
        fleetlib.make_images(os.environ["MKIMAGE"], os.path.join(folder, "images"), 3)
        for n, (flaw, package, fixed) in enumerate([("CVE-2026-0001", "zlib", "1:1.3-1"), ("CVE-2026-0002", "bash", "6.0-1")], 1):
            watchlib.advisory("adv%d" % n, flaw, package, fixed)
            subprocess.run([PROGRAM, "db", "build", "adv%d" % n, "--db", "db%d" % n], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, env=dict(os.environ, SOURCE_DATE_EPOCH=str(1790000000 + n)))
        all_of(World("folder", "store", folder_sql("store")))
        if not with_pg.programs():
            print("# skip: fleet_daemon over PostgreSQL: no server on this machine")
        else:
            with with_pg.Server(durable=True) as server:
                all_of(World("postgresql", server.url(), server_sql(server)), server)
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
