#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The gate against documents that it and a runtime could take differently: keys in another case, names of
platforms, what stands in for a platform that an index lacks; signers whose time is over; files that name
images in a way of their own."""

import base64
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
import gate as g  # noqa: E402
import servelib  # noqa: E402
from mockreg import INDEX, MANIFEST, Registry  # noqa: E402

SIGNED = ["signatures: [ { roles: [release] } ]"]


def child(d, os_, arch):
    return {"mediaType": MANIFEST, "digest": d["digest"], "size": d["size"],
            "platform": {"os": os_, "architecture": arch}}


def put_index(reg, tag, text):
    body = '{"schemaVersion":2,"mediaType":"%s",%s}' % (INDEX, text)
    reg.manifest("app/web", body.encode(), INDEX, tag)


def spelling():
    """A runtime in Go takes "Manifests" for "manifests", and the last of both."""
    reg = Registry()
    good, evil = g.image(reg, "app/web", text="good"), g.image(reg, "app/web", text="evil")
    g.sign(reg, "app/web@" + good["digest"])
    g.policy(reg, SIGNED)
    a, b = (json.dumps(child(x, "linux", "amd64")) for x in (good, evil))
    put_index(reg, "plain", '"manifests":[%s]' % a)
    g.allowed(g.gate(reg, "app/web:plain"), "the index as it should be")
    for name, text in (("capital", '"manifests":[%s],"Manifests":[%s]' % (a, b)),
                       ("first", '"MANIFESTS":[%s],"manifests":[%s]' % (b, a)),
                       ("long-s", '"manifests":[%s],"manife\\u017fts":[%s]' % (a, b))):
        put_index(reg, name, text)
        g.refused(g.gate(reg, "app/web:" + name), "two lists of images: " + name, "some readers", 3)
    put_index(reg, "digest", '"manifests":[%s]' % a.replace('"size"', '"Digest": "%s", "size"' % evil["digest"]))
    g.refused(g.gate(reg, "app/web:digest"), "two digests of one image", "some readers", 3)
    put_index(reg, "os", '"manifests":[%s,%s]' % (
        a, b.replace('"os": "linux", "architecture": "amd64"',
                     '"os": "unknown", "architecture": "unknown", "OS": "linux", "Architecture": "amd64"')))
    g.refused(g.gate(reg, "app/web:os"), "two platforms of one image", "some readers", 3)
    g.policy(reg, ["config: { user: non-root }"])
    d = g.image(reg, "app/web", "user", config={"User": "1000"})
    g.allowed(g.gate(reg, "app/web:user"), "a user")
    d = g.image(reg, "app/web", "users", config={"User": "1000", "user": "0"})
    g.refused(g.gate(reg, "app/web@" + d["digest"]), "two users", "some readers", 3)
    reg.close()


def platforms():
    """What is allowed must be signed under every name that a runtime takes for it."""
    reg = Registry()
    good, evil = g.image(reg, "app/web", text="good"), g.image(reg, "app/web", text="evil")
    g.sign(reg, "app/web@" + good["digest"])
    g.policy(reg, SIGNED + ["platforms: { allow: [linux/amd64, linux/arm64] }"])

    def case(tag, *evils):
        put_index(reg, tag, '"manifests":%s' % json.dumps(
            [child(good, "linux", "arm64"), *(child(evil, *e) for e in evils)]))
        return g.gate(reg, "app/web:" + tag)

    g.allowed(case("s390x", ("linux", "s390x")), "what is not allowed is not asked for")
    for name in (("Linux", "amd64"), ("linux", "AMD64"), ("linux", "X86_64"), ("LINUX", "x86-64")):
        g.refused(case("-".join(name).lower() + name[0][0] + name[1][0], name), "unsigned: %s/%s" % name, "signature")
    g.refused(case("no-os", ("", "amd64")), "unsigned, of any system", "signature")
    g.refused(case("no-arch", ("linux", "")), "unsigned, of any processor", "signature")
    g.refused(case("386", ("linux", "386")), "386 stands in for amd64", "signature")
    put_index(reg, "both", '"manifests":%s' % json.dumps(
        [child(good, "linux", "arm64"), child(good, "linux", "amd64"), child(evil, "linux", "386"),
         child(evil, "linux", "arm")]))
    g.allowed(g.gate(reg, "app/web:both"), "nothing stands in for what is there")
    for word in ("linux", "linux/", "linux/amd64/v2/x", ""):
        g.refused(g.gate(reg, "app/web:both", "--platform", word), "--platform '%s' is none" % word, "platform", 2)
    put_index(reg, "arm", '"manifests":%s' % json.dumps(
        [child(good, "linux", "amd64"), child(evil, "linux", "arm")]))
    g.refused(g.gate(reg, "app/web:arm"), "arm stands in for arm64", "signature")
    reg.close()


def past():
    """A server that runs on for years: not-after is asked of each decision, not only when it starts."""
    with open("until.yaml", "w", encoding="utf-8") as f:
        f.write("version: 1\nkeys:\n"
                "  release: { file: rel.pub, roles: [release], not-after: 2100-06-30 }\n"
                "  scanner: { file: scn.pub, roles: [scanner], not-after: 2100-06-30 }\n"
                "scopes:\n  - match: [\"r.example/**\"]\n    signatures: [ { roles: [release] } ]\n"
                "    attestations: [ { type: scan, roles: [scanner] } ]\n    secrets: none\n")
    with open("until-cases.yaml", "w", encoding="utf-8") as f:
        f.write("cases:\n")
        for name, when, expect in (("its last day", "2100-06-30T23:59:59Z", "allow"),
                                   ("the day after", "2100-07-01T00:00:00Z", "deny")):
            f.write("  - name: %s\n    ref: r.example/x:1\n    time: %s\n    expect: %s\n%s"
                    "    evidence:\n      - { kind: signature, key: release }\n"
                    "      - { kind: attestation, key: scanner, type: scan, secrets: 0, complete: true }\n"
                    % (name, when, expect, "    reason: past the not-after\n" if expect == "deny" else ""))
    r = g.run("gate", "test", "--policy", "until.yaml", "until-cases.yaml")
    g.point(r.code == 0 and "2 cases" in r.text, "a signer past its not-after signs nothing", r)


def deploys():
    """Files that name an image in a way of their own: judged, or named as what cannot be."""
    with open("d.yaml", "w", encoding="utf-8") as f:
        f.write("version: 1\nscopes: [ { match: [\"good.example/**\"], allow: any } ]\n")
    with open("build.yaml", "w", encoding="utf-8") as f:
        f.write("version: 1\ndocker-build: allow\nscopes: [ { match: [\"good.example/**\"], allow: any } ]\n")

    def deploy(text, policy="d.yaml"):
        with open("x.yaml", "w", encoding="utf-8") as f:
            f.write(text)
        return g.run("gate", "deploy", "--policy", policy, "x.yaml")

    good = "ok: { image: good.example/x:1 }"
    pod = "{ containers: [ { image: evil.example/x } ] }"
    lists = '{"apiVersion":"v1","kind":"List","items":[%s]}'
    deep = '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"evil.example/x"}]}}'
    for _ in range(6):
        deep = lists % deep
    for name, text, why in (
            ("a merge key", "x-b: &b { image: evil.example/x }\nservices: { web: { <<: *b }, %s }\n" % good, "evil"),
            ("merge keys in a row",
             "x-a: &a { p: 1 }\nx-b: &b { image: evil.example/x }\nx-c: &c { <<: [ *a, *b ] }\n"
             "services: { web: { <<: *c }, %s }\n" % good, "evil"),
            ("a service of another file", "services: { w: { extends: { file: o.yml, service: w } }, %s }\n" % good,
             "another file"),
            ("other files", "include: [ o.yml ]\nservices: { %s }\n" % good, "other files"),
            ("a volume that is an image", "services: { a: { image: good.example/x:1, volumes: "
             "[ { type: image, source: evil.example/x, target: /x } ] } }\n", "evil"),
            ("a container merged in", "apiVersion: v1\nkind: Pod\nx: &c { image: evil.example/x }\n"
             "spec: { containers: [ { <<: *c, name: a } ] }\n", "evil"),
            ("a list that names its kind", "apiVersion: v1\nkind: PodList\nitems: [ { spec: %s } ]\n" % pod, "evil"),
            ("a kind of somebody's own", "apiVersion: x.example/v1\nkind: Rollout\n"
             "spec: { template: { spec: %s } }\n" % pod, "evil"),
            ("lists in lists", deep, "too deep")):
        r = deploy(text)
        g.point(r.code == 1 and "REFUSED" in r.text and why in r.text, "deploy: " + name, r)
    g.allowed(deploy("x-b: &b { image: evil.example/x }\nservices: { web: { <<: *b, image: good.example/y }}\n"),
              "deploy: what stands there comes before what is merged in")
    built = "services: { w: { image: evil.example/x:1, build: .%s } }\n"
    g.refused(deploy(built % "", "build.yaml"), "deploy: built or pulled", "evil")
    g.point(deploy(built % ", pull_policy: build", "build.yaml").code == 0, "deploy: built, never pulled")
    r = deploy("".join(["services:\n"] + [" a%d: { image: good.example/x }\n" % i for i in range(4200)]))
    g.refused(r, "deploy: more images than a file has", "too many", 2)


def deploy_reads():
    """What `gate IMAGE` finds by reading the image, `gate deploy` finds as well."""
    reg = Registry()
    layer = reg.blob("app/web", g.tar("etc/motd", b"hello\n"))
    doc = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
    reg.manifest("app/web", {
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": g.CONFIG, **reg.blob("app/web", json.dumps(doc).encode())},
        "layers": [{"mediaType": g.LAYER, **layer}]}, MANIFEST, "clean")
    g.policy(reg, ["secrets: none"])
    with open("c.yaml", "w", encoding="utf-8") as f:
        f.write("services: { a: { image: %s/app/web:clean } }\n" % reg.host)
    g.allowed(g.gate(reg, "app/web:clean"), "an image that is read")
    g.allowed(g.run("gate", "deploy", "--policy", "policy.yaml", "c.yaml"), "deploy: an image that is read")
    reg.close()


def exports():
    """In containers' policy.json a repository's scope covers what lies below it: more than the policy says."""
    def export(scope, *flags):
        with open("exp.yaml", "w", encoding="utf-8") as f:
            f.write("version: 1\nkeys: { release: { file: rel.pub, roles: [release] } }\nscopes:\n  - %s\n"
                    "  - { match: [\"r.example/app/**\"], signatures: [ { roles: [release] } ] }\n" % scope)
        return g.run("gate", "export", "--policy", "exp.yaml", "--for", "podman", "-o", "exp", *flags)

    one = "{ match: [\"r.example/app/one\"], %s }"
    r = export(one % "allow: any")
    g.point(r.code == 1 and "below it" in r.text, "export: one repository, whatever it is", r)
    r = export(one % "signatures: [ { roles: [release] } ]")
    g.point(r.code == 1 and "below it" in r.text, "export: one repository, signed", r)
    g.point(export(one % "allow: any", "--lossy").code == 0, "export: one repository, --lossy")
    g.point(export(one % "deny: \"no\"").code == 0, "export: one repository, denied")
    g.point(export("{ match: [\"r.example/app/one/**\"], allow: any }").code == 0, "export: all below one")


def writers():
    """Runs at once that write one log take turns."""
    with open("any.yaml", "w", encoding="utf-8") as f:
        f.write("version: 1\nscopes: [ { match: [\"good.example/**\"], allow: any } ]\n")
    line = [g.PROGRAM, "gate", "-q", "--policy", "any.yaml", "--log", "turns.log",
            *("good.example/%d" % i for i in range(40))]
    runs = [subprocess.Popen(line, env=g.environment()) for _ in range(6)]
    codes = [x.wait() for x in runs]
    r = g.run("gate", "log", "verify", "turns.log")
    g.point(codes == [0] * 6 and r.code == 0 and "240 decisions" in r.text, "six writers of one log", (codes, r))


def late_key():
    """A policy that comes before its new key is taken up when the key is there."""
    servelib.certificate("server")

    def write(text):
        with open("live.new", "w", encoding="utf-8") as f:
            f.write("version: 1\n%sscopes: [ { match: [\"r.example/**\"], allow: any } ]\n" % text)
        os.rename("live.new", "live.yaml")

    write("")
    s = servelib.Server([g.PROGRAM, "serve", "--policy", "live.yaml", "--listen", "127.0.0.1:0",
                         "--tls-cert", "server.pem", "--tls-key", "server.key"])
    if s.missing():
        print("# skip: serve: not in this build", flush=True)
        return
    write("keys: { late: { file: late.pub, roles: [release] } }\n")

    def ready():
        return s.ask("GET", "/readyz")[1]

    g.point(servelib.within(servelib.LONG, lambda: b"late.pub" in ready()), "a key that is not there", s.said())
    with open("rel.pub", encoding="ascii") as f, open("late.pub", "w", encoding="ascii") as to:
        to.write(f.read())
    g.point(servelib.within(servelib.LONG, lambda: ready() == b"ok\n"), "it has come", s.said())
    g.point(s.said().count("not reloaded") == 1, "said once", s.said())
    s.stop()


def mutates():
    """Tags become digests; what has one stays as it stands, and who only watches stops nothing."""
    reg = Registry()
    d = g.image(reg, "app/web", "1")["digest"]
    servelib.certificate("server")
    name = reg.host + "/app/web"

    def serve(top, more=""):
        g.policy(reg, SIGNED, top=top)
        with open("policy.yaml", "a", encoding="utf-8") as f:
            f.write(more)
        return servelib.Server([g.PROGRAM, "serve", "--policy", "policy.yaml", "--listen", "127.0.0.1:0",
                                "--tls-cert", "server.pem", "--tls-key", "server.key"])

    def mutate(s, image):
        """Is it allowed, and what becomes of it?"""
        pod = servelib.wrap("Pod", {"containers": [{"name": "c", "image": image}]})
        status, got = s.ask("POST", "/mutate", json.dumps(servelib.review("Pod", pod)))
        x = json.loads(got)["response"] if status == 200 else {"allowed": status}
        edits = json.loads(base64.b64decode(x["patch"])) if "patch" in x else []
        return x["allowed"], edits[0]["value"] if edits else None

    s = serve("", "  - { match: [\"127.0.0.1:1/any/**\"], allow: any }\n"
                  "  - { match: [\"127.0.0.1:1/no/**\"], deny: \"no\" }\n")
    if s.missing():
        print("# skip: serve: not in this build", flush=True)
        reg.close()
        return
    g.point(mutate(s, name + ":1") == (True, name + ":1@" + d), "mutate: a tag")
    for image in ("nginx@" + d, name + "@" + d, name + ":1@" + d, name + ":other@" + d):
        g.point(mutate(s, image) == (True, None), "mutate: a digest stays: " + image[-85:-60], mutate(s, image))
    for image in (name + ":none", "", "no image"):
        g.point(mutate(s, image) == (False, None), "mutate: no digest can be had: '%s'" % image[-5:])
    for image in ("127.0.0.1:1/any/x", "127.0.0.1:1/no/x", "127.0.0.1:2/unmatched"):
        g.point(mutate(s, image) == (True, None), "mutate: no rule asks for a digest: " + image, mutate(s, image))
    s.stop()
    s = serve("mode: audit\n")
    g.point(mutate(s, name + ":1") == (True, name + ":1@" + d), "mutate: a tag, in audit mode")
    for image in (name + ":none", "127.0.0.1:1/x", "no image", ""):
        g.point(mutate(s, image) == (True, None), "mutate: audit mode stops nothing: '%s'" % image[-5:])
    s.stop()
    reg.close()


def main():
    if b"libsodium" in g.run("keygen", "-q", "-o", "probe").err:
        print("1..0 # SKIP built without libsodium")
        return 0
    r = g.run("tags", "--retries", "0", "localhost:1/x")
    if b"not in this build" in r.err or b"libcurl" in r.err:
        print("1..0 # SKIP built without registries")
        return 0
    for name in ("rel", "bak", "scn"):
        g.key(name)
    for part in (spelling, platforms, past, deploys, deploy_reads, exports, writers, late_key, mutates):
        part()
    print("1..%d" % g.points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
