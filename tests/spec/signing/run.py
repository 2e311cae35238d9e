#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bundles of the published conformance suite in ../shared/suites/signing, one point a case; good ones
spoilt in one place, one point for each published advisory that it stands for; and that no connection is
opened. Usage: run.py [NAME…]; PLIMSOLL names the program."""

import csv
import json
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


def load(row, which):
    name = "bundle.sigstore.json" if which == "bundle" else row["root"]
    with open(os.path.join(SUITE, "cases", row["name"], name), encoding="utf-8") as f:
        return json.load(f)


def entry(bundle):
    return bundle["verificationMaterial"]["tlogEntries"][0]


def flip(text):
    return text[:20] + ("A" if text[20] != "A" else "B") + text[21:]


def other_entry(rows):
    """The log entry of another good case of the same kind."""
    return lambda b, r: b["verificationMaterial"].update(
        tlogEntries=load(rows["rekor2-dsse-happy-path"], "bundle")["verificationMaterial"]
        ["tlogEntries"])


def window(part, **period):
    """The time that the root trusts its parts for."""
    def change(bundle, root):
        for item in root[part]:
            (item["publicKey"] if "publicKey" in item else item)["validFor"] = dict(period)
    return change


PAST = {"start": "2000-01-01T00:00:00Z", "end": "2001-01-01T00:00:00Z"}
FUTURE = {"start": "2100-01-01T00:00:00Z"}


def spoilt(rows):
    """(what, case, exit code, change of bundle and root, flags instead of the usual)"""
    plain, dsse, v1 = "rekor2-happy-path", "rekor2-dsse-happy-path", "happy-path-intoto-in-dsse-v3"
    material = lambda b: b["verificationMaterial"]
    return [
        ("CVE-2022-23649 entry of another signature", plain, 4, other_entry(rows), []),
        ("CVE-2026-22703 entry with a changed body", plain, 4,
         lambda b, r: entry(b).update(canonicalizedBody=flip(entry(b)["canonicalizedBody"])), []),
        ("CVE-2022-35929 another predicate type", v1, 4, None, ["--type", "spdx"]),
        ("CVE-2022-36056 a foreign certificate", plain, 4,
         lambda b, r: material(b).update(certificate=material(
             load(rows["rekor2-dsse-happy-path"], "bundle"))["certificate"]), []),
        ("CVE-2022-36056 another artifact", plain, 4, None, ["--artifact", "bundle.sigstore.json"]),
        ("CVE-2026-24122 authority no longer trusted", plain, 4,
         window("certificateAuthorities", **PAST), []),
        ("CVE-2026-54787 log key not yet valid", plain, 4, window("tlogs", **FUTURE), []),
        ("CVE-2026-54787 log key no longer valid", plain, 4, window("tlogs", **PAST), []),
        ("CVE-2026-54787 log key not yet valid, with a promise", v1, 4,
         window("tlogs", **FUTURE), []),
        ("CVE-2026-54787 log key of no known time", plain, 4, window("tlogs"), []),
        ("CVE-2026-49834 one entry twice counts once", plain, 0,
         lambda b, r: material(b).update(tlogEntries=material(b)["tlogEntries"] * 2), []),
        ("certificate log no longer trusted", plain, 4, window("ctlogs", **PAST), []),
        ("time stamp authority no longer trusted", plain, 4,
         window("timestampAuthorities", **PAST), []),
        ("no certificate log", plain, 4, lambda b, r: r.update(ctlogs=[]), []),
        ("no transparency log", plain, 4, lambda b, r: r.update(tlogs=[]), []),
        ("a log entry is left out", plain, 4,
         lambda b, r: material(b).update(tlogEntries=[]), []),
        ("a promise that does not hold", v1, 4,
         lambda b, r: entry(b).update(integratedTime=str(int(entry(b)["integratedTime"]) + 1)), []),
        ("CVE-2025-29778 identity differs in one character", plain, 4, None,
         ["--certificate-identity", rows[plain]["identity"][:-1] + "x"]),
        ("identity is a beginning only", plain, 4, None,
         ["--certificate-identity", rows[plain]["identity"][:-1]]),
        ("another issuer", plain, 4, None, ["--certificate-oidc-issuer", "https://example.com"]),
        ("policy-controller 1971 a signature of chance", dsse, 4,
         lambda b, r: b["dsseEnvelope"]["signatures"][0].update(
             sig=flip(b["dsseEnvelope"]["signatures"][0]["sig"])), []),
        ("33 log entries", plain, 3,
         lambda b, r: material(b).update(tlogEntries=material(b)["tlogEntries"] * 33), []),
        ("32 log entries", plain, 0,
         lambda b, r: material(b).update(tlogEntries=material(b)["tlogEntries"] * 32), []),
        ("names in snake_case", plain, 0,
         lambda b, r: b.update(verification_material=b.pop("verificationMaterial")), []),
        ("a pattern is of the whole name", plain, 2, None, ["--certificate-identity-regexp", "("]),
    ]


def run_spoilt(row, change, flags):
    bundle, root = load(row, "bundle"), load(row, "root")
    if change:
        change(bundle, root)
    words = command(row)
    for flag, value in zip(flags[::2], flags[1::2]):
        if flag in words:
            words[words.index(flag) + 1] = value
        else:
            words += [flag, value]
    with tempfile.TemporaryDirectory() as folder:
        for name, document in (("bundle.json", bundle), ("root.json", root)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                json.dump(document, f)
        words[words.index("--bundle") + 1] = os.path.join(folder, "bundle.json")
        words[words.index("--trusted-root") + 1] = os.path.join(folder, "root.json")
        return subprocess.run(words, cwd=os.path.join(SUITE, "cases", row["name"]),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


def negatives(rows, n):
    """One point each; returns how many failed."""
    failed = 0
    for what, case, want, change, flags in spoilt(rows):
        n += 1
        done = run_spoilt(rows[case], change, flags)
        good = done.returncode == want
        failed += not good
        print("%sok %d - %s" % ("" if good else "not ", n, what))
        if not good:
            print("# exit %d, wanted %d" % (done.returncode, want))
            print("\n".join("# " + line for line in done.stdout.decode("utf-8",
                                                                       "replace").split("\n")))
    return failed


def main():
    if not os.path.isdir(SUITE):
        print("skip: signing: ../shared/suites/signing not present")
        return 0
    with open(os.path.join(SUITE, "expected.tsv"), encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f, delimiter="\t")
                if not sys.argv[1:] or r["name"] in sys.argv[1:]]
    known = {r["name"]: r for r in rows}
    more = 0 if sys.argv[1:] else len(spoilt(known))
    print("1..%d" % (len(rows) + 1 + more))
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
    if more:
        failed += negatives(known, len(rows) + 1)
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
