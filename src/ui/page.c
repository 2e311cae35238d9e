/* What all pages have: frame, search, numbers, the choice of the page. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "report/escape.h"
#include "report/html.h"
#include "ui/ui_int.h"

#define STEPS 64u /* rows between looks at the clock */

void ui_put(struct ui *x, const char *markup)
{
    pl_buf_puts(x->out, markup);
}

void ui_putf(struct ui *x, const char *fmt, ...)
{
    va_list ap;
    char text[1024];
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        pl_bug("markup of %d bytes", n);
    pl_buf_putn(x->out, text, (size_t)n);
}

void ui_text(struct ui *x, struct pl_str s, size_t max)
{
    pl_esc_cut(x->out, PL_ESC_HTML, s, max);
}

void ui_time(struct ui *x, int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;
    char day[32], hour[16];
    if (!gmtime_r(&t, &tm) || !strftime(day, sizeof day, "%Y-%m-%d", &tm) ||
        !strftime(hour, sizeof hour, "%H:%M", &tm))
        return;
    ui_putf(x, "<time datetime=\"%sT%sZ\">%s %s UTC</time>", day, hour, day, hour);
}

void ui_number(struct ui *x, uint64_t n)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRIu64, n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            pl_buf_putc(x->out, ',');
        pl_buf_putc(x->out, text[i]);
    }
}

void ui_href(struct ui *x, const struct pl_ui_form *f)
{
    pl_buf_putc(x->out, '/');
    pl_ui_form_write(f, x->out);
}

void ui_head(struct ui *x, struct pl_str title)
{
    ui_put(x, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"robots\" content=\"noindex\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n"
              "<link rel=\"stylesheet\" href=\"/style.css\">\n<title>");
    ui_text(x, title, 80);
    ui_put(x, " – plimsoll</title>\n</head>\n<body class=\"fleet\">\n"
              "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
              "<header class=\"page\">\n<p class=\"brand\"><a href=\"/\"><svg aria-hidden=\"true\" "
              "width=\"28\" height=\"28\" viewBox=\"0 0 28 28\"><circle cx=\"14\" cy=\"14\" "
              "r=\"9\"/><path d=\"M1 14h26\"/></svg>plimsoll <span>fleet</span></a></p>\n");
}

void ui_foot(struct ui *x)
{
    ui_put(x, "</main>\n<footer><p>A page to read: nothing can be changed here. Secrets are "
              "masked: the beginning, and eight digits of their SHA-256.</p><p>plimsoll " PL_VERSION
              " · rules " PL_RULES_VERSION "</p></footer>\n</body>\n</html>\n");
}

struct input {
    const char *name, *label, *hint;
    struct pl_str value;
};

void ui_search(struct ui *x)
{
    const struct input in[] = {
        { "image", "Image", "name or digest", x->form.image },
        { "package", "Package", "log4j-core &lt; 2.17.1", x->form.package },
        { "cve", "Advisory", "CVE-2021-44228", x->form.cve },
        { "secret", "Secret rule", "github-pat", x->form.secret },
    };
    ui_put(x, "<form class=\"search\" role=\"search\" method=\"get\" action=\"/\" "
              "autocomplete=\"off\">\n");
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        ui_putf(x,
                "<label for=\"q-%s\"><span>%s</span><input id=\"q-%s\" name=\"%s\" type=\"search\" "
                "maxlength=\"400\" spellcheck=\"false\" placeholder=\"%s\" value=\"",
                in[i].name, in[i].label, in[i].name, in[i].name, in[i].hint);
        pl_esc(x->out, PL_ESC_HTML, in[i].value);
        ui_put(x, "\"></label>\n");
    }
    ui_put(x, "<div class=\"go\"><button type=\"submit\">Search</button>");
    if (pl_ui_form_asks(&x->form))
        ui_put(x, " <a href=\"/\">all images</a>");
    ui_put(x, "</div>\n</form>\n");
}

int ui_step(struct ui *x)
{
    if (++x->steps % STEPS || pl_clock_ms() < x->ask->deadline_ms)
        return 0;
    return pl_fail(x->err, PL_E_LIMIT, "the answer took too long");
}

void pl_ui_trouble(unsigned status, const char *title, struct pl_str why, struct pl_ui_answer *ret)
{
    struct ui x = { .ret = ret, .out = &ret->body };
    ret->status = status;
    ret->type = PL_UI_HTML;
    pl_buf_clear(&ret->body);
    ui_head(&x, pl_str_c(title));
    ui_putf(&x, "<h1>%s</h1>\n<p class=\"lead\">", title);
    ui_text(&x, why, 600);
    ui_put(&x, "</p>\n</header>\n<main id=\"main\"><p><a href=\"/\">All images</a></p>\n");
    ui_foot(&x);
}

int ui_refuse(struct ui *x, unsigned status, const char *title, struct pl_str why)
{
    pl_ui_trouble(status, title, why, x->ret);
    return 0;
}

static int style(struct pl_ui_answer *ret)
{
    ret->type = PL_UI_CSS;
    pl_buf_putn(&ret->body, pl_html_css, pl_html_css_len);
    pl_buf_putn(&ret->body, pl_ui_css, pl_ui_css_len);
    return 0;
}

bool pl_ui_is_plain(struct pl_str path)
{
    int64_t id;
    enum pl_ui_page_kind k = pl_ui_path(path, &id);
    return k == PL_UI_STYLE || k == PL_UI_NONE;
}

static int choose(struct ui *x)
{
    int64_t id = 0;
    switch (pl_ui_path(x->ask->path, &id)) {
    case PL_UI_FLEET:
        return ui_fleet(x);
    case PL_UI_IMAGE:
        return ui_image(x, id);
    case PL_UI_PACKAGES:
        return ui_packages(x, id);
    case PL_UI_STYLE:
        return style(x->ret);
    default:
        return ui_refuse(x, 404, "No such page", PL_S("The address names nothing."));
    }
}

int pl_ui_page(struct pl_store *s, const struct pl_ui_ask *ask, struct pl_ui_answer *ret,
               struct pl_err *err)
{
    struct ui x = { .s = s, .ask = ask, .ret = ret, .out = &ret->body, .err = err };
    struct pl_err why = { 0 };
    *ret = (struct pl_ui_answer){ .status = 200, .type = PL_UI_HTML };
    int r = 0;
    if (pl_ui_form_parse(ask->query, &x.a, &x.form, &why) < 0)
        ui_refuse(&x, why.code == PL_E_LIMIT ? 414 : 400, "That cannot be read", pl_str_c(why.msg));
    else
        r = s && !pl_ui_is_plain(ask->path) ? s->ops->look(s, err) : 0;
    if (r == 0 && !why.code) {
        r = choose(&x);
        if (s && !pl_ui_is_plain(ask->path))
            s->ops->rollback(s);
    }
    if (r < 0 && err->code == PL_E_USAGE) {
        ui_refuse(&x, 400, "That cannot be read", pl_str_c(err->msg));
        r = 0;
    }
    pl_arena_release(&x.one);
    pl_arena_release(&x.a);
    return r;
}
