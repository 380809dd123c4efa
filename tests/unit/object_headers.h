/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of relocatable objects, made by hand. */
#ifndef TESTS_UNIT_OBJECT_HEADERS_H
#define TESTS_UNIT_OBJECT_HEADERS_H

#include "delta/models/objects.h"

/* ELF's header: `count` section headers at `table`, and which section has their names. */
void put_object_head(uint8_t head[OBJECT_HEADER], uint64_t table, uint32_t count, uint32_t names);

struct object_header {
        uint32_t name, type, flags;
        uint64_t offset, length, align;
        uint32_t link, info;
};
void put_object_header(uint8_t b[OBJECT_HEADER], const struct object_header *h);

#endif
