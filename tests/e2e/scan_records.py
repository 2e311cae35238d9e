#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`scan --store`: a layer whose record is there is not read again, and what is found is the same, byte for byte; over
a folder and over PostgreSQL."""
import os
import subprocess
import sys

PROGRAM, SRC, MKIMAGE = os.environ["PLIMSOLL"], os.environ["PL_SRC"], os.environ.get("MKIMAGE", "")
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
sys.dont_write_bytecode = True
import fleetlib  # noqa: E402
import with_pg  # noqa: E402
from mockreg import Registry  # noqa: E402
from servelib import end, point  # noqa: E402


def fetched(reg):
    """Blobs that were asked for since the last look."""
    n = len(reg.requests("GET", "/blobs/"))
    reg.clear()
    return n


def scan(ref, *flags):
    done = subprocess.run([PROGRAM, "scan", ref, "-f", "json", "-q", "--no-config", *flags], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr


def check(what, reg, refs, store):
    fetched(reg)
    plain = [scan(ref) for ref in refs]
    all_blobs = fetched(reg)
    first = [scan(ref, "--store", store) for ref in refs]
    once = fetched(reg)
    again = [scan(ref, "--store", store) for ref in refs]
    configs = fetched(reg)
    point(plain == first and plain == again, what + ": found byte for byte what is found without a store",
          [x[2] for x in first + again])
    point(all_blobs == 15 and once == 12, what + ": a layer that images share is read once", (all_blobs, once))
    point(configs == len(refs), what + ": with all records no layer is read", configs)
    for flags in (("--limit", "nested-depth=3"), ("--show-secrets",), ("--scanners", "secret,package")):
        scan(refs[0], "--store", store, *flags)
        n = fetched(reg)
        point(n == 5, what + ": other options read for themselves: " + flags[0], n)


def main():
    reg = Registry()
    names = fleetlib.make_images(MKIMAGE, ".", 3, bases=1, mids=2)
    refs = []
    for i, name in enumerate(names):
        where = "%s/app/n%d:1" % (reg.host, i)
        done = subprocess.run([PROGRAM, "push", "-q", name[len("oci:"):], where], stderr=subprocess.PIPE, check=False)
        if b"not in this build" in done.stderr:
            print("1..0 # SKIP built without registries")
            return
        refs.append("docker://" + where)
    check("folder", reg, refs, "store")
    if with_pg.programs():
        with with_pg.Server() as server:
            done = subprocess.run([PROGRAM, "store", "init", "--store", server.url()], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            if b"not in this build" in done.stderr:
                print("# skip: postgresql: not in this build", flush=True)
            else:
                check("postgresql", reg, refs, server.url())
    else:
        print("# skip: postgresql: no PostgreSQL server on this machine", flush=True)
    reg.close()
    end()


main()
