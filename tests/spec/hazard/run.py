#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each recipe here is damage or an attack; its `#:` lines say what a scan must answer.

  #: exit N [M…]     exit code; 3 when nothing is said
  #: note CODE|CODE  one of these codes (globs) among the notes; repeated lines must all hold
  #: says TEXT       the text on standard error (for what is no image at all)
  #: finds TOKEN     this secret of the recipe is reported all the same
  #: lacks TEXT      this text is nowhere in the output
  #: forms A B       forms of image (oci oci-archive docker flat both stdin); default oci oci-archive
  #: complete        the damage costs no byte: nothing is incomplete
  #: args A B        more arguments for scan
  #: seconds N       instead of 10
Every run must end within 10 seconds (longer on a machine that is busy otherwise) and 64 MiB, without
a crash, and, unless it is complete, with a note that says where and a result that is not clean."""

import fnmatch
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import _images as im  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PEAK = 64 << 20


class Want:
    """The `#:` lines of a recipe."""

    def __init__(self, path):
        self.exit, self.notes, self.says, self.finds, self.lacks = [3], [], [], [], []
        self.forms, self.complete, self.args = ["oci", "oci-archive"], False, []
        self.seconds = 10.0
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            for line in f:
                if line.startswith("#:"):
                    words = line[2:].split()
                    self.take(words[0], words[1:])

    def take(self, key, rest):
        if key == "exit":
            self.exit = [int(x) for x in rest]
        elif key == "note":
            self.notes.append(rest[0])
        elif key in ("says", "lacks"):
            getattr(self, key).append(" ".join(rest))
        elif key in ("finds", "args"):
            getattr(self, key).extend(rest)
        elif key == "forms":
            self.forms = rest
        elif key == "complete":
            self.complete = True
        elif key == "seconds":
            self.seconds = float(rest[0])
        else:
            raise SystemExit("unknown directive %s" % key)


def notes_wrong(want, report):
    wrong = []
    notes = [n for t in report["targets"] for n in t["notes"]]
    codes = [n["code"] for n in notes]
    for pattern in want.notes:
        if not any(fnmatch.fnmatchcase(c, p) for c in codes for p in pattern.split("|")):
            wrong.append("no note %s among %s" % (pattern, [
                (n["code"], n["where"], n["message"]) for n in notes]))
    if want.complete:
        if report["summary"]["incomplete"]:
            wrong.append("incomplete: %s" % notes)
        return wrong
    if not report["summary"]["incomplete"]:
        wrong.append("the result says it is complete; notes: %s" % codes)
    if not any(n["where"] and n["message"] for n in notes):
        wrong.append("no note says where: %s" % notes)
    return wrong


def finds_wrong(want, report, truth):
    secrets = [f.get("secret") or "" for t in report["targets"] for f in t["findings"]]
    return ["%s is not found" % name for name in want.finds
            if not any(truth["tokens"][name].strip() in s for s in secrets)]


def judge(want, run, truth, measured):
    """What is wrong with one run."""
    wrong = []
    text = run.stderr.decode("utf-8", "replace")
    if run.code not in want.exit:
        wrong.append("exit %d, not %s; %s" % (run.code, want.exit, text[-600:]))
    if run.cpu > want.seconds or run.seconds > want.seconds * im.busy():
        wrong.append("%.1f seconds, %.1f of them at work" % (run.seconds, run.cpu))
    if measured and run.peak > PEAK:
        wrong.append("%.1f MiB" % (run.peak / (1 << 20)))
    wrong += ["stderr does not say %r: %s" % (s, text) for s in want.says if s not in text]
    both = run.stdout + run.stderr
    wrong += ["the output holds %r" % s for s in want.lacks if s.encode() in both]
    report = run.report()
    if report is None:
        if 2 not in want.exit:
            wrong.append("no report")
        return wrong
    return wrong + notes_wrong(want, report) + finds_wrong(want, report, truth)


def main():
    im.need("spec/hazard")
    tap = im.Tap()
    measured = not os.environ.get("PL_SANITIZED")
    for recipe in im.recipes(HERE, sys.argv[1:]):
        name = os.path.basename(recipe)[:-len(".recipe")]
        want = Want(recipe)
        with tempfile.TemporaryDirectory(prefix="pl-hazard-") as folder:
            targets, truth = im.build(recipe, folder, want.forms)
            for form in want.forms:
                target, stdin = targets[form]
                run = im.Run(["scan", "-f", "json", "--show-secrets", *want.args, target],
                             stdin=stdin, timeout=want.seconds * im.busy() + 20, measure=True)
                wrong = judge(want, run, truth, measured)
                tap.point(not wrong, "%s (%s): exit %s, %.1f s, %.0f MiB" % (
                    name, form, run.code, run.seconds, run.peak / (1 << 20)), *wrong)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
