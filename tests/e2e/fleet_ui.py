#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of the fleet from outside: who may read them, what they show, headers, hostile names in a real
browser's tree, a store that is gone, a login that may only read."""
import base64
import html.parser
import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

SRC, PROGRAM, MKIMAGE = os.environ["PL_SRC"], os.environ["PLIMSOLL"], os.environ.get("MKIMAGE", "")
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
sys.dont_write_bytecode = True
import fleetlib  # noqa: E402
import with_pg  # noqa: E402
from servelib import LONG, SLOW, certificate, end, point, within  # noqa: E402

TOKEN = "a-token-of-the-test-0001"
EVIL = "\\\"><script>alert(1)</script><img src=x onerror=alert(2)>'`\\xe2\\x80\\xaetxt\\xff\\x1b[31m"


class Pages:
    """The program with --ui, until close()."""

    def __init__(self, *flags, ui="127.0.0.1:0", tls=False):
        self.tls, self.port, self.text = tls, 0, ""
        self.log = open("ui.log", "w+", encoding="utf-8", errors="replace")
        self.child = subprocess.Popen([PROGRAM, "serve", "--ui", ui, *flags], stderr=self.log, stdin=subprocess.DEVNULL)
        for _ in range(20 * LONG):
            with open("ui.log", encoding="utf-8", errors="replace") as f:
                self.text = f.read()
            found = re.search(r"pages on \S+ port (\d+)", self.text)
            self.port = int(found.group(1)) if found else 0
            if found or self.child.poll() is not None:
                break
            time.sleep(0.05)

    def ask(self, path="/", method="GET", auth=None, host=None, cert=None):
        if self.tls:
            context = ssl.create_default_context(cafile="server.pem")
            if cert:
                context.load_cert_chain(cert + ".pem", cert + ".key")
            c = http.client.HTTPSConnection("localhost", self.port, timeout=LONG, context=context)
        else:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        head = {"Authorization": auth} if auth else {}
        if host:
            head["Host"] = host
        try:
            c.request(method, path, headers=head)
            r = c.getresponse()
            return r.status, r.read().decode("utf-8", "strict"), r.headers
        finally:
            c.close()

    def anonymous(self):
        with open("/proc/%d/status" % self.child.pid, encoding="ascii") as f:
            return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1))

    def close(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(LONG)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return None


class Tree(html.parser.HTMLParser):
    """What a document holds that could run or fetch."""

    def __init__(self, text):
        super().__init__()
        self.bad, self.tags = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in ("script", "img", "iframe", "object", "embed", "base", "style", "audio", "video"):
            self.bad.append(tag)
        for k, v in attrs:
            if k.startswith("on") or k == "style" or (k in ("href", "src", "action") and v and
                                                      not v.startswith(("/", "#", "https://cwe.mitre.org/"))):
                self.bad.append((tag, k, v))


def q(**fields):
    return "/?" + urllib.parse.urlencode(fields)


def images():
    fleetlib.make_images(MKIMAGE, ".", 4)
    with open("evil.recipe", "w", encoding="utf-8") as f:
        f.write('tag x\nlayer gzip {\n by "RUN %s"\n file "srv/%s.txt" "key={github:evil}\\n"\n'
                ' file app/node_modules/x/package.json <<END\n'
                '{"name":"evil\\"><script>alert(3)</script>","version":"1\\"><img src=x>"}\nEND\n}\n'
                % (EVIL, EVIL.replace("/", "_")))
    subprocess.run([MKIMAGE, "evil.recipe", "oci:evil"], check=True, stdout=subprocess.DEVNULL)
    os.rename("evil", b"\"><script>alert(4)<\xff\xe2\x80\xae")
    return ["oci:app%d" % i for i in range(4)], b"oci:\"><script>alert(4)<\xff\xe2\x80\xae"


def scan_all(store, names):
    for name in names:
        r = subprocess.run([PROGRAM, "scan", name, "--store", store, "-q", "-f", "json=/dev/null"],
                           stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if r.returncode not in (0, 1):
            point(False, "scan of %r" % name, r.stderr)


def shown(p):
    status, text, head = p.ask()
    point(status == 200 and "<h1>5 images</h1>" in text, "all images", (status, text[-300:]))
    policy = head["Content-Security-Policy"]
    point("default-src 'none'" in policy and "unsafe" not in policy and "script-src 'none'" in policy and
          "frame-ancestors 'none'" in policy, "a policy that admits no script", policy)
    point(head["X-Content-Type-Options"] == "nosniff" and head["Referrer-Policy"] == "no-referrer" and
          head["Cache-Control"] == "no-store", "headers", head.items())
    for fields, n in (({"package": "bash < 5.3"}, 3), ({"package": "bash"}, 4), ({"image": "app1"}, 1),
                      ({"secret": "github-pat"}, 5), ({"secret": "npm-token", "image": "app"}, 4),
                      ({"cve": "CVE-1999-0001"}, 0)):
        status, text, _ = p.ask(q(**fields))
        point(status == 200 and "<h1>%d image" % n in text, "search %s" % fields,
              re.findall("<h1>.*</h1>", text))
    link = re.search(r'href="(/image/\d+)">oci:app1<', p.ask()[1]).group(1)
    status, text, _ = p.ask(link)
    point(status == 200 and 'class="timeline"' in text and "whiteout" in text and "zlib1g" in text,
          "an image: its layers in time, what was found, packages", (status, text[-300:]))
    value = subprocess.run([MKIMAGE, "--token", "npm:app1"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    point(value and value not in text and "(sha256:" in text, "secrets are masked")
    status, text, _ = p.ask(link + "/packages")
    rows = re.findall(r'<tr role="row"><th scope="row" role="rowheader"><a href="[^"]*">([^<]*)<', text)
    point(status == 200 and sorted(rows) == ["bash", "zlib1g"] and ">2 packages ·" in text,
          "its packages, and not what the system calls itself", (status, rows, text[-300:]))
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, _, head = p.ask(method=method)
        point(status == 405 and "POST" not in (head["Allow"] or ""), "no " + method, (status, head["Allow"]))
    point(p.ask(method="HEAD")[:2] == (200, ""), "HEAD")
    point([p.ask(x)[0] for x in ("/nothing", "/image/999", "/?image=%zz", "/?after=x", "/?x=" + "a" * 9000)] ==
          [404, 404, 400, 400, 414], "what is no page")
    point(p.ask(host="evil.example")[0] == 403 and p.ask(host="localhost:1")[0] == 200,
          "a name that was made to lead here is refused")


def hostile(p):
    paths = ["/", q(image="alert"), q(package="evil\"><script>alert(3)</script>"), q(image="\"><script>alert(5)</script>")]
    link = re.search(r'href="(/image/\d+)">oci:&quot;', p.ask()[1])
    point(link is not None, "a name of markup is text", p.ask()[1][:1500])
    paths += [link.group(1), link.group(1) + "/packages"] if link else []
    for path in paths:
        text = p.ask(path)[1]
        bad = Tree(text).bad
        point(not bad and "\u202e" not in text and "\x1b" not in text, "nothing of a target is markup: " + path[:40], bad)
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not browser or os.environ.get("PL_SANITIZED"):
        print("# skip: chromium: %s" % ("too slow beside a sanitizer" if browser else "no chromium on this machine"),
              flush=True)
        return
    for path in paths[:1] + paths[4:5]:
        done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                               "--user-data-dir=" + os.path.abspath("profile"), "--virtual-time-budget=3000",
                               "http://127.0.0.1:%d%s" % (p.port, path)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=10 * LONG, check=False)
        tree = Tree(done.stdout.decode("utf-8", "replace"))
        point("h1" in tree.tags and not tree.bad, "in chromium's tree: " + path[:40],
              (tree.bad, done.stdout[-300:], done.stderr[-200:]))


def doors(store):
    for flags, why in (((), "--tls-cert"), (("--tls-cert", "server.pem", "--tls-key", "server.key"), "--ui-token"),
                       (("--ui-token", "tokens"), "--tls-cert")):
        p = Pages("--store", store, *flags, ui="0.0.0.0:0")
        point(p.child.wait(LONG) == 2 and why in p.text, "beyond loopback: " + (" ".join(flags) or "nothing given"),
              p.text)
    tls = ("--tls-cert", "server.pem", "--tls-key", "server.key")
    p = Pages("--store", store, "--ui-token", "tokens", *tls, ui="0.0.0.0:0", tls=True)
    status, text, head = p.ask()
    point(status == 401 and "Basic" in head["WWW-Authenticate"] and "oci:" not in text, "TLS: 401 without a token",
          (status, text[:200]))
    basic = "Basic " + base64.b64encode(("ann:" + TOKEN).encode()).decode()
    point(p.ask(auth="Bearer " + TOKEN)[0] == 200 and p.ask(auth=basic)[0] == 200, "TLS: bearer and password")
    point(p.ask("/image/1")[0] == 401 and p.ask("/style.css")[0] == 401 and p.ask("/healthz")[0] == 200,
          "every page asks, health does not")
    with open("tokens", "w", encoding="utf-8") as f:
        f.write("another-token-of-the-test\n")
    p.child.send_signal(signal.SIGHUP)
    # the old one is no mistake until then
    point(within(LONG, lambda: p.ask(auth="Bearer " + TOKEN)[0] == 401) and
          p.ask(auth="Bearer another-token-of-the-test")[0] == 200, "tokens are read anew")
    codes, waits = [], False
    while not waits and len(codes) < 400:  # a guess is forgotten after three seconds
        codes.append(p.ask(auth="Bearer wrong-wrong-wrong-%d" % len(codes))[0])
        waits = codes[-1] == 429 and p.ask(auth="Bearer another-token-of-the-test")[0] == 429
    point(waits, "who guesses has to wait", codes)
    point(p.close() == 0, "an orderly end")
    p = Pages("--store", store, "--client-ca", "ca.pem", *tls, ui="0.0.0.0:0", tls=True)
    point(p.ask()[0] == 403 and p.ask(cert="client")[0] == 200, "TLS: a client certificate")
    p.close()


def postgres(names):
    if not with_pg.programs():
        print("# skip: postgresql: no PostgreSQL server on this machine", flush=True)
        return
    with with_pg.Server() as server:
        url = server.url()
        r = subprocess.run([PROGRAM, "store", "init", "--store", url], stdin=subprocess.DEVNULL, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if b"not in this build" in r.stderr:
            print("# skip: postgresql: not in this build", flush=True)
            return
        subprocess.run([PROGRAM, "store", "grant", "plreader", "--as", "reader", "--store", url],
                       stdin=subprocess.DEVNULL, check=True, stdout=subprocess.DEVNULL)
        scan_all(url, names)
        p = Pages("--store", server.url("plreader"))
        status, text, _ = p.ask(q(package="bash < 5.3"))
        point(status == 200 and "<h1>3 images" in text, "a login that may only read", (status, text[-400:]))
        status, text, _ = p.ask("/image/1")
        point(status == 200 and 'class="timeline"' in text, "an image out of PostgreSQL", (status, text[-400:]))
        server.kill()
        within(LONG, lambda: p.ask()[0] != 200)  # what served the connection ends a moment later
        status, text, head = p.ask()
        point(status == 503 and "does not answer" in text and head["Retry-After"] and "right" not in text,
              "the store is gone: 503, and why", (status, text[-400:]))
        point(p.ask("/healthz")[0] == 200, "and alive")
        server.start()
        point(within(LONG, lambda: p.ask()[0] == 200), "the store is back")
        point(p.close() == 0, "an orderly end")


def hung():
    """A store that takes connections and never answers: the clock does."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(16)
        p = Pages("--store", "postgresql://x@127.0.0.1:%d/x" % s.getsockname()[1])
        status = p.ask()[0]  # which waits for no longer than LONG
        point(status == 503, "a store that hangs: 503", status)
        p.child.kill()
        p.child.wait()


def main():
    certificate("server")
    certificate("ca", cn="ca", ca=True)
    certificate("client", cn="client", issuer="ca")
    with open("tokens", "w", encoding="utf-8") as f:
        f.write(TOKEN + "\n")
    names, evil = images()
    store = os.path.abspath("store")
    scan_all(store, names + [evil])
    p = Pages("--store", store)
    if "not in this build" in p.text:
        print("1..0 # SKIP no server in this build")
        return
    point(p.port > 0, "pages on loopback", p.text)
    shown(p)
    hostile(p)
    kib = p.anonymous()
    point(SLOW > 1 or 0 < kib <= 32 << 10, "memory beside mapped files", kib)
    point(p.close() == 0, "an orderly end")
    doors(store)
    postgres(names)
    hung()
    end()


main()
