#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The hook as git runs it: with an index of its own for commit -a, -i, -p and paths, in further work
# trees, with a repository that the environment names. What a marker and an entry cover.
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
GIT_COMMITTER_EMAIL=ann@example.org
PATH=$(dirname "$PLIMSOLL"):$PATH
export GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME
export GIT_COMMITTER_EMAIL PATH

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
commit() { git commit -qm x "$@" >out 2>err </dev/null; }
refused() { ! commit "$@" && grep -q github-pat out err; }
clean() { git reset -q --hard && git clean -qfd; }

git init -q -b main repo
if plimsoll secrets git repo 2>&1 | grep -q 'built without libgit2'; then
    echo "1..0 # SKIP built without libgit2"
    exit 0
fi
printf 'out\nerr\n' >repo/.git/info/exclude
cd repo || exit 1
echo one >file && echo two >other && git add . && git commit -qm base
plimsoll install-hook . >/dev/null
echo "T=$(token a)" >>file
refused -a
point $? "what commit -a commits"
refused file
point $? "what commit PATH commits"
refused -i file
point $? "what commit -i PATH commits"
git reset -q
yes | git commit -qpm x >out 2>err
[ "$(git rev-list --count HEAD)" = 1 ] && grep -q github-pat out err
point $? "what commit -p commits"
git add file && echo more >>other && commit other
point $? "not what such a commit leaves out"
refused
point $? "which the next one has"
clean && git worktree add -q ../wt -b wt 2>/dev/null
(cd ../wt && echo "T=$(token b)" >>file && refused -a)
point $? "in a further work tree"
mkdir -p deep/er && echo "T=$(token c)" >deep/er/f && git add deep && (cd deep/er && ! commit) && clean
point $? "from a folder below"
cd ..

git init -q --bare dots.git && mkdir home && echo "T=$(token d)" >home/f && (
    cd home && export GIT_DIR="$PWD/../dots.git" GIT_WORK_TREE="$PWD" && git add f
    plimsoll secrets git --staged -q >out 2>err
    [ $? = 1 ] && grep -q github-pat out
)
point $? "a repository that the environment names"
git -C wt add file
(GIT_INDEX_FILE=$PWD/repo/.git/index && export GIT_INDEX_FILE && cd home &&
    plimsoll secrets git ../wt --staged -q >out 2>err
[ $? = 1 ] && grep -q github-pat out)
point $? "another repository's index is not that of the one that is named"
(GIT_INDEX_FILE=$PWD/none/index && export GIT_INDEX_FILE && cd repo && plimsoll secrets git --staged -q >out 2>err
[ $? = 2 ] && grep -q 'none/index' err)
point $? "an index in no folder is an error"

cd repo || exit 1
count() { # count SUFFIX...: whether what stands behind a secret covers it
    echo "T=$(token e) # $1" >m && git add m && plimsoll secrets git --staged -q >out 2>err
    echo $?
}
[ "$(count plimsoll:allow)" = 0 ] && [ "$(count 'plimsoll:allow a key of the tests')" = 0 ]
point $? "a marker, with or without a reason"
[ "$(count 'plimsoll:allow secret/github-pat')$(count 'plimsoll:allow github-pat')" = 00 ]
point $? "a marker with its rule, in full or short"
[ "$(count 'plimsoll:allow secret/npm-token')$(count 'plimsoll:allow npm-token, for now')" = 11 ]
point $? "a marker of another rule covers nothing"
[ "$(count 'plimsoll:allow until=2999-01-01')$(count 'plimsoll:allow github-pat until=2001-01-01')$(
    count 'plimsoll:allow key of the tests until=2001-01-01')$(count 'plimsoll:allow until=soon')" = 0111 ]
point $? "a marker's date, wherever it stands"
cd ..

mkdir lists && echo 'lock {' >lists/poetry.lock && echo '{"lockfileVersion":2,"packages":{"node_modules/x":{"version":"1.0.0"}}}' >lists/package-lock.json
plimsoll secrets dir lists -f json >out 2>err
[ $? = 0 ] && ! grep -q '"purl"' out && grep -q '"complete": true' out
point $? "lists of packages are no business of secrets"
plimsoll scan dir:lists --scanners secret -f json >out 2>err
[ $? = 0 ]
point $? "nor of a scan for secrets alone"
plimsoll scan dir:lists --scanners package -f json >out 2>err
[ $? = 3 ] && grep -q '"purl"' out
point $? "but of one for packages"
echo "1..$n"
