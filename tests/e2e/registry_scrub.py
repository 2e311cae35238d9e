#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scrub from and to registries: nothing has a name before it was scanned, what is still served is
told; and several writers at once. All on loopback."""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import registry as base  # noqa: E402
from mockreg import INDEX, Registry, digest  # noqa: E402
from registry import TOKEN, image, index, layer, login, point, run  # noqa: E402

ALL = ("--remove", "--drop-signatures")


def proof(name):
    with open(name, encoding="utf-8") as f:
        return json.load(f)


def noise(n, seed=b"n"):
    return b"".join(hashlib.sha512(seed + b"%d" % i).digest() for i in range(n // 64))


def bodies(reg, repo):
    """Every byte that a repository has, unpacked where it is packed."""
    import gzip
    for data in list(reg.blobs.get(repo, {}).values()) + [
            m[1] for m in reg.manifests.get(repo, {}).values()]:
        yield data
        if data[:2] == b"\x1f\x8b":
            yield gzip.decompress(data)


def there_and_back():
    reg, far = Registry(), Registry("127.0.0.2")
    old = image(reg, "app", "1")
    image(reg, "app", "2", arch="arm64", secret=False)
    index(reg, "app", "multi", old)
    note = base.artifact(reg, "app", old, b"a note")
    before = json.dumps(reg.tags, sort_keys=True), sorted(reg.manifests["app"])
    src = "docker://%s/app:1" % reg.host
    r = run("scrub", src, "-o", "oci:here", *ALL)
    want = json.load(open("here/index.json", encoding="utf-8"))["manifests"] if r.code == 0 else []
    point(r.code == 0 and b"Revoke" in r.out, "scrub from a registry to a layout", r)
    far.auth = "bearer"
    env = login(far)
    r = run("scrub", src, "-o", "docker://%s/team/clean:1" % far.host, *ALL, env=env)
    got = far.tags.get("team/clean", {}).get("1")
    point(r.code == 0 and want and got == want[0]["digest"],
          "scrub to another registry: the same digest as in a layout", r)
    point(not any(TOKEN.encode() in b for b in bodies(far, "team/clean")),
          "… and no token in any byte of it")
    point(not reg.saw(far.password, far.token) and base.quiet(far, r),
          "… whose credentials go nowhere else")
    point((json.dumps(reg.tags, sort_keys=True), sorted(reg.manifests["app"])) == before,
          "the source is untouched")
    p = proof("clean-1.proof.json")["still_served"]
    point([s["repository"] for s in p] == ["app", "team/clean"], "both repositories were asked", p)
    status = {d["digest"]: d["status"] for d in p[0]["digests"]}
    point(status.get(old["digest"]) == "still served" and set(status.values()) == {"still served"},
          "old digests: still served", status)
    point({d["status"] for d in p[1]["digests"]} == {"gone"}, "… and gone where they never were")
    point([t["tag"] for t in p[0]["tags"]] == ["1", "multi"],
          "tags that lead to them, through an index, too", p[0]["tags"])
    point([x["digest"] for x in p[0]["referrers"]] == [note["digest"]], "what refers to them",
          p[0]["referrers"])
    fresh = [d for d, m in far.manifests["team/clean"].items() if b"subject" in m[1]]
    point(len(fresh) == 1 and got.encode() in far.manifests["team/clean"][fresh[0]][1],
          "what refers to the image came along, with its new subject")
    again(reg, far, src, env, got)
    fallback(reg, far, old, env)
    reg.close()
    far.close()


def again(reg, far, src, env, got):
    r = run("scrub", src, "-o", "docker://%s/team/clean:1" % far.host, *ALL, "--proof", "p2",
            env=env)
    point(r.code == 0 and far.tags["team/clean"]["1"] == got, "once more: the same tag is right", r)
    r = run("scrub", src, "-o", "docker://%s/app:1" % reg.host, *ALL, "--proof", "p3")
    point(r.code == 2 and not os.path.exists("p3") and got not in reg.manifests["app"],
          "a tag that names another image stays, and nothing beside it", r)
    r = run("scrub", src, "-o", "docker://%s/app:clean" % reg.host, *ALL)
    point(r.code == 0 and reg.tags["app"]["clean"] == got, "to another tag of the same repository",
          r)
    reg.clear()
    r = run("scrub", src, "-o", "docker://%s/next:clean" % reg.host, *ALL, "--proof", "p4")
    mounted = reg.requests("POST", "mount=")
    point(r.code == 0 and mounted, "blobs that held nothing are mounted", r)
    r = run("scrub", "oci:here", "-o", "docker://%s@%s" % (far.host + "/x", got), *ALL)
    point(r.code == 2, "a digest as the new name: refused", r)


def fallback(reg, far, old, env):
    reg.referrers = False
    tag = old["digest"].replace(":", "-")
    index(reg, "app", tag, *[{**d} for d in reg.listed("app", old["digest"])])
    r = run("scrub", "docker://%s/app:1" % reg.host, "-o", "docker://%s/team/fall:1" % far.host,
            *ALL, env=env)
    p = proof("fall-1.proof.json")["still_served"][0] if r.code == 0 else {"referrers": []}
    point(r.code == 0 and len(p["referrers"]) == 1, "referrers by the fallback tag", r)
    reg.referrers = True
    reg.fault = lambda h: "/tags/list" in h.path and (h.send(500), True)[1]
    r = run("scrub", "docker://%s/app:1" % reg.host, "-o", "docker://%s/team/none:1" % far.host,
            *ALL, "--retries", "0", env=env)
    p = proof("none-1.proof.json")["still_served"][0]
    point(r.code == 4 and p["unanswered"] and "1" in far.tags["team/none"],
          "a question without an answer: told, and not exit 0", r)
    reg.fault = None


def pieces():
    """A layer of several pieces, whose digest is known at its end."""
    reg, far = Registry(), Registry("127.0.0.2")
    body = noise(9 << 20)
    raw, packed = layer([("noise", body), (".env", ("TOKEN=%s\n" % TOKEN).encode())])
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": [digest(raw)]}}).encode()
    reg.manifest("app", {"schemaVersion": 2, "mediaType": base.MANIFEST,
                         "config": {"mediaType": base.CONFIG, **reg.blob("app", config)},
                         "layers": [{"mediaType": base.LAYER, **reg.blob("app", packed)}]},
                 base.MANIFEST, "big")
    lost = []

    def loses(h):
        if h.command == "PATCH" and len(lost) < 2:
            lost.append(1)
            h.rfile.read(1000)
            h.cut()
            return True
        return False
    far.fault = loses
    r = run("scrub", "docker://%s/app:big" % reg.host, "-o", "docker://%s/x:big" % far.host, *ALL)
    point(r.code == 0 and len(far.requests("PATCH")) > 3, "a layer in pieces, two of them lost", r)
    broken(reg, far)
    reg.close()
    far.close()


def broken(reg, far):
    """The registry dies at each kind of request; the program is killed."""
    src = "docker://%s/app:big" % reg.host
    for k, (method, where) in enumerate((("POST", "uploads"), ("PATCH", "uploads"),
                                         ("PUT", "uploads"), ("PUT", "manifests/sha256"),
                                         ("HEAD", "manifests/sha256"), ("PUT", "manifests/t"))):
        state = {"dead": False}

        def dies(h, method=method, where=where, state=state):
            state["dead"] |= h.command == method and where in h.path
            if state["dead"]:
                h.cut()
            return state["dead"]
        far.fault = dies
        repo = "dead%d" % k
        r = run("scrub", src, "-o", "docker://%s/%s:t" % (far.host, repo), *ALL, "--retries", "0")
        point(r.code in (3, 4) and not far.tags.get(repo) and not glob.glob(repo + "*") and r.err,
              "the registry dies at %s %s: no tag, no proof" % (method, where), r)
    far.fault = None
    wrong = []
    for k in range(6):
        child = subprocess.Popen([base.PROGRAM, "scrub", "-q", src, "-o",
                                  "docker://%s/kill%d:t" % (far.host, k), *ALL],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.12 * (k + 1) * base.SLOW)
        child.kill()
        if child.wait() != 0 and far.tags.get("kill%d" % k):
            data = far.manifests["kill%d" % k][far.tags["kill%d" % k]["t"]][1]
            if any(d["digest"] not in far.blobs["kill%d" % k] for d in json.loads(data)["layers"]):
                wrong.append(k)
    point(not wrong, "kill -9: no tag on half an image", wrong)


def several_writers():
    reg = Registry()
    image(reg, "app", "1", big=True)
    image(reg, "app", "2", arch="arm64", big=True)
    for n in range(3):
        shutil.rmtree("both", ignore_errors=True)
        jobs = [subprocess.Popen([base.PROGRAM, "pull", "-q", "%s/app:%s" % (reg.host, t), "-o",
                                  "both"]) for t in ("1", "2")]
        codes = [j.wait() for j in jobs]
        with open("both/index.json", encoding="utf-8") as f:
            top = json.load(f)["manifests"][0]
        good = all(digest(open(f, "rb").read()) == "sha256:" + os.path.basename(f)
                   for f in glob.glob("both/blobs/sha256/*"))
        doc = json.load(open("both/blobs/" + top["digest"].replace(":", "/"), encoding="utf-8"))
        good &= all(os.path.exists("both/blobs/" + d["digest"].replace(":", "/"))
                    for d in doc["layers"] + [doc["config"]])
        point(codes == [0, 0] and good and not glob.glob("both/**/.part*", recursive=True),
              "two pulls into one layout (%d): what it names is whole" % n, codes)
    jobs = [subprocess.Popen([base.PROGRAM, "push", "-q", "both", "%s/to:%d" % (reg.host, k % 2)])
            for k in range(4)]
    codes = [j.wait() for j in jobs]
    point(codes == [0] * 4 and set(reg.tags["to"].values()) == {top["digest"]},
          "four pushes of one image at once", codes)
    reg.close()


def peak_of(words):
    """Peak memory of a run and all its processes, shared pages once."""
    child = subprocess.Popen([base.PROGRAM, *words], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True,
                             env={**os.environ, "REGISTRY_AUTH_FILE": "/dev/null"})
    peak = 0
    while child.poll() is None:
        total = 0
        for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
            try:
                with open("/proc/%s/stat" % pid, "rb") as f:
                    if int(f.read().rsplit(b")", 1)[1].split()[2]) != child.pid:
                        continue
                with open("/proc/%s/smaps_rollup" % pid, "rb") as f:
                    total += sum(int(line.split()[1]) for line in f if line[:4] == b"Pss:")
            except (OSError, IndexError, ValueError):
                continue
        peak = max(peak, total)
        time.sleep(0.03)
    return child.returncode, peak / 1024


def memory():
    if os.environ.get("PL_SANITIZED"):
        print("skip: memory: sanitizers have their own")
        return
    reg = Registry()
    for k in range(3):
        files = [("n%d" % i, noise(1 << 20, b"%d" % k) * 12) for i in range(2)]
        raw, packed = layer(files)
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
            "type": "layers", "diff_ids": [digest(raw)]}}).encode()
        reg.manifest("r%d" % k, {"schemaVersion": 2, "mediaType": base.MANIFEST,
                                 "config": {"mediaType": base.CONFIG, **reg.blob("r%d" % k, config)},
                                 "layers": [{"mediaType": base.LAYER,
                                             **reg.blob("r%d" % k, packed)}]}, base.MANIFEST, "1")
    for what, words in (("an image", ("docker://%s/r0:1" % reg.host,)),
                        ("every repository", ("docker://" + reg.host, "--all-repos"))):
        code, peak = peak_of(("scan", "-q", "--threads", "2", *words))
        print("# %s over the network: %.1f MiB" % (what, peak))
        point(code == 0 and 0 < peak <= 64, "%s over the network: at most 64 MiB" % what,
              "exit %d, %.1f MiB" % (code, peak))
    reg.close()


def real():
    """Debian's registry and crane's."""
    for name, start in (("docker-registry", base.debian_registry), ("crane", base.crane_registry)):
        try:
            proc, host = base.started(start)
        except OSError as e:
            print("skip: %s: %s" % (name, e))
            continue
        reg = Registry()
        image(reg, "app", "1")
        try:
            r = run("scrub", "docker://%s/app:1" % reg.host, "-o", "docker://%s/a/app:1" % host,
                    *ALL, "--proof", name + ".json")
            s = run("scan", "docker://%s/a/app:1" % host, "-q")
            point(r.code == 0 and s.code == 0, "%s: scrubbed into it, and clean there" % name,
                  "%s; %s" % (r, s))
        finally:
            proc.kill()
            proc.wait()
            reg.close()


def main():
    if b"registries are not in this build" in run("tags", "127.0.0.1:1/x").err:
        print("1..0 # SKIP built without registries")
        return
    for part in (there_and_back, pieces, several_writers, memory, real):
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            part()
    print("1..%d" % base.points)


main()
sys.exit(base.bad != 0)
