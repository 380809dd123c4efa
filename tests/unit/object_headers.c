/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/object_headers.h"

#include <string.h>

#include <segue/bytes.h>

void put_object_head(uint8_t head[OBJECT_HEADER], uint64_t table, uint32_t count, uint32_t names)
{
        memset(head, 0, OBJECT_HEADER);
        memcpy(head, "\177ELF\2\1\1", 7);
        put_le16(head + OBJECT_TYPE, 1);
        put_le16(head + OBJECT_TYPE + 2, 183);
        put_le64(head + OBJECT_TABLE, table);
        put_le16(head + OBJECT_ENTRY, OBJECT_HEADER);
        put_le16(head + OBJECT_COUNT, (uint16_t)count);
        put_le16(head + OBJECT_NAMES, (uint16_t)names);
}

void put_object_header(uint8_t b[OBJECT_HEADER], const struct object_header *h)
{
        memset(b, 0, OBJECT_HEADER);
        put_le32(b + HEADER_NAME, h->name);
        put_le32(b + HEADER_TYPE, h->type);
        put_le32(b + HEADER_FLAGS, h->flags);
        put_le64(b + HEADER_OFFSET, h->offset);
        put_le64(b + HEADER_LENGTH, h->length);
        put_le32(b + HEADER_LINK, h->link);
        put_le32(b + HEADER_INFO, h->info);
        put_le64(b + HEADER_ALIGN, h->align);
}
