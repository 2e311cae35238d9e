#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the golden reports against schemas: our own JSON against docs/formats, SARIF and GitLab
against the published ones where they are (PL_SCHEMAS=folder with sarif-2.1.0.json,
gitlab-container-scanning.json, gitlab-secret-detection.json), all XML and HTML against a parser."""

import html.parser
import json
import os
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
VOID = {"meta", "input", "link", "br", "hr"}
points = []


def point(ok, name):
    points.append(ok)
    print("%sok %d - %s" % ("" if ok else "not ", len(points), name))


def text_of(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return f.read()


def validate(name, path):
    try:
        import jsonschema
    except ImportError:
        print("skip: %s: python3-jsonschema is not installed" % name)
        return
    if not os.path.exists(path):
        print("skip: %s: no %s (PL_SCHEMAS)" % (name, os.path.basename(path)))
        return
    with open(path, encoding="utf-8") as f:
        schema = json.load(f)
    checker = jsonschema.validators.validator_for(schema)
    checker.check_schema(schema)
    wrong = list(checker(schema).iter_errors(json.loads(text_of(name))))
    for e in wrong[:5]:
        print("# %s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:200]))
    point(not wrong, "%s is valid by %s" % (name, os.path.basename(path)))


class Nesting(html.parser.HTMLParser):
    """Every element that is opened is closed, in order."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.wrong = []

    def handle_starttag(self, tag, attrs):
        names = [a[0] for a in attrs]
        if len(names) != len(set(names)):
            self.wrong.append("attribute twice in <%s>" % tag)
        if any(n.startswith("on") for n in names):
            self.wrong.append("handler in <%s>" % tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("</%s> at %s" % (tag, self.getpos()))


def check_html():
    page = Nesting()
    page.feed(text_of("html.golden"))
    page.close()
    for w in page.wrong[:5]:
        print("# " + w)
    point(not page.wrong and not page.open, "html.golden nests")


def check_xml():
    try:
        root = xml.etree.ElementTree.fromstring(text_of("junit.golden"))
        point(root.tag == "testsuites", "junit.golden is XML")
    except xml.etree.ElementTree.ParseError as e:
        print("# %s" % e)
        point(False, "junit.golden is XML")


def main():
    schemas = os.environ.get("PL_SCHEMAS", os.path.join(ROOT, "..", "shared", "suites", "schemas"))
    validate("json.golden", os.path.join(ROOT, "docs", "formats", "scan-v1.schema.json"))
    validate("sarif.golden", os.path.join(schemas, "sarif-2.1.0.json"))
    validate("gitlab.golden", os.path.join(schemas, "gitlab-container-scanning.json"))
    validate("gitlab-secrets.golden", os.path.join(schemas, "gitlab-secret-detection.json"))
    check_html()
    check_xml()
    print("1..%d" % len(points))
    return 0 if all(points) else 1


if __name__ == "__main__":
    sys.exit(main())
