# SPDX-License-Identifier: Apache-2.0
"""Images that share layers, what a scan of each finds, and verbs that run until they are told to
end, for the tests of the shared store."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

LONG = 300  # seconds for what is soon there: only what is broken takes as long, on whatever machine
SAMPLE = re.compile(r'^([a-z_]+)(?:\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\})? '
                    r'([0-9.e+]+)$')


def until(what, seconds=LONG):
    """The first true answer, or the last one."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.1)


class Running:
    """A verb that runs until it is told to end. What it says is read where it is: both have one
    place in the file."""

    def __init__(self, *command, **more):
        self.log, self.out = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out,
                                      stderr=self.log, **more)

    def text(self):
        return os.pread(self.log.fileno(), 1 << 24, 0).decode()

    def lines(self):
        """What it says with --log-format=json."""
        return [json.loads(line) for line in self.text().splitlines()]

    def end(self, sig=signal.SIGTERM):
        """(exit code, seconds, what it said)"""
        began = time.monotonic()
        self.child.send_signal(sig)
        code = self.child.wait()
        return code, time.monotonic() - began, self.text()


class Listening(Running):
    """One that answers /healthz, /readyz and /metrics."""

    def __init__(self, *command, **more):
        super().__init__(*command, "--listen", "127.0.0.1:0", **more)
        found = until(lambda: re.search(r"listening[^\n0-9]*port (\d+)", self.text()) or
                      (self.child.poll() is not None and "ended"))
        self.port = int(found[1]) if isinstance(found, re.Match) else 1

    def ask(self, path):
        """(status, text); 0 where nobody listens."""
        try:
            url = "http://127.0.0.1:%d%s" % (self.port, path)
            with urllib.request.urlopen(url, timeout=LONG) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()
        except OSError as e:
            return 0, str(e)

    def numbers(self):
        """{(name, labels): value}"""
        return {(m[1], m[2] or ""): float(m[3])
                for m in map(SAMPLE.match, self.ask("/metrics")[1].splitlines()) if m}

    def slots(self, n):
        """Has a worker so many slots, and reached its store? Whoever has slots catches signals."""
        there = self.numbers().get(("plimsoll_worker_slots", ""))
        return there == n and self.ask("/readyz")[0] == 200

BASE = """tag app:%(n)d
layer gzip {
    by "ADD rootfs / # buildkit"
    dir etc
    file etc/os-release <<END
        ID=debian
        VERSION_ID="12"
        END
    file etc/passwd <<END
        root:x:0:0:root:/root:/bin/sh
        END
    file usr/lib/lib%(base)d.so.1 mode=0755 filler %(base_kb)dK kind=random seed=base%(base)d
}
layer gzip {
    by "RUN apt-get install -y thing # buildkit"
    file var/lib/dpkg/status <<END
        Package: zlib1g
        Status: install ok installed
        Version: 1:1.2.%(mid)d-1
        Architecture: amd64
        Source: zlib

        Package: bash
        Status: install ok installed
        Version: 5.%(mid)d-2
        Architecture: amd64
        END
    file usr/share/doc/mid%(mid)d filler %(mid_kb)dK seed=mid%(mid)d
    file srv/start.sh mode=0755 "#!/bin/sh\\nexport TOKEN={github:mid%(mid)d}\\nexec /srv/app\\n"
}
layer gzip {
    by "COPY . /srv # buildkit"
    file srv/%(n)d/.npmrc "//registry.npmjs.org/:_authToken={npm:app%(n)d}\\n"
    file srv/readme%(n)d "application %(n)d\\n"
}
layer gzip {
    by "RUN rm /srv/%(n)d/.npmrc # buildkit"
    whiteout srv/%(n)d/.npmrc
}
env PATH /usr/bin:/bin
user root
"""


def make_images(mkimage, folder, count, bases=3, mids=10, base_kb=64, mid_kb=16):
    """`count` layouts that share `bases` base layers and `mids` of the second; their targets."""
    targets = []
    for n in range(count):
        name = os.path.join(folder, "app%d" % n)
        recipe = name + ".recipe"
        with open(recipe, "w", encoding="utf-8") as f:
            f.write(BASE % {"n": n, "base": n % bases, "mid": n % mids, "base_kb": base_kb,
                            "mid_kb": mid_kb})
        subprocess.run([mkimage, recipe, "oci:" + name], check=True, stdout=subprocess.DEVNULL)
        os.unlink(recipe)
        targets.append("oci:" + name)
    return targets


def layers_of(folder):
    """The digests of all layers of the layouts below `folder`."""
    found = set()
    for name in os.listdir(folder):
        blobs = os.path.join(folder, name, "blobs", "sha256")
        for blob in os.listdir(blobs) if os.path.isdir(blobs) else ():
            with open(os.path.join(blobs, blob), "rb") as f:
                text = f.read(1)
                if text == b"{":
                    doc = json.loads(text + f.read())
                    found.update(layer["digest"] for layer in doc.get("layers", ()))
    return found


def findings(target):
    """Findings of an object of `scan` or `query`, sorted, one text each."""
    return sorted(json.dumps(f, sort_keys=True) for f in target["findings"])


def scanned(program, target, *flags):
    done = subprocess.run([program, "scan", target, "-f", "json", "-q", *flags], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["targets"]


def stored(program, store):
    """What `query` says of each image, by name."""
    done = subprocess.run([program, "query", "--store", store, "-f", "ndjson"], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return {i["name"]: i for i in map(json.loads, done.stdout.splitlines())}
