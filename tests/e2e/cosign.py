#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The cosign personality where nobody verifies: what is downloaded is what was asked for, and flags that
are taken do what they say."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
import gate as g  # noqa: E402
from mockreg import Registry  # noqa: E402


def cosign(*words):
    return g.run("as", "cosign", *words)


def downloads():
    """A signature that is a bundle is no attestation."""
    reg = Registry()
    for tag, flag in (("both", []), ("bundle", ["--new-bundle-format=true"]), ("old", ["--new-bundle-format=false"])):
        g.image(reg, "app/web", tag, text=tag)
        ref = "%s/app/web:%s" % (reg.host, tag)
        r = cosign("sign", "--key", "rel.key", "--tlog-upload=false", *flag, ref)
        g.point(r.code == 0, "signed: " + tag, r)
        r = cosign("download", "attestation", ref)
        g.point(r.code == 1 and "no attestations" in r.text, "no attestation: " + tag, r)
        r = cosign("download", "signature", ref)
        g.point(r.code == 0 and len(r.out.splitlines()) == 1, "one signature: " + tag, r)
        with open("p.json", "w", encoding="utf-8") as f:
            json.dump({"x": 1}, f)
        for kind in ("custom", "openvex"):
            r = cosign("attest", "--key", "rel.key", "--tlog-upload=false", "--type", kind, "--predicate", "p.json",
                       *flag, ref)
            g.point(r.code == 0, "attested: %s, %s" % (tag, kind), r)
        n = 2 if tag == "both" else 1
        r = cosign("download", "attestation", ref)
        g.point(r.code == 0 and len(r.out.splitlines()) == 2 * n, "attestations: " + tag, r)
        r = cosign("download", "attestation", "--predicate-type", "openvex", ref)
        g.point(r.code == 0 and len(r.out.splitlines()) == n, "attestations of one type: " + tag, r)
        r = cosign("download", "attestation", "--predicate-type=vuln", ref)
        g.point(r.code == 1 and "no attestations" in r.text, "none of another type: " + tag, r)
        r = cosign("download", "signature", ref)
        g.point(r.code == 0 and len(r.out.splitlines()) == 1, "one signature still: " + tag, r)
    reg.close()


def flags():
    reg = Registry()
    g.image(reg, "app/web", "1")
    ref = "%s/app/web:1" % reg.host
    r = cosign("download", "attestation", "--predicate-type", "nonsense", ref)
    g.point(r.code == 1 and "invalid predicate type" in r.text, "a type that is none", r)
    r = cosign("tree", "--predicate-type", "vuln", ref)
    g.point(r.code == 1 and "--predicate-type" in r.text, "a flag of another verb", r)
    for value in ("3m0s", "0", "0s", "500ms", "1h30m", "90s"):
        r = cosign("tree", "--timeout", value, ref)
        g.point(r.code == 0, "--timeout " + value, r)
    for value in ("3", "x", "5 s", "-1s", "", "s", "9999999h"):
        r = cosign("tree", "--timeout=" + value, ref)
        g.point(r.code == 1 and "--timeout" in r.text, "--timeout '%s' is none" % value, r)
    reg.close()


def main():
    if b"libsodium" in g.run("keygen", "-q", "-o", "probe").err:
        print("1..0 # SKIP built without libsodium")
        return 0
    r = g.run("tags", "--retries", "0", "localhost:1/x")
    if b"not in this build" in r.err or b"libcurl" in r.err:
        print("1..0 # SKIP built without registries")
        return 0
    g.key("rel")
    downloads()
    flags()
    print("1..%d" % g.points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
