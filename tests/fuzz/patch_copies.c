// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/patch_copies.h"

#include "delta/create/bits.h"
#include "delta/map.h"
#include "tests/fuzz/patch_reader.h"

/* Eight bits are a byte of a varint, the highest one first: passed on, they are what is told. */
struct recording {
        struct coder coder;
        struct dl_bits bits;
        struct bytes *told;
        uint32_t byte; /* below a 1 */
};

static bool record(struct coder *c, uint32_t one, bool unused)
{
        struct recording *r = (struct recording *)c;
        bool bit = r->bits.coder.bit(&r->bits.coder, one, unused);

        r->byte = r->byte * 2 + bit;
        if (r->byte > 255) {
                bytes_byte(r->told, (uint8_t)r->byte);
                r->byte = 1;
        }
        return bit;
}

bool patch_copies_read(struct bytes *told, const uint8_t *packed, size_t size, uint32_t from_size,
                       uint32_t to)
{
        struct patch_reader reader = {packed, size};
        const struct dl_ops ops = {.ctx = &reader, .patch_read = patch_reader_read};
        struct recording r = {.coder = {record}, .told = told, .byte = 1};
        static struct copy_code code;
        struct dl_copy copy = {0, 0, 0};
        uint32_t left = 0;

        copy_code_start(&code, from_size, to);
        dl_bits_start(&r.bits, &ops, 0, (uint32_t)size);
        if (copy_code_count(&code, &r.coder, &left) != SG_OK)
                return false;
        for (; left > 0; left--) {
                if (r.bits.err || copy_code_next(&code, &r.coder, &copy, UINT32_MAX) != SG_OK)
                        return false;
        }
        return !told->failed && dl_bits_finish(&r.bits) == SG_OK;
}

struct telling {
        struct coder coder;
        struct bits bits;
        const uint8_t *told;
        size_t left;  /* bytes */
        unsigned bit; /* of the first of them, the next one to be told */
};

static bool tell_on(struct coder *c, uint32_t one, bool unused)
{
        struct telling *t = (struct telling *)c;

        (void)unused;
        if (t->left == 0)
                return false;
        bool bit = (*t->told >> t->bit & 1) != 0;
        t->told += t->bit == 0;
        t->left -= t->bit == 0;
        t->bit = (t->bit + 7) % 8;
        return t->bits.coder.bit(&t->bits.coder, one, bit);
}

void patch_copies_write(struct bytes *packed, const uint8_t *told, size_t size, uint32_t from_size,
                        uint32_t to)
{
        struct telling t = {.coder = {tell_on}, .told = told, .left = size, .bit = 7};
        static struct copy_code code;
        struct dl_copy copy = {0, 0, 0};
        uint32_t count = 0;
        sg_err e;

        copy_code_start(&code, from_size, to);
        bits_start(&t.bits, packed);
        e = copy_code_count(&code, &t.coder, &count);
        while (t.left > 0 && !e)
                e = copy_code_next(&code, &t.coder, &copy, UINT32_MAX);
        bits_finish(&t.bits);
}
