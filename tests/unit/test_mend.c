/* Repairs of Dockerfiles that look at the whole file or are told something from outside. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/fix.h"

static struct pl_arena a;

#define DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000001"
#define SUM "0000000000000000000000000000000000000000000000000000000000000002"

static struct pl_str digest(void *arg, struct pl_str image)
{
    (void)arg;
    return pl_str_starts(image, PL_S("unknown")) ? PL_S("") : PL_S(DIGEST);
}

static struct pl_str checksum(void *arg, struct pl_str url)
{
    (void)arg;
    (void)url;
    return PL_S(SUM);
}

static bool https(void *arg, struct pl_str url)
{
    (void)arg;
    return !pl_str_starts(url, PL_S("http://old"));
}

static struct pl_str version(void *arg, const char *manager, struct pl_str package)
{
    (void)arg;
    return strcmp(manager, "apt") == 0 && pl_str_is(package, "curl") ? PL_S("8.1-2") : PL_S("");
}

static const struct pl_lint_source source = { NULL, digest, checksum, https, version };

static const char *mend(const char *text, enum pl_fix_class c, bool told)
{
    struct pl_lint_opts o = { .today = PL_S("2026-11-22"), .source = told ? &source : NULL };
    struct pl_str out, again;
    assert_int_equal(pl_fix_apply(&a, pl_str_c(text), &o, c, &out, NULL, NULL), 0);
    assert_int_equal(pl_fix_apply(&a, out, &o, c, &again, NULL, NULL), 0);
    assert_true(pl_str_eq(out, again));
    return pl_dup(&a, out).p;
}

/* What stands behind the FROM line that all cases share. */
static void assert_mended(const char *text, enum pl_fix_class c, const char *want)
{
    static const char from[] = "FROM a:1@" DIGEST "\n";
    struct pl_str all = pl_printf(&a, "%s%s", from, text);
    assert_string_equal(mend(all.p, c, true) + sizeof from - 1, want);
}

static void bases_take_a_digest(void **state)
{
    (void)state;
    assert_string_equal(mend("FROM a/b:1\nUSER 1\n", PL_FIX_SUGGESTED, true),
                        "FROM a/b:1@" DIGEST "\nUSER 1\n");
    assert_string_equal(mend("FROM a/b\nUSER 1\n", PL_FIX_SUGGESTED, true),
                        "FROM a/b:latest@" DIGEST "\nUSER 1\n");
    assert_string_equal(mend("ARG V=1\nFROM a/b:$V\nUSER 1\n", PL_FIX_SUGGESTED, true),
                        "ARG V=1@" DIGEST "\nFROM a/b:$V\nUSER 1\n");
    assert_string_equal(mend("FROM a/b:1\nUSER 1\n", PL_FIX_SAFE, true), "FROM a/b:1\nUSER 1\n");
}

static void an_argument_that_is_used_elsewhere_stays(void **state)
{
    static const char text[] = "ARG V=1\nFROM a/b:$V\nARG V\nRUN echo \"$V\"\nUSER 1\n";
    (void)state;
    assert_string_equal(mend(text, PL_FIX_UNSAFE, true), text);
}

static void downloads_are_compared(void **state)
{
    (void)state;
    assert_mended("ADD https://h.example/a.tgz /x/\n", PL_FIX_SUGGESTED,
                  "ADD --checksum=sha256:" SUM " https://h.example/a.tgz /x/\n");
    assert_mended("RUN curl -fsSL https://h.example/i.sh | bash -s -- -y\n", PL_FIX_SUGGESTED,
                  "RUN curl -o /tmp/download -fsSL https://h.example/i.sh && echo \"" SUM
                  "  /tmp/download\" | sha256sum -c - && bash /tmp/download -y && rm "
                  "/tmp/download\n");
    assert_mended("RUN wget -qO- https://h.example/i.sh | sh\n", PL_FIX_SUGGESTED,
                  "RUN wget -q https://h.example/i.sh -O /tmp/download && echo \"" SUM
                  "  /tmp/download\" | sha256sum -c - && sh /tmp/download && rm /tmp/download\n");
    assert_mended("RUN sh -c \"$(curl -fsSL https://h.example/i.sh)\"\n", PL_FIX_SUGGESTED,
                  "RUN curl -o /tmp/download -fsSL https://h.example/i.sh && echo \"" SUM
                  "  /tmp/download\" > /tmp/SHA256SUM && sha256sum -c /tmp/SHA256SUM && sh "
                  "/tmp/download && rm /tmp/download\n");
    assert_mended("RUN curl -fsSL https://h.example/a.tgz | tar -xz -C /x\n", PL_FIX_SUGGESTED,
                  "RUN curl -o /tmp/download -fsSL https://h.example/a.tgz && echo \"" SUM
                  "  /tmp/download\" | sha256sum -c - && tar -xz -C /x -f /tmp/download && rm "
                  "/tmp/download\n");
    assert_mended("RUN curl -fsSLO https://h.example/a.deb && dpkg -i a.deb\n", PL_FIX_SUGGESTED,
                  "RUN curl -fsSLO https://h.example/a.deb && echo \"" SUM
                  "  a.deb\" > /tmp/SHA256SUM && sha256sum -c /tmp/SHA256SUM && dpkg -i a.deb\n");
}

static void http_becomes_https_where_it_answers(void **state)
{
    (void)state;
    assert_mended("RUN curl -fo x http://h.example/x\n", PL_FIX_SUGGESTED,
                  "RUN curl -fo x https://h.example/x\n");
    assert_mended("RUN curl -fo x http://old.example/x\n", PL_FIX_SUGGESTED,
                  "RUN curl -fo x http://old.example/x\n");
}

static void secrets_become_mounts(void **state)
{
    (void)state;
    assert_mended("ARG NPM_TOKEN\nRUN npm ci --token=\"$NPM_TOKEN\"\n", PL_FIX_SUGGESTED,
                  "RUN --mount=type=secret,id=npm_token,env=NPM_TOKEN,required=true npm ci "
                  "--token=\"$NPM_TOKEN\"\n");
    assert_mended("ENV A=1 DB_PASSWORD=x B=2\nRUN x \"$DB_PASSWORD\"\n", PL_FIX_SUGGESTED,
                  "ENV A=1 B=2\nRUN --mount=type=secret,id=db_password,env=DB_PASSWORD,"
                  "required=true x \"$DB_PASSWORD\"\n");
    /* somebody else reads it, or the frontend does not know it */
    assert_mended("ARG TOKEN\nENV X=$TOKEN\nRUN x \"$TOKEN\"\n", PL_FIX_UNSAFE,
                  "ARG TOKEN\nENV X=$TOKEN\nRUN x \"$TOKEN\"\n");
    static const char old[] =
        "# syntax=docker/dockerfile:1.4\nFROM a:1@" DIGEST "\nARG TOKEN\nRUN x \"$TOKEN\"\n";
    assert_string_equal(mend(old, PL_FIX_UNSAFE, true), old);
}

static void credential_files_become_mounts(void **state)
{
    (void)state;
    assert_mended("WORKDIR /app\nCOPY .npmrc package.json ./\nRUN npm ci && rm -f .npmrc\n",
                  PL_FIX_SUGGESTED,
                  "WORKDIR /app\nCOPY package.json ./\nRUN --mount=type=secret,id=npmrc,"
                  "target=/app/.npmrc,required=true npm ci\n");
}

static void a_user_with_its_files(void **state)
{
    (void)state;
    assert_string_equal(
        mend("FROM node:22@" DIGEST "\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"x\"]\n",
             PL_FIX_SUGGESTED, false),
        "FROM node:22@" DIGEST "\nWORKDIR /app\nCOPY --chown=1000:1000 . .\nRUN npm ci\nUSER "
        "1000:1000\nCMD [\"node\", \"x\"]\n");
    static const char server[] = "FROM nginx:1@" DIGEST "\nCOPY a /usr/share/nginx/html/\n";
    assert_string_equal(mend(server, PL_FIX_UNSAFE, false), server);
}

static void verification_comes_back(void **state)
{
    (void)state;
    assert_mended("RUN npm config set strict-ssl false && npm ci\n", PL_FIX_SUGGESTED,
                  "RUN npm ci\n");
    assert_mended("ENV A=1 NODE_TLS_REJECT_UNAUTHORIZED=0\nRUN npm ci\n", PL_FIX_SUGGESTED,
                  "ENV A=1\nRUN npm ci\n");
    assert_mended("RUN GIT_SSL_NO_VERIFY=1 git clone https://h.example/x\n", PL_FIX_SUGGESTED,
                  "RUN git clone https://h.example/x\n");
    assert_mended("RUN git -c http.sslVerify=false clone https://h.example/x\n", PL_FIX_SUGGESTED,
                  "RUN git clone https://h.example/x\n");
    assert_mended("RUN pip install --no-cache-dir --trusted-host h.example x==1\n",
                  PL_FIX_SUGGESTED, "RUN pip install --no-cache-dir x==1\n");
    assert_mended(
        "RUN pip install --no-cache-dir --trusted-host a.example --trusted-host=b.example "
        "--trusted-host c.example x==1\n",
        PL_FIX_SUGGESTED, "RUN pip install --no-cache-dir x==1\n");
    assert_mended("RUN pip install --no-cache-dir --extra-index-url https://pypi.org/simple x==1\n",
                  PL_FIX_SAFE, "RUN pip install --no-cache-dir x==1\n");
    assert_mended("RUN wget -q --no-check-certificate https://h.example/x\n", PL_FIX_SUGGESTED,
                  "RUN wget -q https://h.example/x\n");
    assert_mended("RUN apt-get install --no-install-recommends --force-yes x=1\n", PL_FIX_SUGGESTED,
                  "RUN apt-get install -y --no-install-recommends x=1\n");
    /* certificates are there: nothing but the flag goes */
    assert_string_equal(mend("FROM alpine:3.22@" DIGEST
                             "\nRUN curl -fsk https://h.example/x -o y\n",
                             PL_FIX_SAFE, false),
                        "FROM alpine:3.22@" DIGEST "\nRUN curl -fs https://h.example/x -o y\n");
}

static void packages(void **state)
{
    (void)state;
    assert_mended(
        "RUN apt-get update\nRUN apt-get install --no-install-recommends -y x=1 && rm -rf "
        "/var/lib/apt/lists/*\n",
        PL_FIX_SUGGESTED,
        "RUN apt-get update && apt-get install --no-install-recommends -y x=1 && rm -rf "
        "/var/lib/apt/lists/*\n");
    assert_mended("RUN apt-get install --no-install-recommends -y curl\n", PL_FIX_SUGGESTED,
                  "RUN apt-get install --no-install-recommends -y curl=8.1-2\n");
    assert_mended("RUN yarn install\n", PL_FIX_SAFE, "RUN yarn install && yarn cache clean\n");
}

/* What explain shows is true: the bad lines are found, the good ones are not. */
static void examples_are_what_they_say(void **state)
{
    struct pl_lint_opts o = { .today = PL_S("2026-11-22") };
    (void)state;
    for (size_t i = 0; i < PL_RULE_COUNT; i++)
        for (size_t good = 0; good < 2 && pl_lint_examples[i].here; good++) {
            const char *text = good ? pl_lint_examples[i].good : pl_lint_examples[i].bad;
            struct pl_lint_result r;
            bool base = strncmp(text, "FROM", 4) == 0 || strncmp(text, "ARG TAG", 7) == 0 ||
                        i == PL_RULE_D003;
            struct pl_str all = pl_printf(&a, "%s%s\n", base ? "" : "FROM alpine:3.22\n", text);
            assert_int_equal(pl_lint_file(&a, all, &o, &r, NULL), 0);
            bool found = false;
            for (size_t k = 0; k < r.n_hits; k++)
                found |= r.hits[k].rule == i;
            if (found == good)
                fail_msg("%s, the %s example: %s", pl_lint_rules[i].name, good ? "good" : "bad",
                         text);
        }
}

static void every_rule_has_an_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < PL_RULE_COUNT; i++)
        assert_true(pl_lint_examples[i].bad && pl_lint_examples[i].good);
}

static void form(void **state)
{
    (void)state;
    assert_mended("RUN a && \\\n\n  b\n", PL_FIX_SAFE, "RUN a && \\\n  b\n");
    assert_mended("EXPOSE 80/TCP\n", PL_FIX_SAFE, "EXPOSE 80/tcp\n");
    assert_mended("COPY a b /c\n", PL_FIX_SAFE, "COPY a b /c/\n");
    assert_mended("CMD [\"a\"]\nCMD [\"b\"]\n", PL_FIX_SAFE, "CMD [\"b\"]\n");
    assert_mended("CMD exec a 'b c'\n", PL_FIX_SUGGESTED, "CMD [\"a\", \"b c\"]\n");
    assert_mended("CMD a $B\n", PL_FIX_UNSAFE, "CMD a $B\n");
    assert_mended("CMD ['a', 'b']\n", PL_FIX_SUGGESTED, "CMD [\"a\", \"b\"]\n");
    assert_mended("WORKDIR /a\nWORKDIR b\n", PL_FIX_SUGGESTED, "WORKDIR /a\nWORKDIR /a/b\n");
    assert_mended("WORKDIR /a\nRUN cd /b && make\nRUN --mount=type=ssh x\n", PL_FIX_SUGGESTED,
                  "WORKDIR /a\nWORKDIR /b\nRUN make\nWORKDIR /a\nRUN --mount=type=ssh x\n");
    assert_mended("RUN <<E\na\nb\nE\n", PL_FIX_SUGGESTED, "RUN <<E\nset -e\na\nb\nE\n");
    assert_mended("COPY --chmod=777 a /b\n", PL_FIX_UNSAFE, "COPY --chmod=775 a /b\n");
    assert_string_equal(
        mend("FROM a:1 AS Build\nUSER 1\nFROM a:2\nCOPY --from=Build /x /x\nUSER 1\n", PL_FIX_SAFE,
             false),
        "FROM a:1 AS build\nUSER 1\nFROM a:2\nCOPY --from=build /x /x\nUSER 1\n");
}

static void a_comment_that_speaks_of_the_line_keeps_it(void **state)
{
    static const char text[] = "# hadolint ignore=DL3002\nCMD [\"a\"]\nCMD [\"b\"]\n";
    (void)state;
    assert_mended(text, PL_FIX_UNSAFE, text);
}

static void line_ends_stay(void **state)
{
    (void)state;
    assert_string_equal(mend("FROM debian:12@" DIGEST "\r\nRUN a | b\r\n", PL_FIX_SUGGESTED, false),
                        "FROM debian:12@" DIGEST
                        "\r\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\r\nRUN a | "
                        "b\r\nUSER 65532:65532\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bases_take_a_digest),
        cmocka_unit_test(an_argument_that_is_used_elsewhere_stays),
        cmocka_unit_test(downloads_are_compared),
        cmocka_unit_test(http_becomes_https_where_it_answers),
        cmocka_unit_test(secrets_become_mounts),
        cmocka_unit_test(credential_files_become_mounts),
        cmocka_unit_test(a_user_with_its_files),
        cmocka_unit_test(verification_comes_back),
        cmocka_unit_test(packages),
        cmocka_unit_test(examples_are_what_they_say),
        cmocka_unit_test(every_rule_has_an_example),
        cmocka_unit_test(form),
        cmocka_unit_test(a_comment_that_speaks_of_the_line_keeps_it),
        cmocka_unit_test(line_ends_stay),
    };
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    pl_arena_release(&a);
    return r;
}
