#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The store and rescan from outside: what is new, what is gone, inventories of others, the webhook."""

import hashlib
import hmac
import http.server
import json
import os
import subprocess
import sys
import threading
import zipfile

PROGRAM, SRC = os.environ["PLIMSOLL"], os.environ["PL_SRC"]
points = 0
bad = 0


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)))


def run(*args, **more):
    done = subprocess.run([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def advisory(folder, name, ecosystem, package, fixed, score="H"):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
        json.dump({"schema_version": "1.7.0", "id": name, "summary": "made up",
                   "published": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
                   "severity": [{"type": "CVSS_V3",
                                 "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:" + score}],
                   "affected": [{"package": {"ecosystem": ecosystem, "name": package},
                                 "ranges": [{"type": "ECOSYSTEM", "events": [
                                     {"introduced": "0"}, {"fixed": fixed}]}]}]}, f)


def component(kind, name, version):
    extra = "?distro=debian-12" if kind == "deb/debian" else ""
    return {"type": "library", "name": name, "version": version,
            "purl": "pkg:%s/%s@%s%s" % (kind, name, version, extra)}


def document(name, *components):
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {"component": {"type": "container", "name": name}},
            "components": list(components)}


def write(name, text):
    with open(name, "w", encoding="utf-8") as f:
        f.write(text)


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def world():
    recipe = os.path.join(SRC, "tests", "demo", "shop.recipe")
    subprocess.run([os.environ["MKIMAGE"], recipe, "oci:shop"], check=True)
    advisory("adv1", "CVE-2026-0001", "Debian:12", "nodejs", "18.19.0+dfsg-6~deb12u9")
    advisory("adv2", "CVE-2026-0002", "npm", "npm", "11.0.0")
    advisory("adv2", "CVE-2026-0003", "Debian:12", "none-such", "1")
    advisory("adv3", "CVE-2026-0004", "Debian:12", "none-such", "1")
    advisory("low", "CVE-2026-0005", "npm", "npm", "11.0.0", "L")
    for db, sources in (("db1", ["adv1"]), ("db12", ["adv1", "adv2"]), ("db2", ["adv2"]),
                        ("db3", ["adv3"]), ("dblow", ["adv1", "low"])):
        run("db", "build", *sources, "--db", db)


def new_and_gone():
    code, _, err = run("scan", "oci:shop", "--db", "db1", "--store", "st", "--scanners",
                       "secret,vuln", "-q")
    point(code == 1 and not err, "scan --store is silent", (code, err))
    code, out, err = run("rescan", "--store", "st", "--db", "db1", "-f", "ndjson")
    doc = lines(out)[0]
    point(code == 1 and doc["new"] == [] and doc["gone"] == [], "what the scan told is not new", out)
    point(doc["packages"] == 5 and [f["rule"] for f in doc["findings"]] == ["CVE-2026-0001"],
          "the findings are those of the scan", out)
    _, plain, _ = run("scan", "oci:shop", "--db", "db12", "--no-store", "-f", "json", "--scanners",
                      "vuln", "-q")
    code, out, _ = run("rescan", "--store", "st", "--db", "db12", "-f", "ndjson")
    doc, same = lines(out)[0], json.loads(plain)["targets"][0]
    point(doc["new"] == ["CVE-2026-0002"] and doc["gone"] == [], "exactly the new one is new", out)
    point(doc["findings"] == same["findings"] and doc["digest"] == same["digest"],
          "findings are those of a scan with the new database, key by key")
    point(list(doc)[:6] == ["name", "digest", "packages", "findings", "new", "gone"],
          "keys in the order of the contract", list(doc))
    code, out, _ = run("rescan", "--store", "st", "--db", "db2")
    point("gone  CVE-2026-0001  pkg:deb/debian/nodejs@" in out and "new  " not in out and
          "0 new, 1 gone" in out, "what is gone is told with its package", out)
    code, out, _ = run("rescan", "--store", "st", "--db", "db2")
    point(code == 1 and "nothing new, nothing gone" in out, "once", (code, out))
    code, out, _ = run("rescan", "--store", "st", "--db", "db2", "--only-new", "-f", "ndjson")
    point((code, out) == (0, ""), "--only-new judges what is new", (code, out))
    code, out, _ = run("rescan", "--store", "st", "--db", "db12", "--only-new", "-f", "ndjson")
    point(code == 1 and [f["rule"] for f in lines(out)[0]["findings"]] == ["CVE-2026-0001"],
          "--only-new tells only what is new", (code, out))
    code, out, _ = run("rescan", "--store", "st", "--db", "db12", "--since", "@1", "-f", "ndjson")
    point(lines(out)[0]["new"] == ["CVE-2026-0001", "CVE-2026-0002"], "--since before the first run",
          out)
    code, out, _ = run("rescan", "--store", "st", "--db", "db12", "-f", "json")
    doc = json.loads(out)
    point(list(doc) == ["schema", "tool", "targets", "summary"] and
          doc["tool"].items() <= json.loads(plain)["tool"].items() and
          doc["summary"]["high"] == 2, "-f json", out[:300])


def since():
    env = lambda t: dict(os.environ, SOURCE_DATE_EPOCH=str(t))
    write("s.json", json.dumps(document("app", component("npm", "npm", "1.0.0"),
                                        component("deb/debian", "nodejs", "1"))))
    run("rescan", "--store", "since", "--add", "s.json", env=env(1000))
    run("rescan", "--store", "since", "--db", "db1", env=env(2000))
    run("rescan", "--store", "since", "--db", "db12", env=env(3000))
    run("rescan", "--store", "since", "--db", "db2", env=env(4000))
    ask = lambda t: lines(run("rescan", "--store", "since", "--db", "db2", "--since", "@%d" % t,
                              "-f", "ndjson", env=env(5000))[1])[0]
    got = [(ask(t)["new"], ask(t)["gone"]) for t in (1500, 2500, 3500, 4500)]
    one, two = ["CVE-2026-0001"], ["CVE-2026-0002"]
    point(got == [(two, []), (two, one), ([], one), ([], [])], "--since goes back in time", got)


def thresholds():
    one = ["rescan", "--store", "st", "-f", "ndjson"]
    cases = [(["--db", "db12", "--fail-on", "critical"], 0, 2), (["--db", "db12"], 1, 2),
             (["--db", "db12", "--fail-on", "none"], 0, 2),
             (["--db", "db12", "--exit-zero"], 0, 2),
             (["--db", "db12", "--severity", "low,medium"], 0, 0),
             (["--db", "dblow", "--severity", "medium", "--fail-on", "medium"], 1, 1),
             (["--db", "db12", "--ignore-status", "fixed"], 0, 0),
             (["--db", "db12", "--ignore-unfixed"], 1, 2)]
    for more, status, n in cases:
        code, out, err = run(*one, *more)
        point((code, len(lines(out)[0]["findings"])) == (status, n), "gate: " + " ".join(more),
              (code, out[:200], err))
    write("kev.json", json.dumps({"title": "CISA Catalog of Known Exploited Vulnerabilities",
                                  "catalogVersion": "2026.01.01", "dateReleased": "2026-01-01",
                                  "count": 1, "vulnerabilities": [
                                      {"cveID": "CVE-2026-0002", "dateAdded": "2026-01-02",
                                       "dueDate": "2026-01-20",
                                       "knownRansomwareCampaignUse": "Known"}]}))
    write("epss.csv", "#model_version:v2025.03.14,score_date:2026-01-01T00:00:00Z\n"
                      "cve,epss,percentile\nCVE-2026-0002,0.25,0.9\n")
    code, _, err = run("db", "build", "adv1", "adv2", "kev.json", "epss.csv", "--db", "dbkev")
    point(code == 0, "a database with KEV and EPSS", err)
    high = ["rescan", "--store", "st", "--db", "dbkev", "--fail-on", "critical"]
    got = [run(*high, *more)[0] for more in ([], ["--kev"], ["--epss", "0.2"], ["--epss", "0.3"])]
    point(got == [0, 1, 1, 0], "--kev and --epss fail whatever the severity", got)


def add():
    apps = [document("app-%d" % i, component("npm", "npm", "9.%d.0" % i)) for i in range(100)]
    write("many.ndjson", "".join(json.dumps(a) + "\n" for a in apps))
    write("one.json", json.dumps(document("pretty", component("npm", "npm", "11.2.0")), indent=4))
    code, out, err = run("rescan", "--store", "add", "--add", "many.ndjson", "one.json")
    point(code == 0 and not out and "101 inventories" in err, "--add", (code, out, err))
    code, out, _ = run("rescan", "--store", "add", "--db", "db12", "-f", "ndjson")
    docs = lines(out)
    names = [d["name"] for d in docs]
    point(len(docs) == 101 and names == sorted(names) and code == 1, "a line for each", len(docs))
    point(all(d["new"] == (["CVE-2026-0002"] if d["name"] != "pretty" else []) for d in docs),
          "each with what it has")
    _, plain, _ = run("scan", "sbom:one.json", "--db", "db12", "-f", "json", "--no-store")
    point([d for d in docs if d["name"] == "pretty"][0]["findings"] ==
          json.loads(plain)["targets"][0]["findings"], "as scan sbom: has it")
    code, out, _ = run("rescan", "--store", "add", "--db", "db12", "-f", "ndjson", "app-1?", "pretty")
    point(len(lines(out)) == 11, "names choose", len(lines(out)))
    code, _, err = run("rescan", "--store", "add", "--db", "db12", "nothing*")
    point(code == 2 and "nothing*" in err, "a name that is not there", (code, err))
    write("same.ndjson", "".join(json.dumps(document("same", component("npm", "npm", v))) + "\n"
                                 for v in ("9.0.0", "12.0.0", "8.0.0")))
    got = []
    for _ in range(2):
        run("rescan", "--store", "same", "--add", "same.ndjson")
        got.append([len(d["findings"]) for d in lines(run(
            "rescan", "--store", "same", "--db", "db12", "-f", "ndjson")[1])])
    point(got == [[1, 0, 1]] * 2, "three of the same name in one run are three, and stay so", got)
    run("sbom", "oci:shop", "-f", "spdx-json=shop.spdx", "-f", "cyclonedx-json=shop.cdx")
    for name in ("shop.spdx", "shop.cdx"):
        run("rescan", "--store", name + ".st", "--add", name)
        _, out, _ = run("rescan", "--store", name + ".st", "--db", "db12", "-f", "ndjson")
        _, plain, _ = run("scan", "oci:shop", "--db", "db12", "-f", "json", "--no-store",
                          "--scanners", "vuln")
        key = lambda fs: sorted((f["rule"], f["package"]["purl"]) for f in fs)
        point(key(lines(out)[0]["findings"]) == key(json.loads(plain)["targets"][0]["findings"]),
              "our own %s, stored, has what the image has" % name[5:])
    write("bad.ndjson", json.dumps(apps[0]) + "\n{\"no\": \"inventory\"}\n" + json.dumps(apps[1])[:-9])
    code, _, err = run("rescan", "--store", "bad", "--add", "bad.ndjson")
    point(code == 3 and "bad.ndjson:2" in err and "bad.ndjson:3" in err,
          "documents that are none are named", (code, err))
    code, out, _ = run("rescan", "--store", "bad", "--db", "db12", "-f", "ndjson")
    point([d["name"] for d in lines(out)] == ["app-0"], "and are no empty inventories", out)
    point(run("rescan", "--store", "add", "--add", "nowhere.json")[0] == 2, "a file that is not there")
    point(run("rescan", "--store", "add", "--add")[0] == 2, "--add without a file")


def unfinished():
    write("deb.json", json.dumps(document("deb", component("deb/debian", "nodejs", "1"))))
    write("npm.json", json.dumps(document("npm", component("npm", "npm", "99.0.0"))))
    run("rescan", "--store", "un", "--add", "deb.json")
    run("rescan", "--store", "un", "--db", "db1")
    run("db", "build", "low", "--db", "dbnpm")
    code, out, _ = run("rescan", "--store", "un", "--db", "dbnpm")
    point(code == 3 and "INCOMPLETE: deb" in out and "nothing gone" in out,
          "a release that no source covers is not clean", (code, out))
    code, out, _ = run("rescan", "--store", "un", "--db", "db1")
    point(code == 1 and "nothing new" in out, "nor forgotten", (code, out))
    run("rescan", "--store", "fine", "--add", "npm.json")
    point(run("rescan", "--store", "fine", "--db", "db12")[0] == 0, "nothing at all: 0")


def errors():
    env = {k: v for k, v in os.environ.items() if k != "PLIMSOLL_STORE"}
    point(run("rescan", "--db", "db1", env=env)[0] == 2, "no store named: 2")
    point(run("rescan", "--store", "none", "--db", "db1")[0] == 2, "no store there: 2")
    point(run("rescan", "--store", "st", "--db", "none")[0] == 2, "no database: 2")
    point(run("rescan", "--store", "st", "--db", "db1", "-f", "sarif")[0] == 2, "no such format: 2")
    code, _, err = run("rescan", "--store", "postgresql://127.0.0.1:1/x", "--db", "db1")
    point(code in (2, 4) and "store" in err, "a server that is not there: 4, or 2 without libpq",
          err)
    for when in ("soon", "2026-02-30", "2026-13-01", "2026-00-10", "2026-01-31T24:00:00Z", "2026-1-31"):
        point(run("rescan", "--store", "st", "--db", "db1", "--since", when)[0] == 2, "no such time, %s: 2" % when)


def named():
    env = dict(os.environ, PLIMSOLL_STORE="byenv")
    run("scan", "oci:shop", "--db", "db1", "-q", env=env)
    point(os.path.exists("byenv/store.db"), "PLIMSOLL_STORE names it")
    run("scan", "oci:shop", "--db", "db1", "-q", "--no-store", env=dict(env, PLIMSOLL_STORE="off"))
    point(not os.path.exists("off"), "--no-store")
    os.makedirs("project/below/.git", exist_ok=True)
    os.makedirs("project/.git", exist_ok=True)
    write("project/.plimsoll.toml", 'store = "kept"\n')
    run("scan", "oci:../shop", "--db", "../db1", "-q", cwd="project")
    point(os.path.exists("project/kept/store.db"), "the configuration names it, beside itself")
    os.remove("project/kept/store.db")
    run("scan", "oci:../shop", "--db", "../db1", "-q", "--no-config", cwd="project")
    point(not os.path.exists("project/kept/store.db"), "--no-config")
    before = set(os.listdir("."))
    run("scan", "oci:shop", "--db", "db1", "-q")
    point(set(os.listdir(".")) == before, "where none is named no file is written")
    _, _, err = run("scan", "oci:shop", "--scanners", "secret", "--store", "half")
    point("nothing is kept" in err and not os.path.exists("half"),
          "a scan without packages is no inventory", err)


class Hook(http.server.BaseHTTPRequestHandler):
    got = []
    fail = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hook.got.append((dict(self.headers), body))
        Hook.fail -= Hook.fail > 0
        self.send_response(503 if Hook.fail else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def webhook():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/hook" % server.server_port
    write("key", "a secret of both\n")
    write("hook.json", json.dumps(document("hooked", component("npm", "npm", "1.0.0"))))
    run("rescan", "--store", "hook", "--add", "hook.json")
    base = ["rescan", "--store", "hook", "--db", "db12", "--webhook", url, "--webhook-key", "key"]
    Hook.fail = 100
    code, _, err = run(*base)
    if "not in this build" in err:
        print("skip: webhook: this build has no HTTP")
        return
    point(code == 4 and len(Hook.got) == 4 and "503" in err, "a server that fails: four times, then 4",
          (code, len(Hook.got), err))
    point("/hook" not in err and "127.0.0.1" in err, "… whose address is told without its path", err)
    point(len({h["Idempotency-Key"] for h, _ in Hook.got}) == 1, "the same body, the same key")
    Hook.got, Hook.fail = [], 2
    code, _, err = run(*base)
    point(code == 1 and len(Hook.got) == 2, "what was not taken is new again", (code, Hook.got, err))
    head, body = Hook.got[-1]
    good = hmac.new(b"a secret of both", body, hashlib.sha256).hexdigest()
    point(head["X-Plimsoll-Signature"] == "sha256=" + good, "signed", head)
    doc = lines(body.decode())
    point(doc[0]["name"] == "hooked" and doc[0]["new"] == ["CVE-2026-0002"], "lines of JSON", body[:200])
    Hook.got = []
    run(*base)
    point(not Hook.got, "nothing new, nothing posted")
    point(run(*base, "--offline")[0] == 2, "--offline forbids it")
    server.shutdown()


def served(folder):
    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *a, **k):
            super().__init__(*a, directory=folder, **k)

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, "http://127.0.0.1:%d" % server.server_port


def update():
    """The publishers' archives are fetched for what the store holds."""
    for eco, folder in (("npm", "adv2"), ("Debian", "adv1")):
        os.makedirs("pub/osv/" + eco)
        with zipfile.ZipFile("pub/osv/%s/all.zip" % eco, "w") as z:
            for name in os.listdir(folder):
                z.write(os.path.join(folder, name), name)
    for name in ("kev.json", "epss.csv"):
        os.rename(name, "pub/" + name)
    server, at = served("pub")
    feeds = ["--osv", at + "/osv", "--kev-feed", at + "/kev.json", "--epss-feed", at + "/epss.csv"]
    run("rescan", "--store", "up", "--add", "s.json")
    code, _, err = run("db", "update", "--db", "fresh", *feeds)
    if "not in this build" in err:
        print("skip: db update: this build has no HTTP")
        return
    point(code == 2 and "no database yet" in err, "db update does not know what to take", (code, err))
    code, out, err = run("db", "update", "--db", "fresh", "--store", "up", *feeds)
    point(code == 0, "with a store it does", (code, out, err))
    code, out, _ = run("rescan", "--store", "up", "--db", "fresh", "-f", "ndjson")
    point(code == 1 and lines(out)[0]["new"] == ["CVE-2026-0001", "CVE-2026-0002"],
          "and what came is about its packages", out[:300])
    server.shutdown()


def main():
    if "MKIMAGE" not in os.environ:
        print("skip: rescan: no mkimage")
        return 0
    world()
    for part in (new_and_gone, since, thresholds, add, unfinished, errors, named, webhook, update):
        part()
    print("1..%d" % points)
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
