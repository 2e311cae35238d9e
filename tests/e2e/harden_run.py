#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images run under the advice that `harden` gives for them, by the kernel itself: read-only root,
the tmpfs and volumes named and no others, the capabilities named and no others, no new privileges.

The images are recipes of tests/spec/harden; tools of this machine stand in for their stubs. Without
a mount namespace of one's own, or one of the tools, a `skip:` line is printed."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECIPES = os.path.join(ROOT, "tests", "spec", "harden")
PLIMSOLL, MKIMAGE = os.environ["PLIMSOLL"], os.environ["MKIMAGE"]
TOOLS = ["sh", "bash", "env", "find", "id", "mkdir", "chmod", "chown", "getent", "mktemp", "cat", "ls",
         "setpriv", "true"]
points = bad = 0

GOSU = '#!/bin/sh\nu=$1\nshift\nexec setpriv --reuid "$u" --regid "$u" --clear-groups -- "$@"\n'
CLOSED = 'if (: > /etc/probe) 2>/dev/null; then echo "the root is writable"; exit 9; fi\n'
# What each server does when it starts, and the place in the image of the program that does it.
IMAGES = {
    "redis": {
        "usr/local/bin/gosu": GOSU,
        "usr/local/bin/redis-server": "#!/bin/sh\nset -e\n" + CLOSED + ": > /data/dump.rdb\n",
    },
    "postgres": {
        "usr/local/bin/gosu": GOSU,
        "usr/lib/postgresql/18/bin/initdb": "#!/bin/sh\necho 18 > \"$PGDATA/PG_VERSION\"\n",
        "usr/lib/postgresql/18/bin/pg_ctl": "#!/bin/sh\n",
        "usr/lib/postgresql/18/bin/postgres":
            "#!/bin/sh\nset -e\n" + CLOSED + ": > \"$PGDATA/postmaster.pid\"\n"
            ": > /var/run/postgresql/.s.PGSQL.5432\n: > /tmp/sort\n",
    },
    "nginx": {
        "usr/sbin/nginx":
            "#!/bin/sh\nset -e\n" + CLOSED + ": > /run/nginx.pid\n"
            "mkdir -p /var/cache/nginx/client_temp\n"
            "[ \"$(id -u)\" != 0 ] || { chown 101 /var/cache/nginx/client_temp\n"
            "setpriv --reuid 101 --regid 101 --clear-groups true; }\n",
    },
}


def point(good, name, why=""):
    global points, bad
    points += 1
    bad += not good
    print("%sok %d - %s%s" % ("" if good else "not ", points, name, "" if good else ": %s" % (why,)))


def tools_into(root):
    """Programs of this machine and the libraries they need."""
    for name in TOOLS:
        path = os.path.realpath(shutil.which(name))
        files = {path: "usr/bin/" + name}
        for line in subprocess.run(["ldd", path], stdout=subprocess.PIPE, check=False,
                                   stderr=subprocess.DEVNULL).stdout.decode().splitlines():
            for word in line.split():
                if word.startswith("/"):
                    files[word] = word.lstrip("/")
        for source, target in files.items():
            target = os.path.join(root, target)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.lexists(target):
                os.unlink(target)
            shutil.copy(os.path.realpath(source), target)
            os.chmod(target, 0o755)


def unpack(layout, root):
    """The layers over each other, and the configuration."""
    def load(digest):
        with open(os.path.join(layout, "blobs", *digest.split(":")), "rb") as f:
            return json.load(f)
    with open(os.path.join(layout, "index.json"), "rb") as f:
        manifest = load(json.load(f)["manifests"][0]["digest"])
    for layer in manifest["layers"]:
        with tarfile.open(os.path.join(layout, "blobs", *layer["digest"].split(":"))) as tar:
            for member in tar:
                target = os.path.join(root, member.name)
                if member.isfile() and os.path.lexists(target):
                    os.unlink(target)
                tar.extract(member, root, numeric_owner=True)
    return load(manifest["config"]["digest"])["config"]


def rootfs(name, folder):
    layout = os.path.join(folder, name)
    root = os.path.join(folder, name + "-root")
    subprocess.run([MKIMAGE, os.path.join(RECIPES, name + ".recipe"), "oci:" + layout], check=True)
    said = subprocess.run([PLIMSOLL, "harden", "oci:" + layout, "-f", "json"], check=True,
                          stdout=subprocess.PIPE).stdout
    os.mkdir(root)
    config = unpack(layout, root)
    for given in ("dev", "proc"):
        os.makedirs(os.path.join(root, given), exist_ok=True)
    if os.path.isdir(os.path.join(root, "bin")) and not os.path.islink(os.path.join(root, "bin")):
        os.makedirs(os.path.join(root, "usr/bin"), exist_ok=True)
        for stub in os.listdir(os.path.join(root, "bin")):
            os.unlink(os.path.join(root, "bin", stub))
            os.symlink("/usr/bin/" + stub, os.path.join(root, "bin", stub))
    else:
        os.makedirs(os.path.join(root, "usr/bin"), exist_ok=True)
    tools_into(root)
    for path, text in IMAGES[name].items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o755)
    return root, config, json.loads(said)["targets"][0]["variants"]


def volume(folder, root, path, owner):
    """A new volume takes what the image has there; `owner`: as the advice tells who runs as him."""
    made = tempfile.mkdtemp(dir=folder)
    stat = os.stat(os.path.join(root, path.lstrip("/")))
    os.chown(made, *(owner or (stat.st_uid, stat.st_gid)))
    os.chmod(made, stat.st_mode & 0o7777)
    return made


def run(root, config, variant, caps, mounts, volumes):
    """Exit status and output of the image's command under exactly this."""
    lines = ["set -e", "mount --make-rprivate /", "mount --bind '%s' '%s'" % (root, root)]
    for given in ("dev", "proc"):  # as every runtime gives
        lines.append("mount --bind /%s '%s/%s'" % (given, root, given))
    for m in mounts:
        how = "noexec,nosuid,nodev"
        for key in ("uid", "gid", "mode"):
            if m.get(key) is not None:
                how += ",%s=%s" % (key, m[key])
        lines.append("mount -t tmpfs -o %s none '%s%s'" % (how, root, m["path"]))
    for path, source in volumes.items():
        lines.append("mount --bind '%s' '%s%s'" % (source, root, path))
    lines.append("mount -o remount,bind,ro '%s'" % root)
    user = ""
    if variant["user"] not in (None, "0:0"):
        user = " --reuid %s --regid %s --clear-groups" % tuple(variant["user"].split(":"))
    kept = "".join(",+" + c.lower() for c in caps)
    workdir = config.get("WorkingDir") or "/"
    lines.append("exec chroot '%s' /usr/bin/setpriv --bounding-set=-all%s --inh-caps=-all%s "
                 "--no-new-privs%s /bin/sh -c 'cd \"$0\"; exec \"$@\"' '%s' %s" % (
                     root, kept, kept, user, workdir,
                     " ".join("'%s'" % w for w in
                              (config.get("Entrypoint") or []) + (config.get("Cmd") or []))))
    env = dict(e.split("=", 1) for e in config.get("Env") or [])
    env["POSTGRES_HOST_AUTH_METHOD"] = "trust"
    done = subprocess.run(["unshare", "-m", "/bin/sh", "-c", "\n".join(lines)], env={
        **env, "PATH": env["PATH"] + ":/usr/sbin:/usr/bin:/sbin:/bin"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    return done.returncode, done.stdout.decode(errors="replace")[:300]


def image(name, folder):
    root, config, variants = rootfs(name, folder)
    for v in variants:
        owner = None if v["variant"] == "root" else tuple(int(n) for n in v["user"].split(":"))
        caps = [c["cap"] for c in v["cap_add"]]

        def start(caps=caps, mounts=v["tmpfs"], again=0, v=v, owner=owner):
            volumes = {x["path"]: volume(folder, root, x["path"], owner) for x in v["volumes"]}
            for _ in range(again):
                run(root, config, v, caps, mounts, volumes)
            return run(root, config, v, caps, mounts, volumes)
        what = "%s, variant %s" % (name, v["variant"])
        result = start()
        point(result[0] == 0, what + ": starts under the advice", result)
        result = start(again=1)
        point(result[0] == 0, what + ": starts again on the same volumes", result)
        for gone in v["tmpfs"]:
            if gone["path"] == "/tmp":
                continue
            result = start(mounts=[m for m in v["tmpfs"] if m is not gone])
            point(result[0] != 0, "%s: does not without the tmpfs on %s" % (what, gone["path"]))
        for gone in ("SETUID", "SETGID"):
            if gone in caps:
                result = start(caps=[c for c in caps if c != gone])
                point(result[0] != 0, "%s: does not without %s" % (what, gone))


def able():
    for tool in TOOLS + ["unshare", "mount", "ldd", "chroot"]:
        if not shutil.which(tool):
            return "no " + tool
    done = subprocess.run(["unshare", "-m", "/bin/sh", "-c", "mount --make-rprivate / && mount -t "
                           "tmpfs none /mnt"], stderr=subprocess.DEVNULL, check=False)
    return "" if os.getuid() == 0 and done.returncode == 0 else "no mount namespace of one's own"


def main():
    why = able()
    if why:
        print("skip: harden_run: %s" % why)
        return 0
    for name in sorted(IMAGES):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            image(name, folder)
    print("1..%d" % points)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
