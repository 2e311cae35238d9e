#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What podman, skopeo and CRI-O would say: the policy of containers/image, as a small program
(containers_image/main.go), judges images that we signed, by the files of `gate export`. Needs
Go, and the module containers/image in its cache or PL_GO_FETCH=1 to get it; skipped with a line
otherwise.

usage: tests/interop/containers_image.py [BUILD]"""

import os
import shutil
import subprocess
import sys
import tempfile

import cosign as c

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "containers_image")
TAGS = ("containers_image_openpgp containers_image_storage_stub "
        "containers_image_docker_daemon_stub exclude_graphdriver_btrfs")


def build(folder):
    """The judge, or None and why not."""
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not go:
        return None, "no Go"
    work = os.path.join(folder, "judge.go")
    shutil.copytree(HERE, work)
    env = {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false"}
    if not os.environ.get("PL_GO_FETCH"):
        env.update(GOPROXY="off", GOSUMDB="off", GOTOOLCHAIN="local")
    done = subprocess.run([go, "build", "-tags", TAGS, "-o", "judge", "."], cwd=work, env=env,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        return None, done.stdout.decode("utf-8", "replace").strip().split("\n")[-1][:200]
    return os.path.join(work, "judge"), ""


def export(key, host):
    """policy.json and registries.d for one key."""
    with open("policy.yaml", "w", encoding="utf-8") as f:
        f.write('version: 1\ndefault: deny\nkeys:\n  k: { file: %s.pub, roles: [release] }\n'
                'scopes:\n  - match: ["%s/**"]\n'
                '    signatures: [ { roles: [release], need: 1 } ]\n' % (key, host))
    shutil.rmtree("out", ignore_errors=True)
    return c.ours("gate", "export", "--for", "podman", "--policy", "policy.yaml", "-o", "out")


def cases(judge, images):
    def case(name, ref, want, why=""):
        r = c.Ran([judge, "out/policy.json", "out/registries.d", ref])
        text = r.out.decode("utf-8", "replace")
        c.point(text.startswith("allowed" if want else "refused") and why in text,
                "containers/image: %s: %s" % (name, "allowed" if want else "refused"), r)

    for key in c.KEYS:
        r = export(key, images.host)
        c.point(r.code == 0, "gate export for a key of kind " + key, r)
        ref = images.new()
        case("not signed", ref, False, "no signature")
        c.ours("sign", "-q", "--key", "stranger.key", ref)
        case("signed by a stranger", ref, False)
        c.ours("sign", "-q", "--key", key + ".key", ref)
        case("signed, " + key, ref, True)
    ref = images.new()
    c.ours("attest", "-q", "--key", key + ".key", "--type", "custom", "--predicate", "p.json", ref)
    case("an attestation alone", ref, False)
    ref = images.new()
    c.ours("sign", "-q", "--key", key + ".key", "--format", "bundle", ref)
    case("a bundle alone, which it does not look for", ref, False)
    r = c.ours("verify", "-f", "json", "--key", key + ".pub", ref)
    c.point(r.code == 0 and b'"podman": false' in r.out, "and verify says that podman sees none", r)
    whole, kids = images.index()
    c.ours("sign", "-q", "--key", key + ".key", "--recursive", whole)
    case("a signed index", whole, True)
    case("its child", kids[0], True)
    ref = images.new()
    c.ours("as", "cosign", "sign", "--yes", "--tlog-upload=false", "--key", key + ".key", ref)
    case("signed by our cosign", ref, True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        judge, why = build(folder)
        host, process = c.serve() if judge else (None, None)
        if not host:
            why = why or "no registry installed (docker-registry)"
            print("1..0 # SKIP containers/image: " + why)
            os.chdir("/")
            return 0
        try:
            with open("p.json", "w", encoding="utf-8") as f:
                f.write("{}")
            c.keys()
            c.ours("keygen", "-q", "-o", "stranger")
            cases(judge, c.Images(host))
        finally:
            process.kill()
            process.wait()
            os.chdir("/")
    print("1..%d" % c.points)
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
