#!/usr/bin/env python3
"""Writes the seeds of fuzz_secret, fuzz_rules and fuzz_glob below the folder given."""
# SPDX-License-Identifier: Apache-2.0
import base64
import gzip
import os
import sys

out = sys.argv[1]
token = b"ghp_1fJ8kQ2mXb7Rt5Yw9Zc3Vn6Ld0Ps4Ha2GuTe"
line = b"GIT=" + token + b" and more words\n"
der = base64.b64encode(b"\x30\x82\x04\xa4" + bytes(range(200)))
jwt = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9mLWl0"


def wide(text, order):
    return text.decode().encode("utf-16-" + order)


def lines(text, width, joint):
    return joint.join(text[i:i + width] for i in range(0, len(text), width))


secret = {
    "plain": line,
    "base64": b"k: " + base64.b64encode(line),
    "base64-twice": b"k: " + base64.b64encode(base64.b64encode(line)),
    "base64-lines": b"k: |\n  " + lines(base64.b64encode(line * 3), 40, b"\n  "),
    "base64-escapes": b"k: " + lines(base64.b64encode(line * 3), 40, b"\\n"),
    "base64-url": base64.urlsafe_b64encode(b"\xff>>" + line),
    "gzip": b"k: " + base64.b64encode(gzip.compress(line, mtime=0)),
    "hex": b"k: " + line.hex().encode(),
    "utf16-le": b"\xff\xfe" + wide(line, "le"),
    "utf16-be": b"\x01" + wide(line, "be"),
    "utf16-base64": base64.b64encode(wide(line, "le")),
    "pem": b"-----BEGIN RSA PRIVATE KEY-----\n" + lines(der, 64, b"\n") +
        b"\n-----END RSA PRIVATE KEY-----\n",
    "pem-line": b"x='-----BEGIN PRIVATE KEY-----\\n" + lines(der, 64, b"\\n") +
        b"\\n-----END PRIVATE KEY-----'",
    "jwt": b"Authorization: Bearer " + jwt,
    "url": b"postgres://app:k7Gh2mPq@db.corp.net/x amqp://guest:guest@localhost/",
    "shadow": b"root:$6$saltsalt$" + b"aB3." * 21 + b"xy:1::",
    "keyvalue": b"DB_PASSWORD=hunter2x9\npassword: \"hunter2x\"\n"
        b"{\"token\": \"kq83Jd72hSLqp02Zx\"}\n"
                b"<secret>s3cr3tPw9</secret>\n- name: MY_TOKEN\n  value: kq83Jd72hSLqp02Zx\n",
    "assign": b"ZED_KEY=abc123def456\nzed.token: 'abc123def456'\n"
        b"set(\"zedKey\", \"abc123def456\")\n",
    "before": b"0123456789abcdef-us1 fedcba9876543210-us12",
    "mixed": b"password=" + token + b" " + base64.b64encode(b"secret: hunter2x9 and more of it"),
}

head = b"[[rule]]\nid = \"secret/x\"\ntitle = \"t\"\nwhy = \"w\"\nfix = \"f\"\nsince = \"1\"\n"
full = head + b"severity = \"high\"\nkeywords = [\"abcd\"]\n"
rules = {
    "rule": full + b"regex = '''\\babcd([0-9]{8})'''\nentropy = 1.5\ngroup = 1\nprefix = 4\n"
        b"allow = ['^0']\n"
                   b"paths = ['*.env']\naliases = ['y']\nyes = ['abcd{digit:8}']\n"
                       b"no = ['abcd', {path='a', text='b'}]\n",
    "assign": full + b"regex = '''(?i)abcd[\\w. -]{0,9}?key{assign}([a-z]{9})'''\n"
        b"yes = ['abcd_key = {lower:9}']\n",
    "finder": full + b"check = 'keyvalue'\ngeneric = true\n",
    "before": full + b"before = 9\nregex = '[a-f]{9}abcd'\nkeyword_case = true\n",
    "none": b"# no rule\n",
    "should-fail-toml": b"[[rule]\n",
    "should-fail-key": full + b"regex = 'abcd'\ncolour = 1\n",
    "should-fail-missing": head,
    "should-fail-regex": full + b"regex = 'abcd('\n",
    "should-fail-look": full + b"regex = 'abcd(?=x)'\n",
    "should-fail-group": full + b"regex = 'abcd'\ngroup = 3\n",
    "should-fail-check": full + b"regex = 'abcd'\ncheck = 'nope'\n",
    "should-fail-keyword": head + b"severity = \"high\"\nkeywords = [\"ab\"]\nregex = 'abcd'\n",
    "should-fail-severity": head + b"severity = \"great\"\n",
    "should-fail-path": full + b"regex = 'abcd'\npaths = ['[a']\n",
    "should-fail-table": b"other = 1\n",
}

glob = {
    "star": b"a*b?c\0axxbyc",
    "deep": b"**/b/**\0a/b/c",
    "set": b"[!a-c]x[]]\0dx]",
    "escape": b"\\*\\[\0*[",
    "many": b"**a*a**a*b\0" + b"a" * 14,
    "should-fail-set": b"[a-\0a",
    "should-fail-long": b"a" * 600,
}

for name, seeds in (("secret", secret), ("rules", rules), ("glob", glob)):
    os.makedirs(os.path.join(out, name), exist_ok=True)
    for seed, data in seeds.items():
        with open(os.path.join(out, name, seed), "wb") as f:
            f.write((b"\x20" if name == "secret" else b"") + data)
