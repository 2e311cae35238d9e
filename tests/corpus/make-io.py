#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the corpora of tar, gzip, zstd and codec anew, from the fields that matter in each file.
What is checked in is its output; run it in this folder after a change."""
import bz2
import gzip
import lzma
import struct
import subprocess
import zlib

B = 512


def pad(b):
    return b + bytes(-len(b) % B)


def head(name=b"f", size=0, kind=b"0", link=b"", magic=b"ustar\x0000", patch=(), sum_=None, signed=False):
    h = bytearray(B)

    def put(at, what):
        h[at:at + len(what)] = what
    put(0, name)
    put(100, b"0000644\0" b"0000000\0" b"0000000\0")
    put(124, size if isinstance(size, bytes) else b"%011o\0" % size)
    put(136, b"00000000144\0")
    put(156, kind)
    put(157, link)
    put(257, magic)
    for at, what in patch:
        put(at, what)
    put(148, b" " * 8)
    total = sum((c - 256 if signed and c > 127 else c) for c in h) & 0o777777
    put(148, (b"%06o\0 " % total) if sum_ is None else sum_)
    return bytes(h)


def member(body=b"", **kw):
    kw.setdefault("size", len(body))
    return head(**kw) + pad(body)


def rec(key, value):
    body = b" %s=%s\n" % (key, value)
    n = len(body) + 1
    while len(b"%d" % n) + len(body) != n:
        n = len(b"%d" % n) + len(body)
    return b"%d" % n + body


def pax(kind=b"x", **kv):
    body = b"".join(rec(k.replace("__", ".").encode(), v) for k, v in kv.items())
    return member(body, name=b"././@PaxHeader", kind=kind)


END = bytes(2 * B)
GNU = b"ustar  \0"


def oct12(n):
    return b"%011o\0" % n


def sparse_old(pairs, size, real, more=b"\0", body=b""):
    m = b"".join(oct12(a) + oct12(b) for a, b in pairs)
    return head(name=b"s", size=size, kind=b"S", magic=GNU,
                patch=((386, m), (482, more), (483, oct12(real)))) + body


TAR = {
    "kinds": b"".join((
        member(b"content", name=b"./dir/file"), member(name=b"dir/", kind=b"5"),
        member(name=b"sym", kind=b"2", link=b"../x"), member(name=b"hard", kind=b"1", link=b"/dir/file"),
        member(name=b"dev", kind=b"3", patch=((329, b"0000001\0" b"0000003\0"),)))) + END,
    "v7": member(b"x", name=b"old", kind=b"\0", magic=b"") + member(name=b"d/", kind=b"\0", magic=b"") + END,
    "prefix": member(name=b"n" * 100, patch=((345, b"p" * 155),)) + END,
    "star": member(name=b"n", patch=((345, b"p"), (476, oct12(1)), (508, b"tar\0"))) + END,
    "gnu-long": member(b"n" * 200 + b"\0", name=b"././@LongLink", kind=b"L", magic=GNU)
    + member(b"l" * 200 + b"\0", name=b"././@LongLink", kind=b"K", magic=GNU)
    + member(name=b"n" * 100, kind=b"2", link=b"l" * 100, magic=GNU) + END,
    "gnu-long-twice-with-tail": member(b"one\0tail", name=b"L", kind=b"L") + member(b"two\0", name=b"L", kind=b"L")
    + member() + END,
    "base256": member(patch=((108, b"\x80\0\0\0\xff\xff\xff\xfe"), (136, b"\xff" * 12))) + END,
    "pax": pax(path=b"a/long/name", size=b"1", mtime=b"1.5", comment=b"text", SCHILY__xattr__user__x=b"\0\1")
    + member(b"y", name=b"short") + END,
    "pax-global": pax(b"g", path=b"all", uid=b"5") + member() + pax(b"g", path=b"") + member() + END,
    "pax-xattr-base64": pax(LIBARCHIVE__xattr__user__x=b"c2VjcmV0") + member() + END,
    "pax-damaged": member(b"12 path=abc\n99 x=y\n", kind=b"x") + member() + END,
    "pax-alone": pax(comment=b"x") + END,
    "sparse-old": sparse_old([(1, 2), (600, 1)], 3, 700, body=pad(b"abc")) + END,
    "sparse-old-more": sparse_old([(1, 1), (3, 1), (5, 1), (7, 1)], 5, 10, b"\1",
                                  pad(oct12(9) + oct12(1)) + pad(b"abcde")) + END,
    "sparse-0.0": member(rec(b"GNU.sparse.size", b"9") + rec(b"GNU.sparse.numblocks", b"2")
                         + rec(b"GNU.sparse.offset", b"1") + rec(b"GNU.sparse.numbytes", b"1")
                         + rec(b"GNU.sparse.offset", b"5") + rec(b"GNU.sparse.numbytes", b"2"), kind=b"x")
    + member(b"abc", name=b"s") + END,
    "sparse-0.1": pax(GNU__sparse__size=b"9", GNU__sparse__map=b"1,1,5,2", GNU__sparse__name=b"s")
    + member(b"abc", name=b"GNUSparseFile.1/s") + END,
    "sparse-1.0": pax(GNU__sparse__major=b"1", GNU__sparse__minor=b"0", GNU__sparse__realsize=b"9")
    + member(pad(b"2\n1\n1\n5\n2\n") + b"abc", name=b"s") + END,
    "sparse-bomb": pax(GNU__sparse__size=b"%d" % 2 ** 62, GNU__sparse__map=b"1,1") + member(b"a", name=b"s")
    + member(b"after") + END,
    "hardlink-body": member(b"body", kind=b"1", link=b"t") + END,
    "hardlink-size-only": head(kind=b"1", link=b"t", size=77) + member(b"x") + END,
    "signed-sum": member(name=b"\xe4\xf6", signed=True) + END,
    "unsafe": member(name=b"/../a/./b//c/") + END,
    "unused-bytes": member(b"x", patch=((50, b"after name"), (500, b"tail"))) + END,
    "one-zero-block": member() + bytes(B),
    "no-end": member(b"x"),
    "trailer": member() + END + b"behind the end",
    "should-fail-size-negative": head(size=b"-0000000001") + END,
    "should-fail-size-garbage": head(size=b"0000x0000001") + END,
    "should-fail-size-2-63-1": head(size=b"\x80\0\0\0\x7f" + b"\xff" * 7) + END,
    "should-fail-size-base256-negative": head(size=b"\xff" * 12) + END,
    "should-fail-size-lies": head(size=4096) + pad(b"x"),
    "should-fail-pax-size-negative": pax(size=b"-1") + member() + END,
    "should-fail-pax-size-huge": pax(size=b"9223372036854775807") + member() + END,
    "should-fail-pax-too-large": head(size=2 ** 30, kind=b"x") + END,
    "should-fail-long-name-too-large": head(size=2 ** 30, kind=b"L") + END,
    "should-fail-checksum": head(sum_=b"0000000\0") + END,
    "should-fail-cut-header": head()[:300],
    "should-fail-cut-body": head(size=600) + b"x" * 100,
    "should-fail-cut-padding": head(size=5) + b"hello",
    "should-fail-noise": bytes((i * 37 + 11) % 256 for i in range(1024)),
    "should-fail-sparse-overlap": sparse_old([(0, 4), (2, 4)], 8, 10, body=pad(b"abcdefgh")) + END,
    "should-fail-sparse-beyond": sparse_old([(8, 4)], 4, 10, body=pad(b"abcd")) + END,
    "should-fail-sparse-sum": sparse_old([(0, 4)], 5, 10, body=pad(b"abcde")) + END,
    "should-fail-sparse-cut-map": sparse_old([(0, 1)], 1, 10, b"\1"),
    "should-fail-sparse-map-text": pax(GNU__sparse__size=b"9", GNU__sparse__map=b"1,x") + member(b"a") + END,
    "should-fail-sparse-map-cut-in-body": pax(GNU__sparse__major=b"1", GNU__sparse__minor=b"0")
    + member(b"4\n0000000007\0" + b"0" * 7, name=b"s", size=0o1003)[:B + 66],
    "should-fail-sparse-map-body": pax(GNU__sparse__major=b"1", GNU__sparse__minor=b"0")
    + member(b"99999999999999999999\n") + END,
}


def gz(body, flags=0, fields=b"", crc=None, size=None, hcrc=None):
    h = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\xff" + fields
    if flags & 2:
        h += struct.pack("<H", (zlib.crc32(h) if hcrc is None else hcrc) & 0xffff)
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (h + c.compress(body) + c.flush()
            + struct.pack("<II", zlib.crc32(body) if crc is None else crc, len(body) if size is None else size))


def stored(body):
    c = zlib.compressobj(0, zlib.DEFLATED, -15)
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + c.compress(body) + c.flush()
            + struct.pack("<II", zlib.crc32(body), len(body)))


TEXT = b"the quick brown fox jumps over the lazy dog " * 20
GZIP = {
    "one": gz(TEXT),
    "empty": gz(b""),
    "stored": stored(TEXT[:300]),
    "members": gz(b"one") + gz(b"") + gz(TEXT),
    "fields": gz(TEXT, 2 | 4 | 8 | 16, struct.pack("<H", 6) + b"AB\2\0xy" + b"name\0" + b"comment\0"),
    "reserved-flag": gz(b"x", 0x40),
    "trailer": gz(TEXT) + b"hidden",
    "zero-padding": gz(TEXT) + bytes(600),
    "zeros": gz(bytes(300000)),
    "should-fail-crc": gz(TEXT, crc=1),
    "should-fail-size": gz(TEXT, size=1),
    "should-fail-header-crc": gz(TEXT, 2, hcrc=1),
    "should-fail-cut-header": gz(TEXT, 8, b"name\0")[:13],
    "should-fail-cut-extra": gz(TEXT, 4, struct.pack("<H", 60000) + b"ab")[:20],
    "should-fail-cut-body": gz(TEXT)[:40],
    "should-fail-cut-trailer": gz(TEXT)[:-3],
    "should-fail-second-member-cut": gz(TEXT) + gz(TEXT)[:30],
    "should-fail-bad-block": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\x07" + bytes(20),
    "should-fail-lookback": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + bytes([0x4b, 0x04, 0x82, 0x51]) + bytes(12),
    "should-fail-bomb": gz(bytes(3 << 20)),
    "should-fail-nothing-of-the-kind": b"plain text",
}


def z(body, *args):
    return subprocess.run(["zstd", "-q", "-c", *args], input=body, capture_output=True, check=True).stdout


def skip(body, n=0, size=None):
    return struct.pack("<II", 0x184D2A50 + n, len(body) if size is None else size) + body


ZSTD = {
    "one": z(TEXT),
    "no-check": z(TEXT, "--no-check"),
    "empty": z(b""),
    "frames": skip(b"first") + z(b"one") + skip(b"", 15) + z(TEXT) + skip(b"last"),
    "raw-and-rle": b"\x28\xb5\x2f\xfd\x00\x50" + b"\x18\0\0abc" + b"\x53\0\0z",
    "trailer": z(TEXT) + b"hidden",
    "should-fail-dictionary": b"\x28\xb5\x2f\xfd\x01\x50\x07" + b"\x01\0\0",
    "should-fail-window": b"\x28\xb5\x2f\xfd\x00\xff" + b"\x01\0\0",
    "should-fail-reserved-block": b"\x28\xb5\x2f\xfd\x00\x50" + b"\x07\0\0",
    "should-fail-block-too-large": b"\x28\xb5\x2f\xfd\x00\x00" + b"\xfb\xff\xff",
    "should-fail-checksum": z(TEXT)[:-1] + b"\0",
    "should-fail-cut-frame": z(TEXT)[:30],
    "should-fail-cut-header": z(TEXT)[:4],
    "should-fail-cut-skippable": skip(b"abc", size=1 << 31),
    "should-fail-bomb": z(bytes(3 << 20)),
    "should-fail-nothing-of-the-kind": b"plain text",
}

XZ = lzma.compress(TEXT, preset=0)
CODEC = {
    "gzip": gz(TEXT),
    "zstd": z(TEXT),
    "xz": XZ,
    "xz-streams-and-padding": XZ + bytes(8) + XZ + bytes(4),
    "xz-trailer": XZ + b"hidden",
    "xz-no-check": lzma.compress(TEXT, check=lzma.CHECK_NONE, preset=0),
    "bzip2": bz2.compress(TEXT, 1),
    "bzip2-streams": bz2.compress(b"one") + bz2.compress(b"") + bz2.compress(b"two"),
    "bzip2-trailer": bz2.compress(TEXT) + b"BZ",
    "should-fail-lz4": b"\x04\x22\x4d\x18" + bytes(20),
    "should-fail-plain": b"plain text",
    "should-fail-xz-cut": XZ[:60],
    "should-fail-xz-memory": lzma.compress(TEXT, preset=9),
    "should-fail-xz-check": XZ[:-40] + bytes(40),
    "should-fail-xz-bomb": lzma.compress(bytes(3 << 20), preset=0),
    "should-fail-bzip2-cut": bz2.compress(TEXT)[:50],
    "should-fail-bzip2-crc": bz2.compress(TEXT)[:10] + b"\0\0\0\0" + bz2.compress(TEXT)[14:],
    "should-fail-bzip2-bomb": bz2.compress(bytes(3 << 20)),
}

for folder, files in (("tar", TAR), ("gzip", GZIP), ("zstd", ZSTD), ("codec", CODEC)):
    for name, content in files.items():
        with open(f"{folder}/{name}", "wb") as f:
            f.write(content)
