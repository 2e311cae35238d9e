#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shared store from outside: queue, workers, query; over a folder and over PostgreSQL, with
workers and the server killed meanwhile."""
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import fleetlib  # noqa: E402
import with_pg  # noqa: E402
from fleetlib import LONG  # noqa: E402

points = 0
bad = 0
IMAGES = int(os.environ.get("FLEET_IMAGES", "12"))
KILL_ONLY = "FLEET_KILL_ONLY" in os.environ  # the long run: many images, workers killed meanwhile
SLOW = 4 if os.environ.get("PL_SANITIZED") else 1
LOSSES = 7  # of one piece of work, after which it is given time to be done: ten, and it is set aside
KILLS = float(os.environ.get("FLEET_KILL_EVERY", str(0.25 * SLOW)))


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)), flush=True)


def run(*args, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def worker(store, *flags):
    return subprocess.Popen([PROGRAM, "worker", "--store", store, "-q", *flags], stdin=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def counts(store):
    code, out, err = run("queue", "status", "--store", store, "-f", "json")
    return json.loads(out) if code == 0 else {"error": err}


def as_scanned(what, store, targets, expected):
    got = fleetlib.stored(PROGRAM, store)
    point(sorted(got) == sorted(targets), "%s: each image is there once" % what,
          "%d of %d" % (len(got), len(targets)))
    other = [t for t in targets if t in got and (
        fleetlib.findings(got[t]) != fleetlib.findings(expected[t]) or
        got[t]["complete"] != expected[t]["complete"] or got[t]["digest"] != expected[t]["digest"])]
    point(not other, "%s: findings are those of scan" % what, other[:3])


def simple(what, store, targets, expected, n_layers):
    code, out, err = run("store", "init", "--store", store)
    point(code == 0 and "schema" in out, "%s: store init" % what, err)
    code, out, err = queue_stdin(store, targets)
    point(code == 0, "%s: queue add -" % what, err)
    code, out, err = run("queue", "add", *targets[:2], "--store", store, "--priority", "gate")
    point(code == 0 and counts(store)["ready"] == len(targets), "%s: what is queued twice is there once" % what,
          counts(store))
    code, out, err = run("worker", "--store", store, "--once", "--threads", "2", "-q")
    point(code == 0, "%s: worker --once" % what, (code, err))
    n = counts(store)
    point(n["done"] == len(targets) + n_layers and not n["aside"] and not n["ready"],
          "%s: each layer was work once" % what, (n, n_layers))
    as_scanned(what, store, targets, expected)


def queue_stdin(store, targets):
    done = subprocess.run([PROGRAM, "queue", "add", "-", "--store", store], input="\n".join(targets + targets).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def queries(what, store, targets):
    code, out, err = run("query", "--store", store, "--package", "bash < 5.4", "-f", "ndjson")
    got = [json.loads(line) for line in out.splitlines()]
    point(code == 0 and len(got) == sum(int(t.rsplit("app", 1)[1]) % 10 < 4 for t in targets) and
          all(h["version"] < "5.4" for i in got for h in i["holds"]), "%s: query --package below a version" % what,
          (code, len(got), err))
    code, out, err = run("query", "--store", store, "--image", targets[0])
    point(code == 0 and out.count("packages") == 1, "%s: query --image" % what, out + err)
    os.makedirs("odd[1", exist_ok=True)
    run("scan", "rootfs:odd[1", "--store", "odd", "-q", "-f", "json=/dev/null")
    code, out, err = run("query", "--store", "odd", "--image", "rootfs:odd[1")
    point(code == 0 and out.endswith("1 image\n"), "%s: a name that looks like a pattern" % what, out + err)
    code, out, err = run("query", "--store", store, "--secret", "npm-token")
    point(code == 0 and ("%d images" % len(targets)) in out, "%s: query --secret" % what, out[-200:] + err)
    code, again, err = run("query", "--store", store, "--secret", "npm-t?ken")
    point(code == 0 and again == out and not err, "%s: query --secret, a pattern" % what, again[-200:] + err)
    code, out, err = run("query", "--store", store, "--secret", "npm-tocken")
    point(code == 0 and "0 images" in out and "'npm-token'" in err, "%s: query --secret, no such rule" % what, err)


def trouble(what, store):
    run("queue", "add", "oci:/nowhere/at/all", "--store", store)
    code, out, err = run("worker", "--store", store, "--once", "--threads", "1", "-q", "--retry-delay", "1")
    n = counts(store)
    point(code == 0 and n.get("aside") == 1 and "nowhere" in n["set_aside"][0]["target"] and n["set_aside"][0]["error"],
          "%s: what fails three times is set aside with its error" % what, (code, n, err))
    code, out, err = run("queue", "retry", "--store", store)
    point(code == 0 and counts(store)["ready"] == 1, "%s: queue retry" % what, err)
    run("worker", "--store", store, "--once", "--threads", "1", "-q", "--retry-delay", "1")
    code, out, err = run("queue", "drop", "--store", store)
    point(code == 0 and counts(store)["aside"] == 0, "%s: queue drop" % what, err)


def children(pid):
    """The processes that `pid` started, out of /proc."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name, encoding="ascii", errors="replace") as f:
                if int(f.read().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(name))
        except OSError:
            continue  # it is gone
    return found


def locks(pid):
    """Has this process a lock of its own on the file of a store?"""
    try:
        for fd in os.listdir("/proc/%d/fd" % pid):
            if os.readlink("/proc/%d/fd/%s" % (pid, fd)).endswith("store.db"):
                with open("/proc/%d/fdinfo/%s" % (pid, fd), encoding="ascii") as f:
                    if "lock:" in f.read():
                        return True
    except OSError:
        return False  # it has ended
    return False


def within(seconds, test):
    end = time.time() + seconds
    while time.time() < end:
        if test():
            return True
        time.sleep(0.05)
    return False


def folder_killed(targets, expected, n_layers):
    """A folder whose slots are killed while their leases are renewed all the time."""
    what, store = "folder, killed", "killed"
    run("store", "init", "--store", store)
    flags = ("--threads", "2", "--lease", "1", "--retry-delay", "1")
    w = worker(store, *flags)
    point(within(LONG, lambda: [locks(p) for p in children(w.pid)] == [True, True]),
          "%s: each slot has locks of its own" % what, [locks(p) for p in children(w.pid)])
    queue_stdin(store, targets)
    dice = random.Random(3)
    for _ in range(6):
        slots = children(w.pid)
        try:
            if slots:
                os.kill(dice.choice(slots), signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
        time.sleep(dice.random() * 0.4)
    w.kill()
    w.wait()
    w = worker(store, *flags)
    done = within(LONG, lambda: counts(store).get("done") == len(targets) + n_layers)
    w.terminate()
    w.wait()
    point(done and not counts(store)["aside"], "%s: all work is done" % what, counts(store))
    db = sqlite3.connect(os.path.join(store, "store.db"))
    said = db.execute("PRAGMA integrity_check").fetchall()
    db.close()
    point(said == [("ok",)], "%s: the file is whole" % what, said[:3])
    as_scanned(what, store, targets, expected)


def tries(server):
    """How often the piece of work that was lost most often was begun, since it was done or failed last."""
    try:
        return int(server.sql("SELECT coalesce(max(tries),0) FROM plimsoll.job WHERE state<>2"))
    except subprocess.CalledProcessError:
        return 0


def killing(store, server, targets, expected, n_layers):
    """Workers are killed all the time, the server twice; nothing is lost, nothing doubled."""
    what = "postgresql, killed"
    server.sql("DROP SCHEMA plimsoll CASCADE")
    run("store", "init", "--store", store)
    queue_stdin(store, targets)
    flags = ("--threads", "1", "--lease", "2", "--retry-delay", "1")
    workers = [worker(store, *flags) for _ in range(4)]
    stop = threading.Event()
    killed, spared = [0], [False]

    def killer():
        dice = random.Random(7)
        while not stop.wait(KILLS):
            if spared[0]:
                continue
            i = dice.randrange(4)
            slots = children(workers[i].pid)
            if slots and dice.random() < 0.5:
                try:
                    os.kill(dice.choice(slots), signal.SIGKILL)
                except ProcessLookupError:
                    continue
            else:
                workers[i].kill()
                workers[i].wait()
                workers[i] = worker(store, *flags)
            killed[0] += 1
    thread = threading.Thread(target=killer)
    thread.start()
    crashes, end, n = 0, time.time() + 2 * LONG + IMAGES, {}
    started = time.time()
    while time.time() < end:
        time.sleep(0.2)
        spared[0] = tries(server) >= LOSSES
        n = counts(store)
        if not KILL_ONLY and time.time() - started > 45 * SLOW:
            stop.set()  # a machine on which nobody lives long enough to end anything
        if crashes < 2 and time.time() - started > 1.5 * (crashes + 1):
            server.kill()
            time.sleep(0.3)
            server.start()
            crashes += 1
        elif crashes == 2 and "done" in n and n["done"] >= len(targets) and not n["ready"] + n["leased"] + n["waiting"]:
            break
    stop.set()
    thread.join()
    within(LONG, lambda: all(children(w.pid) for w in workers))  # who has slots catches signals
    for w in workers:
        w.terminate()
    codes = [w.wait() for w in workers]
    n = counts(store)
    point(killed[0] > 0 and crashes == 2, "%s: workers %d times, the server twice" % (what, killed[0]))
    point("done" in n and n["done"] == len(targets) + n_layers and not n["aside"], "%s: no work is lost, stuck or set aside" % what,
          n)
    point(codes == [130] * 4, "%s: SIGTERM ends a worker" % what, codes)
    records = server.sql("SELECT count(*), count(DISTINCT digest) FROM plimsoll.record").strip()
    point(records == "%d|%d" % (n_layers, n_layers), "%s: each layer is recorded once" % what, (records, n_layers))
    as_scanned(what, store, targets, expected)


def refusals(server):
    """What cannot be used is told, with the right status, and nobody waits for ever."""
    tcp = "postgresql://plworker:%s@127.0.0.1:%d/%s"
    code, out, err = run("store", "status", "--store", tcp % ("wrong", server.port, "plimsoll"))
    point(code == 4 and "password" in err and "wrong@" not in err, "wrong password: 4", (code, err))
    code, out, err = run("store", "status", "--store", tcp % ("right", server.port, "nothing"))
    point(code == 4 and "does not exist" in err, "no such database: 4", (code, err))
    code, out, err = run("store", "status", "--store", tcp % ("right", server.port, "plimsoll"))
    point(code in (2, 4) and "plimsoll:" not in err.split("store", 1)[0], "a login without rights is told so",
          (code, err))
    run("store", "grant", "plworker", "--as", "worker", "--store", server.url())
    code, out, err = run("store", "status", "--store", tcp % ("right", server.port, "plimsoll"))
    point(code == 0, "store grant: over the network, with a password", (code, err))
    code, out, err = run("scan", "rootfs:images/app0/blobs", "--store", "postgresql://127.0.0.1:1/x", "-f", "json",
                         "--fail-on", "none")
    point(code == 0 and "not-stored" in out, "scan goes on without its store, and says so", (code, err))


def main():
    if "MKIMAGE" not in os.environ:
        print("1..0 # skip: fleet: no mkimage")
        return
    with tempfile.TemporaryDirectory(prefix="pl-fleet-") as folder:
        os.chdir(folder)
        os.mkdir("images")
        targets = fleetlib.make_images(os.environ["MKIMAGE"], os.path.join(folder, "images"), IMAGES)
        n_layers = len(fleetlib.layers_of("images"))
        expected = {t: fleetlib.scanned(PROGRAM, t)[0] for t in targets}
        if not KILL_ONLY:
            simple("folder", "store", targets, expected, n_layers)
            queries("folder", "store", targets)
            trouble("folder", "store")
            folder_killed(targets, expected, n_layers)
        if not with_pg.programs():
            print("# skip: fleet over PostgreSQL: no server on this machine")
        else:
            with with_pg.Server(durable=True) as server:
                url = server.url()
                run("store", "init", "--store", url)
                if not KILL_ONLY:
                    simple("postgresql", url, targets, expected, n_layers)
                    queries("postgresql", url, targets)
                    trouble("postgresql", url)
                    refusals(server)
                killing(url, server, targets, expected, n_layers)
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
