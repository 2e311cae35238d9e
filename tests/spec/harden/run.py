#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Advice on how images run: each NAME.recipe is an image, NAME.expect what `harden` must say of it.

A line of NAME.expect is a variant, then its user, volumes, tmpfs (PATH, or PATH:uid:mode) and
capabilities: exactly these, no more. `-` stands for none.
"""

import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PLIMSOLL, MKIMAGE = os.environ["PLIMSOLL"], os.environ["MKIMAGE"]


def expectations(name):
    found = {}
    for line in open(os.path.join(HERE, name + ".expect"), encoding="utf-8"):
        words = line.split()
        if words and not line.startswith("#"):
            found[words[0]] = words[1:]
    return found


def listed(text):
    return [] if text == "-" else sorted(text.split(","))


def tmpfs(mounts, want):
    """In as much detail as the expectation has."""
    detail = {w.split(":")[0]: w.count(":") for w in want}
    out = []
    for m in mounts:
        text = m["path"]
        if detail.get(m["path"], 0) >= 1:
            text += ":%s" % ("-" if m["uid"] is None else m["uid"])
        if detail.get(m["path"], 0) >= 2:
            text += ":" + m["mode"]
        out.append(text)
    return sorted(out)


def compare(variant, words):
    user, volumes, mounts, caps = words
    problems = []
    got = {
        "user": (variant["user"], user),
        "volumes": (sorted(v["path"] for v in variant["volumes"]), listed(volumes)),
        "tmpfs": (tmpfs(variant["tmpfs"], listed(mounts)), listed(mounts)),
        "caps": (sorted(c["cap"] for c in variant["cap_add"]), listed(caps)),
    }
    for key, (is_so, should) in got.items():
        if is_so != should:
            problems.append("%s: %s, expected %s" % (key, is_so, should))
    for thing in variant["tmpfs"] + variant["volumes"]:
        if not thing["reasons"]:
            problems.append("%s has no reason" % thing["path"])
    for cap in variant["cap_add"]:
        if not cap["reason"]:
            problems.append("%s has no reason" % cap["cap"])
    return problems


def check(name, form, folder):
    target = "%s:%s" % (form, os.path.join(folder, name + "-" + form))
    subprocess.run([MKIMAGE, os.path.join(HERE, name + ".recipe"), target], check=True)
    run = subprocess.run([PLIMSOLL, "harden", target, "-f", "json"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    if run.returncode != 0:
        return ["status %d: %s" % (run.returncode, run.stderr.decode()[:500])]
    said = {v["variant"]: v for v in json.loads(run.stdout)["targets"][0]["variants"]}
    want = expectations(name)
    problems = [] if sorted(said) == sorted(want) else ["variants: %s" % sorted(said)]
    for kind in sorted(set(said) & set(want)):
        problems += ["%s: %s" % (kind, p) for p in compare(said[kind], want[kind])]
    for way in ("docker", "compose", "k8s"):
        text = subprocess.run([PLIMSOLL, "harden", target, "--for", way], stdout=subprocess.PIPE)
        if text.returncode != 0 or b"# variant " not in text.stdout:
            problems.append("--for %s: status %d" % (way, text.returncode))
    return problems


def main():
    failed = number = 0
    names = sorted(f[:-7] for f in os.listdir(HERE) if f.endswith(".expect"))
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for form in ("oci", "docker-archive"):
                number += 1
                problems = check(name, form, folder)
                print("%s %d - %s as %s" % ("not ok" if problems else "ok", number, name, form))
                for p in problems:
                    print("# " + p)
                failed += bool(problems)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
