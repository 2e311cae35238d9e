# SPDX-License-Identifier: Apache-2.0
"""Identities for tests: an authority, a certificate log and a transparency log of our own,
certificates and entries made by hand (RFC 5280, RFC 6962, Rekor's types), signatures of them put
into a registry. Keys and signatures are openssl's."""

import base64
import hashlib
import json
import subprocess
import time

from mockreg import MANIFEST, digest

SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE = "application/vnd.dsse.envelope.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
STATEMENT = "application/vnd.in-toto+json"
SINCE = {"start": "2020-01-01T00:00:00Z"}


def b64(data):
    return base64.b64encode(data).decode()


def sha(data):
    return hashlib.sha256(data).digest()


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else (lambda s: bytes([128 | len(s)]) + s)(
        n.to_bytes((n.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + size + body


def oid(text):
    first, second, *rest = (int(x) for x in text.split("."))
    out = b""
    for n in [first * 40 + second, *rest]:
        piece = bytes([n & 127])
        while n > 127:
            n >>= 7
            piece = bytes([n & 127 | 128]) + piece
        out += piece
    return tlv(6, out)


ALGORITHM = tlv(0x30, oid("1.2.840.10045.4.3.2"))


def name(text):
    return tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.3"), tlv(12, text.encode()))))


def moment(t):
    return tlv(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime(t)).encode())


def extension(kind, value, critical=False):
    return tlv(0x30, oid(kind), *([tlv(1, b"\xff")] if critical else []), tlv(4, value))


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, stdout=subprocess.PIPE, check=True,
                          stderr=subprocess.DEVNULL).stdout


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Key:
    def __init__(self, path):
        self.path = path
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        self.public = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        self.id = sha(self.public)

    def sign(self, data):
        return openssl("dgst", "-sha256", "-sign", self.path, data=data)


class World:
    """Everything that a trusted root trusts."""
    made = 0

    def __init__(self):
        self.ca, self.ct, self.log = (Key("%s%d.pem" % (x, World.made))
                                     for x in ("ca", "ct", "log"))
        self.now = int(time.time())
        basic = [extension("2.5.29.19", tlv(0x30, tlv(1, b"\xff")), True),
                 extension("2.5.29.15", tlv(3, b"\x01\x06"), True)]
        self.authority = self.certificate(1, "ca", self.ca.public, basic, 86400 * 30)
        self.tsa = Key("tsa%d.pem" % World.made)
        self.stamper = self.certificate(20 + World.made, "tsa%d" % World.made, self.tsa.public, [
            extension("2.5.29.37", tlv(0x30, oid("1.3.6.1.5.5.7.3.8")), True)], 86400)
        World.made += 1

    def tbs(self, serial, subject, public, extensions, span):
        since = self.now - min(span, 3600)
        return tlv(0x30, tlv(0xa0, b"\x02\x01\x02"), tlv(2, bytes([serial])), ALGORITHM,
                   name("ca"), tlv(0x30, moment(since), moment(self.now + span)),
                   name(subject), public, tlv(0xa3, tlv(0x30, *extensions)))

    def certificate(self, *what):
        tbs = self.tbs(*what)
        return tlv(0x30, tbs, ALGORITHM, tlv(3, b"\0", self.ca.sign(tbs)))

    def leaf(self, public, subject, issuer):
        parts = [extension("2.5.29.15", tlv(3, b"\x07\x80"), True),
                 extension("2.5.29.37", tlv(0x30, oid("1.3.6.1.5.5.7.3.3"))),
                 extension("2.5.29.17", tlv(0x30, tlv(0x86, subject.encode())), True),
                 extension("1.3.6.1.4.1.57264.1.8", tlv(12, issuer.encode()))]
        bare = self.tbs(7, "", public, parts, 600)
        stamp = (self.now * 1000).to_bytes(8, "big")
        signed = self.ct.sign(b"\0\0" + stamp + b"\0\1" + self.ca.id +
                              len(bare).to_bytes(3, "big") + bare + b"\0\0")
        sct = b"\0" + self.ct.id + stamp + b"\0\0\4\3" + len(signed).to_bytes(2, "big") + signed
        entry = len(sct).to_bytes(2, "big") + sct
        whole = len(entry).to_bytes(2, "big") + entry
        parts.append(extension("1.3.6.1.4.1.11129.2.4.2", tlv(4, whole)))
        return self.certificate(7, "", public, parts, 600)

    def root(self):
        def key(k):
            return {"baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256",
                    "publicKey": {"rawBytes": b64(k.public), "validFor": SINCE,
                                  "keyDetails": "PKIX_ECDSA_P256_SHA_256"},
                    "logId": {"keyId": b64(k.id)}}
        authority = {"subject": {"organization": "x", "commonName": "ca"}, "uri": "",
                     "certChain": {"certificates": [{"rawBytes": b64(self.authority)}]},
                     "validFor": SINCE}
        return {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [key(self.log)], "ctlogs": [key(self.ct)],
                "timestampAuthorities": [{**authority, "certChain": {"certificates": [
                    {"rawBytes": b64(x)} for x in (self.stamper, self.authority)]}}],
                "certificateAuthorities": [authority]}

    def stamp(self, data, beside=None, turned=False):
        """A time stamp of `data` with our certificate and `beside` in it; `turned`: that first."""
        with open("ts.cnf", "w", encoding="ascii") as f:
            f.write("[tsa]\ndefault_tsa = t\n[t]\nserial = ./ts.serial\ndefault_policy = 1.2.3.4\n"
                    "digests = sha256\nsigner_digest = sha256\ness_cert_id_alg = sha256\n")
        with open("ts.data", "wb") as f:
            f.write(data)
        openssl("x509", "-inform", "DER", "-out", "ts.signer", data=self.stamper)
        words = []
        if beside:
            openssl("x509", "-inform", "DER", "-out", "ts.beside", data=beside)
            words = ["-chain", "ts.beside"]
        openssl("ts", "-query", "-data", "ts.data", "-sha256", "-cert", "-no_nonce", "-out", "ts.q")
        openssl("ts", "-reply", "-config", "ts.cnf", "-queryfile", "ts.q", "-signer", "ts.signer",
                "-inkey", self.tsa.path, *words, "-out", "ts.r")
        with open("ts.r", "rb") as f:
            token = f.read()
        if turned:
            assert self.stamper + beside in token
            token = token.replace(self.stamper + beside, beside + self.stamper)
        return token

    def promise(self, body):
        """The transparency log's entry, as the annotation has it."""
        entry = {"body": b64(compact(body)), "integratedTime": self.now,
                 "logID": self.log.id.hex(), "logIndex": 1}
        signed = self.log.sign(compact(entry))
        return json.dumps({"SignedEntryTimestamp": b64(signed), "Payload": entry})


class Signer:
    """Somebody with an identity: a fresh key and a certificate for it."""

    def __init__(self, world, subject, issuer):
        self.world, self.key = world, Key("leaf.pem")
        der = world.leaf(self.key.public, subject, issuer)
        self.pem = "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % (
            base64.encodebytes(der).decode())

    def put(self, reg, repo, image, suffix, kind, payload, annotations):
        """One more layer of the tag that signatures are kept under."""
        tag = image.replace(":", "-") + suffix
        layers = []
        if tag in reg.tags.get(repo, {}):
            layers = json.loads(reg.manifests[repo][reg.tags[repo][tag]][1])["layers"]
        layers.append({"mediaType": kind, **reg.blob(repo, payload), "annotations": {
            "dev.sigstore.cosign/certificate": self.pem, **annotations}})
        config = {"architecture": "", "os": "", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [x["digest"] for x in layers]}}
        blob = reg.blob(repo, json.dumps(config).encode())
        reg.manifest(repo, {"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
                            "config": {"mediaType": CONFIG, **blob}}, MANIFEST, tag)

    def sign(self, reg, repo, image, spoil=None, stamp=None):
        """`spoil` changes the log's entry; `stamp` makes a time stamp of the signature."""
        payload = compact({"critical": {"identity": {"docker-reference": reg.host + "/" + repo},
                                        "image": {"docker-manifest-digest": image},
                                        "type": "cosign container image signature"},
                           "optional": None})
        signature = self.key.sign(payload)
        body = {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": sha(payload).hex()}},
            "signature": {"content": b64(signature),
                          "publicKey": {"content": b64(self.pem.encode())}}}}
        if spoil:
            spoil(body)
        stamped = {"dev.sigstore.cosign/rfc3161timestamp": json.dumps(
            {"SignedRFC3161Timestamp": b64(stamp(signature))})} if stamp else {}
        self.put(reg, repo, image, ".sig", SIMPLE, payload, {
            "dev.cosignproject.cosign/signature": b64(signature), **stamped,
            "dev.sigstore.cosign/bundle": self.world.promise(body)})

    def attest(self, reg, repo, image, predicate_type, predicate):
        payload = compact({"_type": "https://in-toto.io/Statement/v0.1",
                           "predicateType": predicate_type, "predicate": predicate,
                           "subject": [{"name": reg.host + "/" + repo,
                                        "digest": {"sha256": image.split(":")[1]}}]})
        pae = b"DSSEv1 %d %s %d %s" % (len(STATEMENT), STATEMENT.encode(), len(payload), payload)
        signature = self.key.sign(pae)
        envelope = json.dumps({"payloadType": STATEMENT, "payload": b64(payload),
                               "signatures": [{"keyid": "", "sig": b64(signature)}]}).encode()
        body = {"apiVersion": "0.0.1", "kind": "dsse", "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": sha(envelope).hex()},
            "payloadHash": {"algorithm": "sha256", "value": sha(payload).hex()},
            "signatures": [{"signature": b64(signature),
                            "verifier": b64(self.pem.encode())}]}}
        self.put(reg, repo, image, ".att", DSSE, envelope, {
            "dev.cosignproject.cosign/signature": "", "predicateType": predicate_type,
            "dev.sigstore.cosign/bundle": self.world.promise(body)})
        return digest(envelope)
