#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Catalogers against the published fixtures in ../shared/suites/packages: expected, found, extra.

Usage: run.py [-v] [-k WORD]; PLIMSOLL or PL_BUILD names the program. With -v every case that is not
right is printed, with -k only cases whose path holds WORD count."""

import collections
import json
import os
import re
import subprocess
import sys
from urllib.parse import unquote

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("PL_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SUITE = os.path.join(os.path.dirname(ROOT), "shared", "suites", "packages")
BUILD = os.environ.get("PL_BUILD", os.path.join(ROOT, "build"))
PROGRAM = os.environ.get("PLIMSOLL", os.path.join(BUILD, "plimsoll"))


def fold(name):
    return re.sub(r"[-_.]+", "-", name.lower())


def plain(version):
    return re.sub(r"^(v|go)(?=\d)", "", version)


def names_of(component):
    """Every name by which a component may be known."""
    name, group = component["name"], component.get("group")
    found = {name}
    if group:
        found |= {"%s/%s" % (group, name), "%s:%s" % (group, name)}
    purl = component.get("purl", "")
    body = unquote(re.sub(r"[@?#].*$", "", purl.replace("/%40", "/%2540")))
    parts = body.split("/")
    if len(parts) > 2:
        found |= {"/".join(parts[1:]), parts[-1]}
    return {fold(n) for n in found}


def epoch_of(component):
    match = re.search(r"[?&]epoch=(\d+)", component.get("purl", ""))
    return match.group(1) if match else None


def versions_of(component):
    version = component.get("version", "")
    found = {plain(version)}
    epoch = epoch_of(component)
    if epoch and not version.startswith(epoch + ":"):
        found.add("%s:%s" % (epoch, version))
    return found


def cases_of(document):
    """Case id -> components with a place below it."""
    found = collections.defaultdict(list)
    for component in document.get("components", []):
        for case in {o["location"].split("/")[0]
                     for o in component.get("evidence", {}).get("occurrences", [])}:
            found[case].append(component)
    return found


def judge(case, components):
    """(missing pairs, extra pairs)."""
    have = [(names_of(c), versions_of(c), (c["name"], c.get("version", "")))
            for c in components if c["type"] != "operating-system"]

    def fits(pair, entry):
        return fold(pair[0]) in entry[0] and (plain(pair[1]) in entry[1] or pair[1] in entry[1])

    missing = [p for p in case["expect"] if not any(fits(p, e) for e in have)]
    known = case["expect"] + case["allow"]
    extra = [e[2] for e in have if not any(fits(p, e) for p in known)]
    return missing, sorted(set(extra)) if case["closed"] else []


def main():
    args = sys.argv[1:]
    word = args[args.index("-k") + 1] if "-k" in args else ""
    if not os.path.isdir(SUITE):
        print("skip: packages: ../shared/suites/packages not present")
        return
    cases = [json.loads(line) for line in open(os.path.join(SUITE, "cases.jsonl"))]
    out = subprocess.run([PROGRAM, "sbom", "-q", "dir:" + os.path.join(SUITE, "fixtures")],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if out.returncode not in (0, 3):
        print("not ok - sbom of the fixtures: exit %d" % out.returncode)
        return
    found = cases_of(json.loads(out.stdout))
    expected = got = extras = closed = 0
    by_kind = collections.Counter()
    for case in cases:
        if word not in case["lay"]:
            continue
        missing, extra = judge(case, found.get(case["id"], []))
        expected += len(case["expect"])
        got += len(case["expect"]) - len(missing)
        closed += len(case["expect"]) if case["closed"] else 0
        extras += len(extra)
        by_kind[os.path.basename(case["lay"])] += len(missing) + len(extra)
        if (missing or extra) and "-v" in args:
            print("# %s %s: missing %s, extra %s" % (case["id"], case["lay"], missing, extra))
    print("# wrong by kind: %s" % ", ".join("%s %d" % k for k in by_kind.most_common(30) if k[1]))
    share, more = 100 * got / max(expected, 1), 100 * extras / max(closed, 1)
    print("%sok - expected %d, found %d (%.1f %%)" % ("" if share >= 97 else "not ", expected, got,
                                                     share))
    print("%sok - extra %d (%.1f %%)" % ("" if more <= 1 else "not ", extras, more))


main()
