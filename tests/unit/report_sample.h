/* A report with several targets, all surfaces and hostile text, for the tests of the writers. Every
 * secret is made up; every string of the second target attacks whoever shows it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_TEST_REPORT_SAMPLE_H
#define PL_TEST_REPORT_SAMPLE_H

#include <stdio.h>

#include "report/writer.h"

#define HOSTILE_PATH                                               \
    "etc/\x1b]8;;http://x.example\x1b\\click\x1b[31m/\xe2\x80\xae" \
    "gpj.exe/<script>alert(1)</script>/`| x |`\n::error file=a::b\xff"
#define HOSTILE_TITLE \
    "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)> [link](http://x.example) **b** @all"
#define HOSTILE_ENV "::set-output name=a::b ##vso[task.x]y ##[error]z"

static struct pl_str hex_of(struct pl_arena *a, unsigned n)
{
    char *p = pl_alloc(a, 65);
    for (unsigned i = 0; i < 8; i++)
        snprintf(p + 8 * i, 9, "%08x", (n + 1) * 2654435761u + i * 40503u * (n + 7));
    return pl_str_n(p, 64);
}

static struct pl_str sha_of(struct pl_arena *a, unsigned n)
{
    return pl_printf(a, "sha256:%.*s", PL_FMT(hex_of(a, n + 1000)));
}

static void sample_layer(struct pl_arena *a, struct pl_target *t, unsigned i, const char *by,
                         uint64_t bytes, uint64_t files)
{
    t->layers[i] = (struct pl_layer_info){ .index = i,
                                           .digest = sha_of(a, 10 * i),
                                           .diff_id = sha_of(a, 10 * i + 1),
                                           .created_by = pl_str_c(by),
                                           .has_created_by = by != NULL,
                                           .bytes = bytes,
                                           .blob_bytes = bytes / 3,
                                           .files = files };
}

/* One finding of a secret; `secret` numbers the value, so equal numbers make one block. */
static struct pl_finding *sample_finding(struct pl_arena *a, struct pl_target *t, const char *rule,
                                         enum pl_severity sev, unsigned secret,
                                         enum pl_surface surface, const char *path)
{
    struct pl_finding *f = &t->findings[t->n_findings++];
    *f = (struct pl_finding){ .kind = PL_KIND_SECRET,
                              .rule = pl_str_c(rule),
                              .severity = sev,
                              .where = { .surface = surface, .path = pl_str_c(path) },
                              .span = { PL_NEVER, PL_NEVER, PL_HOW_NONE, false },
                              .print = hex_of(a, (unsigned)t->n_findings + 50 * secret) };
    f->secret_hash[0] = (uint8_t)secret;
    f->secret_hash[31] = 1;
    f->evidence = pl_printf(a, "%s(sha256:%02x9d41c0)", "tok_\xE2\x80\xA6", secret);
    return f;
}

static void sample_text(struct pl_finding *f, const char *title, const char *why, const char *fix)
{
    f->title = pl_str_c(title);
    f->why = pl_str_c(why);
    f->fix = pl_str_c(fix);
}

static void sample_at(struct pl_finding *f, uint32_t line, uint32_t col, uint32_t len, uint64_t off)
{
    f->where.line = f->where.end_line = line;
    f->where.col = col;
    f->where.end_col = col + len;
    f->where.off = off;
}

static void sample_span(struct pl_finding *f, uint32_t in, uint32_t hid, enum pl_how how)
{
    f->span = (struct pl_span){ in, hid, how, hid == PL_NEVER };
}

#define NPM_FIX                                                        \
    "keep it out of the build: add .npmrc to .dockerignore, then RUN " \
    "--mount=type=secret,id=npmrc,target=/srv/web/.npmrc npm ci"

static void sample_hidden(struct pl_arena *a, struct pl_target *t)
{
    struct pl_finding *f;
    for (int i = 0; i < 3; i++) {
        static const char *const paths[] = { "srv/web/.npmrc", "srv/web/.npmrc",
                                             "root/.npm/_cacache/index-v5/11/2f" };
        f = sample_finding(a, t, "secret/npm-token", PL_SEV_CRITICAL, 1, PL_SURF_FILE, paths[i]);
        sample_text(f, "npm access token", "Who holds it can publish packages in your name.",
                    NPM_FIX);
        sample_at(f, i == 2 ? 1 : 2 + 3 * (uint32_t)i, 43, 40, 91);
        sample_span(f, i == 2 ? 3 : 2, i == 2 ? PL_NEVER : 4,
                    i == 2 ? PL_HOW_NONE : PL_HOW_WHITEOUT);
        f->recover = pl_str_c(
            i == 2 ? "plimsoll recover oci:shop root/.npm/_cacache/index-v5/11/2f --layer 3 -o 2f"
                   : "plimsoll recover oci:shop srv/web/.npmrc --layer 2 -o npmrc");
    }
    static const struct {
        const char *path;
        uint32_t in, hid;
        enum pl_how how;
    } rows[] = {
        { "opt/build/cache/deploy.pem", 1, 3, PL_HOW_OPAQUE },
        { "etc/app/settings.yml", 2, 5, PL_HOW_OVERWRITE },
        { "srv/dup.env", 3, 3, PL_HOW_DUPLICATE },
        { "var/lib/agent", 1, 4, PL_HOW_REPLACED },
    };
    for (unsigned i = 0; i < 4; i++) {
        f = sample_finding(a, t, "secret/private-key", i ? PL_SEV_HIGH : PL_SEV_CRITICAL, 2 + i,
                           PL_SURF_FILE, rows[i].path);
        sample_text(f, "RSA private key", "Who holds it can pose as the server.",
                    "mount it at run time instead of copying it");
        sample_at(f, 1, 1, 31, 0);
        sample_span(f, rows[i].in, rows[i].hid, rows[i].how);
        f->recover = pl_printf(a, "plimsoll recover oci:shop %s --layer %u -o out", rows[i].path,
                               rows[i].in);
    }
}

static void sample_visible(struct pl_arena *a, struct pl_target *t)
{
    static struct pl_str nested[] = { { "BOOT-INF/lib/inner.jar", 22 }, { "application.yml", 15 } };
    struct pl_finding *f = sample_finding(a, t, "secret/aws-access-key", PL_SEV_HIGH, 10,
                                          PL_SURF_FILE, "srv/app/app.jar");
    sample_text(f, "AWS access key", "It opens the account to whoever reads it.",
                "give the task a role instead of a key");
    f->where.nested = (struct pl_names){ nested, 2 };
    sample_at(f, 12, 9, 20, 310);
    sample_span(f, 5, PL_NEVER, PL_HOW_NONE);
    f = sample_finding(a, t, "secret/slack-webhook", PL_SEV_MEDIUM, 11, PL_SURF_FILE,
                       "usr/local/bin/agent");
    sample_text(f, "chat webhook", "Anyone can post to the channel.",
                "read it from the environment at run time");
    f->where.off = 83721;
    sample_span(f, 5, PL_NEVER, PL_HOW_NONE);
    f = sample_finding(a, t, "secret/aws-access-key", PL_SEV_LOW, 12, PL_SURF_FILE,
                       "usr/share/doc/sdk/README.md");
    sample_text(f, "AWS access key", "The documentation of the vendor prints this very key.",
                "nothing to do");
    sample_at(f, 88, 14, 20, 4711);
    sample_span(f, 0, PL_NEVER, PL_HOW_NONE);
}

/* One finding on each surface that is no file. */
static void sample_surfaces(struct pl_arena *a, struct pl_target *t)
{
    static const char *const paths[PL_SURF_COUNT] = {
        [PL_SURF_ENV] = "DATABASE_URL",
        [PL_SURF_LABEL] = "com.example.deploy",
        [PL_SURF_CMD] = "/config/Cmd/2",
        [PL_SURF_ENTRYPOINT] = "/config/Entrypoint/0",
        [PL_SURF_HEALTHCHECK] = "/config/Healthcheck/Test/1",
        [PL_SURF_ONBUILD] = "/config/OnBuild/0",
        [PL_SURF_CONFIG] = "/author",
        [PL_SURF_HISTORY] = "/history/3/created_by",
        [PL_SURF_ANNOTATION] = "/annotations/com.example.note",
        [PL_SURF_DESCRIPTOR] = "/manifests/0/data",
        [PL_SURF_ATTESTATION] = "/predicate/invocation/parameters/args/TOKEN",
        [PL_SURF_REFERRER] = "/layers/0",
        [PL_SURF_TAR_TRAILER] = "",
        [PL_SURF_TAR_HEADER] = "usr/bin/env",
        [PL_SURF_GZIP_HEADER] = "",
        [PL_SURF_ORPHAN_BLOB] = "sha256:77aa",
        [PL_SURF_INDEX] = "/manifests/1/annotations/x",
    };
    for (int s = PL_SURF_ENV; s < PL_SURF_COUNT; s++) {
        struct pl_finding *f = sample_finding(a, t, "secret/database-url", PL_SEV_HIGH,
                                              20 + (unsigned)s, (enum pl_surface)s, paths[s]);
        sample_text(f, "database password", "It opens the database.",
                    "pass it when the container starts");
        if (s == PL_SURF_TAR_TRAILER || s == PL_SURF_TAR_HEADER || s == PL_SURF_GZIP_HEADER)
            sample_span(f, 2, PL_NEVER, PL_HOW_NONE);
        if (s == PL_SURF_ENV)
            f->span.introduced = 5;
        if (s == PL_SURF_LABEL)
            f->origin = PL_S("LABEL com.example.deploy=tok_\xE2\x80\xA6");
        f->span.visible = s <= PL_SURF_ONBUILD;
        f->recover = pl_printf(a, "plimsoll recover oci:shop %.*s -o value", 8, f->print.p);
    }
}

static void sample_shop(struct pl_arena *a, struct pl_target *t)
{
    *t = (struct pl_target){ .name = PL_S("oci:shop"),
                             .kind = PL_S("image"),
                             .digest = sha_of(a, 1),
                             .platform = PL_S("linux/amd64"),
                             .complete = true,
                             .n_layers = 6,
                             .layers_read = 6,
                             .bytes_read = 212400000,
                             .bytes_claimed = 212400000 };
    t->layers = pl_alloc_n(a, t->n_layers, sizeof *t->layers);
    t->findings = pl_alloc_n(a, 64, sizeof *t->findings);
    sample_layer(a, t, 0, "/bin/sh -c #(nop) ADD file:1a2b3c in / ", 77600000, 3210);
    sample_layer(a, t, 1, "RUN /bin/sh -c apt-get update && apt-get install -y nodejs # buildkit",
                 98200000, 5121);
    sample_layer(a, t, 2, "COPY . /srv/web # buildkit", 4100000, 388);
    sample_layer(a, t, 3, "RUN |1 NODE_ENV=production /bin/sh -c npm ci # buildkit", 31000000,
                 9120);
    sample_layer(a, t, 4, "RUN /bin/sh -c rm -rf /srv/web/.npmrc /var/lib/agent # buildkit", 1536,
                 1);
    sample_layer(a, t, 5, NULL, 1500000, 12);
    t->notes = pl_alloc_n(a, 2, sizeof *t->notes);
    t->n_notes = 2;
    t->notes[0] = (struct pl_note){ PL_SCOPE_ENTRY, PL_S("layer 1: var/.wh."), PL_S("bad-whiteout"),
                                    PL_S("names no file"), false };
    t->notes[1] = (struct pl_note){ PL_SCOPE_RUN, PL_S(""), PL_S("sandbox-degraded"),
                                    PL_S("the kernel has no Landlock"), false };
    sample_hidden(a, t);
    sample_visible(a, t);
    sample_surfaces(a, t);
}

static void sample_hostile(struct pl_arena *a, struct pl_target *t)
{
    *t = (struct pl_target){ .name = PL_S("docker-archive:/tmp/<b>x</b>.tar"),
                             .kind = PL_S("image"),
                             .platform = PL_S("linux/\x1b[2Jarm64"),
                             .n_layers = 2,
                             .layers_read = 1,
                             .bytes_read = 1000,
                             .bytes_claimed = 5000000 };
    t->layers = pl_alloc_n(a, t->n_layers, sizeof *t->layers);
    t->findings = pl_alloc_n(a, 8, sizeof *t->findings);
    sample_layer(a, t, 0, HOSTILE_TITLE "\r\n::error::x", 1000, 1);
    sample_layer(a, t, 1, "\x1b]0;title\x07 ]]> --> </svg></style> \xe2\x80\x8f", 0, 0);
    t->layers[1].digest.n = 0;
    t->notes = pl_alloc_n(a, 1, sizeof *t->notes);
    t->n_notes = 1;
    t->notes[0] =
        (struct pl_note){ PL_SCOPE_LAYER, PL_S("layer 1\n::warning::x"), PL_S("unknown-codec"),
                          PL_S("unknown codec (magic 04 22 4d 18) <i>"), true };
    struct pl_finding *f =
        sample_finding(a, t, "secret/generic", PL_SEV_HIGH, 60, PL_SURF_FILE, HOSTILE_PATH);
    sample_text(f, HOSTILE_TITLE, "same bytes as <a href=javascript:x>", "run \x1b[31m`rm`");
    f->evidence = pl_str_c("\"><script>\xE2\x80\xA6(sha256:00000000)");
    f->print = pl_str_c("not hex \"><x");
    f->recover = pl_str_c("plimsoll recover 'a\nb'");
    sample_span(f, 0, 1, PL_HOW_WHITEOUT);
    sample_at(f, 1, 1, 5, 0);
    f = sample_finding(a, t, "secret/generic", PL_SEV_HIGH, 61, PL_SURF_ENV, HOSTILE_ENV);
    sample_text(f, "generic password", "", "");
    f->span.visible = true;
    char *text = pl_alloc(a, 5001);
    memset(text, 'd', 5000);
    f = sample_finding(a, t, "secret/generic", PL_SEV_INFO, 62, PL_SURF_FILE, text);
    sample_text(f, "", "", "");
}

static void sample_report(struct pl_arena *a, struct pl_report *r)
{
    *r = (struct pl_report){ .a = a,
                             .tool_name = PL_S("plimsoll"),
                             .tool_version = PL_S("0.1.0"),
                             .rules_version = PL_S("2026.11"),
                             .n_targets = 3,
                             .started_ns = 1780000000 * (int64_t)1000000000,
                             .ended_ns = 1780000000 * (int64_t)1000000000 + 700000000 };
    r->targets = pl_alloc_n(a, r->n_targets, sizeof *r->targets);
    sample_shop(a, &r->targets[0]);
    sample_hostile(a, &r->targets[1]);
    r->targets[2] = (struct pl_target){ .name = PL_S("dir:src"),
                                        .kind = PL_S("dir"),
                                        .complete = true,
                                        .bytes_read = 51000,
                                        .bytes_claimed = 51000,
                                        .files_read = 17 };
    pl_report_sum(r);
}

#endif
