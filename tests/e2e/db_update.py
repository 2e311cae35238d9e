#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""db update from outside: publishers' archives, files, differences, layouts, registries, signatures; what
fails leaves the database that is in use."""

import gzip
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import mockreg  # noqa: E402

points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)))


def run(*args, raw=False, **env):
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, env=dict(os.environ, **env))
    return done.returncode, done.stdout if raw else done.stdout.decode(), done.stderr.decode()


def record(name, fixed):
    return json.dumps({"schema_version": "1.7.0", "id": name, "modified": "2026-01-01T00:00:00Z",
                       "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [
                           {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]})


def archive(*records):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for i, text in enumerate(records):
            z.writestr("%d.json" % i, text)
    return out.getvalue()


def build(tmp, name, when, *records):
    source = os.path.join(tmp, name + ".zip")
    with open(source, "wb") as f:
        f.write(archive(*records))
    code, _, err = run("db", "build", source, "--db", os.path.join(tmp, name), "-q",
                       SOURCE_DATE_EPOCH=str(when))
    assert code == 0, err
    return os.path.join(tmp, name)


def holds(folder):
    with open(os.path.join(folder, "match.db"), "rb") as f:
        return f.read()


class Publisher(http.server.BaseHTTPRequestHandler):
    files = {}
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        body = self.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *a):
        pass


def publishers(tmp):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = "http://127.0.0.1:%d" % server.server_address[1]
    Publisher.files = {
        "/osv/npm/all.zip": archive(record("GHSA-1", "2.0.0")),
        "/kev": json.dumps({"vulnerabilities": [{"cveID": "CVE-2024-1", "dateAdded": "2024-01-01"}]}).encode(),
        "/epss": gzip.compress(b"#model_version:v1,score_date:2026-01-01T00:00:00Z\ncve,epss,percentile\n"
                               b"CVE-2024-1,0.5,0.9\n"),
    }
    db = os.path.join(tmp, "published")
    flags = ["--db", db, "--osv", at + "/osv", "--kev-feed", at + "/kev", "--epss-feed", at + "/epss", "-q"]
    code, _, err = run("db", "update", *flags)
    point(code == 2 and not os.path.exists(db + "/match.db"), "without a database ecosystems are named", err)
    code, _, err = run("db", "update", "--ecosystem", "npm", *flags)
    point(code == 0, "archives of publishers make a database", err)
    code, out, err = run("db", "status", "--db", db)
    point(code == 0 and "unsigned, from " + at in out, "their source is recorded as unsigned", out)
    Publisher.files["/osv/npm/all.zip"] = archive(record("GHSA-1", "2.0.0"), record("GHSA-2", "3.0.0"))
    before = holds(db)
    code, _, err = run("db", "update", *flags)
    point(code == 0 and holds(db) != before, "the ecosystems of the database are brought again", err)
    before = holds(db)
    Publisher.files.pop("/osv/npm/all.zip")
    code, _, err = run("db", "update", *flags)
    point(code == 0 and "not updated" in err and holds(db) == before,
          "what cannot be fetched is a warning, and the old one stays", err)
    server.shutdown()


def sign(tmp, path):
    code, _, err = run("sign", "--key", os.path.join(tmp, "k.key"), "--blob", path, "--bundle",
                       path + ".sigstore.json", "-q", COSIGN_PASSWORD="")
    assert code == 0, err


def files(tmp, old, new):
    db, pub = os.path.join(tmp, "use"), os.path.join(tmp, "k.pub")
    code, _, err = run("keygen", "-o", os.path.join(tmp, "k"), "-q", COSIGN_PASSWORD="")
    assert code == 0, err
    sign(tmp, os.path.join(old, "match.db"))
    code, _, err = run("db", "update", os.path.join(old, "match.db"), "--key", pub, "--db", db, "-q")
    point(code == 0 and holds(db) == holds(old), "a signed file", err)
    code, delta, err = run("db", "export", "--db", new, "--delta-from", os.path.join(old, "match.db"), raw=True)
    path = os.path.join(tmp, "delta")
    with open(path, "wb") as f:
        f.write(delta)
    point(code == 0 and len(delta) < len(holds(new)) / 2, "a difference is small", len(delta))
    code, _, err = run("db", "update", path, "--key", pub, "--db", db, "-q")
    point(code == 4 and holds(db) == holds(old), "an unsigned difference is refused with --key", (code, err))
    sign(tmp, path)
    code, _, err = run("db", "update", path, "--key", pub, "--db", db, "-q")
    point(code == 0 and holds(db) == holds(new), "a signed difference makes the new database", err)
    code, _, err = run("db", "update", path, "--key", pub, "--db", db, "-q")
    point(code != 0 and holds(db) == holds(new), "it does not apply twice", (code, err))
    with open(path, "r+b") as f:
        f.seek(len(delta) // 2)
        f.write(b"\0\1\2\3\4\5\6\7")
    shutil.copy(os.path.join(old, "match.db"), os.path.join(db, "match.db"))
    code, _, err = run("db", "update", path, "--db", db, "-q")
    point(code not in (0, 1) and holds(db) == holds(old), "a damaged one is an error", (code, err))
    code, _, err = run("db", "update", path, "--key", pub, "--db", db, "-q")
    point(code == 4 and holds(db) == holds(old), "and its signature does not hold", (code, err))
    shutil.copy(os.path.join(new, "match.db"), os.path.join(db, "match.db"))
    code, _, err = run("db", "update", os.path.join(old, "match.db"), "--key", pub, "--db", db, "-q")
    point(code not in (0, 1) and holds(db) == holds(new), "an old file is not put in place of a newer", (code, err))


def manifest(blobs):
    kinds = ["application/vnd.plimsoll.db.v1", "application/vnd.dev.sigstore.bundle.v0.3+json"]
    return json.dumps({"schemaVersion": 2, "mediaType": mockreg.MANIFEST,
                       "config": {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                                  "digest": mockreg.digest(b"{}")},
                       "layers": [{"mediaType": k, "size": len(b), "digest": mockreg.digest(b)}
                                  for k, b in zip(kinds, blobs)]}).encode()


def artifacts(tmp, old):
    pub, db = os.path.join(tmp, "k.pub"), os.path.join(tmp, "art")
    with open(os.path.join(old, "match.db.sigstore.json"), "rb") as f:
        blobs = [holds(old), f.read()]
    body = manifest(blobs)
    reg = mockreg.Registry()
    for b in blobs:
        reg.blob("adv/db", b)
    reg.manifest("adv/db", body, mockreg.MANIFEST, "latest")
    ref = "oci:%s/adv/db:latest" % reg.host
    code, _, err = run("db", "update", ref, "--plain-http=" + reg.host, "--key", pub, "--db", db, "-q")
    point(code == 0 and holds(db) == holds(old), "a registry artifact that carries its signature", err)
    reg.manifest("adv/db", manifest(blobs[:1]), mockreg.MANIFEST, "bare")
    code, _, err = run("db", "update", "oci:%s/adv/db:bare" % reg.host, "--plain-http=" + reg.host, "--key", pub,
                       "--db", db, "-q")
    point(code == 4, "one without a signature is refused with --key", (code, err))
    reg.close()
    code, _, err = run("db", "update", ref, "--plain-http=" + reg.host, "--retries", "0", "--key", pub, "--db", db,
                       "-q")
    point(code == 0 and "not updated" in err and holds(db) == holds(old), "a registry that is away is a warning",
          (code, err))
    lay = os.path.join(tmp, "lay")
    os.makedirs(os.path.join(lay, "blobs", "sha256"))
    for b in [*blobs, body]:
        with open(os.path.join(lay, "blobs", "sha256", hashlib.sha256(b).hexdigest()), "wb") as f:
            f.write(b)
    with open(os.path.join(lay, "oci-layout"), "w") as f:
        f.write('{"imageLayoutVersion":"1.0.0"}')
    with open(os.path.join(lay, "index.json"), "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [
            {"mediaType": mockreg.MANIFEST, "digest": mockreg.digest(body), "size": len(body),
             "annotations": {"org.opencontainers.image.ref.name": "v1"}}]}, f)
    db = os.path.join(tmp, "art2")
    code, _, err = run("db", "update", "oci:" + lay + ":v1", "--key", pub, "--db", db, "-q")
    point(code == 0 and holds(db) == holds(old), "a layout", err)
    code, _, err = run("db", "update", "oci:" + lay + ":v2", "--key", pub, "--db", os.path.join(tmp, "none"), "-q")
    point(code not in (0, 1), "a tag that it lacks", (code, err))
    with open(os.path.join(lay, "blobs", "sha256", hashlib.sha256(blobs[0]).hexdigest()), "ab") as f:
        f.write(b"x")
    code, _, err = run("db", "update", "oci:" + lay, "--db", db, "-q")
    point(code not in (0, 1) and holds(db) == holds(old), "a blob that is not what its digest says", (code, err))


def main():
    with tempfile.TemporaryDirectory() as tmp:
        publishers(tmp)
        records = [record("GHSA-%d" % i, "%d.0.0" % i) for i in range(1, 400)]
        old = build(tmp, "old", 1700000000, *records)
        new = build(tmp, "new", 1700100000, *records, record("GHSA-1000", "9.9.9"))
        files(tmp, old, new)
        artifacts(tmp, old)
    print("1..%d" % points)
    return bad > 0


sys.exit(main())
