#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ends before its time: a registry that dies after any request, a program that is killed at any
moment, a disk that is full. The source is untouched, and nothing half passes for whole."""

import glob
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import registry as base  # noqa: E402
from mockreg import Registry, digest  # noqa: E402
from registry import image, index, point, run  # noqa: E402

ALL = ("--remove", "--drop-signatures")
SANITIZED = bool(os.environ.get("PL_SANITIZED"))
ROUNDS = int(os.environ.get("PL_ROUNDS", "2" if SANITIZED else "6"))
STRIDE = 1 if ROUNDS > 50 else 19 if SANITIZED else 7


class Mortal:
    """A fault: from request number `life` on the registry answers nobody, and that one half."""

    def __init__(self, reg, life, half):
        self.reg, self.left, self.half, self.lock = reg, life, half, threading.Lock()
        reg.fault = self

    def __call__(self, h):
        with self.lock:
            self.left -= 1
            left = self.left
        if left >= 0:
            return False
        if left == -1 and self.half and h.command == "GET":
            h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 100)
        h.cut()
        return True


def sample(reg):
    """Two platforms and what hangs beside one of them."""
    kids = [image(reg, "app", arch=a, noise=200 << 10) for a in ("amd64", "arm64")]
    for d, a in zip(kids, ("amd64", "arm64")):
        d["platform"] = {"os": "linux", "architecture": a}
    base.artifact(reg, "app", kids[0], b"a note")
    return index(reg, "app", "multi", *kids)


def contents(reg, repo):
    return (dict(reg.tags.get(repo, {})), set(reg.manifests.get(repo, {})),
            set(reg.blobs.get(repo, {})))


def tree(folder):
    return {p: digest(open(p, "rb").read()) for p in glob.glob(folder + "/**/*", recursive=True)
            if os.path.isfile(p)}


def whole(folder):
    """Does a layout hold all that its index reaches, each by its digest?"""
    def blob(d):
        with open("%s/blobs/%s" % (folder, d["digest"].replace(":", "/")), "rb") as f:
            data = f.read()
        if digest(data) != d["digest"] or len(data) != d["size"]:
            raise ValueError(d["digest"])
        return data

    def walk(doc):
        for d in doc.get("manifests", []):
            walk(json.loads(blob(d)))
        for d in doc.get("layers", []) + ([doc["config"]] if "config" in doc else []):
            blob(d)
    try:
        with open(folder + "/index.json", encoding="utf-8") as f:
            walk(json.load(f))
    except (OSError, ValueError):
        return False
    return True


def served(reg, repo, tag):
    """Does a tag lead to all that it names, each by its digest?"""
    def walk(d):
        doc = json.loads(reg.manifests[repo][d["digest"]][1])
        for x in doc.get("layers", []) + ([doc["config"]] if "config" in doc else []):
            if digest(reg.blobs[repo][x["digest"]]) != x["digest"]:
                raise KeyError(x["digest"])
        for x in doc.get("manifests", []):
            walk(x)
    try:
        walk({"digest": reg.tags[repo][tag]})
    except (KeyError, ValueError):
        return False
    return True


def cleared(*names):
    for n in names:
        shutil.rmtree(n, ignore_errors=True)
        for p in glob.glob(n + ".p*") + glob.glob(n + "-*"):
            shutil.rmtree(p) if os.path.isdir(p) else os.unlink(p)


# ---------------------------------------------------------------- a registry that dies

def each_request(reg, words, wrong):
    """Runs with a registry that dies after so many requests and then more, until one run lives to
    its end."""
    life = 0
    while life < 400:
        mortal = Mortal(reg, life, half=life % 2)
        r = run(*words, "--retries", "0", "--stall-timeout", "2")
        reg.fault = None
        if mortal.left >= 0:
            return life, r
        why = wrong(r)
        if why:
            point(False, "%s: dead after %d requests: %s" % (words[0], life, why), r)
        life += STRIDE if life > 2 else 1
    return life, r


def deaths():
    reg, far = Registry(), Registry("127.0.0.2")
    sample(reg)
    ref = reg.host + "/app:multi"
    before = contents(reg, "app")

    def pull_wrong(r):
        bad = r.code not in (3, 4) or os.path.exists("d/index.json") or not r.err
        for p in glob.glob("d/blobs/*/*"):
            bad |= not os.path.basename(p).startswith(".") and digest(
                open(p, "rb").read()) != "sha256:" + os.path.basename(p)
        cleared("d")
        return bad and "passes for whole"
    n, r = each_request(reg, ("pull", ref, "-o", "d"), pull_wrong)
    point(r.code == 0 and n > 5 and whole("d"), "pull: a registry that dies after 1 to %d requests" %
          n, r)
    n, r = each_request(reg, ("scan", "docker://" + ref, "-q", "--fail-on", "none"),
                        lambda r: r.code not in (3, 4) and "clean")
    point(r.code == 0 and n > 5, "scan: a registry that dies after 1 to %d requests" % n, r)

    def scrubbed_wrong(r):
        # the last questions, who still serves it, may go unanswered: then there is an image
        bad = r.code not in (3, 4) or glob.glob("s.part*") or (os.path.exists("s") and not (
            r.code == 4 and whole("s") and os.path.exists("s.proof.json")))
        cleared("s")
        return bad and "something is left"
    n, r = each_request(reg, ("scrub", "docker://" + ref, "-o", "oci:s", *ALL), scrubbed_wrong)
    point(r.code == 0 and n > 5 and whole("s"),
          "scrub from a registry that dies after 1 to %d requests" % n, r)

    def push_wrong(r):
        # it may die when it is asked once more whether all is there
        bad = r.code not in (3, 4) or (far.tags.get("p") and not served(far, "p", "t"))
        for kind in (far.tags, far.manifests, far.blobs):
            kind.pop("p", None)
        return bad and "half an image has a tag"
    n, r = each_request(far, ("push", "d", far.host + "/p:t"), push_wrong)
    point(r.code == 0 and n > 10 and served(far, "p", "t"),
          "push: a registry that dies after 1 to %d requests" % n, r)

    def scrub_wrong(r):
        bad = r.code not in (3, 4) or (far.tags.get("q") and not served(far, "q", "t"))
        for kind in (far.tags, far.manifests, far.blobs):
            kind.pop("q", None)
        cleared("q")
        return bad and "half an image has a tag"
    n, r = each_request(far, ("scrub", "oci:d", "-o", "docker://" + far.host + "/q:t", *ALL),
                        scrub_wrong)
    point(r.code == 0 and n > 10 and served(far, "q", "t"),
          "scrub to a registry that dies after 1 to %d requests" % n, r)
    point(contents(reg, "app") == before, "the source is untouched")
    reg.close()
    far.close()


# ---------------------------------------------------------------- kill -9

def killed(words, after):
    child = subprocess.Popen([base.PROGRAM, *words], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env={**os.environ, "HOME": os.getcwd(),
                                                             "REGISTRY_AUTH_FILE": "/dev/null"})
    time.sleep(after)
    child.kill()
    return child.wait()


def kills():
    reg, far = Registry(), Registry("127.0.0.2")
    sample(reg)
    ref = reg.host + "/app:multi"
    reg.fault = lambda h: time.sleep(0.01) or False  # so that there are more moments
    far.fault = reg.fault
    before = contents(reg, "app")
    dice = random.Random(int(os.environ.get("PL_SEED", "1")))
    took = run("pull", ref, "-o", "src").seconds
    source = tree("src")
    wrong, ended = [], 0
    for _ in range(ROUNDS):
        code = killed(("pull", "-q", ref, "-o", "k"), dice.uniform(0, took))
        ended += code == 0
        if os.path.exists("k/index.json") and not whole("k"):
            wrong.append("half a layout")
        r = run("pull", "-q", ref, "-o", "k")  # what is left of it does not stand in the way
        if r.code != 0 or not whole("k"):
            wrong.append(str(r))
        cleared("k")
    point(not wrong, "pull killed %d times: nothing half, and the next one ends well" % ROUNDS, wrong)
    wrong = []
    took = run("push", "src", far.host + "/first:t").seconds
    for k in range(ROUNDS):
        killed(("push", "-q", "src", "%s/k%d:t" % (far.host, k)), dice.uniform(0, took))
        if far.tags.get("k%d" % k) and not served(far, "k%d" % k, "t"):
            wrong.append("half an image has a tag")
        r = run("push", "-q", "src", "%s/k%d:t" % (far.host, k))
        if r.code != 0 or not served(far, "k%d" % k, "t"):
            wrong.append(str(r))
    point(not wrong and tree("src") == source,
          "push killed %d times: nothing half, and the next one ends well" % ROUNDS, wrong)
    wrong = []
    took = run("scrub", "oci:src", "-o", "oci:whole", *ALL).seconds
    for out in ("oci:k", "oci-archive:k", "docker-archive:k"):
        for _ in range(max(ROUNDS // 3, 2)):
            killed(("scrub", "-q", "oci:src", "-o", out, *ALL), dice.uniform(0, took))
            if os.path.isdir("k") and not whole("k"):
                wrong.append(out)
            elif os.path.isfile("k") and run("scan", "-q", "oci-archive:k").code != 0:
                wrong.append(out)
            elif os.path.exists("k.proof.json") and not os.path.exists("k"):
                wrong.append("a proof without an image")
            cleared("k")
            if os.path.isfile("k"):
                os.unlink("k")
    point(not wrong and tree("src") == source, "scrub killed: nothing half has the name", wrong)
    point(contents(reg, "app") == before, "the registry's image is untouched")
    reg.close()
    far.close()


# ---------------------------------------------------------------- a full disk

def full():
    small = os.path.abspath("small")
    os.mkdir(small)
    reg = Registry()
    sample(reg)
    ref = reg.host + "/app:multi"
    for size in (8, 64, 300):
        if os.geteuid() != 0 or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=%dk" % size, "tmpfs", small],
                stderr=subprocess.DEVNULL, check=False).returncode:
            print("skip: a full disk: no file system can be mounted here")
            break
        try:
            r = run("pull", ref, "-o", small + "/d")
            point(r.code == 3 and not os.path.exists(small + "/d/index.json") and r.err,
                  "pull to a disk of %d KiB: exit 3, no index.json" % size, r)
            r = run("scrub", "docker://" + ref, "-o", "oci:%s/s" % small, *ALL)
            point(r.code in (2, 3) and not glob.glob(small + "/s*") and r.err,
                  "scrub to a disk of %d KiB: nothing is left" % size, r)
        finally:
            subprocess.run(["umount", small], check=False)
    reg.close()


def main():
    if b"registries are not in this build" in run("tags", "127.0.0.1:1/x").err:
        print("1..0 # SKIP built without registries")
        return
    for part in (deaths, kills, full):
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            part()
    print("1..%d" % base.points)


main()
sys.exit(base.bad != 0)
