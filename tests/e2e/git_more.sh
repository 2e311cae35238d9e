#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What repositories come with beside plain histories: symmetric ranges, objects no ref leads to,
# submodules, partial clones, blobs at several paths, huge and binary blobs, damage of each kind.
n=0
point() { # point STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
if ! command -v git >/dev/null 2>&1; then
    echo "1..0 # SKIP no git"
    exit 0
fi
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=Ann
GIT_COMMITTER_EMAIL=ann@example.org GIT_AUTHOR_DATE='2024-05-01T10:00:00+0200'
GIT_COMMITTER_DATE='2024-05-01T10:00:00+0200'
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME
export GIT_COMMITTER_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_DATE

password() { # password WORD: a line that holds one
    python3 - "$1" <<'PY'
import random, sys
r = random.Random(sys.argv[1])
print("password = \"" + "".join(r.choice("abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789")
                                for _ in range(20)) + "\"")
PY
}
scan() { # scan ARG…: result in out, messages in err, $got; one line a finding in have
    "$PLIMSOLL" secrets "$@" -f json >out 2>err </dev/null
    got=$?
    python3 - >have <<'PY'
import json
try:
    t = json.load(open("out"))["targets"]
except ValueError:
    t = []
for f in (f for x in t for f in x["findings"]):
    print(f["severity"], f["where"]["surface"], f["where"]["path"], f["where"]["line"])
PY
}
has() { grep -qxF "$1" have; }
noted() { grep -q "\"$1\"" out; }

git init -q -b main repo
if "$PLIMSOLL" secrets git repo 2>&1 | grep -q 'built without libgit2'; then
    echo "1..0 # SKIP built without libgit2"
    exit 0
fi
cd repo || exit 1
password base >base.env && git add . && git commit -qm base
git checkout -q -b left && password left >left.env && git add . && git commit -qm left
git checkout -q -b right main && password right >right.env && git add . && git commit -qm right
cd ..
scan git repo --rev left..right && [ $got = 1 ] && [ "$(cat have)" = "high file right.env 1" ]
point $? "A..B: what B adds"
scan git repo --rev left...right
[ "$(cut -d' ' -f3 have | tr '\n' ' ')" = "left.env right.env " ]
point $? "A...B: what either adds"
scan git repo --rev main...nonesuch
[ $got = 2 ] && grep -q nonesuch err
point $? "a symmetric range with an unknown end is an error"

cd repo || exit 1
git checkout -q -b gone main && password gone >gone.env && git add . && git commit -qm gone
git checkout -q main && git branch -qD gone && git reflog expire --expire=now --all
password dangling | git hash-object -w --stdin >/dev/null
cd ..
scan git repo && ! grep -q gone have && ! noted unreachable
point $? "what no ref leads to is not of the history"
scan git repo --unreachable && [ "$(wc -l <have)" = 5 ]
point $? "--unreachable reads it"

git init -q kinds && (
    cd kinds && mkdir -p tests/data conf && printf 'machine h login u %s\n' \
        "$(password netrc | sed 's/ = "/ /; s/"//')" >tests/data/x.txt
    cp tests/data/x.txt conf/.netrc && git add . && git commit -qm one
)
scan git kinds
has "low file tests/data/x.txt 1" && has "high file conf/.netrc 1"
point $? "one blob at two paths is judged at both"

git init -q inner && (cd inner && password inner >i.env && git add . && git commit -qm one)
git init -q outer && (
    cd outer && git -c protocol.file.allow=always submodule -q add "file://$PWD/../inner" sub &&
        git commit -qm sub
) >/dev/null 2>&1
scan git outer
[ $got = 0 ] && noted submodule && grep -q '"sub"' out
point $? "a submodule is named and not read"
scan git outer/sub
[ $got = 1 ] && has "high file i.env 1"
point $? "and read where it is named"

git -C repo config uploadpack.allowFilter true
git clone -q --bare --filter=blob:none "file://$PWD/repo" partial 2>/dev/null && scan git partial
[ $got = 3 ] && noted partial-clone && noted missing-object
point $? "a partial clone is never clean"

git init -q binary && (
    cd binary && { head -c 100000 /dev/zero && echo && password bin; } >core && git add . &&
        git commit -qm one
)
scan git binary
[ $got = 1 ] && grep -q ' core ' have
point $? "a binary file is read as well"

git init -q long && (
    cd long && python3 -c '
import sys
w = sys.stdout.write
for i in range(64):
    w("plain words and numbers %d; " % i * 40000)
w(sys.argv[1])' "$(password long)" >line.txt && git add . && git commit -qm one
)
scan git long
[ $got = 1 ] && has "high file line.txt 1"
point $? "a line of 60 MB, loose"
git -C long gc -q && scan git long
[ $got = 1 ] && has "high file line.txt 1"
point $? "and from a pack"

# damage
git init -q broken && (
    cd broken && password one >a.env && git add . && git commit -qm one && mkdir d &&
        password two >d/b.env && git add . && git commit -qm two
)
lose() { # lose NAME REVISION: a copy of broken without that object
    rm -rf "$1" && cp -r broken "$1" &&
        rm -f "$1/.git/objects/$(git -C broken rev-parse "$2" | sed 's,^..,&/,')"
}
lose no-blob HEAD:d/b.env && scan git no-blob
[ $got = 1 ] && noted missing-object && has "high file a.env 1" && grep -q '"complete": false' out
point $? "a missing blob: the rest is told, the result is incomplete"
lose no-tree HEAD:d && scan git no-tree
[ $got = 1 ] && noted missing-object
point $? "a missing tree"
lose no-commit HEAD~1 && scan git no-commit
noted missing-object && [ $got != 0 ]
point $? "a missing commit"
lose no-head HEAD && scan git no-head
[ $got != 0 ] && { [ -s err ] || noted missing-object; }
point $? "a head without its commit"
lose bits HEAD:a.env && python3 - <<'PY'
import subprocess, zlib, os
oid = subprocess.run(["git", "-C", "broken", "rev-parse", "HEAD:a.env"], stdout=subprocess.PIPE).stdout.decode().strip()
path = "bits/.git/objects/%s/%s" % (oid[:2], oid[2:])
with open(path, "wb") as f:
    f.write(zlib.compress(b"blob 999\0short"))
PY
scan git bits
[ $got != 0 ] && { noted damaged-object || noted missing-object; }
point $? "an object that is not what it says"
cp -r broken no-config && echo '[core' >no-config/.git/config && scan git no-config
[ $got = 3 ] || [ $got = 2 ]
point $? "a configuration that cannot be read"
cp -r broken index && printf 'DIRC\0\0\0\2\377\377\377\377' >index/.git/index && scan git index --staged
[ $got = 3 ]
point $? "an index cut short is never clean"
"$PLIMSOLL" as gitleaks git broken --no-banner >out 2>err && lose no-old HEAD:a.env
(cd broken && echo "key: ghp_0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R" >key && git add . && git commit -qm three)
lose no-old HEAD:a.env && "$PLIMSOLL" as gitleaks git no-old --no-banner -r - -f json >out 2>err
[ $? = 1 ] && grep -q 'not scanned to the end' err && grep -q '"File": "key"' out
point $? "as gitleaks: a missing object is exit 1, with what was found"

# ---- packs: chains of differences ----
# 150 versions of one file, each with a password of its own, and as many of another file between them
git init -q -b main chains && cd chains || exit 1
python3 - <<'PY' | git fast-import --quiet
import random, sys
r, out = random.Random(3), sys.stdout
lines = ["setting_%03d = %d" % (i, i) for i in range(400)]
other = ["line %d" % i for i in range(400)]
letters = "abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789"
for n in range(150):
    lines[r.randrange(400)] = 'password = "%s"' % "".join(r.choice(letters) for _ in range(20))
    other[r.randrange(400)] = "line %d of %d" % (r.randrange(400), n)
    out.write("commit refs/heads/main\ncommitter Ann <ann@example.org> %d +0000\ndata 1\n.\n" % (1700000000 + n))
    for name, text in (("app.ini", lines), ("other.txt", other)):
        body = "\n".join(text) + "\n"
        out.write("M 644 inline %s\ndata %d\n%s\n" % (name, len(body), body))
PY
cd ..
versions() { # how many passwords are found, and whether all was read
    scan git chains
    python3 -c 'import json; t = json.load(open("out"))["targets"][0]
print(len({f["fingerprint"] for f in t["findings"]}), t["complete"])'
}
[ "$(versions)" = "150 True" ]
point $? "each version in loose objects or the pack of an import"
git -C chains repack -qadf --depth=50 --window=50
[ "$(versions)" = "150 True" ]
point $? "each version in chains of fifty differences"
git -C chains rev-parse main~70 | (cd chains && git pack-objects -q --revs .git/objects/pack/pack >/dev/null)
[ "$(versions)" = "150 True" ]
point $? "objects in two packs are read once"

cd repo && git checkout -q left && scan git . --annotations=github && grep -q \
    '^::error file=left.env,line=1,' err
point $? "annotations stand on stderr"
cd ..
scan git repo --annotations=other
[ $got = 2 ]
point $? "and no other form is known"
echo "1..$n"
