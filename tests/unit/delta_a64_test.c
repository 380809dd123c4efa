/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References in AArch64 code: each kind by words that the assembler made, and each kind alone in a
 * program of which a second version has code inserted.
 */
#include "delta/models/a64.h"
#include "delta/wire.h"
#include "tests/unit/delta_rig.h"

/* ---- Words ---- */

/* One word at `pos` that refers to `target`, and how it reads at `to_pos`, `to_target`. */
static const struct vector {
        const char *text;
        uint32_t word, pos, target;
        uint32_t moved, to_pos, to_target;
        enum a64_kind kind;
} vectors[] = {
        {"b .+0x400", 0x14000100, 0x1000, 0x1400, 0x14000140, 0x1000, 0x1500, A64_B26},
        {"bl .-0x800", 0x97fffe00, 0x1000, 0x800, 0x97fffe40, 0x1000, 0x900, A64_B26},
        {"b.ne .+0x40", 0x54000201, 0x1000, 0x1040, 0x54000401, 0x1000, 0x1080, A64_I19},
        {"cbz x3, .-0x20", 0xb4ffff03, 0x1000, 0xfe0, 0xb4fffe03, 0x1020, 0xfe0, A64_I19},
        {"cbnz w9, .+8", 0x35000049, 0x1000, 0x1008, 0x35000089, 0x1000, 0x1010, A64_I19},
        {"ldr x1, .+0x100", 0x58000801, 0x1000, 0x1100, 0x58001001, 0x1000, 0x1200, A64_I19},
        {"tbz x5, #33, .+0x10", 0xb6080085, 0x1000, 0x1010, 0xb6080105, 0x1000, 0x1020, A64_I14},
        {"tbnz w2, #1, .-4", 0x370fffe2, 0x1000, 0xffc, 0x370fffc2, 0x1004, 0xffc, A64_I14},
        {"adr x7, .+0x1233", 0x70009187, 0x1000, 0x2233, 0x10009247, 0x1000, 0x2248, A64_ADR},
        {"adrp x2, .+0x5000", 0xb0000022, 0x1000, 0x6000, 0xf0000022, 0x1000, 0x8000, A64_ADRP},
};

static void words_as_the_assembler_makes_them(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
                const struct vector *v = &vectors[i];
                struct a64_word found;
                uint8_t bytes[4];
                dl_put32(bytes, v->word);
                a64_analyse(bytes, 1, v->pos, 0x100000, &found);
                if (found.kind != v->kind || found.target != v->target)
                        fail_msg("%s: kind %u, target 0x%x", v->text, found.kind, found.target);
                uint32_t moved = a64_retarget(v->word, v->kind, v->to_pos, v->to_target);
                if (moved != v->moved)
                        fail_msg("%s: 0x%08x", v->text, moved);
                assert_int_equal(a64_retarget(v->word, v->kind, v->pos, v->target), v->word);
        }
}

/* ADRP and each kind of user of its page: the low half is counted in the access's size. */
static void low_halves(void **state)
{
        static const struct {
                const char *text;
                uint32_t word, low, moved, to_low;
        } rows[] = {
                {"add x1, x2, #0x123", 0x91048c41, 0x123, 0x91091041, 0x244},
                {"ldrb w1, [x2, #0x123]", 0x39448c41, 0x123, 0x39491041, 0x244},
                {"ldrh w1, [x2, #0x124]", 0x79424841, 0x124, 0x79448841, 0x244},
                {"str w1, [x2, #0x124]", 0xb9012441, 0x124, 0xb9024441, 0x244},
                {"ldr x1, [x2, #0x128]", 0xf9409441, 0x128, 0xf9412441, 0x248},
                {"ldr q1, [x2, #0x120]", 0x3dc04841, 0x120, 0x3dc09041, 0x240},
                {"ldrsb x1, [x2, #0x123]", 0x39848c41, 0x123, 0x39891041, 0x244},
                {"no load, by its form one of halves", 0x7dc24841, 0x124, 0x7dc49041, 0x248},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct a64_word found[2];
                uint8_t bytes[8];
                dl_put32(bytes, 0xb0000022); /* adrp x2, .+0x5000 */
                dl_put32(bytes + 4, rows[i].word);
                a64_analyse(bytes, 2, 0x1000, 0x100000, found);
                if (found[1].kind != A64_LO12 || found[1].target != 0x6000 + rows[i].low)
                        fail_msg("%s: kind %u, target 0x%x", rows[i].text, found[1].kind,
                                 found[1].target);
                assert_int_equal(found[0].target, found[1].target);
                uint32_t moved = a64_retarget(rows[i].word, A64_LO12, 0, 0x7000 + rows[i].to_low);
                if (moved != rows[i].moved)
                        fail_msg("%s: 0x%08x", rows[i].text, moved);
        }
}

/* Between an ADRP of x2 and a user of its page. */
static void what_forgets_a_page(void **state)
{
        static const struct {
                const char *text;
                uint32_t word;
                bool forgets;
        } rows[] = {
                {"b .+8, whose low bits are 2", 0x14000002, false},
                {"bl .+8", 0x94000002, true},
                {"b.cs .+8", 0x54000042, false},
                {"cbz x2, .+8", 0xb4000042, false},
                {"tbz x2, #0, .+8", 0x36000042, false},
                {"ldr x2, .+8", 0x58000042, true},
                {"mov x2, x3", 0xaa0303e2, true},
                {"mov x3, x2", 0xaa0203e3, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct a64_word found[3];
                uint8_t bytes[12];
                dl_put32(bytes, 0xb0000022); /* adrp x2, .+0x5000 */
                dl_put32(bytes + 4, rows[i].word);
                dl_put32(bytes + 8, 0x91048c41); /* add x1, x2, #0x123 */
                a64_analyse(bytes, 3, 0x1000, 0x100000, found);
                if ((found[2].kind == A64_NONE) != rows[i].forgets)
                        fail_msg("%s", rows[i].text);
        }
}

/* Of a page that the program ends in, or has nothing of. */
static void pages_at_the_end(void **state)
{
        static const uint32_t limits[] = {0x7000, 0x6124, 0x6123, 0x6001, 0x6000, 0x5fff};
        struct a64_word found[2];
        uint8_t bytes[8];

        (void)state;
        dl_put32(bytes, 0xb0000022);     /* adrp x2, .+0x5000 */
        dl_put32(bytes + 4, 0x91048c41); /* add x1, x2, #0x123 */
        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
                bool page = limits[i] > 0x6000, user = limits[i] > 0x6123;
                a64_analyse(bytes, 2, 0x1000, limits[i], found);
                assert_int_equal(found[0].kind, page ? A64_ADRP : A64_NONE);
                assert_int_equal(found[0].target, user ? 0x6123 : page ? 0x6000 : 0);
                assert_int_equal(found[1].kind, user ? A64_LO12 : A64_NONE);
        }
        dl_put32(bytes, 0x90ffffe2); /* adrp x2, .-0x4000 */
        a64_analyse(bytes, 2, 0x1000, UINT32_MAX, found);
        assert_int_equal(found[0].kind, A64_NONE);
        assert_int_equal(found[1].kind, A64_NONE);
}

/* What cannot be reached or is not aligned leaves the word as it was. */
static void out_of_reach(void **state)
{
        (void)state;
        assert_int_equal(a64_retarget(0x14000100, A64_B26, 0, 1u << 27), 0x14000100);
        assert_int_equal(a64_retarget(0x14000100, A64_B26, 0, 0x402), 0x14000100);
        assert_int_equal(a64_retarget(0x14000100, A64_B26, 1u << 28, 0), 0x14000100);
        assert_int_equal(a64_retarget(0x54000201, A64_I19, 0, 1u << 20), 0x54000201);
        assert_int_equal(a64_retarget(0x370fffe2, A64_I14, 0, 1u << 15), 0x370fffe2);
        assert_int_equal(a64_retarget(0x70009187, A64_ADR, 0, 1u << 20), 0x70009187);
        assert_int_equal(a64_retarget(0xf9409441, A64_LO12, 0, 0x6004), 0xf9409441);
}

static void a_target_outside_is_none(void **state)
{
        struct a64_word found;
        uint8_t bytes[4];

        (void)state;
        dl_put32(bytes, 0x97fffe00); /* bl .-0x800 */
        a64_analyse(bytes, 1, 0x400, 0x100000, &found);
        assert_int_equal(found.kind, A64_NONE);
        dl_put32(bytes, 0x14000100); /* b .+0x400 */
        a64_analyse(bytes, 1, 0x400, 0x800, &found);
        assert_int_equal(found.kind, A64_NONE);
}

/* ---- Programs ---- */

enum kind { CALL, NEAR, NEARER, ADDRESS, PAGE, LITERAL, PREL32, ABS64, OFF32, KINDS };

#define FUNCTIONS  1500u
#define BODY_WORDS 20u
#define EVERY      10u /* functions before which version 1 has a word or more inserted */

struct program {
        uint32_t place[FUNCTIONS];
        uint32_t words;
};

static uint32_t inserted(unsigned version, uint32_t id)
{
        return version == 1 && id % EVERY == EVERY / 2 ? 1 + id % 3 : 0;
}

static void lay_out(struct program *p, unsigned version)
{
        p->words = 0;
        for (uint32_t id = 0; id < FUNCTIONS; id++) {
                p->words += inserted(version, id);
                p->place[id] = 4 * p->words;
                p->words += BODY_WORDS;
        }
}

static uint32_t field(uint32_t from, uint32_t to, unsigned shift, unsigned bits, unsigned at)
{
        return ((uint32_t)((int32_t)(to - from) >> shift) & ((1u << bits) - 1)) << at;
}

static uint32_t adr(uint32_t v)
{
        return (v & 3u) << 29 | (v >> 2 & 0x7ffffu) << 5;
}

/* The reference of kind `kind` that stands as word `i` of a function; 0: none. */
static uint32_t reference(const struct program *p, enum kind kind, uint32_t id, uint32_t i,
                          uint32_t at)
{
        uint32_t far = p->place[(id * 7919 + i * 104729) % FUNCTIONS];
        uint32_t near = p->place[(id + i * 3) % FUNCTIONS];
        bool in_reach = id + i * 3 < FUNCTIONS;

        if (i % 5 == 4 && kind == PAGE) /* the user of the ADRP before */
                return 0x91000000u | 2u << 5 | 1u |
                       (p->place[(id * 7919 + (i - 1) * 104729) % FUNCTIONS] & 0xfffu) << 10;
        if (i % 5 != 3 || (!in_reach && (kind == NEAR || kind == NEARER || kind == LITERAL)))
                return 0;
        switch (kind) {
        case CALL:
                return 0x94000000u | field(at, far, 2, 26, 0);
        case NEAR:
                return (i % 2 ? 0x54000001u : 0xb4000003u) | field(at, near, 2, 19, 5);
        case NEARER:
                return 0x36080005u | field(at, near, 2, 14, 5);
        case ADDRESS:
                return 0x10000007u | adr((far - at) & 0x1fffffu);
        case PAGE:
                return 0x90000002u | adr(((far >> 12) - (at >> 12)) & 0x1fffffu);
        case LITERAL:
                return 0x58000001u | field(at, near, 2, 19, 5);
        case PREL32:
        case ABS64:
        case OFF32:
        case KINDS:
                break;
        }
        return 0;
}

static void put(struct buffer *b, uint32_t word)
{
        uint8_t bytes[4];

        dl_put32(bytes, word);
        rig_append(b, bytes, sizeof(bytes));
}

static uint32_t filler(void)
{
        static const uint32_t shapes[] = {0xaa000000u, 0x8b000000u, 0x52000000u, 0xd3000000u};
        uint32_t r = rig_random();

        /* x2 is left to PAGE: what writes it forgets its page. */
        return shapes[r % 4] | (rig_random() & 0x1fffe0u) | 8u | (r >> 8 & 7u);
}

/* A bare table of PREL32; beside the others stands what does not move, as in structures. */
static void table(const struct program *p, enum kind kind, struct buffer *b)
{
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
                uint32_t target = p->place[i * 7919 % FUNCTIONS];
                put(b, kind == PREL32 ? target - (uint32_t)b->size : target);
                if (kind == ABS64)
                        put(b, 0);
                for (uint32_t k = 1; k <= 4 && kind != PREL32; k++)
                        put(b, (i * 4 + k) * 2654435761u);
        }
}

static struct buffer program(enum kind kind, unsigned version)
{
        struct buffer b = {0};
        struct program p;

        lay_out(&p, version);
        for (uint32_t id = 0; id < FUNCTIONS; id++) {
                rig_seed(id + FUNCTIONS);
                for (uint32_t i = 0; i < inserted(version, id); i++)
                        put(&b, filler());
                rig_seed(id + 1);
                for (uint32_t i = 0; i < BODY_WORDS; i++) {
                        uint32_t word = reference(&p, kind, id, i, (uint32_t)b.size);
                        uint32_t plain = filler();
                        put(&b, word ? word : plain);
                }
        }
        while (b.size % 64 != 0)
                put(&b, 0xd503201f);
        if (kind >= PREL32 && kind < KINDS)
                table(&p, kind, &b);
        return b;
}

struct sizes {
        size_t predicted, plain;
};

static struct sizes patch_sizes(enum kind kind)
{
        const struct dl_create_options plain = {.format = DL_FORMAT_BSDIFF40};
        struct buffer from = program(kind, 0), to = program(kind, 1);
        struct buffer patch = rig_plain(&from, &to), other = rig_create(&from, &to, &plain);
        struct sizes sizes = {patch.size, other.size};

        rig_check(&patch, &from, &to);
        assert_int_equal(rig_part(&patch, "program") > 0, kind != KINDS);
        free(from.data);
        free(to.data);
        free(patch.data);
        free(other.data);
        return sizes;
}

/* What the references cost is a fraction of what they cost where nothing predicts them. */
static void each_kind_alone(void **state)
{
        static const char *const names[KINDS] = {"B, BL",  "B.cond, CBZ", "TBZ",
                                                 "ADR",    "ADRP, ADD",   "LDR literal",
                                                 "PREL32", "ABS64",       "OFF32"};
        struct sizes none = patch_sizes(KINDS);

        (void)state;
        for (enum kind kind = 0; kind < KINDS; kind++) {
                struct sizes s = patch_sizes(kind);
                long cost = (long)s.predicted - (long)none.predicted;
                long plain = (long)s.plain - (long)none.plain;
                print_message("%-12s cost %ld bytes, %ld where nothing predicts them\n",
                              names[kind], cost, plain);
                assert_true(cost * 3 < plain);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(words_as_the_assembler_makes_them),
                cmocka_unit_test(low_halves),
                cmocka_unit_test(what_forgets_a_page),
                cmocka_unit_test(pages_at_the_end),
                cmocka_unit_test(out_of_reach),
                cmocka_unit_test(a_target_outside_is_none),
                cmocka_unit_test(each_kind_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
