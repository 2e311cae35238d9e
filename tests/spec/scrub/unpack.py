#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scrubbed image runs as the old one did: other programs unpack both, and the file systems and
what a container is started with are compared. umoci and buildah, each where it is installed."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import _images as im  # noqa: E402

FORENSICS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "forensics")
RECIPE = r"""
tag shop
layer gzip format=pax {
    by "COPY . /"
    dir etc mode=0755
    dir usr
    dir usr/lib
    dir srv mode=0750 uid=7 gid=8
    file srv/keep.txt mode=0640 uid=7 gid=8 mtime=1234567 xattr.user.note="a note" "kept\n"
    file srv/tool mode=04755 "#!/bin/sh\necho it runs\n"
    hardlink srv/same srv/keep.txt
    symlink srv/link keep.txt
    file srv/gone.env "TOKEN={token:gone}\n"
    file only/here/gone.env "TOKEN={token:orphan}\n"
    file srv/over.env "TOKEN={token:over}\n"
    file opq/a.env "TOKEN={token:opaque}\n"
    file var/dir/below.env "TOKEN={token:below}\n"
    symlink lib usr/lib
    sparse srv/sparse sparse=1.0 length=65536 { data 512 "some data" }
}
layer gzip {
    by "RUN rm"
    whiteout srv/gone.env
    whiteout only/here/gone.env
    file srv/over.env "TOKEN=none\n"
    dir opq mode=0711
    opaque opq
    file opq/new "new\n"
    file var/dir "no directory any more\n"
    file lib/added.so "through a link\n"
}
layer gzip {
    by "COPY visible"
    file srv/visible.env mode=0600 uid=9 "# first\nTOKEN={token:visible}\n"
    hardlink srv/visible2.env srv/visible.env
    file srv/last.txt "last\n"
}
env PATH "/usr/bin:/bin"
env SHOP_TOKEN "{token:env}"
cmd "/srv/tool"
"""


def tree(root):
    """path -> all that a file system says of it, and which names share a file."""
    out, inodes = {}, {}
    for top, dirs, names in os.walk(root):
        for n in dirs + names:
            full = os.path.join(top, n)
            s = os.lstat(full)
            path = os.path.relpath(full, root)
            body = ""
            if stat.S_ISLNK(s.st_mode):
                body = os.readlink(full)
            elif stat.S_ISREG(s.st_mode):
                with open(full, "rb") as f:
                    body = hashlib.sha256(f.read()).hexdigest()
                inodes.setdefault(s.st_ino, []).append(path)
            attributes = {a: os.getxattr(full, a, follow_symlinks=False).hex() for a in
                          os.listxattr(full, follow_symlinks=False)}
            time = None if stat.S_ISDIR(s.st_mode) else s.st_mtime_ns
            out[path] = (s.st_mode, s.st_uid, s.st_gid, time, body, sorted(attributes.items()))
    for names in inodes.values():
        for n in names:
            out[n] += (tuple(sorted(names)),)
    return out


def command(*words, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=120, **more)
    if done.returncode != 0:
        raise OSError("%s: %s" % (" ".join(words[:2]), done.stderr.decode()[-200:].strip()))
    return done.stdout


def by_umoci(layout, tag, folder):
    """(file system, what is run)"""
    bundle = os.path.join(folder, "bundle")
    command("umoci", "unpack", *(() if os.geteuid() == 0 else ("--rootless",)), "--image",
            "%s:%s" % (layout, tag), bundle)
    with open(os.path.join(bundle, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    return tree(os.path.join(bundle, "rootfs")), config["process"]


def by_buildah(layout, tag, folder):
    if os.geteuid() != 0:
        raise OSError("buildah: only root can mount")
    storage = ("--storage-driver", "vfs", "--root", folder + "/root", "--runroot", folder + "/run")
    policy = os.path.join(folder, "policy.json")
    with open(policy, "w", encoding="utf-8") as f:
        json.dump({"default": [{"type": "insecureAcceptAnything"}]}, f)
    # by its last name alone: a folder need not be what buildah takes for a reference
    name = command("buildah", *storage, "from", "--signature-policy", policy, "oci:%s:%s" % (
        os.path.basename(layout), tag), cwd=os.path.dirname(layout)).decode().split()[-1]
    root = command("buildah", *storage, "mount", name).decode().strip()
    config = json.loads(command("buildah", *storage, "inspect", name))["OCIv1"]["config"]
    return tree(root), config


TOOLS = {"umoci": by_umoci, "buildah": by_buildah}


def compare(tap, program, label, old, new, gone, blank):
    """`gone`: paths that were named; `blank`: variables."""
    both = []
    for files, config in (old, new):
        files = {p: f[:6] + tuple(tuple(n for n in x if n not in gone) for x in f[6:])
                 for p, f in files.items() if p not in gone}
        config = {k: [e for e in v if not e.startswith(blank)] if k in ("env", "Env") else v
                  for k, v in config.items() if k not in ("Labels",)}
        both.append((files, config))
    (a, ac), (b, bc) = both
    wrong = ["%s: %s became %s" % (p, a.get(p), b.get(p)) for p in sorted(set(a) | set(b))
             if a.get(p) != b.get(p)]
    tap.point(len(b) > 5 and not wrong, "%s, %s: the same file system" % (program, label), *wrong)
    tap.point(ac == bc, "%s, %s: started with the same" % (program, label), ac, bc)
    tap.point(not gone & set(new[0]), "%s, %s: what was named is gone" % (program, label),
              *(gone & set(new[0])))


def one(tap, recipe, label, folder, flags, gone, blank):
    targets, _ = im.build(recipe, folder, ["oci"])
    layout, out = os.path.join(folder, "layout"), os.path.join(folder, "out")
    run = im.Run(["scrub", targets["oci"][0], "-o", "oci:" + out, *flags], timeout=240)
    tap.point(run.code == 0, label + ": scrubbed", run.stderr.decode("utf-8", "replace"))
    if run.code != 0:
        return
    with open(os.path.join(out, "index.json"), encoding="utf-8") as f:
        tag = json.load(f)["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
    for program, how in TOOLS.items():
        if not shutil.which(program):
            print("skip: spec/scrub %s: not installed" % program)
            continue
        try:
            seen = []
            for n, image in enumerate((layout, out)):
                place = os.path.join(folder, "%s-%d" % (program, n))
                os.mkdir(place)
                seen.append(how(image, tag, place))
        except OSError as problem:
            print("skip: spec/scrub %s: %s" % (label, str(problem).replace("\n", " ")))
            continue
        compare(tap, program, label, *seen, gone, blank)


def main():
    im.need("spec/scrub/unpack")
    tap = im.Tap()
    with tempfile.TemporaryDirectory(prefix="pl-unpack-", dir="/var/tmp") as folder:
        recipe = os.path.join(folder, "shop.recipe")
        with open(recipe, "w", encoding="utf-8") as f:
            f.write(RECIPE)
        os.mkdir(os.path.join(folder, "a"))
        one(tap, recipe, "shop", os.path.join(folder, "a"), ["--remove"],
            {"srv/visible.env", "srv/visible2.env"}, "SHOP_TOKEN=")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
