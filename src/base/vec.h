/* A growable array on the heap: struct { T *p; size_t n, cap; }. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_BASE_VEC_H
#define PL_BASE_VEC_H

#include <stddef.h>

#define PL_VEC(T)      \
    struct {           \
        T *p;          \
        size_t n, cap; \
    }

/* Room for one more element of `size` bytes in a heap array; ends the process when memory is gone.
 */
void pl_vec_grow(void **p, size_t n, size_t *cap, size_t size);

/* Appends a copy of `value`. */
#define pl_vec_push(v, ...)                                               \
    do {                                                                  \
        pl_vec_grow((void **)&(v)->p, (v)->n, &(v)->cap, sizeof *(v)->p); \
        (v)->p[(v)->n++] = (__VA_ARGS__);                                 \
    } while (0)

/* Frees the array and leaves it empty. */
#define pl_vec_release(v)      \
    do {                       \
        free((v)->p);          \
        (v)->p = NULL;         \
        (v)->n = (v)->cap = 0; \
    } while (0)

#endif
