#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Keys made, images in layouts and files signed and verified; what must be refused is; and the objects
# that a real cosign wrote, where they are there.
n=0
point() { # point WANTED-STATUS NAME COMMAND…: runs it
    want=$1
    name=$2
    shift 2
    n=$((n + 1))
    "$@" >out 2>&1 </dev/null
    got=$?
    if [ "$got" = "$want" ]; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name (exit $got, wanted $want)"
        sed 's/^/# /' out
    fi
}

pl=$PLIMSOLL
if [ -z "$MKIMAGE" ]; then
    echo "1..0 # SKIP mkimage not built"
    exit 0
fi
PLIMSOLL_PASSWORD=secret
export PLIMSOLL_PASSWORD
if "$pl" keygen -q -o probe 2>&1 </dev/null | grep -q libsodium; then
    echo "1..0 # SKIP built without libsodium"
    exit 0
fi
cat >app.recipe <<'END'
layer gzip {
    by "one"
    file etc/app.conf "answer=42\n"
}
END
"$MKIMAGE" app.recipe oci:app || exit 1
echo '{"result":"none"}' >scan.json
echo message >m.txt

for type in ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519; do
    point 0 "a key of type $type" "$pl" keygen -q --type $type -o "k-$type"
    cp -r app "app-$type"
    point 4 "not signed yet" "$pl" verify --key "k-$type.pub" "oci:app-$type"
    point 0 "sign, $type" "$pl" sign -q --key "k-$type.key" -a 'a=<b>&' "oci:app-$type"
    point 0 "verify, $type" "$pl" verify --key "k-$type.pub" -a 'a=<b>&' "oci:app-$type"
    point 4 "another annotation" "$pl" verify --key "k-$type.pub" -a a=b "oci:app-$type"
    point 4 "a signature is no attestation" "$pl" verify --key "k-$type.pub" --type custom "oci:app-$type"
    point 0 "attest, $type" "$pl" attest -q --key "k-$type.key" --type custom --predicate scan.json \
        "oci:app-$type"
    point 0 "its type" "$pl" verify --key "k-$type.pub" --type custom "oci:app-$type"
    point 4 "another type" "$pl" verify --key "k-$type.pub" --type vuln "oci:app-$type"
    point 0 "sign a file" "$pl" sign -q --key "k-$type.key" --blob m.txt --bundle "b-$type.json"
    point 0 "verify it" "$pl" verify --key "k-$type.pub" --bundle "b-$type.json" --artifact m.txt
    point 4 "another file" "$pl" verify --key "k-$type.pub" --bundle "b-$type.json" --artifact scan.json
done
point 2 "a key is never overwritten" "$pl" keygen -o k-ed25519
cp -r app twice
point 0 "first of two" "$pl" sign -q --key k-ecdsa-p256.key oci:twice
point 4 "two are needed" "$pl" verify --key k-ecdsa-p256.pub --key k-ed25519.pub --need 2 oci:twice
point 4 "one key twice is one" "$pl" verify --key k-ecdsa-p256.pub --key k-ecdsa-p256.pub --need 2 oci:twice
point 0 "second of two" "$pl" sign -q --key k-ed25519.key --format bundle oci:twice
point 0 "both" "$pl" verify --key k-ecdsa-p256.pub --key k-ed25519.pub --need 2 oci:twice
point 4 "another key" "$pl" verify --key k-ecdsa-p384.pub oci:twice
cp -r app attested
point 0 "attested only" "$pl" attest -q --key k-ed25519.key --type custom --predicate scan.json oci:attested
point 4 "an attestation is no signature" "$pl" verify --key k-ed25519.pub oci:attested
PLIMSOLL_PASSWORD=wrong
point 2 "a wrong password" "$pl" sign --key k-ed25519.key oci:twice
PLIMSOLL_PASSWORD=secret

golden=$PL_SRC/../shared/suites/signing/cosign-golden
if [ -d "$golden" ]; then
    mkdir -p theirs/blobs/sha256
    echo '{"imageLayoutVersion":"1.0.0"}' >theirs/oci-layout
    for f in "$golden"/v2.blob.* "$golden"/v2.tag.*; do
        cp "$f" "theirs/blobs/sha256/$(sha256sum <"$f" | cut -c1-64)"
    done
    comma=
    printf '{"schemaVersion":2,"manifests":[' >theirs/index.json
    for f in "$golden"/v2.tag.*.json; do
        tag=$(basename "$f" .json)
        type=application/vnd.oci.image.manifest.v1+json
        case $tag in v2.tag.v2) type=application/vnd.docker.distribution.manifest.v2+json ;; esac
        printf '%s{"mediaType":"%s","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"%s"}}' \
            "$comma" $type "$(sha256sum <"$f" | cut -c1-64)" "$(wc -c <"$f")" "${tag#v2.tag.}" \
            >>theirs/index.json
        comma=,
    done
    printf ']}' >>theirs/index.json
    chmod -R u+w theirs
    point 0 "cosign's signature" "$pl" verify --key "$golden/cosign.pub" -a team=core oci:theirs:v2
    point 4 "with another key" "$pl" verify --key "$golden/rsa.pub" oci:theirs:v2
    point 0 "cosign's attestation" "$pl" verify --key "$golden/cosign.pub" --type vuln oci:theirs:v2
    point 0 "cosign's key signs" "$pl" sign -q --key "$golden/cosign.key" oci:theirs:v2
    point 0 "cosign's RSA key signs" "$pl" sign -q --key "$golden/rsa.key" oci:theirs:v2
    point 0 "and is verified" "$pl" verify --key "$golden/rsa.pub" oci:theirs:v2
else
    echo "skip: sign: ../shared/suites/signing not present"
fi
echo "1..$n"
