#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The trivy personality from outside: targets, flags, ignore files, forms, exit codes."""

import json
import os
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ["PLIMSOLL"]
points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)))


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def record(name, package, eco, fixed, word):
    events = [{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])
    return json.dumps({"schema_version": "1.7.0", "id": name, "modified": "2026-01-01T00:00:00Z",
                       "summary": "made up", "database_specific": {"severity": word},
                       "affected": [{"package": {"ecosystem": eco, "name": package},
                                     "ranges": [{"type": "ECOSYSTEM", "events": events}]}]})


def main():
    waits, _ = os.pipe()  # nothing comes, and no end
    with tempfile.TemporaryDirectory() as tmp:
        db = os.path.join(tmp, "db")
        for i, args in enumerate([("CVE-2024-1", "a", "npm", "2.0.0", "HIGH"), ("CVE-2024-2", "a", "npm", "", "LOW"),
                                  ("CVE-2024-3", "b", "npm", "2.0.0", "CRITICAL"),
                                  ("CVE-2024-4", "openssl", "Debian:12", "3.1-1", "MEDIUM")]):
            write("%s/source/%d.json" % (tmp, i), record(*args))
        subprocess.run([PROGRAM, "db", "build", tmp + "/source", "--db", db, "-q"], check=True)
        app = os.path.join(tmp, "app")
        write(app + "/package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {
            "": {"name": "x"}, "node_modules/a": {"version": "1.0.0"},
            "node_modules/b": {"version": "1.0.0", "dev": True}}}))
        root = os.path.join(tmp, "root")
        write(root + "/etc/os-release", 'ID=debian\nVERSION_ID="12"\n')
        write(root + "/var/lib/dpkg/status", "Package: libssl3\nStatus: install ok installed\nSource: openssl\n"
              "Version: 3.0-1\nArchitecture: amd64\n\n")

        def trivy(*args, fed=False, **env):
            done = subprocess.run([PROGRAM, "as", "trivy", *args], stdin=waits if fed else subprocess.DEVNULL, cwd=tmp,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                  env=dict(os.environ, PLIMSOLL_DB=db, **env))
            return done.returncode, done.stdout.decode(), done.stderr.decode()

        def ids(text):
            return sorted(v["VulnerabilityID"] for r in json.loads(text).get("Results", [])
                          for v in r.get("Vulnerabilities", []))

        code, out, err = trivy("fs", "-f", "json", app)
        point(code == 0 and ids(out) == ["CVE-2024-1", "CVE-2024-2"], "a tree; what is of development is not counted",
              (code, err))
        point([(r["Target"], r["Class"], r["Type"]) for r in json.loads(out)["Results"]] ==
              [("package-lock.json", "lang-pkgs", "npm")], "the block of a lock file", out)
        code, out, err = trivy("fs", "-f", "json", "--include-dev-deps", app)
        point(ids(out) == ["CVE-2024-1", "CVE-2024-2", "CVE-2024-3"], "with what is of development", err)
        code, out, err = trivy("fs", "-f", "json", "--severity", "HIGH,CRITICAL", "--exit-code", "7", app)
        point(code == 7 and ids(out) == ["CVE-2024-1"], "--severity filters before the exit code", (code, err))
        code, out, err = trivy("fs", "-f", "json", "-s", "CRITICAL", "--exit-code", "7", app)
        point(code == 0 and ids(out) == [], "nothing left is exit 0", (code, err))
        code, out, err = trivy("fs", "-f", "json", "--ignore-unfixed", app)
        point(ids(out) == ["CVE-2024-1"], "--ignore-unfixed", err)
        code, out, err = trivy("fs", "-f", "json", "--ignore-status", "affected", app)
        point(ids(out) == ["CVE-2024-1"], "--ignore-status", err)
        code, out, err = trivy("fs", "-f", "json", "--skip-files", "package-lock.json", app)
        point(code == 0 and ids(out) == [], "--skip-files", err)
        code, out, err = trivy("fs", "-f", "json", "--list-all-pkgs=false", app)
        point("Packages" not in out and ids(out), "--list-all-pkgs=false", err)
        code, out, err = trivy("fs", app, TRIVY_FORMAT="json", TRIVY_EXIT_CODE="9", TRIVY_SEVERITY="LOW")
        point(code == 9 and ids(out) == ["CVE-2024-2"], "variables", (code, err))
        write(tmp + "/trivy.yaml", "format: json\nexit-code: 8\nvulnerability:\n  ignore-unfixed: true\n")
        code, out, err = trivy("fs", app)
        point(code == 8 and ids(out) == ["CVE-2024-1"], "trivy.yaml", (code, err))
        os.unlink(tmp + "/trivy.yaml")
        write(tmp + "/.trivyignore", "# why\nCVE-2024-1\nCVE-2024-2 exp:2020-01-01\n")
        code, out, err = trivy("fs", "-f", "json", app)
        point(ids(out) == ["CVE-2024-2"], ".trivyignore, and what is past", (code, err))
        os.unlink(tmp + "/.trivyignore")
        code, out, err = trivy("rootfs", "-f", "json", "--scanners", "vuln", root)
        d = json.loads(out)
        point(ids(out) == ["CVE-2024-4"] and d["Metadata"]["OS"] == {"Family": "debian", "Name": "12"},
              "a root file system", (code, err, out[:300]))
        v = d["Results"][0]["Vulnerabilities"][0]
        point((v["PkgName"], v["InstalledVersion"], v["FixedVersion"], v["Status"], v["Severity"]) ==
              ("libssl3", "3.0-1", "3.1-1", "fixed", "MEDIUM"), "a row", v)
        code, out, err = trivy("rootfs", "--scanners", "vuln", root)
        point("│ libssl3 " in out and "Total: 1 (UNKNOWN: 0, LOW: 0, MEDIUM: 1" in out, "the table", out)
        code, out, err = trivy("fs", "-f", "template", "--template", "@contrib/junit.tpl", app)
        point(code == 0 and out.startswith("<?xml"), "a template that is built in", (code, err))
        for args in (["fs", "--server", "http://x", app], ["fs", "--compliance=docker-cis", app], ["fs", "--no-such", app],
                     ["fs", "-f", "github", app], ["fs"], ["fs", "-s", "SEVERE", app], ["plugin", "list"]):
            code, out, err = trivy(*args)
            point(code == 2 and err, "refused: " + " ".join(args[:2]), (code, out))
        for args in (["fs", "--show-suppressed", app], ["fs", "--scanners", "license", app], ["fs", "--timeout", "5", app],
                     ["fs", "--timeout", "0s", app], ["fs", "--table-mode", "summary", app],
                     ["image", "--image-src", "containerd", "x"], ["image", "--image-src", "tape", "x"],
                     ["config", "-s", "SEVERE", app]):
            code, out, err = trivy(*args)
            point(code == 2 and err and not out, "refused: " + " ".join(args[:3]), (code, out))
        code, out, err = trivy("--quiet", "--cache-dir", tmp + "/c", "fs", "-f", "json", app)
        point(code == 0 and len(ids(out)) == 2, "global flags in front of the verb", (code, err))
        code, out, err = trivy("fs", "-f", "json", "--timeout", "1m30.5s", "--parallel", "1", "--table-mode",
                               "summary,detailed", app)
        point(code == 0 and len(ids(out)) == 2, "--timeout, --parallel, --table-mode", (code, err))
        begin = time.monotonic()
        code, out, err = trivy("image", "--input", "-", "--timeout", "200ms", fed=True)
        point(code == 1 and "--timeout" in err and not out and time.monotonic() - begin < 20,
              "--timeout ends a scan that waits", (code, err))
        code, out, err = trivy("image", "--image-src", "docker,podman", "no/such:image", DOCKER_HOST="unix:///none")
        point(code == 1 and "/none" in err and "registry" not in err, "--image-src docker asks no registry", (code, err))
        code, out, err = trivy("image", "--image-src", "remote", "127.0.0.1:9/no/such:image", DOCKER_HOST="unix:///none")
        point(code == 1 and "127.0.0.1:9" in err and "/none" not in err, "--image-src remote asks no service", (code, err))
        os.makedirs(tmp + "/alpine", exist_ok=True)
        code, out, err = trivy("image", "--image-src", "docker", "alpine", DOCKER_HOST="unix:///none")
        point(code == 1, "a folder of that name is no image", (code, out, err))
        env = dict(os.environ, PLIMSOLL_DB=tmp + "/nothing")
        done = subprocess.run([PROGRAM, "as", "trivy", "fs", app], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=env, check=False)
        point(done.returncode == 1 and b"db build" in done.stderr, "no database is no clean result", done.stderr)
        write(app + "/yarn.lock", "\0\1 broken")
        os.makedirs(root + "/var/lib/rpm", exist_ok=True)
        write(root + "/var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0 and no more")
        code, out, err = trivy("rootfs", "-f", "json", root)
        point(code == 1 and "INCOMPLETE" in err, "what could not be read is not clean", (code, err))
    print("1..%d" % points)
    return bad > 0


sys.exit(main())
