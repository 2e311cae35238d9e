/* JSON changed in place: a text without edits comes back as it was, and what was taken is taken
 * again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "fmt/json.h"
#include "fmt/jsonedit.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool ask(void *arg, struct pl_str pointer, struct pl_str value, bool is_key,
                struct pl_buf *out)
{
    (void)arg;
    (void)pointer;
    pl_buf_putn(out, value.p, value.n / 2);
    return !is_key && value.n % 3 == 1 && (value.n < 2 || (uint8_t)value.p[value.n / 2] < 0x80);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const struct pl_jsonedit edits[] = { { PL_JSONEDIT_DELETE, { "/a", 2 }, { "", 0 } },
                                                { PL_JSONEDIT_DELETE, { "/0", 2 }, { "", 0 } },
                                                { PL_JSONEDIT_DELETE, { "/b/1", 4 }, { "", 0 } } };
    pl_auto_buf struct pl_buf same = { 0 }, other = { 0 };
    struct pl_str text = pl_str_n(p, n);
    struct pl_json *root = NULL;
    bool json = pl_json_parse(text, 64, &root, NULL) == 0;
    pl_json_free(root);
    int r = pl_jsonedit(text, NULL, 0, NULL, NULL, 64, &same, NULL);
    if (json && (r < 0 || !pl_str_eq(pl_buf_str(&same), text)))
        abort();
    r = pl_jsonedit(text, edits, 3, ask, NULL, 64, &other, NULL);
    if (!json)
        return -1;
    if (r < 0 || pl_json_parse(pl_buf_str(&other), 64, &root, NULL) < 0)
        abort();
    pl_json_free(root);
    return 0;
}
