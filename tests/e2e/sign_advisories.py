#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What went wrong in other verifiers and needs a signature that holds to be tried: signed documents that
are not what they seem, time stamps with a foreign certificate in them. The table in README.md says where the
other advisories are tried."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
import gate as g  # noqa: E402
import keyless as k  # noqa: E402
from mockreg import MANIFEST, Registry  # noqa: E402

VULN = "https://cosign.sigstore.dev/attestation/vuln/v1"
WHO, ISSUER = "https://code.example/who", "https://issuer.example"


def put(reg, image, suffix, kind, data, annotations):
    """One object alone under its tag."""
    layer = {"mediaType": kind, **reg.blob("app", data), "annotations": annotations}
    reg.manifest("app", {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer], "config": {
        "mediaType": k.CONFIG, **reg.blob("app", b"{}")}}, MANIFEST, image.replace(":", "-") + suffix)


def verify(reg, *flags):
    return g.run("verify", "-f", "json", *flags, reg.host + "/app:1")


def refused(r, name):
    doc = json.loads(r.out) if r.out else {}
    reasons = [s.get("reason") for s in doc.get("signatures", []) if not s.get("ok")]
    g.point(r.code in (3, 4) and not doc.get("verified") and (reasons or r.err), name, r)


def payloads(key):
    """Simple signing, each payload truly signed."""
    reg = Registry()
    d = g.image(reg, "app", "1")["digest"]
    good = k.compact({"critical": {"identity": {"docker-reference": reg.host + "/app"},
                                   "image": {"docker-manifest-digest": d},
                                   "type": "cosign container image signature"}, "optional": None})
    other = b"sha256:" + b"1" * 64

    def case(data):
        put(reg, d, ".sig", k.SIMPLE, data, {"dev.cosignproject.cosign/signature": k.b64(key.sign(data))})
        return verify(reg, "--key", "k.pub")
    g.point(case(good).code == 0, "a payload as it should be", "")
    for name, data in (
            ("another image", good.replace(d.encode(), other)),
            ("two images, the right one first", good.replace(
                b'"type"', b'"image":{"docker-manifest-digest":"%s"},"type"' % other)),
            ("two images, the right one last", good.replace(
                b'{"identity"', b'{"image":{"docker-manifest-digest":"%s"},"identity"' % other)),
            ("invalid UTF-8", good.replace(b'"optional":null', b'"optional":{"\xff":1}')),
            ("another type", good.replace(b"cosign container", b"Cosign container")),
            ("no type", good.replace(b'"type":"cosign container image signature"', b'"x":1')),
            ("a digest of an unknown algorithm", good.replace(b"sha256:", b"md5:")),
            ("not JSON (CVE-2026-39395)", b"x" + good), ("trailing data", good + b"{}"),
            ("too deep", good.replace(b"null", b"[" * 80 + b"]" * 80)),
            ("a list", b"[" + good + b"]")):
        refused(case(data), "signed payload: " + name)
    reg.close()


def statements(key):
    """Attestations, each statement truly signed."""
    reg = Registry()
    d = g.image(reg, "app", "1")["digest"]
    good = k.compact({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": VULN, "predicate": {},
                      "subject": [{"name": reg.host + "/app", "digest": {"sha256": d.split(":")[1]}}]})

    def case(data, kind=k.STATEMENT, signed=None, more=None):
        pae = b"DSSEv1 %d %s %d %s" % (len(signed or kind), (signed or kind).encode(), len(data), data)
        envelope = {"payloadType": kind, "payload": k.b64(data),
                    "signatures": [{"keyid": "", "sig": k.b64(key.sign(pae))}], **(more or {})}
        put(reg, d, ".att", k.DSSE, json.dumps(envelope).encode(),
            {"dev.cosignproject.cosign/signature": "", "predicateType": VULN})
        return verify(reg, "--key", "k.pub", "--type", "vuln")
    g.point(case(good).code == 0, "a statement as it should be", "")
    for name, data in (
            ("another subject", good.replace(d.split(":")[1].encode(), b"1" * 64)),
            ("another type, the annotation says the wanted one (CVE-2022-35929)",
             good.replace(b"/vuln/v1", b"/v1")),
            ("two types, the right one first", good.replace(b'"subject"', b'"predicateType":"x","subject"')),
            ("two types, the right one last", good.replace(b'{"_type"', b'{"predicateType":"x","_type"')),
            ("invalid UTF-8", good.replace(b'"predicate":{}', b'"predicate":{"\xff":1}')),
            ("a digest of an unknown algorithm", good.replace(b'"sha256":"', b'"md5":"')),
            ("no subject", good.replace(b'"subject":[', b'"subjects":[')),
            ("another kind of statement", good.replace(b"Statement/v0.1", b"Statement/v9")),
            ("not JSON (CVE-2026-39395)", b"x" + good)):
        refused(case(data), "signed statement: " + name)
    refused(case(good, kind="text/plain"), "a payload of another type, truly signed")
    refused(case(good, kind="text/plain", signed=k.STATEMENT), "the type is part of what is signed")
    r = g.run("verify", "--key", "k.pub", reg.host + "/app:1")
    g.point(r.code == 4, "an attestation is no signature (CVE-2022-35930)", r)
    reg.close()


def stamps():
    """CVE-2026-39984: the certificate of a time stamp is the one that its signer names."""
    reg = Registry()
    world, foreign = k.World(), k.World()
    with open("root.json", "w", encoding="utf-8") as f:
        json.dump(world.root(), f)
    cases = (("ours alone", lambda s: world.stamp(s), True),
             ("ours, a foreign leaf behind it", lambda s: world.stamp(s, foreign.stamper), True),
             ("ours, a foreign leaf first", lambda s: world.stamp(s, foreign.stamper, True), True),
             ("foreign", lambda s: foreign.stamp(s), False),
             ("foreign, our leaf behind it", lambda s: foreign.stamp(s, world.stamper), False),
             ("foreign, our leaf first", lambda s: foreign.stamp(s, world.stamper, True), False),
             ("ours, of something else", lambda s: world.stamp(s + b"x"), False))
    for i, (name, stamp, good) in enumerate(cases):
        d = g.image(reg, "app", "1", text=str(i))["digest"]
        k.Signer(world, WHO, ISSUER).sign(reg, "app", d, stamp=stamp)
        r = verify(reg, "--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER,
                   "--trusted-root", "root.json")
        doc = json.loads(r.out) if r.out else {"signatures": []}
        said = [c["state"] for s in doc["signatures"] for c in s["checks"] if c["name"] == "timestamp"]
        g.point((r.code == 0 and said == ["done"]) if good else (r.code != 0 and said != ["done"]),
                "time stamp: " + name, r)
    reg.close()


def main():
    if b"libsodium" in g.run("keygen", "-q", "-o", "probe").err:
        print("1..0 # SKIP built without libsodium")
        return 0
    r = g.run("tags", "--retries", "0", "localhost:1/x")
    if b"not in this build" in r.err or b"libcurl" in r.err:
        print("1..0 # SKIP built without registries")
        return 0
    key = k.Key("k.pem")
    k.openssl("pkey", "-in", "k.pem", "-pubout", "-out", "k.pub")
    payloads(key)
    statements(key)
    stamps()
    print("1..%d" % g.points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
