# SPDX-License-Identifier: Apache-2.0
"""A small image in a registry of tests."""

import json

from mockreg import MANIFEST


def image(reg, repo, text):
    layer = reg.blob(repo, text.encode())
    config = reg.blob(repo, json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                                        "rootfs": {"type": "layers",
                                                   "diff_ids": [layer["digest"]]}}).encode())
    body = {"schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer}]}
    return reg.manifest(repo, body, MANIFEST, "1")["digest"]
