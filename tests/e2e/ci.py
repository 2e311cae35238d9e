#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The files that CI services and pre-commit read, run as they would run them: the steps of action.yml
and the script of the GitLab component in a made-up runner, with an https server of our own; the hooks by
the pre-commit framework where it is installed (or named by $PRE_COMMIT)."""

import base64
import glob
import hashlib
import http.server
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLIMSOLL = os.path.abspath(os.environ.get("PLIMSOLL") or os.path.join(ROOT, "build", "plimsoll"))
ENV = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITHUB_"))}
ENV.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="A",
           GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="A",
           GIT_COMMITTER_EMAIL="a@example.org")
points = failed = 0


def point(name, good, why=""):
    global points, failed
    points += 1
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", points, name))
    for line in [] if good else str(why).split("\n")[-12:]:
        print("# " + line[:300])


def blocks(path):
    """The literal blocks ("run: |", "- |") of a YAML file, in order."""
    found, lines, at = [], open(path, encoding="utf-8").read().split("\n"), 0
    while at < len(lines):
        head, at = lines[at], at + 1
        if not re.fullmatch(r"\s*(run:|-) \|", head):
            continue
        indent = len(lines[at]) - len(lines[at].lstrip())
        body = []
        while at < len(lines) and (not lines[at].strip() or lines[at].startswith(" " * indent)):
            body.append(lines[at][indent:])
            at += 1
        found.append("\n".join(body) + "\n")
    return found


def sh(command, cwd=None, shell="bash", **env):
    return subprocess.run([shell, "-c", command], cwd=cwd, env={**ENV, **env}, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, mode)


def serve(folder):
    """An https server on the folder; its port, and the certificate to trust."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "cert.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
                   check=True, stderr=subprocess.DEVNULL)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=os.path.join(folder, "www"))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], cert


def sign(folder, path):
    key = os.path.join(folder, "sign.key")
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
                   check=True)
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, path], check=True,
                         stdout=subprocess.PIPE).stdout
    write(path + ".sig", base64.b64encode(der))
    return subprocess.run(["openssl", "ec", "-in", key, "-pubout"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def repositories(folder):
    leaky, clean = os.path.join(folder, "leaky"), os.path.join(folder, "clean")
    write(leaky + "/app.env", "password = \"" + "kT9wq2Lx" + "Vb81mZsY\"\n")
    write(clean + "/a.txt", "nothing\n")
    for repo in (leaky, clean):
        sh("git init -q . && git add . && git commit -qm one", repo)
    return leaky, clean


def fetching(folder, port, cert, step, names, ran):
    """The checks before the program runs, in a step that takes its input by `names`."""
    served = os.path.join(folder, "www", "plimsoll")
    write(served, "#!/bin/sh\nexec '%s' \"$@\"\n" % PLIMSOLL)
    digest = hashlib.sha256(open(served, "rb").read()).hexdigest()
    key = sign(folder, served)
    other = key.replace(key.split("\n")[1], sign(folder, served + "2").split("\n")[1]) \
        if shutil.copy(served, served + "2") else ""
    url = "https://localhost:%d/plimsoll" % port
    cases = [
        ("the right digest", url, digest, "", True),
        ("another digest", url, "0" * 64, "", False),
        ("no digest", url, "", "", False),
        ("an address without TLS", url.replace("https", "http"), digest, "", False),
        ("digest and signature", url, digest, key, True),
        ("the signature of another key", url, digest, other, False),
    ]
    for name, address, digits, pem, good in cases:
        env = dict(zip(names, (address, digits, pem, "")))
        did, used = step({**env, "CURL_CA_BUNDLE": cert})
        point("%s: %s" % (ran, name), used == good,
              did.stdout.decode() + did.stderr.decode())


def action(folder, port, cert, leaky, clean):
    fetch, scan = blocks(os.path.join(ROOT, "action.yml"))

    def step(env):
        temp = tempfile.mkdtemp(dir=folder)
        path = os.path.join(temp, "path")
        write(path, "")
        did = sh(fetch, folder, RUNNER_TEMP=temp, GITHUB_PATH=path, **env)
        program = os.path.join(temp, "plimsoll", "plimsoll")
        used = did.returncode == 0 and os.access(program, os.X_OK) and \
            open(path, encoding="ascii").read().strip() == os.path.dirname(program)
        refused = not os.access(program, os.X_OK) and os.path.getsize(path) == 0
        return did, used if used or refused else None

    fetching(folder, port, cert, step, ("URL", "SHA256", "KEY", "SIGNATURE"), "action")
    bin_dir = os.path.join(folder, "bin")
    os.makedirs(bin_dir, exist_ok=True)
    os.symlink(PLIMSOLL, os.path.join(bin_dir, "plimsoll"))
    shallow = os.path.join(folder, "shallow")
    sh("git -C '%s' commit -q --allow-empty -m two; git clone -q --depth 1 'file://%s' '%s'" % (
        clean, clean, shallow), folder)
    for repo, code in ((leaky, 1), (clean, 0), (shallow, 3)):
        temp = tempfile.mkdtemp(dir=folder)
        summary = os.path.join(temp, "summary")
        did = sh(scan, repo, RUNNER_TEMP=temp, GITHUB_STEP_SUMMARY=summary, SOURCE="git",
                 TARGET=".", RANGE="", FAIL_ON="high", BASELINE="",
                 SARIF=os.path.join(temp, "r.sarif"), PATH=bin_dir + ":" + ENV["PATH"])
        name = os.path.basename(repo)
        point("action: %s exits %d" % (name, code), did.returncode == code, did.stderr.decode())
        point("action: %s has summary and SARIF" % name,
              os.path.getsize(summary) > 0 and os.path.getsize(os.path.join(temp, "r.sarif")) > 0)
        marked = b"::error file=app.env,line=1," in did.stderr
        point("action: %s annotations" % name, marked == (code == 1), did.stderr.decode())
        point("action: %s says which program ran" % name, b"sha256 " in did.stdout)


def component(folder, port, cert, leaky):
    script = blocks(glob.glob(os.path.join(ROOT, "templates", "*.yml"))[0])[0]
    rest = {"PL_RANGE": "", "PL_FAIL_ON": "high", "PL_BASELINE": "", "CI_PROJECT_DIR": leaky}

    def step(env):
        report = os.path.join(leaky, "gl-secret-detection-report.json")
        if os.path.exists(report):
            os.unlink(report)
        did = sh(script, leaky, shell="sh", **{**rest, **env})
        return did, did.returncode == 1 and os.path.exists(report)

    fetching(folder, port, cert, step, ("PL_URL", "PL_SHA256", "PL_KEY", "PL_SIGNATURE"),
             "component")


def hooks(folder):
    exe = os.environ.get("PRE_COMMIT") or shutil.which("pre-commit")
    if not exe:
        print("skip: e2e/ci pre-commit: not installed")
        return
    repo, source = os.path.join(folder, "hooked"), os.path.join(folder, "source")
    bin_dir = os.path.join(folder, "bin")
    for name in (".pre-commit-hooks.yaml", "tools/pre-commit-native"):
        write(os.path.join(source, name), open(os.path.join(ROOT, name), "rb").read(), 0o755)
    write(os.path.join(source, "build", "plimsoll"), "#!/bin/sh\nexec '%s' \"$@\"\n" % PLIMSOLL,
          0o755)  # stands for what the native hook builds
    sh("git init -q . && git add -f . && git commit -qm one", source)
    home = {"PRE_COMMIT_HOME": os.path.join(folder, "cache"), "HOME": folder,
            "PATH": bin_dir + ":" + os.path.dirname(exe) + ":" + ENV["PATH"]}
    for hook in ("plimsoll-secrets", "plimsoll-secrets-system"):
        shutil.rmtree(repo, ignore_errors=True)
        write(os.path.join(repo, ".pre-commit-config.yaml"),
              "repos:\n- repo: %s\n  rev: %s\n  hooks: [{id: %s}]\n" % (
                  source, sh("git rev-parse HEAD", source).stdout.decode().strip(), hook))
        sh("git init -q . && git add . && git commit -qm one", repo)
        did = sh("pre-commit install", repo, **home)
        write(os.path.join(repo, "a.txt"), "nothing\n")
        did = sh("git add . && git commit -qm two", repo, **home)
        point("pre-commit: %s lets a clean commit go" % hook, did.returncode == 0,
              did.stdout.decode() + did.stderr.decode())
        write(os.path.join(repo, "b.env"), "password = \"" + "kT9wq2Lx" + "Vb81mZsY\"\n")
        did = sh("git add . && git commit -qm three", repo, **home)
        point("pre-commit: %s stops a secret" % hook, did.returncode != 0 and
              b"b.env" in did.stdout + did.stderr, did.stdout.decode() + did.stderr.decode())


def main():
    for tool in ("git", "bash", "curl", "openssl", "sha256sum"):
        if not shutil.which(tool):
            print("1..0 # SKIP no %s" % tool)
            return 0
    built = sh("'%s' secrets git '%s'" % (PLIMSOLL, "/"))
    if b"built without libgit2" in built.stdout + built.stderr:
        print("1..0 # SKIP built without libgit2")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        port, cert = serve(folder)
        leaky, clean = repositories(folder)
        action(folder, port, cert, leaky, clean)
        component(folder, port, cert, leaky)
        hooks(folder)
    print("1..%d" % points)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
