# SPDX-License-Identifier: Apache-2.0
"""Runs test programs, reads their TAP, adds up. Used by tests/run and tests/check.

A program prints `ok N - name` or `not ok N - name` for each point, `skip: NAME: reason` for what
it cannot try (counted neither way). One that prints no point at all is a single point: its exit
status.
"""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POINT = re.compile(rb"^(not )?ok\b\s*(\d+)?\s*-?\s*(.*)$")
PLAN = re.compile(rb"^1\.\.(\d+)")
MAX_OUTPUT = 16 << 20  # a program that prints more is broken


class Result:
    """What one program said."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = []  # names of points
        self.skips = []  # texts
        self.output = b""
        self.seconds = self.cpu = 0.0


class Totals:
    """Sums over programs and stages."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skips = []

    def add(self, passed, failed):
        self.passed += passed
        self.failed += failed

    def last_line(self):
        return "%d passed, %d failed" % (self.passed, self.failed)


def say(text):
    print(text, flush=True)


def shown(raw):
    """Foreign bytes as one printable line."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in text)


def read_tap(result, status):
    """Fills `result` from its output and the exit status of the program."""
    points = planned = 0
    plan_seen = False
    for line in result.output.split(b"\n"):
        line = line.rstrip(b"\r")
        point = POINT.match(line)
        plan = PLAN.match(line)
        if point:
            points += 1
            rest = point.group(3)
            if re.search(rb"#\s*skip", rest, re.I):
                result.skips.append("%s: %s" % (result.name, shown(rest)))
            elif point.group(1):
                result.failed.append(shown(rest) or "point %d" % points)
            else:
                result.passed += 1
        elif plan:
            plan_seen = True
            planned += int(plan.group(1))
            if planned == 0 and b"skip" in line.lower():
                result.skips.append("%s: %s" % (result.name, shown(line)))
        elif line.startswith(b"skip: "):
            result.skips.append(shown(line[6:]))
        elif line.startswith(b"Bail out!"):
            result.failed.append(shown(line))
    if status == 77 and points == 0:
        if not result.skips:
            result.skips.append("%s: not possible here" % result.name)
    elif points == 0 and not plan_seen and not result.skips:
        if status == 0:
            result.passed = 1
        else:
            result.failed.append(ended(status))
    elif plan_seen and planned != points:
        result.failed.append("planned %d points, ran %d (%s)" % (planned, points, ended(status)))
    elif status != 0 and not result.failed:
        result.failed.append("every point passed, but it " + ended(status))


def ended(status):
    if status < 0:
        try:
            return "died of " + signal.Signals(-status).name
        except ValueError:
            return "died of signal %d" % -status
    return "ended with status %d" % status


def wait(child, until):
    """The status of a process at its end, None when it had to be killed, and its CPU seconds."""
    killed = False
    while True:
        pid, how, used = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(how)
            return None if killed else child.returncode, used.ru_utime + used.ru_stime
        if not killed and time.monotonic() > until:
            os.killpg(child.pid, signal.SIGKILL)
            killed = True
        time.sleep(0.01)


def run_program(name, command, env, timeout, workdir=None):
    """Runs `command` in a fresh folder and a process group of its own; returns a Result."""
    result = Result(name)
    begin = time.monotonic()
    folder = tempfile.mkdtemp(prefix="pl-test-")
    full = dict(os.environ)
    full.update({"TMPDIR": folder, "HOME": folder, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                 "PL_SRC": ROOT, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    for key in ("CI", "NO_COLOR", "CLICOLOR_FORCE", "XDG_CONFIG_HOME", "MAKEFLAGS", "MAKELEVEL"):
        full.pop(key, None)
    for key in [k for k in full if k.startswith("PLIMSOLL_")]:
        del full[key]
    full.update(env)
    status = None
    try:
        with tempfile.TemporaryFile() as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT, env=full, cwd=workdir or folder,
                                     start_new_session=True)
            status, result.cpu = wait(child, begin + timeout)
            out.seek(0)
            result.output = out.read(MAX_OUTPUT)
    except OSError as problem:
        result.failed.append("cannot be run: %s" % problem)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    result.seconds = time.monotonic() - begin
    if status is not None:
        read_tap(result, status)
    elif not result.failed:
        read_tap(result, 0)
        result.failed.append("no end after %d seconds" % timeout)
    return result


def meson_tests(build, suites):
    """(name, command, env, timeout) of the tests that the build describes."""
    text = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                          stdout=subprocess.PIPE).stdout
    found = []
    for test in json.loads(text):
        kinds = [s.split(":")[-1] for s in test["suite"]]
        if suites and not any(k in suites for k in kinds):
            continue
        found.append(("%s/%s" % (kinds[0] if kinds else "test", test["name"]), test["cmd"],
                      dict(test.get("env") or {}), max(float(test.get("timeout") or 30), 60.0)))
    return sorted(found)


def script_tests(suites):
    """The executable scripts of tests/spec, tests/e2e and tests/ext."""
    found = []
    for suite in ("spec", "e2e", "ext"):
        if suites and suite not in suites:
            continue
        for folder, _, files in sorted(os.walk(os.path.join(ROOT, "tests", suite))):
            for name in sorted(files):
                path = os.path.join(folder, name)
                runner = name.endswith((".sh", ".py")) or name == "run"
                if runner and not name.startswith("_"):
                    if not os.access(path, os.X_OK):
                        sys.exit("%s: a test that may not be executed" % path)
                    # only what hangs takes as long, however busy the machine is
                    found.append((os.path.relpath(path, os.path.join(ROOT, "tests")), [path], {},
                                  900.0))
    return found


def collect(build, suites):
    """All programs of the chosen suites; a script that meson runs as well is taken once."""
    programs = meson_tests(build, suites)
    known = {os.path.realpath(part) for p in programs for part in p[1]}
    programs += [p for p in script_tests(suites) if os.path.realpath(p[1][0]) not in known]
    # the long ones first, so that none of them runs alone at the end
    return sorted(programs, key=lambda p: p[0].startswith("e2e") + 2 * p[0].startswith("spec"),
                  reverse=True)


def build_env(build):
    """What a test script is told about the build it tests."""
    env = {"PL_BUILD": os.path.abspath(build),
           "PLIMSOLL": os.path.join(os.path.abspath(build), "plimsoll")}
    for place in ("tools/mkimage", "mkimage"):
        path = os.path.join(os.path.abspath(build), place)
        if os.path.isfile(path):
            env["MKIMAGE"] = path
    return env


def report(label, result, totals, verbose):
    totals.add(result.passed, len(result.failed))
    totals.skips += result.skips
    word = "FAIL" if result.failed else "ok"
    say("%-4s %s %s: %d passed%s, %.1f s, %.1f of CPU" % (
        word, label, result.name, result.passed,
        ", %d failed" % len(result.failed) if result.failed else "", result.seconds, result.cpu))
    for text in result.skips:
        say("skip: " + text)
    if result.failed:
        for name in result.failed:
            say("     not ok: " + name)
        tail = result.output[-12000:].decode("utf-8", "backslashreplace")
        for line in tail.split("\n"):
            if verbose or not re.match(r"^ok\b", line):
                say("     | " + line)


def run_all(label, build, suites, totals, env=None, jobs=2, timeout_factor=1.0, only=None,
            verbose=False):
    """Runs every program of `suites` against `build`; adds to `totals`."""
    base = build_env(build)
    base.update(env or {})
    programs = [p for p in collect(build, suites) if not only or re.search(only, p[0])]
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        waiting = [pool.submit(run_program, name, command, {**extra, **base},
                               timeout * timeout_factor)
                   for name, command, extra, timeout in programs]
        for done in waiting:
            report(label, done.result(), totals, verbose)
    return len(programs)


def jobs_here():
    """Two for each core: half of the time of the tests is spent in waiting for clocks and peers."""
    return max(1, min(2 * len(os.sched_getaffinity(0)), 8))


if __name__ == "__main__":
    sys.exit("use tests/run")
