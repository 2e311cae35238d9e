# SPDX-License-Identifier: Apache-2.0
"""What the runners of image recipes share: building with mkimage, running the program with its time
and memory measured, TAP."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PLIMSOLL = os.path.abspath(os.environ.get("PLIMSOLL", os.path.join(ROOT, "build", "plimsoll")))
MKIMAGE = os.path.abspath(os.environ.get(
    "MKIMAGE", os.path.join(os.path.dirname(PLIMSOLL), "tools", "mkimage")))

# form of mkimage, file name, kind of target; "-" is the file on standard input
FORMS = {
    "oci": ("oci:", "layout", "oci:"),
    "oci-archive": ("oci-archive:", "oci.tar", "oci-archive:"),
    "docker": ("docker-archive:", "docker.tar", "docker-archive:"),
    "flat": ("docker-archive-flat:", "flat.tar", "docker-archive:"),
    "both": ("docker-archive-oci:", "both.tar", "docker-archive:"),
    "stdin": ("oci-archive:", "stdin.tar", "-"),
    "stdin-docker": ("docker-archive:", "stdin-docker.tar", "-"),
}
HAS_LAYOUT = ("oci", "oci-archive", "both", "stdin")


class Tap:
    """Numbers the points and prints them."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def point(self, ok, name, *details):
        self.count += 1
        self.failed += not ok
        print("%s %d - %s" % ("ok" if ok else "not ok", self.count, name))
        if not ok:
            for text in details:
                for line in str(text).split("\n")[:40]:
                    print("#   " + ascii(line)[1:-1][:400])
        sys.stdout.flush()

    def end(self):
        print("1..%d" % self.count)
        return 1 if self.failed else 0


def need(name):
    """Ends the runner with a skip line when there is no program to try."""
    for path in (PLIMSOLL, MKIMAGE):
        if not os.access(path, os.X_OK):
            print("skip: %s: %s is not built" % (name, os.path.basename(path)))
            sys.exit(0)


def build(recipe, folder, forms):
    """Builds `recipe` in each form; returns ({form: (target, file for stdin or None)}, truth)."""
    truth = os.path.join(folder, "truth.json")
    outs, targets = [], {}
    for form in forms:
        make, name, kind = FORMS[form]
        outs.append(make + os.path.join(folder, name))
        path = os.path.join(folder, name)
        targets[form] = ("-", path) if kind == "-" else (kind + path, None)
    subprocess.run([MKIMAGE, "--truth", truth, recipe, *outs], check=True)
    with open(truth, encoding="utf-8") as f:
        return targets, json.load(f)


class Run:
    """One run of the program: exit code, output, seconds, and peak memory of its processes."""

    def __init__(self, arguments, stdin=None, timeout=60, cwd=None, measure=False):
        begin = time.monotonic()
        self.peak = 0
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            source = open(stdin, "rb") if stdin else subprocess.DEVNULL
            child = subprocess.Popen([PLIMSOLL, *arguments], stdin=source, stdout=out, stderr=err,
                                     cwd=cwd, start_new_session=True)
            if stdin:
                source.close()
            timer = threading.Timer(timeout, lambda: os.killpg(child.pid, signal.SIGKILL))
            timer.start()
            if measure:
                self.watch(child)
            _, status, used = os.wait4(child.pid, 0)
            timer.cancel()
            child.returncode = self.code = os.waitstatus_to_exitcode(status)
            self.cpu = used.ru_utime + used.ru_stime
            out.seek(0)
            err.seek(0)
            self.stdout, self.stderr = out.read(), err.read()
        self.seconds = time.monotonic() - begin

    def watch(self, child):
        """Proportional memory of the process group, sampled: shared pages count once."""
        while not os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            total = 0
            for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
                try:
                    with open("/proc/%s/stat" % pid, "rb") as f:
                        group = int(f.read().rsplit(b")", 1)[1].split()[2])
                    if group != child.pid:
                        continue
                    with open("/proc/%s/smaps_rollup" % pid, "rb") as f:
                        total += sum(int(line.split()[1]) for line in f if line[:4] == b"Pss:")
                except (OSError, IndexError, ValueError):
                    continue
            self.peak = max(self.peak, total * 1024)
            time.sleep(0.02)

    def report(self):
        """The JSON document, or None."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            return None


def busy():
    """How many times longer things take here because others work too; 1 to 4."""
    return min(4.0, max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0))))


def recipes(folder, arguments):
    """The recipe files of a folder, or those named on the command line."""
    if arguments:
        return [os.path.abspath(a) for a in arguments]
    return sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".recipe"))
