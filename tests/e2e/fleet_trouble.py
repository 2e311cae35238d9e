#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A shared store in trouble: the disk of the server full, the network cut in the middle, clocks of workers
that are wrong. Clear messages, no busy loop, nothing lost."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import fleetlib  # noqa: E402
import with_pg  # noqa: E402
from fleetlib import until  # noqa: E402

points = 0
bad = 0
IMAGES = 6


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)), flush=True)


def run(*args, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def left(store):
    """What is ready, leased or waiting; None where the store does not say."""
    words = run("queue", "status", "--store", store)[1].split()
    n = dict(zip(words[0::2], words[1::2]))
    return sum(int(n[k]) for k in ("ready", "leased", "waiting")) if "waiting" in n else None


def whole(what, store, targets, expected):
    got = fleetlib.stored(PROGRAM, store)
    other = [t for t in targets if t not in got or
             fleetlib.findings(got[t]) != fleetlib.findings(expected[t])]
    point(sorted(got) == sorted(targets) and not other, what, (len(got), other[:2]))


def full_file(targets, expected):
    """A folder whose file may grow no further (as by a quota)."""
    run("store", "init", "--store", "store")
    run("queue", "add", *targets, "--store", "store")
    p = fleetlib.Running("bash", "-c", "trap '' XFSZ; ulimit -f %d; exec \"$0\" worker --once -q --store store "
             "--threads 1 --lease 2 --retry-delay 1" % 64, PROGRAM)
    def told():
        return any(word in p.text() for word in ("full", "large", "I/O", "i/o"))
    until(lambda: told() or p.child.poll() is not None)
    time.sleep(3)  # without haste: what it says in some time after that
    good, err = told(), p.end()[2]
    point(good and len(err.splitlines()) < 40,
          "a file that cannot grow: said so, without haste", err[-300:])
    code, _, err = run("worker", "--once", "-q", "--store", "store", "--threads", "2", "--retry-delay", "1")
    point(code == 0, "… and gone on with afterwards", (code, err))
    whole("… to the end", "store", targets, expected)


def full_disk(server, targets, expected):
    """The server's disk: a tablespace on a file system of its own that is too small."""
    disk = tempfile.mkdtemp(prefix="pl-disk-", dir="/tmp")
    if os.getuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=14m", "tmpfs", disk], check=False,
                                     stderr=subprocess.DEVNULL).returncode:
        os.rmdir(disk)
        print("# skip: full disk of a server: nothing can be mounted here")
        return
    try:
        space = os.path.join(disk, "space")
        os.mkdir(space)
        shutil.chown(space, "postgres")
        server.sql("CREATE TABLESPACE small LOCATION '%s'" % space, "postgres")
        server.sql("CREATE DATABASE tight OWNER plowner TABLESPACE small", "postgres")
        url = server.url().replace("/plimsoll?", "/tight?")
        code, out, err = run("store", "init", "--store", url)
        run("queue", "add", *targets, "--store", url)
        with open(os.path.join(disk, "filler"), "wb") as f:
            try:
                while True:
                    f.write(b"x" * 65536)
                    f.flush()
            except OSError:
                pass
        p = fleetlib.Running(PROGRAM, "worker", "--store", url, "--threads", "1", "--lease", "2", "-q", "--retry-delay", "1")
        until(lambda: "No space left" in p.text())
        time.sleep(2)
        os.unlink(os.path.join(disk, "filler"))
        subprocess.run(["mount", "-o", "remount,size=256m", disk], check=True)
        until(lambda: left(url) == 0)
        said = p.end()[2]
        point("No space left" in said and said.count("\n") < 40, "a full disk: said so, without haste", said[-400:])
        whole("… and when there is room again, all is done", url, targets, expected)
        server.sql("DROP DATABASE tight WITH (FORCE)", "postgres")
        server.sql("DROP TABLESPACE small", "postgres")
    finally:
        subprocess.run(["umount", "-l", disk], check=False)
        os.rmdir(disk)


class Cutter:
    """A network between a worker and the server that is cut now and then."""

    def __init__(self, port):
        self.to, self.pairs, self.cuts, self.stop = port, [], 0, False
        self.listen = socket.create_server(("127.0.0.1", 0))
        self.port = self.listen.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            a = self.listen.accept()[0]
            try:
                b = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                a.close()
                continue
            self.pairs.append((a, b))
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=self.pump, args=(x, y), daemon=True).start()

    def pump(self, x, y):
        try:
            while data := x.recv(65536):
                y.sendall(data)
        except OSError:
            pass
        for s in (x, y):
            s.close()

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                    self.cuts += 1
                except OSError:
                    pass


def cut_network(server, targets, expected):
    server.sql("DROP SCHEMA IF EXISTS plimsoll CASCADE")
    run("store", "init", "--store", server.url())
    run("store", "grant", "plworker", "--as", "worker", "--store", server.url())
    run("queue", "add", *targets, "--store", server.url())
    net = Cutter(server.port)
    url = "postgresql://plworker:right@127.0.0.1:%d/plimsoll" % net.port
    p = fleetlib.Running(PROGRAM, "worker", "--store", url, "--threads", "2", "--lease", "2", "-q", "--retry-delay", "1")
    for _ in range(8):
        until(lambda: net.pairs)
        time.sleep(0.5)
        net.cut()
    until(lambda: left(server.url()) == 0)
    said = p.end()[2]
    n = run("queue", "status", "--store", server.url())[1]
    point(net.cuts > 2 and said.count("\n") < 60 and "right" not in said, "a network that is cut: without haste",
          (net.cuts, said[-300:]))
    point("aside    0" in n and left(server.url()) == 0, "… nothing is set aside or stuck", (n, said[-900:]))
    whole("… nothing lost", server.url(), targets, expected)


def out_of_order(server):
    """A database that answers and is of no use: without haste, longer each time; a login that may only read: the end."""
    server.sql("DROP SCHEMA IF EXISTS plimsoll CASCADE")
    run("store", "init", "--store", server.url())
    run("store", "grant", "plworker", "--as", "worker", "--store", server.url())
    run("store", "grant", "plreader", "--as", "reader", "--store", server.url())
    for args in (("worker", "--once", "-q"), ("queue", "add", "oci:x"), ("store", "gc"), ("watch", "--once", "-q")):
        code, _, err = run(*args, "--store", server.url("plreader"))
        point(code == 4 and "may only read" in err, "a login that may only read: 4, at once: " + " ".join(args), (code, err))
    server.sql("ALTER TABLE plimsoll.job RENAME TO mislaid")
    p = fleetlib.Running(PROGRAM, "worker", "--store", server.url("plworker"), "--threads", "1", "--log-format=json")

    def when():
        return [float(x["time"][14:16]) * 60 + float(x["time"][17:-1]) for x in p.lines() if x["what"] == "work interrupted"]
    until(lambda: len(when()) >= 4)
    at = when()
    pauses = [(b - a) % 3600 for a, b in zip(at, at[1:])]
    point(len(at) >= 4 and all(s > least for s, least in zip(pauses, (0.9, 1.9, 3.9))), "what is broken is asked less and less",
          (pauses, p.text()[-500:]))
    server.sql("ALTER TABLE plimsoll.mislaid RENAME TO job")
    code, _, said = p.end()
    point(code == 130 and "mislaid" not in said, "… until it is told to end", (code, said[-300:]))


SHIFT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <sys/time.h>
static long shift(void) { const char *s = getenv("SHIFT"); return s ? atol(s) : 0; }
int clock_gettime(clockid_t c, struct timespec *t)
{
    int (*f)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int r = f(c, t);
    if (c == CLOCK_REALTIME) t->tv_sec += shift();
    return r;
}
time_t time(time_t *p)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (p) *p = t.tv_sec;
    return t.tv_sec;
}
"""


def wrong_clocks(server, targets, expected):
    with open("shift.c", "w", encoding="utf-8") as f:
        f.write(SHIFT)
    made = shutil.which("cc") and subprocess.run(["cc", "-shared", "-fPIC", "-o", "shift.so", "shift.c", "-ldl"],
                                                 check=False, stderr=subprocess.DEVNULL).returncode == 0
    if not made or "SANITIZED" in os.environ or "ASAN_OPTIONS" in os.environ:
        print("# skip: wrong clocks: nothing that shifts them can be made here")
        return
    server.sql("DROP SCHEMA IF EXISTS plimsoll CASCADE")
    run("store", "init", "--store", server.url())
    run("queue", "add", *targets, "--store", server.url())
    shifted = [dict(os.environ, LD_PRELOAD=os.path.abspath("shift.so"), SHIFT=str(s)) for s in (86400, -86400)]
    workers = [subprocess.Popen([PROGRAM, "worker", "--once", "-q", "--store", server.url(), "--threads", "2", "--lease", "5"],
                                stdin=subprocess.DEVNULL, env=env) for env in shifted]
    codes = [w.wait() for w in workers]
    n = server.sql("SELECT count(*), count(DISTINCT digest) FROM plimsoll.record").strip()
    layers = len(fleetlib.layers_of("images"))
    point(codes == [0, 0] and n == "%d|%d" % (layers, layers), "clocks a day ahead and a day behind: each layer once",
          (codes, n, layers))
    far = [server.sql("SELECT count(*) FROM plimsoll.%s WHERE abs(%s - extract(epoch FROM now())) > 600" % x).strip()
           for x in (("job", "done_at"), ("image", "at"), ("record", "at"))]
    point(far == ["0"] * 3, "… the server's clock counts", far)
    whole("… nothing lost", server.url(), targets, expected)


def main():
    if "MKIMAGE" not in os.environ:
        print("1..0 # skip: fleet_trouble: no mkimage")
        return
    with tempfile.TemporaryDirectory(prefix="pl-trouble-") as folder:
        os.chdir(folder)
        os.mkdir("images")
        targets = fleetlib.make_images(os.environ["MKIMAGE"], os.path.join(folder, "images"), IMAGES)
        expected = {t: fleetlib.scanned(PROGRAM, t)[0] for t in targets}
        full_file(targets, expected)
        if not with_pg.programs():
            print("# skip: fleet_trouble over PostgreSQL: no server on this machine")
        else:
            with with_pg.Server() as server:
                out_of_order(server)
                cut_network(server, targets, expected)
                wrong_clocks(server, targets, expected)
                full_disk(server, targets, expected)
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
