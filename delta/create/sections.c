/* SPDX-License-Identifier: Apache-2.0 */
/* The sections that the copies and the program's references fill. */
#include "delta/create/encoder.h"

void encode_map(struct encoder *e)
{
        struct section *s = encoder_section(e, DL_S_MAP, e->copies.count);
        struct dl_copy last = {0, 0, 0};

        for (uint32_t i = 0; i < e->copies.count; i++) {
                const struct dl_copy *c = &e->copies.list[i];
                bytes_varint(&s->raw, c->to - last.to - last.length);
                last = *c;
        }
        for (uint32_t i = 0; i < e->copies.count; i++)
                bytes_varint(&s->raw, e->copies.list[i].length);
        last = (struct dl_copy){0, 0, 0};
        for (uint32_t i = 0; i < e->copies.count; i++) {
                const struct dl_copy *c = &e->copies.list[i];
                bytes_varint(&s->raw, dl_zigzag((int32_t)(c->from - last.from - last.length)));
                last = *c;
        }
}

void encode_program(struct encoder *e)
{
        const struct dl_refs *r = &e->program.refs;
        struct bytes *b = &encoder_section(e, DL_S_PROGRAM, 1)->raw;
        uint8_t program[DL_P_SIZE];
        uint32_t last = 0, move = 0;

        dl_put32(program + DL_P_FROM_BASE, r->from_base);
        dl_put32(program + DL_P_TO_BASE, r->to_base);
        dl_put32(program + DL_P_FROM_LIMIT, r->from_limit);
        dl_put32(program + DL_P_TO_LIMIT, r->to_limit);
        dl_put64(program + DL_P_FROM_VA, r->from_va);
        dl_put64(program + DL_P_TO_VA, r->to_va);
        bytes_add(b, program, sizeof(program));
        b = &encoder_section(e, DL_S_REGIONS, r->region_count)->raw;
        for (uint32_t i = 0; i < r->region_count; i++) {
                bytes_varint(b, (r->regions[i].from - last) / DL_REGION_UNIT);
                last = r->regions[i].from;
        }
        for (uint32_t i = 0; i < r->region_count; i++)
                bytes_byte(b, (uint8_t)r->regions[i].mode);
        if (r->pin_count == 0)
                return;
        b = &encoder_section(e, DL_S_PINS, r->pin_count)->raw;
        last = 0;
        for (uint32_t i = 0; i < r->pin_count; i++) {
                bytes_varint(b, r->pins[i].from - last);
                last = r->pins[i].from + r->pins[i].length;
        }
        for (uint32_t i = 0; i < r->pin_count; i++)
                bytes_varint(b, r->pins[i].length);
        for (uint32_t i = 0; i < r->pin_count; i++) {
                uint32_t m = r->pins[i].to - r->pins[i].from;
                bytes_varint(b, dl_zigzag((int32_t)(m - move)));
                move = m;
        }
}
