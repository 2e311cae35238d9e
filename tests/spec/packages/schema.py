#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Inventories of every recipe here are what CycloneDX 1.6 and SPDX 2.3 demand: by a checker of the
fields and types they require, and by the published schemas where cyclonedx-python-lib[validation] and
spdx-tools are installed (a skip line otherwise)."""

import json
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import _images as im  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CDX_TYPES = {"application", "framework", "library", "container", "platform", "operating-system",
             "device", "firmware", "file", "data"}
TECHNIQUES = {"source-code-analysis", "binary-analysis", "manifest-analysis", "filename"}
SPDX_ID = re.compile(r"^SPDXRef-[a-zA-Z0-9.-]+$")
PURL = re.compile(r"^pkg:[a-z0-9.+-]+/[^@\s]+(@[^?\s]+)?(\?[^\s]+)?$")


def check_cyclonedx(d):
    wrong = []

    def want(ok, what):
        if not ok:
            wrong.append(what)
    want(d.get("bomFormat") == "CycloneDX" and d.get("specVersion") == "1.6", "head")
    want(re.match(r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", d["serialNumber"]),
         "serialNumber")
    refs = [d["metadata"]["component"]["bom-ref"]] + [c["bom-ref"] for c in d["components"]]
    want(len(refs) == len(set(refs)), "bom-ref repeated")
    for c in d["components"]:
        want(c["type"] in CDX_TYPES and isinstance(c["name"], str) and c["name"], "component")
        want("purl" not in c or PURL.match(c["purl"]), "purl %s" % c.get("purl"))
        for p in c.get("properties", []):
            want(set(p) == {"name", "value"} and isinstance(p["value"], str), "property")
        for i in c.get("evidence", {}).get("identity", []):
            want(0 <= i["confidence"] <= 1 and
                 all(m["technique"] in TECHNIQUES for m in i["methods"]), "identity")
    for c in d["compositions"]:
        want(all(a in refs for a in c["assemblies"]), "composition")
    return wrong


def check_spdx(d):
    wrong = []

    def want(ok, what):
        if not ok:
            wrong.append(what)
    for key in ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo"):
        want(key in d, key)
    want(d["spdxVersion"] == "SPDX-2.3" and d["dataLicense"] == "CC0-1.0", "head")
    ids = {p["SPDXID"] for p in d["packages"]}
    want(len(ids) == len(d["packages"]), "SPDXID repeated")
    for p in d["packages"]:
        want(SPDX_ID.match(p["SPDXID"]) and p["name"] and p["downloadLocation"], "package")
        for r in p.get("externalRefs", []):
            want(r["referenceType"] == "purl" and PURL.match(r["referenceLocator"]), "externalRef")
        for a in p.get("annotations", []):
            want(set(a) == {"annotationDate", "annotationType", "annotator", "comment"},
                 "annotation")
    for r in d["relationships"]:
        want({r["spdxElementId"], r["relatedSpdxElement"]} <= ids | {"SPDXRef-DOCUMENT"},
             "relationship")
    return wrong


def cyclonedx_schema():
    try:
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
        import jsonschema  # noqa: F401  what the validator needs beside it
    except ImportError:
        print("skip: CycloneDX schema: cyclonedx-python-lib[validation] is not installed")
        return None
    def run(path):
        with open(path, encoding="utf-8") as f:
            problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(f.read())
        return [str(problem)] if problem else []
    return run


def spdx_schema():
    try:
        from spdx_tools.spdx.parser.parse_anything import parse_file
        from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
    except ImportError:
        print("skip: SPDX schema: spdx-tools is not installed")
        return None
    return lambda path: [m.validation_message for m in
                         validate_full_spdx_document(parse_file(path))]


def main():
    im.need("inventory schemas")
    tap = im.Tap()
    forms = [("cyclonedx-json", "a.cdx.json", check_cyclonedx, cyclonedx_schema()),
             ("spdx-json", "a.spdx.json", check_spdx, spdx_schema())]
    for recipe in im.recipes(HERE, sys.argv[1:]):
        name = os.path.basename(recipe)[:-len(".recipe")]
        with tempfile.TemporaryDirectory() as folder:
            targets, _ = im.build(recipe, folder, ["oci"])
            for form, file, check, schema in forms:
                path = os.path.join(folder, file)
                im.Run(["sbom", "-q", "-f", "%s=%s" % (form, path), targets["oci"][0]])
                with open(path, encoding="utf-8") as f:
                    wrong = check(json.load(f))
                tap.point(not wrong, "%s: fields of %s" % (name, form), *wrong)
                if schema:
                    wrong = schema(path)
                    tap.point(not wrong, "%s: schema of %s" % (name, form), *wrong)
    return tap.end()


sys.exit(main())
