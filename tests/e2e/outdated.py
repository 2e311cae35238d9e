#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""outdated: what answers for an index. Release files with and without signatures, repomd.xml, APKINDEX;
changed bytes, other keys, no keys, indexes that nobody lists."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile

PROGRAM = os.environ["PLIMSOLL"]
points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)))


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


def outdated(target, *args):
    done = subprocess.run([PROGRAM, "outdated", target, "-f", "json", *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    try:
        trust = [i["trust"] for i in json.loads(done.stdout)["indexes"]]
    except ValueError:
        trust = None
    return done.returncode, trust, done.stderr.decode()


def release(packages, path="main/binary-amd64/Packages", until=""):
    return "Origin: Made Up\nSuite: stable\n%sMD5Sum:\n %s %d %s\nSHA256:\n %s %16d %s\n- dashes: too\n" % (
        until, hashlib.md5(packages).hexdigest(), len(packages), path, hashlib.sha256(packages).hexdigest(),
        len(packages), path)


def gpg(*args):
    home = os.path.abspath("gnupg")
    os.makedirs(home, mode=0o700, exist_ok=True)
    return subprocess.run(["gpg", "--homedir", home, "--batch", "--yes", "--pinentry-mode", "loopback",
                           "--passphrase", "", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=True).stdout


def apt(signing):
    packages = b"Package: curl\nVersion: 2.0-1\nArchitecture: amd64\n\n"
    top = "mirror/dists/stable/"
    index = top + "main/binary-amd64/Packages"
    write(index, packages)
    point(outdated("rootfs:root", "--index", index)[:2] == (1, ["unchecked"]), "no Release at all")
    write(top + "Release", release(packages))
    point(outdated("rootfs:root", "--index", index)[:2] == (1, ["listed"]), "a Release above, by its digest")
    write("lists/host_dists_stable_main_binary-amd64_Packages", packages)
    write("lists/host_dists_stable_Release", release(packages))
    point(outdated("rootfs:root", "--index", "lists/host_dists_stable_main_binary-amd64_Packages")[:2] ==
          (1, ["listed"]), "in apt's own folder of lists")
    write("alone/Packages.gz", gzip.compress(packages))
    got = outdated("rootfs:root", "--index", "alone/Packages.gz", "--index", top + "Release")
    point(got[:2] == (1, ["listed"]), "packed, with the digest of what is in it; the Release is named", got)
    write("old/Release", release(packages, until="Valid-Until: Sat, 01 Jan 2022 00:00:00 UTC\n"))
    got = outdated("rootfs:root", "--index", "alone/Packages.gz", "--index", "old/Release")
    point(got[0] == 1 and "was valid until Sat, 01 Jan 2022" in got[2], "a list past its day is named", got)
    write(index, packages.replace(b"2.0-1", b"9.0-1"))
    got = outdated("rootfs:root", "--index", index)
    point(got[0] == 4 and "does not list these bytes" in got[2], "changed bytes", got)
    write(index, packages)
    if not signing:
        return
    got = outdated("rootfs:root", "--index", index, "--keyring", "a.gpg")
    point(got[0] == 4 and "no signature beside it" in got[2], "keys, and no signature", got)
    write(top + "Release.gpg", gpg("-u", "a@example.org", "--detach-sign", "--armor", "-o", "-", top + "Release"))
    for ring in ("a.gpg", "a.asc", "keys"):
        got = outdated("rootfs:root", "--index", index, "--keyring", ring)
        point(got[:2] == (1, ["signed"]) and "a@example.org" in got[2], "Release.gpg, keys in " + ring, got)
    got = outdated("rootfs:root", "--index", index, "--keyring", "b.gpg")
    point(got[0] == 4 and "none of the given keys" in got[2], "another key", got)
    os.unlink(top + "Release.gpg")
    write(top + "InRelease", gpg("-u", "a@example.org", "--clear-sign", "-o", "-", top + "Release"))
    got = outdated("rootfs:root", "--index", index, "--keyring", "a.gpg")
    point(got[:2] == (1, ["signed"]), "InRelease", got)
    with open(top + "InRelease", encoding="ascii") as f:
        signed = f.read()
    evil = packages.replace(b"2.0-1", b"9.0-1")
    for what, text in (("a changed line", signed.replace("Suite: stable", "Suite: unstable")),
                       ("a line in front", "SHA256:\n " + hashlib.sha256(evil).hexdigest() + " 51 x\n" + signed),
                       ("a line among the headers", signed.replace("Hash:", "SHA256:\nHash:", 1)),
                       ("cut", signed[:signed.index("-----BEGIN PGP SIGNATURE")]),
                       ("no signature in the block", signed[:signed.index("-----BEGIN PGP SIGNATURE")] +
                        "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n")):
        write(top + "InRelease", text)
        got = outdated("rootfs:root", "--index", index, "--keyring", "a.gpg")
        point(got[0] in (2, 3, 4) and got[1] is None, "InRelease: " + what, got)
    write(top + "InRelease", signed + "\nSHA256:\n %s %d x\n" % (hashlib.sha256(evil).hexdigest(), len(evil)))
    write(index, evil)
    got = outdated("rootfs:root", "--index", index, "--keyring", "a.gpg")
    point(got[0] == 4, "what stands behind the signature does not count", got)
    got = outdated("rootfs:root", "--index", "alone/Packages.gz", "--keyring", "a.gpg")
    point(got[0] == 4 and "no InRelease or Release" in got[2], "with keys, what nobody lists is an error", got)


def rpm(signing):
    primary = b"<metadata><package type='rpm'><name>curl</name><arch>x86_64</arch>" \
              b"<version epoch='0' ver='2' rel='1'/></package></metadata>"
    repomd = "<repomd><data type='primary'><checksum type='sha256'>%s</checksum>" \
             "<location href='repodata/p.xml'/></data></repomd>" % hashlib.sha256(primary).hexdigest()
    write("repodata/p.xml", primary)
    write("repodata/repomd.xml", repomd)
    got = outdated("rootfs:root", "--index", "repodata/repomd.xml")
    point(got[:2] == (0, ["unchecked", "listed"]), "repomd.xml names its primary by digest", got)
    write("repodata/p.xml", primary + b"\n")
    got = outdated("rootfs:root", "--index", "repodata/repomd.xml")
    point(got[0] == 4 and "other digest" in got[2], "another primary", got)
    write("repodata/p.xml", primary)
    if not signing:
        return
    got = outdated("rootfs:root", "--index", "repodata/repomd.xml", "--keyring", "a.gpg")
    point(got[0] == 4 and "repomd.xml.asc" in got[2], "keys, and no signature", got)
    write("repodata/repomd.xml.asc", gpg("-u", "a@example.org", "--detach-sign", "--armor", "-o", "-",
                                         "repodata/repomd.xml"))
    got = outdated("rootfs:root", "--index", "repodata/repomd.xml", "--keyring", "a.asc")
    point(got[:2] == (0, ["signed", "signed"]), "repomd.xml.asc answers for both", got)
    got = outdated("rootfs:root", "--index", "repodata/p.xml", "--keyring", "a.asc")
    point(got[0] == 4, "a primary index alone has no signature", got)
    write("repodata/repomd.xml", repomd + "\n")
    got = outdated("rootfs:root", "--index", "repodata/repomd.xml", "--keyring", "a.asc")
    point(got[0] == 4 and "does not hold" in got[2], "a changed repomd.xml", got)


def member(name, data, end):
    """A tar of one file as a gzip member; without `end` it goes on in the next."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as t:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
    raw = out.getvalue()
    return gzip.compress(raw if end else raw[:512 + (len(data) + 511) // 512 * 512], mtime=0)


def apk():
    write("apkroot/etc/os-release", 'ID=alpine\nVERSION_ID=3.20.1\n')
    write("apkroot/etc/alpine-release", "3.20.1\n")
    write("apkroot/lib/apk/db/installed", "P:curl\nV:1.0-r0\nA:x86_64\no:curl\n\n")
    for name in ("one", "two"):
        subprocess.run(["openssl", "genrsa", "-out", name + ".key", "2048"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.makedirs("keys-" + name, exist_ok=True)
        subprocess.run(["openssl", "rsa", "-in", name + ".key", "-pubout", "-out", "keys-%s/%s.rsa.pub" % (name, name)],
                       check=True, stderr=subprocess.DEVNULL)
    index = member("APKINDEX", b"P:curl\nV:2.0-r0\nA:x86_64\n\n", True)
    write("index.gz", index)
    for kind, digest in (("RSA", "-sha1"), ("RSA256", "-sha256")):
        sig = subprocess.run(["openssl", "dgst", digest, "-sign", "one.key", "index.gz"], check=True,
                             stdout=subprocess.PIPE).stdout
        write("APKINDEX.tar.gz", member(".SIGN.%s.one.rsa.pub" % kind, sig, False) + index)
        got = outdated("rootfs:apkroot", "--index", "APKINDEX.tar.gz", "--keyring", "keys-one")
        point(got[:2] == (1, ["signed"]), "APKINDEX signed with " + kind, got)
    got = outdated("rootfs:apkroot", "--index", "APKINDEX.tar.gz")
    point(got[:2] == (1, ["unchecked"]) and "was not checked" in got[2], "no keys: it is said", got)
    got = outdated("rootfs:apkroot", "--index", "APKINDEX.tar.gz", "--keyring", "keys-two/two.rsa.pub")
    point(got[0] == 4, "another key", got)
    with open("APKINDEX.tar.gz", "rb") as f:
        whole = f.read()
    write("APKINDEX.tar.gz", whole[:-len(index)] + member("APKINDEX", b"P:curl\nV:9.0-r0\nA:x86_64\n\n", True))
    got = outdated("rootfs:apkroot", "--index", "APKINDEX.tar.gz", "--keyring", "keys-one")
    point(got[0] == 4 and "does not hold" in got[2], "another index behind the signature", got)
    evil = member("APKINDEX", b"P:curl\nV:9.0-r0\nA:x86_64\n\n", False)
    write("APKINDEX.tar.gz", whole[:-len(index)] + evil + index)
    got = outdated("rootfs:apkroot", "--index", "APKINDEX.tar.gz", "--keyring", "keys-one")
    point(got[1] in (None, ["signed"]) and "9.0-r0" not in got[2], "what is put before the signed part is not read", got)
    write("APKINDEX.tar.gz", index)
    got = outdated("rootfs:apkroot", "--index", "APKINDEX.tar.gz", "--keyring", "keys-one")
    point(got[0] == 4 and "no signature" in got[2], "keys, and an index that is not signed", got)


def main():
    write("root/etc/os-release", 'ID=debian\nVERSION_ID="12"\n')
    write("root/var/lib/dpkg/status", "Package: curl\nStatus: install ok installed\nVersion: 1.0-1\n"
          "Architecture: amd64\n\n")
    signing = shutil.which("gpg") and shutil.which("gpgv")
    if signing:
        for name in ("a", "b"):
            gpg("--quick-gen-key", name + "@example.org", "ed25519", "sign", "never")
            write(name + ".gpg", gpg("--export", name + "@example.org"))
            write(name + ".asc", gpg("--armor", "--export", name + "@example.org"))
        write("keys/README", "no key\n")
        shutil.copy("b.asc", "keys/b.asc")
        shutil.copy("a.gpg", "keys/a.gpg")
    else:
        print("# skip: signatures of apt and rpm: no gpg")
    apt(signing)
    rpm(signing)
    if shutil.which("openssl"):
        apk()
    else:
        print("# skip: signatures of APKINDEX: no openssl")
    if signing:
        subprocess.run(["gpgconf", "--homedir", os.path.abspath("gnupg"), "--kill", "all"], check=False)
    print("1..%d" % points)
    return bad > 0


sys.exit(main())
