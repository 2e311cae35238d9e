#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A secret in a file that is byte for byte as the distribution's package brought it is told as low, with
the package; one in a changed file, in one without a record, or of somebody else's package is not."""

import base64
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLIMSOLL = os.path.abspath(os.environ.get("PLIMSOLL") or os.path.join(ROOT, "build", "plimsoll"))
points = 0
failed = 0


def point(name, good, why=""):
    global points, failed
    points += 1
    failed += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else "\n# %s" % why))


def secret(n):
    word = hashlib.sha256(b"own %d" % n).digest()
    return b'password = "%s"\n' % base64.b64encode(word)[:20].replace(b"+", b"x").replace(b"/", b"y")


def status(name, maker, more=""):
    return ("Package: %s\nStatus: install ok installed\nMaintainer: %s\nVersion: 1\n"
            "Architecture: all\n%s\n" % (name, maker, more)).encode()


def md5(data):
    return hashlib.md5(data).hexdigest()


def debian():
    """Files of a system, and which of them is to be low."""
    pack = gzip.compress(secret(3), mtime=0)
    files = {"etc/os-release": b'ID=debian\nVERSION_ID="12"\n', "usr/lib/a/settings.conf": secret(1),
             "usr/lib/a/changed.conf": secret(2) + b"# changed\n", "usr/lib/a/more.conf.gz": pack,
             "etc/a/kept.conf": secret(4), "etc/a/changed.conf": secret(5) + b"# changed\n",
             "usr/lib/a/new.conf": secret(6), "usr/lib/b/settings.conf": secret(7)}
    lists = "".join("%s  %s\n" % (md5(data), path) for path, data in (
        ("usr/lib/a/settings.conf", secret(1)), ("usr/lib/a/changed.conf", secret(2)),
        ("usr/lib/a/more.conf.gz", pack)))
    conf = "Conffiles:\n /etc/a/kept.conf %s\n /etc/a/changed.conf %s\n" % (
        md5(secret(4)), md5(secret(5)))
    files["var/lib/dpkg/info/a.md5sums"] = lists.encode()
    files["var/lib/dpkg/info/b.md5sums"] = ("%s  usr/lib/b/settings.conf\n" % md5(secret(7))).encode()
    files["var/lib/dpkg/status"] = (status("a", "A <a@lists.debian.org>", conf) +
                                    status("b", "B <b@company.example>"))
    return files, {"usr/lib/a/settings.conf", "usr/lib/a/more.conf.gz", "etc/a/kept.conf"}


def alpine():
    def sum_of(data):
        return "Q1" + base64.b64encode(hashlib.sha1(data).digest()).decode()
    files = {"etc/os-release": b"ID=alpine\nVERSION_ID=3.20.1\n", "usr/lib/a/settings.conf": secret(8),
             "usr/lib/a/changed.conf": secret(9) + b"# changed\n"}
    files["lib/apk/db/installed"] = (
        "P:a\nV:1-r0\nA:x86_64\nm:N <n@alpinelinux.org>\nF:usr/lib/a\nR:settings.conf\na:0:0:644\n"
        "Z:%s\nR:changed.conf\nZ:%s\n\n" % (sum_of(secret(8)), sum_of(secret(9)))).encode()
    return files, {"usr/lib/a/settings.conf"}


def as_tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def as_image(files):
    layer = as_tar(files)
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"]}]).encode()
    return as_tar({"manifest.json": manifest, "c.json": config, "l.tar": layer})


def check(what, target, low):
    done = subprocess.run([PLIMSOLL, "scan", target, "-f", "json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    found = [f for t in json.loads(done.stdout)["targets"] for f in t["findings"]
             if f["kind"] == "secret"]
    told = {f["where"]["path"] for f in found if f["severity"] == "low" and
            "unchanged from the distribution's package a" in f["why"]}
    high = {f["where"]["path"] for f in found if f["severity"] in ("high", "critical", "medium")}
    point("%s: what is unchanged is low, with the package" % what, told == low, (told, low))
    point("%s: nothing else is" % what, not high & low and len(high | low) == len(found) and high,
          [(f["where"]["path"], f["severity"]) for f in found])


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, (files, low) in (("dpkg", debian()), ("apk", alpine())):
            for path, data in files.items():
                os.makedirs(os.path.join(name, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(name, path), "wb") as out:
                    out.write(data)
            with open(name + ".tar", "wb") as out:
                out.write(as_image(files))
            check("%s in a folder" % name, "rootfs:" + name, low)
            check("%s in an image" % name, "docker-archive:%s.tar" % name, low)
        os.chdir("/")
    print("1..%d" % points)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
