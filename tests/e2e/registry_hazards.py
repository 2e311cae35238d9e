#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Registries that say one thing and then another, that have no end, and names that lead inside."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import registry as base  # noqa: E402
from mockreg import MANIFEST, Registry  # noqa: E402
from registry import image, index, login, point, pull_fails, run  # noqa: E402


def alternating():
    """A tag that names another image each time it is asked for."""
    reg = Registry()
    one = image(reg, "app", "1")
    two = image(reg, "app", "2", arch="arm64")
    turn = []

    def other(h):
        if h.path.endswith("/manifests/1"):
            turn.append(1)
            reg.tags["app"]["1"] = (one, two)[len(turn) % 2]["digest"]
        return False
    reg.fault = other
    r = run("pull", reg.host + "/app:1", "-o", "alternating")
    with open("alternating/index.json", encoding="utf-8") as f:
        top = json.load(f)["manifests"][0]["digest"]
    with open("alternating/blobs/" + top.replace(":", "/"), encoding="utf-8") as f:
        doc = json.load(f)
    good = all(os.path.exists("alternating/blobs/" + d["digest"].replace(":", "/"))
               for d in doc["layers"] + [doc["config"]])
    point(r.code == 0 and good and len(turn) <= 2, "a tag that alternates: one answer counts", r)
    turn.clear()
    r = run("scan", "docker://%s/app:1" % reg.host, "-q", "-f", "json")
    t = json.loads(r.out)["targets"]
    point(r.code == 1 and len(t) == 1 and t[0]["complete"] and len(turn) <= 2,
          "… and in a scan", r)
    reg.close()


def limits():
    reg = Registry()
    top = image(reg, "app", "1")
    index(reg, "app", "many", *[{**top, "annotations": {"n": str(i)}} for i in range(1001)])
    pull_fails(reg, "an index of 1,001 children", (3,), ref="app:many")
    deep = top
    for _ in range(6):
        deep = index(reg, "app", None, deep)
    reg.tags["app"]["deep"] = deep["digest"]
    pull_fails(reg, "indexes 6 deep", (3,), ref="app:deep")
    empty = reg.blob("app", b" " * (8 << 20) + b"{}")
    reg.manifest("app", {"schemaVersion": 2, "mediaType": MANIFEST, "config": {
        "mediaType": base.CONFIG, **empty}, "layers": []}, MANIFEST, "large")
    r = run("scan", "docker://%s/app:large" % reg.host, "-q", "--fail-on", "none")
    point(r.code == 3, "a configuration beyond 8 MiB", r)

    def endless_error(h):
        h.send_response(500)
        h.end_headers()
        h.close_connection = True
        while True:
            h.wfile.write(b"x" * 65536)
    reg.fault = endless_error
    pull_fails(reg, "an error that has no end", (3, 4), "--retries", "1")
    env = login(reg)
    reg.auth = "bearer"
    reg.fault = lambda h: h.path.startswith("/token") and (
        h.body(), h.send(200, b'{"token":"' + b"x" * 70000 + b'"}'), True)[2]
    pull_fails(reg, "a token beyond 64 KiB", (3, 4), env=env)
    # 401 again and again: one new token, no more
    reg.fault = lambda h: not h.path.startswith("/token") and (h.body(), h.send(
        401, b"", [("WWW-Authenticate", 'Bearer realm="%s/token"' % reg.url)]), True)[2]
    reg.clear()
    pull_fails(reg, "401 for every token", (4,), env=env)
    point(len(reg.log) < 30, "… which is asked for a few times", len(reg.log))
    reg.auth = None
    reg.fault = lambda h: "/tags/list" in h.path and (h.send(200, json.dumps(
        {"tags": ["t"]}).encode(), [("Link", '<%s?n=%d>; rel="next"' % (
            h.path.split("?")[0], len(reg.log)))]), True)[1]
    r = run("tags", reg.host + "/app", limit=60)
    point(r.code in (3, 4), "a list of tags that has no end", r)
    reg.close()


def escapes():
    """Links in the folder that is written to."""
    reg = Registry()
    image(reg, "app", "1")
    for name, target in (("blobs", "../away"), ("index.json", "../away/index.json"),
                         ("blobs/sha256", "../../away")):
        shutil.rmtree("esc", ignore_errors=True)
        shutil.rmtree("away", ignore_errors=True)
        os.mkdir("away")
        os.makedirs(os.path.dirname("esc/" + name))
        os.symlink(target, "esc/" + name)
        r = run("pull", reg.host + "/app:1", "-o", "esc")
        link = os.path.islink("esc/" + name)
        point(not os.listdir("away") and (r.code in (2, 3) if link else r.code == 0),
              "pull does not follow a link for %s" % name, (r, os.listdir("away")))
    reg.close()


# ---------------------------------------------------------------- names, in a network of its own

class Names:
    """A name server that gives the next of its answers each time."""

    def __init__(self, table):
        self.table = {k: list(v) for k, v in table.items()}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            ask, who = self.socket.recvfrom(512)
            at, labels = 12, []
            while ask[at]:
                labels.append(ask[at + 1:at + 1 + ask[at]].decode())
                at += 1 + ask[at]
            kind = struct.unpack(">H", ask[at + 1:at + 3])[0]
            answers = self.table.get(".".join(labels).lower(), [])
            body = b""
            if kind == 1 and answers:
                address = answers.pop(0) if len(answers) > 1 else answers[0]
                body = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(address)
            head = ask[:2] + b"\x81\x80" + ask[4:6] + struct.pack(">HHH", bool(body), 0, 0)
            self.socket.sendto(head + ask[12:at + 5] + body, who)


def within():
    outside = "198.51.100.7"
    tls = base.certificate(",".join("DNS:%s.example" % x for x in (
        "registry", "inside", "private", "link", "zero", "turns")))
    reg = Registry(outside, tls=tls)
    port = int(reg.host.split(":")[1])
    inner = Registry("127.0.0.1", tls=tls, port=port)  # what a name that changes leads to
    image(reg, "app", "1")
    image(inner, "app", "1")
    Names({"registry.example": [outside], "inside.example": ["127.0.0.1"],
           "link.example": ["169.254.169.254"], "private.example": ["10.1.2.3"],
           "turns.example": [outside, "127.0.0.1"], "zero.example": ["0.0.0.0"]})

    def pull(name, n, *flags):
        return run("pull", "%s:%d/app:1" % (name, port), "-o", "w%d" % n, "--retries", "1",
                   "--ca-file", "cert.pem", *flags, limit=20)
    r = pull("registry.example", 0)
    print("%s a name that leads outside (%s)" % (r.code == 0, r.code))
    for n, name in enumerate(("inside", "private", "link", "zero")):
        reg.fault = lambda h, name=name: "/blobs/" in h.path and (h.send(307, b"", [
            ("Location", "https://%s.example:%d%s" % (name, port, h.path))]), True)[1]
        inner.clear()
        r = pull("registry.example", n + 1)
        print("%s a redirect to a name that leads to %s: refused (%s)" % (
            r.code == 4 and not inner.log and b"refused" in r.err, name, r.err.decode()[-90:].strip()))
    for name in ("link", "zero"):
        r = pull(name + ".example", 9)
        print("%s a registry whose name leads to %s: refused" % (r.code == 4 and r.seconds < 9,
                                                                  name))

    def closes(h):
        h.close_connection = True
        return False
    reg.fault = closes
    inner.clear()
    reg.clear()
    r = pull("turns.example", 10)
    print("%s a name that leads outside first, then inside: %d and %d requests, exit %d" % (
        reg.log and not inner.log and r.code in (0, 4), len(reg.log), len(inner.log), r.code))


def names():
    if not all(shutil.which(x) for x in ("unshare", "ip", "openssl")):
        print("skip: names: no unshare, ip or openssl here")
        return
    with open("resolv.conf", "w", encoding="utf-8") as f:
        f.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    setup = ("ip link set lo up && ip addr add 198.51.100.7/32 dev lo && "
             "mount --bind resolv.conf /etc/resolv.conf && exec \"$@\"")
    done = subprocess.run(["unshare", "-rnm", "sh", "-c", setup, "sh", sys.executable,
                           os.path.abspath(__file__), "within"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    lines = done.stdout.decode().splitlines()
    if not lines:
        print("skip: names: no network namespace here: " + done.stderr.decode()[-100:].strip(
        ).replace("\n", " "))
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
    for part in (alternating, limits, escapes, names):
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            part()
    print("1..%d" % base.points)


main()
sys.exit(base.bad != 0)
