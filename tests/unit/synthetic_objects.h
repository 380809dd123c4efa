/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of relocatable objects, as a boot loader's modules stand in its image, in two versions: in
 * the second, functions grew, symbols came, one section came and another one went.
 */
#ifndef TESTS_UNIT_SYNTHETIC_OBJECTS_H
#define TESTS_UNIT_SYNTHETIC_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

enum objects_fault {
        OBJECTS_SOUND,
        OBJECTS_FOREIGN,      /* of another machine */
        OBJECTS_NO_SYMBOLS,   /* their table is of another type */
        OBJECTS_NO_NAMES,     /* nothing tells what sections are called */
        OBJECTS_WILD_ENTRIES, /* sections, symbols and strings that do not exist */
        OBJECTS_WILD_LINKS, /* tables that belong to sections that do not exist, or to themselves */
        OBJECTS_OVERLAPPING,   /* all sections at one place */
        OBJECTS_ODD_SIZES,     /* tables that end within a record */
        OBJECTS_OUTSIDE,       /* a section beyond the end */
        OBJECTS_NAMES_NOWHERE, /* what sections are called stands in memory alone */
        OBJECTS_FAULTS
};

#define OBJECTS_SIZE_MAX (256u << 10)
#define OBJECTS_EACH     3u

/* Returns its size. */
size_t synthetic_objects(unsigned version, enum objects_fault fault, uint8_t out[OBJECTS_SIZE_MAX]);

#endif
