#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Running workers: what they say of themselves, how they end, backup and restore, a short look at
how throughput grows. tests/bench/fleet_scale is the long one."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import fleetlib  # noqa: E402
import slowreg  # noqa: E402
import with_pg  # noqa: E402

points = bad = 0
SAMPLE = re.compile(r'^([a-z_]+)(?:\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\})? ([0-9.e+]+)$')
SANITIZED = bool(os.environ.get("PL_SANITIZED"))
LONG = 180  # seconds for what is soon there: another machine may be slow, and busy
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


def until(what, seconds=LONG):
    """The first true answer, or the last one."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.1)


class Worker:
    def __init__(self, store, *flags):
        self.port = with_pg.free_port()
        self.log = tempfile.TemporaryFile()
        self.child = subprocess.Popen(
            [PROGRAM, "worker", "--store", store, "--listen", "127.0.0.1:%d" % self.port,
             "--log-format=json", *flags], stdin=subprocess.DEVNULL, stderr=self.log)

    def ask(self, path):
        """(status, text); 0 where nobody listens."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port, path), timeout=60) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except OSError as e:
            return 0, str(e)

    def numbers(self):
        """{(name, labels): value}"""
        return {(m[1], m[2] or ""): float(m[3])
                for m in map(SAMPLE.match, self.ask("/metrics")[1].splitlines()) if m}

    def end(self, sig=signal.SIGTERM):
        began = time.monotonic()
        self.child.send_signal(sig)
        code = self.child.wait()
        self.log.seek(0)
        return code, time.monotonic() - began, self.log.read().decode()


def says(url, server, targets, n_layers):
    w = Worker(url, "--threads", "2", "-q")
    point(until(lambda: w.ask("/readyz")[0] == 200), "readyz: the store is reached", w.ask("/readyz"))
    run("queue", "add", "--store", url, *targets, "oci:/nowhere/at/all")
    until(lambda: counts(url)["done"] == len(targets) + n_layers)
    until(lambda: w.numbers().get(("plimsoll_worker_failed_total", 'kind="image"'), 0) >= 1 and
          w.numbers().get(("plimsoll_worker_done_total", 'kind="image"')) == len(targets))
    status, text, _ = w.ask("/metrics") + (0,)
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
    with slowreg.Registry(folder, trip=1.5) as registry:
        host = "127.0.0.1:%d" % registry.port
        w = Worker(url, "--threads", "3", "--plain-http=" + host)
        run("queue", "add", "--store", url, *["docker://%s/app%d:1" % (host, n) for n in range(6)])
        point(until(lambda: counts(url)["leased"] >= 3), "leased, and slow", counts(url))
        code, seconds, log = w.end()
        n = counts(url)
        point(code == 130 and seconds < (40 if SANITIZED else 10) and n["leased"] == 0, "SIGTERM gives leases back: %.1f s" % seconds,
              (code, seconds, n))
        point('"what":"given back"' in log, "and says so", log[-300:])
        run("queue", "drop", "--store", url)


def lost(url, server, targets):
    """A slot that dies is counted, told and replaced; so is the one that answers."""
    w = Worker(url, "--threads", "1")
    # the door is a process of its own, ready before a slot is
    both = until(lambda: len(children(w.child.pid)) == 2 and
                 w.numbers().get(("plimsoll_worker_slots", "")) == 1 and w.ask("/readyz")[0] == 200)
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


def scale():
    if SANITIZED:
        print("# skip: scale: a sanitizer takes memory and time of its own", flush=True)
        return
    bench = [os.path.join(SRC, "tests", "bench", "fleet_scale"), "--build", os.path.dirname(PROGRAM), "--quick",
             "--json", "--only", "latency", "--most", "6", "--each", "2", "--trip", "0.05"]
    done = subprocess.run(bench, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode()
    got = [json.loads(x) for x in text.splitlines() if x.startswith("{")]
    # other tests run beside this one; the bench asks for 0.9
    point(got and got[0]["latency"]["efficiency"] > 0.4 and got[0]["latency"]["mib"] <= 128,
          "six workers do more than one, each below 128 MiB", text)


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
            backup(server.url(), server, folder)
        if os.path.exists(os.path.join(os.path.dirname(PROGRAM), "tools", "mkimage")):
            scale()
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
