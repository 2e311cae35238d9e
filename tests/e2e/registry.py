#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Registries: round trips, every fault of a hostile one, and where credentials go. All on loopback."""

import base64
import gzip
import hashlib
import io
import json
import os
import pwd
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import time

sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
import mockreg  # noqa: E402
from mockreg import DOCKER, INDEX, MANIFEST, Registry, digest  # noqa: E402

PROGRAM = os.environ["PLIMSOLL"]
SLOW = 4 if os.environ.get("PL_SANITIZED") else 1
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
TOKEN = "ghp_" + "".join(hashlib.sha256(b"%d" % i).hexdigest()[0] for i in range(36))
points = bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name,
                              "" if good else ": " + str(why)[-300:].replace("\n", " | ")),
          flush=True)


class Ran:
    def __init__(self, done, seconds):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.seconds = seconds

    def __str__(self):
        return "exit %d after %.1f s: %s" % (self.code, self.seconds,
                                             self.err.decode("utf-8", "replace"))


def run(*words, env=None, stdin=b"", limit=60):
    begin = time.monotonic()
    base = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    base.pop("REGISTRY_AUTH_FILE", None)
    base.update(HOME=os.getcwd(), XDG_RUNTIME_DIR=os.getcwd(), DOCKER_CONFIG=os.getcwd() + "/none")
    base.update(env or {})
    try:
        done = subprocess.run([PROGRAM, *words], env=base, input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=limit * SLOW)
    except subprocess.TimeoutExpired as e:
        done = subprocess.CompletedProcess(words, 124, e.stdout or b"", e.stderr or b"")
    if "PL_TIMES" in os.environ and time.monotonic() - begin > 1:
        print("# %.1f s: %s" % (time.monotonic() - begin, " ".join(words)))
    return Ran(done, time.monotonic() - begin)


def layer(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as t:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return raw.getvalue(), gzip.compress(raw.getvalue(), 6, mtime=0)


def image(reg, repo, tag=None, arch="amd64", docker=False, big=False, secret=True, odd=False,
          noise=0):
    """A small image; returns its descriptor."""
    if noise:
        noise = random.Random(arch).randbytes(noise)
    else:
        noise = hashlib.sha512(arch.encode()).digest() * (8192 if big else 8)
        noise = bytes(a ^ (i * 7 & 255) ^ (i >> 8 & 255) for i, a in enumerate(noise))
    stack = [[("etc/os-release", b"ID=mock\n"), ("noise", noise)],
             [("app/.env", ("GITHUB_TOKEN=%s\n" % TOKEN if secret else "x=1\n").encode())]]
    layers, diffs = [], []
    for files in stack:
        raw, packed = layer(files)
        kind = LAYER if not docker else "application/vnd.docker.image.rootfs.diff.tar.gzip"
        layers.append({"mediaType": kind, **reg.blob(repo, packed)})
        diffs.append(digest(raw))
    config = json.dumps({"architecture": arch, "os": "linux", "config": {},
                         "rootfs": {"type": "layers", "diff_ids": diffs}}).encode()
    kind = CONFIG if not docker else "application/vnd.docker.container.image.v1+json"
    body = {"schemaVersion": 2, "mediaType": DOCKER if docker else MANIFEST,
            "config": {"mediaType": kind, **reg.blob(repo, config)}, "layers": layers}
    data = json.dumps(body, indent=5 if odd else None).encode() + (b"\n\n " if odd else b"")
    return reg.manifest(repo, data, body["mediaType"], tag)


def index(reg, repo, tag, *children):
    body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(children)}
    return reg.manifest(repo, body, INDEX, tag)


def login(reg, name="auth.json", host=None):
    pair = base64.b64encode(("%s:%s" % (reg.user, reg.password)).encode()).decode()
    with open(name, "w", encoding="utf-8") as f:
        json.dump({"auths": {host or reg.host: {"auth": pair}}}, f)
    return {"REGISTRY_AUTH_FILE": os.path.abspath(name)}


def quiet(reg, *runs):
    """No credential in any output."""
    basic = base64.b64encode(("%s:%s" % (reg.user, reg.password)).encode()).decode()
    return not any(s.encode() in r.out + r.err for r in runs
                   for s in (reg.password, reg.token, basic))


def pull_fails(reg, name, codes, *flags, limit=30, ref="app:1", env=None, more=None):
    shutil.rmtree("bad", ignore_errors=True)
    r = run("pull", "%s/%s" % (reg.host, ref), "-o", "bad", *flags, limit=limit, env=env)
    good = r.code in codes and not os.path.exists("bad/index.json") and r.err and quiet(reg, r)
    s = run("scan", "docker://%s/%s" % (reg.host, ref), "-q", "--fail-on", "none", *flags,
            limit=limit, env=env)
    point(good, name + ": pull fails, nothing passes for whole", r)
    point(s.code in (3, 4) and quiet(reg, s), name + ": scan is never clean", s)
    if more:
        point(more(), name + ": nothing goes where it should not")
    return r


# ---------------------------------------------------------------- what works

def round_trips():
    reg = Registry()
    image(reg, "app", "1", big=True)
    image(reg, "app", "docker", docker=True, odd=True)
    kids = [image(reg, "app", arch=a) for a in ("amd64", "arm64")]
    for d, a in zip(kids, ("amd64", "arm64")):
        d["platform"] = {"os": "linux", "architecture": a}
    index(reg, "app", "multi", *kids)
    for tag in ("1", "docker", "multi"):
        r = run("pull", "%s/app:%s" % (reg.host, tag), "-o", tag)
        d = json.load(open(tag + "/index.json", encoding="utf-8"))["manifests"]
        point(r.code == 0 and [x["digest"] for x in d] == [reg.tags["app"][tag]],
              "pull %s: the registry's own digest" % tag, r)
        good = all(digest(open(os.path.join(tag, "blobs/sha256", f), "rb").read()) == "sha256:" + f
                   for f in os.listdir(tag + "/blobs/sha256"))
        point(good, "pull %s: every file is what it is called" % tag)
        r = run("push", tag, "%s/copy:%s" % (reg.host, tag))
        point(r.code == 0 and reg.tags["copy"][tag] == reg.tags["app"][tag],
              "push %s: the digest stays" % tag, r)
        reg.clear()
        r = run("push", tag, "%s/copy:%s" % (reg.host, tag))
        point(r.code == 0 and not reg.requests("POST"), "push %s again: nothing is sent" % tag, r)
    reg.clear()
    r = run("pull", "%s/app:1" % reg.host, "-o", "1")
    point(r.code == 0 and not reg.requests("GET", "/blobs/"), "pull again: nothing is fetched", r)
    r = run("pull", "%s/app:multi" % reg.host, "-o", "arm", "--platform", "linux/arm64")
    d = json.load(open("arm/index.json", encoding="utf-8"))["manifests"]
    point(r.code == 0 and [x["digest"] for x in d] == [kids[1]["digest"]], "pull one platform", r)
    same(reg, "1")
    same(reg, "docker")
    same(reg, "multi")
    r = run("tags", reg.host + "/app")
    point(r.out.split() == [b"1", b"docker", b"multi"], "tags", r)
    reg.page = 1
    r = run("tags", reg.host + "/app")
    point(r.out.split() == [b"1", b"docker", b"multi"], "tags over pages", r)
    r = run("inspect", "%s/app:multi" % reg.host)
    point(r.code == 0 and json.loads(r.out)["digest"] == reg.tags["app"]["multi"], "inspect", r)
    each_blob_once(reg)
    reg.close()


def same(reg, tag):
    """Over the network as from the layout."""
    a = run("scan", "docker://%s/app:%s" % (reg.host, tag), "-f", "json", "-q")
    b = run("scan", "oci:" + tag, "-f", "json", "-q")
    x = a.out.replace(b"docker://%s/app:%s" % (reg.host.encode(), tag.encode()), b"T")
    y = b.out.replace(b"oci:" + tag.encode(), b"T")
    point(a.code == 1 and x == y, "scan of %s: network and layout say the same" % tag, a)


def each_blob_once(reg):
    reg.clear()
    r = run("scan", "docker://%s/app" % reg.host, "--all-tags", "-f", "json", "-q")
    names = [t["name"] for t in json.loads(r.out or b'{"targets":[]}')["targets"]]
    got = [p[1] for p in reg.requests("GET", "/blobs/")]
    point(r.code == 1 and names == ["docker://%s/app:%s" % (reg.host, t)
                                    for t in ("1", "docker", "multi", "multi")],
          "every tag is a target", names or r)
    point(len(got) == len(set(got)), "every tag: each blob is read once")
    reg.clear()
    r = run("scan", "docker://%s" % reg.host, "--all-repos", "-q", "-f", "json")
    got = [p[1].split("/blobs/")[1] for p in reg.requests("GET", "/blobs/")]
    point(r.code == 1 and len(got) == len(set(got)), "every repository: each blob is read once", r)
    f = [x["recover"] for x in json.loads(r.out)["targets"][0]["findings"] if x["recover"]]
    r = subprocess.run(f[0].replace("plimsoll", PROGRAM, 1).split()[:-1] + ["-"],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    point(TOKEN.encode() in r.stdout, "the printed recover command works", r.stderr)


def uploads():
    reg = Registry()
    image(reg, "app", "1", big=True)
    image(reg, "app", "large", noise=12 << 20)
    for tag in ("1", "large"):
        run("pull", "%s/app:%s" % (reg.host, tag), "-o", tag)
    reg.close()
    for name, knob in (("relative Location", {"relative": True}),
                       ("absolute Location", {}),
                       ("pieces after 413", {"chunk_only": 100}),
                       ("pieces of a least length", {"chunk_only": 100, "chunk_min": 5 << 20})):
        reg = Registry()
        for k, v in knob.items():
            setattr(reg, k, v)
        r = run("push", "large" if "chunk_min" in knob else "1", reg.host + "/x:1")
        point(r.code == 0 and len(reg.blobs.get("x", {})) == 3, "push with " + name, r)
        if "chunk_only" in knob:
            point(len(reg.requests("PATCH")) >= 3, "… in pieces")
        reg.close()
    reg = Registry()
    run("push", "1", reg.host + "/base:1")
    reg.clear()
    r = run("push", "1", reg.host + "/next:1", "--mount-from", "base")
    point(r.code == 0 and not reg.requests("PUT", "/blobs/"), "push mounts what is there", r)
    dead = []

    def dies(h):
        if h.command == "PUT" and "/blobs/" in h.path and len(dead) < 2:
            dead.append(1)
            h.rfile.read(10)
            h.cut()
            return True
        return False
    reg.fault = dies
    r = run("push", "1", reg.host + "/third:1")
    point(r.code == 0 and len(reg.blobs.get("third", {})) == 3,
          "push to a registry that breaks off twice", r)
    refused_uploads(reg)
    reg.close()


def refused_uploads(reg):
    reg.fault = lambda h: h.command == "PUT" and "/manifests/" in h.path and (h.body(), h.send(
        201, b"", [("Docker-Content-Digest", "sha256:" + "0" * 64)])) and True
    r = run("push", "1", reg.host + "/fourth:1")
    point(r.code == 3, "push: a registry that took it for another manifest", r)
    reg.clear()
    reg.fault = lambda h: h.command == "PUT" and "/blobs/" in h.path and (
        h.body(), h.send(400, b"{}"), True)[2]
    r = run("push", "1", reg.host + "/fifth:1")
    point(r.code == 4 and reg.requests("DELETE", "/uploads/") and not reg.uploads,
          "push: a refused upload is cancelled", r)
    reg.fault = lambda h: h.command == "POST" and (h.body(), h.send(202)) and True
    r = run("push", "1", reg.host + "/sixth:1")
    point(r.code == 3, "push: an upload without a Location", r)
    reg.fault = lambda h: h.command == "POST" and (h.body(), h.send(
        202, b"", [("Location", "http://192.0.2.1/x")])) and True
    r = run("push", "1", reg.host + "/seventh:1", limit=20)
    point(r.code == 4, "push: an upload that leads away in plain http: refused", r)
    reg.fault = lambda h: "mount=" in h.path and (h.body(), h.send(405)) and True
    r = run("push", "1", reg.host + "/eighth:1", "--mount-from", "base")
    point(r.code == 0 and len(reg.blobs["eighth"]) == 3, "push: no mounting there: it is sent", r)
    reg.fault = None


# ---------------------------------------------------------------- referrers

def artifact(reg, repo, subject, text, kind="application/vnd.mock.note"):
    empty = reg.blob(repo, b"{}")
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", **empty},
            "layers": [{"mediaType": "text/plain", **reg.blob(repo, text)}], "subject": subject}
    return reg.manifest(repo, body, MANIFEST)


def referrers():
    secret = ("token: %s\n" % TOKEN).encode()
    for mode in ("API", "pages", "fallback tag", "signature tag"):
        reg = Registry()
        top = image(reg, "app", "1", secret=False)
        if mode == "signature tag":
            body = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": {"mediaType": CONFIG, **reg.blob("app", b"{}")},
                    "layers": [{"mediaType": "text/plain", **reg.blob("app", secret)}]}
            reg.manifest("app", body, MANIFEST, top["digest"].replace(":", "-") + ".sig")
        else:
            for i in range(5):
                artifact(reg, "app", top, b"note %d" % i)
            last = artifact(reg, "app", top, secret)
            reg.page = 2 if mode == "pages" else 0
            if mode == "fallback tag":
                reg.referrers = False
                index(reg, "app", top["digest"].replace(":", "-"), last)
        r = run("scan", "docker://%s/app:1" % reg.host, "-f", "json", "-q")
        found = [f["where"]["surface"] for t in json.loads(r.out)["targets"] for f in t["findings"]
                 if f["kind"] == "secret"]
        point(r.code == 1 and found == ["referrer"], "a secret in a referrer: " + mode, r)
        reg.close()
    reg = Registry()
    image(reg, "app", "1", secret=False)
    r = run("scan", "docker://%s/app:1" % reg.host, "-q")
    point(r.code == 0, "no referrers: clean", r)
    for name, fault in (("500", lambda h: "/referrers/" in h.path and (h.send(500), True)[1]),
                        ("403", lambda h: "/referrers/" in h.path and (h.send(403), True)[1]),
                        ("endless", endless_pages), ("circle", circle)):
        reg.fault = fault
        r = run("scan", "docker://%s/app:1" % reg.host, "-q", "--retries", "1")
        point(r.code in (3, 4), "list of referrers, %s: not clean" % name, r)
    point(len(reg.requests("GET", "/referrers/")) < 60, "endless pages end")
    reg.close()
    two_writers()


def endless_pages(h):
    if "/referrers/" not in h.path:
        return False
    n = int(h.path.split("n=")[1]) if "n=" in h.path else 0
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    h.send(200, body, [("Link", '<%s?n=%d>; rel="next"' % (h.path.split("?")[0], n + 1))])
    return True


def circle(h):
    if "/referrers/" not in h.path:
        return False
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    h.send(200, body, [("Link", '<%s>; rel="next"' % h.path)])
    return True


def two_writers():
    reg = Registry()
    reg.referrers = False
    top = image(reg, "app", "1")
    names = []
    for i in range(2):
        tmp = Registry()
        image(tmp, "w", "1")
        d = artifact(tmp, "w", top, b"writer %d" % i)
        tmp.tags["w"]["a"] = d["digest"]
        run("pull", tmp.host + "/w:a", "-o", "w%d" % i)
        names.append(d["digest"])
        tmp.close()
    lost = 0
    for n in range(6):
        reg.tags["app"].pop(top["digest"].replace(":", "-"), None)
        jobs = [subprocess.Popen([PROGRAM, "push", "-q", "w%d" % i, "%s/app:w%d" % (reg.host, i)])
                for i in range(2)]
        codes = [j.wait() for j in jobs]
        d = reg.tags["app"][top["digest"].replace(":", "-")]
        have = [m["digest"] for m in json.loads(reg.manifests["app"][d][1])["manifests"]]
        lost += codes != [0, 0] or sorted(have) != sorted(names)
    point(lost == 0, "two writers of one list: nothing is lost", lost)
    reg.close()


# ---------------------------------------------------------------- broken bodies

def bodies():
    reg = Registry()
    image(reg, "app", "1", big=True)
    biggest = max(reg.blobs["app"].values(), key=len)
    name = digest(biggest)

    def on_blob(do):
        return lambda h: h.command == "GET" and name in h.path and (do(h), True)[1]

    def on_manifest(do):
        return lambda h: h.command == "GET" and "/manifests/" in h.path and (do(h), True)[1]

    def truncated(h):
        h.send(200, biggest[:1000], length=len(biggest))
        h.cut()

    def short(h):
        h.send(200, biggest[:-1])

    def long_one(h):
        h.send(200, biggest + b"x")

    def altered(h):
        h.send(200, biggest[:500] + bytes([biggest[500] ^ 1]) + biggest[501:])

    def endless(h):
        h.send_response(200)
        h.end_headers()
        h.close_connection = True
        while True:
            h.wfile.write(b"\0" * 65536)

    def coded(h):
        h.send(200, gzip.compress(biggest), [("Content-Encoding", "gzip")])

    def slow(h):
        h.send_response(200)
        h.send_header("Content-Length", str(len(biggest)))
        h.end_headers()
        h.drip(biggest[:40], 0.2)
        h.cut()

    def silent(h):
        time.sleep(6)
        h.cut()

    def many_heads(h):
        h.send(200, biggest, [("X-%d" % i, "y" * 1000) for i in range(90)])

    quick = ("--retries", "1", "--stall-timeout", "1")
    for title, do in (("truncated blob", truncated), ("blob one byte short", short),
                      ("blob one byte long", long_one), ("altered blob", altered),
                      ("endless blob", endless), ("Content-Encoding", coded),
                      ("dripping blob", slow), ("silent registry", silent),
                      ("heads beyond 64 KiB", many_heads)):
        reg.fault = on_blob(do)
        pull_fails(reg, title, (3, 4), *quick)
    wrong = {"Content-Range of another place":
             lambda h: h.send(206, biggest[5:], [("Content-Range", "bytes 5-9/10")]),
             "416": lambda h: h.send(416), "status 204": lambda h: h.send(204)}
    for title, do in wrong.items():
        reg.fault = on_blob(do)
        pull_fails(reg, title, (3, 4), *quick)

    def no_json(h):
        h.send(200, b"<html>", [("Content-Type", MANIFEST)])

    def endless_json(h):
        h.send_response(200)
        h.end_headers()
        h.close_connection = True
        while True:
            h.wfile.write(b" " * 65536)

    def lying(h):
        kind, data = reg.manifests["app"][reg.tags["app"]["1"]]
        h.send(200, data, [("Content-Type", kind), ("Docker-Content-Digest", "sha256:" + "a" * 64)])

    for title, do in (("manifest that is no JSON", no_json), ("endless manifest", endless_json),
                      ("lying Docker-Content-Digest", lying)):
        reg.fault = lambda h, do=do: "/manifests/1" in h.path and h.command == "HEAD" and (
            h.send(405), True)[1] or on_manifest(do)(h)
        pull_fails(reg, title, (3, 4), *quick)
    reg.fault = None
    resumed(reg, name, biggest)
    confused(reg)
    reg.close()


def resumed(reg, name, data):
    """Cut again and again, but each time a piece more."""
    calls = []

    def cuts(h):
        if h.command != "GET" or name not in h.path:
            return False
        calls.append(h.headers.get("Range"))
        if len(calls) > 4:
            return False
        at = int((h.headers.get("Range") or "bytes=0-")[6:-1])
        piece = data[at:at + len(data) // 6]
        head = [("Content-Range", "bytes %d-%d/%d" % (at, len(data) - 1, len(data)))] if at else []
        h.send(206 if at else 200, piece, head, length=len(data) - at)
        h.cut()
        return True
    reg.fault = cuts
    shutil.rmtree("resumed", ignore_errors=True)
    r = run("pull", reg.host + "/app:1", "-o", "resumed")
    point(r.code == 0 and len(calls) == 5 and calls[1] is not None,
          "a blob that is cut is taken up where it ended", r)
    calls.clear()
    r = run("scan", "docker://%s/app:1" % reg.host, "-q", "-f", "json")
    point(r.code == 1 and b'"complete": true' in r.out, "so is one that is scanned", r)

    def starts_over(h):
        if h.command != "GET" or name not in h.path:
            return False
        calls.append(1)
        h.send(200, data[:len(data) // 2] if len(calls) == 1 else data, length=len(data))
        if len(calls) == 1:
            h.cut()
        return True
    calls.clear()
    reg.fault = starts_over
    r = run("scan", "docker://%s/app:1" % reg.host, "-q", "-f", "json")
    point(r.code == 1 and b'"complete": true' in r.out,
          "a registry without ranges starts over", r)
    reg.fault = None


def confused(reg):
    """Manifest, index, types: what two readers could take for two things."""
    kind, data = reg.manifests["app"][reg.tags["app"]["1"]]
    doc = json.loads(data)
    cases = {
        "manifest and index at once": (MANIFEST, json.dumps({**doc, "manifests": []}).encode()),
        "manifest served as an index": (INDEX, data),
        "manifest that says it is an index": (MANIFEST, json.dumps(
            {**doc, "mediaType": INDEX}).encode()),
        "duplicate keys": (MANIFEST, data[:-1] + b',"layers":[]}'),
        "something after the document": (MANIFEST, data + b"{}"),
        "invalid UTF-8": (MANIFEST, data[:-1] + b',"x":"\xff"}'),
        "deep nesting": (MANIFEST, data[:-1] + b',"x":' + b"[" * 100 + b"]" * 100 + b"}"),
        "negative size": (MANIFEST, json.dumps({**doc, "config": {
            **doc["config"], "size": -1}}).encode()),
        "fractional size": (MANIFEST, json.dumps({**doc, "config": {
            **doc["config"], "size": 1.5}}).encode()),
        "digest with a path": (MANIFEST, json.dumps({**doc, "config": {
            **doc["config"], "digest": "sha256:../../../etc/passwd"}}).encode()),
        "upper-case digest": (MANIFEST, json.dumps({**doc, "config": {
            **doc["config"], "digest": doc["config"]["digest"].upper()}}).encode()),
        "wrong size of a layer": (MANIFEST, json.dumps({**doc, "layers": [
            {**doc["layers"][0], "size": 5}]}).encode()),
        "text for a type": ("text/html", data),
        "too many layers": (MANIFEST, json.dumps({**doc, "layers": doc["layers"] * 600}).encode()),
    }
    for title, (kind, body) in cases.items():
        reg.manifest("app", body, kind, "1")
        pull_fails(reg, title, (3, 4))
    reg.manifest("app", data, MANIFEST, "1")


# ---------------------------------------------------------------- statuses

def statuses():
    reg = Registry()
    image(reg, "app", "1")
    r = run("pull", reg.host + "/app:none", "-o", "bad")
    point(r.code == 4 and b"404" in r.err, "no such tag: exit 4", r)
    r = run("scan", "docker://%s/app@sha256:%s" % (reg.host, "0" * 64))
    point(r.code == 4, "no such digest: exit 4", r)
    for ref in ("app@sha256:../x", "APP:1", "app:" + "x" * 129, "a//b", "app@md5:00"):
        r = run("pull", reg.host + "/" + ref, "-o", "bad")
        point(r.code == 2, "'%s' is no reference: exit 2" % ref[:20], r)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        r = run("pull", "127.0.0.1:%d/app:1" % s.getsockname()[1], "-o", "bad")
    point(r.code == 4, "nobody there: exit 4", r)
    for status in (429, 500, 502, 503, 504, 408):
        seen = []

        def once(h, status=status, seen=seen):
            if "/manifests/" not in h.path or seen:
                return False
            seen.append(1)
            h.send(status, b"", [("Retry-After", "0")])
            return True
        reg.fault = once
        r = run("pull", reg.host + "/app:1", "-o", "ok%d" % status)
        point(r.code == 0 and seen, "%d once: tried again" % status, r)
        reg.fault = lambda h, status=status: (h.send(status), True)[1]
        reg.clear()
        r = run("pull", reg.host + "/app:1", "-o", "bad", "--retries", "2")
        point(r.code == 4 and b"3 tries" in r.err and len(reg.log) == 3,
              "%d always: exit 4 after the tries" % status, (r, len(reg.log)))
    for status in (401, 403, 405):
        reg.fault = lambda h, status=status: (h.send(status), True)[1]
        r = run("pull", reg.host + "/app:1", "-o", "bad")
        point(r.code == 4, "%d: exit 4" % status, r)
    begin = []

    def wait(h):
        begin.append(time.monotonic())
        if len(begin) > 1:
            return False
        h.send(429, b"", [("Retry-After", "2")])
        return True
    reg.fault = wait
    r = run("pull", reg.host + "/app:1", "-o", "waited")
    point(r.code == 0 and begin[1] - begin[0] >= 1.9, "Retry-After is heeded", r)
    reg.fault = lambda h: (time.sleep(60), h.cut(), True)[2]
    r = run("pull", reg.host + "/app:1", "-o", "bad", "--timeout", "1")
    point(r.code == 4 and r.seconds < 14 * SLOW, "--timeout ends the run", r)
    r = run("scan", "docker://%s/app:1" % reg.host, "--offline")
    point(r.code in (2, 4), "--offline: an error before any call", r)
    reg.close()


# ---------------------------------------------------------------- credentials

def auth():
    reg = Registry()
    image(reg, "app", "1")
    for kind in ("basic", "bearer"):
        reg.auth = kind
        reg.clear()
        env = login(reg)
        r = run("pull", reg.host + "/app:1", "-o", "in-" + kind, env=env)
        point(r.code == 0 and quiet(reg, r), "%s: credentials of the auth file" % kind, r)
        r = run("push", "in-" + kind, reg.host + "/out:1", env=env)
        point(r.code == 0 and quiet(reg, r), "%s: push" % kind, r)
        r = run("pull", reg.host + "/app:1", "-o", "typed-" + kind, "--username", reg.user,
                stdin=reg.password.encode() + b"\n")
        point(r.code == 0 and quiet(reg, r), "%s: --username" % kind, r)
    point(all(s.startswith("repository:") and "*" not in s for s in reg.scopes),
          "scopes name a repository and no more", reg.scopes)
    reg.auth = "basic"
    r = run("pull", reg.host + "/app:1", "-o", "bad")
    point(r.code == 4, "basic without credentials: exit 4", r)
    r = run("pull", reg.host + "/app:1", "-o", "bad", "--username", reg.user, stdin=b"wrong\n")
    point(r.code == 4 and b"wrong" not in r.err, "wrong password: exit 4", r)
    helper(reg)
    files(reg)
    reg.close()


def helper(reg):
    os.makedirs("bin", exist_ok=True)
    with open("bin/docker-credential-mock", "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\nread host\necho \"$1 $host\" >>'%s/helper.log'\n"
                "[ \"$host\" = %s ] || { echo 'credentials not found in native keychain'; exit 1; }\n"
                "printf '{\"ServerURL\":\"x\",\"Username\":\"%s\",\"Secret\":\"%s\"}'\n" % (
                    os.getcwd(), reg.host, reg.user, reg.password))
    os.chmod("bin/docker-credential-mock", 0o755)
    with open("helper.json", "w", encoding="utf-8") as f:
        json.dump({"credHelpers": {reg.host: "mock"}}, f)
    env = {"REGISTRY_AUTH_FILE": os.path.abspath("helper.json"),
           "PATH": os.getcwd() + "/bin:" + os.environ["PATH"]}
    r = run("pull", reg.host + "/app:1", "-o", "helped", env=env)
    point(r.code == 0 and quiet(reg, r), "credential helper", r)
    point(open("helper.log", encoding="utf-8").read().split()[1] == reg.host,
          "the helper is asked for the host of the reference")
    other = Registry("127.0.0.2")
    image(other, "app", "1")
    other.auth = "basic"
    before = os.path.getsize("helper.log")
    r = run("pull", other.host + "/app:1", "-o", "bad", env=env)
    point(r.code == 4 and os.path.getsize("helper.log") == before,
          "no helper for another host", r)
    with open("helper.json", "w", encoding="utf-8") as f:
        json.dump({"credHelpers": {reg.host: "../../bin/sh"}}, f)
    r = run("pull", reg.host + "/app:1", "-o", "bad", env=env)
    point(r.code == 2, "a helper with a path in its name: exit 2", r)
    other.close()


def files(reg):
    other = login(reg, "other.json", reg.host + "0")
    r = run("pull", reg.host + "/app:1", "-o", "bad", env=other)
    point(r.code == 4 and not reg.requests(None, "canary"), "the host must match to the letter", r)
    with open("bad.json", "w", encoding="utf-8") as f:
        f.write('{"auths": {"%s": {"auth": "%s"' % (reg.host, reg.password))
    r = run("pull", reg.host + "/app:1", "-o", "bad",
            env={"REGISTRY_AUTH_FILE": os.path.abspath("bad.json")})
    point(r.code == 2 and quiet(reg, r), "a broken auth file: exit 2, nothing of it is shown", r)


def foreign():
    """What leads elsewhere gets nothing."""
    evil = Registry("127.0.0.2")
    reg = Registry()
    image(reg, "app", "1")
    env = login(reg)
    spy = lambda: not evil.saw()  # noqa: E731
    reg.auth = "bearer"
    reg.realm = evil.url + "/token"
    pull_fails(reg, "realm at another host", (4,), env=env, more=lambda: not evil.log)
    for realm in ("http://user:pw@%s/token" % reg.host, "ftp://%s/" % reg.host, "/token", "",
                  "http://169.254.169.254/token", "https://%s:x/" % reg.host):
        reg.realm = realm or " "
        r = run("pull", reg.host + "/app:1", "-o", "bad", env=env, limit=20)
        point(r.code == 4 and quiet(reg, r), "realm '%s': refused" % realm[:24], r)
    reg.realm = None
    for status in (301, 302, 303, 307, 308):
        for auth_kind in ("basic", "bearer"):
            reg.auth = auth_kind
            evil.clear()
            evil.blobs = reg.blobs
            reg.fault = lambda h, status=status: "/blobs/" in h.path and "Authorization" in \
                h.headers and (h.send(status, b"", [("Location", evil.url + h.path)]), True)[1]
            r = run("pull", reg.host + "/app:1", "-o", "redir%d%s" % (status, auth_kind), env=env)
            point(r.code == 0 and evil.log and spy() and quiet(reg, r) and not any(
                "authorization" in (k.lower() for k in x[2]) for x in evil.log),
                  "%d to another host, %s: no credentials there" % (status, auth_kind), r)
    for title, where in (("loop of redirects", lambda h: h.path),
                         ("redirect to a link-local address", lambda h: "http://169.254.169.254/x"),
                         ("redirect to a public host in plain http",
                          lambda h: "http://192.0.2.1/x"),
                         ("redirect to another scheme", lambda h: "file:///etc/passwd"),
                         ("redirect to nonsense", lambda h: "http://[::1/x"),
                         ("redirect without a host", lambda h: "http:///x")):
        reg.fault = lambda h, where=where: "/blobs/" in h.path and (
            h.send(307, b"", [("Location", where(h))]), True)[1]
        pull_fails(reg, title, (3, 4), "--retries", "1", env=env, limit=20)
    evil.clear()
    reg.fault = lambda h: h.command == "POST" and "Authorization" in h.headers and (h.body(), h.send(
        202, b"", [("Location", evil.url + "/v2/x/blobs/uploads/1")])) and True
    run("push", "redir307basic", reg.host + "/up:1", "--retries", "0", env=env)
    point(evil.log and spy(), "Location of an upload at another host: no credentials there")
    evil.clear()
    reg.fault = lambda h: "/tags/list" in h.path and "Authorization" in h.headers and (h.send(
        200, b'{"tags":["a"]}', [("Link", '<%s/v2/x>; rel="next"' % evil.url)]), True)[1]
    r = run("tags", reg.host + "/app", env=env)
    point(r.code == 4 and not evil.log, "next page at another host: refused", r)
    reg.fault = None
    foreign_layer(reg, evil, env)
    reg.close()
    evil.close()


def foreign_layer(reg, evil, env):
    raw, packed = layer([("f", b"foreign")])
    evil.clear()
    evil.blob("far", packed)
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": [digest(raw)]}}).encode()
    far = {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
           "digest": digest(packed), "size": len(packed),
           "urls": ["%s/v2/far/blobs/%s" % (evil.url, digest(packed))]}
    reg.manifest("app", {"schemaVersion": 2, "mediaType": MANIFEST, "config": {
        "mediaType": CONFIG, **reg.blob("app", config)}, "layers": [far]}, MANIFEST, "far")
    r = run("scan", "docker://%s/app:far" % reg.host, "-q", env=env)
    point(r.code == 3 and not evil.log, "a foreign layer is not followed, and not clean", r)
    r = run("scan", "docker://%s/app:far" % reg.host, "-q", "--foreign-layers", env=env)
    point(r.code == 0 and evil.log and not evil.saw(), "--foreign-layers: without credentials", r)


# ---------------------------------------------------------------- other programs' registries

def started(start):
    """A registry that takes connections; begun anew when it ends, as when another took its port."""
    for _ in range(3):
        proc, host = start()
        for _ in range(600):
            with socket.socket() as s:
                if s.connect_ex((host.split(":")[0], int(host.split(":")[1]))) == 0:
                    break
            if proc.poll() is not None:
                break
            time.sleep(0.1)
        if proc.poll() is None:
            break
    return proc, host


def other_registry(name, start):
    """A round trip through a real registry."""
    try:
        proc, host = started(start)
    except OSError as e:
        print("skip: %s: %s" % (name, e))
        return
    try:
        for tag in ("1", "docker", "multi"):
            r = run("push", tag, "%s/team/app:%s" % (host, tag))
            s = run("pull", "%s/team/app:%s" % (host, tag), "-o", "%s-%s" % (name, tag))
            a = json.load(open(tag + "/index.json", encoding="utf-8"))["manifests"][0]["digest"]
            b = {"manifests": [{"digest": None}]}
            if s.code == 0:
                b = json.load(open("%s-%s/index.json" % (name, tag), encoding="utf-8"))
            point(r.code == 0 and a == b["manifests"][0]["digest"],
                  "%s: %s there and back keeps its digest" % (name, tag), "%s; %s" % (r, s))
        r = run("scan", "docker://%s/team/app:1" % host, "-q")
        point(r.code == 1, "%s: scan" % name, r)
    finally:
        proc.kill()
        proc.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def debian_registry():
    program = shutil.which("docker-registry")
    if not program:
        raise OSError("the package docker-registry is not installed")
    port = free_port()
    with open("registry.yml", "w", encoding="utf-8") as f:
        f.write("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage:\n"
                "  filesystem: {rootdirectory: %s/store}\nhttp: {addr: '127.0.0.1:%d'}\n" % (
                    os.getcwd(), port))
    return subprocess.Popen([program, "serve", "registry.yml"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL), "127.0.0.1:%d" % port


def crane_registry():
    program = shutil.which("crane") or pwd.getpwuid(os.getuid()).pw_dir + "/go/bin/crane"
    if not os.path.exists(program):
        raise OSError("crane is not installed")
    port = free_port()
    return subprocess.Popen([program, "registry", "serve", "--address", "127.0.0.1:%d" % port],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), \
        "127.0.0.1:%d" % port


# ---------------------------------------------------------------- transport

def transport():
    reg = Registry()
    image(reg, "app", "1")
    other = Registry("127.0.0.2")
    other.blobs, other.manifests, other.tags = reg.blobs, reg.manifests, reg.tags
    other.auth = "basic"
    r = run("pull", reg.host + "/app:1", "-o", "m1", "--mirror", "%s=%s" % (reg.host, other.url),
            env=login(reg))
    point(r.code == 0 and other.log and not other.saw(),
          "a mirror that wants credentials gets none of the registry's", r)
    other.auth = None
    reg.clear()
    r = run("pull", reg.host + "/app:1", "-o", "m2", "--mirror", "%s=%s" % (reg.host, other.url))
    point(r.code == 0 and not reg.log, "a mirror serves in its place", r)
    with open("mirrors.toml", "w", encoding="utf-8") as f:
        f.write('[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s"\n' % (
            reg.host, other.host))
    reg.clear()
    r = run("pull", reg.host + "/app:1", "-o", "m3", "--registry-config", "mirrors.toml")
    point(r.code == 0 and not reg.log, "registries.conf", r)
    other.fault = lambda h: (h.send(500), True)[1]
    r = run("pull", reg.host + "/app:1", "-o", "m4", "--registry-config", "mirrors.toml",
            "--retries", "0")
    point(r.code == 0 and reg.log, "a mirror that fails: the registry itself is asked", r)
    with open("skip.toml", "w", encoding="utf-8") as f:
        f.write('[host."%s"]\ncapabilities = ["pull"]\nskip_verify = true\n' % other.url)
    r = run("pull", reg.host + "/app:1", "-o", "m5", "--registry-config", "skip.toml")
    point(r.code == 2, "skip_verify is refused", r)
    with open("block.toml", "w", encoding="utf-8") as f:
        f.write('[[registry]]\nlocation = "%s"\nblocked = true\n' % reg.host)
    r = run("pull", reg.host + "/app:1", "-o", "m6", "--registry-config", "block.toml")
    point(r.code != 0, "blocked", r)
    tls(reg)
    nothing_is_written(reg)
    reg.close()
    other.close()


def certificate(names):
    """cert.pem, its own authority, for a server of these names."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=" + names],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    return context


def over_tls():
    """From here on every registry speaks TLS: the same faults, by way of libcurl."""
    global Registry, run
    context = certificate("IP:127.0.0.1")
    plain, ca, bare = Registry, os.path.abspath("cert.pem"), run
    Registry = lambda **more: plain(tls=context, **more)
    run = lambda *words, **more: bare(*words, "--ca-file", ca, **more)


def tls(plain):
    if not shutil.which("openssl"):
        print("skip: TLS: no openssl program")
        return
    context = certificate("DNS:localhost")
    reg = Registry(tls=context)
    port = reg.host.split(":")[1]
    image(reg, "app", "1")
    name = "localhost:" + port
    reg.auth = "basic"
    env = login(reg, "tls.json", name)
    r = run("pull", name + "/app:1", "-o", "t1", env=env)
    point(r.code == 4 and not reg.log, "an unknown authority: exit 4, nothing was sent", r)
    r = run("pull", name + "/app:1", "-o", "t2", "--ca-file", "cert.pem", env=env)
    point(r.code == 0 and quiet(reg, r), "--ca-file", r)
    reg.clear()
    r = run("pull", "127.0.0.1:%s/app:1" % port, "-o", "t3", "--ca-file", "cert.pem", env=env)
    point(r.code == 4 and not reg.log, "another host name: exit 4, nothing was sent", r)
    r = run("pull", name + "/app:1", "-o", "t4", "--plain-http", env=env)
    point(r.code != 0 and not reg.saw(), "--plain-http to a TLS port: no", r)
    reg.auth = "bearer"
    reg.realm = "http://localhost:%s/token" % port
    r = run("pull", name + "/app:1", "-o", "t5", "--ca-file", "cert.pem", env=env)
    point(r.code == 4 and not reg.saw(), "a realm in plain http: refused", r)
    reg.auth = None
    reg.fault = lambda h: "/blobs/" in h.path and (
        h.send(307, b"", [("Location", plain.url + h.path)]), True)[1]
    plain.clear()
    r = run("pull", name + "/app:1", "-o", "t6", "--ca-file", "cert.pem", env=env)
    point(r.code == 4 and not plain.log, "a redirect from https to http: refused", r)
    reg.close()


def nothing_is_written(reg):
    if not shutil.which("strace") or os.environ.get("PL_SANITIZED"):
        print("skip: files written: no strace here")
        return
    done = subprocess.run(["strace", "-f", "-qq", "-o", "trace", "-e",
                           "trace=openat,open,creat,openat2,mkdir,mkdirat,rename,renameat,link,"
                           "linkat,truncate", PROGRAM, "scan", "-q",
                           "docker://%s/app:1" % reg.host], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False,
                          env={**os.environ, "PLIMSOLL_SANDBOX": "off"})
    with open("trace", encoding="utf-8", errors="replace") as f:
        wrote = [line for line in f if re.search(r"O_(WRONLY|RDWR|CREAT)|creat|mkdir|rename|link",
                                                 line) and "ENOENT" not in line and ".gcda" not in line]
    if done.returncode != 1:
        print("skip: files written: strace may not trace here")
        return
    point(not wrote, "a scan over the network writes no file", wrote[:3])


def within():
    """In a network of its own, where a public address can be had."""
    reg = Registry("198.51.100.7")
    image(reg, "app", "1")
    env = login(reg)
    local = Registry()
    r = run("pull", reg.host + "/app:1", "-o", "n1", env=env, limit=20)
    print("%s plain http to a public address" % (r.code == 4 and not reg.log))
    r = run("pull", reg.host + "/app:1", "-o", "n2", "--plain-http", env=env)
    print("%s --plain-http names it" % (r.code == 0))
    reg.auth = "bearer"
    reg.fault = lambda h: "/blobs/" in h.path and (
        h.send(307, b"", [("Location", local.url + h.path)]), True)[1]
    r = run("pull", reg.host + "/app:1", "-o", "n3", "--plain-http", env=env)
    print("%s a public registry leads to loopback: refused (%s)" % (
        r.code == 4 and not local.log and b"loopback" in r.err, r.err.decode()[-80:].strip()))
    local.close()
    reg.close()


SECTIONS = {"round_trips": round_trips, "uploads": uploads, "referrers": referrers,
            "bodies": bodies, "statuses": statuses, "auth": auth, "foreign": foreign,
            "transport": transport}


def addresses():
    if not shutil.which("unshare") or not shutil.which("ip"):
        print("skip: addresses: no unshare or ip here")
        return
    setup = 'ip link set lo up && ip addr add 198.51.100.7/32 dev lo && exec "$@"'
    done = subprocess.run(["unshare", "-rn", "sh", "-c", setup, "sh", sys.executable, __file__,
                           "within"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False)
    lines = done.stdout.decode().splitlines()
    if not lines:
        print("skip: addresses: no network namespace here")
    for line in lines:
        good, name = line.split(" ", 1)
        point(good == "True", name)


def main():
    if sys.argv[1:] == ["within"]:
        within()
        return
    if b"registries are not in this build" in run("tags", "127.0.0.1:1/x").err:
        print("1..0 # SKIP built without registries")
        return
    if sys.argv[1:2] == ["tls"]:
        if not shutil.which("openssl"):
            print("skip: registry over TLS: no openssl program")
            return
        del sys.argv[1]
        over_tls()
    wanted = sys.argv[1:] or ["round_trips", "uploads", "referrers"]
    for name in wanted:
        SECTIONS[name]()
    if not sys.argv[1:]:
        other_registry("docker-registry", debian_registry)
        other_registry("crane", crane_registry)
    if "transport" in wanted:
        addresses()
    print("1..%d" % points)


if __name__ == "__main__":
    main()
    sys.exit(bad != 0)
