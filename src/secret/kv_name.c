/* What a key means by its words, and what a file is by its path. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "secret/filter.h"
#include "secret/keyvalue.h"
#include "secret/setting.h"

#define MAX_WORDS 12

static bool in_list(struct pl_str s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pl_str_ieq(s, pl_str_c(list[i])))
            return true;
    }
    return false;
}

#define IN(s, list) in_list((s), (list), PL_COUNT(list))

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Splits at separators and where the case says so: "dbUserPassword", "DB_USER_PASSWORD". */
static size_t split(struct pl_str key, struct pl_str words[MAX_WORDS])
{
    size_t n = 0, from = 0;
    for (size_t i = 0; i <= key.n; i++) {
        bool sep = i == key.n || !pl_is_alnum((uint8_t)key.p[i]);
        bool hump = !sep && i > from && is_upper(key.p[i]) &&
                    (is_lower(key.p[i - 1]) ||
                     (i + 1 < key.n && is_upper(key.p[i - 1]) && is_lower(key.p[i + 1])));
        if (!sep && !hump)
            continue;
        if (i > from && n < MAX_WORDS)
            words[n++] = pl_str_sub(key, from, i - from);
        from = sep ? i + 1 : i;
    }
    return n;
}

static const char *const password_words[] = {
    "password", "passwd",   "pwd", "passwort", "passphrase",
    "pass",     "passcode", "psw", "pswd",     "passw",
};
static const char *const token_words[] = {
    "token",      "secret",    "credential",  "credentials", "apikey",    "secrets",
    "tokens",     "auth",      "creds",       "cred",        "accesskey", "secretkey",
    "authkey",    "authtoken", "accesstoken", "apitoken",    "apisecret", "clientsecret",
    "privatekey", "bearer",    "jwt",         "signature",   "webhook",   "pat",
};
/* "key" is a secret only behind one of these. */
static const char *const key_kinds[] = {
    "api",     "secret",  "access",  "auth",         "private", "encryption", "encrypt",
    "signing", "master",  "service", "account",      "storage", "license",    "crypt",
    "cipher",  "session", "jwt",     "app",          "hmac",    "aes",        "token",
    "client",  "admin",   "deploy",  "subscription", "sdk",
};
/* Endings that say the thing is about a secret and none itself. */
static const char *const about_words[] = {
    "field",       "name",        "id",       "type",      "url",      "uri",          "path",
    "file",        "filename",    "dir",      "hash",      "length",   "len",          "min",
    "max",         "policy",      "reset",    "expires",   "expiry",   "expiration",   "expire",
    "timeout",     "ttl",         "count",    "size",      "input",    "label",        "prompt",
    "hint",        "regex",       "pattern",  "format",    "header",   "enabled",      "required",
    "changed",     "form",        "page",     "class",     "provider", "method",       "version",
    "algorithm",   "alg",         "endpoint", "error",     "message",  "msg",          "text",
    "title",       "placeholder", "ref",      "reference", "manager",  "store",        "group",
    "role",        "user",        "username", "by",        "at",       "date",         "time",
    "limit",       "index",       "kind",     "list",      "set",      "map",          "env",
    "var",         "variable",    "param",    "parameter", "option",   "options",      "attr",
    "attribute",   "column",      "table",    "selector",  "arn",      "host",         "port",
    "server",      "command",     "cmd",      "callback",  "handler",  "func",         "function",
    "factory",     "mode",        "scope",    "scopes",    "status",   "state",        "desc",
    "description", "help",        "info",     "doc",       "docs",     "style",        "icon",
    "color",       "prefix",      "suffix",   "strength",  "confirm",  "confirmation", "repeat",
    "mount",       "volume",      "ns",       "namespace", "check",    "valid",
};

/* A token or key of one of these is no secret. */
static const char *const harmless_words[] = {
    "public",       "no",     "page",    "next",       "continuation", "sync",        "cancel",
    "cancellation", "resume", "csrf",    "xsrf",       "crumb",        "antiforgery", "forgery",
    "idempotency",  "change", "request", "pagination", "upload",       "lock",        "starting",
    "eos",          "bos",    "pad",     "unk",        "authenticity",
};

/* "key" behind one of these is a place in a table, a file or a program. */
static const char *const table_words[] = {
    "public",      "pub",       "primary",   "foreign",  "cache",     "sort",    "partition",
    "row",         "hash",      "index",     "map",      "object",    "group",   "dict",
    "json",        "registry",  "route",     "path",     "file",      "name",    "event",
    "query",       "search",    "order",     "unique",   "composite", "natural", "shard",
    "bucket",      "message",   "state",     "s3",       "blob",      "host",    "lookup",
    "column",      "field",     "data",      "entry",    "item",      "node",    "option",
    "param",       "setting",   "theme",     "locale",   "string",    "label",   "short",
    "hot",         "answer",    "trace",     "metric",   "series",    "dedup",   "i18n",
    "property",    "attribute", "parameter", "template", "resource",  "content", "etag",
    "known",       "restore",   "version",   "build",    "commit",    "node",    "page",
    "translation", "other",     "some",      "another",  "any",
};

/* These say that the value is not the real thing. */
static const char *const unreal_words[] = {
    "fake", "dummy", "mock",   "mocked",      "invalid", "bogus",       "wrong", "bad",
    "non",  "not",   "sample", "placeholder", "example", "nonexistent", "stub",
};

enum pl_kv_name pl_kv_name_of(struct pl_str key)
{
    struct pl_str w[MAX_WORDS];
    size_t n = split(key, w);
    if (n == 0)
        return PL_KV_NONE;
    while (n > 1 && w[n - 1].n <= 4 && pl_is_digit((uint8_t)w[n - 1].p[0]))
        n--; /* password_2 */
    /* mySecretString, token_value: the kind of the value adds nothing */
    static const char *const kinds[] = { "string", "str", "value", "val" };
    if (n > 1 && IN(w[n - 1], kinds))
        n--;
    struct pl_str last = w[n - 1];
    if (IN(last, about_words))
        return PL_KV_NONE;
    for (size_t i = 0; i + 1 < n; i++) {
        if (IN(w[i], harmless_words) || IN(w[i], unreal_words))
            return PL_KV_NONE;
    }
    if (IN(last, password_words))
        return PL_KV_PASSWORD;
    if (IN(last, token_words))
        return PL_KV_TOKEN;
    if ((pl_str_ieq(last, PL_S("key")) || pl_str_ieq(last, PL_S("value"))) && n > 1 &&
        (IN(w[n - 2], key_kinds) || IN(w[n - 2], token_words)))
        return PL_KV_TOKEN;
    if (pl_str_ieq(last, PL_S("key")) && (n == 1 || !IN(w[n - 2], table_words)))
        return PL_KV_KEY;
    /* run together: "dbpassword", "mysecretkey" */
    if (pl_str_iends(last, PL_S("password")) || pl_str_iends(last, PL_S("passwd")) ||
        pl_str_iends(last, PL_S("pwd")))
        return PL_KV_PASSWORD;
    if (last.n > 6 && (pl_str_iends(last, PL_S("apikey")) || pl_str_iends(last, PL_S("token")) ||
                       pl_str_iends(last, PL_S("secretkey")) || pl_str_iends(last, PL_S("secret"))))
        return PL_KV_TOKEN;
    return PL_KV_NONE;
}

/* These name nobody. */
static const char *const nobody_words[] = {
    "oauth", "other", "my",  "our",  "your",    "the",     "test", "dev",
    "prod",  "new",   "old", "main", "default", "staging", "user", "production",
};

bool pl_kv_is_general(struct pl_str word)
{
    struct pl_str w[MAX_WORDS];
    size_t n = split(word, w);
    bool all = true;
    for (size_t i = 0; i < n; i++)
        all &= IN(w[i], password_words) || IN(w[i], token_words) || IN(w[i], key_kinds) ||
               IN(w[i], about_words) || IN(w[i], harmless_words) || IN(w[i], nobody_words) ||
               pl_str_ieq(w[i], PL_S("key"));
    return all;
}

static struct pl_str base_name(struct pl_str path)
{
    for (size_t i = path.n; i > 0; i--) {
        if (path.p[i - 1] == '/')
            return pl_str_sub(path, i, SIZE_MAX);
    }
    return path;
}

static struct pl_str extension(struct pl_str base)
{
    for (size_t i = base.n; i > 0; i--) {
        if (base.p[i - 1] == '.')
            return pl_str_sub(base, i, SIZE_MAX);
    }
    return (struct pl_str){ "", 0 };
}

/* In a folder of manuals, tests, or what a distribution installs? */
static bool in_documents(struct pl_str path)
{
    static const char *const folders[] = {
        "doc",  "docs",     "man",    "locale",       "test",          "tests",        "testdata",
        "i18n", "examples", "vendor", "node_modules", "site-packages", "dist-packages"
    };
    static const char *const tops[] = { "usr/lib/", "usr/share/", "usr/include/",
                                        "lib/",     "bin/",       "sbin/",
                                        "usr/bin/", "usr/sbin/",  "var/lib/dpkg/" };
    for (size_t i = 0; i < PL_COUNT(tops); i++) {
        if (pl_str_starts(path, pl_str_c(tops[i])))
            return true;
    }
    struct pl_str name;
    while (pl_str_split(&path, '/', &name)) {
        if (path.n && IN(name, folders))
            return true;
    }
    return false;
}

enum pl_kv_place pl_kv_place_of(struct pl_str path)
{
    static const char *const config_ext[] = {
        "env",        "ini",    "cfg",       "cnf",         "conf",     "config",
        "properties", "props",  "yml",       "yaml",        "toml",     "json",
        "xml",        "tfvars", "tfstate",   "plist",       "netrc",    "npmrc",
        "pypirc",     "pgpass", "my",        "htpasswd",    "settings", "credentials",
        "ovpn",       "rdp",    "ftpconfig", "remote-sync", "csv",
    };
    static const char *const script_ext[] = {
        "sh",         "bash",         "zsh",          "fish",        "ksh",     "ps1",
        "bat",        "cmd",          "sql",          "tf",          "hcl",     "mk",
        "service",    "dockerfile",   "groovy",       "gradle",      "bashrc",  "profile",
        "zshrc",      "bash_profile", "bash_history", "zsh_history", "history", "local",
        "production", "development",  "staging",
    };
    static const char *const code_ext[] = {
        "c",     "h",   "cc",    "cpp", "hpp",  "cs", "py",     "js",    "mjs", "cjs",
        "ts",    "tsx", "jsx",   "go",  "java", "kt", "rb",     "php",   "rs",  "swift",
        "scala", "pl",  "pm",    "lua", "m",    "vb", "clj",    "ex",    "exs", "erl",
        "dart",  "r",   "ipynb", "vue", "jl",   "hs", "coffee", "phtml", "inc",
    };
    static const char *const doc_files[] = { "package-lock.json", "go.sum" };
    struct pl_str base = base_name(path), ext = extension(base);
    static const char *const doc_ext[] = { "lock", "map", "po", "pot", "mo" };
    if (path.n == 0)
        return PL_KV_SCRIPT;
    if (in_documents(path) || IN(base, doc_files) || IN(ext, doc_ext) ||
        pl_str_iends(base, PL_S(".min.js")))
        return PL_KV_DOC;
    if (pl_str_starts(base, PL_S(".env")) || IN(ext, config_ext))
        return PL_KV_CONFIG;
    if (IN(ext, code_ext))
        return PL_KV_CODE;
    if (IN(ext, script_ext) || pl_find_word(base, "dockerfile") != SIZE_MAX)
        return PL_KV_SCRIPT;
    if (pl_str_ieq(ext, PL_S("txt")) || pl_str_ieq(ext, PL_S("log")))
        return pl_setting_of(base) == PL_SETTING_DOC ? PL_KV_DOC : PL_KV_TEXT;
    return ext.n == 0 || base.p[0] == '.' ? PL_KV_SCRIPT : PL_KV_DOC;
}
