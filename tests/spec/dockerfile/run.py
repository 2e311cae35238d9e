#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Published Dockerfile cases beside the checkout: parser dumps, linters' cases, real files.

Prints a TAP point for each suite with its percentage; `-v` lists what differs.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SUITE = os.path.join(ROOT, "..", "shared", "suites", "dockerfile")
PLIMSOLL = os.environ.get("PLIMSOLL", os.path.join(ROOT, "build", "plimsoll"))
VERBOSE = "-v" in sys.argv
POINT = 0


def run(args, **kw):
    return subprocess.run([PLIMSOLL] + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, **kw)


def say(text):
    if VERBOSE:
        print("# " + text)


def point(name, good, total, least):
    global POINT
    POINT += 1
    share = 100.0 * good / total if total else 0.0
    word = "ok" if total and share >= least else "not ok"
    print("%s %d - %s: %d of %d (%.1f %%, at least %s)" % (word, POINT, name, good, total, share,
                                                          least))


def rows(name):
    with open(os.path.join(SUITE, name), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def by_file(result, dialect_prefixes):
    """name -> Counter of (code, line)."""
    found = {}
    for target in result["targets"]:
        c = collections.Counter()
        for f in target["findings"]:
            for alias in f["aliases"]:
                if alias.startswith(dialect_prefixes):
                    c[(alias, f["where"]["line"])] += 1
        found[target["name"]] = (c, target["findings"])
    return found


def parser():
    good = total = 0
    folder = os.path.join(SUITE, "parser")
    for name in sorted(os.listdir(folder)):
        total += 1
        out = run(["lint", "--dump-ast", os.path.join(folder, name, "Dockerfile")])
        with open(os.path.join(folder, name, "result"), "rb") as f:
            want = f.read()
        same = out.returncode == 0 and out.stdout.rstrip(b"\n") == want.rstrip(b"\n")
        good += same
        if not same:
            say("parser: " + name)
    point("parser dumps", good, total, 100)
    good = total = 0
    folder = os.path.join(SUITE, "parser-negative")
    for name in sorted(os.listdir(folder)):
        total += 1
        out = run(["lint", "--dump-ast", os.path.join(folder, name, "Dockerfile")])
        good += out.returncode != 0 and out.stdout == b""
    point("parser refusals", good, total, 100)


def buildkit():
    good = 0
    cases = rows("buildkit-lint.jsonl")
    with tempfile.TemporaryDirectory() as tmp:
        for n, case in enumerate(cases):
            folder = os.path.join(tmp, str(n))
            os.mkdir(folder)
            path = os.path.join(folder, "Dockerfile")
            with open(path, "w", encoding="utf-8") as f:
                f.write(case["dockerfile"])
            if case.get("dockerignore"):
                with open(os.path.join(folder, ".dockerignore"), "w", encoding="utf-8") as f:
                    f.write(case["dockerignore"])
            args = ["lint", "-q", "-f", "json", "--dialect", "buildkit"]
            for k, v in (case.get("args") or {}).items():
                args += ["--build-arg", "%s=%s" % (k, v)]
            if case.get("check"):
                args += ["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=" + case["check"]]
            out = run(args + [path])
            got = collections.Counter()
            for f in json.loads(out.stdout)["targets"][0]["findings"]:
                for alias in f["aliases"]:
                    got[(alias, f["where"]["line"])] += 1
            every = case.get("all_stages")
            want = collections.Counter((w["rule"], w["line"]) for w in every or case["warnings"])
            if every:
                got = collections.Counter(k for k, _ in got.elements())
                want = collections.Counter(k for k, _ in want.elements())
            good += got == want
            if got != want:
                say("buildkit %s: %s, not %s" % (case["id"], dict(got), dict(want)))
    point("buildkit cases", good, len(cases), 100)


def trivy():
    good = total = 0
    cases = [c for c in rows("trivy-ds.jsonl") if not c.get("approx")]
    with tempfile.TemporaryDirectory() as tmp:
        paths = []
        for n, case in enumerate(cases):
            paths.append(os.path.join(tmp, "Dockerfile.%d" % n))
            with open(paths[-1], "w", encoding="utf-8") as f:
                f.write(case["dockerfile"])
        out = run(["lint", "-q", "-f", "json", "--dialect", "trivy"] + paths)
        found = by_file(json.loads(out.stdout), "DS-")
        for case, path in zip(cases, paths):
            total += 1
            count = sum(n for (code, _), n in found[path][0].items() if code == case["rule"])
            fine = (count > 0) == case["expect"]
            good += fine
            if not fine:
                say("trivy %s %s: %d, %s\n%s" % (case["id"], case["rule"], count, case["expect"],
                                                 case["dockerfile"]))
    point("trivy cases", good, total, 95)


def hadolint():
    good = total = 0
    groups = collections.defaultdict(list)
    for case in rows("hadolint.jsonl"):
        groups[json.dumps(case.get("config") or {}, sort_keys=True)].append(case)
    with tempfile.TemporaryDirectory() as tmp:
        config = os.path.join(tmp, "config.yaml")
        for text, cases in sorted(groups.items()):
            with open(config, "w", encoding="utf-8") as f:
                f.write(text)
            paths = []
            for n, case in enumerate(cases):
                paths.append(os.path.join(tmp, "Dockerfile.%d" % n))
                with open(paths[-1], "w", encoding="utf-8") as f:
                    f.write(case["dockerfile"] + "\n")
            for promoted in (None, "DL3057", "DL1001"):
                chosen = [(c, p) for c, p in zip(cases, paths)
                          if (c["rule"] if c["rule"] in ("DL3057", "DL1001") else None) == promoted]
                if not chosen:
                    continue
                extra = ["--info", promoted] if promoted else []
                out = run(["as", "hadolint", "--no-fail", "-f", "json", "-c", config] + extra +
                          [p for _, p in chosen])
                found = collections.defaultdict(list)
                try:
                    for f in json.loads(out.stdout):
                        found[f["file"]].append(f["code"])
                except ValueError:
                    say("hadolint: " + out.stderr.decode()[:300])
                for case, path in chosen:
                    total += 1
                    codes = found[path]
                    rule = case["rule"]
                    count = sum(rule == "*" or (rule == "SC*" and c.startswith("SC")) or c == rule
                                for c in codes)
                    fine = (count > 0) == case["expect"] and "DL1000" not in codes
                    if case.get("count") and rule[0] == "D" and count != case["count"]:
                        fine = False
                    good += fine
                    if not fine:
                        say("hadolint %s %s: %s, expected %s %s\n%s" % (
                            case["id"], rule, codes, case["expect"], case.get("count"),
                            case["dockerfile"]))
    point("hadolint cases", good, total, 99)


def scores(name, want, got, least):
    hit = sum((want & got).values())
    point(name + " precision", hit, sum(got.values()), least)
    point(name + " recall", hit, sum(want.values()), least)
    for k, n in sorted((want - got).items()):
        say("%s: missing %s x%d" % (name, k, n))
    for k, n in sorted((got - want).items()):
        say("%s: too many %s x%d" % (name, k, n))


def real():
    cases = rows("real.jsonl")
    paths = [os.path.join(SUITE, "real", c["file"]) for c in cases]
    result = json.loads(run(["lint", "-q", "-f", "json"] + paths).stdout)
    verdicts = 0
    for case, target in zip(cases, result["targets"]):
        refused = any(f["rule"] in ("PL-D001", "PL-D002") for f in target["findings"])
        same = refused == bool(case.get("buildkit_error"))
        verdicts += same
        if not same:
            say("verdict of %s: %s" % (case["file"], case.get("buildkit_error")))
    point("verdicts on real files", verdicts, len(cases), 100)
    for dialect, prefix, key in (("hadolint", "DL", "hadolint"), ("buildkit", "", "buildkit")):
        out = run(["lint", "-q", "-f", "json", "--dialect", dialect] + paths)
        found = by_file(json.loads(out.stdout), prefix)
        want, got = collections.Counter(), collections.Counter()
        for case, path in zip(cases, paths):
            if case[key] == "error":
                continue
            for row in case[key] or []:
                if row[1].startswith(prefix):
                    want[(case["file"], row[1], row[0])] += 1
            for (code, line), n in found[path][0].items():
                got[(case["file"], code, line)] += n
        scores("real " + dialect, want, got, 99)


def main():
    if not os.path.isdir(SUITE):
        print("skip: dockerfile: ../shared/suites/dockerfile not present")
        return
    parser()
    buildkit()
    trivy()
    hadolint()
    real()
    print("1..%d" % POINT)


main()
