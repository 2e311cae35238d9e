/* Content that looks compiled: an ELF program, a Python code file, a Java class, a SQLite database.
 * System V ABI (ELF64), CPython's marshal format, JVM specification chapter 4. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <sqlite3.h>

#include "mk.h"

/* elf CONTENT: a program that ends at once, with the content in .rodata. */
static struct pl_str make_elf(struct mk *m, const struct mk_node *n, size_t i)
{
    static const char code[] = "\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"; /* exit(0) */
    static const char names[] = "\0.text\0.rodata\0.shstrtab";
    struct pl_str s = mk_content(m, n, i);
    struct pl_buf b = { 0 };
    Elf64_Ehdr e = { .e_type = ET_EXEC,
                     .e_machine = EM_X86_64,
                     .e_version = 1,
                     .e_ehsize = sizeof(Elf64_Ehdr),
                     .e_phentsize = sizeof(Elf64_Phdr),
                     .e_phnum = 1,
                     .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = 4,
                     .e_shstrndx = 3 };
    Elf64_Phdr p = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_align = 4096 };
    Elf64_Shdr h[4] = { { 0 } };
    uint64_t at = sizeof e + sizeof p, base = 0x400000;
    memcpy(e.e_ident, ELFMAG "\2\1\1", 7);
    e.e_entry = base + at;
    e.e_phoff = sizeof e;
    h[1] = (Elf64_Shdr){ .sh_name = 1,
                         .sh_type = SHT_PROGBITS,
                         .sh_flags = SHF_ALLOC,
                         .sh_addr = base + at,
                         .sh_offset = at,
                         .sh_size = sizeof code - 1 };
    at += sizeof code - 1;
    h[2] = (Elf64_Shdr){ .sh_name = 7,
                         .sh_type = SHT_PROGBITS,
                         .sh_flags = SHF_ALLOC,
                         .sh_addr = base + at,
                         .sh_offset = at,
                         .sh_size = s.n + 1 };
    at += s.n + 1;
    h[3] = (Elf64_Shdr){
        .sh_name = 15, .sh_type = SHT_STRTAB, .sh_offset = at, .sh_size = sizeof names
    };
    at += sizeof names;
    e.e_shoff = (at + 7) & ~7ull;
    p.p_vaddr = p.p_paddr = base;
    p.p_filesz = p.p_memsz = at;
    pl_buf_putn(&b, &e, sizeof e);
    pl_buf_putn(&b, &p, sizeof p);
    pl_buf_putn(&b, code, sizeof code - 1);
    pl_buf_putn(&b, s.p, s.n);
    pl_buf_putc(&b, 0);
    pl_buf_putn(&b, names, sizeof names);
    while (b.n < e.e_shoff)
        pl_buf_putc(&b, 0);
    pl_buf_putn(&b, h, sizeof h);
    return mk_keep(m, &b);
}

/* --- Python code ----------------------------------------------------------------------------- */

static void le(struct pl_buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8)
        pl_buf_putc(b, (char)(v & 0xff));
}

/* A str: short ASCII, or UTF-8 with a long length. */
static void py_str(struct pl_buf *b, struct pl_str s)
{
    bool ascii = s.n < 256;
    for (size_t i = 0; i < s.n; i++)
        ascii = ascii && (unsigned char)s.p[i] < 128;
    pl_buf_putc(b, ascii ? 'z' : 'u');
    le(b, s.n, ascii ? 1 : 4);
    pl_buf_putn(b, s.p, s.n);
}

static void py_bytes(struct pl_buf *b, const char *p, size_t n)
{
    pl_buf_putc(b, 's');
    le(b, n, 4);
    pl_buf_putn(b, p, n);
}

static void py_tuple(struct pl_buf *b, size_t n)
{
    pl_buf_putc(b, ')');
    le(b, n, 1);
}

/* One statement of the block: str, bytes, function { … }. */
static void py_code(struct mk *m, const struct mk_node *n, struct pl_str name, bool old,
                    struct pl_buf *b);

static void py_const(struct mk *m, const struct mk_node *k, bool old, struct pl_buf *b)
{
    if (mk_is(k, "str")) {
        py_str(b, mk_content(m, k, 1));
    } else if (mk_is(k, "bytes")) {
        struct pl_str s = mk_content(m, k, 1);
        py_bytes(b, s.p, s.n);
    } else if (mk_is(k, "function")) {
        py_code(m, k, mk_arg(m, k, 1), old, b);
    } else {
        mk_die(m, k, "a pyc holds str, bytes and function");
    }
}

/* A code object of 3.11 (old: of 3.8) that returns None and owns the constants of its block. */
static void py_code(struct mk *m, const struct mk_node *n, struct pl_str name, bool old,
                    struct pl_buf *b)
{
    pl_buf_putc(b, 'c');
    for (int i = 0; i < (old ? 4 : 3); i++) /* arguments of three kinds; 3.8: locals */
        le(b, 0, 4);
    le(b, 1, 4);
    le(b, 0x40, 4);
    if (old)
        py_bytes(b, "d\0S\0", 4);
    else
        py_bytes(b, "\x97\0d\0S\0", 6);
    py_tuple(b, n->kids + 1);
    pl_buf_putc(b, 'N');
    for (size_t i = 0; i < n->kids; i++)
        py_const(m, &n->kid[i], old, b);
    py_tuple(b, 1);
    py_str(b, PL_S("settings"));
    py_tuple(b, 0);
    if (old) {
        py_tuple(b, 0);
        py_tuple(b, 0);
    } else {
        py_bytes(b, "", 0);
    }
    py_str(b, PL_S("settings.py"));
    py_str(b, name);
    if (!old)
        py_str(b, name);
    le(b, 1, 4);
    py_bytes(b, "", 0);
    if (!old)
        py_bytes(b, "", 0);
}

/* pyc [version=3.8|3.11] { str CONTENT; bytes CONTENT; function NAME { … } } */
static struct pl_str make_pyc(struct mk *m, const struct mk_node *n, size_t i)
{
    bool old = pl_str_is(mk_opt_str(m, n, "version", "3.11"), "3.8");
    struct pl_buf b = { 0 };
    (void)i;
    le(&b, old ? 3413 : 3495, 2);
    pl_buf_puts(&b, "\r\n");
    le(&b, 0, 4);
    le(&b, MK_MTIME, 4);
    le(&b, 100, 4);
    py_code(m, n, PL_S("<module>"), old, &b);
    return mk_keep(m, &b);
}

/* --- Java ------------------------------------------------------------------------------------ */

static void be(struct pl_buf *b, uint64_t v, int bytes)
{
    for (int i = bytes; i-- > 0;)
        pl_buf_putc(b, (char)(v >> (8 * i) & 0xff));
}

static void java_text(struct pl_buf *b, struct pl_str s)
{
    pl_buf_putc(b, 1);
    be(b, s.n, 2);
    pl_buf_putn(b, s.p, s.n);
}

/* javaclass CONTENT: class A with one string constant. */
static struct pl_str make_class(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_str s = mk_content(m, n, i);
    struct pl_buf b = { 0 };
    be(&b, 0xcafebabe, 4);
    be(&b, 52, 4);
    be(&b, 7, 2);
    java_text(&b, PL_S("A"));
    be(&b, 0x070001, 3);
    java_text(&b, PL_S("java/lang/Object"));
    be(&b, 0x070003, 3);
    java_text(&b, s);
    be(&b, 0x080005, 3);
    be(&b, 0x0021, 2);
    be(&b, 2, 2);
    be(&b, 4, 2);
    be(&b, 0, 8);
    return mk_keep(m, &b);
}

/* --- SQLite ---------------------------------------------------------------------------------- */

/* sqlite SQL: the database file the statements make. */
static struct pl_str make_sqlite(struct mk *m, const struct mk_node *n, size_t i)
{
    struct pl_str sql = mk_arg(m, n, i);
    struct pl_buf b = { 0 };
    sqlite3 *db = NULL;
    sqlite3_int64 size = 0;
    unsigned char *p;
    const char *text = pl_dup(&m->a, sql).p;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA secure_delete = 0", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        mk_die(m, n, "sqlite: %s", sqlite3_errmsg(db));
    p = sqlite3_serialize(db, "main", &size, 0);
    if (!p)
        mk_die(m, n, "sqlite: the database is empty");
    pl_buf_putn(&b, p, (size_t)size);
    memset(b.p + 96, 0, 4); /* the library's version: not ours to depend on */
    sqlite3_free(p);
    sqlite3_close(db);
    return mk_keep(m, &b);
}

const struct mk_maker mk_binaries[] = {
    { "elf", make_elf },       { "pyc", make_pyc }, { "javaclass", make_class },
    { "sqlite", make_sqlite }, { NULL, NULL },
};
