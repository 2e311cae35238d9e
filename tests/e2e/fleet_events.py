#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events of `watch`: their ids over stores and repetitions, secrets that another reading finds or finds no more,
much work set aside at once; each by its schema. Over a folder and over PostgreSQL."""
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
IMAGES = 3


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)), flush=True)


def run(*args):
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Fleet:
    """A store whose watcher tells a webhook of its own."""

    def __init__(self, what, store, sql):
        self.what, self.store, self.sql, self.hook = what, store, sql, watchlib.Hook()
        run("store", "init", "--store", store)

    def watch(self, *flags, db="db1"):
        code, out, err = run("watch", "--once", "-q", "--store", self.store, "--db", db, "--webhook", self.hook.url, *flags)
        return code, [json.loads(line) for line in out.splitlines()], err

    def read(self, targets, db="db1"):
        run("queue", "add", "--store", self.store, *targets)
        return run("worker", "--once", "-q", "--threads", "1", "--store", self.store, *(("--db", db) if db else ()))

    def point(self, good, name, why=""):
        point(good, "%s: %s" % (self.what, name), why)


def first(f, targets):
    """Two rounds: what is there before the first is not told."""
    f.watch()
    f.read(targets)
    return f.watch()


def ids(f, other, targets, seen):
    """`other` is a second store of the same images."""
    f.hook.fail = 1
    code, out, err = first(f, targets)
    f.sql("UPDATE outbox SET due=0 WHERE state=0")
    f.watch()
    sent = [[json.loads(x)["id"] for x in body.splitlines()] for _, body, _ in f.hook.got]
    f.point(code == 4 and len(sent) == 2 and sent[0] == sent[1] and len(set(sent[0])) == len(out) > IMAGES,
            "told again, an event has the same id", (code, err, sent))
    mine = {e["id"] for e in out}
    _, out, err = first(other, targets)
    theirs = {e["id"] for e in out}
    f.point(len(theirs) == len(mine) and not mine & theirs, "another store's events have other ids", (err, mine & theirs))
    _, more, _ = f.watch(db="db2")
    _, back, _ = f.watch(db="db3")
    all_of_them = [e["id"] for e in f.hook.events()]
    f.point(more and back and len(set(all_of_them)) == len(all_of_them), "no two events of a store share one",
            len(all_of_them))
    seen += f.hook.events() + other.hook.events()


def of(events, kind):
    return [e for e in events if e["event"] == kind]


def unmatched(f, targets, seen):
    """No database of advisories: what is read is told all the same."""
    f.watch(db="none")
    f.read(targets, db=None)
    code, out, err = f.watch(db="none")
    real = {name: sorted(x["fingerprint"] for x in i["findings"] if x["kind"] == "secret")
            for name, i in fleetlib.stored(PROGRAM, f.store).items()}
    f.point(code == 0 and len(out) == len(targets) and {e["image"]["name"]: sorted(x["fingerprint"] for x in e["findings"]) for e in out} == real and
            all(real.values()) and all(e["event"] == "new" and e["first"] and e["db"] is None for e in out),
            "secrets are told without a database", (code, err, out))
    _, out, _ = f.watch(db="none")
    f.point(not out, "… once", out)
    f.read(targets, db=None)
    _, out, _ = f.watch(db="none")
    f.point(not out, "… though they are read again", out)
    _, out, _ = f.watch()
    new = of(out, "new")
    f.point(len(new) == len(targets) and all(e["first"] and any(x["kind"] == "vulnerability" for x in e["findings"])
                                             for e in new), "when they are matched all of it is told", out)
    seen += f.hook.events()


def again(f, targets, seen):
    """What older rules saw otherwise."""
    name = targets[0]
    f.watch()
    was = fleetlib.stored(PROGRAM, f.store)[name]
    real = sorted(x["fingerprint"] for x in was["findings"] if x["kind"] == "secret")
    older = ("UPDATE finding SET fingerprint='%s',path='etc/older' WHERE kind='secret' AND image=(SELECT id FROM image "
             "WHERE name='%s')" % ("e" * 64, name))
    f.sql(older)
    f.sql("UPDATE image SET tool='0.0' WHERE name='%s'" % name)
    f.watch()
    code, _, err = run("worker", "--once", "-q", "--threads", "1", "--store", f.store, "--db", "db3")
    told = len(f.hook.events())
    _, out, err2 = f.watch(db="db3")
    new, gone = of(out, "new"), of(out, "gone")
    f.point(code == 0 and len(new) == 1 and new[0]["image"]["name"] == name and not new[0]["first"] and
            sorted(x["fingerprint"] for x in new[0]["findings"]) == real and
            sum(new[0]["summary"].values()) == len(real) and {x["kind"] for x in new[0]["findings"]} == {"secret"} and
            all(x["rule"].startswith("secret/") and x["severity"] for x in new[0]["findings"]),
            "a second reading finds other secrets: they are new", (code, err, err2, out))
    f.point(len(gone) == 1 and gone[0]["image"]["name"] == name and
            {(x["kind"], x["fingerprint"], x["path"]) for x in gone[0]["findings"]} == {("secret", "e" * 64, "etc/older")},
            "… and those of before are gone", gone)
    f.point(len(f.hook.events()) == told + len(out) == told + 2, "… to the webhook, too", len(f.hook.events()) - told)
    f.read([name], db="db3")
    _, out, _ = f.watch(db="db3")
    f.point(not out, "… once; a reading that finds the same tells nothing", out)
    f.sql(older)
    f.read([name], db="db3")
    f.sql(older)
    f.read([name], db="db3")
    f.sql(older)
    f.read([name], db="db3")
    _, out, _ = f.watch(db="db3")
    f.point([e["event"] for e in out] == ["new", "gone"], "what came more than once until somebody looked is told once",
            out)
    f.point("ghp_" not in json.dumps(f.hook.events()), "no value of a secret is told")
    seen += f.hook.events()


def aside(f, seen):
    """More than one message holds."""
    told = len(f.hook.got)
    run("queue", "add", "--store", f.store, *["oci:/nowhere/%03d" % n for n in range(730)])
    f.sql("UPDATE job SET state=3,told=0,error='made up' WHERE state=0")
    code, out, err = f.watch(db="db3")
    sizes = [body.count(b"\n") for _, body, _ in f.hook.got[told:]]
    f.point(code == 0 and len({e["work"]["target"] for e in out}) == len(out) == 730 and len({e["id"] for e in out}) == 730,
            "730 pieces of work set aside at once: all are told", (code, err, len(out)))
    f.point(sum(sizes) == 730 and max(sizes) == 100, "… a hundred a message", sizes)
    code, out, _ = f.watch(db="db3")
    f.point(not out, "… once", len(out))
    run("queue", "drop", "--store", f.store)
    seen += f.hook.events()


def behind(f, targets, seen):
    """What another reading found is told, though many that come first wait until they are matched: by a watcher
    whose advisories are older than those of the last."""
    with open("many.ndjson", "w", encoding="utf-8") as out:
        for n in range(500):
            out.write(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {
                "component": {"type": "container", "name": "many-%d" % n}}, "components": []}) + "\n")
    run("rescan", "--store", f.store, "--add", "many.ndjson", "-q")
    f.sql("UPDATE finding SET fingerprint='%s' WHERE kind='secret' AND image=(SELECT max(id) FROM image WHERE name NOT LIKE"
          " 'many-%%')" % ("d" * 64))
    f.read(targets, db="db3")
    of_id = "'found '||image.id" if f.what == "folder" else "convert_to('found '||image.id,'UTF8')"
    tenant = ("", "") if f.what == "folder" else ("tenant,", "schedule.tenant,")
    f.sql("INSERT INTO schedule(%sname,at,value) SELECT %s%s,0,value FROM image,schedule WHERE image.name LIKE 'many-%%' AND"
          " schedule.name LIKE 'found %%' AND image.id<(SELECT min(id)+300 FROM image WHERE name LIKE 'many-%%')"
          % (tenant[0], tenant[1], of_id))
    _, out, err = f.watch(db="db1")
    f.point(sorted({e["image"]["name"] in targets for e in out}) == [True] and {e["event"] for e in out} == {"new", "gone"},
            "those that wait until they are matched hold up nobody", (err, out))
    f.sql("DELETE FROM schedule WHERE name LIKE 'found %'")
    seen += out


def folder_sql(store):
    def sql(text):
        import sqlite3
        with sqlite3.connect(os.path.join(store, "store.db")) as db:
            db.execute(text)
        db.close()
    return sql


def all_of(f, other, third, targets, seen):
    ids(f, other, targets, seen)
    unmatched(third, targets, seen)
    again(f, targets, seen)
    behind(f, targets, seen)
    aside(f, seen)


def main():
    if "MKIMAGE" not in os.environ:
        print("1..0 # skip: fleet_events: no mkimage")
        return
    seen = []
    with tempfile.TemporaryDirectory(prefix="pl-events-") as folder:
        os.chdir(folder)
        os.environ["PLIMSOLL_DB"] = os.path.join(folder, "none")
        os.mkdir("images")
        targets = fleetlib.make_images(os.environ["MKIMAGE"], os.path.join(folder, "images"), IMAGES)
        for n, (flaw, package, fixed) in enumerate([("CVE-2026-0001", "zlib", "1:1.3-1"), ("CVE-2026-0002", "bash", "6.0-1"),
                                                    ("CVE-2026-0001", "zlib", "1:1.3-1")], 1):
            watchlib.advisory("adv%d" % n, flaw, package, fixed)
            subprocess.run([PROGRAM, "db", "build", "adv%d" % n, "--db", "db%d" % n], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, env=dict(os.environ, SOURCE_DATE_EPOCH=str(1790000000 + n)))
        all_of(Fleet("folder", "store", folder_sql("store")), Fleet("folder", "store2", None), Fleet("folder", "store3", None),
               targets, seen)
        if not with_pg.programs():
            print("# skip: fleet_events over PostgreSQL: no server on this machine")
        else:
            with with_pg.Server() as server:
                for name in ("second", "third"):
                    server.sql("CREATE DATABASE %s OWNER plowner" % name, "postgres")
                url = server.url()
                all_of(Fleet("postgresql", url, lambda text: server.sql("SET search_path=plimsoll; " + text)),
                       *(Fleet("postgresql", url.replace("/plimsoll?", "/%s?" % name), None) for name in ("second", "third")),
                       targets, seen)
        point({e["event"] for e in seen} == {"new", "gone", "rebuild", "set_aside"}, "every kind of event was seen")
        wrong = watchlib.invalid(seen)
        if wrong is None:
            print("skip: fleet_events: events by their schema: python3-jsonschema is not installed")
        else:
            point(not wrong, "every event is valid by its schema", wrong[:3])
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
