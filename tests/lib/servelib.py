# SPDX-License-Identifier: Apache-2.0
"""A server under test: the probe (decisions made up) or the program, on loopback over TLS."""

import atexit
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time

BUILD = os.environ["PL_BUILD"]
SLOW = 4 if os.environ.get("PL_SANITIZED") else 1
LONG = 60 * SLOW  # what costs nothing when all is well
points = 0


def point(good, name, why=""):
    global points
    points += 1
    print("%sok %d - %s%s" % ("" if good else "not ", points, name,
                              "" if good else ": " + str(why)[-600:].replace("\n", " | ")),
          flush=True)


def end():
    print("1..%d" % points)


def certificate(name, cn="localhost", issuer=None, ca=False):
    """NAME.pem and NAME.key; self-signed, or by `issuer`."""
    ext = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    if ca:
        ext = "basicConstraints=critical,CA:TRUE"
    line = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-days", "30",
            "-subj", "/CN=" + cn, "-addext", ext]
    if issuer:
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-out",
                        name + ".csr", "-subj", "/CN=" + cn], check=True, stderr=subprocess.DEVNULL)
        line = ["openssl", "x509", "-req", "-in", name + ".csr", "-CA", issuer + ".pem", "-CAkey",
                issuer + ".key", "-CAcreateserial", "-out", name + ".pem", "-days", "30"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def within(seconds, test):
    """Waits until `test` holds; whether it does."""
    until = time.monotonic() + seconds
    while not test():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def complete(got):
    """How many whole answers these bytes are."""
    n = 0
    while True:
        head, blank, rest = got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length.group(1)) if length else 0
        if not blank or len(rest) < size:
            return n
        n, got = n + 1, rest[size:]


class Server:
    def __init__(self, line):
        self.err = open("stderr", "w+", encoding="utf-8", errors="replace")
        self.child = subprocess.Popen(line, stderr=self.err, stdin=subprocess.DEVNULL)
        atexit.register(self.child.kill)
        self.port = 0
        for _ in range(20 * LONG):
            found = re.search(r"port (\d+)", self.said())
            if found:
                self.port = int(found.group(1))
                break
            if self.child.poll() is not None:
                break
            time.sleep(0.05)

    def said(self):
        with open("stderr", encoding="utf-8", errors="replace") as f:
            return f.read()

    def missing(self):
        """A build without the server says so."""
        return self.child.poll() == 77 or "not in this build" in self.said()

    def raw(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=LONG)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def tls(self, cert=None):
        context = ssl.create_default_context(cafile="server.pem")
        if cert:
            context.load_cert_chain(cert + ".pem", cert + ".key")
        return context.wrap_socket(self.raw(), server_hostname="localhost")

    def http(self, cert=None):
        context = ssl.create_default_context(cafile="server.pem")
        if cert:
            context.load_cert_chain(cert + ".pem", cert + ".key")
        return http.client.HTTPSConnection("localhost", self.port, context=context,
                                           timeout=LONG)

    def ask(self, method, path, body=None, cert=None):
        c = self.http(cert)
        try:
            c.request(method, path, body)
            r = c.getresponse()
            return r.status, r.read()
        finally:
            c.close()

    def exchange(self, data, wait=1.5, shut=False, answers=0):
        """What comes back for raw bytes: until the server closes (true), so many answers are
        there, or it says nothing at all for `wait` seconds."""
        s = self.tls()
        s.settimeout(LONG if answers else wait * SLOW)
        got = b""
        try:
            s.sendall(data)
            if shut:
                s.shutdown(socket.SHUT_WR)
            while True:
                piece = s.recv(65536)
                if not piece:
                    return got, True
                got += piece
                if answers and complete(got) >= answers:
                    return got, False
                s.settimeout(LONG)
        except (TimeoutError, socket.timeout):
            return got, False
        except OSError:
            return got, True
        finally:
            s.close()

    def rss(self):
        with open("/proc/%d/status" % self.child.pid, encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(LONG)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return -9


def probe(ca="", authz="", docker=""):
    with open("policy", "w", encoding="ascii") as f:
        f.write("ok one\n")
    return Server([os.path.join(BUILD, "tests", "e2e", "serve_probe"), "127.0.0.1:0", "server.pem",
                   "server.key", ca, authz, docker])


GROUPS = {"Pod": "", "PodTemplate": "", "ReplicationController": "", "EphemeralContainers": "",
          "Deployment": "apps", "ReplicaSet": "apps", "StatefulSet": "apps", "DaemonSet": "apps",
          "Job": "batch", "CronJob": "batch"}


def wrap(kind, spec):
    """An object of `kind` around a pod specification."""
    meta = {"name": "web", "namespace": "shop", "labels": {"app": "web"}}
    group = GROUPS.get(kind, "example.com")
    top = {"kind": kind, "apiVersion": (group + "/v1").lstrip("/"), "metadata": meta}
    if kind == "Pod":
        return {**top, "spec": spec}
    if kind == "EphemeralContainers":
        return {**top, **spec}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    if kind == "PodTemplate":
        return {**top, "template": template}
    if kind == "CronJob":
        return {**top, "spec": {"schedule": "* * * * *",
                                "jobTemplate": {"spec": {"template": template}}}}
    return {**top, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                            "template": template}}


def review(kind, obj, operation="CREATE", old=None, sub="", /, **more):
    """As an API server writes it."""
    group = GROUPS.get(kind, "example.com")
    gvk = {"group": group, "version": "v1", "kind": kind}
    gvr = {"group": group, "version": "v1", "resource": kind.lower() + "s"}
    request = {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": gvk, "resource": gvr,
               "requestKind": gvk, "requestResource": gvr, "name": "web", "namespace": "shop",
               "operation": operation, "object": obj, "oldObject": old, "dryRun": False,
               "userInfo": {"username": "system:serviceaccount:shop:deployer", "uid": "u",
                            "groups": ["system:serviceaccounts", "system:authenticated"]},
               "options": {"kind": operation.capitalize() + "Options",
                           "apiVersion": "meta.k8s.io/v1"}}
    if sub:
        request["subResource"] = request["requestSubResource"] = sub
    request.update(more)
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}


def decided(answer):
    """The response of an answer, checked for its form."""
    status, body = answer
    if status != 200:
        return {"allowed": False, "http": status, "status": {"message": body.decode()}}
    doc = json.loads(body)
    assert doc["apiVersion"] == "admission.k8s.io/v1" and doc["kind"] == "AdmissionReview"
    return doc["response"]


sys.dont_write_bytecode = True
