#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Version schemes against the published suites in ../shared/suites/versions, one point a file.

Prints the share of rows that hold in each file, and the rows that do not (the first ten, all with -v).
Usage: run.py [-v] [FILE…]; PLIMSOLL and PL_BUILD name the program and its build folder."""

import glob
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SUITE = os.path.join(os.path.dirname(ROOT), "shared", "suites", "versions")
BUILD = os.environ.get("PL_BUILD", os.path.join(ROOT, "build"))
PROGRAM = os.environ.get("PLIMSOLL", os.path.join(BUILD, "plimsoll"))
PROBE = os.path.join(BUILD, "tests", "spec", "versions", "version_probe")

SCHEMES = {"debian": "deb", "alpine": "apk", "rpm-vercmp": "rpm", "rpm-evr": "rpm", "redhat": "rpm",
           "rubygems": "gem", "packagist": "composer"}
NATIVE = {"dpkg", "apk-tools", "rpm", "maven", "pypa-packaging", "rubygems", "node-semver",
          "semver-spec", "go-mod-semver", "composer-semver", "nuget"}
# what a suite must reach, in per mille
WANTED = {"scalibr": 995, "osv-isaffected": 880}


def scheme(row):
    return SCHEMES.get(row["ecosystem"], row["ecosystem"])


def is_version(text):
    """Whole rpm package names are no versions."""
    return not text.endswith((".x86_64", ".noarch", ".i686")) and "\t" not in text


def wanted(name):
    if name.split(".")[0] in NATIVE:
        return 1000
    for start, share in WANTED.items():
        if name.startswith(start):
            return share
    return 970


def orders(rows):
    """Answers of compare-versions, asked once a scheme."""
    answers = [None] * len(rows)
    for one in sorted({scheme(r) for r in rows}):
        some = [i for i, r in enumerate(rows) if scheme(r) == one]
        text = "".join("%s\t%s\n" % (rows[i]["a"], rows[i]["b"]) for i in some)
        out = subprocess.run([PROGRAM, "compare-versions", "-q", one], input=text.encode(),
                             stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")
        for i, answer in zip(some, out):
            answers[i] = int(answer)
    return answers


def probed(rows):
    # a row of npm's kept the escape of its source text
    text = "".join(json.dumps({**r, "scheme": scheme(r)}).replace("\\\\t", "\\t") + "\n"
                   for r in rows)
    out = subprocess.run([PROBE], input=text.encode(), stdout=subprocess.PIPE, check=True)
    return [{"1": True, "0": False}.get(w) for w in out.stdout.decode().split("\n")[:-1]]


def run(path, verbose):
    name = os.path.basename(path)[:-len(".jsonl")]
    rows = [json.loads(line) for line in open(path, encoding="utf-8")]
    if "a" in rows[0]:
        rows = [r for r in rows if r["ecosystem"] != "rpm-evr" or
                (is_version(r["a"]) and is_version(r["b"]))]
        answers = orders(rows)
        key = "expect"
    else:
        answers = probed(rows)
        key = "valid" if "valid" in rows[0] else "in"
    wrong = [(r, a) for r, a in zip(rows, answers) if a != r[key] and not r.get("loose")]
    share = 1000 * (len(rows) - len(wrong)) / len(rows)
    print("%sok - %s: %d of %d rows, %.2f %%" % (
        "" if share >= wanted(name) else "not ", name, len(rows) - len(wrong), len(rows),
        share / 10))
    for row, answer in wrong if verbose else wrong[:10]:
        row = {k: v for k, v in row.items() if k not in ("src", key)}
        print("#   %s: %s" % (answer, json.dumps(row)))


def main():
    files = [a for a in sys.argv[1:] if a != "-v"]
    if not os.path.isdir(SUITE) and not files:
        print("skip: versions: ../shared/suites/versions not present")
        return
    if not files:
        files = sorted(glob.glob(os.path.join(SUITE, "*.jsonl")))
    for path in files:
        run(path, "-v" in sys.argv)


main()
