/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small AArch64 shared library as a linker makes it, in two versions: in the second, functions
 * grew and symbols came, so that tables, PLT and GOT have moved and symbols have other numbers.
 */
#ifndef TESTS_UNIT_SYNTHETIC_LIBRARY_H
#define TESTS_UNIT_SYNTHETIC_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

enum library_fault {
        LIBRARY_SOUND,
        LIBRARY_NO_TABLES,        /* nothing says where they are */
        LIBRARY_TABLES_OUTSIDE,   /* their addresses are in no segment */
        LIBRARY_TABLES_MISPLACED, /* symbols in the code, relocations among names and without end */
        LIBRARY_WILD_ENTRIES,     /* symbols, strings and slots that do not exist */
        LIBRARY_NO_UNWIND_HEADER, /* the table of unwind entries is of an unknown version */
        LIBRARY_ENDLESS_FRAMES,   /* unwind entries that are longer than their table */
        LIBRARY_FAULTS
};

#define LIBRARY_SIZE_MAX (256u << 10)

/* Returns its size. */
size_t synthetic_library(unsigned version, enum library_fault fault, uint8_t out[LIBRARY_SIZE_MAX]);

#endif
