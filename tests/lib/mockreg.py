# SPDX-License-Identifier: Apache-2.0
"""A strict registry for tests, on loopback, that does what it is told: every fault by name.

It records each request with its headers, so that a test can look for credentials that came to the
wrong address. OCI distribution-spec 1.1 where it is not told otherwise."""

import base64
import hashlib
import http.server
import itertools
import json
import re
import threading
import time
import urllib.parse

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass


class Registry:
    """One address. `fault(handler) -> bool` may answer in its place."""

    def __init__(self, host="127.0.0.1", tls=None, port=0):
        self.blobs, self.manifests, self.tags = {}, {}, {}
        self.uploads, self.log = {}, []
        self.numbers = itertools.count()
        self.auth = None  # None, "basic", "bearer"
        self.user, self.password, self.token = "robot", "canary-password-1", "canary-token-2"
        self.realm = None
        self.scopes = []
        self.fault = None
        self.referrers = True
        self.page = 0  # referrers or tags a page; 0 = all
        self.relative = False
        self.chunk_only = 0  # uploads above this many bytes get 413
        self.chunk_min = 0  # OCI-Chunk-Min-Length: a shorter piece that is not the last gets 416
        self.lock = threading.Lock()
        self.server = Server((host, port), type("H", (Handler,), {"reg": self}))
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.tls = tls is not None
        self.host = "%s:%d" % (host, self.server.server_address[1])
        self.url = ("https://" if tls else "http://") + self.host
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def requests(self, method=None, pattern=""):
        with self.lock:
            return [r for r in self.log
                    if (method is None or r[0] == method) and re.search(pattern, r[1])]

    def saw(self, *secrets):
        """Did any of the secrets, plain or as Basic, come to this address?"""
        basic = base64.b64encode(("%s:%s" % (self.user, self.password)).encode()).decode()
        with self.lock:
            text = repr(self.log)
        return any(s in text for s in secrets + (self.password, self.token, basic))

    def clear(self):
        """Forgets what was asked, also what a program that ended has sent and is on its way."""
        seen = -1
        while seen != len(self.log):
            seen = len(self.log)
            time.sleep(0.2)
        with self.lock:
            self.log.clear()

    # ---- content

    def blob(self, repo, data):
        self.blobs.setdefault(repo, {})[digest(data)] = data
        return {"digest": digest(data), "size": len(data)}

    def manifest(self, repo, body, kind, tag=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.manifests.setdefault(repo, {})[digest(data)] = (kind, data)
        if tag:
            self.tags.setdefault(repo, {})[tag] = digest(data)
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    def listed(self, repo, subject):
        out = []
        for d, (kind, data) in self.manifests.get(repo, {}).items():
            try:
                doc = json.loads(data)
            except ValueError:
                continue
            if isinstance(doc, dict) and doc.get("subject", {}).get("digest") == subject:
                kind_of = doc.get("artifactType") or doc.get("config", {}).get("mediaType", "")
                out.append({"mediaType": kind, "digest": d, "size": len(data),
                            "artifactType": kind_of})
        return out


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an ACK
    reg = None

    def log_message(self, *a):
        pass

    def send(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        n = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(n)

    def cut(self):
        """Ends the connection where it is."""
        self.wfile.flush()
        self.close_connection = True
        try:
            self.connection.shutdown(2)
        except OSError:
            pass

    def drip(self, data, pause):
        for i in range(len(data)):
            self.wfile.write(data[i:i + 1])
            self.wfile.flush()
            time.sleep(pause)

    def allowed(self):
        reg = self.reg
        given = self.headers.get("Authorization", "")
        if reg.auth == "basic":
            want = "Basic " + base64.b64encode(
                ("%s:%s" % (reg.user, reg.password)).encode()).decode()
            if given == want:
                return True
            self.send(401, b"{}", [("WWW-Authenticate", 'Basic realm="here, and there"')])
            return False
        if reg.auth == "bearer":
            if given == "Bearer " + reg.token:
                return True
            realm = reg.realm or reg.url + "/token"
            self.send(401, b"{}", [("WWW-Authenticate",
                                    'Bearer realm="%s",service="mock, inc",scope="%s"' % (
                                        realm, "repository:x:pull"))])
            return False
        return True

    def handle_any(self):
        reg = self.reg
        with reg.lock:
            reg.log.append((self.command, self.path, dict(self.headers.items())))
        if reg.fault and reg.fault(self):
            return
        path = urllib.parse.urlsplit(self.path)
        if path.path == "/token":
            self.give_token(path)
            return
        if not self.allowed():
            self.body()
            return
        if path.path == "/v2/":
            self.send(200, b"{}")
        elif path.path == "/v2/_catalog":
            self.names("repositories", sorted(reg.manifests), path)
        else:
            self.route(path)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def give_token(self, path):
        self.body()
        query = urllib.parse.parse_qs(path.query)
        self.reg.scopes.extend(query.get("scope", []))
        self.send(200, json.dumps({"token": self.reg.token, "expires_in": 300}).encode())

    def route(self, path):
        m = re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags|referrers)/(.+)", path.path)
        if not m:
            self.body()
            self.send(404, b'{"errors":[]}')
            return
        repo, kind, rest = m.groups()
        if repo.endswith("/blobs") and kind == "uploads":
            kind = "blobs"
        if rest.startswith("uploads/") and kind == "blobs":
            self.upload(repo, rest[8:], path)
        elif kind == "tags":
            self.names("tags", list(self.reg.tags.get(repo, {})), path)
        elif kind == "referrers":
            self.list_referrers(repo, rest, path)
        elif kind == "manifests":
            self.one_manifest(repo, rest)
        else:
            self.one_blob(repo, rest)

    def names(self, key, names, path):
        query = urllib.parse.parse_qs(path.query)
        start = int(query.get("last", ["0"])[0])
        n = self.reg.page or len(names) or 1
        headers = []
        if start + n < len(names):
            headers.append(("Link", '<%s?last=%d>; rel="next"' % (path.path, start + n)))
        self.send(200, json.dumps({key: names[start:start + n]}).encode(), headers)

    def list_referrers(self, repo, subject, path):
        if not self.reg.referrers:
            self.send(404, b"{}")
            return
        found = self.reg.listed(repo, subject)
        query = urllib.parse.parse_qs(path.query)
        start = int(query.get("last", ["0"])[0])
        n = self.reg.page or len(found) or 1
        headers = [("Content-Type", INDEX)]
        if start + n < len(found):
            headers.append(("Link", '<%s?last=%d>; rel="next"' % (path.path, start + n)))
        body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found[start:start + n]}
        self.send(200, json.dumps(body).encode(), headers)

    def one_manifest(self, repo, ref):
        reg = self.reg
        if self.command == "DELETE":
            with reg.lock:
                there = reg.manifests.get(repo, {}).pop(ref, None)
                tags = reg.tags.get(repo, {})
                for tag in [t for t in tags if tags[t] == ref]:
                    del tags[tag]
            self.send(202 if there else 404)
            return
        if self.command == "PUT":
            data = self.body()
            d = digest(data)
            with reg.lock:
                reg.manifests.setdefault(repo, {})[d] = (self.headers.get("Content-Type"), data)
                if not ref.startswith("sha256:"):
                    reg.tags.setdefault(repo, {})[ref] = d
            headers = [("Location", "/v2/%s/manifests/%s" % (repo, d)),
                       ("Docker-Content-Digest", d)]
            subject = json.loads(data).get("subject")
            if subject and reg.referrers:
                headers.append(("OCI-Subject", subject["digest"]))
            self.send(201, b"", headers)
            return
        with reg.lock:
            d = reg.tags.get(repo, {}).get(ref, ref)
            kind, data = reg.manifests.get(repo, {}).get(d, (None, b""))
        if kind is None:
            self.send(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
            return
        self.send(200, data, [("Content-Type", kind), ("Docker-Content-Digest", d)])

    def one_blob(self, repo, d):
        data = self.reg.blobs.get(repo, {}).get(d)
        if data is None:
            self.send(404, b"{}")
            return
        m = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if m and int(m.group(1)) < len(data):
            at = int(m.group(1))
            self.send(206, data[at:], [("Content-Range", "bytes %d-%d/%d" % (
                at, len(data) - 1, len(data)))])
        elif m:
            self.send(416)
        else:
            self.send(200, data, [("Docker-Content-Digest", d)])

    def where(self, repo, ident):
        path = "/v2/%s/blobs/uploads/%s?state=%d" % (repo, ident, len(self.reg.uploads[ident]))
        return path if self.reg.relative else self.reg.url + path

    def upload(self, repo, ident, path):
        reg = self.reg
        data = self.body()
        query = urllib.parse.parse_qs(path.query)
        if self.command == "POST":
            mount, source = query.get("mount"), query.get("from")
            if mount and source and mount[0] in reg.blobs.get(source[0], {}):
                reg.blob(repo, reg.blobs[source[0]][mount[0]])
                self.send(201, b"", [("Location", "/v2/%s/blobs/%s" % (repo, mount[0]))])
                return
            ident = "u%d" % next(reg.numbers)
            reg.uploads[ident] = b""
            least = [("OCI-Chunk-Min-Length", str(reg.chunk_min))] if reg.chunk_min else []
            self.send(202, b"", [("Location", self.where(repo, ident)), *least])
            return
        # the newest Location is the only one that counts
        if ident not in reg.uploads or query.get("state") != [str(len(reg.uploads[ident]))]:
            self.send(404, b"{}")
            return
        if self.command == "DELETE":
            del reg.uploads[ident]
            self.send(204)
        elif self.command == "GET":
            self.send(204, b"", [("Location", self.where(repo, ident)),
                                 ("Range", "0-%d" % max(0, len(reg.uploads[ident]) - 1))])
        elif self.command == "PATCH":
            m = re.fullmatch(r"(\d+)-(\d+)", self.headers.get("Content-Range", ""))
            short = len(reg.uploads[ident]) % max(reg.chunk_min, 1)  # one before was too short
            if not m or int(m.group(1)) != len(reg.uploads[ident]) or short or \
                    int(m.group(2)) - int(m.group(1)) + 1 != len(data):
                self.send(416, b"", [("Location", self.where(repo, ident))])
                return
            reg.uploads[ident] += data
            self.send(202, b"", [("Location", self.where(repo, ident)),
                                 ("Range", "0-%d" % (len(reg.uploads[ident]) - 1))])
        elif reg.chunk_only and len(data) > reg.chunk_only:
            self.send(413, b"{}")
        else:
            whole = reg.uploads.pop(ident) + data
            if query.get("digest") != [digest(whole)]:
                self.send(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
                return
            reg.blob(repo, whole)
            self.send(201, b"", [("Location", "/v2/%s/blobs/%s" % (repo, digest(whole)))])
