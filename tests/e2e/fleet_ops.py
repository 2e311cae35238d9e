#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Running workers: what they say of themselves, how they end, backup and restore, whether many work at the same
time. How throughput grows is measured by tests/bench/fleet_scale."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import fleetlib  # noqa: E402
import slowreg  # noqa: E402
import watchlib  # noqa: E402
import with_pg  # noqa: E402
from fleetlib import LONG, SAMPLE, until  # noqa: E402

points = bad = 0
SANITIZED = bool(os.environ.get("PL_SANITIZED"))
MOST = (512 if SANITIZED else 128) << 20  # bytes of a worker


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)),
          flush=True)


def run(*args, **more):
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def counts(store):
    return json.loads(run("queue", "status", "--store", store, "-f", "json")[1])


class Worker(fleetlib.Listening):
    def __init__(self, store, *flags):
        super().__init__(PROGRAM, "worker", "--store", store, "--log-format=json", *flags)


def says(url, server, targets, n_layers):
    w = Worker(url, "--threads", "2", "-q")
    point(until(lambda: w.ask("/readyz")[0] == 200), "readyz: the store is reached", w.ask("/readyz"))
    run("queue", "add", "--store", url, *targets, "oci:/nowhere/at/all")
    until(lambda: counts(url)["done"] == len(targets) + n_layers)
    # who has ended a piece of work counts it a moment later
    until(lambda: w.numbers().get(("plimsoll_worker_failed_total", 'kind="image"'), 0) >= 1 and
          [w.numbers().get(("plimsoll_worker_done_total", 'kind="%s"' % k)) for k in ("image", "layer")] ==
          [len(targets), n_layers])
    status, text = w.ask("/metrics")
    wrong = [x for x in text.splitlines() if not x.startswith("# ") and not SAMPLE.match(x)]
    kinds = re.findall(r"^# TYPE (\S+)", text, re.M)
    point(status == 200 and not wrong and len(kinds) == len(set(kinds)), "metrics: as Prometheus reads them",
          (status, wrong, text[-200:]))
    n = w.numbers()
    got = {k: n.get(("plimsoll_worker_%s_total" % k[0], 'kind="%s"' % k[1])) for k in
           (("done", "image"), ("done", "layer"), ("waits", "image"), ("failed", "layer"))}
    point(list(got.values()) == [len(targets), n_layers, len(targets), 0] and
          n["plimsoll_worker_failed_total", 'kind="image"'] >= 1, "metrics: what was done, by kind", got)
    took = n.get(("plimsoll_worker_duration_seconds_count", 'kind="layer"'))
    point(took == n_layers and n["plimsoll_worker_read_bytes_total", ""] > 0 and
          n["plimsoll_worker_records_made_total", ""] == n_layers and
          n["plimsoll_worker_records_taken_total", ""] >= 4 * len(targets), "metrics: time, bytes, records", n)
    point(0 < n["plimsoll_worker_resident_bytes", ""] <= MOST, "a worker of two slots is below 128 MiB",
          n["plimsoll_worker_resident_bytes", ""])
    point(w.ask("/healthz") == (200, "ok\n") and w.ask("/else")[0] == 404, "healthz")
    server.kill()
    point(until(lambda: w.ask("/readyz")[0] == 503) and w.ask("/healthz")[0] == 200 and
          w.numbers()["plimsoll_store_up", ""] == 0, "a store that is gone: not ready, but alive", w.ask("/readyz"))
    server.start()
    point(until(lambda: w.ask("/readyz")[0] == 200), "a store that is back: ready again", w.ask("/readyz"))
    code, seconds, log = w.end()
    lines = [json.loads(line) for line in log.splitlines()]
    need = {"time", "level", "verb", "worker", "what"}
    point(code == 130 and lines and all(need <= set(x) for x in lines), "the log: an object a line", lines[:1])
    done = [x for x in lines if x["what"] == "done"]
    failed = [x for x in lines if x["what"] == "failed"]
    point(len(done) == len(targets) + n_layers and failed and failed[0]["level"] == "warning" and
          "nowhere" in failed[0]["target"] and failed[0]["error"], "the log: what was done, what failed", failed[:1])
    point("right" not in log, "the log: no password", [x for x in lines if "right" in str(x)])


def ends(url, folder):
    """SIGTERM while registries are slow: all leases are given back, soon."""
    with slowreg.Registry(folder, trip=3600) as registry:  # whoever waited for it would not end in time
        host = "127.0.0.1:%d" % registry.port
        w = Worker(url, "--threads", "3", "--plain-http=" + host, "--stall-timeout=3600", "--timeout=3600")
        run("queue", "add", "--store", url, *["docker://%s/app%d:1" % (host, n) for n in range(6)])
        point(until(lambda: counts(url)["leased"] >= 3), "leased, and slow", counts(url))
        code, seconds, log = w.end()
        n = counts(url)
        print("# ended after %.1f s" % seconds)
        point(code == 130 and seconds < LONG and n["leased"] == 0 and n["ready"] >= 6, "SIGTERM gives leases back",
              (code, seconds, n))
        point('"what":"given back"' in log, "and says so", log[-300:])
        run("queue", "drop", "--store", url)


def lost(url, server, targets):
    """A slot that dies is counted, told and replaced; so is the one that answers."""
    w = Worker(url, "--threads", "1")
    # the door is a process of its own, ready before a slot is
    both = until(lambda: len(children(w.child.pid)) == 2 and w.slots(1))
    point(both, "a slot and a door", children(w.child.pid))
    for child in children(w.child.pid):
        os.kill(child, signal.SIGKILL)
    point(until(lambda: w.ask("/healthz")[0] == 200 and w.numbers().get(("plimsoll_worker_slots_lost_total", "")) == 1 and
                w.numbers().get(("plimsoll_worker_slots", "")) == 1), "all its processes killed: it goes on", w.ask("/metrics"))
    code, _, log = w.end()
    point(code == 130 and '"what":"lost"' in log, "and says so", log[-300:])


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return [int(c) for c in f.read().split()]


def backup(url, server, folder):
    """What docs/operations.md says of backup."""
    before = fleetlib.stored(PROGRAM, url)
    path = os.path.join(folder, "plimsoll.dump")
    at = ["-h", server.dir, "-p", str(server.port), "-U", "super"]
    with open(path, "wb") as f:
        subprocess.run([server.bin + "/pg_dump", *at, "-Fc", "-n", "plimsoll", "plimsoll"], check=True, stdout=f)
    server.sql("CREATE DATABASE other OWNER plowner", "postgres")
    with open(path, "rb") as f:
        done = subprocess.run([server.bin + "/pg_restore", *at, "-d", "other", "--exit-on-error"], stdin=f, check=False,
                              stderr=subprocess.PIPE)
    other = url.replace("/plimsoll?", "/other?")
    after = fleetlib.stored(PROGRAM, other) if done.returncode == 0 else {}
    point(before and after == before, "pg_dump, pg_restore: every inventory is there again", done.stderr[-300:])
    code, out, err = run("worker", "--store", other, "--once", "-q", "--threads", "1", "--retry-delay", "1")
    code2, _, err2 = run("store", "upgrade", "--store", other)
    point(code == 0 and code2 == 0, "and workers go on with it", (err, err2))


def service(server):
    """Where the manifests have the password: a file for libpq."""
    with open("pg_service.conf", "w", encoding="utf-8") as f:
        f.write("[plimsoll]\nhost=127.0.0.1\nport=%d\ndbname=plimsoll\nuser=plworker\npassword=right\n"
                % server.port)
    env = dict(os.environ, PLIMSOLL_STORE="postgresql://?service=plimsoll",
               PGSERVICEFILE=os.path.abspath("pg_service.conf"))
    code, out, err = run("store", "status", env=env)
    point(code == 0 and "schema" in out, "a service file names the store", (code, out, err))


def refusals():
    code, _, err = run("worker", "--store", "nowhere", "--listen", "nonsense")
    point(code == 2 and "ADDR:PORT" in err, "--listen: no address", (code, err))
    code, _, err = run("worker", "--store", "nowhere", "--log-format", "xml")
    point(code == 2 and "json" in err, "--log-format: no such", (code, err))


def together(url, folder, n):
    """As many workers as there are images, and a registry that answers nobody before all of them have asked."""
    reg = watchlib.registry()
    for i in range(n):
        watchlib.load(reg, "app%d" % i, "1", os.path.join(folder, "app%d" % i))
    here, lock, all_here = set(), threading.Lock(), threading.Event()

    def fault(h):
        with lock:
            here.add(h.path.split("/")[2])
            if len(here) == n:
                all_here.set()
        all_here.wait(LONG)
        return False
    reg.fault = fault
    workers = [Worker(url, "--threads", "1", "--stall-timeout=%d" % LONG, "--timeout=%d" % LONG) for _ in range(n)]
    until(lambda: all(w.slots(1) for w in workers))
    run("queue", "add", "--store", url, *["docker://%s/app%d:1" % (reg.host, i) for i in range(n)])
    point(until(all_here.is_set), "%d workers work at the same time" % n, (here, [w.text()[-300:] for w in workers]))
    until(lambda: not any(counts(url)[k] for k in ("ready", "leased", "waiting")))
    most = max(w.numbers().get(("plimsoll_worker_resident_bytes", ""), 0) for w in workers)
    codes = [w.end()[0] for w in workers]
    got = fleetlib.stored(PROGRAM, url)
    point(codes == [130] * n and 0 < most <= MOST and sum(reg.host in name for name in got) == n,
          "all of it is done, each below 128 MiB", (codes, most, sorted(got)))
    reg.close()


def main():
    if "MKIMAGE" not in os.environ:
        print("1..0 # skip: fleet_ops: no mkimage")
        return
    refusals()
    if not with_pg.programs():
        print("skip: fleet_ops: no PostgreSQL on this machine")
    else:
        with tempfile.TemporaryDirectory(prefix="pl-ops-") as folder, with_pg.Server(durable=True) as server:
            os.chdir(folder)
            os.mkdir("images")
            images = os.path.join(folder, "images")
            targets = fleetlib.make_images(os.environ["MKIMAGE"], images, 8)
            run("store", "init", "--store", server.url())
            run("store", "grant", "plworker", "--as", "worker", "--store", server.url())
            url = "postgresql://plworker:right@127.0.0.1:%d/plimsoll" % server.port
            service(server)
            says(url, server, targets, len(fleetlib.layers_of("images")))
            ends(url, images)
            lost(url, server, targets)
            together(url, images, 6)
            backup(server.url(), server, folder)
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
