#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual, --help and the completions say the same, and the manual's examples work."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SRC = os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
sys.dont_write_bytecode = True
import mockreg  # noqa: E402

PROGRAM = os.environ["PLIMSOLL"]
points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": " + why))


def out(*command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False, **more).stdout.decode()


def page(name):
    try:
        with open(os.path.join(SRC, "docs", "man", name), encoding="utf-8") as f:
            return f.read()
    except OSError:
        return ""


def verbs():
    text = out(PROGRAM, "--help").split("verbs:")[1].split("\n\n")[0]
    return re.findall(r"^  ([a-z-]+) ", text, re.M)


def help_flags(verb):
    return set(re.findall(r"^  (?:-\w, |    )--([\w-]+)", out(PROGRAM, verb, "--help=all"), re.M))


def manual_flags(text):
    options = text.split(".Sh OPTIONS")[-1].split("\n.Sh ")[0]
    return {f for line in re.findall(r"^\.It (Fl .*)$", options, re.M)
            for f in re.findall(r"Fl -([\w-]+)", line)}


def compare():
    main = page("plimsoll.1")
    for verb in verbs():
        said, written = help_flags(verb), manual_flags(page("plimsoll-%s.1" % verb))
        point(said == written, "plimsoll-%s.1 has the flags of --help" % verb,
              "only in --help: %s; only in the manual: %s" % (
                  " ".join(sorted(said - written)), " ".join(sorted(written - said))))
        point(".It Cm %s\n" % verb in main, "plimsoll.1 names %s" % verb, "not there")
        status = subprocess.run([PROGRAM, verb, "--help"], stdout=subprocess.DEVNULL, check=False)
        point(status.returncode == 0, "%s --help exits 0" % verb, str(status.returncode))
        screen = out(PROGRAM, verb, "--help").count("\n")
        point(screen <= 40, "%s --help fits a screen" % verb, "%d lines" % screen)
    for shell in ("bash", "zsh", "fish"):
        text = out(os.path.join(SRC, "tools", "completions"), PROGRAM, shell)
        wanted = {f for verb in verbs() for f in help_flags(verb)}
        mark = "-l %s" if shell == "fish" else "--%s"
        missing = [f for f in wanted if mark % f not in text]
        point(bool(text) and not missing, "%s completion has every flag" % shell, str(missing))


def limits():
    with open(os.path.join(SRC, "src", "base", "limits.h"), encoding="utf-8") as f:
        real = re.findall(r'^\s*X\(\w+, "([\w-]+)", ([^,]+),', f.read(), re.M)
    written = dict(re.findall(r"^\.It ([\w-]+) Ta (.*?) Ta ", page("plimsoll-scan.1"), re.M))
    for name, value in real:
        m = re.match(r"PL_(\w)IB\((\d+)\)", value)
        value = "%s %siB" % (m.group(2), m.group(1)) if m else value
        point(written.get(name) == value, "the manual knows the limit " + name,
              "%s in the source, %s in the manual" % (value, written.get(name)))


def git(*command):
    subprocess.run(["git", "-c", "user.name=ada", "-c", "user.email=ada@example.com", "-c",
                    "init.defaultBranch=main", *command], check=True, stdout=subprocess.DEVNULL)


def world():
    """What the examples of the manual speak of, in the current folder."""
    recipe = os.path.join(SRC, "tests", "demo", "shop.recipe")
    subprocess.run([os.environ["MKIMAGE"], recipe, "oci:shop", "docker-archive:shop.tar"],
                   check=True)
    with open("Dockerfile", "w", encoding="utf-8") as f:
        f.write("FROM debian:12\nRUN cd /tmp\n")
    with open("sbom.json", "w", encoding="utf-8") as f:
        f.write('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}\n')
    with open("app.tar", "w", encoding="utf-8") as f:
        f.write("some bytes\n")
    git("init", "-q", ".")
    git("add", "Dockerfile")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "topic")
    git("commit", "-qm", "two", "--allow-empty")
    for key in ("release", "scan"):
        subprocess.run([PROGRAM, "keygen", "-o", key], check=False, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run([PROGRAM, "sign", "--key", "release.key", "--blob", "app.tar", "--bundle",
                    "app.sigstore.json"], check=False, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return json.loads(out(PROGRAM, "scan", "oci:shop", "-f", "json"))


def examples(folder):
    recipe = os.path.join(SRC, "tests", "demo", "shop.recipe")
    if "MKIMAGE" not in os.environ or not os.path.isfile(recipe):
        print("skip: examples of the manual: no mkimage")
        return
    os.environ["COSIGN_PASSWORD"] = "a password"
    os.mkdir(os.path.join(folder, "world"))
    os.chdir(os.path.join(folder, "world"))
    doc = world()
    shops = mockreg.Registry()
    subprocess.run([PROGRAM, "push", "-q", "oci:shop", shops.host + "/shop:1"], check=True)
    hidden = next(f["fingerprint"] for t in doc["targets"] for f in t["findings"]
                  if not f["visible"])
    for name in sorted(glob.glob(os.path.join(SRC, "docs", "man", "*.1"))):
        with open(name, encoding="utf-8") as f:
            lines = re.findall(r"^\.Dl \$ (.*)$", f.read(), re.M)
        for line in lines:
            script = line.replace("docker save shop", "cat shop.tar")
            for old, new in (("shop:1.4", "shop"), ("-o release", "-o another"),
                             ("docker://registry.example/", "docker://%s/" % shops.host),
                             ("91c3f7d2", hidden)):
                script = script.replace(old, new)
            script = re.sub(r"\bplimsoll (?=[a-z])", '"$PLIMSOLL" ', script)
            made = shutil.copytree(".", os.path.join("..", "copy"), symlinks=True)
            done = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, check=False,
                                  cwd=made, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            shutil.rmtree(made)
            point(done.returncode in (0, 1), "%s: %s" % (os.path.basename(name), line),
                  "exit %d: %s" % (done.returncode, done.stderr.decode()[-200:].strip()))


compare()
limits()
with tempfile.TemporaryDirectory(prefix="pl-manual-") as of_examples:
    examples(of_examples)
print("1..%d" % points)
sys.exit(bad != 0)
