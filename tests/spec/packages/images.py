#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packages of images: each recipe here, and what the .packages file beside it says is in it.

A line of a .packages file: `exit N`, `note CODE`, or a package as PURL INTRODUCED HIDDEN VISIBLE
OWNER, `-` for none. Every package must be named. Then the image's own inventory, in both forms, must
hold the same packages: `scan sbom:FILE` gives what `scan` of the image gave, member for member, and so
does a saved result that is read again."""

import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import _images as im  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FORMS = {"cyclonedx-json": "image.cdx.json", "spdx-json": "image.spdx.json"}


def read_expected(path):
    """(exit code, notes, sorted packages)."""
    code, notes, packages = 0, [], []
    with open(path, encoding="utf-8") as f:
        for words in (line.split() for line in f):
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "exit":
                code = int(words[1])
            elif words[0] == "note":
                notes.append(words[1])
            else:
                packages.append(tuple(words))
    return code, notes, sorted(packages)


def line_of(package):
    def layer(event):
        return "-" if event is None else str(event["index"])
    return (package["purl"], layer(package["introduced"]), layer(package["hidden"]),
            "yes" if package["visible"] else "no", package["owned_by"] or "-")


def packages_of(arguments, folder):
    """(exit code, packages, note codes) of a scan."""
    out = os.path.join(folder, "result.json")
    run = im.Run(["scan", "-q", "--no-store", "--fail-on", "none", "-f", "json=" + out, *arguments])
    if not os.path.exists(out):
        return run.code, None, run.stderr
    with open(out, encoding="utf-8") as f:
        target = json.load(f)["targets"][0]
    return run.code, target["packages"], [n["code"] for n in target["notes"]]


def difference(have, want):
    text = ["missing %s" % (p,) for p in want if p not in have]
    return text + ["extra %s" % (p,) for p in have if p not in want]


def round_trip(tap, name, target, packages, folder):
    outs = []
    for form, file in FORMS.items():
        outs += ["-f", "%s=%s" % (form, os.path.join(folder, file))]
    im.Run(["sbom", "-q", *outs, target])
    for form, file in FORMS.items():
        _, again, said = packages_of(["sbom:" + os.path.join(folder, file)], folder)
        tap.point(again == packages, "%s: the same from its %s" % (name, form), said,
                  *difference(again or [], packages))
    with open(os.path.join(folder, "saved.json"), "w", encoding="utf-8") as f:
        f.write(im.Run(["scan", "-q", "--no-store", "-f", "json", target]).stdout.decode())
    _, again, said = packages_of(["--from", os.path.join(folder, "saved.json")], folder)
    tap.point(again == packages, "%s: the same from a saved result" % name, said,
              *difference(again or [], packages))


def one(tap, recipe):
    name = os.path.basename(recipe)[:-len(".recipe")]
    code, notes, want = read_expected(recipe[:-len(".recipe")] + ".packages")
    with tempfile.TemporaryDirectory() as folder:
        targets, _ = im.build(recipe, folder, ["oci"])
        target = targets["oci"][0]
        got, packages, said = packages_of([target], folder)
        have = sorted(line_of(p) for p in packages or [])
        tap.point(have == want, "%s: packages" % name, *difference(have, want))
        tap.point(got == code and all(n in said for n in notes), "%s: exit %d" % (name, code),
                  "exit %d" % got, "notes %s" % said)
        round_trip(tap, name, target, packages, folder)


def main():
    im.need("package images")
    tap = im.Tap()
    for recipe in im.recipes(HERE, sys.argv[1:]):
        one(tap, recipe)
    return tap.end()


sys.exit(main())
