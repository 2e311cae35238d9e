#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Keys from elsewhere: imported ones of every kind, a helper program, a PKCS#11 token; passwords from
# every place they may come from.
n=0
point() { # point WANTED-STATUS NAME COMMAND…: runs it
    want=$1
    name=$2
    shift 2
    n=$((n + 1))
    "$@" >now 2>&1 </dev/null
    got=$?
    mv now said
    if [ "$got" = "$want" ]; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name (exit $got, wanted $want)"
        sed 's/^/# /' said
    fi
}

pl=$PLIMSOLL
PLIMSOLL_PASSWORD=secret
export PLIMSOLL_PASSWORD
if "$pl" keygen -q -o probe 2>&1 </dev/null | grep -q libsodium; then
    echo "1..0 # SKIP built without libsodium"
    exit 0
fi
if ! command -v openssl >/dev/null 2>&1; then
    echo "skip: sign-keys: openssl not installed"
    echo "1..0 # SKIP openssl not installed"
    exit 0
fi
echo message >m.txt

round() { # round NAME KEY PUBLIC: a file signed and verified
    point 0 "$1: sign" "$pl" sign -q --key "$2" --blob m.txt --bundle b.json
    point 0 "$1: verify" "$pl" verify -q --key "$3" --bundle b.json --artifact m.txt
    point 4 "$1: not for another" "$pl" verify -q --key "$3" --bundle b.json --artifact p256.pem
}

make() { # make NAME openssl-genpkey-arguments…
    name=$1
    shift
    openssl genpkey "$@" -out "$name.pem" 2>/dev/null && openssl pkey -in "$name.pem" -pubout \
        -out "$name.pem.pub" 2>/dev/null
}
make p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
make p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
make p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
make rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
make ed -algorithm ED25519

for k in p256 p384 p521 rsa ed; do
    point 0 "$k: import" "$pl" keygen -q --import $k.pem -o "i-$k"
    point 0 "$k: the public half stays the same" cmp $k.pem.pub "i-$k.pub"
    round "imported $k" "i-$k.key" $k.pem.pub
done
openssl ec -in p256.pem -out sec1.pem 2>/dev/null
openssl rsa -in rsa.pem -traditional -out pkcs1.pem 2>/dev/null
point 0 "SEC1" "$pl" keygen -q --import sec1.pem -o i-sec1
point 0 "PKCS#1" "$pl" keygen -q --import pkcs1.pem -o i-pkcs1
make small -algorithm RSA -pkeyopt rsa_keygen_bits:1024
make k256 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
for k in small k256; do
    point 2 "$k: refused" "$pl" keygen -q --import $k.pem -o "i-$k"
done

# ---- passwords
"$pl" keygen -q -o pw
unset PLIMSOLL_PASSWORD
sign_pw() { "$pl" sign -q --key pw.key --blob m.txt --bundle b.json; }
from_stdin() { printf 'secret\n' | sign_pw; }
wrong_stdin() { printf 'wrong\n' | sign_pw; }
from_cosign() { COSIGN_PASSWORD=secret sign_pw; }
both_set() { COSIGN_PASSWORD=wrong PLIMSOLL_PASSWORD=secret sign_pw; }
empty_env() { PLIMSOLL_PASSWORD= sign_pw </dev/null; }
point 0 "password on standard input" from_stdin
point 2 "a wrong one" wrong_stdin
point 0 "password from COSIGN_PASSWORD" from_cosign
point 0 "ours comes first" both_set
point 2 "an empty one is the empty password" empty_env
PLIMSOLL_PASSWORD= "$pl" keygen -q -o none </dev/null
point 0 "and opens what was closed with it" env PLIMSOLL_PASSWORD= "$pl" sign -q --key none.key \
    --blob m.txt --bundle b.json
if command -v script >/dev/null 2>&1; then
    await() { # await COMMAND…: until it holds, for a minute at most
        tries=0
        until "$@" 2>/dev/null || [ $tries -gt 600 ]; do
            sleep 0.1
            tries=$((tries + 1))
        done
    }
    terminal() {
        : >typed
        { await grep -qi password typed; sleep 1; echo secret; await test -s t.json; } |
            script -qfec "$pl sign -q --key pw.key --blob m.txt --bundle t.json" typed
    }
    point 0 "password on a terminal" terminal
    point 0 "and it was the right one" test -s t.json
    point 1 "it is not shown" grep -q secret said
else
    echo "skip: sign-keys: script not installed"
fi
key_of_env() { K=$(cat pw.key) PLIMSOLL_PASSWORD=secret "$pl" sign -q --key env://K --blob m.txt; }
key_of_stdin() { PLIMSOLL_PASSWORD=secret "$pl" sign -q --key - --blob m.txt <pw.key; }
point 0 "key from the environment" key_of_env
point 0 "key from standard input" key_of_stdin
PLIMSOLL_PASSWORD=secret
export PLIMSOLL_PASSWORD

# ---- a helper program
cat >helper <<'END'
#!/bin/sh
# helper KEY public, helper KEY sign sha256 or message
[ -z "$PLIMSOLL_PASSWORD$COSIGN_PASSWORD" ] || exit 9
case "$2 $3" in
"public ") openssl pkey -in "$1" -pubout ;;
"sign sha256") openssl pkeyutl -sign -inkey "$1" -pkeyopt digest:sha256 | base64 ;;
"sign message") t=$(mktemp) && cat >"$t" && openssl pkeyutl -sign -inkey "$1" -rawin -in "$t" | base64 ;;
*) exit 1 ;;
esac
END
cat >liar <<'END'
#!/bin/sh
case $1 in public) cat p256.pem.pub ;; *) echo AAAA ;; esac
END
chmod +x helper liar
for k in p256 p384 rsa ed; do
    round "helper, $k" "exec:./helper $k.pem" "exec:./helper $k.pem"
done
point 4 "a helper that lies" "$pl" sign -q --key exec:./liar --blob m.txt
point 2 "a helper that is not there" "$pl" sign -q --key exec:./nobody --blob m.txt
point 2 "a helper that fails" "$pl" sign -q --key "exec:./helper none.pem" --blob m.txt
point 2 "no program" "$pl" sign -q --key "exec: " --blob m.txt
for k in k8s://a/b awskms://a gcpkms://a azurekms://a hashivault://a; do
    point 2 "refused by name: $k" "$pl" sign -q --key $k --blob m.txt
    point 0 "with a hint" grep -q "exec:PROGRAM" said
done

# ---- a token
if ! command -v softhsm2-util >/dev/null 2>&1; then
    echo "skip: sign-keys: softhsm2 not installed"
elif "$pl" sign -q --key pkcs11:token=t --blob m.txt 2>&1 | grep -q "not in this build"; then
    echo "skip: sign-keys: built without p11-kit"
else
    mkdir tokens
    printf 'directories.tokendir = %s/tokens\nlog.level = ERROR\n' "$PWD" >hsm.conf
    SOFTHSM2_CONF=$PWD/hsm.conf
    export SOFTHSM2_CONF
    module=
    for m in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
        [ -f "$m" ] && module=$m && break
    done
    softhsm2-util --init-token --free --label t --so-pin 4321 --pin 1234 >/dev/null
    i=10
    for k in p256 p384 rsa ed; do
        i=$((i + 1))
        softhsm2-util --import $k.pem --token t --label $k --id $i --pin 1234 >/dev/null 2>&1
        uri="pkcs11:token=t;object=$k?module-path=$module&pin-value=1234"
        round "token, $k" "$uri" "$uri"
        point 0 "token, $k: verified with the file" "$pl" verify -q --key $k.pem.pub --bundle b.json \
            --artifact m.txt
    done
    uri="pkcs11:token=t;id=%11?module-path=$module"
    point 2 "a PIN that is wrong" "$pl" sign -q --key "$uri" --blob m.txt
    PLIMSOLL_PASSWORD=1234
    point 0 "the PIN as a password; the key by its id" "$pl" sign -q --key "$uri" --blob m.txt
    point 2 "no such key" "$pl" sign -q --key "pkcs11:token=t;object=x?module-path=$module" --blob m.txt
    point 2 "no such token" "$pl" sign -q --key "pkcs11:token=x?module-path=$module" --blob m.txt
    point 2 "no such module" "$pl" sign -q --key "pkcs11:token=t?module-path=/nowhere.so" --blob m.txt
    point 2 "no URI" "$pl" sign -q --key "pkcs11:=;;" --blob m.txt
    PLIMSOLL_PASSWORD=secret
fi
echo "1..$n"
