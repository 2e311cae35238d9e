# SPDX-License-Identifier: Apache-2.0
"""What the tests of `watch` stand on: images in a registry of tests, advisories, a webhook."""
import hashlib
import hmac
import http.server
import json
import os
import threading

import mockreg


def load(reg, repo, tag, layout):
    """Puts the image of an OCI layout into the registry; its digest."""
    with open(os.path.join(layout, "index.json"), encoding="utf-8") as f:
        top = json.load(f)["manifests"][0]
    folder = os.path.join(layout, "blobs", "sha256")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as f:
            data = f.read()
        if "sha256:" + name == top["digest"]:
            reg.manifest(repo, data, top["mediaType"], tag)
        else:
            reg.blob(repo, data)
    return top["digest"]


def advisory(folder, name, package, fixed, score="H"):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
        json.dump({"schema_version": "1.7.0", "id": name, "summary": "made up",
                   "published": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
                   "severity": [{"type": "CVSS_V3",
                                 "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:" + score}],
                   "affected": [{"package": {"ecosystem": "Debian:12", "name": package},
                                 "ranges": [{"type": "ECOSYSTEM", "events": [
                                     {"introduced": "0"}, {"fixed": fixed}]}]}]}, f)


class Hook:
    """A webhook. `fail` requests from now on are answered with 503."""

    def __init__(self, key=b""):
        self.got, self.fail, self.key = [], 0, key
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((dict(self.headers), body, hook.fail > 0))
                self.send_response(503 if hook.fail else 204)
                hook.fail -= hook.fail > 0
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d/secret-path" % self.server.server_port

    def events(self):
        return [json.loads(line) for _, body, failed in self.got if not failed
                for line in body.splitlines()]

    def signed(self):
        """Does every request carry both signatures?"""
        def mac(text):
            return "sha256=" + hmac.new(self.key, text, hashlib.sha256).hexdigest()
        return all(h["X-Plimsoll-Signature"] == mac(body) and
                   h["X-Plimsoll-Signature-Timed"] == mac(b"%s.%s" % (
                       h["X-Plimsoll-Timestamp"].encode(), body))
                   for h, body, _ in self.got)


def registry():
    return mockreg.Registry()
