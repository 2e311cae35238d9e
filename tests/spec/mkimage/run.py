#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mkimage itself: the same bytes each time, valid digests, what other readers see in its files."""

import gzip
import hashlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import _images as im  # noqa: E402

RECIPE = r"""
tag small
layer gzip name=x comment=y {
    by "COPY"
    file a.env "TOKEN={token:small}\n"
    file long/%s/name.txt "long\n"
    file zip.zip zip { file in.txt "inside\n" }
    file t.tgz gzip tar { file deep.txt "deep\n" }
    file d.db sqlite "CREATE TABLE t(a); INSERT INTO t VALUES ('row');"
    sparse s.img sparse=1.0 length=1M { data 4096 "x\n" }
    git repo/.git store=pack delta=ofs {
        commit "one" { file f.txt "some text that is long enough\nfirst\n" }
        commit "two" { file f.txt "some text that is long enough\nsecond\n" }
    }
    member
    file b.txt "b\n"
}
layer none { by "plain"
             whiteout a.env }
env KEY value
""" % ("d" * 120)
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make(folder, recipe, *outs):
    path = os.path.join(folder, "r.recipe")
    with open(path, "w", encoding="utf-8") as f:
        f.write(recipe)
    return subprocess.run([im.MKIMAGE, path, *outs], stderr=subprocess.PIPE, check=False)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def same_bytes(tap, folder):
    """Two runs in different places and environments."""
    for form in ("oci-archive", "docker-archive", "docker-archive-flat", "docker-archive-oci"):
        one, two = (os.path.join(folder, form + n) for n in ("1", "2"))
        make(folder, RECIPE, form + ":" + one)
        os.environ["TZ"] = "Asia/Tokyo"
        make(folder, RECIPE, form + ":" + two)
        del os.environ["TZ"]
        tap.point(read(one) == read(two), "%s: the same bytes twice" % form)


def layers(layout):
    """The documents and the unpacked layers of the first image, digests checked."""
    def blob(desc):
        data = read(os.path.join(layout, "blobs", *desc["digest"].split(":")))
        assert digest(data) == desc["digest"] and len(data) == desc["size"], desc
        return data
    index = json.loads(read(os.path.join(layout, "index.json")))
    manifest = json.loads(blob(index["manifests"][0]))
    config = json.loads(blob(manifest["config"]))
    plain = [gzip.decompress(b) if b[:2] == b"\x1f\x8b" else b
             for b in map(blob, manifest["layers"])]
    assert [digest(p) for p in plain] == config["rootfs"]["diff_ids"]
    return config, plain


def contents(tap, folder):
    layout = os.path.join(folder, "layout")
    make(folder, RECIPE, "oci:" + layout)
    config, plain = layers(layout)
    tap.point(True, "every digest and size in the layout is right")
    tap.point([h["created_by"] for h in config["history"]] == ["COPY", "plain"], "history")
    with tarfile.open(fileobj=io.BytesIO(plain[0])) as tar:
        get = lambda name: tar.extractfile(name).read()  # noqa: E731
        token = get("a.env").decode()[len("TOKEN="):].strip()
        crc, tail = zlib.crc32(token[4:34].encode()), ""
        for _ in range(6):
            crc, tail = crc // 62, BASE62[crc % 62] + tail
        tap.point(len(token) == 40 and token.endswith(tail), "a token has its checksum")
        tap.point(get("long/%s/name.txt" % ("d" * 120)) == b"long\n", "a long name")
        with zipfile.ZipFile(io.BytesIO(get("zip.zip"))) as z:
            tap.point(z.read("in.txt") == b"inside\n", "a zip that others read")
        with tarfile.open(fileobj=io.BytesIO(get("t.tgz"))) as inner:
            tap.point(inner.extractfile("deep.txt").read() == b"deep\n", "a tgz that others read")
        path = os.path.join(folder, "d.db")
        with open(path, "wb") as f:
            f.write(get("d.db"))
        base = sqlite3.connect(path)
        tap.point(base.execute("SELECT a FROM t").fetchall() == [("row",)], "a database")
        base.close()
        sparse = get("s.img")
        tap.point(len(sparse) == 1 << 20 and sparse[4096:4098] == b"x\n", "a sparse file")
        tap.point(tar.getnames()[-1] == "b.txt", "a second gzip member goes on with the tar")
    with tarfile.open(fileobj=io.BytesIO(plain[1])) as tar:
        tap.point(tar.getnames() == [".wh.a.env"], "a whiteout")


def refuses(tap, folder):
    for name, text in (("an open block", "layer gzip {\n"), ("an unknown word", "lyer gzip\n"),
                       ("an unknown content", "layer gzip {\n file a foo\n}\n"),
                       ("an open text", "layer gzip {\n file a \"x\n}\n"),
                       ("a brace too many", "}\n"), ("no number", "nest x\nimage { }\n"),
                       ("a patch of nothing", "patch config \"zzz\" \"y\"\nlayer none { }\n")):
        run = make(folder, text, "oci:" + os.path.join(folder, "never"))
        tap.point(run.returncode == 2 and run.stderr.startswith(b"mkimage: "),
                  "refused with a message: " + name, run.returncode, run.stderr)


def main():
    if not os.access(im.MKIMAGE, os.X_OK):
        print("skip: spec/mkimage: mkimage is not built")
        return 0
    tap = im.Tap()
    with tempfile.TemporaryDirectory(prefix="pl-mkimage-") as folder:
        same_bytes(tap, folder)
        contents(tap, folder)
        refuses(tap, folder)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
