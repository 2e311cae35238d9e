#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of documents, references, YAML, messages and HTTP answers:
seeds_oci.py tests/corpus"""
import json, os, sys

OUT = sys.argv[1]
H = "0123456789abcdef" * 4
DIGEST = "sha256:" + H
D = '"%s"' % DIGEST
OCI = "application/vnd.oci.image."
LAYER = {"mediaType": OCI + "layer.v1.tar+gzip", "digest": DIGEST, "size": 3}


def put(kind, name, data):
    os.makedirs(os.path.join(OUT, kind), exist_ok=True)
    with open(os.path.join(OUT, kind, name), "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


def text(document):
    return json.dumps(document, separators=(",", ":"))


JSON = {
    "index": text({
        "schemaVersion": 2, "mediaType": OCI + "index.v1+json", "subject": LAYER,
        "annotations": {"k": "v"},
        "manifests": [{
            "mediaType": OCI + "manifest.v1+json", "digest": DIGEST, "size": 42,
            "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
            "annotations": {"org.opencontainers.image.ref.name": "latest",
                            "vnd.docker.reference.type": "attestation-manifest",
                            "vnd.docker.reference.digest": "x"},
            "data": "aGk=", "urls": ["u"]}]}),
    "manifest": text({"schemaVersion": 2, "config": LAYER, "layers": [LAYER, LAYER],
                      "artifactType": "a/b"}),
    "artifact": text({"mediaType": "application/vnd.oci.artifact.manifest.v1+json",
                      "blobs": [LAYER]}),
    "config": text({
        "architecture": "amd64", "os": "linux", "author": "a",
        "config": {"Env": ["A=b", "PATH=/x"], "Labels": {"a/b~c": "v"}, "Cmd": ["x"],
                   "Entrypoint": ["y"], "Healthcheck": {"Test": ["CMD", "z"]},
                   "OnBuild": ["RUN x"], "Volumes": {"/v": {}}, "User": "u"},
        "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
        "history": [
            {"created": "2026-01-01T00:00:00Z", "comment": "c",
             "created_by": "RUN |2 A=x B=y /bin/sh -c make"},
            {"created_by": "ENV A=b", "empty_layer": True},
            {"created_by": "/bin/sh -c #(nop) LABEL a=b", "empty_layer": True, "author": "z"}]}),
    "archive": text([{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l/layer.tar"]},
                     {"Config": "d", "RepoTags": None, "Layers": None}]),
    "unknown": '{"a":[1,2.5,null,true,false,"\\u00e9\\ud83d\\ude00"],"":{"~/":"x"}}',
    "null-lists": '{"manifests":null}',
    "scalar": '"x"',
    "should-fail-empty": '',
    "should-fail-duplicate-key": '{"layers":[],"layers":[]}',
    "should-fail-duplicate-escaped-key": '{"a":1,"\\u0061":2}',
    "should-fail-depth": '[' * 65 + ']' * 65,
    "should-fail-nul-in-key": '{"a\\u0000":1}',
    "should-fail-big-integer": '[9223372036854775808]',
    "should-fail-huge-real": '[1e999]',
    "should-fail-latin1": b'["caf\xe9"]',
    "should-fail-overlong-utf8": b'["\xc0\xaf"]',
    "should-fail-surrogate-bytes": b'["\xed\xa0\x80"]',
    "should-fail-lone-surrogate": '["\\ud800"]',
    "should-fail-bom": b'\xef\xbb\xbf{}',
    "should-fail-trailing": '{} {}',
    "should-fail-cut": '{"layers":[{"digest":"sha',
    "should-fail-comment": '{/* */}',
    "should-fail-manifests-and-layers": '{"manifests":[],"layers":[]}',
    "should-fail-manifests-and-config": '{"manifests":[],"config":{}}',
    "should-fail-layers-and-rootfs": '{"layers":[],"rootfs":{}}',
    "should-fail-type-disagrees": text({"layers": [], "mediaType": OCI + "index.v1+json"}),
    "should-fail-schema-1": text({"schemaVersion": 1, "fsLayers": [{"blobSum": DIGEST}],
                                  "history": []}),
    "should-fail-layers-object": '{"layers":{}}',
    "should-fail-digest-path": '{"layers":[{"digest":"sha256:../../%s","size":1}]}' % H[:58],
    "should-fail-digest-upper": '{"layers":[{"digest":"sha256:%s","size":1}]}' % H.upper(),
    "should-fail-digest-algorithm": '{"layers":[{"digest":"md5:%s","size":1}]}' % H[:32],
    "should-fail-negative-size": '{"layers":[{"digest":%s,"size":-1}]}' % D,
    "should-fail-size-2-to-the-63": '{"layers":[{"digest":%s,"size":9223372036854775807}]}' % D,
    "should-fail-bad-data": '{"layers":[{"digest":%s,"size":1,"data":"a"}]}' % D,
    "should-fail-history-object": '{"history":{}}',
}
REFERENCES = {
    "plain": "alpine",
    "tag": "library/alpine:3.20",
    "full": "example.com:5000/a/b_c:T.1-x@" + DIGEST,
    "ipv6": "[fe80::1]:80/a",
    "localhost": "localhost/a",
    "sha512": "a@sha512:" + H * 2,
    "digest": "a@" + DIGEST,
    "platform": "linux/arm64",
    "should-fail-platform-variant": "linux/arm/v7:",
    "should-fail-digest-alone": DIGEST + "@x",
    "should-fail-whiteout": "etc/.wh.passwd",
    "should-fail-opaque": "a/.wh..wh..opq",
    "should-fail-empty-tag": "a:",
    "should-fail-upper": "Alpine",
    "should-fail-dots": "a/../b",
    "should-fail-slash": "a//b",
    "should-fail-scheme": "https://a.b/c",
    "should-fail-port": "a.b:65536/c",
    "should-fail-digest": "a@" + DIGEST[:-1],
    "should-fail-long-tag": "a:" + "t" * 129,
    "should-fail-long-name": "a/" * 128 + "b",
    "should-fail-nul": b"a\0b",
    "should-fail-percent": "a%41",
    "should-fail-underscores": "a___b",
    "should-fail-host-hyphen": "-a.b/c",
}
NINE = "".join("a%d: &a%d [%s]\n" % (i, i, ",".join(["*a%d " % (i - 1)] * 9))
               for i in range(1, 9))
YAML = {
    "compose": "services:\n  web:\n    image: a:1\n    environment:\n      - A=b\n"
               "    command: [\"x\", 'y']\nvolumes: {}\n",
    "documents": "a\n---\n- b\n---\nc: |\n  text\n...\n",
    "anchors": "a: &n {k: v}\nb:\n  <<: *n\n  x: !tag y\n",
    "utf16": b"\xff\xfe"+"a: é\n".encode("utf-16-le"),
    "empty": "",
    "should-fail-multiply": "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + NINE,
    "should-fail-self": "&n [*n]\n",
    "should-fail-alias": "*n\n",
    "should-fail-depth": "["*65+"]"*65,
    "should-fail-duplicate-key": "a: 1\na: 2\n",
    "should-fail-tab": "\tx: y\n",
    "should-fail-latin1": b"a: caf\xe9\n",
    "should-fail-control": "a: \x01\n",
    "should-fail-open-quote": "a: \"b\n",
    "should-fail-version": "%YAML 9.9\n---\na\n",
    "should-fail-aliases": "[&a x" + ",*a" * 1001 + "]",
}
WIRE = {
    "each-kind": bytes([0, 1, 2, 3, 4, 1, 1, 2, 3, 4, 5, 6, 7, 8, 2, 128, 1, 3, 2, 65, 66, 4]) +
                 bytes(16),
    "largest-number": bytes([2]+[255]*9+[1]),
    "should-fail-cut-string": bytes([3,5,65]),
    "should-fail-endless-number": bytes([2]+[255]*12),
    "should-fail-number-of-65-bits": bytes([2]+[255]*9+[2]),
    "should-fail-huge-length": bytes([3]+[255]*9+[1]+[65]*20),
    "should-fail-cut-u64": bytes([1,1,2,3]),
    "should-fail-cut-raw": bytes([4,1,2,3]),
}

OK = "HTTP/1.1 200 OK\r\n"
CHUNKED = OK + "Transfer-Encoding: chunked\r\n\r\n"
HTTP1 = {
    "length": OK + "Content-Type: application/x-tar\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": CHUNKED + "1\r\nh\r\n4;x=y\r\nello\r\n0\r\nT: x\r\n\r\n",
    "close": "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello",
    "interim": "HTTP/1.1 100 Continue\r\n\r\n" + OK + "Content-Length: 1\r\n\r\nx",
    "missing": "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
    "should-fail-no-http": "hello",
    "should-fail-bare-lf": "HTTP/1.1 200 OK\n\n",
    "should-fail-cut-head": OK + "A: b\r\n",
    "should-fail-cut-body": OK + "Content-Length: 5\r\n\r\nhell",
    "should-fail-cut-chunk": CHUNKED + "5\r\nhell",
    "should-fail-no-last-chunk": CHUNKED + "5\r\nhello\r\n",
    "should-fail-two-lengths": OK + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "should-fail-length-and-chunks":
        OK + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "should-fail-negative-length": OK + "Content-Length: -1\r\n\r\n",
    "should-fail-huge-length": OK + "Content-Length: 18446744073709551616\r\n\r\n",
    "should-fail-gzip-coding": OK + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "should-fail-chunk-size": CHUNKED + "xyz\r\n",
    "should-fail-chunk-too-long": CHUNKED + "1\r\nxy\r\n0\r\n\r\n",
    "should-fail-huge-chunk": CHUNKED + "ffffffffffffffff\r\nx",
    "should-fail-folded-field": OK + "A: b\r\n c\r\n\r\n",
    "should-fail-many-fields": OK + "A:b\r\n" * 201 + "\r\n",
    "should-fail-long-chunk-line": CHUNKED + "1;" + "x" * 300 + "\r\nx\r\n0\r\n\r\n",
    "should-fail-interim-for-ever": "HTTP/1.1 100 Continue\r\n\r\n" * 12,
    "should-fail-upgrade": "HTTP/1.1 101 Switching\r\n\r\n",
}

SEEDS = {"http1": HTTP1, "json": JSON, "reference": REFERENCES, "yaml": YAML, "wire": WIRE}
for kind, seeds in SEEDS.items():
    for name, data in seeds.items():
        put(kind, name, data)
