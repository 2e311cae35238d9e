/* Keys in another case than the specification's: readers in Go take them for it, and the last of
 * several, so that one document holds two images. formats/hazards.md, H5. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "oci/doc.h"

struct keys {
    const char *const *known; /* NULL at the end */
    const char *at;           /* for messages */
    struct pl_err *err;
};

static const char *const root_keys[] = {
    "schemaVersion", "mediaType", "artifactType", "manifests", "config",
    "layers",        "blobs",     "fsLayers",     "subject",   "annotations",
    "architecture",  "os",        "variant",      "created",   "rootfs",
    "history",       NULL
};
static const char *const descriptor_keys[] = { "mediaType", "digest",       "size",
                                               "urls",      "annotations",  "data",
                                               "platform",  "artifactType", NULL };
static const char *const platform_keys[] = { "os",         "architecture", "variant",
                                             "os.version", "os.features",  NULL };
static const char *const run_keys[] = { "User",       "ExposedPorts", "Env",
                                        "Entrypoint", "Cmd",          "Volumes",
                                        "Labels",     "WorkingDir",   "Healthcheck",
                                        NULL };
static const char *const health_keys[] = { "Test", NULL };
static const char *const rootfs_keys[] = { "type", "diff_ids", NULL };
static const char *const history_keys[] = { "created", "created_by",  "author",
                                            "comment", "empty_layer", NULL };
static const char *const archive_keys[] = { "Config", "RepoTags", "Layers", NULL };

static int check_key(void *arg, struct pl_str key, const struct pl_json *value)
{
    const struct keys *k = arg;
    (void)value;
    for (size_t i = 0; k->known[i]; i++)
        if (pl_str_is(key, k->known[i]))
            return 0;
    for (size_t i = 0; k->known[i]; i++)
        if (pl_json_key_folds(key, k->known[i]))
            return pl_fail(k->err, PL_E_FORMAT,
                           "ambiguous: %s has '%.*s', which some readers take for '%s'", k->at,
                           PL_FMT(key), k->known[i]);
    return 0;
}

static int check(const struct pl_json *o, const char *at, const char *const *known,
                 struct pl_err *err)
{
    struct keys k = { known, at, err };
    return o && pl_json_type(o) == PL_JSON_OBJECT ? pl_json_each(o, check_key, &k) : 0;
}

static int check_descriptor(const struct pl_json *d, const char *at, struct pl_err *err)
{
    int r = check(d, at, descriptor_keys, err);
    return r < 0 ? r : check(pl_json_get(d, "platform"), "a platform", platform_keys, err);
}

static int check_each(const struct pl_json *root, const char *key, const char *const *known,
                      struct pl_err *err)
{
    const struct pl_json *list = pl_json_get(root, key);
    int r = 0;
    if (!list || pl_json_type(list) != PL_JSON_ARRAY)
        return 0;
    for (size_t i = 0; r == 0 && i < pl_json_len(list); i++)
        r = known ? check(pl_json_at(list, i), key, known, err)
                  : check_descriptor(pl_json_at(list, i), key, err);
    return r;
}

static int check_root(const struct pl_json *root, struct pl_err *err)
{
    static const char *const lists[] = { "manifests", "layers", "blobs" };
    const struct pl_json *config = pl_json_get(root, "config");
    int r = check(root, "the document", root_keys, err);
    for (size_t i = 0; r == 0 && i < PL_COUNT(lists); i++)
        r = check_each(root, lists[i], NULL, err);
    /* a manifest's is a descriptor, a configuration's is what runs */
    if (r == 0)
        r = check_descriptor(config, "config", err);
    if (r == 0)
        r = check(config, "config", run_keys, err);
    if (r == 0)
        r = check(pl_json_get(config, "Healthcheck"), "Healthcheck", health_keys, err);
    if (r == 0)
        r = check_descriptor(pl_json_get(root, "subject"), "subject", err);
    if (r == 0)
        r = check(pl_json_get(root, "rootfs"), "rootfs", rootfs_keys, err);
    return r < 0 ? r : check_each(root, "history", history_keys, err);
}

int pl_doc_keys(const struct pl_json *root, struct pl_err *err)
{
    int r = 0;
    if (pl_json_type(root) == PL_JSON_OBJECT)
        return check_root(root, err);
    for (size_t i = 0; r == 0 && pl_json_type(root) == PL_JSON_ARRAY && i < pl_json_len(root); i++)
        r = check(pl_json_at(root, i), "an image", archive_keys, err);
    return r;
}
