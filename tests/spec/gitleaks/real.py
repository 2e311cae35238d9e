#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gitleaks personality against gitleaks itself on histories of real repositories.

tests/spec/gitleaks/real.py [--commits 1000] [--repos 3] [--forms json,csv,junit,sarif]
[REPOSITORY…]: work trees or git directories;
without any those named in $PL_REAL_REPOS (separated by ':'). A repository counts when it has more than
--commits commits; at least --repos of them must count, and gitleaks must report something on three
quarters of these at least. Every field of every finding, the exit code, and csv, junit and sarif after
sorting must be equal. gitleaks comes from $GITLEAKS or the search path. Minutes a repository: not part
of make check. Prints TAP; without repositories or gitleaks one line that says so."""

import argparse
import collections
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

sys.dont_write_bytecode = True
import run

FORMS = ("json", "csv", "junit", "sarif")
# a snapshot may belong to somebody else; nothing of it is run
OWNED = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}


def commits_of(repo):
    done = subprocess.run(["git", "-C", repo, "rev-list", "--all", "--count"], check=False,
                          env={**os.environ, **OWNED}, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return int(done.stdout) if done.returncode == 0 else 0


def rows_of(form, path):
    """What the report holds, as a bag: nothing but the order is left out."""
    if form == "json":
        with open(path, encoding="utf-8") as file:
            return run.as_set(json.load(file))
    if form == "csv":
        csv.field_size_limit(1 << 30)
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return collections.Counter(tuple(row) for row in csv.reader(file))
    if form == "sarif":
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        bag = run.as_set(document["runs"][0].pop("results"))
        return bag + run.as_set([document])
    root = ElementTree.parse(path).getroot()
    suite = root.find("testsuite")
    bag = collections.Counter()
    for case in list(suite):
        suite.remove(case)
        case.tail = None  # the last one stands before the end of the suite
        bag[ElementTree.tostring(case)] += 1
    suite.text = None
    return bag + collections.Counter([ElementTree.tostring(root).strip()])


def report(program, form, repo, folder):
    path = os.path.join(folder, "report")
    begin = time.monotonic()
    done = program(["git", repo, "-c", run.RULES, "-f", form, "-r", path], folder, env=OWNED)
    took = time.monotonic() - begin
    return done.returncode, rows_of(form, path), took, done.stderr


def one(repo, n, forms):
    name = os.path.basename(os.path.dirname(repo.rstrip("/")) if repo.rstrip("/").endswith(
        ("/repo", "/.git")) else repo.rstrip("/"))
    found = 0
    for form in forms:
        with tempfile.TemporaryDirectory() as folder:
            code, mine, took, said = report(run.ours, form, repo, folder)
            theirs, want, their_time, _ = report(run.peer, form, repo, folder)
        if form == "json":
            found = sum(want.values())
        run.point("%s: %d commits, %s: %d rows (%.1f s, theirs %.1f s)" % (
            name, n, form, sum(want.values()), took, their_time),
            code == theirs and mine == want, "exit %d, theirs %d\nmissing %s\nextra %s\n%s" % (
                code, theirs, list(want - mine)[:2], list(mine - want)[:2], said[-300:]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--repos", type=int, default=3)
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("repo", nargs="*")
    o = parser.parse_args()
    named = [r for r in os.environ.get("PL_REAL_REPOS", "").split(":") if r]
    counts = [(os.path.abspath(r), commits_of(r)) for r in o.repo or named]
    chosen = [(r, n) for r, n in counts if n > o.commits]
    if not run.PEER or not os.path.isfile(run.RULES) or not counts:
        run.skip("real", "needs gitleaks, its rules in ../shared/data/secrets, and PL_REAL_REPOS")
        print("1..0")
        return 0
    found = [one(r, n, o.forms.split(",")) for r, n in chosen]
    run.point("%d repositories with more than %d commits" % (len(chosen), o.commits),
              len(chosen) >= o.repos, [n for _, n in counts])
    run.point("gitleaks finds something in them", sum(map(bool, found)) * 4 >= len(found) * 3, found)
    print("1..%d" % run.points)
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
