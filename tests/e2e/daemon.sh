#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# daemon:REF against a stand-in for the Docker service: whatever the framing, the findings are those of
# the archive; an answer that breaks off is never clean.
n=0
point() { # point STATUS NAME
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
findings() { grep -E '"(rule|fingerprint|evidence)"' "$1"; }

fake=$PL_BUILD/tests/e2e/fake_daemon
if [ ! -x "$fake" ] || [ -z "$MKIMAGE" ]; then
    echo "1..0 # SKIP fake_daemon or mkimage not built"
    exit 0
fi
cat >leaky.recipe <<'END'
layer gzip {
    by "one"
    file srv/a.env "TOKEN={token:daemon-a}\n"
    file big filler 300K
}
layer gzip {
    by "two"
    whiteout srv/a.env
}
END
"$MKIMAGE" leaky.recipe docker-archive:a.tar || exit 1
unset XDG_RUNTIME_DIR
DOCKER_HOST=unix://$PWD/s.sock
export DOCKER_HOST

scan() { # scan MODE: out.MODE, err.MODE, $got
    : >log
    "$fake" s.sock a.tar "$1" >log &
    server=$!
    tries=0
    while ! grep -q ready log && [ $tries -lt 1200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    "$PLIMSOLL" scan "daemon:library/leaky:1" -f json >"out.$1" 2>"err.$1"
    got=$?
    wait $server
}

"$PLIMSOLL" scan docker-archive:a.tar -f json >out.archive 2>err.archive
point $(($? != 1)) "the archive itself has findings"
findings out.archive >want
for mode in length chunked close slow; do
    scan $mode
    findings out.$mode >have
    [ "$got" = 1 ] && [ -s have ] && cmp -s want have
    point $? "$mode: the findings of the archive"
done
grep -q '^GET /images/library%2Fleaky%3A1/get HTTP/1.1$' log
point $? "the name is escaped in the request"

for mode in cut cut-chunk cut-last; do
    scan $mode
    [ "$got" != 0 ] && [ -s err.$mode ]
    point $? "$mode: never clean, and says so (exit $got)"
done
grep -q '"complete": false' out.cut-last
point $? "cut-last: incomplete, the findings are reported"

scan missing
[ "$got" = 2 ] && grep -q "has no image 'library/leaky:1'" err.missing
point $? "no such image: exit 2 with its name"
scan broken
[ "$got" = 4 ] && grep -q 'status 500' err.broken
point $? "a service that fails: exit 4 with the status"
for mode in endless-head garbage; do
    scan $mode
    [ "$got" != 0 ] && grep -q HTTP err.$mode
    point $? "$mode: refused"
done

rm -f s.sock
"$PLIMSOLL" scan daemon:leaky >out 2>err
[ $? = 4 ] && grep -q "cannot connect to '$PWD/s.sock'" err
point $? "no socket: exit 4 with its path"
DOCKER_HOST=tcp://127.0.0.1:2375 "$PLIMSOLL" scan daemon:leaky >out 2>err
[ $? = 2 ] && grep -q 'unix://' err
point $? "other transports: exit 2"
echo "1..$n"
