/* A stand-in for the Docker service, for tests of `daemon:`. */
/* SPDX-License-Identifier: Apache-2.0 */

/* fake_daemon SOCKET ARCHIVE [MODE [ANSWERS]]. Serves the
 * archive for GET /images/NAME/get on a local socket, ANSWERS times (default 1), each in the given
 * MODE:
 *
 *   length         Content-Length                  close         to the end of the connection
 *   chunked        chunks of many sizes            slow          chunked, a pause in the middle
 *   cut            Content-Length, half the bytes  cut-chunk     chunked, ends within a chunk
 *   cut-last       chunked, without the last chunk missing       404
 *   broken         500                             endless-head  header fields for ever
 *   endless-body   chunks for ever                 garbage       no HTTP at all
 *   silent         accepts and says nothing
 *
 * Prints "ready" when it listens, then the request line of each request. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct archive {
    char *p;
    size_t n;
};

static bool put(int fd, const void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = send(fd, (const char *)p + at, n - at, MSG_NOSIGNAL);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

static bool puts_to(int fd, const char *s)
{
    return put(fd, s, strlen(s));
}

static void pause_ms(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

static bool put_chunk(int fd, const char *p, size_t n)
{
    char line[32];
    snprintf(line, sizeof line, "%zx\r\n", n);
    return puts_to(fd, line) && put(fd, p, n) && puts_to(fd, "\r\n");
}

static void chunked(int fd, const struct archive *a, const char *mode)
{
    size_t at = 0, step = 1;
    puts_to(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    while (at < a->n) {
        size_t n = step < a->n - at ? step : a->n - at;
        if (strcmp(mode, "cut-chunk") == 0 && at + n > a->n / 2) {
            puts_to(fd, "ffff\r\nhalf");
            return;
        }
        if (!put_chunk(fd, a->p + at, n))
            return;
        if (strcmp(mode, "slow") == 0 && at <= a->n / 2 && at + n > a->n / 2)
            pause_ms(500);
        at += n;
        step = step * 3 % 65521 + 1;
    }
    if (strcmp(mode, "cut-last") != 0)
        puts_to(fd, "0\r\n\r\n");
}

static void with_length(int fd, const struct archive *a, bool whole)
{
    char head[128];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", a->n);
    puts_to(fd, head);
    put(fd, a->p, whole ? a->n : a->n / 2);
}

static void endless(int fd, const char *begin, const char *again)
{
    puts_to(fd, begin);
    while (puts_to(fd, again))
        ;
}

static void answer(int fd, const struct archive *a, const char *mode)
{
    if (strcmp(mode, "length") == 0 || strcmp(mode, "cut") == 0)
        with_length(fd, a, mode[0] == 'l');
    else if (strcmp(mode, "close") == 0)
        (void)(puts_to(fd, "HTTP/1.0 200 OK\r\n\r\n") && put(fd, a->p, a->n));
    else if (strcmp(mode, "missing") == 0)
        puts_to(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
    else if (strcmp(mode, "broken") == 0)
        puts_to(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    else if (strcmp(mode, "endless-head") == 0)
        endless(fd, "HTTP/1.1 200 OK\r\n", "X-More: and more and more and more\r\n");
    else if (strcmp(mode, "endless-body") == 0)
        endless(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "8\r\nabcdefgh\r\n");
    else if (strcmp(mode, "garbage") == 0)
        puts_to(fd, "\x16\x03\x01 this is no answer\n");
    else if (strcmp(mode, "silent") == 0)
        pause_ms(3000);
    else
        chunked(fd, a, mode);
}

/* Reads to the blank line and prints the first one. */
static bool read_request(int fd)
{
    char text[8192];
    size_t n = 0;
    while (n < sizeof text - 1) {
        ssize_t got = read(fd, text + n, sizeof text - 1 - n);
        if (got <= 0)
            return false;
        n += (size_t)got;
        text[n] = 0;
        if (strstr(text, "\r\n\r\n")) {
            printf("%.*s\n", (int)strcspn(text, "\r"), text);
            fflush(stdout);
            return true;
        }
    }
    return false;
}

static int listen_at(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof at.sun_path || fd < 0)
        return -1;
    memcpy(at.sun_path, path, strlen(path));
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 8) < 0)
        return -1;
    return fd;
}

static bool slurp(const char *path, struct archive *a)
{
    FILE *f = fopen(path, "rbe");
    if (!f || fseek(f, 0, SEEK_END) < 0)
        return false;
    a->n = (size_t)ftell(f);
    a->p = malloc(a->n + 1);
    rewind(f);
    bool good = a->p && fread(a->p, 1, a->n, f) == a->n;
    fclose(f);
    return good;
}

int main(int argc, char **argv)
{
    struct archive a;
    const char *mode = argc > 3 ? argv[3] : "chunked";
    long answers = argc > 4 ? strtol(argv[4], NULL, 10) : 1;
    if (argc < 3 || !slurp(argv[2], &a)) {
        fputs("usage: fake_daemon SOCKET ARCHIVE [MODE [ANSWERS]]\n", stderr);
        return 2;
    }
    int l = listen_at(argv[1]);
    if (l < 0) {
        perror(argv[1]);
        return 2;
    }
    puts("ready");
    fflush(stdout);
    alarm(60); /* never outlives its test */
    while (answers-- > 0) {
        int fd = accept(l, NULL, NULL);
        if (fd >= 0 && read_request(fd))
            answer(fd, &a, mode);
        close(fd);
    }
    unlink(argv[1]);
    free(a.p);
    return 0;
}
