/* Shell text: words, commands, places. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "check/shell/sh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pl_arena a = { 0 };
    struct pl_sh_script s;
    if (n > 1 << 20)
        return 0;
    pl_sh_parse(&a, pl_str_n(data, n), &s);
    bool bad = s.error.msg != NULL;
    for (size_t i = 0; i < s.n_words; i++)
        if (s.words[i]->off > n || s.words[i]->end < s.words[i]->off)
            pl_bug("a word outside of the text");
    for (size_t i = 0; i < s.n_cmds; i++)
        if (pl_sh_flag(s.cmds[i], "y"))
            (void)pl_sh_name(s.cmds[i]);
    pl_sh_release(&s);
    pl_arena_release(&a);
    return bad ? -1 : 0;
}
