#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/corpus/saved_result: one small saved result and what is wrong with its relatives."""

import copy
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(os.path.dirname(HERE), "corpus", "saved_result")


def layer(i):
    return {"index": i, "digest": "sha256:%d" % i, "diff_id": None, "created_by": "RUN a; rm b"}


def finding():
    return {
        "kind": "secret", "rule": "secret/x", "aliases": ["y"], "severity": "high",
        "title": "a token",
        "why": "w", "fix": "f",
        "where": {"surface": "file", "path": "a/\u202eb\x1b<i>`|::error::", "line": 1, "column": 2,
                  "end_line": 1, "end_column": 9, "offset": 1, "nested": ["c.zip"]},
        "introduced": layer(0), "hidden": dict(layer(1), how="whiteout"), "visible": False,
        "recover": "plimsoll recover x a --layer 0 -o f", "evidence": "t\u2026(sha256:0a0b0c0d)",
        "fingerprint": "00ff"}


def result():
    plain = finding()
    plain.update(introduced=None, hidden=None, visible=True, recover=None, evidence=None,
                 severity="info", secret="s", baseline="new")
    plain["where"].update(surface="env", path=None, line=None, column=None, end_line=None,
                          end_column=None, nested=[])
    return {
        "schema": 1, "tool": {"name": "plimsoll", "version": "0", "rules": "r", "db": None},
        "targets": [{
            "name": "oci:x", "kind": "image", "digest": None, "platform": "linux/amd64",
            "complete": False,
            "notes": [{"scope": "layer", "where": "layer 1", "code": "truncated", "message": "m"},
                      {"scope": "run", "where": "", "code": "sandbox-degraded", "message": "m"}],
            "layers": [dict(layer(i), bytes=7 * i, files=i) for i in range(2)],
            "packages": [], "findings": [finding(), finding(), plain]}],
        "summary": {"critical": 0, "high": 2, "medium": 0, "low": 0, "info": 1, "incomplete": True},
        "fixed": [{"target": "t", "rule": "r", "severity": "low", "title": "t",
                   "where": plain["where"], "fingerprint": "1"}]}


def put(name, value):
    text = value if isinstance(value, str) else json.dumps(value, indent=1)
    with open(os.path.join(OUT, name), "w", encoding="utf-8") as f:
        f.write(text)


def main():
    os.makedirs(OUT, exist_ok=True)
    good = result()
    put("whole", good)
    put("no-targets", dict(good, targets=[], fixed=[]))
    put("should-fail-cut", json.dumps(good)[:-20])
    put("should-fail-schema", dict(good, schema=2))
    put("should-fail-empty", "")
    put("should-fail-deep", "[" * 40 + "]" * 40)
    for name, path, value in [
            ("layer-unlisted", ["introduced", "index"], 2),
            ("layer-huge", ["hidden", "index"], 1 << 40),
            ("how", ["hidden", "how"], "magic"), ("surface", ["where", "surface"], 3),
            ("line-negative", ["where", "line"], -1), ("nested-null", ["where", "nested"], None),
            ("severity", ["severity"], "awful"), ("visible", ["visible"], "no")]:
        broken = copy.deepcopy(good)
        at = broken["targets"][0]["findings"][0]
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        put("should-fail-" + name, json.loads(json.dumps(broken)))


if __name__ == "__main__":
    main()
