/* Memory that held a private key. OpenSSL 3.0 gives back the encoded key it read without wiping it,
 * so that all it gives back is wiped here (OPENSSL_malloc(3), CRYPTO_set_mem_functions). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "sign/key.h"

void pl_wipe(void *p, size_t n)
{
    if (p && n)
        OPENSSL_cleanse(p, n);
}

void pl_buf_wipe(struct pl_buf *b)
{
    pl_wipe(b->p, b->cap);
    pl_buf_release(b);
}

static void *take(size_t n, const char *file, int line)
{
    (void)file, (void)line;
    return malloc(n);
}

static void give(void *p, const char *file, int line)
{
    (void)file, (void)line;
    if (p)
        explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

static void *change(void *p, size_t n, const char *file, int line)
{
    size_t had = p ? malloc_usable_size(p) : 0;
    void *to = n ? malloc(n) : NULL;
    if (to && p)
        memcpy(to, p, had < n ? had : n);
    if (to || !n)
        give(p, file, line);
    return to;
}

/* Before main, since it can only be done before OpenSSL takes its first memory. */
__attribute__((constructor)) static void wipe_all(void)
{
    CRYPTO_set_mem_functions(take, change, give);
}
