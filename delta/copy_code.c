/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/copy_code.h"

#include "delta/wire.h"

void copy_code_start(struct copy_code *c, uint32_t from_size, uint32_t to)
{
        struct odds_mixer *mixers = &c->mixers[0][0][0][0][0];

        odds_tables(&c->tables);
        odds_clear(c->hashed, sizeof(c->hashed) / sizeof(c->hashed[0]));
        odds_clear(c->verdicts[0], sizeof(c->verdicts) / sizeof(c->verdicts[0][0]));
        for (size_t i = 0; i < sizeof(c->mixers) / sizeof(*mixers); i++)
                odds_mixer_clear(&mixers[i]);
        memset(c->recent, 0, sizeof(c->recent));
        c->from_size = from_size;
        c->to = to;
        c->length = 0;
        c->length_foreseen = c->place_foreseen = false;
}

/* What is known of a number before it is told. */
struct prospect {
        enum copy_field field;
        uint32_t clues[2]; /* lengths that it may follow from */
        uint32_t candidates[COPY_CANDIDATES];
        uint32_t count; /* of candidates */
};

static uint32_t stir(uint32_t hash, uint32_t word)
{
        hash = (hash ^ word) * 0x9e3779b1u;
        return hash ^ hash >> 15;
}

static struct odds *context(struct copy_code *c, uint32_t hash, uint32_t word)
{
        return &c->hashed[stir(hash, word) >> (32 - COPY_HASH_BITS)];
}

/* A candidate's k-th byte below a 1; 0: the bytes before, which make `sofar`, are not its own. */
static uint16_t byte_of(uint32_t candidate, unsigned k, uint32_t sofar)
{
        uint32_t rest = candidate >> 7 * k;
        bool agrees = rest << 7 * k == candidate - sofar && (k == 0 || rest > 0);

        return agrees ? 256u | dl_varint_byte(rest) : 0;
}

/* For which bit the candidates are; `node` is the bits of the byte before it, below a 1. */
static uint32_t verdict(const uint16_t bytes[COPY_CANDIDATES], uint32_t count, uint32_t node,
                        unsigned bit)
{
        uint32_t sum = 0;

        for (uint32_t i = 0; i < count; i++) {
                bool agrees = (uint32_t)bytes[i] >> (bit + 1) == node;
                sum = sum * 3 + (agrees ? 1u + (bytes[i] >> bit & 1u) : 0);
        }
        return sum;
}

/* The k-th byte of a number, of which the bytes before make `sofar`. */
static uint8_t code_byte(struct copy_code *c, struct coder *coder, const struct prospect *p,
                         unsigned k, uint32_t sofar, uint8_t byte)
{
        uint32_t start = p->field * 8 + k, node = 1;
        uint32_t plain = stir(1, start), after = stir(stir(2, start), sofar);
        uint32_t following = stir(stir(stir(stir(3, start), sofar), p->clues[0]), p->clues[1]);
        uint16_t bytes[COPY_CANDIDATES];

        for (uint32_t i = 0; i < p->count; i++)
                bytes[i] = byte_of(p->candidates[i], k, sofar);
        for (unsigned i = 8; i-- > 0;) {
                uint32_t v = verdict(bytes, p->count, node, i);
                struct odds_bit bit = {
                        .tables = &c->tables,
                        .mixer = &c->mixers[p->field][k > 0][v > 0][c->length_foreseen]
                                           [c->place_foreseen],
                        .contexts = {context(c, plain, node), context(c, after, node),
                                     context(c, following, node), &c->verdicts[p->field][v]}};
                odds_mix(&bit);
                bool one = coder->bit(coder, bit.one, (byte >> i & 1) != 0);
                odds_learn(&bit, one);
                node = node * 2 + one;
        }
        return (uint8_t)node;
}

/* A number as a varint. false: it is too long. */
static bool code(struct copy_code *c, struct coder *coder, const struct prospect *p,
                 uint32_t *number)
{
        uint32_t left = *number, sofar = 0;
        uint8_t byte = 128;

        for (unsigned k = 0; byte > 127; k++) {
                byte = code_byte(c, coder, p, k, sofar, dl_varint_byte(left));
                left >>= 7;
                if (!dl_varint_add(&sofar, k, byte))
                        return false;
        }
        *number = sofar;
        return true;
}

static uint32_t end_of(const struct dl_copy *c)
{
        return c->from + c->length;
}

/*
 * A place as it is told: by the shortest way round the old image from the last copy's end, or how
 * far back in the output, behind all of those.
 */
static uint32_t told(const struct copy_code *c, uint32_t to, uint32_t from)
{
        uint32_t size = c->from_size;
        int64_t way = (int64_t)from - end_of(&c->recent[0]);

        if (from >= size)
                return size + (to - (from - size));
        if (way > size / 2)
                way -= size;
        else if (way < -(int64_t)(size / 2))
                way += size;
        return dl_zigzag((int32_t)way);
}

/* And back. false: it begins before the output. */
static bool place(const struct copy_code *c, uint32_t to, uint32_t number, uint32_t *from)
{
        uint32_t size = c->from_size;
        int64_t at = (int64_t)end_of(&c->recent[0]) + dl_unzigzag(number);

        if (number > size || size == 0) {
                *from = size + to - (number - size);
                return number > size && number - size <= to;
        }
        *from = (uint32_t)(at < 0 ? at + size : at >= size ? at - size : at);
        return true;
}

/* Of the recent copies the nearest end at or before the last one's begin: a hole begins there. */
static uint32_t hole(const struct copy_code *c)
{
        uint32_t begin = c->recent[0].from, nearest = 0;

        for (uint32_t i = 1; i < COPY_RECENT; i++) {
                uint32_t end = end_of(&c->recent[i]);
                if (end <= begin && end > nearest)
                        nearest = end;
        }
        return nearest;
}

static struct prospect of_length(const struct copy_code *c)
{
        uint32_t room = c->recent[0].from - hole(c);

        return (struct prospect){.field = COPY_LENGTH,
                                 .clues = {c->length},
                                 .candidates = {room > 0 ? room : c->length},
                                 .count = 1};
}

/* A copy that ends where the last one began, one at the hole's begin, and two that lie to the
 * output as a recent one did. */
static struct prospect of_place(const struct copy_code *c, uint32_t to, uint32_t length)
{
        struct prospect p = {.field = COPY_PLACE, .clues = {length, c->length}};
        const struct dl_copy *last = c->recent;
        const int64_t places[COPY_CANDIDATES] = {
                (int64_t)last[0].from - length,
                hole(c),
                (int64_t)to - last[0].to + last[0].from,
                (int64_t)to - last[1].to + last[1].from,
        };

        p.count = COPY_CANDIDATES;
        for (uint32_t i = 0; i < p.count; i++) {
                if (places[i] >= 0 && places[i] < c->from_size)
                        p.candidates[i] = told(c, to, (uint32_t)places[i]);
        }
        return p;
}

static void remember(struct copy_code *c, const struct dl_copy *copy)
{
        c->to = copy->to + copy->length;
        c->length = copy->length;
        if (copy->from >= c->from_size)
                return;
        memmove(c->recent + 1, c->recent, (COPY_RECENT - 1) * sizeof(c->recent[0]));
        c->recent[0] = *copy;
}

sg_err copy_code_count(struct copy_code *c, struct coder *coder, uint32_t *count)
{
        const struct prospect p = {.field = COPY_COUNT};

        return code(c, coder, &p, count) ? SG_OK : SG_E_DELTA_MAP;
}

sg_err copy_code_next(struct copy_code *c, struct coder *coder, struct dl_copy *copy,
                      uint64_t limit)
{
        struct prospect p = {.field = COPY_SKIP, .clues = {c->length}};
        uint32_t skip = copy->to - c->to, length = copy->length, number;

        if (!code(c, coder, &p, &skip))
                return SG_E_DELTA_MAP;
        p = of_length(c);
        if (!code(c, coder, &p, &length))
                return SG_E_DELTA_MAP;
        if (length == 0 || (uint64_t)c->to + skip + length > limit)
                return SG_E_DELTA_MAP;
        c->length_foreseen = length == p.candidates[0];
        copy->to = c->to + skip;
        copy->length = length;
        p = of_place(c, copy->to, length);
        number = told(c, copy->to, copy->from);
        if (!code(c, coder, &p, &number) || !place(c, copy->to, number, &copy->from))
                return SG_E_DELTA_MAP;
        if (copy->from < c->from_size && copy->from + (uint64_t)length > c->from_size)
                return SG_E_DELTA_MAP;
        c->place_foreseen = number == p.candidates[0] || number == p.candidates[1];
        remember(c, copy);
        return SG_OK;
}
