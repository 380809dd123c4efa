/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BTF, the kernel's type information (Linux, Documentation/bpf/btf). Builds emit the same types in
 * another order each time, so the new section is made from the old one by a permutation: each new
 * type is an old one, with its references renumbered and its names moved, or is sent whole. The new
 * string table is in the order in which the new types first use the strings, but for some that come
 * early.
 */
#ifndef SEGUE_DELTA_BTF_H
#define SEGUE_DELTA_BTF_H

#include "delta/wire.h"

struct dl;
struct dl_arena;

#define BTF_HEADER 24u
#define BTF_SENT   0x80000000u /* in `source`: the rest is an index into `sent`, not an old type */

enum btf_role {
        BTF_PLAIN,
        BTF_NAME, /* an offset into the strings */
        BTF_TYPE, /* a type's number */
};

/* Words of a record, and what word `i` of it is; `info` is its second word. 0: unknown kind. */
uint32_t btf_words(uint32_t info);
enum btf_role btf_role(uint32_t info, uint32_t i);

/*
 * Strings are known by a number: old ones by their place in the old table, those sent by the count
 * of old ones plus their place among the sent.
 */
struct dl_btf {
        uint32_t from, to;                 /* file positions of the sections */
        uint32_t old_types, new_types;     /* counts, with type 0 */
        uint32_t old_strings, new_strings; /* counts */
        uint32_t type_size, string_size;   /* bytes of the new section's parts */
        uint32_t old_type_size, old_string_size;
        uint32_t sent_bytes, sent_words, sent_strings, early;
        uint32_t *old_type;     /* [old_types + 1] where each old type starts */
        uint32_t *old_string;   /* [old_strings + 1] where each old string starts */
        uint32_t *source;       /* [new_types] old type, or BTF_SENT with an index into `sent` */
        uint32_t *renumbered;   /* [old_types] new number of an old type */
        uint32_t *first_use;    /* [new_strings] scratch: string numbers in the order of use */
        uint32_t *order;        /* [new_strings] string numbers in the new table's order */
        uint32_t *moved;        /* [old_strings + sent_strings] where each string went */
        uint32_t *sent;         /* [sent_words] whole records, names as string numbers */
        uint32_t *sent_at;      /* [sent_strings + 1] where each sent string starts */
        uint8_t *sent_text;     /* [sent_bytes] */
        uint32_t type, type_at; /* the making stands in this type, which starts there */
        uint32_t string, string_at; /* and in this string */
};

void dl_btf_plan(struct dl *dl, struct dl_arena *arena);
sg_err dl_btf_open(struct dl *dl);

#endif
