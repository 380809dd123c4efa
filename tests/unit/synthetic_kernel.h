/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small arm64 Images with the structures that the delta models know, each in two versions: in the
 * second, functions were inserted, so that nearly everything has moved, and types stand in another
 * order. Nothing in it comes from a real kernel.
 */
#ifndef TESTS_UNIT_SYNTHETIC_KERNEL_H
#define TESTS_UNIT_SYNTHETIC_KERNEL_H

#include "tests/unit/delta_rig.h"

enum synthetic_fault {
        SYNTHETIC_RELA_ASKEW = 1,   /* an entry whose slot no aligned word is */
        SYNTHETIC_BTF_KIND = 2,     /* a type of a kind that does not exist */
        SYNTHETIC_SYMBOL_LOOSE = 4, /* a name that is not compressed as far as it goes */
        SYNTHETIC_NO_IMAGE = 8,     /* the header's magic is another */
};

enum synthetic_part {
        SYNTHETIC_RELA = 1,
        SYNTHETIC_BTF = 2,
        SYNTHETIC_KALLSYMS = 4,
};

struct synthetic {
        unsigned version; /* 0 or 1 */
        unsigned faults;  /* enum synthetic_fault, or'ed */
        unsigned parts;   /* enum synthetic_part, or'ed; 0: all */
        bool odd_slots;   /* not all slots are empty, not all addresses inside */
        bool late_tables; /* kallsyms as since Linux 6.4 */
        bool as_xen;      /* its tables further apart, no offsets, and not all digits in names */
        bool early;       /* some strings of BTF stand before their first use, one name is long */
        unsigned other;   /* another kernel's functions */
        bool nameless;    /* more types than strings, each elsewhere in the other version */
        bool still;       /* nothing moves: the versions differ in their types alone */
        uint32_t lead;    /* bytes of something else before the Image */
};

struct buffer synthetic_kernel(const struct synthetic *s);

/* One pair of versions, otherwise alike. */
struct pair {
        struct buffer from, to;
};
struct pair synthetic_pair(const struct synthetic *s);
void pair_free(struct pair *p);

#endif
