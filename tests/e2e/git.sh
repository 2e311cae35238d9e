#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Repositories made here with git, read by `secrets git`: each secret once, at the commit that brought
# it; broken ones are never clean.
n=0
point() { # point STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
if ! command -v git >/dev/null 2>&1 || ! "$PLIMSOLL" --version --verbose 2>/dev/null >version; then
    echo "1..0 # SKIP no git"
    exit 0
fi
GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_NAME=Ann GIT_AUTHOR_EMAIL=ann@example.org GIT_COMMITTER_NAME=Ann
GIT_COMMITTER_EMAIL=ann@example.org GIT_AUTHOR_DATE='2024-05-01T10:00:00+0200'
GIT_COMMITTER_DATE='2024-05-01T10:00:00+0200'
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME
export GIT_COMMITTER_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_DATE

token() { # token WORD: a token of a form that carries its checksum
    python3 - "$1" <<'PY'
import random, sys, zlib
r = random.Random(sys.argv[1])
digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
body = "".join(r.choice(digits) for _ in range(30))
crc, tail = zlib.crc32(body.encode()), ""
for _ in range(6):
    crc, d = divmod(crc, 62)
    tail = digits[d] + tail
print("ghp_" + body + tail)
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
    c = f.get("commit") or {}
    print(f["where"]["surface"], f["where"]["path"] if f["where"]["surface"] == "file" else "-",
          f["where"]["line"], c.get("email"), (c.get("date") or "")[:10],
          "head" if f["visible"] else "past", c.get("versions"))
PY
}
has() { grep -qxF "$1" have; }

git init -q repo
if "$PLIMSOLL" secrets git repo 2>&1 | grep -q 'built without libgit2'; then
    echo "1..0 # SKIP built without libgit2"
    exit 0
fi
cd repo || exit 1
printf 'one\nT=%s\n' "$(token a)" >a.env
git add . && git commit -qm first
echo more >>a.env && git commit -qam second
git mv a.env b.env && git commit -qm moved
git rm -q b.env && git commit -qm gone
echo "K=$(token k)" >kept.txt && git add . && git commit -qm says -m "$(token m)"
git tag -am "tag $(token t)" v1
git checkout -q -b side && echo "S=$(token s)" >side.txt && git add . && git commit -qm side
git checkout -q -
echo "X=$(token x)" >stashed && git add stashed && git stash -q
git notes add -m "note $(token n)"
cd ..
scan git repo
[ $got = 1 ] && [ "$(wc -l <have)" = 8 ]
point $? "branches, tags, stash, notes: each secret once"
has "file a.env 2 ann@example.org 2024-05-01 past 2"
point $? "attributed to the first commit of its path"
has "file b.env 2 ann@example.org 2024-05-01 past 1"
point $? "a moved file is another place"
has "file kept.txt 1 ann@example.org 2024-05-01 head 1" && has "file side.txt 1 ann@example.org 2024-05-01 head 1"
point $? "what is in a branch head is visible"
[ "$(grep -c '^history' have)" = 2 ]
point $? "messages of commits and tags"
cp have want
for t in 1 4; do
    scan git repo --threads $t
    cmp -s have want
    point $? "the same with $t threads"
done
git -C repo gc -q && scan git repo && cmp -s have want
point $? "the same from a pack"
git clone -q --mirror repo bare.git && scan git bare.git
[ "$(grep -c 'kept.txt\|a.env' have)" = 2 ]
point $? "a bare repository"
git -C repo worktree add -q ../wt side && scan git wt && cmp -s have want
point $? "a further work tree has the same history"
git clone -q --shared repo borrow && scan git borrow && [ $got = 1 ] && has "file a.env 2 ann@example.org 2024-05-01 past 2"
point $? "borrowed objects"
scan git repo --rev side --rev ^v1 && [ "$(cut -d' ' -f2 have)" = side.txt ]
point $? "a range"
scan git repo --since 2024-06-01
[ $got = 0 ] && scan git repo --until 2024-04-01 && [ $got = 0 ]
point $? "commits by date"
scan git repo --rev nonesuch
[ $got = 2 ] && grep -q nonesuch err
point $? "an unknown revision is an error"
scan git .
[ $got = 2 ]
point $? "no repository is an error"

git clone -q --depth 1 "file://$PWD/repo" shallow && scan git shallow
[ $got = 1 ] && grep -q '"shallow"' out
point $? "a shallow clone is said"
git init -q sha256 --object-format=sha256 2>/dev/null && scan git sha256 && [ $got = 3 ]
point $? "other ids are said, never clean"

git init -q broken && (
    cd broken && echo clean >f && git add . && git commit -qm one && echo other >f && git commit -qam two
    rm -f .git/objects/"$(git rev-parse HEAD~1:f | sed 's,^..,&/,')"
)
scan git broken
[ $got = 3 ] && grep -q missing-object out
point $? "a missing object is never clean"
cp -r repo corrupt && chmod -R u+w corrupt && for p in corrupt/.git/objects/pack/*.pack; do
    printf 'garbage garbage garbage' | dd of="$p" bs=1 seek=200 conv=notrunc 2>/dev/null
done
scan git corrupt
[ $got != 0 ]
point $? "a corrupt pack is never clean"

cd repo || exit 1
git reset -q --hard && scan git . --staged && [ $got = 0 ]
point $? "nothing staged is clean"
echo "old and more" >>kept.txt && mkdir -p d/e && echo "N=$(token new)" >d/e/f && git add .
scan git . --staged
[ $got = 1 ] && [ "$(cut -d' ' -f1-3 have)" = "file d/e/f 1" ]
point $? "only what is new in the index"
"$PLIMSOLL" install-hook . >/dev/null && PATH=$(dirname "$PLIMSOLL"):$PATH git commit -qm x >/dev/null 2>&1
[ $? != 0 ] && "$PLIMSOLL" install-hook . >/dev/null
point $? "the hook refuses the commit, and is ours to renew"
echo '#!/bin/sh' >.git/hooks/pre-commit && ! "$PLIMSOLL" install-hook . 2>../err && grep -q kept ../err
point $? "another hook is kept and named"
PATH=/nowhere /bin/sh -c "$(cd ../ && git init -q hooked && cd hooked && git config core.hooksPath own &&
    mkdir own && "$PLIMSOLL" install-hook . >/dev/null && cat own/pre-commit)" 2>../err
[ $? = 1 ] && grep -q 'nothing was checked' ../err
point $? "the hook stands where git looks for it; without the program nothing passes"
cd ..

print=$(python3 -c "
import json
print(next(f['fingerprint'] for t in json.load(open('repo/out'))['targets'] for f in t['findings']))")
echo "$print until=2999-01-01 a test" >repo/.plimsollignore
cd repo && scan git . --staged && [ $got = 0 ] && git mv d/e/f g && scan git . --staged && [ $got = 0 ]
point $? "an ignore entry outlives a move"
echo "N=$(token newer)" >g && git add g && scan git . --staged && [ $got = 1 ]
point $? "and another value counts"
echo "N=$(token new)" >g && git add g && echo "$print until=2001-01-01 old" >.plimsollignore && scan git . --staged
[ $got = 1 ] && grep -q expired err
point $? "past its date an entry is named and covers nothing"
rm .plimsollignore && echo "g:github-pat:1" >.gitleaksignore && scan git . --staged && [ $got = 0 ]
point $? ".gitleaksignore"
echo "g:github-pat:9" >.gitleaksignore && scan git . --staged --report-unused-ignores
[ $got = 1 ] && grep -q 'matched nothing' err
point $? "unused entries are reported"
rm .gitleaksignore && echo "N=$(token new) # gitleaks:allow" >g && git add g && scan git . --staged && [ $got = 0 ]
point $? "a marker on the line"
scan git . --staged --no-ignores && [ $got = 1 ]
point $? "markers can be left out of account"
cd ..
echo "N=$(token in)" | "$PLIMSOLL" secrets stdin -q >out 2>err
[ $? = 1 ]
point $? "standard input"
echo "1..$n"
