/* What the readers of advisory sources share: documents, and what to do with them. One file per
 * form, one line in form.list. packages.md section 5. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_VULN_READ_H
#define PL_VULN_READ_H

#include "base/vec.h"
#include "fmt/xml.h"
#include "fmt/yaml.h"
#include "vuln/build.h"

/* One file of a source. */
struct pl_adv_doc {
    struct pl_str name; /* its path in the source */
    struct pl_str text;
    const struct pl_yaml *root; /* JSON, YAML, or the TOML in front of a Markdown page; else NULL */
    const struct pl_xml *xml;   /* feeds in XML, else NULL */
    bool large;                 /* JSON whose members are read one by one: `root` is the first */
    struct pl_str first_key;    /* of that member */
};

/* The reader of a source. */
struct pl_adv_reader {
    struct pl_advbuild *b;
    const struct pl_adv_read_opts *o;
    unsigned source;    /* number in the builder */
    struct pl_arena *a; /* given back after the document */
    struct pl_arena *scratch;
};

struct pl_adv_form {
    const char *id; /* after "as=" */
    /* Is `d` of this form? Cheap, and sure. */
    bool (*knows)(const struct pl_adv_doc *d);
    /* Adds what it says. What is wrong with a part of it is noted and left out; PL_E_FORMAT when
     * nothing could be read. */
    int (*read)(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_err *err);
    const char *licence; /* of the publisher's data, where that is one and the same; or NULL */
};

/* All forms in the order of form.list, NULL at the end. */
extern const struct pl_adv_form *const pl_adv_forms[];

/* Text of member `key` of a map; empty when it is missing, null or no scalar. */
struct pl_str pl_doc_text(const struct pl_yaml *y, const char *key);
/* Text of a scalar; empty for NULL, null and others. */
struct pl_str pl_doc_scalar(const struct pl_yaml *y);
/* Is it a map (list) with something in it? */
bool pl_doc_is_map(const struct pl_yaml *y);
bool pl_doc_is_list(const struct pl_yaml *y);
/* Element `i` of a list, or NULL. */
const struct pl_yaml *pl_doc_at(const struct pl_yaml *y, size_t i);
/* The strings of a list, or of a scalar alone; in `a`. */
struct pl_names pl_doc_names(struct pl_arena *a, const struct pl_yaml *y);
/* Adds one more name. */
void pl_doc_add(struct pl_arena *a, struct pl_names *n, struct pl_str s);
/* The words of `s` that are CVE ids, in `a`. */
struct pl_names pl_doc_cves(struct pl_arena *a, struct pl_str s);
/* Is it "CVE-" and what follows? */
bool pl_is_cve(struct pl_str s);

/* A severity by any of the words in use ("Moderate", "IMPORTANT", "negligible"); -1 when none. */
int pl_adv_severity(struct pl_str word);

/* Rows while they are collected; text in the reader's arena. */
struct pl_adv_rows {
    struct pl_arena *a;
    PL_VEC(struct pl_adv_row) v;
};
/* A new row about `name`, affected below `fixed` (empty: every version). */
struct pl_adv_row *pl_adv_rows_below(struct pl_adv_rows *rows, struct pl_str eco,
                                     struct pl_str name, struct pl_str fixed);
/* A new row without ranges. */
struct pl_adv_row *pl_adv_rows_new(struct pl_adv_rows *rows, struct pl_str eco, struct pl_str name);
/* Events of a row, one more; `from` may be empty. */
void pl_adv_event_add(struct pl_arena *a, struct pl_adv_row *row, enum pl_adv_event_kind kind,
                      struct pl_str version);
/* Hands the advisory with these rows to the builder and releases them. */
int pl_adv_send(struct pl_adv_reader *r, struct pl_adv *v, struct pl_adv_rows *rows,
                struct pl_err *err);
/* Tells the user of something that was left out. */
void pl_adv_note(const struct pl_adv_reader *r, const struct pl_adv_doc *d, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A range in the ecosystem's own language: those in it (PL_ADV_IN), or in none of those
 * (PL_ADV_OUT), are affected. What cannot be read is noted and left out. */
void pl_adv_own_range(struct pl_adv_reader *r, const struct pl_adv_doc *d, struct pl_adv_row *row,
                      enum pl_adv_event_kind kind, struct pl_str range);
/* The release number of a code name ("bookworm" 12, "jammy" 22.04), or empty. */
struct pl_str pl_adv_debian_release(struct pl_str name);
struct pl_str pl_adv_ubuntu_release(struct pl_str name);
/* Is the line the head of an entry in Debian's lists ("[31 Jul 2025] DSA-5970-1 …")? */
bool pl_adv_is_dsa(struct pl_str line);
/* The first number with dots in the last part of a path: "3.0" of "a/azurelinux-3.0-oval.xml". */
struct pl_str pl_adv_number_in(struct pl_str name);
/* Cuts "name-0:1.2-3.el8.x86_64" (architecture optional) into name and epoch:version-release; epoch
 * 0 is left out. False when it is none. In `a`. */
bool pl_adv_cut_nevra(struct pl_arena *a, struct pl_str s, struct pl_str *ret_name,
                      struct pl_str *ret_evr);
/* The ecosystem of "Red Hat Enterprise Linux 8", "Oracle Linux 9", "SUSE Linux Enterprise Server 15
 * SP4" and the like, or of a CPE of Red Hat's; empty when it is another. In `a`. */
struct pl_str pl_adv_platform(struct pl_arena *a, struct pl_str text);

#endif
