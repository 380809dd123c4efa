// SPDX-License-Identifier: Apache-2.0
/*
 * Classic patches, as `segue delta apply` takes them from Debian's bsdiff. The input is a header
 * (new size, control and difference lengths, 16 bits each) and the three streams in the clear,
 * which no mutation would find behind bzip2; or, after FUZZ_RAW, a patch as it stands.
 */
#include <bzlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <segue/bytes.h>

#include "delta/create/create.h"
#include "tests/fuzz/fuzz.h"

#define FUZZ_RAW    0xff
#define CLEAR       7u /* of the input: its kind, then the three numbers */
#define HEADER      32u
#define NEW_SIZE_AT 24u
#define NEW_MAX     (1u << 20)
#define INPUT_MAX   4096u
#define PACKED_MAX  (INPUT_MAX + INPUT_MAX / 100 + 600)

static const uint8_t old[] = "An old file of a few dozen bytes, which the patches add to.";

static void add_stream(uint8_t *patch, size_t *size, const uint8_t *data, unsigned int n)
{
        unsigned int room = PACKED_MAX;

        FUZZ_REQUIRE(BZ2_bzBuffToBuffCompress((char *)patch + *size, &room, (char *)(uintptr_t)data,
                                              n, 1, 0, 0) == BZ_OK);
        *size += room;
}

static size_t pack(const uint8_t *data, size_t size, uint8_t patch[HEADER + 3 * PACKED_MAX])
{
        unsigned int control = get_le16(data + 3), difference = get_le16(data + 5);
        unsigned int left = (unsigned int)(size - CLEAR);
        size_t at = HEADER, begin;

        control = control < left ? control : left;
        left -= control;
        difference = difference < left ? difference : left;
        left -= difference;
        memset(patch, 0, HEADER);
        memcpy(patch, "BSDIFF40", 8);
        data += CLEAR;
        begin = at;
        add_stream(patch, &at, data, control);
        put_le32(patch + 8, (uint32_t)(at - begin));
        begin = at;
        add_stream(patch, &at, data + control, difference);
        put_le32(patch + 16, (uint32_t)(at - begin));
        add_stream(patch, &at, data + control + difference, left);
        return at;
}

static void apply(const uint8_t *patch, size_t size)
{
        uint8_t *new = NULL;
        size_t new_size = 0;

        if (size >= HEADER && get_le64(patch + NEW_SIZE_AT) > NEW_MAX)
                return;
        if (bsdiff40_apply(old, sizeof(old), patch, size, &new, &new_size) != SG_OK) {
                FUZZ_REQUIRE(new == NULL);
                return;
        }
        FUZZ_REQUIRE(new_size == get_le64(patch + NEW_SIZE_AT));
        free(new);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t patch[HEADER + 3 * PACKED_MAX];

        if (size > INPUT_MAX)
                return 0;
        if (size > 0 && data[0] == FUZZ_RAW) {
                apply(data + 1, size - 1);
        } else if (size >= CLEAR) {
                size = pack(data, size, patch);
                put_le16(patch + NEW_SIZE_AT, get_le16(data + 1));
                apply(patch, size);
        }
        return 0;
}
