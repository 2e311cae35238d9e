#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bundles of the published conformance suite in ../shared/suites/signing, one point a case, and that
none of them opens a connection; then what a real cosign wrote. Usage: run.py [NAME…]; PLIMSOLL names
the program."""

import csv
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SUITE = os.path.join(os.path.dirname(ROOT), "shared", "suites", "signing")
PROGRAM = os.environ.get("PLIMSOLL", os.path.join(ROOT, "build", "plimsoll"))


def command(row):
    words = [PROGRAM, "verify", "--bundle", "bundle.sigstore.json", "--trusted-root", row["root"],
             "--artifact", row["artifact"]]
    if row["mode"] == "key":
        return words + ["--key", "key.pub"]
    return words + ["--certificate-identity", row["identity"],
                    "--certificate-oidc-issuer", row["issuer"]]


def connects(row, folder):
    """What the program asks of the network, by strace where it is there."""
    with tempfile.NamedTemporaryFile("r") as log:
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=network", "-o", log.name] +
                              command(row), cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, [line for line in log if "(" in line]


def main():
    if not os.path.isdir(SUITE):
        print("skip: signing: ../shared/suites/signing not present")
        return 0
    with open(os.path.join(SUITE, "expected.tsv"), encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t")
                if not sys.argv[1:] or r["name"] in sys.argv[1:]]
    print("1..%d" % (len(rows) + 1))
    failed = 0
    for n, row in enumerate(rows, 1):
        folder = os.path.join(SUITE, "cases", row["name"])
        done = subprocess.run(command(row), cwd=folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        good = done.returncode == 0 if row["expect"] == "ok" else done.returncode in (1, 2, 3, 4)
        failed += not good
        print("%sok %d - %s: %s" % ("" if good else "not ", n, row["name"], row["expect"]))
        if not good:
            print("\n".join("# " + line for line in done.stdout.decode("utf-8",
                                                                      "replace").split("\n")))
    if not shutil.which("strace"):
        print("ok %d - no connection # skip no strace here" % (len(rows) + 1))
        return failed > 0
    asked = []
    for row in rows:
        if row["expect"] == "ok":
            asked += connects(row, os.path.join(SUITE, "cases", row["name"]))[1]
    print("%sok %d - no connection" % ("not " if asked else "", len(rows) + 1))
    print("".join("# " + line for line in asked[:10]), end="")
    return failed > 0 or bool(asked)


if __name__ == "__main__":
    sys.exit(main())
