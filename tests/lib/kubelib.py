# SPDX-License-Identifier: Apache-2.0
"""What holds a set of Kubernetes objects together: schema, references, who may what."""
import glob
import json
import os
import shutil
import subprocess

PODS = {"Pod": (), "Deployment": ("spec", "template"), "Job": ("spec", "template"),
        "CronJob": ("spec", "jobTemplate", "spec", "template")}


def built(folder):
    """The text of a kustomization, by kustomize or kubectl; None where neither is."""
    for tool in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(tool[0]):
            done = subprocess.run(tool + [folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  check=False)
            if done.returncode:
                raise RuntimeError(done.stderr.decode()[-500:])
            return done.stdout.decode()
    return None


def at(value, *keys):
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def pod_of(obj):
    """The pod template of an object, or None."""
    return at(obj, *PODS[obj["kind"]]) if obj["kind"] in PODS else None


def containers(pod):
    return (at(pod, "spec", "initContainers") or []) + at(pod, "spec", "containers")


# ---- schema: the published OpenAPI of Kubernetes ----

def openapi():
    """(name of it, definitions), or None where it is not on this machine."""
    cache = os.environ.get("GOMODCACHE") or os.path.expanduser("~/go/pkg/mod")
    found = glob.glob(os.path.join(cache, "k8s.io/kubernetes@*/api/openapi-spec/swagger.json"))
    path = os.environ.get("PL_KUBE_OPENAPI") or (sorted(found)[-1] if found else None)
    if not path or not os.path.exists(path):
        return None
    with open(path, "rb") as f:
        return path, json.load(f)["definitions"]


TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict,
         "number": (int, float)}


def against(value, schema, defs, where, out):
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name.endswith("Quantity") and isinstance(value, (int, float)):
            return
        schema = defs[name]
    kind = schema.get("type")
    if schema.get("format") == "int-or-string" and isinstance(value, int):
        return
    if kind and (not isinstance(value, TYPES[kind]) or
                 isinstance(value, bool) and kind in ("integer", "number")):
        out.append("%s: %r is no %s" % (where, value, kind))
    elif kind == "array":
        for i, item in enumerate(value):
            against(item, schema["items"], defs, "%s[%d]" % (where, i), out)
    elif isinstance(value, dict) and "properties" in schema:
        for key in schema.get("required", ()):
            if key not in value:
                out.append("%s: %s is required" % (where, key))
        for key, item in value.items():
            if key in schema["properties"]:
                against(item, schema["properties"][key], defs, where + "." + key, out)
            else:
                out.append("%s: %s is unknown" % (where, key))
    elif isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        for key, item in value.items():
            against(item, schema["additionalProperties"], defs, where + "." + key, out)


def schema_faults(objects, defs):
    by_kind, out = {}, []
    for definition in defs.values():
        for g in definition.get("x-kubernetes-group-version-kind", ()):
            version = (g["group"] + "/" if g["group"] else "") + g["version"]
            by_kind[version, g["kind"]] = definition
    for obj in objects:
        definition = by_kind.get((obj.get("apiVersion"), obj.get("kind")))
        name = "%s/%s" % (obj.get("kind"), at(obj, "metadata", "name"))
        if definition is None:
            out.append("%s: no such kind in %s" % (name, obj.get("apiVersion")))
        else:
            against(obj, definition, defs, name, out)
    return out


# ---- references ----

def matches(selector, labels):
    want = (selector or {}).get("matchLabels", {})
    return all((labels or {}).get(k) == v for k, v in want.items())


def reference_faults(objects, outside):
    """`outside`: (kind, name) that whoever applies them brings."""
    there = {(o["kind"], at(o, "metadata", "namespace"), at(o, "metadata", "name"))
             for o in objects}
    pods, out = [], []
    for o in objects:
        ns, pod = at(o, "metadata", "namespace"), pod_of(o)
        name = "%s/%s" % (o["kind"], at(o, "metadata", "name"))
        if pod is None:
            continue
        labels = at(pod, "metadata", "labels")
        pods.append((ns, labels))

        def need(kind, what, ns=ns, name=name):
            if (kind, ns, what) not in there and (kind, what) not in outside:
                out.append("%s: %s %s is nowhere" % (name, kind, what))
        if o["kind"] == "Deployment" and not matches(at(o, "spec", "selector"), labels):
            out.append("%s: its selector does not match its pods" % name)
        need("ServiceAccount", at(pod, "spec", "serviceAccountName"))
        volumes = {v["name"]: v for v in at(pod, "spec", "volumes") or ()}
        for v in volumes.values():
            if "configMap" in v:
                need("ConfigMap", v["configMap"]["name"])
            if "secret" in v and not v["secret"].get("optional"):
                need("Secret", v["secret"]["secretName"])
            if "persistentVolumeClaim" in v:
                need("PersistentVolumeClaim", v["persistentVolumeClaim"]["claimName"])
        for c in containers(pod):
            mounted = {m["name"] for m in c.get("volumeMounts", ())}
            out += ["%s: volume %s is nowhere" % (name, m) for m in mounted - set(volumes)]
            ports = {p["name"] for p in c.get("ports", ())}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                port = at(c, probe, "httpGet", "port")
                if isinstance(port, str) and port not in ports:
                    out.append("%s: port %s is nowhere" % (name, port))
    for o in objects:
        ns, name = at(o, "metadata", "namespace"), "%s/%s" % (o["kind"], at(o, "metadata", "name"))
        if o["kind"] in ("PodDisruptionBudget", "NetworkPolicy", "Service"):
            key = "podSelector" if o["kind"] == "NetworkPolicy" else "selector"
            sel = at(o, "spec", key)
            sel = {"matchLabels": sel} if o["kind"] == "Service" else sel
            if not any(n == ns and matches(sel, labels) for n, labels in pods):
                out.append("%s: it selects nothing" % name)
        target = at(o, "spec", "scaleTargetRef")
        if target and (target["kind"], ns, target["name"]) not in there:
            out.append("%s: %s is nowhere" % (name, target["name"]))
        for s in o.get("subjects", ()):
            if (s["kind"], s.get("namespace"), s["name"]) not in there:
                out.append("%s: %s is nowhere" % (name, s["name"]))
    return out


def tightness_faults(objects):
    """No token, root, capability or wildcard that is not needed."""
    out, bound = [], set()
    for o in objects:
        name = "%s/%s" % (o["kind"], at(o, "metadata", "name"))
        for rule in o.get("rules", ()) if o["kind"] in ("Role", "ClusterRole") else ():
            if "*" in str(rule):
                out.append("%s: a wildcard" % name)
        if o["kind"] == "ClusterRole" and any(r["resources"] != ["pods"] or
                                              set(r["verbs"]) - {"get", "list", "watch"}
                                              for r in o["rules"]):
            out.append("%s: more than looking at pods" % name)
        if o["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            bound |= {s["name"] for s in o["subjects"]}
    for o in objects:
        pod = pod_of(o)
        if pod is None:
            continue
        name, spec = "%s/%s" % (o["kind"], o["metadata"]["name"]), pod["spec"]
        if spec.get("automountServiceAccountToken") is not (spec["serviceAccountName"] in bound):
            out.append("%s: a token that it does not need, or none" % name)
        for c in containers(pod):
            s = c.get("securityContext", {})
            tight = (s.get("runAsNonRoot") is True and s.get("readOnlyRootFilesystem") is True and
                     s.get("allowPrivilegeEscalation") is False and
                     at(s, "capabilities", "drop") == ["ALL"] and
                     at(s, "seccompProfile", "type") == "RuntimeDefault")
            if not tight:
                out.append("%s: its security context" % name)
            if not at(c, "resources", "limits", "memory") or "@sha256:" not in c["image"]:
                out.append("%s: limits, or an image without digest" % name)
    return out
