# SPDX-License-Identifier: Apache-2.0
"""What the tests of `watch` stand on: images in a registry of tests, advisories, a webhook."""
import hashlib
import hmac
import http.server
import json
import os
import ssl
import subprocess
import threading
import urllib.parse

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


def certificate(pem, key):
    """A certificate of its own for this machine, and a token beside it."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", pem, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    with open("token", "w", encoding="utf-8") as f:
        f.write("canary-account-token\n")


def pod(name, namespace, kind, owner, pod_hash, image):
    """A pod as the API of Kubernetes lists it, with one container that runs."""
    meta = {"name": name, "namespace": namespace, "labels": {}}
    if owner:
        meta["ownerReferences"] = [{"kind": kind, "name": owner, "controller": True}]
        meta["labels"]["pod-template-hash"] = pod_hash
    return {"metadata": meta, "spec": {"containers": [{"name": "c"}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "c", "image": "x", "imageID": image, "state": {"running": {}}},
                {"name": "old", "imageID": image, "state": {"terminated": {}}}]}}


class Cluster:
    """The list of pods of a cluster over TLS, two a page."""

    def __init__(self, pods):
        self.pods, self.asked, self.refused = pods, 0, 0
        cluster = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(url.query)
                if self.headers.get("Authorization") != "Bearer canary-account-token" or \
                        url.path != "/api/v1/pods":
                    cluster.refused += 1
                    self.send_response(403)
                    self.end_headers()
                    return
                cluster.asked += 1
                at = int(query.get("continue", ["0=="])[0].rstrip("="))
                meta = {"continue": "%d==" % (at + 2)} if at + 2 <= len(cluster.pods) else {}
                body = json.dumps({"kind": "PodList", "metadata": meta,
                                   "items": cluster.pods[at:at + 2]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain("ca.pem", "ca.key")
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "https://127.0.0.1:%d" % self.server.server_port

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def invalid(events):
    """What is wrong with these events by their schema; None when there is nothing to check with."""
    try:
        import jsonschema
    except ImportError:
        return None
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "formats",
                        "events-v1.schema.json")
    with open(path, encoding="utf-8") as f:
        schema = json.load(f)
    checker = jsonschema.Draft202012Validator(schema)
    checker.check_schema(schema)
    return ["%s: %s" % (e.message[:300], "/".join(map(str, e.absolute_path)))
            for event in events for e in checker.iter_errors(event)]


def registry():
    return mockreg.Registry()
