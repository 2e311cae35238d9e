#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pulls through a real containerd 2 with its image verifier plug-in: our program is the verifier.
Needs root, containerd and ctr (CONTAINERD, CTR or the PATH or ~/go/bin), a registry and openssl;
what is missing is skipped with a line.

usage: tests/interop/containerd.py [BUILD]"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cosign as c  # noqa: E402  (the registry, images, points)

CONFIG = """version = 3
root = "%(d)s/root"
state = "%(d)s/state"
[grpc]
address = "%(d)s/c.sock"
[ttrpc]
address = "%(d)s/c.sock.ttrpc"
[plugins.'io.containerd.image-verifier.v1.bindir']
bin_dir = "%(d)s/bin"
max_verifiers = 10
per_verifier_timeout = "10s"
"""


class Daemon:
    def __init__(self, program, ctr, folder):
        self.ctr, self.folder, self.socket = ctr, folder, folder + "/c.sock"
        os.makedirs(folder + "/bin")
        os.symlink(c.PROGRAM, folder + "/bin/plimsoll-image-verifier")
        with open(folder + "/config.toml", "w", encoding="utf-8") as f:
            f.write(CONFIG % {"d": folder})
        env = {**os.environ, "PLIMSOLL_POLICY": folder + "/policy.yaml",
               "PLIMSOLL_LOG": folder + "/log"}
        self.child = subprocess.Popen([program, "-c", folder + "/config.toml"], env=env,
                                      stdout=subprocess.DEVNULL, stderr=open(folder + "/err", "wb"))
        for _ in range(200):
            if os.path.exists(self.socket) and self.call("version").code == 0:
                return
            time.sleep(0.1)
        raise SystemExit("containerd does not start: " + open(folder + "/err").read()[-1000:])

    def call(self, *words):
        return c.Ran([self.ctr, "-a", self.socket, *words])

    def pull(self, ref):
        """Pulled? And what was said."""
        r = self.call("images", "pull", "--plain-http", ref)
        there = ref in self.call("images", "ls", "-q").out.decode().split()
        return there, r

    def stop(self):
        self.child.terminate()
        self.child.wait()


def policy(folder, host, more="", text=None):
    with open(folder + "/policy.yaml", "w", encoding="utf-8") as f:
        f.write(text or "version: 1\nkeys:\n  k: { file: k.pub, roles: [release] }\nscopes:\n"
                '  - match: ["%s/**"]\n    signatures: [ { roles: [release], need: 1 } ]\n%s' % (
                    host, more))


def pulls(d, images, folder):
    def case(name, ref, want, why=""):
        there, r = d.pull(ref)
        text = (r.out + r.err).decode("utf-8", "replace")
        c.point(there == want and (r.code == 0) == want and re.search(why, text),
                "containerd: %s: %s" % (name, "pulled" if want else "refused"), r)

    ref = images.new()
    case("not signed", ref, False, "no signature was found")
    c.ours("sign", "-q", "--key", "other.key", ref)
    case("signed by a stranger", ref, False, "does not hold|of others")
    c.ours("sign", "-q", "--key", "k.key", ref)
    case("signed", ref, True)
    new = images.new()
    c.ours("attest", "-q", "--key", "k.key", "--type", "custom", "--predicate", "p.json", new)
    case("an attestation alone", new, False, "signature")
    whole, kids = images.index()
    case("an index nobody signed", whole, False, "no signature")
    c.ours("sign", "-q", "--key", "k.key", "--recursive", whole)
    case("a signed index, by its digest", whole, True)
    case("its child, by its digest", kids[0], True)
    policy(folder, images.host, more="  oops: 1\n")
    new = images.new()
    c.ours("sign", "-q", "--key", "k.key", new)
    case("a policy with a mistake", new, False, "policy.yaml")
    policy(folder, "registry.example")
    case("of no scope", new, False, "no scope matches")
    policy(folder, images.host, text="version: 1\nmode: audit\ndefault: deny\nscopes:\n"
           '  - { match: ["registry.example/**"], allow: pinned }\n')
    case("audit", images.new(), True)
    os.remove(folder + "/policy.yaml")
    case("no policy", new, False, "policy.yaml")
    policy(folder, images.host)
    case("mended", new, True)
    r = c.ours("gate", "log", "verify", folder + "/log")
    c.point(r.code == 0, "containerd: the decisions are in the log", r)
    c.point(r.out.count(b"every link holds") == 1, "and every link holds", r)


def main():
    program, ctr = c.find("CONTAINERD", "containerd"), c.find("CTR", "ctr")
    if not program or not ctr or os.geteuid() or not shutil.which("openssl"):
        print("1..0 # SKIP containerd 2, ctr, openssl and root are needed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        host, process = c.serve()
        if not host:
            print("1..0 # SKIP no registry installed (docker-registry)")
            return 0
        with open("p.json", "w", encoding="utf-8") as f:
            f.write("{}")
        for name in ("k", "other"):
            c.ours("keygen", "-q", "-o", name)
        policy(folder, host)
        d = Daemon(program, ctr, folder)
        print("# " + d.call("version").out.decode().strip().replace("\n", " ")[:200])
        try:
            pulls(d, c.Images(host), folder)
        finally:
            d.stop()
            process.kill()
            process.wait()
    print("1..%d" % c.points)
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
