/* SPDX-License-Identifier: Apache-2.0 */
/* The sections that the copies and the program's references fill. */
#include "delta/create/encoder.h"
#include "delta/create/objects.h"

void encode_map(struct encoder *e)
{
        struct section *s = encoder_section(e, DL_S_MAP, e->copies.count);

        pack_copies(&s->packed, &e->copies, (uint32_t)e->from->size, 0);
}

static void put_span(struct bytes *b, const struct dl_span *s, uint32_t *at)
{
        bytes_varint(b, s->at - *at);
        bytes_varint(b, s->size);
        bytes_varint(b, s->memory - s->size);
        bytes_varint(b, s->offset);
        *at = s->at + s->size;
}

static uint32_t row_code(const struct dl_program *p, uint32_t row)
{
        return row == DL_NO_ROW ? 0 : row - p->row + 1;
}

static void encode_rows(struct encoder *e)
{
        const struct dl_refs *r = &e->program.refs;
        struct section *s = encoder_section(e, DL_S_PROGRAM, r->row_count);
        uint32_t from = 0, to = 0;

        s->counts[1] = r->program_count;
        for (uint32_t i = 0; i < r->program_count; i++) {
                uint8_t va[16];
                dl_put64(va, r->programs[i].from_va);
                dl_put64(va + 8, r->programs[i].to_va);
                bytes_varint(&s->raw, r->programs[i].rows);
                bytes_add(&s->raw, va, sizeof(va));
                bytes_varint(&s->raw, row_code(&r->programs[i], r->programs[i].symbols));
                bytes_varint(&s->raw, row_code(&r->programs[i], r->programs[i].strings));
        }
        for (uint32_t i = 0; i < r->row_count; i++) {
                put_span(&s->raw, &r->rows[i].from, &from);
                put_span(&s->raw, &r->rows[i].to, &to);
        }
}

static void encode_objects(struct encoder *e)
{
        const struct dl_objects *all = &e->program.refs.objects;

        if (all->count == 0)
                return;
        struct section *s = encoder_section(e, DL_S_OBJECTS, all->count);
        s->counts[1] = all->section_count;
        objects_encode(all, &s->raw);
}

void forget_copies(struct encoder *e)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < e->section_count; i++) {
                struct section *s = &e->sections[i];
                bool forgotten = s->id == DL_S_MAP || s->id == DL_S_PROGRAM ||
                                 s->id == DL_S_REGIONS || s->id == DL_S_OBJECTS;
                if (forgotten) {
                        bytes_free(&s->raw);
                        bytes_free(&s->packed);
                } else {
                        e->sections[kept++] = *s;
                }
        }
        memset(&e->sections[kept], 0, (e->section_count - kept) * sizeof(e->sections[0]));
        e->section_count = kept;
}

void encode_program(struct encoder *e)
{
        const struct dl_refs *r = &e->program.refs;
        uint32_t last = 0;

        encode_rows(e);
        encode_objects(e);
        struct bytes *b = &encoder_section(e, DL_S_REGIONS, r->region_count)->raw;
        for (uint32_t i = 0; i < r->region_count; i++) {
                bytes_varint(b, (r->regions[i].from - last) / DL_REGION_UNIT);
                last = r->regions[i].from;
        }
        for (uint32_t i = 0; i < r->region_count; i++)
                bytes_byte(b, (uint8_t)r->regions[i].mode);
}
