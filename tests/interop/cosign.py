#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Both ways with a real cosign on a local registry: keys, signatures, attestations, both forms,
every kind of key, an index and its children. Not part of `make check`, since it needs programs that
are not packaged: COSIGN2 and COSIGN3 name them (else cosign2, cosign3 of the PATH or ~/go/bin), a
registry is docker-registry or registry. What is missing is skipped with a line.

usage: tests/interop/cosign.py [BUILD]"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
PROGRAM = os.path.join(BUILD, "plimsoll")
MKIMAGE = os.path.join(BUILD, "tools", "mkimage")
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
KEYS = ("p256", "p384", "rsa", "ed")
GENPKEY = {"p256": ("EC", "ec_paramgen_curve:P-256"), "p384": ("EC", "ec_paramgen_curve:P-384"),
           "rsa": ("RSA", "rsa_keygen_bits:3072"), "ed": ("ED25519", None)}
ENV = {**os.environ, "PLIMSOLL_PASSWORD": "secret", "COSIGN_PASSWORD": "secret",
       "COSIGN_YES": "true", "COSIGN_EXPERIMENTAL": "0"}
points = failed = 0


def point(good, name, why=""):
    global points, failed
    points += 1
    failed += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name,
                              "" if good else ": " + str(why)[-500:].replace("\n", " | ")),
          flush=True)


class Ran:
    def __init__(self, words, env=None):
        done = subprocess.run(words, env={**ENV, **(env or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=300)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.words = words

    def __str__(self):
        return "%s: exit %d: %s" % (" ".join(self.words), self.code,
                                    (self.err + self.out).decode("utf-8", "replace"))


def ours(*words):
    return Ran([PROGRAM, *words])


def find(variable, *names):
    for name in (os.environ.get(variable, ""), *names):
        for path in (shutil.which(name), os.path.expanduser("~/go/bin/" + name)):
            if name and path and os.path.isfile(path):
                return path
    return None


def serve():
    """A registry on a free port; its address and process."""
    program = find("REGISTRY", "docker-registry", "registry")
    if not program:
        return None, None
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        host = "localhost:%d" % s.getsockname()[1]
    with open("registry.yml", "w", encoding="utf-8") as f:
        f.write("version: 0.1\nlog: {level: error}\nstorage: {inmemory: {}}\n"
                "http: {addr: 127.0.0.1:%s}\n" % host.split(":")[1])
    process = subprocess.Popen([program, "serve", "registry.yml"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            urllib.request.urlopen("http://%s/v2/" % host, timeout=1).close()
            return host, process
        except OSError:
            time.sleep(0.1)
    process.kill()
    return None, None


def keys():
    for k in KEYS:
        kind, option = GENPKEY[k]
        words = ["openssl", "genpkey", "-algorithm", kind, "-out", k + ".pem"]
        subprocess.run(words + (["-pkeyopt", option] if option else []), check=True,
                       stderr=subprocess.DEVNULL)
        r = ours("keygen", "-q", "--force", "--import", k + ".pem", "-o", k)
        point(r.code == 0, "our key, " + k, r)


class Images:
    """Fresh images on demand, so that no signature stands in another's way."""

    def __init__(self, host):
        self.host, self.n = host, 0

    def new(self):
        self.n += 1
        with open("i.recipe", "w", encoding="utf-8") as f:
            f.write('layer gzip {\n by "x"\n file n "%d\\n"\n}\n' % self.n)
        shutil.rmtree("layout", ignore_errors=True)
        ref = "%s/t/app%d:1" % (self.host, self.n)
        for words in ([MKIMAGE, "i.recipe", "oci:layout"], [PROGRAM, "push", "layout", ref]):
            r = Ran(words)
            if r.code:
                raise SystemExit(str(r))
        return ref

    def index(self):
        """An index of two; the reference of the index and those of its children."""
        ref = self.new()
        repo = ref.split("/", 1)[1].rsplit(":", 1)[0]
        base = "http://%s/v2/%s/manifests/" % (self.host, repo)
        ask = urllib.request.Request(base + "1", headers={"Accept": MANIFEST})
        with urllib.request.urlopen(ask) as f:
            data, d = f.read(), f.headers["Docker-Content-Digest"]
        child = {"mediaType": MANIFEST, "size": len(data), "digest": d,
                 "platform": {"os": "linux", "architecture": "amd64"}}
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}).encode()
        put = urllib.request.Request(base + "m", data=body, method="PUT",
                                     headers={"Content-Type": INDEX})
        with urllib.request.urlopen(put) as f:
            whole = f.headers["Docker-Content-Digest"]
        name = "%s/%s" % (self.host, repo)
        return name + "@" + whole, [name + "@" + d]


class Cosign:
    def __init__(self, name, program, major):
        self.name, self.program, self.major = name, program, major

    def run(self, *words):
        return Ran([self.program, *words])

    def sign_flags(self, new):
        flags = ["--yes", "--allow-http-registry", "--new-bundle-format=%s" % str(new).lower()]
        if self.major == 2:
            return flags + ["--tlog-upload=false"]
        if new:
            return flags + ["--signing-config", "sc.json"]
        return flags + ["--use-signing-config=false", "--tlog-upload=false"]

    def verify_flags(self, new):
        flags = ["--allow-http-registry", "--insecure-ignore-tlog",
                 "--new-bundle-format=%s" % str(new).lower()]
        return flags + (["--trusted-root", "root.json"] if new else [])  # it would fetch one


def theirs_reads_ours(c, images):
    for k in KEYS:
        for form, new in (("legacy", False), ("bundle", True), ("both", True)):
            ref = images.new()
            r = ours("sign", "-q", "--key", k + ".key", "-a", "team=core", "--format", form, ref)
            point(r.code == 0, "%s: we sign, %s, %s" % (c.name, k, form), r)
            r = ours("attest", "-q", "--key", k + ".key", "--type", "vuln", "--predicate",
                     "p.json", "--format", form, ref)
            point(r.code == 0, "%s: we attest, %s, %s" % (c.name, k, form), r)
            r = c.run("verify", "--key", k + ".pub", "-a", "team=core", *c.verify_flags(new), ref)
            point(r.code == 0, "%s verifies ours, %s, %s" % (c.name, k, form), r)
            r = c.run("verify-attestation", "--key", k + ".pub", "--type", "vuln",
                      *c.verify_flags(new), ref)
            point(r.code == 0, "%s verifies our attestation, %s, %s" % (c.name, k, form), r)
            r = c.run("verify", "--key", "other.pub", *c.verify_flags(new), ref)
            point(r.code != 0, "%s refuses another key, %s, %s" % (c.name, k, form), r)
        r = ours("sign", "-q", "--key", k + ".key", "--blob", "p.json", "--bundle", "b.json")
        r = c.run("verify-blob", "--key", k + ".pub", "--bundle", "b.json",
                  "--insecure-ignore-tlog", "--new-bundle-format",
                  "--trusted-root", "root.json", "p.json")
        point(r.code == 0, "%s verifies our file, %s" % (c.name, k), r)


def we_read_theirs(c, images):
    for k in KEYS:
        prefix = "%s-%s" % (c.name, k)
        r = c.run("import-key-pair", "--key", k + ".pem", "--output-key-prefix", prefix)
        point(r.code == 0, "%s imports %s" % (c.name, k), r)
        point(open(prefix + ".pub", "rb").read() == open(k + ".pub", "rb").read(),
              "%s: the same public half, %s" % (c.name, k))
        r = ours("sign", "-q", "--key", prefix + ".key", images.new())
        point(r.code == 0, "its key file signs with us, " + k, r)
        for new in (False, True):
            form, ref = "new" if new else "old", images.new()
            r = c.run("sign", "--key", prefix + ".key", "-a", "team=core", *c.sign_flags(new), ref)
            point(r.code == 0, "%s signs, %s, %s form" % (c.name, k, form), r)
            # cosign 2 leaves annotations out of bundles
            noted = () if new and c.major == 2 else ("-a", "team=core")
            r = ours("verify", "--key", prefix + ".pub", *noted, ref)
            point(r.code == 0, "we verify %s, %s, %s form" % (c.name, k, form), r)
            r = ours("verify", "--key", "other.pub", ref)
            point(r.code == 4, "and not with another key", r)
            r = c.run("attest", "--key", prefix + ".key", "--type", "vuln", "--predicate", "p.json",
                      *c.sign_flags(new), ref)
            point(r.code == 0, "%s attests, %s, %s form" % (c.name, k, form), r)
            r = ours("verify", "--key", prefix + ".pub", "--type", "vuln", ref)
            point(r.code == 0, "we verify its attestation, %s, %s form" % (k, form), r)
            r = ours("sign", "-q", "--key", "other.key", ref)
            s = ours("verify", "--key", prefix + ".pub", "--key", "other.pub", "--need", "2", ref)
            point(r.code == 0 and s.code == 0, "ours beside its own, %s, %s form" % (k, form), s)


def our_keys_in_theirs(c, images):
    for k in KEYS:
        ref = images.new()
        r = c.run("sign", "--key", k + ".key", *c.sign_flags(False), ref)
        point(r.code == 0, "%s signs with our key file, %s" % (c.name, k), r)
        r = ours("verify", "--key", k + ".pub", ref)
        point(r.code == 0, "and we verify it", r)
    r = c.run("public-key", "--key", "p256.key")
    point(r.out == open("p256.pub", "rb").read(), "%s: public half of our key" % c.name, r)


def indexes(c, images):
    whole, kids = images.index()
    r = ours("sign", "-q", "--key", "p256.key", "--recursive", whole)
    point(r.code == 0, "we sign an index and its children", r)
    for ref in [whole] + kids:
        r = c.run("verify", "--key", "p256.pub", *c.verify_flags(True), ref)
        point(r.code == 0, "%s verifies %s" % (
            c.name, "the index" if ref == whole else "a child"), r)
    for new in (False, True):
        whole, kids = images.index()
        r = c.run("sign", "--key", "%s-p256.key" % c.name, "--recursive", *c.sign_flags(new), whole)
        point(r.code == 0, "%s signs an index, %s form" % (c.name, "new" if new else "old"), r)
        r = ours("verify", "--key", "p256.pub", "--recursive", whole)
        point(r.code == 0, "we verify it and its children", r)


def main():
    found = [Cosign("cosign %d" % n, find("COSIGN%d" % n, "cosign%d" % n), n) for n in (2, 3)]
    for c in found:
        if not c.program:
            print("skip: interop: %s not installed" % c.name)
    found = [c for c in found if c.program]
    if not found or not shutil.which("openssl"):
        print("1..0 # SKIP no cosign, or no openssl")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        host, process = serve()
        if not host:
            print("skip: interop: no registry installed (docker-registry)")
            return 0
        try:
            run_all(found, Images(host))
        finally:
            process.kill()
            process.wait()
    print("1..%d" % points)
    return 1 if failed else 0


def run_all(found, images):
    with open("p.json", "w", encoding="utf-8") as f:
        json.dump({"invocation": {"parameters": None, "uri": "", "event_id": "", "builder.id": ""},
                   "scanner": {"uri": "x", "version": "1", "db": {"uri": "", "version": ""},
                               "result": None},
                   "metadata": {"scanStartedOn": "2026-01-01T00:00:00Z",
                                "scanFinishedOn": "2026-01-01T00:00:01Z"}}, f)
    with open("sc.json", "w", encoding="utf-8") as f:
        json.dump({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                   "rekorTlogConfig": {}, "tsaConfig": {}}, f)
    with open("root.json", "w", encoding="utf-8") as f:
        json.dump({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}, f)
    keys()
    ours("keygen", "-q", "-o", "other")
    for c in found:
        print("# " + c.run("version").out.decode().strip().replace("\n", " ")[-300:])
        for part in (theirs_reads_ours, we_read_theirs, our_keys_in_theirs, indexes):
            part(c, images)


if __name__ == "__main__":
    sys.exit(main())
