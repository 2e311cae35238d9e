#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Policies that are taken and policies that are refused, with the line and the reason; and whether
the published schema agrees with the reader."""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROGRAM = os.environ["PLIMSOLL"]
points = 0


def point(good, name, why=""):
    global points
    points += 1
    print("%sok %d - %s%s" % ("" if good else "not ", points, name,
                              "" if good else ": " + str(why)[-300:].replace("\n", " | ")))


def samples(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        text = "".join(line for line in f if not line.startswith("#"))
    return text.split("---\n")


def run(*words, text=None):
    if text is not None:
        with open("policy.yaml", "w", encoding="utf-8") as f:
            f.write(text)
    return subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60,
                          env=dict(os.environ, PLIMSOLL_PASSWORD="x"))


def ask(text):
    """Exit 2 without the policy's name: an image's; the policy was taken."""
    with open("cases.yaml", "w", encoding="utf-8") as f:
        f.write("cases:\n  - { ref: zz.example/x, expect: deny }\n")
    return run("gate", "test", "--policy", "policy.yaml", "cases.yaml", text=text)


def validator():
    try:
        import jsonschema
        import yaml
    except ImportError:
        return None, None

    class Strict(yaml.SafeLoader):  # dates stay as they are written
        pass
    Strict.yaml_implicit_resolvers = {
        k: [x for x in v if x[0] in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:bool")]
        for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    Strict.yaml_implicit_resolvers = {
        k: [(t, re.compile("^(true|false)$") if t.endswith("bool") else x) for t, x in v]
        for k, v in Strict.yaml_implicit_resolvers.items()}
    with open(os.path.join(ROOT, "docs", "formats", "policy-v1.schema.json"), encoding="utf-8") as f:
        schema = jsonschema.Draft202012Validator(json.load(f))
    return schema, lambda text: yaml.load(text, Loader=Strict)


def main():
    r = run("keygen", "-q", "-o", "k")
    run("keygen", "-q", "-o", "o")
    if r.returncode:
        print("1..0 # SKIP built without libsodium")
        return 0
    with open("vex.json", "w", encoding="utf-8") as f:
        f.write('{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}')
    schema, load = validator()
    if not schema:
        print("skip: policy-schema: no jsonschema and yaml for python")
    for i, text in enumerate(samples("good.txt")):
        r = ask(text)
        point(r.returncode == 0, "good %d is taken" % (i + 1), r.stderr.decode())
        if schema:
            bad = [e.message for e in schema.iter_errors(load(text))]
            point(not bad, "good %d by the schema" % (i + 1), bad)
    for text in samples("bad.txt"):
        head, text = text.split("\n", 1)
        by_schema = head.startswith("schema ")
        line, reason = head.removeprefix("schema ").split(" ", 1)
        r = ask(text)
        err = r.stderr.decode()
        point(r.returncode == 2 and reason in err and
              re.search(r"policy\.yaml(:%s:|: .*line %s\b|: .*%s:)" % (line, line, line), err),
              "refused: line %s, %s" % (line, reason), err or r.stdout.decode())
        if schema and by_schema:
            point(bool(list(schema.iter_errors(load(text)))), "by the schema, too: %s" % reason)
    print("1..%d" % points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
