/* HTTP by libcurl. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "io/http_int.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "io/curl_late.h"
#include "io/proxy.h"

static struct pl_curl lib; /* once-built */

struct pl_http {
    struct pl_http_opts o;
    struct pl_http_loop loop;
    CURLM *multi;     /* NULL until it is needed */
    struct pl_buf ca; /* the system's authorities, where they are one file and no folder */
};

/* One request under way. */
struct run {
    struct pl_http *h;
    const struct pl_http_req *q;
    struct pl_http_answer *ans;
    struct pl_err *err; /* set when a callback ended the transfer */
    int failed;
    CURL *easy;
    PL_VEC(struct pl_http_field) fields;
    size_t head_bytes;
    bool head_done, enough, proxied;
    uint64_t sent;
    struct pl_http_pace pace;
    char text[CURL_ERROR_SIZE];
};

/* ------------------------------------------------------------------ callbacks */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
    struct run *r = arg;
    const struct sockaddr *sa = &addr->addr;
    uint8_t bytes[16] = { 0 };
    (void)purpose;
    if (sa->sa_family == AF_INET)
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    else if (sa->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
    /* the proxy is the user's choice; what lies behind it is judged by name only */
    if (!r->proxied && r->q->judge) {
        int e = r->q->judge(r->q->arg, pl_addr_class(sa->sa_family, bytes), r->err);
        if (e < 0) {
            r->failed = e;
            return CURL_SOCKET_BAD;
        }
    }
    return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

/* "Name: value" becomes a field; folded lines and nonsense are refused. */
static int take_field(struct run *r, struct pl_str line)
{
    struct pl_arena *a = &r->ans->a;
    size_t colon = pl_str_find(line, PL_S(":"), 0);
    if (colon == SIZE_MAX || colon == 0 || line.p[0] == ' ' || line.p[0] == '\t')
        return pl_fail(r->err, PL_E_FORMAT, "malformed header field in the answer");
    struct pl_http_field f = { pl_dup(a, pl_str_trim(pl_str_sub(line, 0, colon))),
                               pl_dup(a, pl_str_trim(pl_str_sub(line, colon + 1, line.n))) };
    pl_vec_push(&r->fields, f);
    return 0;
}

static void publish_fields(struct run *r)
{
    r->ans->fields = pl_alloc_n(&r->ans->a, r->fields.n, sizeof *r->ans->fields);
    if (r->fields.n)
        memcpy(r->ans->fields, r->fields.p, r->fields.n * sizeof *r->fields.p);
    r->ans->n_fields = r->fields.n;
}

static int head_end(struct run *r)
{
    long status = 0;
    lib.curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) { /* interim answers are forgotten */
        r->fields.n = 0;
        return 0;
    }
    r->ans->status = (unsigned)status;
    r->head_done = true;
    publish_fields(r);
    pl_http_wait_asked(r->ans);
    return r->q->head ? r->q->head(r->q->arg, r->ans, r->err) : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct run *r = arg;
    struct pl_str line = { p, size * n };
    r->pace.moved += line.n;
    r->head_bytes += line.n;
    if (r->head_bytes > PL_HTTP_HEAD_MAX)
        r->failed = pl_fail(r->err, PL_E_LIMIT, "the answer's head is longer than 64 KiB");
    else if (r->head_done) /* trailers say nothing that is used */
        return line.n;
    else if (pl_str_is(line, "\r\n") || pl_str_is(line, "\n"))
        r->failed = head_end(r);
    else if (pl_str_starts(line, PL_S("HTTP/")))
        r->fields.n = 0;
    else
        r->failed = take_field(r, pl_str_trim(line).n ? line : PL_S(""));
    return r->failed < 0 ? 0 : line.n;
}

static size_t on_data(char *p, size_t size, size_t n, void *arg)
{
    struct run *r = arg;
    size_t len = size * n;
    r->failed = pl_http_take_body(&r->h->o, r->q, r->ans, &r->pace, p, len, &r->enough, r->err);
    return r->failed < 0 || r->enough ? 0 : len;
}

static size_t on_send(char *p, size_t size, size_t n, void *arg)
{
    struct run *r = arg;
    size_t got = 0, want = size * n;
    if (want > r->q->size - r->sent)
        want = (size_t)(r->q->size - r->sent);
    if (want == 0)
        return 0;
    r->failed = r->q->read(r->q->arg, r->sent, p, want, &got, r->err);
    if (r->failed == 0 && got == 0)
        r->failed = pl_fail(r->err, PL_E_IO, "what is to be sent ends early");
    if (r->failed < 0)
        return CURL_READFUNC_ABORT;
    r->sent += got;
    r->pace.moved += got;
    return got;
}

static int on_seek(void *arg, curl_off_t off, int origin)
{
    struct run *r = arg;
    if (origin != SEEK_SET || off < 0)
        return CURL_SEEKFUNC_CANTSEEK;
    r->sent = (uint64_t)off;
    return CURL_SEEKFUNC_OK;
}

/* ------------------------------------------------------------------ one request */

static void set_body(CURL *c, struct run *r)
{
    const struct pl_http_req *q = r->q;
    if (q->read) {
        lib.curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        lib.curl_easy_setopt(c, CURLOPT_READFUNCTION, on_send);
        lib.curl_easy_setopt(c, CURLOPT_READDATA, r);
        lib.curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
        lib.curl_easy_setopt(c, CURLOPT_SEEKDATA, r);
        lib.curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->size);
    } else if (q->has_body) {
        lib.curl_easy_setopt(c, CURLOPT_POST, 1L);
        lib.curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body.p);
        lib.curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
    }
    if (strcmp(q->method, "HEAD") == 0)
        lib.curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    else if (strcmp(q->method, "GET") != 0)
        lib.curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
}

static void set_tls(CURL *c, struct run *r, struct pl_buf *pem)
{
    const struct pl_http_req *q = r->q;
    lib.curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    lib.curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, q->unverified ? 0L : 1L);
    lib.curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, q->unverified ? 0L : 2L);
    if (q->ca_pem.n) { /* replaces the file of the system, not its folder */
        pl_buf_putn(pem, r->h->ca.p ? r->h->ca.p : "", r->h->ca.n);
        pl_buf_putn(pem, q->ca_pem.p, q->ca_pem.n);
        struct curl_blob blob = { pem->p, pem->n, CURL_BLOB_COPY };
        lib.curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
    }
    if (q->cert)
        lib.curl_easy_setopt(c, CURLOPT_SSLCERT, q->cert);
    if (q->key)
        lib.curl_easy_setopt(c, CURLOPT_SSLKEY, q->key);
}

static void set_limits(CURL *c, const struct run *r)
{
    const char *proxy = pl_proxy_for(&r->q->url);
    lib.curl_easy_setopt(c, CURLOPT_PROXY, proxy ? proxy : "");
    lib.curl_easy_setopt(c, CURLOPT_NOPROXY, "");
    lib.curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, r->q->url.https ? "https" : "http");
    lib.curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    lib.curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    lib.curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    lib.curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    lib.curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)r->h->o.connect_s);
    lib.curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 65536L);
    lib.curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
    lib.curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
                         r->q->http1 ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
}

static struct curl_slist *headers(const struct pl_http_req *q, struct pl_arena *a)
{
    struct curl_slist *list = NULL;
    /* no 100-continue: what it saves is not worth a second in front of each upload */
    list = lib.curl_slist_append(list, "Expect:");
    if (!q->has_body && !q->read)
        list = lib.curl_slist_append(list, "Content-Type:");
    for (size_t i = 0; i < q->n_fields; i++)
        list = lib.curl_slist_append(
            list,
            pl_printf(a, "%.*s: %.*s", PL_FMT(q->fields[i].name), PL_FMT(q->fields[i].value)).p);
    return list;
}

/* Drives the transfer to its end; *ret_result is curl's verdict. */
static int drive(struct run *r, CURLcode *ret_result)
{
    int running = 1, left, e = 0;
    r->pace.since = pl_clock_ms();
    while (running && e == 0) {
        if (lib.curl_multi_perform(r->h->multi, &running) != CURLM_OK)
            return pl_fail(r->err, PL_E_NET, "the transfer cannot go on");
        if (running) {
            lib.curl_multi_poll(r->h->multi, NULL, 0, 200, NULL);
            e = pl_http_check_time(&r->h->o, &r->pace, r->err);
        }
    }
    const CURLMsg *m;
    while (e == 0 && (m = lib.curl_multi_info_read(r->h->multi, &left)))
        if (m->msg == CURLMSG_DONE && m->easy_handle == r->easy)
            *ret_result = m->data.result;
    return e;
}

/* What curl's verdict means here. Its texts hold host names and paths, but no header. */
static int verdict(struct run *r, CURLcode c)
{
    const char *why = r->text[0] ? r->text : lib.curl_easy_strerror(c);
    struct pl_str host = pl_url_host(&r->ans->a, &r->q->url);
    if (c == CURLE_OK || r->enough)
        return 0;
    r->ans->no_tls = c == CURLE_SSL_CONNECT_ERROR;
    switch (c) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        r->ans->sent = true;
        return pl_fail(r->err, PL_E_IO, "%.*s: the connection broke off", PL_FMT(host));
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return pl_fail(r->err, PL_E_FORMAT, "%.*s: the answer is no HTTP", PL_FMT(host));
    case CURLE_OPERATION_TIMEDOUT:
        return pl_fail(r->err, PL_E_NET, "%.*s: no connection in %u seconds", PL_FMT(host),
                       r->h->o.connect_s);
    default:
        return pl_fail(r->err, PL_E_NET, "%.*s: %s", PL_FMT(host), why);
    }
}

static void set_callbacks(CURL *c, struct run *r)
{
    lib.curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->text);
    lib.curl_easy_setopt(c, CURLOPT_USERAGENT, r->h->o.agent);
    lib.curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    lib.curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
    lib.curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
    lib.curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
    lib.curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    lib.curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, r);
    lib.curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/* Authorities in one file: read, since a blob of our own would replace it. */
static void system_authorities(struct pl_http *h)
{
    const curl_version_info_data *v = lib.curl_version_info(CURLVERSION_NOW);
    if (v->capath || !v->cainfo)
        return;
    pl_auto_fd int fd = open(v->cainfo, O_RDONLY | O_CLOEXEC);
    char *at;
    ssize_t n = 1;
    h->ca.max = 8u << 20;
    while (fd >= 0 && n > 0 && (at = pl_buf_room(&h->ca, 65536, NULL))) {
        n = read(fd, at, 65536);
        h->ca.n += n > 0 ? (size_t)n : 0;
    }
}

static int need_curl(struct pl_http *h, struct pl_err *err)
{
    if (h->multi)
        return 0;
    int r = pl_curl_load(&lib, err);
    if (r < 0)
        return r;
    if (lib.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return pl_fail(err, PL_E_NET, "libcurl cannot start");
    h->multi = lib.curl_multi_init();
    if (!h->multi)
        pl_oom();
    lib.curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 8L);
    system_authorities(h);
    return 0;
}

/* A registry on this machine mostly has no TLS; to find that out takes no library. */
static bool no_tls(const struct pl_http *h, const struct pl_http_req *q)
{
    struct pl_url plain = q->url;
    plain.https = false;
    return q->url.https && !h->multi && pl_http_loop_is(&plain) && pl_http_loop_no_tls(&h->o, q);
}

static int curl_do(struct pl_http *h, const struct pl_http_req *q, struct pl_http_answer *ans,
                   struct pl_err *err)
{
    struct pl_err local = { 0 };
    struct run r = { .h = h, .q = q, .ans = ans, .err = err ? err : &local };
    pl_auto_buf struct pl_buf pem = { 0 };
    CURLcode result = CURLE_OK;
    r.easy = lib.curl_easy_init();
    if (!r.easy)
        pl_oom();
    r.proxied = pl_proxy_for(&q->url) != NULL;
    lib.curl_easy_setopt(r.easy, CURLOPT_URL, pl_url_text(&ans->a, &q->url).p);
    set_callbacks(r.easy, &r);
    set_limits(r.easy, &r);
    set_tls(r.easy, &r, &pem);
    set_body(r.easy, &r);
    struct curl_slist *list = headers(q, &ans->a);
    lib.curl_easy_setopt(r.easy, CURLOPT_HTTPHEADER, list);
    lib.curl_multi_add_handle(h->multi, r.easy);
    int e = drive(&r, &result);
    lib.curl_multi_remove_handle(h->multi, r.easy);
    if (e == 0)
        e = r.failed < 0 ? r.failed : verdict(&r, result);
    lib.curl_slist_free_all(list);
    lib.curl_easy_cleanup(r.easy);
    pl_vec_release(&r.fields);
    if (e == 0 && !r.head_done)
        e = pl_fail(r.err, PL_E_IO, "the connection ended before an answer");
    return e;
}

int pl_http_do(struct pl_http *h, const struct pl_http_req *q, struct pl_http_answer *ans,
               struct pl_err *err)
{
    *ans = (struct pl_http_answer){ .retry_after = -1 };
    if (pl_http_loop_is(&q->url) && !pl_proxy_for(&q->url))
        return pl_http_loop_do(&h->loop, &h->o, q, ans, err);
    if (no_tls(h, q)) {
        ans->no_tls = true;
        return pl_fail(err, PL_E_NET, "%.*s: no TLS is spoken there", PL_FMT(q->url.host));
    }
    int r = need_curl(h, err);
    return r < 0 ? r : curl_do(h, q, ans, err);
}

void pl_http_ahead(struct pl_http *h, const struct pl_http_req *q)
{
    if (pl_http_loop_is(&q->url) && !pl_proxy_for(&q->url))
        pl_http_loop_ahead(&h->loop, &h->o, q);
}

/* ------------------------------------------------------------------ the rest */

int pl_http_new(const struct pl_http_opts *o, struct pl_http **ret, struct pl_err *err)
{
    (void)err;
    struct pl_http *h = calloc(1, sizeof *h);
    if (!h)
        pl_oom();
    h->o = *o;
    h->loop.fd = -1;
    *ret = h;
    return 0;
}

void pl_http_free(struct pl_http *h)
{
    if (!h)
        return;
    if (h->multi)
        lib.curl_multi_cleanup(h->multi);
    pl_http_loop_close(&h->loop);
    pl_buf_release(&h->ca);
    free(h);
}

const char *pl_http_library(void)
{
    if (pl_curl_load(&lib, NULL) < 0)
        return "libcurl not found";
    return lib.curl_version();
}
