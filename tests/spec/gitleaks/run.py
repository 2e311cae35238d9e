#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gitleaks personality against what gitleaks 8.30.1 did and, where it is installed, does.

Recorded results come from ../shared/suites/secrets beside the project, the peer from $GITLEAKS or
the search path; what is not there is skipped with a line that says so. PL_SEEDS=N makes N trees and
histories with their long files in full size and writes every text in every format (make soak); without
it there is one of each, the long files just long enough for several chunks, and a part of the texts."""

import collections
import csv
import gzip
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from concurrent import futures

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SHARED = os.path.join(os.path.dirname(ROOT), "shared")
SUITE = os.path.join(SHARED, "suites", "secrets")
RULES = os.path.join(SHARED, "data", "secrets", "gitleaks.toml")
PLIMSOLL = os.environ.get("PLIMSOLL") or os.path.join(ROOT, "build", "plimsoll")
PEER = os.environ.get("GITLEAKS") or shutil.which("gitleaks")
SEEDS = int(os.environ.get("PL_SEEDS", "0"))

points = failed = 0


def point(name, good, why=""):
    global points, failed
    points += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", points, name))
    if not good:
        for line in str(why).split("\n")[:12]:
            print("# " + line[:300])


def skip(name, reason):
    print("skip: spec/gitleaks %s: %s" % (name, reason))


def run(program, args, cwd, stdin=None, env=None):
    full = {k: v for k, v in os.environ.items() if not k.startswith("GITLEAKS_")}
    full.update(env or {})
    return subprocess.run(program + args, cwd=cwd, input=stdin, env=full, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def ours(args, cwd, **more):
    return run([PLIMSOLL, "as", "gitleaks"], args, cwd, **more)


def peer(args, cwd, **more):
    return run([PEER], args, cwd, **more)


def as_set(findings):
    return collections.Counter(json.dumps(f, sort_keys=True) for f in findings)


def difference(want, got):
    a, b = as_set(want), as_set(got)
    return "\n".join(["missing: " + x for x in (a - b)][:5] + ["extra: " + x for x in (b - a)][:5])


def write(folder, name, data):
    path = os.path.join(os.fsencode(folder), name if isinstance(name, bytes) else os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data if isinstance(data, bytes) else data.encode())


# ---- recorded results ----

def recorded_configs():
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(SUITE, "testdata"), os.path.join(folder, "testdata"))
        cwd = os.path.join(folder, "run")
        os.makedirs(os.path.join(cwd, "empty"))
        with open(os.path.join(SUITE, "config-outcomes.jsonl"), encoding="utf-8") as lines:
            wanted = [json.loads(line) for line in lines]
        with futures.ThreadPoolExecutor(2) as pool:
            done = list(pool.map(
                lambda want: ours(["dir", "empty", "-c", "../" + want["config"]], cwd), wanted))
        for want, did in zip(wanted, done):
            text = did.stderr.decode()
            point("config " + want["config"], did.returncode == want["exit"] and
                  (want["accepted"] or 'error="%s"' % want["error"] in text), text)


def recorded_texts():
    with tempfile.TemporaryDirectory() as folder:
        with gzip.open(os.path.join(SUITE, "gitleaks.jsonl.gz"), "rt", encoding="utf-8") as lines:
            for n, line in enumerate(lines):
                case = json.loads(line)
                write(folder, "%05d/%s" % (n, case.get("path") or "case.txt"), case["text"])
        with gzip.open(os.path.join(SUITE, "gitleaks-report.jsonl.gz"), "rt") as lines:
            want = [json.loads(line) for line in lines]
        done = ours(["dir", ".", "-c", RULES, "-r", "-", "-f", "json"], folder)
        got = json.loads(done.stdout)
        point("every field of every finding over the texts (%d)" % len(want),
              as_set(want) == as_set(got), difference(want, got))
        part = folder
        if not SEEDS:
            part = os.path.join(folder, "part")
            os.mkdir(part)
            chosen = set(n for n in os.listdir(folder) if n.endswith("7") and n != "part")
            for name in chosen:
                os.rename(os.path.join(folder, name), os.path.join(part, name))
            got = [f for f in got if f["File"].split("/")[0] in chosen]
        formats(part, ["dir", ".", "-c", RULES], got)


def formats(folder, args, found):
    """csv, junit, sarif hold what json holds."""
    rows = list(csv.DictReader(io.StringIO(
        ours(args + ["-r", "-", "-f", "csv"], folder).stdout.decode("utf-8", "replace"),
        newline="")))
    keys = ["RuleID", "File", "Secret", "Match", "StartLine", "EndColumn", "Fingerprint"]
    point("csv", [[r[k] for k in keys] for r in rows] == [[str(f[k]) for k in keys] for f in found])
    suites = ElementTree.fromstring(ours(args + ["-r", "-", "-f", "junit"], folder).stdout)
    inner = [json.loads(x.text) for x in suites.iter("failure")]
    point("junit", as_set(inner) == as_set(found))
    sarif = json.loads(ours(args + ["-r", "-", "-f", "sarif"], folder).stdout)
    places = [r["locations"][0]["physicalLocation"]["region"] for r in sarif["runs"][0]["results"]]
    point("sarif", [(p["startLine"], p["endColumn"], p["snippet"]["text"]) for p in places] ==
          [(f["StartLine"], f["EndColumn"], f["Secret"]) for f in found])


# ---- generated trees and histories ----

TOKENS = ["AKIA" + "QYLPMN5HHHFPZAM2", "ghp_" + "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R",
          "xoxb-" + "123456789012-1234567890123-abcDEFghiJKL", "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
          "key-" + "0123456789abcdef0123456789abcdef", "shpat_" + "0123456789abcdef0123456789abcdef"]
PEM = ("-----BEGIN RSA " + "PRIVATE KEY-----\n" + ("MIIBOgIBAAJBAK" * 5 + "\n") * 3 +
       "-----END RSA " + "PRIVATE KEY-----")


def encoded(rng, text):
    kind = rng.randrange(6)
    raw = text.encode()
    if kind == 0:
        import base64
        return base64.b64encode(raw).decode()
    if kind == 1:
        return raw.hex()
    if kind == 2:
        return "".join("%%%02x" % b for b in raw)
    if kind == 3:
        return "".join("\\u%04x" % b for b in raw)
    if kind == 4:
        return "".join("U+%04X " % b for b in raw)
    return encoded(rng, encoded(rng, text))


def line(rng):
    token = rng.choice(TOKENS)
    kinds = [
        lambda: "plain words %d" % rng.randrange(99),
        lambda: "",
        lambda: "api_key = \"%s\"" % "".join(rng.choice("abcdefghjkmnpqrstuvwxyz0123456789")
                                            for _ in range(rng.randrange(8, 40))),
        lambda: "token: " + token,
        lambda: "x = '%s' # gitleaks:allow" % token,
        lambda: "  mailgun_key=%s; other" % token,
        lambda: "enc = " + encoded(rng, "secret_token = \"%s\"" % token),
        lambda: PEM,
        lambda: "password\u017f \u212aey=" + token,
        lambda: "caf\u00e9 secret=\"%s\"" % token,
        lambda: "\x00\x01 %s" % token,
        lambda: "kind: Secret\ndata:\n  a: %s" % encoded(random.Random(1), token),
        lambda: "curl -u admin:Passw0rd%d https://x.example/" % rng.randrange(99),
    ]
    return rng.choice(kinds)()


def content(rng, lines):
    text = "\n".join(line(rng) for _ in range(lines)).encode()
    if rng.random() < 0.1:
        text += b"\xff\xfe token=" + TOKENS[1].encode() + b"\x80\n"
    return text + (b"\n" if rng.random() < 0.7 else b"")


NAMES = ["a.txt", "b/c.py", "b/d e.md", "conf/app.yml", "caf\u00e9.env", "q\"uote.txt", "t\tab.txt",
         "go.mod", "x.zip.txt", "Secret.yaml", "n/nuget.config", "id_rsa", "k.p12", "z.ipynb"]


def filler(rng, size):
    """Lines that no rule wants, now and then a blank one."""
    rows = []
    while size > 0:
        rows.append("plain words %d and more of them" % rng.randrange(10 ** 6)
                    if rng.random() < 0.95 else "")
        size -= len(rows[-1]) + 1
    return "\n".join(rows).encode() + b"\n"


def long_files(folder, rng):
    """Files of several chunks: with blank lines, and in one line."""
    if SEEDS:
        write(folder, "big.txt", b"".join(content(rng, 8) + b"\n" for _ in range(300)))
        write(folder, "flat.txt", b" ".join(content(rng, 3).replace(b"\n", b" ")
                                            for _ in range(300)))
        return
    write(folder, "big.txt", b"".join(filler(rng, 14000) + content(rng, 4) + b"\n"
                                      for _ in range(10)))
    write(folder, "flat.txt", b" ".join(
        (filler(rng, 18000) + content(rng, 3)).replace(b"\n", b" ") for _ in range(9)))


def make_tree(folder, rng):
    for name in NAMES:
        write(folder, name, content(rng, rng.randrange(1, 30)))
    long_files(folder, rng)
    write(folder, "empty", b"")
    write(folder, "prog", b"\x7fELF" + b"\0" * 60 + TOKENS[0].encode())
    write(folder, ".gitleaksignore", "a.txt:aws-access-token:1\n# no\nbad\n")


def git(folder, *args, **env):
    full = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "C",
            "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_AUTHOR_DATE": "1700000000 +0530",
            "GIT_COMMITTER_DATE": "1700000000 +0000", **env}
    subprocess.run(["git", "-C", folder, *args], check=True, env=full, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def commit(folder, n, message):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message,
        GIT_AUTHOR_NAME="Author %d" % (n % 3), GIT_AUTHOR_DATE="%d -0700" % (1700000000 + n * 61))


def make_history(folder, rng):
    git(folder, "init", "-q", "-b", "main")
    for n in range(12):
        for name in rng.sample(NAMES, 3):
            write(folder, name, content(rng, rng.randrange(1, 20)))
        commit(folder, n, "change %d\ncontinued\n\nbody  here\n\n\n  indented\n" % n)
    os.rename(os.path.join(folder, "a.txt"), os.path.join(folder, "moved.txt")) \
        if os.path.exists(os.path.join(folder, "a.txt")) else None
    write(folder, "bin", b"\0" + TOKENS[0].encode())
    os.symlink("token=" + TOKENS[1], os.path.join(folder, "link"))
    commit(folder, 13, "moved")
    git(folder, "checkout", "-q", "-b", "side", "HEAD~3")
    write(folder, "side.txt", content(rng, 12))
    commit(folder, 14, "side")
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "merge", "side")
    write(folder, ".mailmap", "Mapped <m@example.org> Author 1 <a@example.org>\n")
    commit(folder, 15, "mailmap")
    git(folder, "notes", "add", "-m", "a note", "HEAD~1")
    git(folder, "remote", "add", "origin", "git@github.com:some/where.git")


def same(name, args, folder, exits=True):
    """Both run; findings equal in every field, and the exit code."""
    with tempfile.TemporaryDirectory() as out:
        with futures.ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(ours, args + ["-r", os.path.join(out, "o.json")], folder),
                    pool.submit(peer, args + ["-r", os.path.join(out, "p.json"), "--no-banner"],
                                folder)]
            mine, theirs = (job.result() for job in jobs)
        try:
            with open(os.path.join(out, "p.json"), "rb") as file:
                want = json.load(file)
            with open(os.path.join(out, "o.json"), "rb") as file:
                got = json.load(file)
        except OSError as problem:
            point(name, False, "%s\n%s\n%s" % (problem, mine.stderr, theirs.stderr))
            return
    good = as_set(want) == as_set(got) and (not exits or mine.returncode == theirs.returncode)
    point("%s (%d findings)" % (name, len(want)), good, "exit %d, theirs %d\n%s" % (
        mine.returncode, theirs.returncode, difference(want, got)))


def reports_equal(folder, config):
    """The written bytes, once the findings stand in one order: with one finding there is but one."""
    write(folder, "one/f.txt", "a = \"%s\"\n" % TOKENS[1])
    write(folder, "t.tmpl", "{{ range $i, $f := . }}{{ $i }}:{{ quote .Secret }} {{ .Entropy }} "
          "{{- if eq .StartLine 1 }} first{{ else }} later{{ end }} {{ len .Tags }} "
          "{{ printf \"%5.2f|%-8s|%03d\" .Entropy .RuleID .EndColumn }} {{ upper .File | lower }} "
          "{{ toJson . }}{{ with .Link }}{{ . }}{{ end }}{{/* no */}}\n{{ end }}")
    for form in ("json", "csv", "junit", "sarif", "template"):
        args = ["dir", "one", "-c", config, "-f", form]
        if form == "template":
            args += ["--report-template", "t.tmpl"]
        for redact in ([], ["--redact"], ["--redact=40"])[:3 if form == "json" else 1]:
            written = []
            for program in (ours, peer):
                path = os.path.join(folder, "report.out")
                program(args + redact + ["-r", path], folder)
                with open(path, "rb") as file:
                    written.append(file.read())
            point("bytes of %s %s" % (form, "".join(redact)), written[0] == written[1],
                  "%r\n%r" % (written[0][:600], written[1][:600]))


def with_peer(config):
    for seed in range(SEEDS or 1):
        rng = random.Random(seed)
        with tempfile.TemporaryDirectory() as folder:
            make_tree(folder, rng)
            same("tree %d" % seed, ["dir", ".", "-c", config], folder)
            same("tree %d, no decoding, no ignores" % seed,
                 ["dir", ".", "-c", config, "--max-decode-depth", "0", "--ignore-gitleaks-allow"],
                 folder)
        with tempfile.TemporaryDirectory() as folder:
            make_history(folder, rng)
            same("history %d" % seed, ["git", ".", "-c", config], folder)
            same("history %d, options of git log" % seed,
                 ["git", ".", "-c", config, "--log-opts=--all --since=2023-11-14"], folder)
            write(folder, "b/c.py", content(rng, 10))
            same("working tree %d" % seed, ["git", ".", "--pre-commit", "-c", config], folder)
            git(folder, "add", "-A")
            same("staged %d" % seed, ["protect", "--staged", "-c", config], folder)
    with tempfile.TemporaryDirectory() as folder:
        reports_equal(folder, config)


# ---- what is not clean ----

def not_clean():
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "d/a.txt", "nothing\n")
        write(folder, "bad.toml", "[[rules]]\nid='x'\nregex='('\n")
        write(folder, "worse.toml", "[[rules]\n")
        write(folder, "baseline.json", "{")
        cases = [
            ("clean", ["dir", "d"], 0), ("no such path", ["dir", "none"], 1),
            ("two paths", ["dir", "d", "d"], 1), ("no repository", ["git", "d"], 1),
            ("unknown flag", ["dir", "d", "--nope"], 126), ("unknown command", ["scan"], 1),
            ("unknown rule", ["dir", "d", "--enable-rule", "nope"], 1),
            ("unknown format", ["dir", "d", "-r", "x.json", "-f", "yaml"], 1),
            ("unknown ending", ["dir", "d", "-r", "x.txt"], 1),
            ("bad platform", ["git", "d", "--platform", "cvs"], 1),
            ("bad regex", ["dir", "d", "-c", "bad.toml"], 1),
            ("bad toml", ["dir", "d", "-c", "worse.toml"], 1),
            ("bad baseline", ["dir", "d", "-b", "baseline.json"], 1),
            ("report nowhere", ["dir", "d", "-r", "no/where.json"], 1),
            ("version", ["version"], 0), ("help", ["--help"], 0),
        ]
        for name, args, code in cases:
            done = ours(args, folder)
            point("exit: " + name, done.returncode == code, "%d %s" % (done.returncode, done.stderr))
        write(folder, "r/a.txt", "ghp_x\n")
        git(os.path.join(folder, "r"), "init", "-q")
        commit(os.path.join(folder, "r"), 1, "one")
        done = ours(["git", "r", "--log-opts=--nope"], folder)
        point("exit: git refuses the options", done.returncode == 1, done.stderr)
        objects = os.path.join(folder, "r", ".git", "objects")
        blob = subprocess.run(["git", "-C", os.path.join(folder, "r"), "rev-parse", "HEAD:a.txt"],
                              stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        os.unlink(os.path.join(objects, blob[:2], blob[2:]))
        done = ours(["git", "r"], folder)
        point("exit: a missing object", done.returncode == 1, done.stderr)
        as_name = os.path.join(folder, "gitleaks")
        os.symlink(os.path.abspath(PLIMSOLL), as_name)
        point("by the name it is called", run([as_name], ["version"], folder).stdout == b"8.30.1\n")


def main():
    not_clean()
    if os.path.isdir(SUITE):
        recorded_configs()
        if os.path.isfile(RULES):
            recorded_texts()
    else:
        skip("recorded", "../shared/suites/secrets not present")
    if not PEER:
        skip("side by side", "no gitleaks installed")
    elif not os.path.isfile(RULES):
        skip("side by side", "../shared/data/secrets/gitleaks.toml not present")
    else:
        with_peer(RULES)
    print("1..%d" % points)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
