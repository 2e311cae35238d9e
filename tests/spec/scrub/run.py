#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scrubs every recipe of ../forensics and looks at what came out with readers of Python's own: no
token in any byte, raw or unpacked; layers that held nothing keep their digests; what is unrelated
keeps bytes and metadata; the same output twice; whatever breaks off leaves no output."""

import base64
import bz2
import concurrent.futures
import hashlib
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import _images as im  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FORENSICS = os.path.join(HERE, "..", "forensics")
FULL = ["--remove", "--drop-signatures"]
# where this reader does not see the token, or another name of what holds it is all there is
UNSEEN = {"r06-hardlink", "r15-git", "r15-prefixed"}
WAYS = (("oci", "oci:"), ("docker", "oci-archive:"), ("oci", "docker-archive:"))


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def gunzip(data):
    """All members."""
    out = b""
    while data[:2] == b"\x1f\x8b":
        z = zlib.decompressobj(31)
        out += z.decompress(data) + z.flush()
        data = z.unused_data
    return out


def unzstd(data):
    return subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False).stdout


def unpack(data):
    """One level of compression off, or None."""
    try:
        if data[:3] == b"\x1f\x8b\x08":
            return gunzip(data)
        if data[:4] == b"\x28\xb5\x2f\xfd" or data[1:4] == b"\x2a\x4d\x18":
            return unzstd(data)
        if data[:6] == b"\xfd7zXZ\x00":
            return lzma.decompress(data)
        if data[:3] == b"BZh":
            return bz2.decompress(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError):
        return None
    return None


def streams(data, depth=0):
    """The bytes and whatever can be unpacked from them."""
    yield data
    if depth > 4:
        return
    inner = unpack(data)
    if inner is not None:
        yield from streams(inner, depth + 1)
        return
    try:
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as z:
                for n in z.namelist():
                    yield from streams(z.read(n), depth + 1)
        elif data[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(data)) as t:
                for m in t:
                    if m.isreg():
                        yield from streams(t.extractfile(m).read(), depth + 1)
    except (OSError, tarfile.TarError, zipfile.BadZipFile, zlib.error, ValueError):
        return


def forms(value):
    """How a token may stand in bytes that are read without their zeros."""
    raw = value.encode()
    found = [raw, raw.hex().encode()]
    for skip in range(3):  # base 64 of it inside longer text: the middle is always the same
        text = base64.b64encode(b"\0" * skip + raw)
        found.append(text[4 * (skip > 0):-4])
    return found


def search(data, patterns):
    """Which of the patterns are in the bytes; grep knows how to look for many at once."""
    if len(data) < 100000:
        return {p for p in patterns if p in data}
    with tempfile.NamedTemporaryFile() as f, os.fdopen(os.memfd_create("stream"), "w+b") as text:
        f.write(b"\n".join(patterns))
        f.flush()
        text.write(data)
        text.seek(0)
        run = subprocess.run(["grep", "-a", "-o", "-F", "-f", f.name], stdin=text,
                             stdout=subprocess.PIPE, env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                             check=False)
    return set(run.stdout.split(b"\n")) & patterns


SEEN = {}


def leaks(blobs, tokens):
    """Which tokens are in which blobs."""
    wanted = {f: name for name, value in tokens.items() for f in forms(value.strip())}
    key = hashlib.sha256(b"\n".join(sorted(wanted))).digest()
    found = set()
    for where, data in blobs:
        here = (key, hashlib.sha256(data).digest())
        if here not in SEEN:
            SEEN[here] = set()
            for stream in streams(data):
                # no token has a zero in it: so it is found as it is, and in UTF-16
                SEEN[here] |= search(stream.translate(None, b"\0"), set(wanted))
        found |= {(wanted[f], where) for f in SEEN[here]}
    return sorted(found)


class Layout:
    """An OCI layout, or an archive of one."""

    def __init__(self, path):
        self.files = {}
        if os.path.isdir(path):
            for top, _, names in os.walk(path):
                for n in names:
                    full = os.path.join(top, n)
                    self.files[os.path.relpath(full, path)] = read(full)
        else:
            with tarfile.open(path) as t:
                for m in t:
                    if m.isreg():
                        self.files[m.name] = t.extractfile(m).read()
        self.index = json.loads(self.files["index.json"]) if "index.json" in self.files else None

    def blob(self, desc):
        data = self.files["blobs/" + desc["digest"].replace(":", "/")]
        assert sha(data) == desc["digest"] and len(data) == desc["size"], desc["digest"]
        return data

    def images(self, doc=None):
        """(descriptor, manifest, config) of each image; checks every digest on the way."""
        for d in (doc or self.index)["manifests"]:
            inner = json.loads(self.blob(d))
            if "manifests" in inner:
                yield from self.images(inner)
            elif "config" in inner or "layers" in inner:
                blobs = [self.blob(x) for x in inner.get("layers", [])]
                config = json.loads(self.blob(inner["config"]) or b"{}") if inner.get(
                    "config") else {}
                if isinstance(config, dict) and "rootfs" in config:
                    yield d, inner, config, blobs

    def reachable(self):
        seen = {"index.json", "oci-layout", "manifest.json"}

        def walk(doc):
            for key in ("manifests", "layers", "blobs"):
                for d in doc.get(key) or []:
                    visit(d)
            if doc.get("config"):
                visit(doc["config"])

        def visit(d):
            if "digest" not in d:
                return
            name = "blobs/" + d["digest"].replace(":", "/")
            if name in seen or name not in self.files:
                return
            seen.add(name)
            try:
                doc = json.loads(self.files[name])
            except (ValueError, UnicodeDecodeError):
                return
            if isinstance(doc, dict):
                walk(doc)
        walk(self.index)
        return seen


def entries(data):
    """path -> facts of each entry of a layer, in order."""
    out = []
    plain = unpack(data)
    try:
        with tarfile.open(fileobj=io.BytesIO(data if plain is None else plain),
                          encoding="latin-1", errors="strict") as t:
            for m in t:
                body = t.extractfile(m).read() if m.isreg() else b""
                out.append((m.name, (m.type, m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime,
                                     m.linkname, m.size, sha(body),
                                     tuple(sorted(m.pax_headers.items())))))
    except (tarfile.TarError, ValueError):
        return None
    return out


def view(layers):
    """The final file system by the rules of forensics.md section 3."""
    files = {}
    for layer in layers:
        listing = entries(layer)
        if listing is None:
            return None
        below = dict(files)
        for name, facts in listing:
            name = os.path.normpath(name.lstrip("/"))
            folder, base = os.path.split(name)
            if base == ".wh..wh..opq":
                for p in [p for p in below if p.startswith(folder + "/")]:
                    files.pop(p, None)
            elif base.startswith(".wh.") and base[4:] and not base.startswith(".wh..wh."):
                gone = os.path.join(folder, base[4:])
                for p in [p for p in below if p == gone or p.startswith(gone + "/")]:
                    files.pop(p, None)
            below = {p: f for p, f in below.items() if p in files}
        for name, facts in listing:
            base = os.path.basename(name)
            unsafe = ".." in name.split("/")
            name = os.path.normpath(name.lstrip("/"))
            if base.startswith(".wh.") or unsafe:
                continue
            old = files.get(name)
            if facts[0] != tarfile.DIRTYPE or (old and old[0] != tarfile.DIRTYPE):
                for p in [p for p in files if p.startswith(name + "/") and p in below]:
                    files.pop(p)
            files[name] = facts
            up = os.path.dirname(name)
            while up and up != "/" and up not in files:
                files[up] = (tarfile.DIRTYPE, "implied")
                up = os.path.dirname(up)
    return files


def scrub(target, out, *flags, **more):
    return im.Run(["scrub", target, "-o", out, *flags], timeout=240, **more)


def text(run):
    return run.stderr.decode("utf-8", "replace")


def kept_layers(before, after, tokens):
    """Layers without a token keep their digests; the changed ones lose only what held one."""
    wrong = []
    pairs = list(zip(before.images(), after.images()))
    for (_, old, _, old_blobs), (_, new, config, new_blobs) in pairs:
        if len(old["layers"]) != len(new["layers"]):
            return ["%d layers became %d" % (len(old["layers"]), len(new["layers"]))]
        for i, (a, b) in enumerate(zip(old_blobs, new_blobs)):
            holds = leaks([("", a)], tokens)
            if not holds and a != b:
                wrong.append("layer %d held nothing and changed" % i)
            plain = unpack(b)
            plain = b if plain is None else plain
            if sha(plain) != config["rootfs"]["diff_ids"][i]:
                wrong.append("layer %d: diff_id" % i)
    return wrong


def same_view(before, after, tokens, named):
    """The visible file system but for the paths that were named."""
    wrong = []
    for (_, _, _, old), (_, _, _, new) in zip(before.images(), after.images()):
        one, two = view(old), view(new)
        if one is None or two is None:
            continue
        for p in sorted(set(one) | set(two)):
            a, b = one.get(p), two.get(p)
            if a == b or (a and b and a[0] == b[0] == tarfile.DIRTYPE and "implied" in (a[1], b[1])):
                continue  # a directory that is now said
            if p.encode("latin-1").decode("utf-8", "replace") in named or any(
                    v in p for v in tokens.values()):
                continue
            if a and a[0] == tarfile.LNKTYPE and a[7] not in two:
                continue  # another name of what went
            wrong.append("%s: %s became %s" % (p, a and a[:9], b and b[:9]))
    return wrong


def paths_of(proof):
    names = {c["path"] for c in proof["changes"]} | {f["path"] for f in proof["findings"]}
    return names


def one_recipe(tap, recipe, folder):
    name = os.path.basename(recipe)[:-len(".recipe")]
    targets, truth = im.build(recipe, folder, ["oci", "docker"])
    tokens = {k: v for k, v in truth["tokens"].items() if len(v.strip()) >= 12}
    for form, kind in WAYS if name.startswith(("r01", "r25")) else WAYS[:2]:
        out = os.path.join(folder, "out-%s-%s" % (form, kind[:-1]))
        label = "%s (%s to %s)" % (name, form, kind[:-1])
        run = scrub(targets[form][0], kind + out, *FULL)
        if run.code == 3:
            report = im.Run(["scan", "-f", "json", "-q", targets[form][0]], timeout=240).report()
            complete = report and all(t["complete"] for t in report["targets"])
            tap.point(not complete and not os.path.exists(out), label + ": incomplete, refused",
                      text(run))
            continue
        tap.point(run.code == 0, label + ": exit 0", "exit %d" % run.code, text(run))
        if run.code != 0:
            continue
        proof = json.loads(read(out + ".proof.json"))
        after = Layout(out)
        found = leaks(after.files.items(), tokens)
        tap.point(not found, label + ": no token in any byte", *found)
        told = [run.stdout, run.stderr, read(out + ".proof.json")]
        tap.point(not any(v.strip().encode() in t for t in told for v in tokens.values()),
                  label + ": none in what is printed")
        extra = set(after.files) - after.reachable()
        tap.point(not extra, label + ": only what the index reaches", *sorted(extra))
        if form == "oci":
            old = Layout(targets[form][0].split(":", 1)[1])
            wrong = [] if name in UNSEEN else kept_layers(old, after, tokens)
            tap.point(not wrong, label + ": digests of the other layers", *wrong)
            wrong = same_view(old, after, tokens, paths_of(proof))
            tap.point(not wrong, label + ": the visible files", *wrong)
        if (form, kind) != WAYS[0]:
            continue
        again = out + "-again"
        run = scrub(targets[form][0], kind + again, *FULL)
        same = run.code == 0 and Layout(again).files == after.files
        tap.point(same, label + ": the same twice", "exit %d" % run.code, text(run))


def tree_of(folder):
    return {os.path.relpath(os.path.join(t, n), folder): sha(read(os.path.join(t, n)))
            for t, _, names in os.walk(folder) for n in names}


def killed(tap, folder):
    """kill -9 at several moments: the source as it was, nothing under the final name."""
    targets, _ = im.build(os.path.join(FORENSICS, "everywhere.recipe"), folder, ["oci"])
    source = os.path.join(folder, "layout")
    before = tree_of(source)
    whole = scrub(targets["oci"][0], "oci:" + os.path.join(folder, "whole"), *FULL)
    wrong = []
    for i in range(12):
        out = os.path.join(folder, "k%d" % i)
        child = subprocess.Popen([im.PLIMSOLL, "scrub", targets["oci"][0], "-o", "oci:" + out,
                                  *FULL], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole.seconds * (i + 1) / 13)
        child.send_signal(signal.SIGKILL)
        code = child.wait()
        if code != 0 and (os.path.exists(out) or os.path.exists(out + ".proof.json")):
            wrong.append("killed after %d/13: there is an output" % (i + 1))
    tap.point(not wrong, "kill -9: nothing that passes for whole", *wrong)
    tap.point(tree_of(source) == before, "kill -9: the source is untouched")


def full_disk(tap, folder):
    """A file system that is too small."""
    small = os.path.join(folder, "small")
    os.mkdir(small)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", small], stderr=subprocess.DEVNULL,
        check=False).returncode == 0
    if not mounted:
        print("skip: spec/scrub full disk: no file system can be mounted here")
        return
    try:
        targets, _ = im.build(os.path.join(FORENSICS, "everywhere.recipe"), folder, ["oci"])
        for kind in ("oci:", "oci-archive:", "docker-archive:"):
            run = scrub(targets["oci"][0], kind + os.path.join(small, "out"), *FULL)
            tap.point(run.code == 3 and not os.listdir(small),
                      "a full disk (%s): exit 3, nothing left" % kind[:-1],
                      "exit %d" % run.code, text(run), *os.listdir(small))
    finally:
        subprocess.run(["umount", small], check=False)


RECIPE = r"""
tag shop
layer gzip {
    by "COPY"
    dir srv
    file srv/keep.txt mode=0640 uid=7 gid=8 "kept\n"
    file srv/gone.env "TOKEN={token:gone}\n"
    file only/here/gone.env "TOKEN={token:orphan}\n"
}
layer gzip {
    by "RUN rm"
    whiteout srv/gone.env
    whiteout only/here/gone.env
}
layer zstd {
    by "COPY config"
    file srv/visible.env "# first\nTOKEN={token:visible}\nMODE=ci\n"
    file srv/a.zip zip { file in.env "TOKEN={token:nested}\n" }
}
env SHOP_TOKEN "{token:env}"
"""


def write(path, data):
    with open(path, "w", encoding="utf-8") as f:
        f.write(data)
    return path


def by_name(tap, folder):
    """--finding, --redact, --diff, and what is refused."""
    recipe = write(os.path.join(folder, "shop.recipe"), RECIPE)
    targets, truth = im.build(recipe, folder, ["oci"])
    target, tokens = targets["oci"][0], truth["tokens"]
    report = im.Run(["scan", "-f", "json", "--show-secrets", target]).report()
    prints = {f["secret"].strip(): f["fingerprint"] for f in report["targets"][0]["findings"]
              if f["kind"] == "secret"}
    print_of = {k: next(p for s, p in prints.items() if s in v or v in s)
                for k, v in tokens.items()}
    out = os.path.join(folder, "out")
    run = scrub(target, "oci:" + out)
    tap.point(run.code == 2 and not os.path.exists(out), "visible secrets are refused",
              "exit %d" % run.code)
    tap.point(b"srv/visible.env" in run.stderr and b"SHOP_TOKEN" in run.stderr,
              "each is told", text(run))
    run = im.Run(["scrub", target, "--remove", "--diff"])
    tap.point(run.code == 0 and b"srv/gone.env" in run.stdout and os.listdir(folder).count("out")
              == 0, "--diff tells and writes nothing", text(run))
    run = scrub(target, "oci:" + out + ":new", "--finding", print_of["gone"][:12])
    tap.point(run.code == 0, "--finding of a hidden one needs no flag", "exit %d" % run.code,
              text(run))
    if run.code == 0:
        new = Layout(out)
        found = {t for t, _ in leaks(new.files.items(), tokens)}
        tap.point(found == set(tokens) - {"gone"}, "only that one is gone", *found)
        names = [n for n, _ in entries(next(new.images())[3][0])]
        tap.point("srv/keep.txt" in names and "srv/gone.env" not in names, "its entry is out",
                  *names)
        tap.point(new.index["manifests"][0]["annotations"][
            "org.opencontainers.image.ref.name"] == "new", "the new tag")
        old = Layout(os.path.join(folder, "layout"))
        same = [a["digest"] == b["digest"] for a, b in zip(
            next(old.images())[1]["layers"], next(new.images())[1]["layers"])]
        tap.point(same == [False, True, True], "other layers keep their digests", same)
        tap.point(b"revoke" in run.stdout.lower(), "the warning is printed")
    run = scrub(target, "oci:" + out, "--finding", print_of["gone"])
    tap.point(run.code == 2, "nothing is overwritten", "exit %d" % run.code, text(run))
    run = scrub(target, "oci:" + out + "2", "--finding", "00000000")
    tap.point(run.code == 2, "a fingerprint of nothing", "exit %d" % run.code, text(run))
    args = [x for k in ("visible", "env", "orphan") for x in ("--finding", print_of[k])]
    run = scrub(target, "oci-archive:" + out + "4", "--redact", *args)
    tap.point(run.code == 0, "--redact of a file and a variable", "exit %d" % run.code, text(run))
    if run.code != 0:
        return
    new = Layout(out + "4")
    _, _, config, layers = next(new.images())
    env = [e for e in config["config"]["Env"] if e.startswith("SHOP_TOKEN=")]
    tap.point(env == ["SHOP_TOKEN=" + "x" * len(tokens["env"])], "the variable's length stays",
              *env)
    plain = unpack(layers[2]) or b""
    tap.point(b"# first\nTOKEN=" + b"x" * len(tokens["visible"]) + b"\nMODE=ci\n" in plain,
              "the file's length and its other lines stay")
    names = [n for n, _ in entries(layers[0])]
    tap.point("only/here" in names, "a directory that was only meant stays", *names)


def one_hazard(tap, recipe, folder):
    """Hostile input: refused, or written and whole; the source stays as it was."""
    name = os.path.basename(recipe)[:-len(".recipe")]
    try:
        targets, _ = im.build(recipe, folder, ["oci"])
    except subprocess.CalledProcessError:
        return  # of another form
    source, out = os.path.join(folder, "layout"), os.path.join(folder, "out")
    before = tree_of(source)
    run = scrub(targets["oci"][0], "oci:" + out, *FULL)
    good = run.code in (0, 2, 3) and os.path.exists(out) == (run.code == 0)
    left = [n for n in os.listdir(folder) if ".part-" in n]
    tap.point(good and not left and tree_of(source) == before, "hazard " + name,
              "exit %d" % run.code, text(run), *left)


class Kept:
    """Points of a part that runs beside others, printed when it is its turn."""

    def __init__(self):
        self.points = []

    def point(self, *what):
        self.points.append(what)


def beside(part, *first):
    kept = Kept()
    with tempfile.TemporaryDirectory(prefix="pl-scrub-") as folder:
        try:
            part(kept, *first, folder)
        except Exception as problem:  # pylint: disable=broad-except
            kept.point(False, part.__name__, repr(problem))
    return kept.points


SIGNED = r"""
image { tag app
        layer gzip { by "ADD"
                     file a.env "TOKEN={token:a}\n" } }
referrer type=application/vnd.example.report { blob "a report\n" }
referrer type=application/vnd.dev.cosign.artifact.sig.v1+json { blob "a signature\n" }
referrer tag=.sig { blob mediatype=application/vnd.dev.cosign.simplesigning.v1+json "{}" }
"""
KNOWN = "Xk29vLq8TzW4/b=Rp7"
BARE = r"""
tag bare
layer gzip {
    by "COPY"
    file srv/app.env "DB_PASSWORD='KNOWN'\n"
    file srv/keep.txt "untouched\n"
}
layer gzip {
    by "RUN echo KNOWN | login"
    file srv/notes.txt "it was KNOWN once\n"
    file srv/deep/a.bin "\x00\x01KNOWN\x02"
    file srv/a.zip zip { file in.txt "KNOWN" }
    file srv/a.tgz gzip tar { file in.txt "KNOWN" }
    file srv/a.gz gzip "KNOWN"
    file srv/b64.txt "BASE64"
    file srv/url.txt "http://x/?q=URL"
    file srv/other.txt "untouched, too\n"
}
layer none {
    by "COPY"
    file opt/gone.txt "KNOWN"
    file opt/stays.txt "a"
}
layer zstd {
    by "RUN rm"
    whiteout opt/gone.txt
}
label note "KNOWN"
"""


def bare(tap, folder):
    """A secret that a rule knows at one place only is gone from all the others."""
    url = "".join(c if c.isalnum() else "%%%02X" % ord(c) for c in KNOWN)
    words = BARE.replace("BASE64", base64.b64encode(b"here: " + KNOWN.encode()).decode()).replace(
        "URL", url).replace("KNOWN", KNOWN)
    recipe = write(os.path.join(folder, "bare.recipe"), words)
    targets, _ = im.build(recipe, folder, ["oci"])
    report = im.Run(["scan", "-f", "json", "--show-secrets", targets["oci"][0]]).report()
    prints = [f["fingerprint"] for f in report["targets"][0]["findings"]
              if f.get("secret") == KNOWN and f["where"]["path"] == "srv/app.env"]
    tap.point(len(prints) == 1, "bare: a rule finds it at its keyword")
    before = Layout(os.path.join(folder, "layout"))
    for flags in ((), ("--finding", prints[0] if prints else "")):
        out = os.path.join(folder, "out%d" % len(flags))
        run = scrub(targets["oci"][0], "oci:" + out, "--remove", *flags)
        label = "bare, %s" % (flags[0] if flags else "all")
        tap.point(run.code == 0, label + ": exit 0", "exit %d" % run.code, text(run))
        if run.code != 0:
            continue
        new = Layout(out)
        tokens = {"known": KNOWN, "url": url}
        found = leaks(new.files.items(), tokens)
        tap.point(not found, label + ": in no byte", *found)
        left = {n for b in next(new.images())[3] for n, _ in entries(b)}
        tap.point(left >= {"srv/keep.txt", "srv/other.txt", "opt/stays.txt"} and not left & {
            "srv/app.env", "srv/notes.txt", "srv/a.zip", "srv/a.tgz", "srv/a.gz", "srv/b64.txt",
            "srv/url.txt", "srv/deep/a.bin", "opt/gone.txt"}, label + ": only what held it went", *left)
        wrong = same_view(before, new, tokens, paths_of(json.loads(read(out + ".proof.json"))))
        tap.point(not wrong, label + ": the visible files", *wrong)


PACKED = r"""
tag packed
layer gzip {
    by "COPY"
    file a.zip zip {
        file in.env "TOKEN={token:zip}\nmore\n"
        file big.txt "plain text of its own\n"
    }
    file b.tgz gzip tar {
        file in.env "TOKEN={token:tgz}\n"
        file keep.txt "kept\n"
    }
    file c.gz gzip "TOKEN={token:gz}\n"
    file d.zip zip { file e.jar zip { file in.env "TOKEN={token:jar}\n" } }
    file e.tar tar { file in.env "TOKEN={token:tar}\n" }
}
"""
FORBIDDEN = r"""
tag forbidden
layer gzip {
    by "COPY"
    file a.xz xz "TOKEN={token:xz}\n"
}
"""


def inside(tap, folder):
    """--redact in what stands inside other files: lengths and all else stay, or it is refused."""
    recipe = write(os.path.join(folder, "packed.recipe"), PACKED)
    targets, truth = im.build(recipe, folder, ["oci"])
    tokens, out = truth["tokens"], os.path.join(folder, "out")
    run = scrub(targets["oci"][0], "oci:" + out, "--redact")
    tap.point(run.code == 0, "--redact inside containers: exit 0", "exit %d" % run.code, text(run))
    tap.point(im.Run(["scrub", targets["oci"][0], "--redact", "--diff"]).code == 0,
              "--redact --diff where it can be done")
    if run.code == 0:
        new = Layout(out)
        found = leaks(new.files.items(), tokens)
        tap.point(not found, "--redact inside containers: in no byte", *found)
        old = entries(next(Layout(os.path.join(folder, "layout")).images())[3][0])
        with tarfile.open(fileobj=io.BytesIO(unpack(next(new.images())[3][0]))) as t:
            same = [(m.name, m.size) for m in t] == [(n, f[8]) for n, f in old]
            bodies = {m.name: t.extractfile(m).read() for m in t if m.isreg()}
        tap.point(same, "--redact inside containers: every length stays")
        blank = b"TOKEN=" + b"x" * 40 + b"\n"
        with zipfile.ZipFile(io.BytesIO(bodies["a.zip"])) as z, \
                zipfile.ZipFile(io.BytesIO(bodies["d.zip"])) as d:
            good = z.testzip() is None and z.read("in.env") == blank + b"more\n" and z.read(
                "big.txt") == b"plain text of its own\n"
            jar = zipfile.ZipFile(io.BytesIO(d.read("e.jar")))
            good &= d.testzip() is None and jar.testzip() is None and jar.read("in.env") == blank
        tap.point(good, "--redact in zips: they can be read, and say the rest as before")
        with tarfile.open(fileobj=io.BytesIO(gunzip(bodies["b.tgz"]))) as t:
            good = t.extractfile("in.env").read() == blank and t.extractfile(
                "keep.txt").read() == b"kept\n"
        good &= gunzip(bodies["c.gz"]) == blank and blank in bodies["e.tar"]
        tap.point(good, "--redact in gzip and tar")
    recipe = write(os.path.join(folder, "forbidden.recipe"), FORBIDDEN)
    other = os.path.join(folder, "other")
    os.mkdir(other)
    targets, _ = im.build(recipe, other, ["oci"])
    run = scrub(targets["oci"][0], "oci:" + out + "2", "--redact")
    tap.point(run.code == 2 and b"--remove" in run.stderr and not os.path.exists(out + "2"),
              "--redact where the format forbids it: refused", "exit %d" % run.code, text(run))
    run = im.Run(["scrub", targets["oci"][0], "--redact", "--diff"])
    tap.point(run.code == 2 and b"--remove" in run.stderr, "… and --diff foresees it",
              "exit %d" % run.code, text(run))


def signatures(tap, folder):
    """What speaks for the old image is named, and goes only when that is asked for."""
    recipe = write(os.path.join(folder, "s.recipe"), SIGNED)
    targets, _ = im.build(recipe, folder, ["oci"])
    out = os.path.join(folder, "out")
    run = scrub(targets["oci"][0], "oci:" + out, "--remove")
    tap.point(run.code == 2 and run.stderr.count(b"--drop-signatures") == 2 and not os.path.exists(
        out), "signatures are not dropped unasked, each is named", "exit %d" % run.code, text(run))
    run = scrub(targets["oci"][0], "oci:" + out, *FULL)
    tap.point(run.code == 0, "--drop-signatures: exit 0", "exit %d" % run.code, text(run))
    if run.code != 0:
        return
    new = Layout(out)
    dropped = json.loads(read(out + ".proof.json"))["signatures_dropped"]
    tap.point(len(dropped) == 2, "the proof names what was dropped", *dropped)
    docs = [json.loads(new.blob(d)) for d in new.index["manifests"]]
    image = [d for d, m in zip(new.index["manifests"], docs) if "subject" not in m]
    about = [m["subject"]["digest"] for m in docs if "subject" in m]
    tap.point(len(image) == 1 and about == [image[0]["digest"]],
              "a report that says nothing of trust comes along, with its new subject", docs)


def main():
    im.need("spec/scrub")
    tap = im.Tap()
    part = one_recipe
    files = im.recipes(FORENSICS, sys.argv[1:])
    if sys.argv[1:] == ["hazards"]:
        part, files = one_hazard, im.recipes(os.path.join(HERE, "..", "hazard"), [])
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0)) + 1) as pool:
        waiting = [] if sys.argv[1:] else [pool.submit(beside, p) for p in (
            killed, by_name, bare, inside, signatures, full_disk)]
        waiting += [pool.submit(beside, part, r) for r in files]
        for done in waiting:
            for what in done.result():
                tap.point(*what)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
