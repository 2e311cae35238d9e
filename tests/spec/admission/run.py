#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""AdmissionReviews of every kind, place and operation over TLS, answered right; patches applied and
looked at; what is no review at all."""

import base64
import copy
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ["PL_SRC"], "tests", "lib"))
sys.dont_write_bytecode = True
from servelib import GROUPS, certificate, decided, end, point, probe, review, wrap  # noqa: E402

D = "@sha256:" + "1" * 64
GOOD, BAD = "reg.example/good" + D, "reg.example/bad" + D
PLACES = {"initContainers": lambda i: {"name": "x", "image": i},
          "containers": lambda i: {"name": "x", "image": i},
          "ephemeralContainers": lambda i: {"name": "x", "image": i, "targetContainerName": "main"},
          "volumes": lambda i: {"name": "x", "image": {"reference": i, "pullPolicy": "Always"}}}


def spec(place, image):
    s = {"containers": [{"name": "main", "image": GOOD}],
         "volumes": [{"name": "tmp", "emptyDir": {}}], "restartPolicy": "Always"}
    s.setdefault(place, []).append(PLACES[place](image))
    return s


def apply(obj, patch):
    """RFC 6902, `replace` only."""
    obj = copy.deepcopy(obj)
    for op in json.loads(base64.b64decode(patch)):
        assert op["op"] == "replace", op
        *way, last = [p.replace("~1", "/").replace("~0", "~") for p in op["path"].split("/")[1:]]
        at = obj
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        assert (int(last) if isinstance(at, list) else last) in (at if isinstance(at, dict)
                                                                 else range(len(at)))
        at[last] = op["value"]
    return obj


def main():
    certificate("server")
    s = probe()
    if s.missing():
        print("skip: admission: a build without the option 'serve'")
        return
    one = s.http()

    def post(doc, path="/validate?timeout=10s"):
        body = doc if isinstance(doc, (bytes, str)) else json.dumps(doc)
        one.request("POST", path, body, {"Content-Type": "application/json"})
        r = one.getresponse()
        data = r.read()
        if r.getheader("Connection", "") == "close":
            one.close()
        return r.status, data

    def allowed(doc, name, want=True, path="/validate?timeout=10s"):
        r = decided(post(doc, path))
        message = r.get("status", {}).get("message", "")
        good = r["allowed"] is want and r.get("uid") == doc["request"]["uid"]
        point(good and (want or (r["status"]["code"] == 403 and message)), name, r)
        return r

    for kind in GROUPS:
        for place in PLACES:
            for image, want in ((GOOD, True), (BAD, False), ("reg.example/good:1", False)):
                r = allowed(review(kind, wrap(kind, spec(place, image))),
                            "%s, %s: %s" % (kind, place, image.split("@")[0]), want)
                if not want and image not in r["status"]["message"]:
                    point(False, "the image is named", r)
            obj = wrap(kind, spec(place, "reg.example/good:1"))
            r = allowed(review(kind, obj), "%s, %s: pinned" % (kind, place), True, "/mutate")
            after = json.dumps(apply(obj, r["patch"])) if "patch" in r else ""
            point(r.get("patchType") == "JSONPatch" and
                  after.replace("@sha256:" + "0" * 63 + "7", "") == json.dumps(obj) != after,
                  "%s, %s: only the image changes" % (kind, place), r)
            old = wrap(kind, spec(place, BAD))
            new = wrap(kind, spec(place, BAD))
            new["metadata"]["labels"]["app"] = "other"
            new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            allowed(review(kind, new, "UPDATE", old), "%s, %s: nothing new" % (kind, place))
            newer = wrap(kind, spec(place, BAD + "2"))
            newer["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            allowed(review(kind, newer, "UPDATE", old), "%s, %s: a new one" % (kind, place), False)
        allowed(review(kind, None, "DELETE", wrap(kind, spec("containers", BAD))), kind + ": DELETE")
        allowed(review(kind, wrap(kind, spec("containers", BAD)), "UPDATE"),
                kind + ": UPDATE without the old object", False)
        allowed(review(kind, None), kind + ": no object", False)
        if kind != "EphemeralContainers":
            allowed(review(kind, {"kind": kind}), kind + ": no specification", False)
        allowed(review(kind, wrap(kind, {"containers": [{"name": "x"}]})), kind + ": no image", False)
        allowed(review(kind, wrap(kind, {"containers": {"image": GOOD}})), kind + ": no list", False)
        allowed(review(kind, wrap(kind, {"containers": [{"image": [GOOD]}]})), kind + ": no text", False)

    pod = wrap("Pod", spec("ephemeralContainers", BAD))
    allowed(review("Pod", pod, "UPDATE", wrap("Pod", spec("containers", GOOD)), "ephemeralcontainers"),
            "pods/ephemeralcontainers", False)
    allowed(review("Pod", {"kind": "PodExecOptions"}, "CONNECT", None, "exec"), "pods/exec: CONNECT")
    allowed(review("Pod", pod, "PATCH"), "an operation that is not known", False)
    allowed(review("Binding", {"kind": "Binding"}), "another kind")
    allowed(review("Job", wrap("Job", spec("containers", BAD)), kind={"group": "x.io", "kind": "Job"}),
            "a kind of that name in another group")
    allowed(review("Pod", wrap("Deployment", spec("containers", BAD))),
            "an object that says it is something else", False)
    allowed(review("Pod", pod, kind={}), "no kind", False)
    allowed(review("Pod", wrap("Pod", spec("containers", "reg.example/audit" + D))), "audit passes")
    r = decided(post(review("Pod", wrap("Pod", spec("containers", "reg.example/audit" + D)))))
    point(r.get("warnings") and len(r["warnings"][0]) <= 256 and
          r["auditAnnotations"]["decision"] == "audit", "audit warns", r)
    allowed(review("Pod", wrap("Pod", {"containers": [{"name": str(i), "image": GOOD}
                                                      for i in range(256)]})), "256 images")
    allowed(review("Pod", wrap("Pod", {"containers": [{"name": str(i), "image": GOOD}
                                                      for i in range(257)]})), "257 images", False)
    r = decided(post(review("Pod", wrap("Pod", {"containers": [
        {"name": str(i), "image": "b%d\u202e\x1b[31m%s" % (i, "x" * 200)} for i in range(99)]}))))
    m = r["status"]["message"]
    point(len(m.encode()) <= 8192 and "\x1b" not in m and "\u202e" not in m, "message in bounds", m)
    allowed(review("Pod", wrap("Pod", spec("containers", "x" * 5000))), "a very long name", False)
    allowed(review("Pod", wrap("Pod", spec("containers", GOOD)), dryRun=True), "dryRun")

    good = review("Pod", wrap("Pod", spec("containers", GOOD)))
    text = json.dumps(good)
    bad = {"not JSON": "{", "empty": "", "a list": "[]", "another apiVersion":
           text.replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1"),
           "another kind": text.replace("AdmissionReview", "Review"),
           "no uid": text.replace('"uid": "705', '"uit": "705', 1),
           "an empty uid": json.dumps(review("Pod", None, uid="")),
           "uid is a number": json.dumps(review("Pod", None, uid=7)),
           "a key twice": text.replace('"operation"', '"object": null, "operation"', 1),
           "image twice": text.replace('"image":', '"image": "reg.example/bad", "image":', 1),
           "something behind": text + "{}", "NUL in a key": text.replace('"name"', '"na\\u0000me"', 1),
           "nested": text[:-1] + ', "x": ' + "[" * 70 + "]" * 70 + "}",
           "no UTF-8": text.encode().replace(b"deployer", b"\xff\xfe"),
           "many small values": '{"x": [' + ",".join(["[]"] * 400000) + "]}",
           "a number beyond all": text[:-1] + ', "x": 123456789012345678901234567890}'}
    for name, body in bad.items():
        status, data = post(body)
        point(status == 400 and b'"allowed":true' not in data, "400: " + name, (status, data))
    status, _ = post(text)
    point(status == 200, "and the server goes on")
    for path in ("/validate/", "/Validate", "//validate", "/validate%2f", "/x", "/"):
        status, data = post(good, path)
        point(status == 404, "no such path: " + path, (status, data))
    one.close()
    point(s.stop() == 0, "ends", s.said())
    end()


main()
