/* SPDX-License-Identifier: Apache-2.0 */
/* Patches that no encoder makes. */
#include <sys/mman.h>
#include <zlib.h>

#include "delta/decoder.h"
#include "tests/unit/delta_hand.h"

static struct hand hand;

static void put_program(struct bytes *b, uint32_t symbols)
{
        bytes_varint(b, 1);
        for (uint32_t k = 0; k < 4; k++)
                bytes_word(b, 0);
        bytes_varint(b, symbols);
        bytes_varint(b, 0);
}

/* Two programs of a row each, one behind the other. */
static struct buffer programs(const uint32_t symbols[2])
{
        const uint32_t two[DL_COUNTS] = {2, 2};
        struct bytes *b;

        hand_begin(&hand, 64, 64, DL_F_RESIDENT);
        hand_copy(&hand, 0, 0, 64);
        b = hand_section(&hand, DL_S_PROGRAM, two);
        put_program(b, symbols[0]);
        put_program(b, symbols[1]);
        for (uint32_t span = 0; span < 4; span++) {
                bytes_varint(b, 0);
                bytes_varint(b, 16);
                bytes_varint(b, 0);
                bytes_varint(b, 0);
        }
        return hand_end(&hand);
}

static void a_table_is_a_row_of_its_program(void **state)
{
        static const struct {
                uint32_t symbols[2], rows[2];
        } cases[] = {
                {{0, 0}, {DL_NO_ROW, DL_NO_ROW}},
                {{1, 0}, {0, DL_NO_ROW}},
                {{0, 1}, {DL_NO_ROW, 1}},
        };
        struct buffer from = rig_noise(64);

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct rig r = {.patch = programs(cases[i].symbols), .from = from};
                struct dl_header header = rig_header(&r.patch);
                struct guarded arena = guarded_take(header.arena_size, false);
                struct dl_ops ops = rig_ops(&r);
                struct dl *dl;
                assert_int_equal(
                        dl_open(&dl, &ops, &header, arena.memory, from.size, rig_from_digest, NULL),
                        SG_OK);
                for (size_t k = 0; k < 2; k++) {
                        assert_int_equal(dl->refs.programs[k].symbols, cases[i].rows[k]);
                        assert_int_equal(dl->refs.programs[k].strings, DL_NO_ROW);
                }
                guarded_free(&arena);
                free(r.patch.data);
        }
        free(from.data);
}

/* One more byte at the end of the last chunk, said to be of the literals. */
static void add_spare_byte(struct buffer *patch)
{
        uint8_t *b = patch->data, *chunk = b + dl_get32(b + DL_H_CHUNK0_SIZE);
        uint8_t *table = b + DL_HEADER_SIZE + (size_t)dl_get32(b + DL_H_SECTION_COUNT) * DL_D_SIZE;
        uint32_t length = dl_get32(table + DL_T_END) + 1;

        assert_int_equal(chunk[DL_LITERALS], 0x80); /* of 2048 */
        chunk[DL_LITERALS]++;
        b[patch->size++] = 0;
        dl_put32(table + DL_T_END, length);
        dl_put32(table + DL_T_CRC, (uint32_t)crc32(0, chunk, length));
        dl_put64(b + DL_H_PATCH_SIZE, patch->size);
        dl_put32(b + DL_H_BODY_CRC,
                 (uint32_t)crc32(0, b + DL_HEADER_SIZE,
                                 (uInt)(table + DL_T_SIZE - b) - DL_HEADER_SIZE));
        dl_put32(b + DL_H_CRC, (uint32_t)crc32(0, b, DL_H_CRC));
}

/* The packed stream is as long as the buffer that it is read by: nothing of it is left there. */
static void a_byte_behind_a_stream_of_a_whole_buffer(void **state)
{
        enum { STORED = 5 }; /* bytes before those that deflate stores */
        struct buffer from = rig_noise(16), to = rig_noise(DL_STREAM_BUFFER - STORED);

        (void)state;
        hand_begin(&hand, from.size, to.size, 0);
        bytes_add(hand_stream(&hand, DL_LITERALS), to.data, to.size);
        struct rig r = {.patch = hand_end(&hand), .from = from};
        r.to = (struct buffer){.data = calloc(1, to.size), .size = to.size};
        assert_int_equal(rig_apply(&r), SG_OK);
        assert_memory_equal(r.to.data, to.data, to.size);
        add_spare_byte(&r.patch);
        assert_int_equal(rig_apply(&r), SG_E_DELTA_STREAM);
        free(r.patch.data);
        free(r.to.data);
        free(from.data);
        free(to.data);
}

/* Bytes in a section that nothing reads, or that say something of nothing. */
static void a_section_that_nothing_reads(void **state)
{
        static const struct {
                enum dl_section_id id;
                bool program;
                sg_err expected;
        } cases[] = {
                {DL_S_REGIONS, false, SG_E_DELTA_HEADER},
                {DL_S_BTF_NEW, false, SG_E_DELTA_HEADER},
                {DL_S_KALLSYMS_NEW, false, SG_E_DELTA_HEADER},
                {DL_S_OBJECTS, false, SG_E_DELTA_HEADER},
                {DL_S_BTF_NEW, true, SG_E_DELTA_HEADER},
                {DL_S_KALLSYMS_NEW, true, SG_E_DELTA_HEADER},
                {DL_S_REGIONS, true, SG_E_DELTA_STREAM}, /* of no region */
        };
        const uint32_t none[DL_COUNTS] = {0};
        struct buffer from = rig_noise(64), to = rig_noise(64);

        (void)state;
        for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
                bool junk = i % 2 == 0, program = cases[i / 2].program;
                hand_begin(&hand, from.size, to.size, program ? DL_F_RESIDENT : 0);
                if (program) {
                        bytes_varint(hand_section(&hand, DL_S_MAP, none), 0);
                        hand_section(&hand, DL_S_PROGRAM, none);
                }
                struct bytes *b = hand_section(&hand, cases[i / 2].id, none);
                if (junk)
                        bytes_word(b, 0x5eed);
                bytes_add(hand_stream(&hand, DL_LITERALS), to.data, to.size);
                bool fine = !junk && cases[i / 2].expected == SG_E_DELTA_STREAM;
                assert_int_equal(hand_outcome(&hand, &from, &to),
                                 fine ? SG_OK : cases[i / 2].expected);
        }
        free(from.data);
        free(to.data);
}

/* The last bytes of the largest image, by the short way round it, and an echo of them. */
static void the_largest_old_image(void **state)
{
        enum { PART = 1000 };
        struct buffer from = {.size = DL_IMAGE_MAX}, parts = rig_noise(2 * PART), to = {0};
        struct bytes *copies;

        (void)state;
        from.data = mmap(NULL, from.size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert_ptr_not_equal(from.data, MAP_FAILED);
        memcpy(from.data + from.size - PART, parts.data + PART, PART);
        for (int i = 0; i < 2; i++)
                rig_append(&to, parts.data, parts.size);
        hand_begin(&hand, from.size, to.size, 0);
        bytes_add(hand_stream(&hand, DL_LITERALS), to.data, PART);
        copies = hand_stream(&hand, DL_COPIES);
        bytes_varint(copies, 2);
        bytes_varint(copies, PART);
        bytes_varint(copies, PART);
        bytes_varint(copies, dl_zigzag(-PART));
        bytes_varint(copies, 0);
        bytes_varint(copies, 2 * PART);
        bytes_varint(copies, DL_IMAGE_MAX + 2 * PART);
        assert_int_equal(hand_outcome(&hand, &from, &to), SG_OK);
        munmap(from.data, from.size);
        free(parts.data);
        free(to.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_table_is_a_row_of_its_program),
                cmocka_unit_test(a_section_that_nothing_reads),
                cmocka_unit_test(the_largest_old_image),
                cmocka_unit_test(a_byte_behind_a_stream_of_a_whole_buffer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
