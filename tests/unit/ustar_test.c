/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/memory_storage.h"
#include "updater/package/ustar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE_AT   124
#define MAGIC_AT  257
#define TYPE_AT   156
#define CHKSUM_AT 148

static uint8_t disk[64 * USTAR_BLOCK];
static struct memory_storage memory;

/* Two members, "a" of 5 bytes and "dir/b" of 512, and the end blocks. */
static int setup(void **state)
{
        (void)state;
        memset(disk, 0, sizeof(disk));
        assert_int_equal(ustar_header(disk, "a", 5), SG_OK);
        memcpy(disk + 512, "hello", sizeof("hello"));
        assert_int_equal(ustar_header(disk + 1024, "dir/b", 512), SG_OK);
        memset(disk + 1536, 'b', 512);
        memory_storage_init(&memory, disk, sizeof(disk));
        return 0;
}

static void fix_checksum(uint8_t *block)
{
        uint32_t sum = 0;

        memset(block + CHKSUM_AT, ' ', 8);
        for (int i = 0; i < USTAR_BLOCK; i++) {
                sum += block[i];
        }
        snprintf((char *)block + CHKSUM_AT, 8, "%06o", sum);
}

static void finds_members_in_order(void **state)
{
        struct ustar_index index;

        (void)state;
        assert_int_equal(ustar_index_read(&index, &memory.storage), SG_OK);
        assert_int_equal(index.count, 2);
        assert_string_equal(index.member[0].name, "a");
        assert_int_equal(index.member[0].offset, 512);
        assert_int_equal(index.member[0].size, 5);
        assert_ptr_equal(ustar_find(&index, "dir/b"), &index.member[1]);
        assert_null(ustar_find(&index, "dir"));
        assert_int_equal(index.end, 2048);
}

static void splits_long_names(void **state)
{
        char name[200];
        struct ustar_index index;

        (void)state;
        memset(name, 'x', sizeof(name));
        name[90] = '/';
        name[199] = '\0';
        assert_int_equal(ustar_header(disk, name, 5), SG_E_TOO_LARGE);
        name[110] = '/';
        name[190] = '\0';
        assert_int_equal(ustar_header(disk, name, 5), SG_OK);
        assert_int_equal(ustar_index_read(&index, &memory.storage), SG_OK);
        assert_string_equal(index.member[0].name, name);
}

static void keeps_names_up_to_their_longest(void **state)
{
        char name[USTAR_NAME_MAX];
        struct ustar_index index;

        (void)state;
        memset(name, 'x', sizeof(name));
        name[100] = '\0'; /* fills its field, without a NUL */
        assert_int_equal(ustar_header(disk, name, 5), SG_OK);
        assert_int_equal(ustar_index_read(&index, &memory.storage), SG_OK);
        assert_string_equal(index.member[0].name, name);
        name[0] = '/'; /* no prefix at all */
        name[100] = 'x';
        name[101] = '\0';
        assert_int_equal(ustar_header(disk, name, 5), SG_E_TOO_LARGE);
        assert_int_equal(ustar_header(disk, "", 5), SG_E_BAD_ARGUMENT);
        assert_int_equal(ustar_header(disk, "a", 1ull << 33), SG_E_TOO_LARGE);
        assert_int_equal(ustar_header(disk, "a", (1ull << 33) - 1), SG_OK);
}

/* As old writers left them: a type of NUL, and blanks before a number. */
static void takes_old_headers(void **state)
{
        struct ustar_index index;

        (void)state;
        disk[TYPE_AT] = '\0';
        memcpy(disk + SIZE_AT, "         5 ", 12);
        fix_checksum(disk);
        assert_int_equal(ustar_index_read(&index, &memory.storage), SG_OK);
        assert_int_equal(index.member[0].size, 5);
}

/* Behind a sum that is right. */
static void refuses_other_formats_and_no_name(void **state)
{
        static const int at[] = {MAGIC_AT, MAGIC_AT + 5, MAGIC_AT + 6, MAGIC_AT + 7, 0};
        struct ustar_index index;

        (void)state;
        for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
                setup(NULL);
                disk[at[i]] = at[i] == 0 ? 0 : 'X';
                fix_checksum(disk);
                assert_int_equal(ustar_index_read(&index, &memory.storage), SG_E_TAR_HEADER);
        }
}

static void refuses_to_begin_behind_the_end(void **state)
{
        struct ustar_member m;
        uint64_t offset = memory.storage.size + USTAR_BLOCK;

        (void)state;
        assert_int_equal(ustar_next(&memory.storage, &offset, &m), SG_E_TRUNCATED);
}

static void refuses_damage(void **state)
{
        struct ustar_member m;
        uint64_t offset;

        (void)state;
        for (int i = 0; i < USTAR_BLOCK; i++) {
                setup(NULL);
                disk[i] ^= 0x40;
                offset = 0;
                assert_int_equal(ustar_next(&memory.storage, &offset, &m), SG_E_TAR_HEADER);
                assert_int_equal(offset, 0);
        }
}

static void refuses_other_types(void **state)
{
        static const char types[] = "1234567xgLKS";
        struct ustar_index index;

        (void)state;
        for (const char *t = types; *t != '\0'; t++) {
                disk[1024 + TYPE_AT] = (uint8_t)*t;
                fix_checksum(disk + 1024);
                assert_int_equal(ustar_index_read(&index, &memory.storage), SG_E_TAR_TYPE);
        }
}

static void refuses_bad_numbers(void **state)
{
        static const char *const fields[] = {
                "\200\0\0\0\0\0\0\0\0\0\0\5", "            ", "0000000000x", "-0000000005", "8",
        };
        struct ustar_member m;

        (void)state;
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
                memset(disk + SIZE_AT, 0, 12);
                memcpy(disk + SIZE_AT, fields[i], i == 0 ? 12 : strlen(fields[i]));
                fix_checksum(disk);
                uint64_t offset = 0;
                assert_int_equal(ustar_next(&memory.storage, &offset, &m), SG_E_TAR_HEADER);
        }
}

static void refuses_sizes_beyond_the_end(void **state)
{
        static const char *const fields[] = {"77777777777", "777777777777", "00000100000"};
        struct ustar_member m;

        (void)state;
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
                memcpy(disk + SIZE_AT, fields[i], strlen(fields[i]));
                fix_checksum(disk);
                uint64_t offset = 0;
                assert_int_equal(ustar_next(&memory.storage, &offset, &m), SG_E_TRUNCATED);
        }
}

static void refuses_every_truncation(void **state)
{
        struct ustar_index index;

        (void)state;
        for (uint64_t size = 0; size < 2048 + USTAR_BLOCK; size++) {
                memory.storage.size = size;
                assert_int_equal(ustar_index_read(&index, &memory.storage), SG_E_TRUNCATED);
        }
}

static void refuses_a_name_twice(void **state)
{
        struct ustar_index index;

        (void)state;
        assert_int_equal(ustar_header(disk + 1024, "a", 512), SG_OK);
        assert_int_equal(ustar_index_read(&index, &memory.storage), SG_E_TAR_HEADER);
}

static void refuses_too_many_members(void **state)
{
        static uint8_t many[(USTAR_MEMBERS_MAX + 3) * USTAR_BLOCK];
        static struct ustar_index index;
        char name[16];

        (void)state;
        memset(many, 0, sizeof(many));
        for (int i = 0; i <= USTAR_MEMBERS_MAX; i++) {
                snprintf(name, sizeof(name), "m%d", i);
                assert_int_equal(ustar_header(many + i * USTAR_BLOCK, name, 0), SG_OK);
        }
        memory_storage_init(&memory, many, sizeof(many));
        assert_int_equal(ustar_index_read(&index, &memory.storage), SG_E_TOO_LARGE);
}

static void tells_read_errors(void **state)
{
        struct ustar_index index;

        (void)state;
        memory.read_error = SG_E_IO;
        assert_int_equal(ustar_index_read(&index, &memory.storage), SG_E_IO);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(finds_members_in_order, setup),
                cmocka_unit_test_setup(splits_long_names, setup),
                cmocka_unit_test_setup(keeps_names_up_to_their_longest, setup),
                cmocka_unit_test_setup(takes_old_headers, setup),
                cmocka_unit_test_setup(refuses_other_formats_and_no_name, setup),
                cmocka_unit_test_setup(refuses_to_begin_behind_the_end, setup),
                cmocka_unit_test_setup(refuses_damage, setup),
                cmocka_unit_test_setup(refuses_other_types, setup),
                cmocka_unit_test_setup(refuses_bad_numbers, setup),
                cmocka_unit_test_setup(refuses_sizes_beyond_the_end, setup),
                cmocka_unit_test_setup(refuses_every_truncation, setup),
                cmocka_unit_test_setup(refuses_a_name_twice, setup),
                cmocka_unit_test_setup(refuses_too_many_members, setup),
                cmocka_unit_test_setup(tells_read_errors, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
