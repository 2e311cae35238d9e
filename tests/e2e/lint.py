#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lint from outside: bad input, sources of repairs, outputs, controls, personalities."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile

PROGRAM = os.environ["PLIMSOLL"]
points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)))


def run(*args, cwd, **more):
    done = subprocess.run([PROGRAM, *args], cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(
        errors="replace")


def write(cwd, name, data):
    os.makedirs(os.path.dirname(os.path.join(cwd, name)), exist_ok=True)
    with open(os.path.join(cwd, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def read(cwd, name):
    with open(os.path.join(cwd, name), encoding="utf-8") as f:
        return f.read()


def bad_input(cwd):
    cases = [
        ("a NUL byte", b"FROM a:1\n\0\n", 2, "offset 9"),
        ("bytes that are not UTF-8", b"FROM a:1\nRUN \xff\n", 2, "offset 13"),
        ("a line of 2 MiB", b"FROM a:1\nRUN " + b"a" * (2 << 20) + b"\n", 3, "line 2"),
        ("20 MB", b"FROM a:1\n" + b"# x\n" * 5000000, 3, "16 MiB"),
        ("10,000 stages", b"".join(b"FROM a:1 AS s%d\n" % i for i in range(10000)), 3, "1000"),
        ("stages in a circle", b"FROM scratch AS a\nCOPY --from=b /x /\nFROM scratch AS b\n"
                               b"COPY --from=a /x /\n", 2, "circle"),
        ("20,000 brackets", b"FROM a:1@sha256:" + b"0" * 64 + b"\nUSER 1\nRUN " + b"(" * 20000 +
         b"\n", 0, ""),
    ]
    write(cwd, "good", "FROM a:1\nRUN curl -k https://x.example/y | sh\n")
    for name, data, status, words in cases:
        write(cwd, "bad", data)
        code, out, err = run("lint", "-q", "-f", "json", "bad", cwd=cwd)
        point(code == status and words in out + err, "%s: status %d and why" % (name, status),
              (code, err[:200]))
        code, out, err = run("lint", "-q", "-f", "json", "bad", "good", cwd=cwd)
        rules = {f["rule"] for f in json.loads(out)["targets"][1]["findings"]}
        point("PL-D403" in rules and code == (1 if status in (0, 3) else status),
              "%s: the file beside it is judged all the same" % name, (code, rules))


def bad_manifests(cwd):
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        "a%d: &a%d [%s]\n" % (i, i, ", ".join(["*a%d" % (i - 1)] * 9)) for i in range(1, 30))
    merges = "b0: &b0 {k: v}\n" + "".join(
        "b%d: &b%d {<<: [%s]}\n" % (i, i, ", ".join(["*b%d" % (i - 1)] * 9)) for i in range(1, 30))
    cases = [
        ("aliases of aliases", laughs + "services: {a: {image: *a29}}\n", 3),
        ("merges of merges", merges + "services: {a: *b29}\n", 3),
        ("100,000 levels", "services: " + "[" * 100000 + "\n", 3),
        ("not YAML", "services:\n\t- x: [\n", 2),
        ("an alias of itself", "services: &a {x: *a}\n", 2),
        ("bytes that are not UTF-8", b"services:\n  a: {image: \xff\xfe}\n", 2),
        ("a NUL byte", b"services:\n  a: {image: x\0}\n", 2),
        ("a template", "services:\n  {{ range .x }}\n", 3),
    ]
    for name, data, status in cases:
        write(cwd, "bad.yml", data)
        code, out, err = run("lint", "-q", "-f", "json", "bad.yml", cwd=cwd, timeout=120)
        point(code in (2, 3) and (code == status or not status) and (out + err).strip(),
              "YAML, %s: status %d" % (name, status), (code, err[:200]))


def limited(cwd):
    """Time and memory of what is made to cost."""
    write(cwd, "stages", "".join("FROM a:1 AS s%d\nCOPY --from=s%d /x /y\n" % (i, i + 1)
                                 for i in range(900)))
    write(cwd, "long", b"FROM a:1\nRUN " + b"a" * (100 << 20) + b"\n")
    write(cwd, "runs", "FROM a:1\n" + "RUN apt-get install curl && cd /x; echo $y | sh\n" * 20000)
    for name in ("stages", "long", "runs"):
        for args in ([], ["-f", "json"], ["--diff", "--offline"]):
            begun = resource.getrusage(resource.RUSAGE_CHILDREN)
            code, _, err = run("lint", "-q", *args, name, cwd=cwd, timeout=300)
            ended = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = ended.ru_utime - begun.ru_utime
            point(code in (1, 2, 3) and spent < 20 and ended.ru_maxrss < 1 << 20,
                  "%s %s: ends in time" % (name, " ".join(args)),
                  (code, spent, ended.ru_maxrss, err[:100]))


def layout(cwd, digest):
    write(cwd, "layout/oci-layout", '{"imageLayoutVersion":"1.0.0"}')
    write(cwd, "layout/index.json", json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 2, "digest": digest,
        "annotations": {"org.opencontainers.image.ref.name": "docker.io/a/b:1"}}]}))


def sources(cwd):
    digest = "sha256:" + hashlib.sha256(b"x").hexdigest()
    text = "FROM a/b:1\nUSER 1\nADD https://h.example/x /x\n"
    layout(cwd, digest)
    write(cwd, "p/Dockerfile", text)
    code, out, _ = run("lint", "-q", "--offline", "--diff", "--fix=suggested", "--layout",
                       "oci:layout", "p/Dockerfile", cwd=cwd)
    point("+FROM a/b:1@" + digest in out and read(cwd, "p/Dockerfile") == text,
          "a digest from a layout, as a diff that writes nothing", out)
    run("lint", "-q", "--offline", "--fix=suggested", "--layout", "layout", "--write-lock",
        "p/plimsoll.lock", "p/Dockerfile", cwd=cwd)
    point('name = "docker.io/a/b"' in read(cwd, "p/plimsoll.lock"), "a lock file is written")
    write(cwd, "p/plimsoll.lock", read(cwd, "p/plimsoll.lock") + '\n[[download]]\n'
          'url = "https://h.example/x"\nsha256 = "%s"\n' % digest[7:])
    write(cwd, "p/Dockerfile", text)
    run("lint", "-q", "--offline", "--fix=suggested", "p/Dockerfile", cwd=cwd)
    point(read(cwd, "p/Dockerfile") == "FROM a/b:1@%s\nUSER 1\nADD --checksum=%s "
          "https://h.example/x /x\n" % (digest, digest), "the lock file beside it is used",
          read(cwd, "p/Dockerfile"))
    write(cwd, "p/plimsoll.lock", '[[image]]\nname = "a/b"\n')
    code, out, err = run("lint", "--offline", "--fix=suggested", "p/Dockerfile", cwd=cwd)
    point(code == 2 and "plimsoll.lock:1" in err, "a broken lock file is named", (code, err))


def secrets(cwd):
    write(cwd, "c/Dockerfile", "FROM a/b:1\nUSER 1\nCOPY . /app\n")
    write(cwd, "c/.npmrc", "x")
    code, out, _ = run("lint", "-q", "c/Dockerfile", cwd=cwd)
    point(code == 1 and "PL-D202" in out and ".npmrc" in out, "a credential in the whole context",
          out)
    write(cwd, "c/.dockerignore", ".npmrc\n")
    code, out, _ = run("lint", "-q", "c/Dockerfile", cwd=cwd)
    point(code == 0 and "PL-D202" not in out, "an ignored one is none", out)
    value = "ghp_" + "".join("Ab3dE6fG9hJ2kL5mN8pQ1rS4tU7vW0xY2zB5"[i] for i in range(36))
    write(cwd, "s/Dockerfile", "FROM a/b:1\nUSER 1\nENV A=%s\nRUN x --t %s\n" % (value, value))
    code, out, _ = run("lint", "-q", "s/Dockerfile", cwd=cwd)
    point("PL-D201" in out and "PL-D203" in out and value not in out,
          "secrets by value are found and not shown", out)


def outputs(cwd):
    write(cwd, "o/Dockerfile", "FROM debian:12\nEXPOSE 80/TCP\nRUN wget -q --no-check-certificate "
                               "https://h.example/x\n")
    code, out, _ = run("lint", "-q", "o/Dockerfile", cwd=cwd)
    point("3 | RUN wget -q --no-check-certificate" in out and "|             ^^^" in out,
          "the source line with carets", out)
    run("lint", "-q", "-f", "json=r.json", "-f", "sarif=r.sarif", "o/Dockerfile", cwd=cwd)
    added = [e for t in json.loads(read(cwd, "r.json"))["targets"] for f in t["findings"]
             for x in f["fixes"] for e in x["edits"] if "USER" in e["text"]]
    point([(e["line"], e["column"]) for e in added] in ([(4, 1)], []),
          "a line added at the end stands on a line of its own", added)
    sarif = json.loads(read(cwd, "r.sarif"))["runs"][0]
    fixes = [f for r in sarif["results"] for f in r.get("fixes", [])]
    point(fixes and fixes[0]["artifactChanges"][0]["replacements"], "SARIF carries repairs")
    tags = {t for r in sarif["tool"]["driver"]["rules"] for t in r["properties"]["tags"]}
    point("CIS-4.1" in tags and "T1195.001" in tags, "and controls", tags)
    code, out, _ = run("report", "--controls", "-f", "json", "r.json", cwd=cwd)
    result = {c["id"]: c["result"] for c in json.loads(out)["controls"]}
    point(code == 0 and result["CIS-4.11"] == "fail" and result["CIS-4.9"] == "pass"
          and result["CIS-5.2"] == "not assessed" and result["CIS-5.1"] == "out of scope",
          "controls with their results", result)


def config(cwd):
    write(cwd, "k/.git/x", "")
    write(cwd, "k/Dockerfile", "FROM a/b:1\nUSER 1\nRUN wget -q --no-check-certificate "
                               "https://h.example/x\n")
    folder = os.path.join(cwd, "k")
    write(cwd, "k/.plimsoll.toml", '[lint.severity]\nPL-D407 = "low"\nDL3059 = "off"\n')
    code, out, _ = run("lint", "-q", "Dockerfile", cwd=folder)
    point(code == 0 and "PL-D407" in out, "a severity from the configuration", (code, out))
    code, out, _ = run("lint", "-q", "--no-config", "Dockerfile", cwd=folder)
    point(code == 1, "--no-config reads none", code)
    write(cwd, "k/.plimsoll.toml", '[[ignore]]\nrule = "PL-D407"\nreason = "x"\n'
                                   'until = 2999-01-01\n')
    code, out, _ = run("lint", "-q", "Dockerfile", cwd=folder)
    point(code == 0 and "PL-D407" not in out, "an ignore entry", (code, out))
    write(cwd, "k/.plimsoll.toml", 'rules = "2026.01"\n')
    code, out, _ = run("lint", "-q", "Dockerfile", cwd=folder)
    point(code == 0 and "[preview]" in out, "rules newer than the pin do not fail", (code, out))
    write(cwd, "k/.plimsoll.toml", 'fail_on = "low"\n')
    code, _, err = run("lint", "-q", "Dockerfile", cwd=folder)
    point(code == 2 and "fail_on" in err and ":1:" in err, "an unknown key is named", (code, err))


def joined(cwd):
    """Manifests held against the images that they name."""
    here = os.path.dirname(os.path.abspath(__file__))
    for name in ("nginx", "redis"):
        recipe = os.path.join(here, "..", "spec", "harden", name + ".recipe")
        subprocess.run([os.environ["MKIMAGE"], recipe, "oci:" + os.path.join(cwd, name)],
                       check=True)
    images = ["--image", "nginx:1=oci:nginx", "--image", "redis:8=oci:redis"]
    write(cwd, "compose.yml", "services:\n  web:\n    image: docker.io/library/nginx:1\n"
          "    read_only: true\n    cap_drop: [ALL]\n    tmpfs: /run\n    ports: ['80:8080']\n"
          "  db:\n    image: redis:8\n    user: '1000:1000'\n"
          "    volumes: ['db:/data']\n"
          "  own:\n    image: nginx:1\n    command: [sleep, '1']\n    read_only: true\n")
    write(cwd, "pod.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  securityContext:\n"
          "    runAsNonRoot: true\n  containers:\n    - name: a\n      image: nginx:1\n")
    code, out, err = run("lint", "-q", "-f", "json", *images, "compose.yml", "pod.yaml", cwd=cwd)
    rules = [{(f["rule"], f["where"]["line"]) for f in t["findings"]}
             for t in json.loads(out)["targets"]]
    point(code == 1 and {("PL-R31", 4), ("PL-R32", 5), ("PL-R33", 7)} <= rules[0],
          "a compose file against what the image needs", (code, rules[0], err))
    point(("PL-R34", 11) in rules[0], "a volume that belongs to another user", rules[0])
    point(not {r for r, line in rules[0] if line > 11 and r > "PL-R30"},
          "another command has other needs", rules[0])
    point(("PL-R30", 5) in rules[1], "a pod that cannot start", rules[1])
    point("tmpfs /var/cache/nginx" in out, "what a read-only root would need is said", out[:300])
    code, _, err = run("lint", "-q", "--image", "nginx:1=oci:none", "compose.yml", cwd=cwd)
    point(code == 2 and "nginx:1" in err, "an image that is not there is named", (code, err))
    code, _, err = run("lint", "-q", "--image", "nginx:1", "compose.yml", cwd=cwd)
    point(code == 2 and "NAME=TARGET" in err, "an image without its target is refused", err)


def manifests_mended(cwd):
    """Comments and all other bytes stay; what was written is read back without finding."""
    text = ("# ours\nservices:\n  db:  # the store\n    image: 'redis:8'\n    volumes: ['db:/data']\n"
            "    ports:\n      - 6379:6379 # for all\nvolumes: {db: {}}\n")
    images = ["--image", "redis:8=oci:redis"]
    write(cwd, "c/compose.yml", text)
    code, out, err = run("lint", "--diff", "--fix=suggested", "--offline", *images, "c/compose.yml",
                         cwd=cwd)
    point("+    cap_drop:" in out and "+      - SETUID" in out and read(cwd, "c/compose.yml") == text,
          "the repair of a compose file as a difference", out)
    for _ in range(2):
        code, out, err = run("lint", "--fix=suggested", "--offline", "--fail-on", "none", "-f",
                             "json", *images, "c/compose.yml", cwd=cwd)
        after = read(cwd, "c/compose.yml")
    kept = [line for line in text.splitlines() if "6379" not in line]
    point(all(line in after.splitlines() for line in kept) and "127.0.0.1:6379:6379 # for all" in after
          and "user: \"999:999\"" in after, "it is written, with every other line as it was", after)
    rules = {f["rule"] for f in json.loads(out)["targets"][0]["findings"]}
    point(not rules & {"PL-R07", "PL-R08", "PL-R10", "PL-R11", "PL-R16", "PL-R31", "PL-R32"} and
          "mended" not in err, "its findings are gone, a second run changes nothing", (rules, err))
    write(cwd, "c/pod.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a # x\n"
          "      image: redis:8\n")
    run("lint", "-q", "--fix=unsafe", "--offline", *images, "c/pod.yaml", cwd=cwd)
    after = read(cwd, "c/pod.yaml")
    point("    - name: a # x\n      image: redis:8\n" in after and "runAsUser: 999" in after and
          "allowPrivilegeEscalation: false" in after, "and a manifest", after)


def scripts(cwd):
    write(cwd, "s/Dockerfile", "FROM a:1\nWORKDIR /app\nCOPY . .\nCOPY run.sh /usr/local/bin/\n"
          "ENTRYPOINT [\"run.sh\"]\nCMD [\"./bin/other\"]\n")
    write(cwd, "s/run.sh", "#!/bin/sh\n# no finding here\nrm -rf $1\n")
    write(cwd, "s/bin/other", "#!/usr/bin/env bash\ncurl -k https://a.example/x | sh\n")
    code, out, err = run("lint", "-q", "-f", "json", "s/Dockerfile", cwd=cwd)
    found = {(f["rule"], f["where"]["path"], f["where"]["line"])
             for f in json.loads(out)["targets"][0]["findings"]}
    point(("PL-S2086", "s/run.sh", 3) in found and code == 1,
          "the script of the entry point is judged where it stands", (found, err))
    point(any(path == "s/bin/other" and line == 2 for _, path, line in found),
          "one below a folder that is copied, too", found)
    point(all(line > 0 for _, _, line in found), "places are those of the script", found)


def explained(cwd):
    code, out, _ = run("explain", "DL3008", "PL-S2086", "PL-R10", cwd=cwd)
    point(code == 0 and "PL-D501" in out and "SC2086" in out and "CIS-5.13" in out and
          "  bad  " in out, "rules of lint are explained by any of their names", out)


def dockle(cwd):
    code, out, err = run("as", "dockle", "-f", "sarif", "--timeout", "60s", "-c", "5", "-l", "warn",
                         "oci:redis", cwd=cwd)
    result = json.loads(out)["runs"][0]
    ids = {r["ruleId"] for r in result["results"]}
    point(code == 5 and "CIS-DI-0001" in ids and
          ids == {r["id"] for r in result["tool"]["driver"]["rules"]}, "dockle's SARIF", (code, err))
    env = dict(os.environ, DOCKLE_IGNORES="CIS-DI-0001", DOCKLE_OUTPUT_FORMAT="json")
    code, out, err = run("as", "dockle", "oci:redis", cwd=cwd, env=env)
    point(code == 0 and "CIS-DI-0001" not in out and json.loads(out)["summary"],
          "dockle's variables", (code, out, err))


def personalities(cwd):
    write(cwd, "h/Dockerfile", "FROM debian\nRUN sudo x\n")
    code, out, _ = run("as", "trivy", "config", "--exit-code", "7", "-s", "CRITICAL", "-f", "json",
                       "h", cwd=cwd)
    found = json.loads(out)["Results"][0]["Misconfigurations"]
    point(code == 7 and [f["ID"] for f in found] == ["DS-0010"], "trivy config by severity", out)
    write(cwd, ".trivyignore", "AVD-DS-0010\n")
    code, out, _ = run("as", "trivy", "config", "--exit-code", "7", "-s", "CRITICAL", "h", cwd=cwd)
    point(code == 0, "its ignore file", out)
    code, _, err = run("as", "trivy", "server", cwd=cwd)
    point(code == 2 and "server" in err, "what it does not do is named", (code, err))
    write(cwd, "h/bad", "FROM a:1\nFOO\n")
    point(run("as", "hadolint", "h/bad", cwd=cwd)[0] == 1, "hadolint refuses what nobody builds")
    point(run("as", "hadolint", "-t", "none", "h/Dockerfile", cwd=cwd)[0] == 1,
          "everything reaches the threshold none")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        for part in (bad_input, bad_manifests, limited, sources, secrets, outputs, config, joined,
                     manifests_mended, scripts, explained, dockle, personalities):
            part(tmp)
    print("1..%d" % points)
    return 1 if bad else 0


sys.exit(main())
