#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each recipe here hides secrets; the .expect file beside it says what a scan tells of each.

A line of an .expect file is a directive or a finding that must be there:
  exit N          exit code of scan; 1 when nothing is said
  incomplete      the target may not be complete
  note CODE       a note with this code (a glob) must be there
  forms A B       these forms of image (oci oci-archive docker flat both stdin stdin-docker)
  TOKEN SURFACE PATH NESTED IN HID HOW VIS FORMS [offset=N] [line=N]
TOKEN is the name in the recipe; `-` is null or empty, `*` anything, a|b one of two; PATH and NESTED
(names joined by '!') are globs, %20 is a blank. FORMS is all, oci or docker (those without a
layout). Every secret reported must be one of the recipe's. In the first form each line is a point, and
the printed recover command must give the planted bytes."""

import base64
import concurrent.futures
import fnmatch
import hashlib
import os
import shlex
import sys
import tempfile
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import _images as im  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


class Line:
    """One expected finding."""

    def __init__(self, words):
        (self.token, self.surface, self.path, self.nested, self.introduced, self.hidden, self.how,
         self.visible, self.forms) = words[:9]
        self.path = urllib.parse.unquote(self.path)
        self.nested = urllib.parse.unquote(self.nested)
        self.more = dict(w.split("=", 1) for w in words[9:])

    def applies(self, form):
        layout = form in im.HAS_LAYOUT
        return self.forms in ("all", "oci" if layout else "docker", form)

    def name(self):
        return "%s: %s %s" % (self.token, self.surface, self.path)


class Expect:
    """An .expect file."""

    def __init__(self, path):
        self.exit, self.complete, self.notes, self.lines = None, True, [], []
        self.forms = ["oci", "docker", "both", "stdin"]
        with open(path, encoding="utf-8") as f:
            for words in (line.split() for line in f):
                if not words or words[0].startswith("#"):
                    continue
                if words[0] == "exit":
                    self.exit = int(words[1])
                elif words[0] == "incomplete":
                    self.complete = False
                elif words[0] == "note":
                    self.notes.append(words[1])
                elif words[0] == "forms":
                    self.forms = words[1:]
                else:
                    self.lines.append(Line(words))
        if self.exit is None:
            self.exit = 1 if self.lines else 0


def says(want, have):
    return want == "*" or ("-" if have is None else str(have)) in want.split("|")


def glob(want, have):
    if want == "*":
        return True
    if want == "-":
        return not have
    return any(fnmatch.fnmatchcase(have or "", w) for w in want.split("|"))


def layer_says(want, span, layers, form, wrong, what):
    """Checks an introduced or hidden object, its digests and instruction too."""
    index = span["index"] if span else None
    if not says(want, index):
        wrong.append("%s %s, not %s" % (what, index, want))
    if index is None or not layers or index >= len(layers):
        return
    truth = layers[index]
    if span["diff_id"] != truth["diff_id"]:
        wrong.append("%s has the wrong diff_id" % what)
    if form in im.HAS_LAYOUT and span["digest"] != truth["digest"]:
        wrong.append("%s has the wrong digest" % what)
    if truth["created_by"] and span["created_by"] not in (truth["created_by"], None):
        wrong.append("%s has the wrong instruction" % what)


def judge(line, found, layers, form):
    """What is wrong with a finding; an empty list when it is the expected one."""
    wrong, where = [], found["where"]
    if not says(line.surface, where["surface"]):
        wrong.append("surface %s, not %s" % (where["surface"], line.surface))
    if not glob(line.path, where["path"]):
        wrong.append("path %r, not %s" % (where["path"], line.path))
    if not glob(line.nested, "!".join(where["nested"])):
        wrong.append("nested %r, not %s" % (where["nested"], line.nested))
    layer_says(line.introduced, found["introduced"], layers, form, wrong, "introduced")
    layer_says(line.hidden, found["hidden"], layers, form, wrong, "hidden")
    how = found["hidden"]["how"] if found["hidden"] else None
    if not says(line.how, how):
        wrong.append("how %s, not %s" % (how, line.how))
    if not says(line.visible, "yes" if found["visible"] else "no"):
        wrong.append("visible %s, not %s" % (found["visible"], line.visible))
    for key, value in line.more.items():
        if not says(value, where[key]):
            wrong.append("%s %s, not %s" % (key, where[key], value))
    return wrong


def findings(report):
    """(target, finding) of all secrets."""
    return [(t, f) for t in report["targets"] for f in t["findings"] if f["kind"] == "secret"]


def layers_of(truth, target):
    images = truth["images"]
    for image in images:
        if target["platform"] == image["platform"] or target["digest"] == image["digest"]:
            return image["layers"]
    return images[0]["layers"] if len(images) == 1 else []


def best(line, report, truth, form):
    """The finding that fits best, and what is wrong with it."""
    value = truth["tokens"][line.token]
    tried = [(judge(line, f, layers_of(truth, t), form), f) for t, f in findings(report)
             if value.strip() in (f.get("secret") or "")]
    if not tried:
        return ["not found"], None
    return min(tried, key=lambda x: len(x[0]))


def unexpected(report, truth):
    """Secrets that the recipe did not plant."""
    values = [v.strip() for v in truth["tokens"].values()]
    return ["%s in %s %s: %s" % (f["rule"], f["where"]["surface"], f["where"]["path"], f["secret"])
            for _, f in findings(report)
            if not any(v in f["secret"] or f["secret"].strip() in v for v in values)]


def overall(expect, run, report, truth):
    """What is wrong with the run as a whole."""
    wrong = []
    if run.code != expect.exit:
        wrong.append("exit %d, not %d" % (run.code, expect.exit))
    codes = [n["code"] for t in report["targets"] for n in t["notes"]]
    for code in expect.notes:
        if not fnmatch.filter(codes, code):
            wrong.append("no note %s among %s" % (code, codes))
    if all(t["complete"] for t in report["targets"]) != expect.complete:
        wrong.append("complete is not %s; notes: %s" % (expect.complete, [
            (n["code"], n["where"], n["message"]) for t in report["targets"] for n in t["notes"]]))
    return wrong + ["planted by nobody: " + x for x in unexpected(report, truth)]


def holds(data, value):
    """Is the value in the bytes, as text of some encoding?"""
    forms = [value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be"),
             value.encode().hex().encode()]
    for _ in range(2):
        forms += [base64.b64encode(f) for f in forms[-1:]]
    return any(f in data for f in forms) or base64.b64encode(value.encode())[:-4] in data


def recovered(found, folder):
    """Runs the recover command as printed; returns (bytes or None, text of the failure)."""
    words = shlex.split(found["recover"])
    if words[:1] != ["plimsoll"]:
        return None, "no command: %r" % found["recover"]
    if "-o" not in words:
        words += ["-o", "-"]
    run = im.Run(words[1:], cwd=folder)
    out = words[words.index("-o") + 1]
    if run.code != 0:
        return None, "exit %d: %s" % (run.code, run.stderr.decode("utf-8", "replace"))
    if out == "-":
        return run.stdout, ""
    with open(os.path.join(folder, out), "rb") as f:
        data = f.read()
    os.unlink(os.path.join(folder, out))
    return data, ""


def recover_wrong(line, found, truth, folder):
    """What is wrong with the bytes that the command of a finding gives."""
    if found is None:
        return ["not found"]
    data, why = recovered(found, folder)
    if data is None:
        return [why]
    where = found["where"]
    facts = [f for f in truth["files"] if os.path.basename(f["path"].encode("latin-1").decode(
        "utf-8", "replace")) == os.path.basename(where["path"] or "") or f["nested"]]
    exact = hashlib.sha256(data).hexdigest() in [f["sha256"] for f in facts]
    if where["surface"] == "file" and not where["nested"]:
        return [] if exact else ["%d bytes that nobody planted" % len(data)]
    if exact or holds(data, truth["tokens"][line.token].strip()):
        return []
    return ["the value is not in the %d bytes" % len(data)]


def one_form(tap, name, form, target, truth, expect, folder, first):
    run = im.Run(["scan", "-f", "json", "--show-secrets", target[0]], stdin=target[1], timeout=120)
    report = run.report()
    if report is None:
        tap.point(False, "%s (%s): scan" % (name, form), "exit %d" % run.code,
                  run.stderr.decode("utf-8", "replace"))
        return
    wrong = overall(expect, run, report, truth)
    tap.point(not wrong, "%s (%s): exit code, notes, nothing unexpected" % (name, form), *wrong)
    missed, found = [], []
    for line in expect.lines:
        if line.applies(form):
            wrong, finding = best(line, report, truth, form)
            found.append((line, finding))
            if first:
                tap.point(not wrong, "%s: %s" % (name, line.name()), *wrong)
            elif wrong:
                missed.append("%s: %s" % (line.name(), "; ".join(wrong)))
    if first:
        recover_all(tap, name, found, truth, folder)
    elif found:
        tap.point(not missed, "%s (%s): every place" % (name, form), *missed)


def recover_all(tap, name, found, truth, folder):
    """One point for each finding's recover command; two run at a time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        waiting = []
        for i, (line, finding) in enumerate(found):
            own = os.path.join(folder, "recover-%d" % i)
            os.mkdir(own)
            waiting.append(pool.submit(recover_wrong, line, finding, truth, own))
        for (line, _), done in zip(found, waiting):
            wrong = done.result()
            tap.point(not wrong, "%s: %s: recover" % (name, line.token), *wrong)


def main():
    im.need("spec/forensics")
    tap = im.Tap()
    for recipe in im.recipes(HERE, sys.argv[1:]):
        name = os.path.basename(recipe)[:-len(".recipe")]
        expect = Expect(recipe[:-len("recipe")] + "expect")
        with tempfile.TemporaryDirectory(prefix="pl-forensics-") as folder:
            targets, truth = im.build(recipe, folder, expect.forms)
            for i, form in enumerate(expect.forms):
                one_form(tap, name, form, targets[form], truth, expect, folder, i == 0)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
