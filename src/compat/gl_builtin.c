/* The built-in configuration: that of gitleaks where the build holds it, else our own rules in the
 * form of gitleaks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/gl_config.h"
#include "compat/gl_default.h"
#include "secret/secret.h"

/* A TOML string of any text. */
static void put_string(struct pl_buf *b, const char *s)
{
    pl_buf_putc(b, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            pl_buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            pl_buf_printf(b, "\\u%04x", c);
        else
            pl_buf_putc(b, (char)c);
    }
    pl_buf_putc(b, '"');
}

static void put_list(struct pl_buf *b, const char *key, const struct pl_rule_list *v)
{
    pl_buf_printf(b, "%s = [", key);
    for (size_t i = 0; i < v->n; i++) {
        pl_buf_puts(b, i ? ", " : "");
        put_string(b, v->p[i]);
    }
    pl_buf_puts(b, "]\n");
}

/* Without the folder that our ids begin with. */
static const char *short_id(const char *id)
{
    const char *slash = strrchr(id, '/');
    return slash ? slash + 1 : id;
}

static void put_rule(struct pl_buf *b, const struct pl_rule *rule)
{
    pl_buf_puts(b, "[[rules]]\nid = ");
    put_string(b, short_id(rule->aliases.n ? rule->aliases.p[0] : rule->id));
    pl_buf_puts(b, "\ndescription = ");
    put_string(b, rule->title);
    pl_buf_puts(b, "\nregex = ");
    put_string(b, rule->regex);
    pl_buf_printf(b, "\nsecretGroup = %u\nentropy = %g\n", rule->group, rule->entropy);
    put_list(b, "keywords", &rule->keywords);
    if (rule->allow.n) {
        pl_buf_puts(b, "[[rules.allowlists]]\n");
        put_list(b, "regexes", &rule->allow);
    }
}

/* Assignments of a secret to a name, for which our own engine has code instead of a pattern. */
static const char generic_rule[] =
    "[[rules]]\n"
    "id = \"generic-api-key\"\n"
    "description = \"A value that looks like a secret, under a name that says it is one\"\n"
    "regex = '''(?i)(?:secret|token|passw(?:or)?d|api[_.-]?key|access[_.-]?key|credential)"
    "[\\w.-]{0,30}['\"]?\\s{0,3}(?:=|:|=>|:=)\\s{0,3}['\"]?([\\w+/.=-]{12,120})'''\n"
    "entropy = 3.7\n"
    "keywords = [\"secret\", \"token\", \"passw\", \"key\", \"credential\"]\n";

struct pl_str pl_gl_builtin(struct pl_buf *b, bool *ret_original)
{
    struct pl_rules *rules;
    struct pl_err err;
    struct pl_str theirs = pl_gl_default_rules();
    *ret_original = theirs.n > 0;
    if (theirs.n)
        return theirs;
    pl_buf_puts(b, "[allowlist]\npaths = ['''(?:^|/)\\.git$''']\n");
    if (pl_rules_builtin(&rules, &err) == 0) {
        for (size_t i = 0; i < pl_rules_count(rules); i++) {
            const struct pl_rule *rule = pl_rules_at(rules, i);
            if (rule->regex && *rule->regex)
                put_rule(b, rule);
        }
        pl_rules_free(rules);
    }
    pl_buf_puts(b, generic_rule);
    return pl_buf_str(b);
}
