#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is given to run plimsoll with: manifests, units, a dashboard. They fit each other and this
program."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
sys.path.insert(0, os.path.join(SRC, "tests", "lib"))
import kubelib  # noqa: E402

FLEET = os.path.join(SRC, "deploy", "kubernetes", "fleet")
OUTSIDE = {("Secret", n) for n in ("plimsoll-store-owner", "plimsoll-store-worker",
                                   "plimsoll-gate-tls")}
points = bad = 0
helps = {}


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)),
          flush=True)


def skip(name, why):
    print("skip: %s: %s" % (name, why), flush=True)


def run(*args):
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def help_of(verb):
    if verb not in helps:
        code, out, _ = run(verb, "--help=all")
        helps[verb] = out if code == 0 else None
    return helps[verb]


def call_faults(args):
    """Is this a call that the program understands? None: it has no such verb."""
    verb, text = args[0], help_of(args[0])
    if text is None:
        return None
    out = [a for a in args[1:] if a.startswith("--") and
           not re.search(r"%s\b(?!-)" % re.escape(a.split("=")[0]), text)]
    if verb in ("store", "db", "queue") and not re.search(r"\b%s %s\b" % (verb, args[1]), text):
        return None if verb == "store" else out + args[:2]
    return out


def calls(name, found):
    """found: [(where, arguments)]"""
    known = [(w, call_faults(a), a) for w, a in found]
    for w, faults, a in known:
        if faults is None:
            skip("%s: %s" % (name, w), "'plimsoll %s' is not in this build" % " ".join(a[:2]))
    wrong = [(w, f) for w, f, _ in known if f]
    point(not wrong, "%s: every call is one of this program" % name, wrong)


def lint(what, paths):
    code, out, err = run("lint", "-f", "json", *paths)
    found = [f["rule"] for t in json.loads(out)["targets"] for f in t["findings"]] if out else err
    point(code == 0 and not found, "%s: lint finds nothing" % what, (code, found, err))


def kubernetes(folder):
    try:
        import yaml
    except ImportError:
        return skip("manifests", "no PyYAML")
    defs = kubelib.openapi()
    if not defs:
        skip("manifests: schema", "no OpenAPI of Kubernetes: go mod download k8s.io/kubernetes")
    lint("manifests", sorted(glob.glob(FLEET + "/base/*.yaml")))
    for where in [FLEET + "/base"] + sorted(glob.glob(FLEET + "/overlays/*")):
        name = os.path.basename(where)
        try:
            text = kubelib.built(where)
        except RuntimeError as e:
            point(False, "%s: it builds" % name, e)
            continue
        if text is None:
            skip(name, "neither kustomize nor kubectl")
            continue
        objects = [o for o in yaml.safe_load_all(text) if o]
        path = os.path.join(folder, name + ".yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        lint(name, [path])
        code, out, err = run("gate", "deploy", path, "--policy", "policy.yaml", "--offline")
        point(code == 0 and "registry.example.com/plimsoll/plimsoll@sha256:" in out,
              "%s: gate deploy lets its images pass" % name, (code, out, err))
        if defs:
            faults = kubelib.schema_faults(objects, defs[1])
            point(len(objects) > 10 and not faults, "%s: as the schema of Kubernetes says" % name, faults)
        mine = [o for o in objects if kubelib.at(o, "metadata", "namespace") != "plimsoll"]
        faults = kubelib.reference_faults(objects, OUTSIDE)
        point(not faults, "%s: what it names is there" % name, faults)
        faults = kubelib.tightness_faults(mine)
        point(not faults, "%s: no right that is not needed" % name, faults)
        if name == "base":
            calls("manifests", [(o["metadata"]["name"], c["args"]) for o in mine if kubelib.pod_of(o)
                                for c in kubelib.containers(kubelib.pod_of(o))])


def systemd(folder):
    units = sorted(glob.glob(SRC + "/deploy/systemd/*.service"))
    found = []
    for path in units:
        with open(path, encoding="utf-8") as f:
            line = next(line for line in f if line.startswith("ExecStart="))
        args = [a for a in line.split("=", 1)[1].split()[1:] if not a.startswith("$")]
        found.append((os.path.basename(path), args))
    calls("units", found)
    if not shutil.which("systemd-analyze"):
        return skip("units", "no systemd-analyze")
    for path in units:
        name = os.path.basename(path)
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        level = re.search(rb"exposure level for .*: ([0-9.]+)", done.stdout)
        if not level:
            return skip("units", "this systemd-analyze does not look at files")
        point(float(level[1]) < 2, "%s: exposure %s" % (name, level[1].decode()), done.stdout[-300:])
        copy = os.path.join(folder, name.replace("@.", "@1."))
        with open(path, encoding="utf-8") as f, open(copy, "w", encoding="utf-8") as g:
            g.write(f.read().replace("/usr/local/bin/plimsoll", "/bin/true"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        said = [line for line in done.stdout.decode().splitlines() if name.split("@")[0] in line]
        point(not said, "%s: systemd understands every line" % name, said)


def dashboard():
    """Each metric that it asks for is one that the program exposes."""
    with open(SRC + "/deploy/grafana/plimsoll.json", encoding="utf-8") as f:
        board = json.load(f)
    asked = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            asked |= set(re.findall(r"\b(?:plimsoll|process)_[a-z_]+", target["expr"]))
    told = set()
    for path in glob.glob(SRC + "/src/*/*.c"):
        with open(path, encoding="utf-8") as f:
            told |= set(re.findall(r'"(plimsoll_[a-z_]+|process_[a-z_]+)"', f.read()))
    told |= {n + s for n in told if n.endswith("_seconds") for s in ("_bucket", "_sum", "_count")}
    point(asked and asked <= told, "dashboard: every metric is there", sorted(asked - told))
    ids = [p["id"] for p in board["panels"]]
    point(len(ids) == len(set(ids)) and all(p["targets"] for p in board["panels"]), "dashboard: panels", ids)


def main():
    with tempfile.TemporaryDirectory(prefix="pl-deploy-") as folder:
        os.chdir(folder)
        with open("policy.yaml", "w", encoding="utf-8") as f:
            f.write("version: 1\ndefault: deny\nscopes:\n"
                    '  - match: ["registry.example.com/**"]\n    allow: pinned\n')
        kubernetes(folder)
        systemd(folder)
        dashboard()
    print("1..%d" % points)
    sys.exit(bad > 0)


main()
