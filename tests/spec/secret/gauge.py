#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recall and noise of the built-in rules over the texts of ../shared/suites/secrets.

Each text is a file of its own; all are scanned in one run. Any rule counts. Without arguments it
prints TAP with a floor for each suite; with `-v` also what was missed and what was noise, by the
suite's rule; with `-r RULE` the texts of that rule. `-s FILE` measures another suite of that form.
"""

import argparse
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SUITES = os.path.join(os.path.dirname(ROOT), "shared", "suites", "secrets")
# suite: least recall, most noise, in percent
FLOORS = {"gitleaks": (99.0, 5.0), "betterleaks": (99.0, 5.0)}


def read_cases(path):
    op = gzip.open if path.endswith(".gz") else open
    with op(path, "rt", encoding="utf-8", errors="surrogateescape") as f:
        return [json.loads(line) for line in f]


def write_case(folder, number, case):
    """Name of the file, relative to `folder`."""
    name = (case.get("path") or "case.txt").replace("\\", "/").lstrip("/")
    name = os.path.normpath(os.path.join("/", name)).lstrip("/")
    name = "%05d/%s" % (number, name)
    full = os.path.join(folder, name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(case["text"].encode("utf-8", "surrogateescape"))
    return name


def scan(program, folder):
    """Findings by number of the case: list of (rule, severity)."""
    run = subprocess.run([program, "scan", "dir:" + folder, "-f", "json"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    if run.returncode not in (0, 1, 3):
        sys.exit("plimsoll: exit %d: %s" % (run.returncode, run.stderr.decode(errors="replace")))
    found = collections.defaultdict(list)
    for f in json.loads(run.stdout)["targets"][0]["findings"]:
        if f["kind"] == "secret":
            number = int(f["where"]["path"].lstrip("/").split("/")[0])
            found[number].append((f["rule"], f["severity"]))
    return found


class Score:
    """Counts of one suite."""

    def __init__(self, cases, found):
        self.cases, self.found = cases, found
        self.true = [i for i, c in enumerate(cases) if c["expect"]]
        self.false = [i for i, c in enumerate(cases) if not c["expect"]]
        self.missed = [i for i in self.true if not found.get(i)]
        self.noise = [i for i in self.false if found.get(i)]

    def recall(self):
        return 100.0 * (len(self.true) - len(self.missed)) / max(1, len(self.true))

    def noise_share(self):
        return 100.0 * len(self.noise) / max(1, len(self.false))

    def rules_hit(self):
        rules = {self.cases[i]["rule"] for i in self.true}
        missed = set(self.missed)
        hit = {self.cases[i]["rule"] for i in self.true if i not in missed}
        return len(hit), len(rules)

    def rightly(self):
        """How many texts of the noise the same suite calls true for another of its rules."""
        true = {self.cases[i]["text"] for i in self.true}
        return sum(self.cases[i]["text"] in true for i in self.noise)

    def line(self):
        return ("recall %.2f%% (%d of %d, %d of %d rules), noise %.2f%% (%d of %d, %d of them true "
                "for another rule)") % (
            self.recall(), len(self.true) - len(self.missed), len(self.true), *self.rules_hit(),
            self.noise_share(), len(self.noise), len(self.false), self.rightly())

    def details(self, only):
        for title, numbers in (("missed", self.missed), ("noise", self.noise)):
            by = collections.defaultdict(list)
            for i in numbers:
                by[self.cases[i]["rule"]].append(i)
            for rule, those in sorted(by.items(), key=lambda x: -len(x[1])):
                if only and rule != only:
                    continue
                told = collections.Counter(r for i in those for r, _ in self.found.get(i, []))
                print("# %s %4d %s %s" % (title, len(those), rule,
                                         ", ".join("%s %d" % x for x in told.most_common())))
                for i in those[:None if only else 3]:
                    print("#      %05d %s%r" % (i, (self.cases[i].get("path") or "") + " ",
                                              self.cases[i]["text"][:200]))


def union(scores):
    """All suites as one, each text once."""
    cases, found, seen = [], {}, set()
    for score in scores:
        for i, case in enumerate(score.cases):
            key = (case["text"], case.get("path"), case["expect"])
            if key in seen:
                continue
            seen.add(key)
            found[len(cases)] = score.found.get(i, [])
            cases.append(case)
    return Score(cases, found)


def measure(program, path):
    cases = read_cases(path)
    with tempfile.TemporaryDirectory(prefix="gauge-") as folder:
        for i, case in enumerate(cases):
            write_case(folder, i, case)
        return Score(cases, scan(program, folder))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-v", action="store_true", help="list misses and noise")
    parser.add_argument("-r", metavar="RULE", help="list all texts of this rule")
    parser.add_argument("-s", metavar="FILE", action="append", help="a suite to measure")
    parser.add_argument("program", nargs="?", default=os.environ.get(
        "PLIMSOLL", os.path.join(ROOT, "build", "plimsoll")))
    opt = parser.parse_args()
    paths = opt.s or [os.path.join(SUITES, n + ".jsonl.gz") for n in FLOORS]
    failed = points = 0
    scores = []
    for path in paths:
        name = os.path.basename(path).split(".")[0]
        if not os.path.exists(path):
            print("skip: %s: %s is not there" % (name, os.path.basename(path)))
            continue
        score = measure(opt.program, path)
        recall, noise = FLOORS.get(name, (0, 100))
        ok = score.recall() >= recall and score.noise_share() <= noise
        points += 1
        failed += not ok
        scores.append(score)
        print("# %s: %s" % (name, score.line()))
        print("%sok %d - %s: recall at least %g%%, noise at most %g%%" % (
            "" if ok else "not ", points, name, recall, noise))
        if opt.v or opt.r:
            score.details(opt.r)
    if len(scores) > 1:
        print("# all, each text once: %s" % union(scores).line())
    print("1..%d" % points)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
