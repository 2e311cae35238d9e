#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""High findings on official-style Dockerfiles: fewer than one in ten files that a maintainer would
turn down. Lists them all with the argument in official.tsv."""

import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
REAL = os.path.join(ROOT, "..", "shared", "suites", "dockerfile", "real")
PLIMSOLL = os.environ.get("PLIMSOLL", os.path.join(ROOT, "build", "plimsoll"))
PUBLISHERS = ("docker-library+", "nginx+docker-nginx", "nodejs+docker-node", "dotnet+dotnet-docker",
              "jupyter+docker-stacks")


def judgements():
    said = {}
    with open(os.path.join(HERE, "official.tsv"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                name, number, rule, accepted, why = line.rstrip("\n").split("\t")
                said[(name, int(number), rule)] = (accepted == "yes", why)
    return said


def main():
    if not os.path.isdir(REAL):
        print("skip: dockerfile: ../shared/suites/dockerfile not present")
        return
    names = [n for n in sorted(os.listdir(REAL)) if n.startswith(PUBLISHERS)]
    done = subprocess.run([PLIMSOLL, "lint", "-q", "--no-config", "-f", "json"] + names, cwd=REAL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    said = judgements()
    high = refused = 0
    for target in json.loads(done.stdout)["targets"]:
        for f in target["findings"]:
            if f["severity"] not in ("high", "critical"):
                continue
            high += 1
            key = (target["name"], f["where"]["line"], f["rule"])
            accepted, why = said.get(key, (False, "not judged yet"))
            refused += not accepted
            print("# %s %s:%d %s: %s" % ("accepted" if accepted else "turned down", key[0], key[1],
                                         key[2], why))
    few = 10 * refused < len(names)
    print("%s 1 - high findings that a maintainer would turn down: %d in %d files (%d high in all)"
          % ("ok" if few else "not ok", refused, len(names), high))
    print("1..1")


main()
