/* The table of personalities. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "compat/compat.h"

#include <stddef.h>
#include <string.h>

#define PL_PERSONA(name) extern const struct pl_persona pl_persona_##name;
#include "compat/compat.list"
#undef PL_PERSONA

const struct pl_persona *const pl_personas[] = {
#define PL_PERSONA(name) &pl_persona_##name,
#include "compat/compat.list"
#undef PL_PERSONA
    NULL,
};

const struct pl_persona *pl_persona_find(const char *name)
{
    const char *slash = strrchr(name, '/');
    if (slash)
        name = slash + 1;
    for (size_t i = 0; pl_personas[i]; i++)
        if (strcmp(pl_personas[i]->name, name) == 0)
            return pl_personas[i];
    return NULL;
}
