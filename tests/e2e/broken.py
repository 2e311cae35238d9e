#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cannot be read is never clean, and what can be is told all the same: `secrets dir|git|stdin`,
`scan dir:|git:` and the gitleaks personality on broken repositories, missing objects, unreadable files,
rules and configurations that are none, lines without end and rubbish.

tests/e2e/broken.py [--line-mb 24]: the length of the one line; `make soak` gives 1000."""

import argparse
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLIMSOLL = os.path.abspath(os.environ.get("PLIMSOLL") or os.path.join(ROOT, "build", "plimsoll"))
ENV = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITLEAKS_"))}
ENV.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="A",
           GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="A",
           GIT_COMMITTER_EMAIL="a@example.org")
points = failed = 0


def point(name, good, why=""):
    global points, failed
    points += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", points, name), flush=True)
    for line in [] if good else str(why).split("\n")[-12:]:
        print("# " + line[:300])


def token(seed):
    """A token that both rule sets know."""
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
    chance = random.Random(seed)
    return "gh" + "p_" + "".join(chance.choice(letters) for _ in range(36))


class Ran:
    """One run: status, messages, and where findings are."""

    def __init__(self, args, feed=None, unprivileged=False):
        become = (lambda: os.setuid(65534)) if unprivileged and os.getuid() == 0 else None
        done = subprocess.run([PLIMSOLL, *args], input=feed, env=ENV, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, preexec_fn=become)
        self.status, self.said = done.returncode, done.stderr.decode("utf-8", "replace")
        self.codes, self.found = [], []
        try:
            report = json.loads(done.stdout)
        except ValueError:
            report = []
        if isinstance(report, dict):
            for target in report.get("targets", []):
                self.codes += [n["code"] for n in target["notes"]]
                self.found += [f["where"]["path"] for f in target["findings"]]
        else:
            self.found = [os.path.basename(f["File"]) for f in report]

    def __str__(self):
        return "status %d, notes %s, found %s\n%s" % (self.status, self.codes, self.found, self.said)


def native(kind, path, **more):
    """Both verbs that read it."""
    yield "secrets " + kind, Ran(["secrets", kind, path, "-f", "json"], **more)
    yield "scan %s:" % kind, Ran(["scan", "%s:%s" % (kind, path), "-f", "json"], **more)


def as_gitleaks(*args, **more):
    return Ran(["as", "gitleaks", *args, "--no-banner", "-f", "json", "-r", "-"], **more)


def git(folder, *args):
    return subprocess.run(["git", "-C", folder, *args], env=ENV, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode().strip()


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)


def make_repository(folder):
    os.makedirs(folder)
    git(folder, "init", "-q", "-b", "main")
    for name in ("one", "two"):
        write(os.path.join(folder, name + ".env"), b"token = %s\n" % token(name).encode())
        git(folder, "add", ".")
        git(folder, "commit", "-qm", name)


def broken_copies():
    """Name, how it is broken, and whether something of it can still be found."""
    def loses(revision):
        def lose(repo):
            oid = git("repo", "rev-parse", revision)
            os.unlink("%s/.git/objects/%s/%s" % (repo, oid[:2], oid[2:]))
        return lose
    yield "a missing blob", loses("HEAD:two.env"), True
    yield "a missing tree", loses("HEAD^{tree}"), False
    yield "a missing commit", loses("HEAD~1"), False
    yield "a HEAD of rubbish", lambda r: write(r + "/.git/HEAD", b"\xff\x00rubbish\n"), False
    yield "no objects", lambda r: shutil.rmtree(r + "/.git/objects"), False
    yield "a configuration of rubbish", lambda r: write(r + "/.git/config", b"[core\n\x00"), False
    yield "an object of rubbish", lambda r: rubbish_object(r), True


def rubbish_object(repo):
    oid = git("repo", "rev-parse", "HEAD:two.env")
    path = "%s/.git/objects/%s/%s" % (repo, oid[:2], oid[2:])
    os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)
    write(path, b"\x78\x9cnot deflated at all")


def repositories():
    make_repository("repo")
    for name, ran in native("git", "repo"):
        point("%s: what is whole is told" % name, ran.status == 1 and len(ran.found) == 2, ran)
    for n, (what, spoil, some) in enumerate(broken_copies()):
        copy = "broken%d" % n
        shutil.copytree("repo", copy, symlinks=True)
        spoil(copy)
        for name, ran in native("git", copy):
            lost = any(c != "incomplete" for c in ran.codes) or "error" in ran.said or ran.said
            good = ran.status in (2, 3) or (ran.status == 1 and ran.found and ran.codes)
            point("%s: %s is not clean, and said" % (name, what), good and lost, ran)
            if some:
                point("%s: %s: the rest is told" % (name, what), "one.env" in ran.found, ran)
        ran = as_gitleaks("git", copy)
        point("as gitleaks git: %s is not clean, and said" % what, ran.status == 1 and ran.said, ran)
    write("plain/x", b"text\n")
    for name, ran in native("git", "plain"):
        point("%s: no repository" % name, ran.status == 2 and "repository" in ran.said, ran)
    ran = as_gitleaks("git", "plain")
    point("as gitleaks git: no repository", ran.status == 1 and ran.said, ran)


def unreadable():
    write("locked/open.env", b"token = %s\n" % token("open").encode())
    write("locked/shut.env", b"token = %s\n" % token("shut").encode())
    write("locked/folder/x.env", b"token = %s\n" % token("folder").encode())
    os.chmod("locked/shut.env", 0)
    os.chmod("locked/folder", 0)
    for folder in (os.getcwd(), os.path.join(os.getcwd(), "locked")):
        os.chmod(folder, 0o755)
    try:
        Ran(["--version"], unprivileged=True)
    except OSError:
        print("skip: e2e/broken unreadable: another user cannot run the program here")
        return
    for name, ran in native("dir", "locked", unprivileged=True):
        point("%s: a file and a folder that may not be read are named, the rest is told" % name,
              ran.found == ["open.env"] and "shut.env" in ran.said and "folder" in ran.said and
              ran.codes, ran)
    ran = as_gitleaks("dir", "locked", unprivileged=True)
    point("as gitleaks dir: the same", ran.status == 1 and ran.found == ["open.env"] and
          "shut.env" in ran.said, ran)
    os.unlink("locked/open.env")
    for name, ran in native("dir", "locked", unprivileged=True):
        point("%s: with nothing found it is exit 3" % name, ran.status == 3, ran)
    ran = as_gitleaks("dir", "locked", unprivileged=True)
    point("as gitleaks dir: with nothing found it is exit 1", ran.status == 1, ran)
    os.chmod("locked/folder", 0o755)
    for name, ran in native("dir", "absent"):
        point("%s: no such folder" % name, ran.status == 2 and "absent" in ran.said, ran)
    ran = as_gitleaks("dir", "absent")
    point("as gitleaks dir: no such folder", ran.status == 1 and "absent" in ran.said, ran)


RULE = """[[rule]]
id = "%s"
title = "A thing"
category = "other"
severity = "high"
why = "It is one."
fix = "Take it away."
confidence = "high"
keywords = ["thing_"]
regex = '''%s'''
yes = ["thing_0123456789"]
no = ["thing_x"]
"""


def rules():
    write("text/a", b"text\n")
    bad = {"a regex that is none": ("rule.toml", (RULE % ("mine-thing", "thing_([0-9]+")).encode()),
           "TOML that is none": ("toml.toml", b"[[rule]\nid = \n\x01"),
           "rubbish": ("rubbish.toml", bytes(range(256)))}
    for what, (name, data) in bad.items():
        write(name, data)
        for verb, args in (("secrets dir", ["secrets", "dir", "text"]),
                           ("scan dir:", ["scan", "dir:text"]), ("stdin", ["secrets", "stdin"])):
            ran = Ran([*args, "--rules", name], feed=b"text\n")
            point("%s: %s among the rules" % (verb, what), ran.status == 2 and name in ran.said, ran)
    configs = {"a regex that is none": b"[[rules]]\nid = 'a'\nregex = '''thing_([0-9]+'''\n",
               "TOML that is none": b"[[rules]\nid = \n", "rubbish": bytes(range(256)),
               "an extended file that is not there": b"[extend]\npath = 'nowhere.toml'\n"}
    for what, data in configs.items():
        write("gl.toml", data)
        for verb, args in (("dir", ["dir", "text"]), ("git", ["git", "repo"]), ("stdin", ["stdin"])):
            ran = as_gitleaks(*args, "-c", "gl.toml", feed=b"text\n")
            point("as gitleaks %s: %s" % (verb, what), ran.status == 1 and ran.said and
                  not ran.found, ran)
    write("own/.gitleaks.toml", configs["TOML that is none"])
    ran = as_gitleaks("dir", "own")
    point("as gitleaks dir: a broken configuration that it finds itself", ran.status == 1 and
          ran.said, ran)
    write("base.json", b"{ no report")
    ran = as_gitleaks("dir", "text", "-b", "base.json")
    point("as gitleaks dir: a baseline that is none", ran.status == 1 and "base.json" in ran.said,
          ran)
    ran = Ran(["secrets", "dir", "text", "--baseline", "base.json"])
    point("secrets dir: a baseline that is none", ran.status == 2 and "base.json" in ran.said, ran)


def rubbish():
    noise = random.Random(5).randbytes(1 << 20).replace(b"\n", b"")
    write("noise/plain.bin", noise)
    write("held/in.bin", noise + b"\0token = %s\0" % token("bin").encode() + noise)
    for name, ran in native("dir", "noise"):
        point("%s: rubbish is read and clean" % name, ran.status == 0 and not ran.found, ran)
    for name, ran in native("dir", "held"):
        point("%s: a token in rubbish is found" % name, ran.status == 1 and ran.found == ["in.bin"],
              ran)
    ran = Ran(["secrets", "stdin", "-f", "json"], feed=noise + token("bin").encode() + b"\n")
    point("secrets stdin: a token behind rubbish is found", ran.status == 1 and ran.found, ran)
    ran = as_gitleaks("dir", "noise")
    point("as gitleaks dir: rubbish is read and clean", ran.status == 0 and not ran.found, ran)


def line_without_end(megabytes):
    """One line with a token at its end; nothing of it may be lost, nor much memory taken."""
    piece = (b"plain words and numbers %d; " * 40000) % tuple(range(40000))
    os.makedirs("line", exist_ok=True)
    with open("line/one.txt", "wb") as out:
        while out.tell() < megabytes * 1000000:
            out.write(piece)
        out.write(b" token = %s" % token("line").encode())
    for name, ran in native("dir", "line"):
        point("%s: a token at the end of a line of %d MB" % (name, megabytes),
              ran.status == 1 and ran.found == ["one.txt"], ran)
    ran = as_gitleaks("dir", "line")
    point("as gitleaks dir: the same", ran.status == 1 and ran.found == ["one.txt"], ran)
    for name, args in (("secrets stdin", ["secrets", "stdin", "-f", "json"]),
                       ("as gitleaks stdin", ["as", "gitleaks", "stdin", "--no-banner", "-f", "json",
                                              "-r", "-"])):
        with open("line/one.txt", "rb") as feed:
            done = subprocess.run([PLIMSOLL, *args], stdin=feed, env=ENV, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
        point(name + ": the same", done.returncode == 1 and b"github" in done.stdout,
              done.stderr.decode("utf-8", "replace"))
    git("line", "init", "-q")
    git("line", "-c", "core.bigFileThreshold=1m", "add", "one.txt")
    git("line", "commit", "-qm", "one")
    for name, ran in native("git", "line"):
        point("%s: the same" % name, ran.status == 1 and ran.found == ["one.txt"], ran)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--line-mb", type=int, default=24)
    o = parser.parse_args()
    if not shutil.which("git"):
        print("1..0 # SKIP no git")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        repositories()
        unreadable()
        rules()
        rubbish()
        line_without_end(o.line_mb)
        os.chdir("/")
    print("1..%d" % points)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
