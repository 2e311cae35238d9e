#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images run by podman under the flags that `harden` prints for them, and not without what it adds.

tests/interop/podman.py [BUILD]
The images are those of tests/e2e/harden_run.py. Needs root, podman and a runtime that works here
(RUNTIME, else runc or crun); without them a `skip:` line is printed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build"))
os.environ.setdefault("PLIMSOLL", os.path.join(BUILD, "plimsoll"))
os.environ.setdefault("MKIMAGE", os.path.join(BUILD, "tools", "mkimage"))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import harden_run as hr  # noqa: E402

# what this machine may not have at its largest, and what no image of ours needs
GIVEN = ["--network=host", "--read-only-tmpfs=false", "--ulimit", "nofile=1024:1024", "--ulimit",
         "nproc=1024:1024", "--env", "POSTGRES_HOST_AUTH_METHOD=trust"]


# podman has another word for it: U gives a tmpfs to the user, else it keeps the owner of the place
OWNER = re.compile(r",uid=[0-9]+,gid=[0-9]+")


def podman(place, runtime, words):
    done = subprocess.run(
        ["podman", "--storage-driver=vfs", "--root", place + "/store", "--runroot", place + "/run",
         "--cgroup-manager=cgroupfs", "--runtime", runtime] + words, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=90)
    return done.returncode, done.stdout.decode(errors="replace")[-400:]


def advice(layout):
    """(variant, flags) as `harden` prints them for docker."""
    text = subprocess.run([os.environ["PLIMSOLL"], "harden", "oci:" + layout], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    found = []
    for line in text.splitlines():
        if line.startswith("# variant "):
            found.append((line.split()[2], []))
        elif line.startswith("-"):
            found[-1][1].append(shlex.split(line.partition("  # ")[0]))
    return found


def image(name, runtime, folder):
    root, config, _ = hr.rootfs(name, folder)
    command = (config.get("Entrypoint") or []) + (config.get("Cmd") or [])
    env = [w for e in (config.get("Env") or []) for w in ("--env", e)]
    for variant, flags in advice(os.path.join(folder, name)):
        # a volume that an unprivileged user fills has to be his: the note beside it says so
        flags = [[f[0], f[1] + ":U"] if f[0] == "-v" and variant == "user" else f for f in flags]
        flags = [f for f in flags if f[0] != "--health-cmd"]
        owner = ",U" if variant == "user" else ""
        flags = [[f[0], OWNER.sub(owner, f[1])] if f[0] == "--tmpfs" else f for f in flags]

        def start(flags=flags):
            podman(folder, runtime, ["volume", "rm", "--all", "--force"])
            words = [w for f in flags for w in f]
            workdir = ["--workdir", config["WorkingDir"]] if config.get("WorkingDir") else []
            return podman(folder, runtime, ["run", "--rm"] + GIVEN + env + workdir + words +
                          ["--entrypoint", command[0], "--rootfs", root] + command[1:])
        what = "%s, variant %s" % (name, variant)
        result = start()
        hr.point(result[0] == 0, what + ": starts under the flags", result)
        for gone in flags:
            place = gone[1].partition(":")[0] if len(gone) > 1 else ""
            needed = gone[0] == "--tmpfs" and place not in ("/tmp", "/run")
            if needed or (gone[0] == "--cap-add" and gone[1] in ("SETUID", "SETGID")):
                result = start([f for f in flags if f is not gone])
                hr.point(result[0] != 0, "%s: does not without %s" % (what, " ".join(gone)))


def working(folder):
    """A runtime that can start something here, or why there is none."""
    why = "no podman" if not shutil.which("podman") else "not root" if os.getuid() else ""
    root = os.path.join(folder, "try")
    if why:
        return None, why
    os.mkdir(root)
    hr.tools_into(root)
    for runtime in [os.environ["RUNTIME"]] if "RUNTIME" in os.environ else ["runc", "crun"]:
        if shutil.which(runtime):
            code, why = podman(folder, runtime,
                               ["run", "--rm"] + GIVEN + ["--rootfs", root, "/usr/bin/true"])
            if code == 0:
                return runtime, ""
    return None, why or "no runtime"


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        runtime, why = working(folder)
        if not runtime:
            print("skip: podman: %s" % why)
            return 0
        for name in sorted(hr.IMAGES):
            image(name, runtime, folder)
        print("1..%d" % hr.points)
        return 1 if hr.bad else 0


if __name__ == "__main__":
    sys.exit(main())
