/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/ranks.h"

#include "delta/wire.h"

void rank_order_start(struct rank_order *o)
{
        for (uint32_t i = 0; i < sizeof(o->bytes); i++)
                o->bytes[i] = (uint8_t)i;
}

uint8_t rank_order_take(struct rank_order *o, uint8_t rank)
{
        uint8_t byte = o->bytes[rank];

        memmove(o->bytes + 1, o->bytes, rank);
        o->bytes[0] = byte;
        return byte;
}

static uint32_t bits_of(uint32_t v)
{
        uint32_t n = 0;

        for (; v > 0; v >>= 1)
                n++;
        return n;
}

#define CLEAR(contexts) odds_clear((contexts), sizeof(contexts) / sizeof(struct odds))

void ranks_start(struct ranks *r)
{
        odds_tables(&r->tables);
        for (uint32_t i = 0; i < RANK_BITS; i++)
                odds_mixer_clear(&r->mixers[i]);
        CLEAR(r->mean);
        CLEAR(r->three);
        CLEAR(r->run);
        CLEAR(r->front);
        CLEAR(r->low);
        CLEAR(r->number);
}

void ranks_column(struct ranks *r)
{
        r->late = r->zeros = 0;
        memset(r->last, 0, sizeof(r->last));
}

/* How many bits the rank has, one by one. */
static uint32_t code_size(struct ranks *r, struct coder *c, uint8_t front, uint32_t size)
{
        uint32_t a = dl_least(r->last[0], 4), b = dl_least(r->last[1], 4);
        struct odds *contexts[ODDS_CONTEXTS] = {
                &r->mean[dl_least(r->late / 64, 31) * RANK_BITS],
                &r->three[(a * 25 + b * 5 + dl_least(r->last[2], 4)) * RANK_BITS],
                &r->run[(dl_least(r->zeros, 15) * 5 + a) * RANK_BITS],
                &r->front[front * RANK_BITS],
        };
        struct odds_bit bit = {.tables = &r->tables};

        for (uint32_t n = 0; n < RANK_BITS; n++) {
                bit.mixer = &r->mixers[n];
                for (uint32_t i = 0; i < ODDS_CONTEXTS; i++)
                        bit.contexts[i] = contexts[i] + n;
                odds_mix(&bit);
                bool more = c->bit(c, bit.one, n < size);
                odds_learn(&bit, more);
                if (!more)
                        return n;
        }
        return RANK_BITS;
}

static bool code_alone(struct ranks *r, struct coder *c, struct odds *context, bool bit)
{
        bit = c->bit(c, context->one, bit);
        odds_learn_alone(&r->tables, context, bit);
        return bit;
}

static uint32_t code_low(struct ranks *r, struct coder *c, uint32_t size, uint32_t rank)
{
        struct odds *contexts = &r->low[(1u << size) / 2];
        uint32_t value = 1;

        for (uint32_t i = size - 1; i-- > 0;)
                value = value * 2 + code_alone(r, c, &contexts[value], rank >> i & 1u);
        return value;
}

uint8_t ranks_code(struct ranks *r, struct coder *c, uint8_t front, uint8_t rank)
{
        uint32_t size = code_size(r, c, front, bits_of(rank));

        r->late += size * 16 - r->late / 16;
        r->last[2] = r->last[1];
        r->last[1] = r->last[0];
        r->last[0] = size;
        r->zeros = size == 0 ? r->zeros + 1 : 0;
        return size == 0 ? 0 : (uint8_t)code_low(r, c, size, rank);
}

uint32_t ranks_number(struct ranks *r, struct coder *c, uint32_t number)
{
        uint32_t bits = bits_of(number), size = 0, value = 1;
        bool more = true;

        while (more && size < NUMBER_BITS) {
                more = code_alone(r, c, &r->number[size], size < bits);
                size += more;
        }
        if (size == 0)
                return 0;
        for (uint32_t i = size - 1; i-- > 0;)
                value = value * 2 + c->bit(c, ODDS_EVEN, number >> i & 1u);
        return value;
}
