#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server against clients that do not mean well, and against time: framing, slowness, rubbish
instead of TLS, deadlines, reload, end; Docker's plugin; the program itself with dead registries."""

import base64
import concurrent.futures
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
from servelib import (LONG, SLOW, Server, certificate, decided, end, point, probe, review,  # noqa: E402
                      within, wrap)

D = "@sha256:" + "1" * 64
PROGRAM = os.environ["PLIMSOLL"]


def pod(*images):
    return json.dumps(review("Pod", wrap("Pod", {"containers": [
        {"name": "c%d" % i, "image": image} for i, image in enumerate(images)]})))


GOOD = pod("reg.example/good" + D)


def request(body=GOOD, head="", path="/validate", line="\r\n", length=None):
    length = len(body) if length is None else length
    lines = ["POST %s HTTP/1.1" % path, "Host: localhost"]
    if length != "":
        lines.append("Content-Length: %s" % length)
    return (line.join(lines) + line + head + line).encode() + body.encode()


def framing(s):
    """Two readers must not see different requests: refused, and the connection ends."""
    chunked = "5\r\nhello\r\n0\r\n\r\n"
    hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    cases = {
        "length and chunks": request(chunked + hidden, "Transfer-Encoding: chunked\r\n"),
        "chunks and a length of nothing": request(chunked, "Transfer-Encoding: chunked\r\n", length=0),
        "two lengths": request(head="Content-Length: 5\r\n"),
        "two equal lengths": request(head="Content-Length: %d\r\n" % len(GOOD)),
        "lengths in a list": request(length="%d, %d" % (len(GOOD), len(GOOD))),
        "a length with a sign": request(length="+%d" % len(GOOD)),
        "a negative length": request(length=-1),
        "a length in hex": request(length="0x10"),
        "a length beyond all": request(length="99999999999999999999"),
        "a length that is none": request(length="ten"),
        "coding xchunked": request(chunked, "Transfer-Encoding: xchunked\r\n", length=""),
        "coding gzip, chunked": request(chunked, "Transfer-Encoding: gzip, chunked\r\n", length=""),
        "coding chunked, identity": request(chunked, "Transfer-Encoding: chunked, identity\r\n",
                                            length=""),
        "two codings": request(chunked, "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
                               length=""),
        "a blank before the colon": request(head="Transfer-Encoding : chunked\r\n"),
        "a folded header": request(head="X: a\r\n Transfer-Encoding: chunked\r\n"
                                   "Content-Length: 3\r\n"),
        "two hosts": request(head="Host: other\r\n"),
        "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
        "chunks that are none": request("zz\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n",
                                        length=""),
        "a chunk beyond all": request("ffffffffffffffffff\r\nx", "Transfer-Encoding: chunked\r\n",
                                      length=""),
        "GET with a body": b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "no length at all": request(length=""),
        "HTTP/2's first words": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/0.9": b"GET /healthz\r\n\r\n",
        "no HTTP": b"\x00\x01\x02\x03" * 50 + b"\r\n\r\n",
        "a line without end": b"GET /" + b"a" * 70000,
        "a header without end": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70000,
        "headers without end": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20000,
    }
    for name, data in cases.items():
        got, closed = s.exchange(data)
        point(b'"allowed":true' not in got and b" 200 " not in got and (closed or not got),
              "refused: " + name, (got[:200], closed))
    got, _ = s.exchange(request() + request(), answers=2)
    point(got.count(b'"allowed":true') == 2, "two requests in one go", got)
    chunks = "".join("%x\r\n%s\r\n" % (len(GOOD[i:i + 100]), GOOD[i:i + 100])
                     for i in range(0, len(GOOD), 100)) + "0\r\n\r\n"
    got, _ = s.exchange(request(chunks, "Transfer-Encoding: chunked\r\n", length=""), answers=1)
    point(b'"allowed":true' in got, "honest chunks", got)
    got, closed = s.exchange(request(length=4 << 20), wait=LONG)
    point(b" 413 " in got and closed, "a body announced as too large", (got[:100], closed))
    status, got = s.ask("POST", "/validate", GOOD + " " * ((3 << 20) - len(GOOD)))
    point(status == 200, "3 MiB are right", (status, got[:100]))
    big = "%x\r\n%s\r\n" % (1 << 20, "x" * (1 << 20))
    got, closed = s.exchange(request(big * 4 + "0\r\n\r\n", "Transfer-Encoding: chunked\r\n", length=""))
    point(b" 413 " in got or (closed and not got), "chunks that become too large", got[:100])
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get"):
        got, _ = s.exchange(("%s /healthz HTTP/1.1\r\nHost: x\r\n\r\n" % method).encode(), answers=1)
        point(b" 200 " not in got, "method " + method, got[:100])
    point(s.ask("GET", "/validate")[0] == 405 and s.ask("POST", "/metrics", "x")[0] == 405,
          "methods of paths")
    got, closed = s.exchange(request(length=len(GOOD) + 10), wait=3, shut=True)
    point(b"200" not in got, "a body that ends too early", got)


def rubbish(s):
    for name, data in {"plain HTTP": b"GET /healthz HTTP/1.1\r\n\r\n", "zeros": b"\0" * 5000,
                       "half a hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                       "a large record": b"\x16\x03\x01\xff\xff" + b"\x01" * 65535,
                       "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
                       "noise": os.urandom(4000)}.items():
        r = s.raw()
        try:
            r.sendall(data)
            r.settimeout(0.3)
            r.recv(1000)
        except OSError:
            pass
        r.close()
        point(s.ask("GET", "/healthz")[0] == 200, "not TLS: " + name)
    half = s.tls()
    half.sendall(b"POST /validate HTTP/1.1\r\n")
    half.close()
    gone = s.tls()
    gone.sendall(request(pod("reg.example/slow-good" + D), path="/validate?timeout=1s"))
    gone.close()
    time.sleep(1.2)
    point(s.ask("GET", "/healthz")[0] == 200, "clients that go away")
    old = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % s.port, "-tls1_1",
                          "-cipher", "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL,
                         capture_output=True, check=False, timeout=LONG)
    point(b"Cipher is (NONE)" in old.stdout or old.returncode != 0, "TLS 1.1", old.stdout[-200:])


def slow(s):
    """Those who say nothing, or too little, hold nobody up, and do not stay."""
    silent = [s.raw() for _ in range(100)]
    drips = [s.tls() for _ in range(20)]
    for d in drips:
        d.sendall(b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n")
    stop = threading.Event()

    def drip():
        while not stop.wait(0.5):
            for d in drips:
                try:
                    d.sendall(b"X-a: b\r\n")
                except OSError:
                    pass
    t = threading.Thread(target=drip)
    t.start()
    begin = time.monotonic()
    worst = 0
    while time.monotonic() - begin < 3:
        at = time.monotonic()
        status, _ = s.ask("POST", "/validate", GOOD)
        worst = max(worst, time.monotonic() - at)
        if status != 200:
            break
    point(status == 200 and worst < 3.5 * SLOW, "120 slow clients hold nobody up", (status, worst))
    more = [s.raw() for _ in range(150)]
    time.sleep(1)
    status, _ = s.ask("POST", "/validate", GOOD)
    point(status == 200, "270 do not, either", status)
    ended = 0
    while time.monotonic() - begin < LONG and ended < len(drips):
        time.sleep(0.5)
        ended = 0
        for d in drips:
            d.settimeout(0.01)
            try:
                ended += d.recv(1000) == b""
            except (TimeoutError, socket.timeout):
                pass
            except OSError:
                ended += 1
    point(ended == len(drips), "who drips is ended after its time", ended)
    stop.set()
    t.join()
    for x in silent + more + drips:
        x.close()


def deadlines(s):
    for image, query, limit in (("late-good", "timeout=1s", 1.0), ("stuck-good", "timeout=500ms", 0.5),
                                ("stuck-good", "", 2.2), ("stuck-good", "timeout=30s", 2.2)):
        begin = time.monotonic()
        r = decided(s.ask("POST", "/validate?" + query, pod("reg.example/" + image + D)))
        took = time.monotonic() - begin
        # a second more is the machine's; what is stuck is so for three
        point(not r["allowed"] and took < limit * SLOW + 1 and (took < 3 or SLOW > 1), "%s, %s: no, in time" % (image, query or "no limit"),
              (took, r))
    begin = time.monotonic()
    r = decided(s.ask("POST", "/validate?timeout=1s", pod("reg.example/good" + D, "reg.example/late" + D)))
    point(not r["allowed"] and "late" in r["status"]["message"] and
          "'reg.example/good" not in r["status"]["message"], "what was decided is not named", r)
    with concurrent.futures.ThreadPoolExecutor(80) as many:
        stuck = [many.submit(s.ask, "POST", "/validate?timeout=2s",
                             pod(*["reg.example/stuck%d" % (i * 20 + k) + D for k in range(20)]))
                 for i in range(60)]
        answers = [decided(f.result()) for f in stuck]
    point(all(not r["allowed"] for r in answers), "1,200 stuck images: all refused, none forgotten")
    point(any("too many" in r["status"]["message"] for r in answers), "and what has no room at once")
    point(within(LONG, lambda: decided(s.ask("POST", "/validate", GOOD))["allowed"]), "and then all is well")


def reload(s):
    one = s.http()
    one.request("GET", "/readyz")
    point(one.getresponse().read() == b"ok\n", "ready")

    def write(text):
        with open("policy.new", "w", encoding="ascii") as f:
            f.write(text)
        os.rename("policy.new", "policy")

    def until(want):
        return within(LONG, want)

    def policy():
        return decided(s.ask("POST", "/validate", GOOD))["auditAnnotations"]["policy"]

    write("ok two\n")
    point(until(lambda: policy() == "ok two"), "a change is seen", s.said())
    write("broken\n")
    point(until(lambda: b"not ok" in s.ask("GET", "/readyz")[1]), "a mistake is named")
    point(policy() == "ok two" and s.ask("GET", "/readyz")[0] == 200, "what was in force stays")
    point(b"plimsoll_reload_broken 1" in s.ask("GET", "/metrics")[1], "and is counted")
    write("ok three\n")
    s.child.send_signal(signal.SIGHUP)
    point(until(lambda: policy() == "ok three"), "SIGHUP")
    point(s.ask("GET", "/readyz")[1] == b"ok\n", "the mistake is over")
    before = open("server.pem", encoding="ascii").read()
    keep = s.tls()
    keep.sendall(request())
    keep.recv(65536)
    certificate("next")
    os.rename("next.key", "server.key")
    s.child.send_signal(signal.SIGHUP)
    point(until(lambda: "does not belong" in s.said()), "a key that does not belong", s.said())
    os.rename("server.pem", "old.pem")
    os.rename("next.pem", "server.pem")
    s.child.send_signal(signal.SIGHUP)

    def new():
        try:
            return s.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False
    point(before != open("server.pem", encoding="ascii").read() and until(new), "a new certificate")
    keep.sendall(request())
    point(b'"allowed":true' in keep.recv(65536), "connections of before go on")
    keep.close()


def metrics(s):
    _, text = s.ask("GET", "/metrics")
    lines = [l for l in text.decode().split("\n") if l and not l.startswith("#")]
    point(all(len(l.rsplit(" ", 1)) == 2 and float(l.rsplit(" ", 1)[1]) >= 0 for l in lines),
          "metrics are numbers")
    value = {l.rsplit(" ", 1)[0]: float(l.rsplit(" ", 1)[1]) for l in lines}
    point(value['plimsoll_decisions_total{door="validate",decision="allow"}'] > 0 and
          value['plimsoll_request_duration_seconds_bucket{door="validate",le="+Inf"}'] ==
          value['plimsoll_request_duration_seconds_count{door="validate"}'], "metrics add up")


def clients():
    certificate("ca", "authority", ca=True)
    certificate("client", "apiserver", issuer="ca")
    certificate("stranger", "stranger")
    s = probe(ca="ca.pem")
    point(decided(s.ask("POST", "/validate", GOOD, cert="client"))["allowed"], "a known client")
    point(s.ask("POST", "/validate", GOOD)[0] == 403, "a client without certificate")
    try:
        status = s.ask("POST", "/validate", GOOD, cert="stranger")[0]
    except OSError:
        status = 403
    point(status == 403, "a stranger", status)
    point(s.ask("GET", "/healthz")[0] == 200, "health is for everyone")
    point(s.stop() == 0, "ends")


def drain():
    s = probe()
    with concurrent.futures.ThreadPoolExecutor(4) as many:
        open_one = many.submit(s.ask, "POST", "/validate?timeout=20s", pod("reg.example/slow-good" + D))
        within(LONG, lambda: b"plimsoll_images_total 0\n" not in s.ask("GET", "/metrics")[1])
        code = many.submit(s.stop)
        r = decided(open_one.result())
        point(r["allowed"] and code.result() == 0, "what is being decided is answered at the end", r)


class Daemon:
    """As much of a Docker daemon as is asked for."""

    def __init__(self, path):
        self.images = {}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(16)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            c, _ = self.listener.accept()
            name = c.recv(4096).split(b" ")[1].decode()[len("/images/"):-len("/json")]
            found = self.images.get(name)
            if found == "hang":
                continue
            body = json.dumps({"Id": "sha256:x", "RepoDigests": found or []}).encode()
            c.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" %
                      (b"404 No" if found is None else b"200 OK", len(body)) + body)
            c.close()


def docker():
    daemon = Daemon("docker.sock")
    daemon.images = {"local": ["reg.example/good" + D], "built": [], "evil": ["reg.example/bad" + D],
                     "both": ["reg.example/bad" + D, "reg.example/good" + D], "stuck": "hang"}
    s = probe(authz="authz.sock", docker="docker.sock")
    within(LONG, lambda: os.path.exists("authz.sock"))
    point(os.stat("authz.sock").st_mode & 0o777 == 0o600, "the socket is its owner's")

    def call(path, body):
        c = http.client.HTTPConnection("x", timeout=LONG)
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect("authz.sock")
        c.request("POST", path, body)
        got = json.loads(c.getresponse().read())
        c.close()
        return got

    def asked(method, uri, body=None, headers=None):
        q = {"User": "joe", "UserAuthNMethod": "TLS", "RequestMethod": method, "RequestUri": uri,
             "RequestHeaders": headers or {"Content-Type": "application/json"}}
        if body is not None:
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            q["RequestBody"] = base64.b64encode(text).decode()
        return call("/AuthZPlugin.AuthZReq", json.dumps(q))

    def want(allow, name, *a, **k):
        r = asked(*a, **k)
        point(r["Allow"] is allow and r["Err"] == "" and (allow or r["Msg"]), "docker: " + name, r)

    point(call("/Plugin.Activate", "") == {"Implements": ["authz"]}, "docker: activate")
    point(call("/AuthZPlugin.AuthZRes", "{}")["Allow"] is True, "docker: answers pass")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    image = "reg.example/good" + D
    new = "/v1.44/containers/create?name=x"
    for method, uri in (("GET", "/v1.44/containers/json"), ("POST", "/v1.44/containers/abc/start"),
                        ("DELETE", "/v1.44/images/x"), ("HEAD", "/_ping"), ("GET", "/v1.44/images/create")):
        want(True, "%s %s" % (method, uri), method, uri)
    want(True, "create by digest", "POST", new, {"Image": image})
    want(False, "create a bad one", "POST", new, {"Image": "reg.example/bad" + D})
    want(True, "create a local one", "POST", new, {"Image": "local"})
    want(False, "create one that was built", "POST", new, {"Image": "built"})
    want(False, "create one of bad origin", "POST", new, {"Image": "evil"})
    want(True, "create one of two origins", "POST", new, {"Image": "both"})
    want(True, "create one that is not there", "POST", new, {"Image": "good:1"})
    want(False, "create, the daemon hangs", "POST", new, {"Image": "stuck"})
    want(False, "a name that is none", "POST", new, {"Image": "../../containers/x"})
    for name, body in {"no body": None, "an empty body": b"", "half a body": b'{"Image": "go',
                       "no image": {}, "null": {"Image": None}, "a list": [], "image of no text": {"Image": 7},
                       "image in lower case": {"image": image}, "image in two cases": {"Image": image, "iMage": "evil"},
                       "image twice": b'{"Image":"good","Image":"evil"}', "two documents": b'{"Image":"good"}{}',
                       "too large": b'{"Image":"good","x":"' + b"x" * (1 << 20) + b'"}',
                       "a mount of a bad image": {"Image": image, "HostConfig": {"Mounts": [
                           {"Type": "image", "Source": "evil"}]}},
                       "a mount in odd letters": {"Image": image, "hostconfig": {"Mounts": [
                           {"Type": "image", "Source": "evil"}]}}}.items():
        want(False, "create, " + name, "POST", new, body)
    for uri in ("//containers//create", "/v1.44/./containers/create", "/v1.44/x/../containers/create",
                "/v1.44/%63ontainers/create", "/containers/create/", "http://h/v1.41/containers/create",
                "/containers/cre%zz", "/containers/create%00", ""):
        want(False, "path " + repr(uri), "POST", uri, {"Image": "evil"})
    want(False, "method post", "post", new, {"Image": "evil"})
    pull = "/v1.44/images/create?"
    want(True, "pull", "POST", pull + "fromImage=reg.example%2Fgood&tag=1")
    want(True, "pull by digest", "POST", pull + "fromImage=reg.example/good&tag=sha256:" + "1" * 64)
    for name, query in {"bad": "fromImage=bad&tag=1", "all tags": "fromImage=good", "two images":
                        "fromImage=good&tag=1&fromImage=bad", "a semicolon": "fromImage=good;fromImage=bad&tag=1",
                        "an import": "fromSrc=-&repo=good&tag=1", "both": "fromImage=good&tag=1&fromSrc=-",
                        "nothing": "", "an escape that is none": "fromImage=good%&tag=1",
                        "two tags": "fromImage=good:1&tag=2"}.items():
        want(False, "pull, " + name, "POST", pull + query)
    want(False, "pull, a form in the body", "POST", pull + "fromImage=good&tag=1", headers=form)
    service = {"TaskTemplate": {"ContainerSpec": {"Image": image}}}
    want(True, "service", "POST", "/v1.44/services/create", service)
    want(True, "service update", "POST", "/v1.44/services/abc/update?version=1", service)
    for name, task in {"bad": {"ContainerSpec": {"Image": "evil"}}, "empty": {},
                       "Kelvin's sign": {"ContainerSpec": {"Image": image}, "Runtime": ""},
                       "plugin": {"PluginSpec": {"Remote": "x"}, "ContainerSpec": {"Image": image}}}.items():
        body = {"TaskTemplate": task}
        if name == "Kelvin's sign":
            body["Tas\u212aTemplate"] = {"ContainerSpec": {"Image": "evil"}}
        want(False, "service, " + name, "POST", "/services/create", body)
    for uri in ("/build", "/v1.44/images/load", "/session", "/grpc", "/commit", "/plugins/pull?remote=x",
                "/plugins/a/b/upgrade"):
        want(False, "makes images: " + uri, "POST", uri)
    with open("policy", "w", encoding="ascii") as f:
        f.write("ok build\n")
    s.child.send_signal(signal.SIGHUP)
    within(LONG, lambda: b"plimsoll_reloads_total 0\n" not in s.ask("GET", "/metrics")[1])
    want(True, "where builds are allowed", "POST", "/build")
    point(call("/AuthZPlugin.AuthZReq", "{")["Allow"] is False and
          call("/AuthZPlugin.AuthZReq", "[]")["Allow"] is False and
          call("/AuthZPlugin.AuthZReq", "{}")["Allow"] is False, "docker: no question")
    point(s.stop() == 0 and not os.path.exists("authz.sock"), "docker: the socket is gone at the end")


def dead_registry(kind):
    """A listener that is what `kind` says."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if kind == "closed":
        listener.close()
        return port
    listener.listen(64)
    held = []

    def endless(c):
        try:
            c.recv(4096)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json"
                      b"\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                c.sendall(b"1\r\n \r\n")
                time.sleep(0.05)
        except OSError:
            pass

    def rubbish_(c):
        try:
            c.recv(4096)
            c.sendall(os.urandom(5000))
            c.close()
        except OSError:
            pass

    def run():
        while True:
            c, _ = listener.accept()
            held.append(c)
            if kind == "endless":
                threading.Thread(target=endless, args=(c,), daemon=True).start()
            elif kind == "rubbish":
                rubbish_(c)
    threading.Thread(target=run, daemon=True).start()
    return port


def program():
    ports = {kind: dead_registry(kind) for kind in ("closed", "silent", "endless", "rubbish")}
    subprocess.run([PROGRAM, "keygen", "--output-key-prefix", "gate"], check=False,
                   env={**os.environ, "PLIMSOLL_PASSWORD": "x", "COSIGN_PASSWORD": "x"},
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = "gate.pub" if os.path.exists("gate.pub") else "key.pub"
    if not os.path.exists(key):
        subprocess.run("openssl ecparam -genkey -name prime256v1 -noout | openssl ec -pubout -out " + key,
                       shell=True, check=True, stderr=subprocess.DEVNULL)
    with open("policy.yaml", "w", encoding="ascii") as f:
        f.write('version: 1\ndefault: deny\nkeys:\n  k: { file: %s, roles: [release] }\n'
                'limits: { timeout: 4s }\nscopes:\n  - match: ["pinned.example/**"]\n    allow: pinned\n' % key +
                '  - match: [%s]\n    signatures:\n      - { roles: [release], need: 1 }\n' %
                ", ".join('"127.0.0.1:%d/**"' % p for p in ports.values()))
    s = Server([PROGRAM, "serve", "--policy", "policy.yaml", "--listen", "127.0.0.1:0", "--tls-cert",
                "server.pem", "--tls-key", "server.key", "--log", "decisions"])
    point(s.port > 0, "the program serves", s.said())
    point(decided(s.ask("POST", "/validate", pod("pinned.example/a" + D)))["allowed"], "it allows")
    point(not decided(s.ask("POST", "/validate", pod("other.example/a" + D)))["allowed"], "it denies")
    point(not decided(s.ask("POST", "/validate", pod("pinned.example/a:1")))["allowed"], "a tag is refused")

    def one(kind, path):
        image = "127.0.0.1:%d/a" % ports[kind] + (D if path == "/validate" else ":1")
        begin = time.monotonic()
        r = decided(s.ask("POST", path + "?timeout=2s", pod(image)))
        return kind, path, r, time.monotonic() - begin
    with concurrent.futures.ThreadPoolExecutor(8) as many:
        asked = [many.submit(one, kind, path) for kind in ports for path in ("/validate", "/mutate")]
        for kind, path, r, took in (f.result() for f in asked):
            # eight at once, beside other tests: what is more is the machine's
            point(not r["allowed"] and took < 2 * SLOW + 5, "registry %s, %s: no, in time" % (kind, path),
                  (took, r))
    with open("policy.yaml", "a", encoding="ascii") as f:
        f.write("nonsense: true\n")
    point(within(LONG, lambda: b"not reloaded" in s.ask("GET", "/readyz")[1]) and
          b"policy.yaml:" in s.ask("GET", "/readyz")[1], "its broken policy is named", s.said())
    point(decided(s.ask("POST", "/validate", pod("pinned.example/a" + D)))["allowed"],
          "what was in force stays in force")
    kb = s.rss()
    point(SLOW > 1 or kb <= 32 << 10, "memory", kb)
    s.child.send_signal(signal.SIGKILL)
    s.child.wait()
    r = subprocess.run([PROGRAM, "gate", "log", "verify", "decisions"], capture_output=True, check=False)
    with open("decisions", encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    point(r.returncode == 0 and len(lines) >= 8 and lines[0]["decision"] == "allow", "kill -9: the log is whole",
          (r, len(lines)))
    for flags in (["--listen", ":1"], ["--policy", "none", "--authz", "x"], ["--policy", "policy.yaml"],
                  ["--policy", "policy.yaml", "--listen", "nowhere:1", "--tls-cert", "server.pem",
                   "--tls-key", "server.key"]):
        r = subprocess.run([PROGRAM, "serve", *flags], capture_output=True, check=False, timeout=LONG)
        point(r.returncode == 2 and r.stderr, "usage: " + " ".join(flags), r)
    r = subprocess.run([PROGRAM, "serve", "--manifests"], capture_output=True, check=False)
    point(r.returncode == 0 and r.stdout.count(b"failurePolicy: Fail") == 2, "--manifests")
    folder = os.path.join(os.environ["PL_SRC"], "deploy", "kubernetes", "gate")
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".yaml")]
    r = subprocess.run([PROGRAM, "lint", *files], capture_output=True, check=False)
    point(len(files) >= 6 and r.returncode == 0, "lint of the manifests finds nothing", r.stdout)


def main():
    certificate("server")
    s = probe()
    if s.missing():
        print("skip: serve: a build without the option 'serve'")
        return
    for part in (framing, rubbish, slow, deadlines, reload, metrics):
        part(s)
    point(SLOW > 1 or s.rss() <= 32 << 10, "memory of the server alone", s.rss())
    point(s.stop() == 0, "ends in order", s.said())
    clients()
    drain()
    docker()
    program()
    end()


main()
