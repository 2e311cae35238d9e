#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What our own verbs found, attested and judged: scan, secrets, inventory, lint and scrub, each allowed and
refused; images and inventories matched with a database of today; identities among the signers; a trusted
root imported. Nothing here is a made-up result."""

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
import gate as g  # noqa: E402
import keyless  # noqa: E402
import servelib  # noqa: E402
from mockreg import MANIFEST, Registry  # noqa: E402

MKIMAGE = os.environ.get("MKIMAGE", "")
ISSUER = "https://issuer.example"
WHO = "https://code.example/acme/app/.forge/release.yml@refs/heads/main"
PACKAGES = {"old": "1.0.0", "new": "2.0.0"}


def write(name, text):
    with open(name, "w", encoding="utf-8") as f:
        f.write(text)


def record(name, severity):
    return {"schema_version": "1.7.0", "id": name, "modified": "2026-01-01T00:00:00Z",
            "database_specific": {"severity": severity},
            "affected": [{"package": {"ecosystem": "npm", "name": "leftish"}, "ranges": [
                {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.0.0"}]}]}]}


def database(folder="db"):
    write("GHSA-aaaa-bbbb-cccc.json", json.dumps(record("GHSA-aaaa-bbbb-cccc", "HIGH")))
    r = g.run("db", "build", "GHSA-aaaa-bbbb-cccc.json", "--db", folder, "-q")
    g.point(r.code == 0, "a database", r)


def build(reg, tag, version="2.0.0", more="", user="1000"):
    """An image with one package, pushed; its reference."""
    write("i.recipe", 'user %s\nlayer gzip {\n by "x"\n file app/node_modules/leftish/package.json '
          '"{\\"name\\":\\"leftish\\",\\"version\\":\\"%s\\"}"\n file n "%s"\n%s}\n' % (user, version, tag, more))
    subprocess.run(["rm", "-rf", "lay"], check=True)
    done = subprocess.run([MKIMAGE, "i.recipe", "oci:lay"], check=False, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    r = g.run("push", "-q", "lay", "%s/app/web:%s" % (reg.host, tag))
    if r.code:
        raise RuntimeError(str(r))
    return "app/web:" + tag


def attest(reg, ref, kind, result, key="scn"):
    r = g.run("attest", "-q", "--format", "legacy", "--key", key + ".key", "--type", kind, "--result", result,
              "%s/%s" % (reg.host, ref))
    g.point(r.code == 0, "attested: %s of %s" % (kind, ref), r)


def scan(reg, ref, *flags, verb="scan"):
    """A result of ours, into result.json."""
    r = g.run(verb, "-q", "-f", "json=result.json", *flags, "docker://%s/%s" % (reg.host, ref))
    g.point(r.code in (0, 1), "%s of %s" % (verb, ref), r)
    with open("result.json", encoding="utf-8") as f:
        return json.load(f)


SECRET = ' file srv/token "key={stripe:leak}\\n"\n'


# ---------------------------------------------------------------- scans and secrets

def scans():
    reg = Registry()
    rules = ["attestations: [ { type: scan, roles: [scanner], max-age: 1d } ]",
             "vulnerabilities: { max: medium }", "secrets: none"]
    g.policy(reg, rules)
    good = build(reg, "good")
    doc = scan(reg, good, "--db", "db")
    g.point({"secret", "vuln"} <= set(doc["tool"]["scanners"]), "a result says what ran", doc["tool"])
    attest(reg, good, "scan", "result.json")
    g.allowed(g.gate(reg, good), "scan: nothing found")
    flawed = build(reg, "flawed", "1.0.0")
    scan(reg, flawed, "--db", "db")
    attest(reg, flawed, "scan", "result.json")
    g.refused(g.gate(reg, flawed), "scan: a flaw above the highest", "1 high")
    g.policy(reg, [rules[0], "vulnerabilities: { max: high }", "secrets: none"])
    g.allowed(g.gate(reg, flawed), "scan: the same where high is admitted")
    write("v.json", json.dumps({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "x", "timestamp": g.ago(days=1),
        "version": 1, "statements": [{"vulnerability": {"name": "GHSA-aaaa-bbbb-cccc"},
                                      "status": "not_affected", "justification": "component_not_present",
                                      "products": [{"@id": "pkg:npm/leftish@1.0.0"}]}]}))
    g.policy(reg, [rules[0], "vulnerabilities: { max: medium, vex-roles: [release] }", "secrets: none"])
    g.refused(g.gate(reg, flawed), "scan: without the statement", "1 high")
    r = g.run("attest", "-q", "--key", "rel.key", "--type", "openvex", "--predicate", "v.json",
              "%s/%s" % (reg.host, flawed))
    g.point(r.code == 0, "a VEX statement, attested", r)
    g.allowed(g.gate(reg, flawed), "scan: with a signed VEX statement")
    g.policy(reg, rules)
    leaky = build(reg, "leaky", more=SECRET)
    scan(reg, leaky, "--db", "db")
    attest(reg, leaky, "scan", "result.json")
    g.refused(g.gate(reg, leaky), "scan: a secret", "secret")
    for flags, why in ((("--scanners", "vuln"), "secrets were not looked for"),
                       (("--severity", "low"), "findings were left out")):
        ref = build(reg, "part" + flags[1], more=SECRET)
        scan(reg, ref, "--db", "db", *flags)
        attest(reg, ref, "scan", "result.json")
        r = g.gate(reg, ref)
        g.point(r.code != 0 and "ALLOWED" not in r.text, "scan: " + why, r)
    g.policy(reg, ["secrets: none"])
    scan(reg, good, "--scanners", "secret")
    attest(reg, good, "secret", "result.json")
    g.allowed(g.gate(reg, good), "secrets: none were found, says the scanner")
    reg.close()


# ---------------------------------------------------------------- inventories

def inventories():
    """The bill of materials was signed when there was no flaw; the database is of today."""
    reg = Registry()
    rules = ["attestations: [ { type: cyclonedx, roles: [release] } ]",
             "vulnerabilities: { max: medium, source: inventory }"]
    for tag in PACKAGES:
        ref = build(reg, tag, PACKAGES[tag])
        r = g.run("sbom", "-q", "-f", "cyclonedx-json=bill.json", "oci:lay")
        g.point(r.code == 0, "an inventory of " + tag, r)
        attest(reg, ref, "cyclonedx", "bill.json", key="rel")
    g.policy(reg, rules)
    g.allowed(g.gate(reg, "app/web:new", "--db", "db"), "inventory: no flaw of today")
    g.refused(g.gate(reg, "app/web:old", "--db", "db"), "inventory: a flaw of today", "1 high")
    r = g.gate(reg, "app/web:new")
    g.point(r.code != 0 and "ALLOWED" not in r.text, "inventory: no database, no passing", r)
    bare = build(reg, "bare")
    r = g.gate(reg, bare, "--db", "db")
    g.point(r.code == 1 and "ALLOWED" not in r.text, "inventory: none was signed", r)
    g.policy(reg, ["vulnerabilities: { max: medium, source: scan }", "config: { user: non-root }"])
    g.allowed(g.gate(reg, "app/web:new", "--db", "db"), "source: scan, read and matched now")
    g.refused(g.gate(reg, "app/web:old", "--db", "db"), "source: scan, a flaw", "1 high")
    root = build(reg, "root", user="0")
    g.refused(g.gate(reg, root, "--db", "db"), "an image that runs as root", "may be root")
    reg.close()


# ---------------------------------------------------------------- lint and scrub

def proofs():
    reg = Registry()
    g.policy(reg, ["attestations: [ { type: lint, roles: [release], max-age: 1d }, "
                   "{ type: scrub, roles: [release] } ]"])
    ref = build(reg, "clean", more=SECRET)
    write("Dockerfile", "FROM scratch\nUSER 1000\n")
    r = g.run("lint", "-f", "json=lint.json", "Dockerfile")
    g.point(r.code in (0, 1), "lint", r)
    attest(reg, ref, "lint", "lint.json", key="rel")
    g.refused(g.gate(reg, ref), "lint alone", "scrub")
    r = g.run("scrub", "-q", "--remove", "oci:lay", "-o", "oci:clean", "--proof", "proof.json")
    g.point(r.code == 0 and os.path.exists("proof.json"), "scrub, with its proof", r)
    if r.code == 0:
        r = g.run("push", "-q", "clean", "%s/app/web:scrubbed" % reg.host)
        g.point(r.code == 0, "pushed", r)
        attest(reg, "app/web:scrubbed", "scrub", "proof.json", key="rel")
        attest(reg, "app/web:scrubbed", "lint", "lint.json", key="rel")
        g.allowed(g.gate(reg, "app/web:scrubbed"), "lint and scrub, both attested")
    reg.close()


# ---------------------------------------------------------------- results of the store

def blobs(reg):
    """Layers asked for since the log was emptied."""
    with reg.lock:
        asked = [r for r in reg.log if "/blobs/" in str(r)]
        reg.log.clear()
    return len(asked)


def keep(reg, ref, *flags, folder="st"):
    r = g.run("scan", "-q", "-f", "json=/dev/null", "--store", folder, *flags, "docker://%s/%s" % (reg.host, ref))
    g.point(r.code in (0, 1), "kept: %s %s" % (ref, " ".join(flags)), r)


def decided(r):
    """A decision without where it came from."""
    return r.code, r.text.replace("stored scan:", "scan:").replace(", by the stored result", "").replace(
        "secrets were found", "found").replace("none found", "none")


def webhook(reg, scope, refs, new):
    """`serve` reads no image: it goes by what is stored, or refuses."""
    servelib.certificate("server")
    g.policy(reg, scope)
    s = servelib.Server([g.PROGRAM, "serve", "--policy", "policy.yaml", "--listen", "127.0.0.1:0", "--tls-cert",
                         "server.pem", "--tls-key", "server.key", "--store", "st"])
    if s.missing():
        print("# skip: serve: not in this build", flush=True)
        return
    for ref, good in ((refs["kept-good"], True), (refs["kept-leaky"], False), (refs["kept-flawed"], False), (new, False)):
        tag = ref.rsplit(":", 1)[1]
        name = "%s/%s@%s" % (reg.host, ref.rsplit(":", 1)[0], reg.tags["app/web"][tag])
        pod = servelib.wrap("Pod", {"containers": [{"name": "c", "image": name}]})
        status, got = s.ask("POST", "/validate", json.dumps(servelib.review("Pod", pod)))
        answer = json.loads(got)["response"] if status == 200 else {}
        g.point(status == 200 and answer["allowed"] == good, "stored: the webhook, " + tag, got)
    s.stop()


def stored():
    """The same decisions from what earlier scans left in a store, and none from what they did not."""
    reg = Registry()
    asks = ["vulnerabilities: { max: medium, source: scan }", "secrets: none", "config: { user: non-root }"]
    only, both = ["results: { from: [store], max-age: 1d }"], ["results: { from: [store, scan], max-age: 1d }"]
    refs = {"kept-good": build(reg, "kept-good"), "kept-flawed": build(reg, "kept-flawed", "1.0.0"),
            "kept-leaky": build(reg, "kept-leaky", more=SECRET), "kept-root": build(reg, "kept-root", user="0")}
    for ref in refs.values():
        keep(reg, ref, "--db", "db")
    for tag, ref in refs.items():
        g.policy(reg, asks)
        fresh = g.gate(reg, ref, "--db", "db", "--explain")
        read = blobs(reg)
        g.policy(reg, asks + only)
        now = g.gate(reg, ref, "--db", "db", "--store", "st", "--explain")
        g.point(decided(fresh) == decided(now), "stored: decided as when read now: " + tag, (decided(fresh), decided(now)))
        asked = blobs(reg)
        g.point(asked < read and asked <= 1, "stored: no layer is read: " + tag, (asked, read))
    g.point("by the stored result" in g.gate(reg, refs["kept-good"], "--db", "db", "--store", "st", "--explain").text,
            "stored: --explain names the source")
    r = g.gate(reg, refs["kept-good"], "--db", "db", env={"PLIMSOLL_STORE": "st"})
    g.allowed(r, "stored: the store of the environment")
    g.refused(g.gate(reg, refs["kept-good"], "--db", "db"), "stored: no store", "none was named")
    new = build(reg, "kept-not")
    g.refused(g.gate(reg, new, "--db", "db", "--store", "st"), "stored: absent is not clean", "no reading of this image")
    g.refused(g.gate(reg, new, "--db", "db", "--store", "nowhere"), "stored: no store there", "store:")
    g.refused(g.gate(reg, refs["kept-good"], "--db", "db", "--store", "postgresql://x@127.0.0.1:1/x"),
              "stored: a store that does not answer", "store:")
    for flags, why in ((("--limit", "nested-depth=1"), "options of its own"),
                       (("--scanners", "vuln"), "options of its own"), (("--only-fixed",), "options of its own")):
        keep(reg, new, "--db", "db", *flags, folder="odd")
        g.refused(g.gate(reg, new, "--db", "db", "--store", "odd"), "stored: with " + " ".join(flags), why)
    g.run("db", "build", "GHSA-aaaa-bbbb-cccc.json", "GHSA-aaaa-bbbb-cccc.json", "--db", "db2", "-q")
    write("GHSA-dddd-eeee-ffff.json", json.dumps(record("GHSA-dddd-eeee-ffff", "LOW")))
    g.run("db", "build", "GHSA-aaaa-bbbb-cccc.json", "GHSA-dddd-eeee-ffff.json", "--db", "db3", "-q")
    g.refused(g.gate(reg, refs["kept-good"], "--db", "db3", "--store", "st"), "stored: other advisories",
              "other advisories")
    g.policy(reg, ["results: { from: [store], max-age: 1s }", "secrets: none"])
    time.sleep(2)
    g.refused(g.gate(reg, refs["kept-good"], "--store", "st"), "stored: older than the policy takes", "too old")
    broken = build(reg, "kept-broken", more=' file x.gz hex "1f8b08ff"\n raw "nonsense"\n')
    r = g.run("scan", "-q", "-f", "json=/dev/null", "--store", "part", "docker://%s/%s" % (reg.host, broken))
    g.point(r.code == 3, "kept: what is incomplete", r)
    g.policy(reg, only + ["secrets: none"])
    r = g.gate(reg, "app/web:kept-broken", "--store", "part")
    g.refused(r, "stored: incomplete is not clean", "incomplete")
    g.policy(reg, both + asks)
    g.allowed(g.gate(reg, new, "--db", "db", "--store", "st"), "stored, else read: what is not stored is read")
    g.point(blobs(reg) > 1, "stored, else read: it was")
    g.allowed(g.gate(reg, refs["kept-good"], "--db", "db", "--store", "st"), "stored, else read: what is stored")
    g.point(blobs(reg) <= 1, "stored, else read: no layer")
    webhook(reg, asks + only, refs, new)
    for text, why in (("{ from: [store] }", "max-age"), ("{ from: [scan, store], max-age: 1d }", "from"),
                      ("{ from: [cloud], max-age: 1d }", "none of"), ("{ from: [], max-age: 1d }", "empty"),
                      ("{ max-age: 1d }", "from"), ("{ from: [store], max-age: 1d, x: 1 }", "x")):
        g.policy(reg, ["results: " + text, "secrets: none"])
        r = g.gate(reg, new, "--store", "st")
        g.point(r.code == 2 and why in r.text, "stored: refused: " + text, r)
    reg.close()


# ---------------------------------------------------------------- identities

def identities():
    reg = Registry()
    world = keyless.World()
    write("root.json", json.dumps(world.root()))
    d = g.image(reg, "app/web", "1")["digest"]

    def policy(scope, root="root.json"):
        with open("policy.yaml", "w", encoding="utf-8") as f:
            f.write("version: 1\nkeys:\n  release: { file: rel.pub, roles: [release] }\nidentities:\n"
                    "  ci: { issuer: \"%s\", subject: \"%s\", roles: [builder] }\n"
                    "  again: { issuer: \"%s\", subject: \"%s\", roles: [builder] }\n"
                    "trust: { root: %s }\nscopes:\n  - match: [\"%s/app/**\"]\n" % (
                        ISSUER, WHO, ISSUER, WHO, root, reg.host))
            f.write("".join("    %s\n" % x for x in scope))

    one = ["signatures: [ { roles: [builder], need: 1 } ]"]
    policy(one)
    g.refused(g.gate(reg, "app/web:1"), "identity: not signed", "no signature was found")
    keyless.Signer(world, WHO + "x", ISSUER).sign(reg, "app/web", d)
    g.refused(g.gate(reg, "app/web:1"), "identity: a subject that differs in one character")
    keyless.Signer(world, WHO, ISSUER + ".evil").sign(reg, "app/web", d)
    g.refused(g.gate(reg, "app/web:1"), "identity: another issuer")
    keyless.Signer(world, WHO, ISSUER).sign(
        reg, "app/web", d, spoil=lambda b: b["spec"]["data"]["hash"].update(value="0" * 64))
    g.refused(g.gate(reg, "app/web:1"), "identity: a log entry of something else")
    keyless.Signer(world, WHO, ISSUER).sign(reg, "app/web", d)
    g.allowed(g.gate(reg, "app/web:1"), "identity: signed")
    policy(["signatures: [ { from: [ci, release], need: 2 } ]"])
    g.refused(g.gate(reg, "app/web:1"), "identity and key: one of two", "1 of 2 wanted")
    keyless.Signer(world, WHO, ISSUER).sign(reg, "app/web", d)
    g.refused(g.gate(reg, "app/web:1"), "identity and key: one identity, twice", "1 of 2 wanted")
    g.sign(reg, "app/web:1", "rel")
    g.allowed(g.gate(reg, "app/web:1"), "identity and key: two of two")
    policy(["signatures: [ { from: [ci, again], need: 2 } ]"])
    g.refused(g.gate(reg, "app/web:1"), "two names of one identity are one", "need", 2)
    slsa = "https://slsa.dev/provenance/v1"
    policy(["attestations: [ { type: slsaprovenance1, from: [ci], builder: \"https://b.example\" } ]"])
    g.refused(g.gate(reg, "app/web:1"), "identity: a signature is no attestation")
    said = {"buildDefinition": {"resolvedDependencies": []},
            "runDetails": {"builder": {"id": "https://b.example"}}}
    keyless.Signer(world, WHO + "x", ISSUER).attest(reg, "app/web", d, slsa, said)
    g.refused(g.gate(reg, "app/web:1"), "identity: provenance of somebody else")
    keyless.Signer(world, WHO, ISSUER).attest(reg, "app/web", d, slsa, said)
    g.allowed(g.gate(reg, "app/web:1"), "identity: provenance")
    other = keyless.World()
    write("other.json", json.dumps(other.root()))
    policy(one, root="other.json")
    g.refused(g.gate(reg, "app/web:1"), "identity: of another world")
    policy(one, root="none.json")
    g.refused(g.gate(reg, "app/web:1"), "identity: no trusted root", "none.json", 2)
    roots(reg, world, other)
    reg.close()


def roots(reg, world, other):
    """`trust import`: what `verify` without --trusted-root goes by."""
    env = {"XDG_CONFIG_HOME": os.path.join(os.getcwd(), "conf")}
    words = ("verify", "--certificate-identity", WHO, "--certificate-oidc-issuer", ISSUER, reg.host + "/app/web:1")
    r = g.run(*words, env=env)
    g.point(r.code != 0, "verify by the root that is built in", r)
    r = g.run("trust", "import", "--force", "root.json", env=env)
    g.point(r.code == 0 and "1 certificate authorities" in r.text, "trust import", r)
    r = g.run("trust", "status", env=env)
    g.point(r.code == 0 and "trusted_root.json" in r.text, "trust status", r)
    r = g.run(*words, env=env)
    g.point(r.code == 0, "verify by the root that was imported", r)
    late = world.root()
    for part in ("tlogs", "ctlogs"):
        late[part][0]["publicKey"]["validFor"] = {"start": "2021-01-01T00:00:00Z"}
    write("late.json", json.dumps(late))
    g.point(g.run("trust", "import", "late.json", env=env).code == 0, "a newer root")
    r = g.run("trust", "import", "root.json", env=env)
    g.point(r.code == 2 and "older" in r.text, "an older root is refused", r)
    r = g.run(*words, env=env)
    g.point(r.code == 0, "and the newer one stays", r)
    r = g.run("trust", "import", "--force", "other.json", env=env)
    g.point(r.code == 0 and g.run(*words, env=env).code == 4, "--force takes it; what it does not trust fails")
    write("bad.json", "{}")
    g.point(g.run("trust", "import", "bad.json", env=env).code == 2, "what is no root is not imported")
    files = [os.path.join(d, f) for d, _, fs in os.walk("conf") for f in fs]
    g.point(files == ["conf/plimsoll/trusted_root.json"], "one file is written", files)
    del other


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
    todo = [identities]
    if MKIMAGE:
        database()
        todo += [scans, inventories, proofs, stored]
    for part in todo:
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
    print("1..%d" % g.points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
