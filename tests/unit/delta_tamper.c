/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_tamper.h"

uint8_t *entry_of(struct patch_parts *p, enum dl_section_id id)
{
        for (uint32_t i = 0; i < p->sections; i++) {
                uint8_t *entry = p->directory + (size_t)i * DL_D_SIZE;
                if (dl_get32(entry + DL_D_ID) == (uint32_t)id)
                        return entry;
        }
        fail_msg("there is no section %u", (unsigned)id);
        return NULL;
}

struct patch_part *part_of(struct patch_parts *p, enum dl_section_id id)
{
        return &p->section[(size_t)(entry_of(p, id) - p->directory) / DL_D_SIZE];
}

uint32_t count_of(struct patch_parts *p, enum dl_section_id id, unsigned which)
{
        return dl_get32(entry_of(p, id) + DL_D_COUNTS + (size_t)which * 4);
}

void add_to_count(struct patch_parts *p, enum dl_section_id id, unsigned which, uint32_t n)
{
        uint8_t *count = entry_of(p, id) + DL_D_COUNTS + (size_t)which * 4;

        dl_put32(count, dl_get32(count) + n);
}

void set_count(struct patch_parts *p, enum dl_section_id id, unsigned which, uint32_t value)
{
        add_to_count(p, id, which, value - count_of(p, id, which));
}

static size_t place_of(const struct patch_part *part, size_t start, uint32_t i)
{
        for (; i > 0; i--) {
                while (part->bytes[start++] >= 128)
                        assert_true(start < part->size);
        }
        assert_true(start < part->size);
        return start;
}

uint32_t varint_at(const struct patch_part *part, size_t start, uint32_t i)
{
        size_t at = place_of(part, start, i);
        uint32_t v = 0;

        for (unsigned shift = 0;; shift += 7) {
                uint8_t byte = part->bytes[at++];
                v |= (uint32_t)(byte & 127u) << shift;
                if (byte < 128)
                        return v;
        }
}

void put_varint_at(struct patch_part *part, size_t start, uint32_t i, uint32_t value)
{
        size_t at = place_of(part, start, i), end = at, n = 0;
        uint8_t bytes[5];

        while (part->bytes[end++] >= 128)
                assert_true(end < part->size);
        for (; value >= 128; value >>= 7)
                bytes[n++] = (uint8_t)(value | 128u);
        bytes[n++] = (uint8_t)value;
        memmove(part->bytes + at + n, part->bytes + end, part->size - end);
        memcpy(part->bytes + at, bytes, n);
        part->size += n - (end - at);
}

/* The sizes are right again unless they are what was edited. */
static void mend_sizes(struct patch_parts *p, const struct patch_parts *before)
{
        for (uint32_t i = 0; i < p->sections; i++) {
                const uint8_t *raw = p->directory + (size_t)i * DL_D_SIZE + DL_D_RAW;
                const uint8_t *was = before->directory + (size_t)i * DL_D_SIZE + DL_D_RAW;
                if (dl_get32(raw) == dl_get32(was))
                        patch_parts_put_size(p, i);
        }
}

void expect_refused(const struct buffer *patch, const struct buffer *from, size_t to_size,
                    const struct tampering *rows, size_t count)
{
        static struct patch_parts parts, before;
        size_t room = 2 * patch->size + 4096, wrong = 0;
        struct rig r = {.from = *from, .ram_max = 512u << 20};

        r.to = (struct buffer){.data = calloc(1, to_size + 1), .size = to_size};
        for (size_t i = 0; i < count; i++) {
                assert_true(patch_parts_read(&parts, patch->data, patch->size));
                before = parts;
                rows[i].edit(&parts);
                mend_sizes(&parts, &before);
                r.patch.data = malloc(room);
                r.patch.size = patch_parts_write(&parts, r.patch.data, room);
                assert_true(r.patch.size > 0);
                r.to.size = (size_t)dl_get64(parts.header + DL_H_TO_SIZE);
                assert_true(r.to.size <= to_size);
                sg_err e = rig_apply(&r);
                if (e != rows[i].expected) {
                        print_error("%s: %d, not %d\n", rows[i].what, (int)e,
                                    (int)rows[i].expected);
                        wrong++;
                }
                free(r.patch.data);
        }
        free(r.to.data);
        assert_int_equal(wrong, 0);
}

void expect_rot_refused(const struct buffer *patch, const struct buffer *from, size_t to_size,
                        const struct rotten *rows, size_t count)
{
        struct rig r = {.patch = *patch, .from = *from};
        size_t wrong = 0;

        r.to = (struct buffer){.data = calloc(1, to_size), .size = to_size};
        r.from.data = malloc(from->size);
        for (size_t i = 0; i < count; i++) {
                memcpy(r.from.data, from->data, from->size);
                assert_true(rows[i].at <= from->size - 4);
                dl_put32(r.from.data + rows[i].at, rows[i].value);
                sg_err e = rig_apply(&r);
                if (e != SG_E_DELTA_MODEL) {
                        print_error("%s: %d\n", rows[i].what, (int)e);
                        wrong++;
                }
        }
        free(r.from.data);
        free(r.to.data);
        assert_int_equal(wrong, 0);
}

uint32_t told_at(const struct patch_part *part, uint32_t i, enum copy_field field)
{
        return varint_at(part, 0, 1 + 3 * i + field);
}

void put_told_at(struct patch_part *part, uint32_t i, enum copy_field field, uint32_t value)
{
        put_varint_at(part, 0, 1 + 3 * i + field, value);
}
