// SPDX-License-Identifier: Apache-2.0
/* Flat programs that do not say where they run: their pointers tell. */
#include "delta/create/program.h"
#include "tests/unit/delta_rig.h"
#include "tests/unit/delta_tamper.h"

#define FUNCTIONS 300u
#define POINTERS  400u
#define RET       0xd65f03c0u

/* Functions, strings and pointers to them; in the second version functions have grown. */
static struct buffer firmware(uint64_t base, unsigned version)
{
        struct buffer b = {0};
        uint64_t place[FUNCTIONS];
        uint8_t word[8];

        rig_seed(3);
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
                uint32_t grown = version > 0 && i % 11 == 3 ? 2 : 0;
                place[i] = base + b.size;
                for (uint32_t k = 0; k < 10 + i % 7; k++) {
                        dl_put32(word, 0xaa000000u | (rig_random() & 0x1fffffu));
                        rig_append(&b, word, 4);
                }
                dl_put32(word, RET);
                for (uint32_t k = 0; k <= grown; k++)
                        rig_append(&b, word, 4);
        }
        rig_append(&b, "\0\0\0\0", 4);
        for (uint32_t i = 0; i < FUNCTIONS; i += 3) {
                place[i] = base + b.size;
                rig_append(&b, "a message of the firmware %u\n", 28 + i % 2);
                rig_append(&b, "", 1);
        }
        while (b.size % 8 != 0)
                rig_append(&b, "", 1);
        for (uint32_t i = 0; i < POINTERS; i++) {
                dl_put64(word, place[i * 7919 % FUNCTIONS]);
                rig_append(&b, word, 8);
        }
        return b;
}

static uint64_t found(const struct buffer *b)
{
        struct view v = {.bytes = b->data, .size = (uint32_t)b->size};
        struct dl_span span = {.size = v.size, .memory = v.size + 70000};
        uint64_t base;

        assert_int_equal(view_find_base(&v, &span, &base), SG_OK);
        return base;
}

static void pointers_tell_the_base(void **state)
{
        static const uint64_t bases[] = {0x200000, 0x40201000, 0xe0a0000, 0xffff800008000000};

        (void)state;
        for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
                struct buffer b = firmware(bases[i], 0);
                assert_true(found(&b) == bases[i]);
                free(b.data);
        }
}

static void what_has_no_pointers_has_no_base(void **state)
{
        struct buffer noise = rig_noise(100000), zeros = rig_noise(100000), tiny = rig_noise(100);

        (void)state;
        memset(zeros.data, 0, zeros.size);
        assert_true(found(&noise) == VA_UNKNOWN);
        assert_true(found(&zeros) == VA_UNKNOWN);
        assert_true(found(&tiny) == VA_UNKNOWN);
        /* Many values near each other that lead nowhere. */
        for (uint32_t i = 0; i < 1000; i++)
                dl_put64(zeros.data + i * 8, 0x40000000 + i * 64);
        assert_true(found(&zeros) == VA_UNKNOWN);
        free(noise.data);
        free(zeros.data);
        free(tiny.data);
}

/* The section of programs: rows, then the old and the new address. */
static void the_patch_knows_the_base(void **state)
{
        static struct patch_parts parts;
        struct buffer from = firmware(0x200000, 0), to = firmware(0x300000, 1);
        struct buffer patch = rig_plain(&from, &to);

        (void)state;
        rig_check(&patch, &from, &to);
        assert_true(patch_parts_read(&parts, patch.data, patch.size));
        const uint8_t *program = part_of(&parts, DL_S_PROGRAM)->bytes;
        assert_true(dl_get64(program + 1) == 0x200000 && dl_get64(program + 9) == 0x300000);
        print_message("%zu bytes\n", patch.size);
        assert_true(patch.size < 600);
        free(from.data);
        free(to.data);
        free(patch.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pointers_tell_the_base),
                cmocka_unit_test(what_has_no_pointers_has_no_base),
                cmocka_unit_test(the_patch_knows_the_base),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
