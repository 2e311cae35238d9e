#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The trivy personality against the report goldens that trivy publishes (integration/testdata of its
repository): every row (package, version, advisory), and no other row.

The project's fixture database is made into OSV records. Source trees are scanned as they are. The
images are not in that repository: what a golden says of their packages is made into an inventory and
scanned as that, the source of a package being the one that the fixture database has the advisory under.

Usage: run.py; PLIMSOLL names the program, TRIVY_TESTDATA the folder. Needs PyYAML."""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DATA = os.environ.get("TRIVY_TESTDATA",
                      os.path.join(os.path.dirname(ROOT), "shared", "suites", "trivy", "testdata"))
PROGRAM = os.environ.get("PLIMSOLL",
                         os.path.join(os.environ.get("PL_BUILD", os.path.join(ROOT, "build")), "plimsoll"))
done = 0

LANGUAGES = {"npm": "npm", "pip": "PyPI", "rubygems": "RubyGems", "maven": "Maven", "composer": "Packagist",
             "go": "Go", "cargo": "crates.io", "nuget": "NuGet", "pub": "Pub", "erlang": "Hex",
             "conan": "ConanCenter", "swift": "SwiftURL", "cocoapods": "CocoaPods", "k8s": "Kubernetes"}
CPES = {857: "6", 869: "7"}  # of the fixture database: Red Hat's releases

# golden: folder below fixtures/repo, further flags
TREES = {
    "bun": ("bun", []), "cargo.lock": ("cargo", []), "cocoapods": ("cocoapods", []),
    "composer.lock": ("composer", []), "composer.vendor": ("composer-vendor", []), "conan": ("conan", []),
    "dotnet": ("dotnet", []), "gomod": ("gomod", []),
    "gomod-skip": ("gomod", ["--skip-files", "submod2/go.mod"]), "gradle": ("gradle", []),
    "mix.lock": ("mixlock", []), "npm": ("npm", []), "npm-with-dev": ("npm", ["--include-dev-deps"]),
    "npm-ubuntu-severity": ("npm", []), "nuget": ("nuget", []), "packagesprops": ("packagesprops", []),
    "pip": ("pip", []), "pipenv": ("pipenv", []), "pnpm": ("pnpm", []), "poetry": ("poetry", []),
    "pom": ("pom", []), "pubspec.lock": ("pubspec", []), "pylock": ("pylock", []), "sbt": ("sbt", []),
    "swift": ("swift", []), "test-repo": ("trivy-ci-test", []), "uv": ("uv", []), "yarn": ("yarn", []),
    "gomod-vex": ("gomod", ["--vex", "fixtures/vex/file/openvex.json"]),
}
IMAGES = {
    "alpine-39-high-critical": ["-s", "HIGH,CRITICAL"],
    "alpine-39-ignore-cveids": ["--ignorefile", "IGNORE"],
    "centos-7-ignore-unfixed": ["--ignore-unfixed"], "debian-buster-ignore-unfixed": ["--ignore-unfixed"],
    "ubuntu-1804-ignore-unfixed": ["--ignore-unfixed"],
    "centos-7-medium": ["-s", "MEDIUM", "--ignore-unfixed"],
}
SBOMS = {"fluentd-multiple-lockfiles": "fluentd-multiple-lockfiles-cyclonedx.json",
         "minikube-kbom": "minikube-kbom.json"}


def point(ok, name):
    global done
    done += 1
    print("%sok %d - %s" % ("" if ok else "not ", done, name), flush=True)


def ecosystem(bucket):
    kind, sep, _ = bucket.partition("::")
    if sep:
        return LANGUAGES.get(kind)
    name, _, release = bucket.rpartition(" ")
    rolling = {"openSUSE Tumbleweed": "openSUSE:Tumbleweed", "alpine edge": "Alpine:edge"}
    if bucket in rolling:
        return rolling[bucket]
    table = {"alpine": "Alpine:v", "debian": "Debian:", "ubuntu": "Ubuntu:", "alma": "AlmaLinux:",
             "rocky": "Rocky Linux:", "amazon linux": "Amazon Linux:", "Oracle Linux": "Oracle Linux:",
             "Photon OS": "Photon OS:", "CBL-Mariner": "Azure Linux:", "openSUSE Leap": "openSUSE:Leap ",
             "SUSE Linux Enterprise Micro": "SUSE:Linux Micro "}
    if name in table:
        return table[name] + release
    m = re.match(r"SUSE Linux Enterprise (\d+)-SP(\d+)", bucket)
    return "SUSE:Linux Enterprise Server %s SP%s" % m.groups() if m else None


def events(text):
    """One range of the fixture database as OSV events."""
    m = re.match(r"\s*([\[(])([^,]*),([^,]*)([\])])\s*$", text)
    if m:
        low, high = m.group(2).strip(), m.group(3).strip()
        out = [{"introduced": low or "0"}]
        if high:
            out.append({"fixed" if m.group(4) == ")" else "last_affected": high})
        return out
    low, out = "0", []
    for part in text.split(","):
        op, v = re.match(r"\s*([<>=]*)\s*(.*?)\s*$", part).groups()
        if op in (">=", ">"):
            low = v
        elif op == "<":
            out.append({"fixed": v})
        elif op == "<=":
            out.append({"last_affected": v})
        elif op in ("=", "", "=="):
            low = v
            out.append({"last_affected": v})
    return [{"introduced": low}] + out


def record(ident, eco, name, value, details):
    pkg = {"package": {"ecosystem": eco, "name": name}}
    ranges = [events(t) for t in value.get("VulnerableVersions") or []]
    if not ranges and value.get("AffectedVersion"):
        ranges = [events(value["AffectedVersion"])]
    fixed = value.get("FixedVersion")
    if not ranges:
        ranges = [[{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])]
    pkg["ranges"] = [{"type": "ECOSYSTEM", "events": e} for e in ranges]
    word = (details.get(ident) or {}).get("Severity")
    out = {"schema_version": "1.7.0", "id": ident, "modified": "2024-01-01T00:00:00Z", "affected": [pkg]}
    if word:
        out["database_specific"] = {"severity": word}
    return out


def red_hat(ident, name, value, details):
    """One record for each flaw, as the goldens name them."""
    for entry in value.get("Entries") or []:
        for release in {CPES[c] for c in entry.get("Affected") or [] if c in CPES}:
            for cve in entry.get("Cves") or [{}]:
                one = record(cve.get("ID") or ident, "Red Hat:" + release, name, entry, details)
                word = ["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"][int(cve.get("Severity") or 0)]
                one["database_specific"] = {"severity": word}
                yield one


def database(folder, yaml):
    """Writes the records; returns {(ecosystem, id): names}."""
    details, names, n = {}, {}, 0
    with open(os.path.join(DATA, "fixtures/db/vulnerability.yaml")) as f:
        for pair in yaml.safe_load(f)[0]["pairs"]:
            details[pair["key"]] = pair["value"]
    for path in sorted(glob.glob(os.path.join(DATA, "fixtures/db/*.yaml"))):
        if os.path.basename(path) in ("vulnerability.yaml", "data-source.yaml", "cpe.yaml"):
            continue
        with open(path) as f:
            buckets = yaml.safe_load(f)
        for bucket in buckets:
            red = bucket["bucket"] == "Red Hat"
            eco = None if red else ecosystem(bucket["bucket"])
            for package in bucket["pairs"] if red or eco else []:
                for pair in package.get("pairs", []):
                    value = pair.get("value") or {}
                    made = red_hat(pair["key"], package["bucket"], value, details) if red else \
                        [record(pair["key"], eco, package["bucket"], value, details)]
                    for one in made:
                        where = one["affected"][0]["package"]
                        names.setdefault((where["ecosystem"], one["id"]), set()).add(where["name"])
                        n += 1
                        with open(os.path.join(folder, "%05d.json" % n), "w") as f:
                            json.dump(one, f)
    return names


def rows(report):
    return {(v["PkgName"].lower(), v["InstalledVersion"], v["VulnerabilityID"])
            for r in report.get("Results") or [] for v in r.get("Vulnerabilities") or []}


def release_of(report):
    family = (report.get("Metadata") or {}).get("OS") or {}
    return family.get("Family", ""), family.get("Name", "")


def inventory(report, names):
    """The packages that a golden speaks of, as CycloneDX."""
    family, name = release_of(report)
    ecos = {"alpine": "Alpine:v" + ".".join(name.split(".")[:2]), "debian": "Debian:" + name.split(".")[0],
            "ubuntu": "Ubuntu:" + name, "photon": "Photon OS:" + name}
    parts = {}
    for r in report.get("Results") or []:
        for v in (r.get("Packages") or []) + (r.get("Vulnerabilities") or []):
            purl = (v.get("PkgIdentifier") or v.get("Identifier") or {}).get("PURL")
            if not purl:
                continue
            if report["ArtifactName"].endswith("alpine-distroless.tar.gz"):
                purl = purl.replace("distro=3.16", "distro=alpine-edge")  # as its etc/apk/repositories say
            sources = names.get((ecos.get(family, ""), v.get("VulnerabilityID")))
            binary = v.get("PkgName") or v.get("Name")
            if sources and binary not in sources and len(sources) == 1:
                purl += ("&" if "?" in purl else "?") + "upstream=" + next(iter(sources))
            if parts.get(purl.split("&upstream=")[0], "").count("upstream="):
                continue
            parts[purl.split("&upstream=")[0]] = purl
    doc = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
           "metadata": {"component": {"type": "container", "name": report["ArtifactName"]}},
           "components": [{"type": "operating-system", "name": family, "version": name}] if family else []}
    for purl in parts.values():
        rest = re.sub(r"^pkg:[^/]*/", "", purl.split("?")[0])
        doc["components"].append({"type": "library", "name": rest.split("@")[0], "purl": purl})
    return doc


def trivy(db, *args):
    out = subprocess.run([PROGRAM, "as", "trivy", *args, "-f", "json", "-q"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, cwd=DATA, env=dict(os.environ, PLIMSOLL_DB=db))
    try:
        return json.loads(out.stdout), out.stderr.decode()
    except ValueError:
        return None, out.stderr.decode()


def compare(name, golden, got, said):
    want = rows(golden)
    have = rows(got) if got else set()
    for miss in sorted(want - have):
        print("# %s: missing %s" % (name, " ".join(miss)))
    for more in sorted(have - want):
        print("# %s: more than the golden has: %s" % (name, " ".join(more)))
    if got is None:
        print("# %s: %s" % (name, said.strip()[:300]))
    point(got is not None and want == have, "%s: %d rows" % (name, len(want)))
    return len(want), len(want & have), len(have - want)


def case(name, golden, db, names, tmp):
    if name in TREES:
        folder, flags = TREES[name]
        return trivy(db, "fs", "--scanners", "vuln", *flags, os.path.join("fixtures/repo", folder))
    if name in SBOMS:
        return trivy(db, "sbom", os.path.join("fixtures/sbom", SBOMS[name]))
    flags = list(IMAGES.get(name, []))
    if "IGNORE" in flags:
        full = json.load(open(os.path.join(DATA, "alpine-39.json.golden")))
        left = {r[2] for r in rows(full)} - {r[2] for r in rows(golden)}
        path = os.path.join(tmp, "ignore")
        with open(path, "w") as f:
            f.write("# left out\n" + "\n".join(sorted(left)) + "\n")
        flags[flags.index("IGNORE")] = path
    base = name.replace("-ignore-unfixed", "").replace("-high-critical", "").replace("-ignore-cveids", "")
    base = base.replace("-medium", "")
    full = json.load(open(os.path.join(DATA, base + ".json.golden")))
    path = os.path.join(tmp, "inventory.json")
    with open(path, "w") as f:
        json.dump(inventory(full, names), f)
    return trivy(db, "sbom", *flags, path)


def main():
    if not os.path.isdir(os.path.join(DATA, "fixtures", "db")):
        print("skip: trivy: no report goldens (TRIVY_TESTDATA names their folder)")
        return
    try:
        import yaml
    except ImportError:
        print("skip: trivy: no PyYAML")
        return
    with tempfile.TemporaryDirectory() as tmp:
        source, db = os.path.join(tmp, "source"), os.path.join(tmp, "db")
        os.mkdir(source)
        names = database(source, yaml)
        subprocess.run([PROGRAM, "db", "build", source, "--db", db, "-q"], check=True)
        sums = [0, 0, 0]
        for path in sorted(glob.glob(os.path.join(DATA, "*.json.golden"))):
            name = os.path.basename(path)[:-len(".json.golden")]
            golden = json.load(open(path))
            if not rows(golden):
                continue
            counts = compare(name, golden, *case(name, golden, db, names, tmp))
            sums = [a + b for a, b in zip(sums, counts)]
        print("# %d rows, %d of them found, %d more" % tuple(sums))


main()
