#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Repairs over the published real Dockerfiles: still parsed, nothing new, a second run is idle.

A lock file names every image and address of the files, with digests that mean nothing: repairs that
are told something from outside are tried too. Prints what was mended, by rule; `-v` names files.
"""

import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
REAL = os.path.join(ROOT, "..", "shared", "suites", "dockerfile", "real")
PLIMSOLL = os.environ.get("PLIMSOLL", os.path.join(ROOT, "build", "plimsoll"))
NAME = re.compile(r"([a-z0-9.-]+(:\d+)?/)?([a-z0-9]+([._-]+[a-z0-9]+)*/)*[a-z0-9]+([._-]+[a-z0-9]+)*")
POINT = 0


def point(good, name):
    global POINT
    POINT += 1
    print("%sok %d - %s" % ("" if good else "not ", POINT, name))


def lint(args, cwd):
    return subprocess.run([PLIMSOLL, "lint", "--offline", "--fail-on", "none"] + args, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def lock(files):
    """A lock file for all that the files name."""
    images, urls = set(), set()
    for path in files:
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        args = {m.group(1): m.group(2).strip("\"'")
                for m in re.finditer(r"^\s*ARG\s+(\w+)=(\S+)", text, re.M)}
        for m in re.finditer(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", text, re.M | re.I):
            images.add(re.sub(r"\$\{?(\w+)\}?", lambda v: args.get(v.group(1), "$"), m.group(1)))
        urls.update(u for u in re.findall(r"https?://[^\s\"'\\;|&<>()]+", text) if "$" not in u)
    out = []
    for image in sorted(images):
        name, _, tag = image.partition(":")
        if "@" not in image and NAME.fullmatch(name) and re.fullmatch(r"[\w][\w.-]*", tag or "x"):
            out.append('[[image]]\nname = "%s"\ntag = "%s"\ndigest = "sha256:%s"\n' % (
                name, tag or "latest", hashlib.sha256(image.encode()).hexdigest()))
    for url in sorted(urls):
        out.append('[[download]]\nurl = "%s"\nsha256 = "%s"\n' % (
            url, hashlib.sha256(url.encode()).hexdigest()))
    return "\n".join(out)


def findings(cwd, names):
    """name -> (refused, Counter of rules and codes)"""
    done = lint(["-q", "-f", "json"] + names, cwd)
    found = {}
    for target in json.loads(done.stdout)["targets"]:
        c = collections.Counter()
        for f in target["findings"]:
            c[f["rule"]] += 1
            c.update(f["aliases"])
        found[target["name"]] = c
    return found


def one_class(cwd, names, kind, lock_file):
    before = findings(cwd, names)
    args = ["-f", "json=/dev/null", "--fix=" + kind, "--lock", lock_file]
    done = lint(args + names, cwd)
    texts = {n: open(os.path.join(cwd, n), "rb").read() for n in names}
    after = findings(cwd, names)
    worse = [n for n in names if any(after[n][k] > before[n][k] for k in after[n])]
    lint(["-q"] + args + names, cwd)
    moved = [n for n in names if open(os.path.join(cwd, n), "rb").read() != texts[n]]
    unread = [n for n in names if lint(["--dump-ast", n], cwd).returncode != 0
              and after[n]["PL-D001"] > before[n]["PL-D001"]] if "-v" in sys.argv else []
    summary = [l for l in done.stderr.decode().splitlines() if " mended:" in l]
    print("# %s: %s" % (kind, summary[-1].partition(": ")[2] if summary else "nothing mended"))
    point(summary and not worse, "%s repairs bring no finding of any code: %d of %d files" % (
        kind, len(names) - len(worse), len(names)))
    point(not moved, "%s repairs made twice change nothing more: %d of %d files" % (
        kind, len(names) - len(moved), len(names)))
    point(not unread and all(after[n]["PL-D001"] <= before[n]["PL-D001"]
                             and after[n]["PL-D002"] <= before[n]["PL-D002"] for n in names),
          "%s repairs: every file is taken as before" % kind)
    for name in worse + moved:
        print("# " + name)
    return summary


def main():
    if not os.path.isdir(REAL):
        print("skip: dockerfile: ../shared/suites/dockerfile not present")
        return
    names = sorted(os.listdir(REAL))
    with tempfile.TemporaryDirectory() as tmp:
        lock_file = os.path.join(tmp, "all.lock")
        with open(lock_file, "w", encoding="utf-8") as f:
            f.write(lock([os.path.join(REAL, n) for n in names]))
        for kind in ("safe", "suggested", "unsafe"):
            folder = os.path.join(tmp, kind)
            shutil.copytree(REAL, folder)
            one_class(folder, names, kind, lock_file)
    print("1..%d" % POINT)


main()
