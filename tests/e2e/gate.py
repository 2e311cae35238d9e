#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gate over a registry on loopback: every rule held and not, indexes, the verifier's contract, the
log killed and tampered with, grace, deploy files, export, doctor. Each refusal is a point."""

import datetime
import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import threading
import time

sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
from mockreg import INDEX, MANIFEST, Registry  # noqa: E402

PROGRAM = os.environ["PLIMSOLL"]
SLOW = 4 if os.environ.get("PL_SANITIZED") else 1
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
DESCRIPTOR = "application/vnd.oci.descriptor.v1+json"
NOW = datetime.datetime.now(datetime.timezone.utc)
points = 0


def point(good, name, why=""):
    global points
    points += 1
    print("%sok %d - %s%s" % ("" if good else "not ", points, name,
                              "" if good else ": " + str(why)[-500:].replace("\n", " | ")),
          flush=True)


def environment(extra=None):
    base = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    base.pop("REGISTRY_AUTH_FILE", None)
    base.update(HOME=os.getcwd(), XDG_RUNTIME_DIR=os.getcwd(), DOCKER_CONFIG=os.getcwd() + "/none",
                PLIMSOLL_PASSWORD="secret")
    base.update(extra or {})
    return base


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.text = (self.out + self.err).decode("utf-8", "replace")

    def __str__(self):
        return "exit %d: %s" % (self.code, self.text)


def run(*words, env=None, data=None):
    return Ran(subprocess.run([PROGRAM, *words], env=environment(env), input=data or b"",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=60 * SLOW))


def image(reg, repo, tag=None, text="x", config=None, arch="amd64", created=None, layers=()):
    own = [*layers, reg.blob(repo, text.encode())]
    doc = {"architecture": arch, "os": "linux", "config": config or {},
           "rootfs": {"type": "layers", "diff_ids": [x["digest"] for x in own]}}
    if created:
        doc["created"] = created
    blob = reg.blob(repo, json.dumps(doc).encode())
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, **blob},
            "layers": [{"mediaType": LAYER, **x} for x in own]}
    return reg.manifest(repo, body, MANIFEST, tag)


def index(reg, repo, tag, children):
    body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": kind, **d, **({"platform": {"os": p.split("/")[0],
                                                  "architecture": p.split("/")[1]}} if p else {})}
        for kind, d, p in children]}
    return reg.manifest(repo, body, INDEX, tag)


def policy(reg, scope, name="policy.yaml", top=""):
    with open(name, "w", encoding="utf-8") as f:
        f.write("version: 1\n%skeys:\n"
                "  release: { file: rel.pub, roles: [release] }\n"
                "  backup: { file: bak.pub, roles: [release] }\n"
                "  scanner: { file: scn.pub, roles: [scanner] }\n"
                "scopes:\n  - match: [\"%s/app/**\"]\n" % (top, reg.host))
        f.write("".join("    %s\n" % x for x in scope))


def gate(reg, ref, *flags, name="policy.yaml", env=None):
    return run("gate", "--policy", name, *flags, "%s/%s" % (reg.host, ref), env=env)


def key(name):
    """A pair whose private half is plain: a password costs a fifth of a second at each use."""
    for words in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", name + ".key"],
                  ["pkey", "-in", name + ".key", "-pubout", "-out", name + ".pub"]):
        subprocess.run(["openssl", *words], check=True, stderr=subprocess.DEVNULL)


def sign(reg, ref, key="rel", *flags):
    r = run("sign", "-q", "--format", "legacy", "--key", key + ".key", *flags, "%s/%s" % (reg.host, ref))
    if r.code:
        raise RuntimeError(str(r))


def attest(reg, ref, key, kind, doc, *flags, how="--predicate"):
    with open("doc.json", "w", encoding="utf-8") as f:
        json.dump(doc, f)
    r = run("attest", "-q", "--format", "legacy", "--key", key + ".key", "--type", kind, how, "doc.json", *flags,
            "%s/%s" % (reg.host, ref))
    if r.code:
        raise RuntimeError(str(r))


def finding(severity="high", rule="CVE-2026-1", fixed=None, purl="pkg:deb/debian/x@1"):
    return {"kind": "vulnerability", "rule": rule, "severity": severity, "aliases": [],
            "package": {"purl": purl}, "advisory": {"fixed": fixed}}


def result(findings=(), complete=True, db=True, scanners=("secret", "vuln")):
    return {"schema": 1, "tool": {"name": "plimsoll", "version": "1", "scanners": list(scanners), "db":
            {"built": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), "digest": "sha256:1"} if db else None},
            "targets": [{"name": "x", "complete": complete, "findings": list(findings)}],
            "summary": {"incomplete": not complete}}


def ago(**span):
    return (NOW - datetime.timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


SIGNED = ["signatures: [ { roles: [release], need: 1 } ]"]


def allowed(r, name):
    point(r.code == 0 and "ALLOWED" in r.text, name, r)


def refused(r, name, why="", code=1):
    point(r.code == code and why in r.text and "ALLOWED" not in r.text, name, r)


# ---------------------------------------------------------------- signatures

def signatures():
    reg = Registry()
    image(reg, "app/web", "1")
    policy(reg, SIGNED)
    refused(gate(reg, "app/web:1"), "not signed", "no signature was found")
    sign(reg, "app/web:1", "oth")
    refused(gate(reg, "app/web:1"), "signed by a stranger", "does not hold")
    attest(reg, "app/web:1", "rel", "custom", {"x": 1})
    refused(gate(reg, "app/web:1"), "an attestation is no signature")
    sign(reg, "app/web:1", "rel")
    allowed(gate(reg, "app/web:1"), "signed")
    policy(reg, ["signatures: [ { roles: [release], need: 2 } ]"])
    refused(gate(reg, "app/web:1"), "one of two signers, twice", "1 of 2 wanted")
    sign(reg, "app/web:1", "bak")
    allowed(gate(reg, "app/web:1"), "two of two signers")
    policy(reg, SIGNED + ["annotations: { team: core }"])
    refused(gate(reg, "app/web:1"), "without the annotation", "annotations")
    sign(reg, "app/web:1", "rel", "-a", "team=core")
    allowed(gate(reg, "app/web:1"), "with the annotation")
    image(reg, "app/web", "2", text="y")
    reg.tags["app/web"]["1"], old = reg.tags["app/web"]["2"], reg.tags["app/web"]["1"]
    policy(reg, SIGNED)
    refused(gate(reg, "app/web:1"), "a tag that moved to another image")
    allowed(gate(reg, "app/web:1@" + old), "name and digest: the digest is judged")
    r = gate(reg, "app/web:1@" + old, "--explain")
    point("held     scope" in r.text and "held     signatures" in r.text and "(line " in r.text,
          "--explain: every rule, and why", r)
    r = gate(reg, "app/web:1@" + old, "-f", "json")
    doc = json.loads(r.out)
    point(doc["targets"][0]["decision"] == "allow" and doc["targets"][0]["digest"] == old, "JSON", r)
    for form in ("junit", "sarif"):
        r = gate(reg, "app/web:1", "-f", form)
        point(r.code == 1 and b"no signature was found" in r.out, form, r)
    reg.clear()
    gate(reg, "app/web:1@" + old)
    seen = [x[1] for x in reg.requests("GET")]
    point(len(seen) == len(set(seen)), "each object is fetched once", seen)
    reg.close()


# ---------------------------------------------------------------- scopes

def scopes():
    reg = Registry()
    d = image(reg, "app/web", "1")["digest"]
    image(reg, "other/web", "1")
    policy(reg, ["allow: pinned", "except: [\"%s/app/no/**\"]" % reg.host])
    refused(gate(reg, "app/web:1"), "allow: pinned, a tag", "names no digest")
    allowed(gate(reg, "app/web@" + d), "allow: pinned, a digest")
    refused(gate(reg, "app/no/web@" + d), "except", "no scope matches")
    refused(gate(reg, "other/web:1"), "default: deny", "no scope matches")
    refused(gate(reg, "application/web:1"), "a name that only begins alike", "no scope matches")
    policy(reg, ["allow: pinned"], top="default: allow\n")
    allowed(gate(reg, "other/web:1"), "default: allow")
    policy(reg, ["deny: \"use the mirror\""])
    reg.clear()
    refused(gate(reg, "app/web:1"), "deny", "use the mirror")
    point(not reg.requests(), "static scopes ask nobody", reg.requests())
    policy(reg, SIGNED, top="mode: audit\n")
    r = gate(reg, "app/web:1")
    point(r.code == 0 and "AUDIT" in r.text and "no signature" in r.text, "mode: audit", r)
    policy(reg, SIGNED)
    refused(gate(reg, "app/WEB:1"), "no reference", "", 2)
    refused(gate(reg, "app/none:1"), "no such image", "", 4)
    refused(run("gate", "--policy", "none.yaml", "x"), "no policy", "none.yaml", 2)
    refused(run("gate", "x"), "without --policy", "--policy", 2)
    reg.close()


# ---------------------------------------------------------------- attestations

def attestations():
    reg = Registry()
    vulns = ["attestations: [ { type: vuln, roles: [scanner], max-age: 7d } ]",
             "vulnerabilities: { max: medium }"]
    policy(reg, vulns)

    def case(tag, text):
        image(reg, "app/web", tag, text=text)
        return "app/web:" + tag

    ref = case("a", "a")
    refused(gate(reg, ref), "no report", "no attestation was found")
    attest(reg, ref, "rel", "vuln", result(), how="--result")
    refused(gate(reg, ref), "a report by the wrong role", "does not hold")
    attest(reg, ref, "scn", "vuln", result([finding("medium")]), how="--result")
    allowed(gate(reg, ref), "max: medium admits medium")
    ref = case("b", "b")
    attest(reg, ref, "scn", "vuln", result([finding("high")]), how="--result")
    refused(gate(reg, ref), "max: medium, a high one", "1 high")
    with open("vex.json", "w", encoding="utf-8") as f:
        json.dump({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "x",
                   "timestamp": ago(days=1), "version": 1, "statements": [
                       {"vulnerability": {"name": "CVE-2026-1"}, "status": "not_affected",
                        "justification": "component_not_present",
                        "products": [{"@id": "pkg:deb/debian/x@1"}]}]}, f)
    policy(reg, [vulns[0], "vulnerabilities: { max: medium, vex: [vex.json] }"])
    allowed(gate(reg, ref), "a VEX statement of the policy's own")
    policy(reg, [vulns[0], "vulnerabilities: { max: medium, vex-roles: [release] }"])
    with open("vex.json", encoding="utf-8") as f:
        vex = json.load(f)
    attest(reg, ref, "scn", "openvex", vex)
    refused(gate(reg, ref), "VEX by who may not", "1 high")
    attest(reg, ref, "rel", "openvex", vex)
    allowed(gate(reg, ref), "VEX by who may")
    policy(reg, [vulns[0], "vulnerabilities: { max: none, fixable-only: true }"])
    allowed(gate(reg, ref), "fixable-only: one that nothing mends")
    ref = case("c", "c")
    attest(reg, ref, "scn", "vuln", result([finding("low", fixed="2")]), how="--result")
    refused(gate(reg, ref), "fixable-only: one that can be mended", "1 low")
    policy(reg, vulns)
    for tag, flags, doc, why in (
            ("d", ("--finished", ago(days=8)), result(), "too old"),
            ("e", ("--finished", (NOW + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")),
             result(), "future"),
            ("f", (), result(complete=False), "not finished"),
            ("g", (), result(db=False), "no signed report")):
        ref = case(tag, tag)
        attest(reg, ref, "scn", "vuln", doc, *flags, how="--result")
        refused(gate(reg, ref), "a report: %s" % why, why)
    ref = case("h", "h")
    attest(reg, ref, "scn", "vuln", {"scanner": {"result": {"odd": 1}},
                                     "metadata": {"scanFinishedOn": ago(hours=1)}})
    refused(gate(reg, ref), "a report of no known form", "no signed report")
    ref = case("i", "i")
    attest(reg, ref, "scn", "vuln", {"scanner": {"result": {"matches": [
        {"vulnerability": {"id": "CVE-1", "severity": "Critical", "fix": {"state": "fixed"}},
         "artifact": {"purl": "pkg:npm/x@1"}}]}}, "metadata": {"scanFinishedOn": ago(hours=1)}})
    refused(gate(reg, ref), "another scanner's report", "1 critical")
    policy(reg, [*vulns], top="limits: { stale-db: 1d }\n")
    doc = result()
    doc["tool"]["db"]["built"] = ago(days=3)
    ref = case("j", "j")
    attest(reg, ref, "scn", "vuln", doc, how="--result")
    refused(gate(reg, ref), "a stale database", "stale-db")
    reg.close()


def bills():
    reg = Registry()
    policy(reg, ["attestations: [ { type: cyclonedx, roles: [release], deny-packages: "
                 "[\"pkg:npm/event-stream@3.3.6\"] } ]"])
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"timestamp": ago(hours=1)},
            "components": [{"type": "library", "name": "a", "purl": "pkg:npm/a@1", "components":
                            [{"type": "library", "name": "b", "purl": "pkg:npm/event-stream@3.3.6"}]}]}
    image(reg, "app/web", "1")
    attest(reg, "app/web:1", "rel", "cyclonedx", bill)
    refused(gate(reg, "app/web:1"), "a denied package", "denied package")
    image(reg, "app/web", "2", text="2")
    bill["components"][0]["components"][0]["purl"] = "pkg:npm/event-stream@3.3.60"
    attest(reg, "app/web:2", "rel", "cyclonedx", bill)
    allowed(gate(reg, "app/web:2"), "another version of it")
    policy(reg, ["attestations: [ { type: slsaprovenance1, roles: [release], builder: "
                 "\"https://b.example\" } ]"])
    prov = {"buildDefinition": {"resolvedDependencies": []},
            "runDetails": {"builder": {"id": "https://b.example/evil"}}}
    attest(reg, "app/web:1", "rel", "slsaprovenance1", prov)
    refused(gate(reg, "app/web:1"), "another builder", "another builder")
    prov["runDetails"]["builder"]["id"] = "https://b.example"
    attest(reg, "app/web:2", "rel", "slsaprovenance1", prov)
    allowed(gate(reg, "app/web:2"), "the builder")
    reg.close()


# ---------------------------------------------------------------- content

def content():
    reg = Registry()
    policy(reg, ["config: { user: non-root, healthcheck: required, ports-deny: [22], "
                 "labels-require: [a.b] }", "max-image-age: 30d"])
    good = {"User": "1000:1000", "Healthcheck": {"Test": ["CMD", "true"]},
            "ExposedPorts": {"80/tcp": {}}, "Labels": {"a.b": "x"}}
    image(reg, "app/web", "1", config=good, created=ago(days=1))
    allowed(gate(reg, "app/web:1"), "a config as wanted")
    for tag, change, created, why in (
            ("a", {"User": ""}, ago(days=1), "may be root"),
            ("b", {"User": "0"}, ago(days=1), "may be root"),
            ("c", {"User": "app"}, ago(days=1), "may be root"),
            ("d", {"Healthcheck": {"Test": ["NONE"]}}, ago(days=1), "no health check"),
            ("e", {"ExposedPorts": {"20-30/tcp": {}}}, ago(days=1), "port 22"),
            ("f", {"Labels": {}}, ago(days=1), "is missing"),
            ("g", {}, ago(days=31), "too old"),
            ("h", {}, None, "does not say when")):
        image(reg, "app/web", tag, config={**good, **change}, created=created)
        refused(gate(reg, "app/web:" + tag), "config: %s" % why, why)
    policy(reg, ["secrets: none"])
    refused(gate(reg, "app/web:1"), "secrets: nobody looked, and it cannot be read", "", 3)
    attest(reg, "app/web:1", "rel", "secret", result(db=False), how="--result")
    refused(gate(reg, "app/web:1"), "secrets: who looked is no scanner", "", 3)
    attest(reg, "app/web:1", "scn", "secret", result(db=False), how="--result")
    allowed(gate(reg, "app/web:1"), "secrets: none, says a scanner")
    secret = {"kind": "secret", "rule": "secret/x", "severity": "critical",
              "where": {"surface": "file"}}
    for tag, doc, why, code in (("a", result([secret], db=False), "secrets were found", 1),
                                ("b", result(complete=False, db=False), "not finished", 1),
                                ("c", result(db=False, scanners=("vuln",)), "", 3)):
        attest(reg, "app/web:" + tag, "scn", "secret", doc, how="--result")
        refused(gate(reg, "app/web:" + tag), "secrets: %s (%s)" % (why, tag), why, code)
    reg.close()


def tar(name, text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as t:
        info = tarfile.TarInfo(name)
        info.size = len(text)
        t.addfile(info, io.BytesIO(text))
    return out.getvalue()


def scans():
    """Without an attestation the image is read now."""
    reg = Registry()
    policy(reg, ["secrets: none", "config: { no-env-secrets: true }"])
    dice = random.Random(7)
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRS23456789"
    lines = ["".join(dice.choice(letters) for _ in range(64)) for _ in range(20)]
    kind = "RSA PRIVATE" + " KEY-----\n"
    key = ("-----BEGIN " + kind + "\n".join(lines) + "\n-----END " + kind).encode()
    empty = reg.blob("app/web", tar("etc/motd", b"hello\n"))
    leaky = reg.blob("app/web", tar("srv/id_rsa", key))

    def made(tag, layer, env=()):
        doc = {"architecture": "amd64", "os": "linux", "config": {"Env": list(env)},
               "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
        blob = reg.blob("app/web", json.dumps(doc).encode())
        reg.manifest("app/web", {"schemaVersion": 2, "mediaType": MANIFEST,
                                 "config": {"mediaType": CONFIG, **blob},
                                 "layers": [{"mediaType": LAYER, **layer}]}, MANIFEST, tag)
    made("ok", empty)
    made("leak", leaky)
    made("env", empty, ["DB_PASSWORD=" + lines[0][:16]])
    allowed(gate(reg, "app/web:ok"), "read now: no secret")
    refused(gate(reg, "app/web:leak"), "read now: a secret in a layer", "secrets were found")
    refused(gate(reg, "app/web:env"), "read now: a secret in the environment", "secrets were found")
    policy(reg, ["vulnerabilities: { max: low, source: scan }"])
    refused(gate(reg, "app/web:ok"), "read now: no database to match with", "not read and matched")
    reg.close()


def bases():
    reg = Registry()
    layer = reg.blob("app/web", b"the base")
    reg.blob("base/deb", b"the base")
    base = image(reg, "base/deb", "12", text="the base")
    image(reg, "app/web", "on", text="own", layers=[layer])
    image(reg, "app/web", "off", text="own")
    policy(reg, ["base: { allow: [\"%s/base/deb@%s\"] }" % (reg.host, base["digest"])])
    allowed(gate(reg, "app/web:on"), "the layers of an allowed base")
    refused(gate(reg, "app/web:off"), "other layers", "of no allowed base")
    policy(reg, ["base: { allow: [\"%s/base/*\"] }" % reg.host])
    image(reg, "app/web", "says", text="own", config={"Labels": {
        "org.opencontainers.image.base.name": reg.host + "/base/deb:12"}}, layers=[layer])
    image(reg, "app/web", "lies", text="own", config={"Labels": {
        "org.opencontainers.image.base.name": reg.host + "/base/deb:12"}})
    allowed(gate(reg, "app/web:says"), "a base that is named, and is there")
    refused(gate(reg, "app/web:lies"), "a base that is only named", "of no allowed base")
    reg.close()


# ---------------------------------------------------------------- indexes

def indexes():
    reg = Registry()
    one, two = image(reg, "app/web", text="1"), image(reg, "app/web", text="2", arch="arm64")
    index(reg, "app/web", "i", [(MANIFEST, one, "linux/amd64"), (MANIFEST, two, "linux/arm64")])
    policy(reg, SIGNED)
    refused(gate(reg, "app/web:i"), "an index nobody signed", "linux/amd64")
    sign(reg, "app/web@" + one["digest"])
    allowed(gate(reg, "app/web:i", "--platform", "linux/amd64"), "the child that runs is signed")
    refused(gate(reg, "app/web:i", "--platform", "linux/arm64"), "another child is not", "linux/arm64")
    refused(gate(reg, "app/web:i"), "without a platform every child", "linux/arm64")
    refused(gate(reg, "app/web:i", "--platform", "linux/s390x"), "no child for it", "no image")
    policy(reg, SIGNED + ["platforms: { allow: [linux/amd64] }"])
    allowed(gate(reg, "app/web:i"), "platforms.allow: only those run")
    refused(gate(reg, "app/web:i", "--platform", "linux/arm64"), "a platform that is not allowed",
            "not allowed")
    policy(reg, SIGNED + ["platforms: { children: all, allow: [linux/amd64] }"])
    refused(gate(reg, "app/web:i"), "children: all", "not allowed")
    policy(reg, SIGNED)
    sign(reg, "app/web:i")
    allowed(gate(reg, "app/web:i"), "the index's signature covers its children")
    index(reg, "app/web", "n", [(MANIFEST, one, "linux/amd64"),
                                (INDEX, reg.manifest("app/web", {
                                    "schemaVersion": 2, "mediaType": INDEX, "manifests": []}, INDEX),
                                 None)])
    sign(reg, "app/web:n")
    refused(gate(reg, "app/web:n"), "an index in the index", "index in the index")
    index(reg, "app/web", "u", [(MANIFEST, one, "linux/amd64"), (MANIFEST, two, "unknown/unknown")])
    allowed(gate(reg, "app/web:u"), "unknown/unknown does not run")
    index(reg, "app/web", "p", [(MANIFEST, one, "linux/amd64"), (MANIFEST, two, None)])
    refused(gate(reg, "app/web:p"), "a child without platform may run")
    reg.close()


# ---------------------------------------------------------------- outages

def outages():
    reg = Registry()
    d = image(reg, "app/web", "1")["digest"]
    sign(reg, "app/web:1")
    policy(reg, SIGNED + ["grace: 24h"], top="limits: { timeout: 2s }\n")
    quick = ("--retries", "0")
    pinned = "app/web:1@" + d
    allowed(gate(reg, pinned, "--cache", "c", *quick), "remembered on the disk")
    reg.clear()
    allowed(gate(reg, pinned, "--cache", "c", *quick), "known")
    point(not reg.requests(), "what is known is not asked again", reg.requests())

    def broken(h):
        h.send(503)
        return True

    def spoil(name):
        for f in os.listdir(name):
            if f.startswith("e-"):
                with open(os.path.join(name, f), "r+b") as x:
                    x.seek(40)
                    x.write(b"#")

    reg.fault = broken
    r = gate(reg, "app/web:1@" + d, *quick)
    refused(r, "a registry that is down, nothing known", "", 4)
    spoil("c")
    refused(gate(reg, pinned, "--cache", "c", *quick), "a damaged cache is none", "", 4)
    reg.fault = None
    policy(reg, ["annotations: { big: \"%s\" }" % ("x" * 120000)] + SIGNED)
    for i in range(12):
        ref = "app/many%d:1" % i
        image(reg, "app/many%d" % i, "1")
        sign(reg, ref, "rel", "-a", "big=" + "x" * 120000)
        gate(reg, ref, "--cache", "small", "--cache-size", "1")
    sizes = [os.stat(os.path.join("small", f)).st_size for f in os.listdir("small") if f.startswith("e-")]
    point(0 < sum(sizes) <= 1 << 20 and len(sizes) < 12, "the folder stays within its size", sizes)
    reg.clear()
    allowed(gate(reg, "app/many11:1@" + reg.tags["app/many11"]["1"], "--cache", "small", "--cache-size", "1"),
            "what was used last is still there")
    point(not reg.requests(), "and nobody is asked", reg.requests())
    refused(run("gate", "--policy", "policy.yaml", *quick, "127.0.0.1:1/app/x"), "nobody there",
            "no scope matches")
    reg.close()


# ---------------------------------------------------------------- the verifier

def verifier():
    reg = Registry()
    d = image(reg, "app/web", "1")["digest"]
    other = image(reg, "app/web", "2", text="2")["digest"]
    sign(reg, "app/web:1")
    policy(reg, SIGNED)
    name = reg.host + "/app/web:1"
    link = os.path.join(os.getcwd(), "plimsoll-image-verifier")
    os.symlink(PROGRAM, link)

    def ask(digest=d, stdin=None, words=None, env=None, program=None):
        stdin = json.dumps({"mediaType": MANIFEST, "digest": digest, "size": 1}).encode() \
            if stdin is None else stdin
        words = words or ["-name", name, "-digest", digest, "-stdin-media-type", DESCRIPTOR]
        return Ran(subprocess.run([program or link, *words], input=stdin, env=environment(
            {"PLIMSOLL_POLICY": "policy.yaml", **(env or {})}), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False, timeout=60 * SLOW))

    def says(r, code, what, why=""):
        lines = r.out.decode("utf-8", "replace").splitlines()
        point((r.code == 0) == (code == 0) and len(lines) == 1 and why in lines[0], what, r)

    says(ask(), 0, "verifier: admitted, with a reason", "signed by release")
    says(ask(program=PROGRAM), 0, "verifier: -name as first argument")
    says(ask(digest=other), 1, "verifier: not signed", "no signature")
    reg.tags["app/web"]["1"] = other
    says(ask(), 0, "verifier: the digest is judged, the tag is not asked again")
    says(ask(stdin=b""), 1, "verifier: empty standard input", "empty")
    says(ask(stdin=b"{"), 1, "verifier: no JSON", "no descriptor")
    says(ask(stdin=b"[]"), 1, "verifier: no object", "no descriptor")
    says(ask(stdin=json.dumps({"digest": other}).encode()), 1, "verifier: digests differ", "differ")
    says(ask(stdin=json.dumps({"digest": d, "x": "y" * 70000}).encode()), 1,
         "verifier: standard input too large", "over 64 KiB")
    says(ask(words=["-name", name, "-digest", d, "-stdin-media-type", "text/plain"]), 1,
         "verifier: another type", "another type")
    says(ask(words=["-name", name, "-digest", d, "-stdin-media-type", DESCRIPTOR, "-x", "y"]), 1,
         "verifier: an unknown argument", "argument")
    says(ask(words=["-name", name, "-digest", d]), 1, "verifier: an argument is missing")
    says(ask(words=["-name", name, "-digest", "sha256:12", "-stdin-media-type", DESCRIPTOR],
             stdin=b'{"digest":"sha256:12"}'), 1, "verifier: no digest")
    says(ask(env={"PLIMSOLL_POLICY": "none.yaml"}), 1, "verifier: no policy", "none.yaml")
    policy(reg, SIGNED, top="mode: audit\n")
    says(ask(digest=other), 0, "verifier: audit admits, and says what it would have done", "audit")
    policy(reg, SIGNED)
    says(ask(env={"PLIMSOLL_LOG": "v.log"}), 0, "verifier: with a log")
    point(run("gate", "log", "verify", "v.log").code == 0, "verifier: the log holds")
    says(ask(env={"PLIMSOLL_LOG": "none/v.log"}), 1, "verifier: a log that cannot be written", "log")

    reg.close()


def hanging():
    """A registry that never answers: the verifier is started, and looked at when all else is done."""
    reg = Registry()
    d = image(reg, "app/web", "1")["digest"]
    policy(reg, SIGNED, name="hang.yaml")

    def hang(h):
        time.sleep(30)
        return True
    reg.fault = hang
    begin = time.monotonic()
    p = subprocess.Popen(
        [PROGRAM, "-name", reg.host + "/app/web:1", "-digest", d, "-stdin-media-type", DESCRIPTOR],
        env=environment({"PLIMSOLL_POLICY": "hang.yaml"}), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    p.stdin.write(json.dumps({"mediaType": MANIFEST, "digest": d, "size": 1}).encode())
    p.stdin.close()
    took = []
    watch = threading.Thread(target=lambda: took.append((p.wait(), time.monotonic() - begin)))
    watch.start()

    def look():
        watch.join()
        code, seconds = took[0]
        point(code != 0 and seconds < 9.5 + 6 * SLOW and p.stdout.read(),
              "verifier: a registry that hangs, refused in time", took)
        reg.close()
    return look


# ---------------------------------------------------------------- the log

def logs():
    reg = Registry()
    image(reg, "app/web", "1")
    sign(reg, "app/web:1")
    policy(reg, SIGNED)
    policy(reg, ["signatures: [ { from: [backup] } ]"], name="strict.yaml")
    for _ in range(4):
        gate(reg, "app/web:1", "--log", "d.log")
    r = run("gate", "log", "verify", "d.log")
    point(r.code == 0 and "4 decisions" in r.text, "the log holds", r)
    with open("d.log", "rb") as f:
        lines = f.read().splitlines(keepends=True)
    hashes = [json.loads(x)["hash"] for x in lines]
    point([json.loads(x)["prev"] for x in lines] == ["0" * 64] + hashes[:-1], "the chain")

    def spoilt(name, now, line):
        with open("s.log", "wb") as f:
            f.write(b"".join(now))
        r = run("gate", "log", "verify", "s.log")
        point(r.code == 1 and "line %d" % line in r.text, "log: " + name, r)

    spoilt("a decision changed", [lines[0], lines[1].replace(b'"allow"', b'"deny"'), *lines[2:]], 2)
    spoilt("a line removed", [lines[0], *lines[2:]], 2)
    spoilt("two lines swapped", [lines[0], lines[2], lines[1], lines[3]], 2)
    spoilt("a line twice", [lines[0], lines[0], *lines[1:]], 2)
    spoilt("the beginning cut", lines[1:], 1)
    spoilt("a line torn", [*lines[:3], lines[3][:-40]], 4)
    spoilt("blanks put in", [lines[0].replace(b'","', b'", "', 1), *lines[1:]], 1)
    spoilt("no log at all", [b"hello\n"], 1)
    one = json.loads(lines[1])
    one["user"] = "eve"
    spoilt("a key changed, in the same form", [lines[0], json.dumps(
        one, sort_keys=True, separators=(",", ":")).encode() + b"\n", *lines[2:]], 2)
    r = run("gate", "replay", "--policy", "policy.yaml", "d.log")
    point(r.code == 0 and "4 decisions the same" in r.text, "replay: nothing changes", r)
    r = run("gate", "replay", "--policy", "strict.yaml", "d.log")
    point(r.code == 1 and r.text.count("allow -> deny") == 4, "replay: what would change", r)
    r = run("gate", "replay", "--policy", "policy.yaml", "s.log")
    point(r.code == 1 and "line 2" in r.text, "replay: not of a log that was changed", r)
    for what, code, why in ((hashes[3], 0, "0 lines came"), (hashes[1], 0, "2 lines came"), ("4", 0, ""),
                            ("5", 1, "had 5"), ("f" * 64, 1, "cut off"), ("zz", 2, "neither")):
        r = run("gate", "log", "verify", "--expect", what, "d.log")
        point(r.code == code and why in r.text, "log: --expect " + what[:6], r)
    with open("s.log", "wb") as f:
        f.write(b"".join(lines[:3]))
    r = run("gate", "log", "verify", "--expect", hashes[3], "s.log")
    point(run("gate", "log", "verify", "s.log").code == 0 and r.code == 1 and "cut off" in r.text,
          "log: the end cut off, which only a head kept elsewhere shows", r)
    with open("d.log", "ab") as f:
        f.write(b'{"cached":fal')
    r = gate(reg, "app/web:1", "--log", "d.log")
    point(r.code == 0 and "torn" in r.text and run("gate", "log", "verify", "d.log").code == 0 and
          os.path.exists("d.log.torn"), "a torn last line is set aside", r)
    r = gate(reg, "app/web:1", "--log", "/dev/full")
    refused(r, "a log that is no file", "", 2)
    r = gate(reg, "app/web:1", "--log", "none/x", "--log-best-effort")
    point(r.code == 0, "--log-best-effort", r)
    reg.close()


def killed():
    """What was answered is in the log, whenever the process is killed."""
    reg = Registry()
    image(reg, "app/web", "1")
    sign(reg, "app/web:1")
    policy(reg, SIGNED)
    lost = wrong = answers = 0
    for i in range(12):
        p = subprocess.Popen([PROGRAM, "gate", "--policy", "policy.yaml", "--log", "k.log",
                              *[reg.host + "/app/web:1"] * 40], env=environment(),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02 + 0.015 * i)
        while i % 4 == 3 and p.poll() is None and not (os.path.exists("k.log") and os.path.getsize("k.log")):
            time.sleep(0.01)  # however slow the machine is, some of them have answered
        try:
            with open("k.log", "rb") as f:
                before = f.read().count(b"\n")
        except FileNotFoundError:
            before = 0
        p.send_signal(signal.SIGKILL)
        p.wait()
        try:
            with open("k.log", "rb") as f:
                text = f.read()
        except FileNotFoundError:
            continue
        lost += text.count(b"\n") < before
        answers = max(answers, text.count(b"\n"))
        wrong += bool(text) and not text.endswith(b"\n")
    r = run("gate", "log", "verify", "k.log")
    point(lost == 0 and wrong == 0 and r.code == 0 and answers > 0,
          "killed 12 times: %d lines, none lost, none torn" % answers, (lost, wrong, r))
    reg.close()


# ---------------------------------------------------------------- files

def files():
    reg = Registry()
    d = image(reg, "app/web", "1")["digest"]
    sign(reg, "app/web:1")
    image(reg, "app/bad", "1", text="bad")
    policy(reg, SIGNED)
    ref = reg.host + "/app/web:1"
    with open("compose.yaml", "w", encoding="utf-8") as f:
        f.write("services:\n  web:\n    image: %s # kept\n  two: { image: \"%s\" }\n" % (ref, ref))
    kinds = []
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"):
        kinds.append("apiVersion: v1\nkind: %s\nspec: {template: {spec: {containers: [{image: %s}], "
                     "initContainers: [{image: '%s'}]}}}\n" % (kind, ref, ref))
    kinds.append("apiVersion: v1\nkind: Pod\nspec: {ephemeralContainers: [{image: %s}], volumes: "
                 "[{name: v, image: {reference: %s}}]}\n" % (ref, ref))
    kinds.append("apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: "
                 "{containers: [{image: %s}]}}}}}\n" % ref)
    with open("k.yaml", "w", encoding="utf-8") as f:
        f.write("---\n".join(kinds))
    r = run("gate", "deploy", "--policy", "policy.yaml", "--pin", "-o", "out", "compose.yaml", "k.yaml")
    point(r.code == 0 and "17 allowed" in r.text, "deploy: every image of every kind", r)
    with open("out/compose.yaml", encoding="utf-8") as f, open("compose.yaml", encoding="utf-8") as g:
        point(f.read() == g.read().replace(ref, ref + "@" + d), "deploy: nothing but digests is added")
    with open("out/k.yaml", encoding="utf-8") as f, open("k.yaml", encoding="utf-8") as g:
        point(f.read() == g.read().replace(ref, ref + "@" + d), "deploy: pinned manifests")
    r = run("gate", "deploy", "--policy", "policy.yaml", "out/compose.yaml")
    point(r.code == 0, "deploy: pinned files pass", r)
    for name, text, why in (
            ("one that is not signed", "services: {a: {image: %s/app/bad:1}}\n" % reg.host,
             "no signature"),
            ("a variable", "services: {a: {image: \"%s/app/web:$TAG\"}}\n" % reg.host, "variable"),
            ("built here", "services: {a: {build: .}}\n", "built here")):
        with open("x.yaml", "w", encoding="utf-8") as f:
            f.write(text)
        r = run("gate", "deploy", "--policy", "policy.yaml", "--pin", "-o", "x.out", "x.yaml")
        refused(r, "deploy: " + name, why)
        point(not os.path.exists("x.out"), "deploy: nothing is written then")
    with open("x.yaml", "w", encoding="utf-8") as f:
        f.write("hello: 1\n")
    refused(run("gate", "deploy", "--policy", "policy.yaml", "x.yaml"), "deploy: another file",
            "neither", 2)
    r = run("gate", "export", "--policy", "policy.yaml", "--for", "podman", "-o", "exp")
    with open("exp/policy.json", encoding="utf-8") as f:
        doc = json.load(f)
    rule = doc["transports"]["docker"][reg.host + "/app"][0]
    point(r.code == 0 and doc["default"] == [{"type": "reject"}] and rule["type"] == "sigstoreSigned"
          and len(rule["keyPaths"]) == 2, "export", r)
    policy(reg, ["signatures: [ { roles: [release], need: 2 } ]"], name="two.yaml")
    refused(run("gate", "export", "--policy", "two.yaml", "--for", "podman", "-o", "exp2"),
            "export: what cannot be said", "more than one signer")
    r = run("gate", "export", "--policy", "two.yaml", "--for", "podman", "-o", "exp2", "--lossy")
    point(r.code == 0 and os.path.exists("exp2/policy.json"), "export: --lossy", r)
    reg.close()


# ---------------------------------------------------------------- doctor

def doctor():
    reg = Registry()
    os.makedirs("bin", 0o755)
    with open("bin/plimsoll-image-verifier", "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n")
    os.chmod("bin/plimsoll-image-verifier", 0o755)
    os.chmod("bin", 0o755)
    plugin = "version = 3\n[plugins.'io.containerd.image-verifier.v1.bindir']\n" \
             "bin_dir = '%s/bin'\n" % os.getcwd()
    cri = "[plugins.'io.containerd.cri.v1.images']\n"

    def look(text, name, why):
        with open("c.toml", "w", encoding="utf-8") as f:
            f.write(text)
        r = run("gate", "doctor", "--containerd", "c.toml")
        point(r.code == (1 if why else 0) and why in r.text, "doctor: " + name, r)

    look(plugin, "nothing wrong", "")
    look("version = 3\n", "no plugin", "is not configured")
    look(plugin.replace("/bin'", "/none'"), "bin_dir is not there", "cannot be read")
    look(plugin + "max_verifiers = 0\n", "more files than verifiers", "max_verifiers")
    look(plugin + "per_verifier_timeout = '3s'\n", "too short a time", "per_verifier_timeout")
    look("disabled_plugins = ['io.containerd.image-verifier.v1.bindir']\n" + plugin, "disabled",
         "is disabled")
    for text, why in (("discard_unpacked_layers = true\n", "discard_unpacked_layers"),
                      ("max_concurrent_downloads = 5\n", "max_concurrent_downloads"),
                      ("image_pull_with_sync_fs = true\n", "image_pull_with_sync_fs"),
                      ("disable_snapshot_annotations = false\n", "disable_snapshot_annotations"),
                      ("[plugins.'io.containerd.cri.v1.images'.registry.mirrors.x]\ny = 1\n",
                       "registry.mirrors")):
        look(plugin + cri + text, why, why)
    os.chmod("bin", 0o777)
    look(plugin, "a folder others may write to", "written by others")
    os.chmod("bin", 0o755)
    hook = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "webhooks": [{"name": "x", "failurePolicy": "Fail", "timeoutSeconds": 10,
                          "matchPolicy": "Equivalent",
                          "clientConfig": {"service": {"namespace": "plimsoll", "name": "x"}},
                          "namespaceSelector": {"matchExpressions": [
                              {"key": "kubernetes.io/metadata.name", "operator": "NotIn",
                               "values": ["plimsoll"]}]},
                          "rules": [{"apiGroups": ["", "apps", "batch"], "apiVersions": ["*"],
                                     "operations": ["CREATE", "UPDATE"],
                                     "resources": ["*", "pods/ephemeralcontainers"]}]}]}

    def kube(change, name, why):
        doc = json.loads(json.dumps(hook))
        change(doc["webhooks"][0])
        with open("hook.json", "w", encoding="utf-8") as f:
            json.dump(doc, f)
        r = run("gate", "doctor", "--kube", "hook.json")
        point(r.code == (1 if why else 0) and why in r.text, "doctor: " + name, r)

    kube(lambda h: None, "a webhook without holes", "")
    kube(lambda h: h.update(failurePolicy="Ignore"), "failurePolicy", "Ignore")
    kube(lambda h: h.update(timeoutSeconds=3), "timeoutSeconds", "timeoutSeconds")
    kube(lambda h: h.update(matchPolicy="Exact"), "matchPolicy", "Exact")
    kube(lambda h: h.update(objectSelector={"matchLabels": {"a": "b"}}), "objectSelector", "labels")
    kube(lambda h: h["rules"][0].update(resources=["pods"]), "no ephemeral containers",
         "ephemeralcontainers")
    kube(lambda h: h["rules"][0].update(operations=["CREATE"]), "no updates", "UPDATE")
    kube(lambda h: h["namespaceSelector"]["matchExpressions"][0]["values"].append("kube-system"),
         "a namespace left out", "kube-system")
    kube(lambda h: h.pop("namespaceSelector"), "its own pods", "own pods")
    with open("pod.json", "w", encoding="utf-8") as f:
        f.write('{"default":[{"type":"insecureAcceptAnything"}]}')
    r = run("gate", "doctor", "--podman", "pod.json")
    point(r.code == 1 and "insecureAcceptAnything" in r.text, "doctor: podman takes anything", r)
    with open("p.yaml", "w", encoding="utf-8") as f:
        f.write("version: 1\nscopes:\n  - { match: [\"a.example/**\"], allow: pinned }\n"
                "  - { match: [\"a.example/b/*\"], deny: \"no\" }\n")
    r = run("gate", "doctor", "--policy", "p.yaml")
    point(r.code == 1 and "p.yaml:4" in r.text and "never reached" in r.text,
          "doctor: a scope that is never reached", r)
    reg.close()


def threads():
    """Many at once over one cache folder and one log: no wrong answer, one writer of a log."""
    reg = Registry()
    image(reg, "app/web", "1")
    sign(reg, "app/web:1")
    image(reg, "app/bad", "1", text="bad")
    policy(reg, SIGNED)
    out = []

    def work(i):
        out.append((i % 2, gate(reg, "app/web:1" if i % 2 else "app/bad:1", "--cache", "cc").code))
    all_of = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for t in all_of:
        t.start()
    for t in all_of:
        t.join()
    point(len(out) == 16 and all(code == (0 if good else 1) for good, code in out),
          "sixteen at once over one cache", out)
    reg.close()


def main():
    if b"libsodium" in run("keygen", "-q", "-o", "probe").err:
        print("1..0 # SKIP built without libsodium")
        return 0
    for name in ("rel", "bak", "scn", "oth"):
        key(name)
    r = run("tags", "--retries", "0", "localhost:1/x")
    if b"not in this build" in r.err or b"libcurl" in r.err:
        print("1..0 # SKIP built without registries")
        return 0
    todo = (signatures, scopes, attestations, bills, content, scans, bases, indexes, outages, verifier, logs,
            killed, files, doctor, threads)
    look = hanging()
    for part in todo:
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
    look()
    print("1..%d" % points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
