#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the nested readers: seeds_nested.py tests/corpus

Uses the standard library only, and `7z`, `git` and other Pythons on the path where they are."""
import bz2, gzip, hashlib, io, lzma, os, shutil, sqlite3, struct, subprocess, sys, tarfile
import tempfile, zipfile, zlib

OUT = sys.argv[1]
TWO = [("a.txt", b"alpha\n"), ("dir/b.txt", b"bravo " * 20)]


def put(kind, name, data):
    os.makedirs(os.path.join(OUT, kind), exist_ok=True)
    with open(os.path.join(OUT, kind, name), "wb") as f:
        f.write(data)


def make_zip(method, files=TWO, comment=b""):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z:
        for name, body in files:
            z.writestr(zipfile.ZipInfo(name), body, method)
        z.comment = comment
    return b.getvalue()


def zip64(z):
    """One member whose directory entry has its numbers in the zip64 field."""
    d, e = z.index(b"PK\1\2"), z.index(b"PK\5\6")
    c = bytearray(z[d:e])
    size, = struct.unpack_from("<I", c, 24)
    extra = struct.pack("<HHQQQ", 1, 24, size, size, 0)
    struct.pack_into("<II", c, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", c, 30, len(extra))
    struct.pack_into("<I", c, 42, 0xFFFFFFFF)
    c += extra
    end = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, len(c), d)
    loc = b"PK\6\7" + struct.pack("<IQI", 0, d + len(c), 1)
    return z[:d] + bytes(c) + end + loc + b"PK\5\6" + struct.pack(
        "<HHHHIIH", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def make_tar(fmt):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w", format=fmt, bufsize=512) as t:
        for name, body in TWO:
            i = tarfile.TarInfo(name)
            i.size = len(body)
            t.addfile(i, io.BytesIO(body))
    return b.getvalue()[:3584]


def newc(name, body, mode=0o100644):
    n = name.encode() + b"\0"
    head = b"070701" + b"%08x" * 13 % (1, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(n), 0)
    out = head + n
    out += b"\0" * (-len(out) % 4) + body
    return out + b"\0" * (-len(out) % 4)


def odc(name, body, mode=0o100644):
    n = name.encode() + b"\0"
    return b"070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o" % (
        1, 1, mode, 0, 0, 1, 0, 0, len(n), len(body)) + n + body


def make_cpio(one):
    return b"".join(one(n, b) for n, b in TWO) + one("TRAILER!!!", b"", 0)


def make_ar():
    out = b"!<arch>\n"
    for name, body in [("debian-binary", b"2.0\n"), ("a.txt/", b"alpha\n")]:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), 0, 0, 0, b"100644", len(body))
        out += body + b"\n" * (len(body) % 2)
    return out


def make_cab():
    """One folder, not compressed."""
    data = b"".join(b for _, b in TWO)
    files, at = b"", 0
    for name, body in TWO:
        files += struct.pack("<IIHHHH", len(body), at, 0, 0x21, 0, 0x20) + name.encode() + b"\0"
        at += len(body)
    first = 36 + 8
    block = struct.pack("<IHH", 0, len(data), len(data)) + data
    start = first + len(files)
    return (b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, start + len(block), 0, first, 0, 3, 1, 1, 2,
                                  0, 0, 0) + struct.pack("<IHH", start, 1, 0) + files + block)


def rar4_block(kind, flags, rest, data=b""):
    head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head + data


def make_rar4(flags=0):
    out = b"Rar!\x1a\x07\x00" + rar4_block(0x73, 0, b"\0" * 6)
    for name, body in TWO:
        n = name.encode()
        rest = struct.pack("<IIBIIBBHI", len(body), len(body), 3, zlib.crc32(body), 0x21, 20, 0x30,
                           len(n), 0o100644) + n
        out += rar4_block(0x74, 0x8000 | flags, rest, body)
    return out + rar4_block(0x7B, 0x4000, b"")


def vint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def rar5_block(fields, data=b""):
    head = vint(len(fields)) + fields
    return struct.pack("<I", zlib.crc32(head)) + head + data


def make_rar5():
    out = b"Rar!\x1a\x07\x01\x00" + rar5_block(vint(1) + vint(0) + vint(0))
    for name, body in TWO:
        n = name.encode()
        f = vint(2) + vint(2) + vint(len(body)) + vint(4) + vint(len(body)) + vint(0o100644)
        f += struct.pack("<I", zlib.crc32(body)) + vint(0) + vint(1) + vint(len(n)) + n
        out += rar5_block(f, body)
    return out + rar5_block(vint(5) + vint(0) + vint(0))


def make_rpm(payload):
    head = b"\x8e\xad\xe8\x01" + b"\0" * 4 + struct.pack(">II", 1, 3) + b"\0" * 16 + b"abc"
    return b"\xed\xab\xee\xdb\x03" + b"\0" * 91 + head + b"\0" * 5 + head + payload


def make_7z(*options):
    if not shutil.which("7z"):
        return None
    with tempfile.TemporaryDirectory() as d:
        for name, body in TWO:
            path = os.path.join(d, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(body)
        subprocess.run(["7z", "a", "-bd", *options, "x.7z", "a.txt", "dir"], cwd=d, check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(d, "x.7z"), "rb") as f:
            return f.read()


def archives():
    k = "nested"
    z = make_zip(zipfile.ZIP_DEFLATED)
    put(k, "zip-deflate", z)
    put(k, "zip-store", make_zip(zipfile.ZIP_STORED, comment=b"a comment"))
    put(k, "zip-bzip2", make_zip(zipfile.ZIP_BZIP2))
    put(k, "zip-lzma", make_zip(zipfile.ZIP_LZMA))
    put(k, "zip-empty", b"PK\5\6" + b"\0" * 18)
    put(k, "zip-script", b"\0#!/usr/bin/env python3\n" + z)  # 0: fuzz_nested takes kind 0
    put(k, "zip64", zip64(make_zip(zipfile.ZIP_STORED, TWO[:1])))
    put(k, "zip-in-zip", make_zip(zipfile.ZIP_STORED, [("in.jar", z)]))
    hidden = make_zip(zipfile.ZIP_STORED, [("hidden", b"hotel")])
    put(k, "zip-hidden-member", hidden[:hidden.index(b"PK\1\2")] + z)
    put(k, "should-fail-zip-no-directory", z[:z.index(b"PK\1\2")])
    put(k, "should-fail-zip-cut-member", z[:70])
    locked = bytearray(make_zip(zipfile.ZIP_STORED))
    locked[6] |= 1
    locked[locked.index(b"PK\1\2") + 8] |= 1
    put(k, "should-fail-zip-encrypted", bytes(locked))
    method = bytearray(make_zip(zipfile.ZIP_STORED))
    method[8] = method[method.index(b"PK\1\2") + 10] = 77
    put(k, "should-fail-zip-method", bytes(method))
    put(k, "should-fail-zip-bomb", make_zip(zipfile.ZIP_LZMA, [("zeros", b"\0" * (24 << 20))]))
    # every entry of the directory points to one local member
    bomb = make_zip(zipfile.ZIP_BZIP2, [("zeros", b"\0" * (4 << 20))])
    d = bomb.index(b"PK\1\2")
    e = bomb.index(b"PK\5\6")
    entry = bomb[d:e]
    put(k, "zip-overlap", bomb[:d] + entry * 20 + b"PK\5\6" + struct.pack(
        "<HHHHIIH", 0, 0, 20, 20, len(entry) * 20, d, 0))
    put(k, "cpio-newc", make_cpio(newc))
    put(k, "cpio-odc", make_cpio(odc))
    put(k, "should-fail-cpio-name", newc("a", b"x").replace(b"%08x" % 2, b"88888889"))
    put(k, "should-fail-cpio-cut", make_cpio(newc)[:300])
    put(k, "ar", make_ar())
    put(k, "should-fail-ar-cut", make_ar()[:-3])
    put(k, "cab-store", make_cab())
    put(k, "should-fail-cab-cut", make_cab()[:-20])
    put(k, "rar4-store", make_rar4())
    put(k, "rar5-store", make_rar5())
    put(k, "should-fail-rar4-encrypted", make_rar4(flags=4))
    put(k, "should-fail-rar5-cut", make_rar5()[:-60])
    put(k, "rpm-gzip", make_rpm(gzip.compress(make_cpio(newc), mtime=0)))
    put(k, "rpm-xz", make_rpm(lzma.compress(make_cpio(newc))))
    put(k, "rpm-plain", make_rpm(make_cpio(newc)))
    put(k, "should-fail-rpm-header", make_rpm(b"")[:120])
    put(k, "should-fail-rpm-codec", make_rpm(b"\x04\x22\x4d\x18\x64\x40\xa7"))
    put(k, "should-fail-rpm-damaged", make_rpm(gzip.compress(make_cpio(newc), mtime=0)[:-30]))
    put(k, "tar-ustar", make_tar(tarfile.USTAR_FORMAT))
    put(k, "tar-pax", make_tar(tarfile.PAX_FORMAT))
    put(k, "should-fail-tar-cut", make_tar(tarfile.USTAR_FORMAT)[:1200])
    put(k, "gzip", gzip.compress(b"text", mtime=0))
    put(k, "xz", lzma.compress(b"text"))
    put(k, "bzip2", bz2.compress(b"text"))
    put(k, "should-fail-gzip-cut", gzip.compress(b"text" * 50, mtime=0)[:-9])
    put(k, "should-fail-xz-bomb", lzma.compress(b"\0" * (20 << 20)))
    put(k, "should-fail-bzip2-damaged", bz2.compress(b"text" * 50)[:30] + b"\x55" * 20)
    put(k, "should-fail-lz4", b"\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0")
    for name, options in (("7z-lzma", ["-m0=lzma"]), ("7z-ppmd", ["-m0=ppmd"]),
                          ("7z-bzip2", ["-m0=bzip2"]), ("7z-copy", ["-m0=copy"]),
                          ("7z-bcj", ["-m0=bcj", "-m1=deflate"]),
                          ("should-fail-7z-encrypted", ["-psecret"]),
                          ("should-fail-7z-encrypted-names", ["-psecret", "-mhe=on"])):
        data = make_7z(*options)
        if data:
            put(k, name, data)
    data = make_7z()
    if data:
        put(k, "should-fail-7z-cut", data[:-10])


def obj_head(kind, size):
    out, c = b"", kind << 4 | size & 15
    size >>= 4
    while size:
        out += bytes([c | 128])
        c, size = size & 127, size >> 7
    return out + bytes([c])


def pack(objects, count=None):
    b = b"PACK" + struct.pack(">II", 2, len(objects) if count is None else count)
    b += b"".join(objects)
    return b + hashlib.sha1(b).digest()


def obj(kind, data, extra=b""):
    return obj_head(kind, len(data)) + extra + zlib.compress(data)


def git():
    k = "gitobj"
    base, delta = b"the base of it all", b"\x12\x19\x90\x08\x05very \x91\x08\x08\x04end "
    blob = obj(3, base)
    ident = hashlib.sha1(b"blob 18\0" + base).digest()
    tree = b"100644 key.pem\0" + ident
    tree_id = hashlib.sha1(b"tree %d\0" % len(tree) + tree).hexdigest().encode()
    commit = (b"tree " + tree_id + b"\nauthor A <a@b> 1000 +0000\ncommitter A <a@b> 1000 +0000\n"
              b"\nmessage\n")
    tag = b"object " + tree_id + b"\ntype tree\ntag v1\ntagger A <a@b> 1 +0000\n\nnote\n"
    ofs = obj(6, delta, bytes([len(blob)]))
    put(k, "pack-ofs-delta", pack([blob, ofs]))
    put(k, "pack-ref-delta", pack([obj(7, delta, ident), blob]))
    put(k, "pack-all-types", pack([obj(1, commit), obj(4, tag), obj(2, tree), blob, ofs]))
    put(k, "should-fail-pack-thin", pack([obj(7, delta, b"\1" * 20)]))
    put(k, "should-fail-pack-cut", pack([blob, ofs])[:-30])
    put(k, "should-fail-pack-count", pack([blob], 2))
    put(k, "should-fail-pack-checksum", pack([blob])[:-1] + b"\0")
    put(k, "should-fail-pack-type", pack([obj(5, base)]))
    put(k, "should-fail-pack-size", pack([obj_head(3, 1 << 40) + zlib.compress(base)]))
    put(k, "should-fail-pack-delta-to-self", pack([blob, obj(6, delta, b"\0")]))
    put(k, "should-fail-pack-delta-huge", pack([blob, obj(
        6, b"\x12\xff\xff\xff\xff\x0f\x01x", bytes([len(blob)]))]))
    put(k, "should-fail-pack-delta-outside", pack([blob, obj(
        6, b"\x12\x05\x91\x10\x05", bytes([len(blob)]))]))
    put(k, "should-fail-pack-bomb", pack([obj(3, b"\0" * (2 << 20))] + [obj(
        6, b"\x80\x80\x80\1\x80\x80\xc0\5" + b"\xc0\x20" * 40, b"\x8e\x5c")]))
    put(k, "loose-blob", zlib.compress(b"blob 5\0alpha"))
    put(k, "loose-commit", zlib.compress(b"commit %d\0" % len(commit) + commit))
    put(k, "loose-tree", zlib.compress(b"tree %d\0" % len(tree) + tree))
    put(k, "should-fail-loose-size", zlib.compress(b"blob 6\0alpha"))
    put(k, "should-fail-loose-cut", zlib.compress(b"blob 300\0" + b"abc" * 100)[:-6])
    put(k, "should-fail-loose-checksum", zlib.compress(b"blob 5\0alpha")[:-1] + b"\0")
    put(k, "should-fail-loose-type", zlib.compress(b"bulb 5\0alpha"))
    put(k, "delta-by-hand", b"\0\x12" + base + delta)
    put(k, "should-fail-delta-by-hand", b"\0\x12" + base + b"\x12\x05\0")


SOURCE = """import os
PASSWORD = 'value-one'
class C:
    key = 'value-two'
    def m(self, n=1.5):
        self.t = 'value-three'
        f(1, b='value-four')
        os.environ['K'] = {'k': 'value-five', 'l': 12345678901234567890}
        x, y = 'value-six', u'value-seven'
        return lambda: x
"""


def pyc():
    k = "pyc"
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, "s.py"), "w") as f:
            f.write(SOURCE)
        for v in ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"):
            exe = shutil.which("python" + v)
            if not exe or subprocess.run(
                    [exe, "-c", "import py_compile; py_compile.compile('s.py', 's.pyc')"], cwd=d,
                    stderr=subprocess.DEVNULL).returncode:
                continue
            with open(os.path.join(d, "s.pyc"), "rb") as f:
                data = f.read()
            put(k, "python-" + v, data)
    head = struct.pack("<H", 3439) + b"\r\n" + b"\0" * 12
    put(k, "should-fail-magic", struct.pack("<H", 5) + b"\r\n" + b"\0" * 20)
    put(k, "should-fail-cut", head + b"\xe3\0\0\0")
    put(k, "should-fail-deep", head + b")\1" * 400)
    put(k, "should-fail-many", head + b"(\xff\xff\xff\x7f" + b"N" * 10)
    put(k, "should-fail-reference", head + b"r\5\0\0\0")
    put(k, "should-fail-type", head + b"?")
    put(k, "dict-and-numbers", head + b"{NTi\1\0\0\0l\2\0\0\0\1\2\3\4f\x031.5g" + b"\0" * 8 + b"0")


def sqlite():
    k = "sqlite"

    def make(sql, page=512):
        c = sqlite3.connect(":memory:")
        c.executescript("PRAGMA page_size=%d; PRAGMA auto_vacuum=0; VACUUM;" % page + sql)
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "db")
            c.execute("VACUUM INTO ?", (path,))
            with open(path, "rb") as f:
                return f.read()

    users = ("CREATE TABLE users(name TEXT, token TEXT, n INT, r REAL);"
             "INSERT INTO users VALUES('alice','token-alpha',1,0.5);"
             "INSERT INTO users VALUES('bob','token-bravo',2,NULL);")
    db = make(users)
    put(k, "rows", db)
    put(k, "blob-and-overflow", make("CREATE TABLE k(v); INSERT INTO k VALUES(x'626c6f622d6f6e65'),"
                                     "(replace(hex(zeroblob(400)),'00','abc'));"))
    put(k, "without-rowid", make("CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
                                 "INSERT INTO w VALUES('key-a','value-a'),('key-b','value-b');"))
    put(k, "generated", make("CREATE TABLE g(a, b AS (a||'-x')); INSERT INTO g(a) VALUES('value');"
                             "CREATE VIEW v AS SELECT a FROM g;"))
    put(k, "utf16", make("PRAGMA encoding='UTF-16be';" + users))
    wal = bytearray(db)
    wal[18] = wal[19] = 2
    put(k, "wal", bytes(wal))
    put(k, "should-fail-cut", db[:700])
    put(k, "should-fail-header", db[:60])
    page = bytearray(db)
    page[512:540] = b"\xee" * 28
    put(k, "should-fail-page", bytes(page))
    put(k, "should-fail-schema", db.replace(b"CREATE TABLE users", b"CREATE TABEL users"))
    many = bytearray(make("CREATE TABLE t(a);" + "".join(
        "INSERT INTO t VALUES('value-%04d-%s');" % (i, "x" * 80) for i in range(20))))
    put(k, "interior-page", bytes(many))
    root = 512
    if many[root] == 5:  # the interior page becomes its own child
        many[root + 8:root + 12] = struct.pack(">I", 2)
        put(k, "should-fail-loop", bytes(many))


archives()
git()
pyc()
sqlite()
