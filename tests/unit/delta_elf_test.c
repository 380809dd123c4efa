// SPDX-License-Identifier: Apache-2.0
/* Several AArch64 ELF programs in one file: each with addresses of its own, found by structure. */
#include "tests/unit/delta_rig.h"

#include <elf.h>

#include "delta/create/program.h"
#include "delta/decoder.h"

#define FUNCTIONS  600u
#define BODY_WORDS 16u
#define GAP        0x10000u /* in memory alone between the two segments */
#define PADDING    0xd503201fu

enum damage { NONE, OTHER_MACHINE, BEYOND_THE_FILE, TOO_MANY_SEGMENTS, FALLING, DAMAGES };

struct layout {
        uint32_t place[FUNCTIONS]; /* offsets in the file, which are addresses */
        uint32_t data;             /* file offset of the second segment */
};

static void put32(struct buffer *b, uint32_t word)
{
        uint8_t bytes[4];

        dl_put32(bytes, word);
        rig_append(b, bytes, sizeof(bytes));
}

static void pad(struct buffer *b, size_t size)
{
        while (b->size < size)
                put32(b, PADDING);
}

static uint32_t inserted(unsigned version, uint32_t id)
{
        return version > 0 && id % 9 == 4 ? 1 + id % 3 : 0;
}

static struct layout lay_out(unsigned version)
{
        struct layout l;
        uint32_t at = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);

        for (uint32_t id = 0; id < FUNCTIONS; id++) {
                at += 4 * inserted(version, id);
                l.place[id] = at;
                at += 4 * BODY_WORDS;
        }
        l.data = (at + 63) / 64 * 64;
        return l;
}

static void put_headers(struct buffer *b, const struct layout *l, enum damage damage)
{
        Elf64_Ehdr h = {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
                .e_type = ET_DYN,
                .e_machine = damage == OTHER_MACHINE ? EM_X86_64 : EM_AARCH64,
                .e_phoff = sizeof(h),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = damage == TOO_MANY_SEGMENTS ? 0xffff : 2,
        };
        Elf64_Phdr text = {.p_type = PT_LOAD, .p_filesz = l->data, .p_memsz = l->data};
        Elf64_Phdr data = {.p_type = PT_LOAD,
                           .p_offset = damage == FALLING ? 0 : l->data,
                           .p_vaddr = l->data + GAP,
                           .p_filesz = damage == BEYOND_THE_FILE ? 1u << 30 : FUNCTIONS * 16,
                           .p_memsz = damage == BEYOND_THE_FILE ? 1u << 30 : FUNCTIONS * 24};

        rig_append(b, &h, sizeof(h));
        rig_append(b, &text, sizeof(text));
        rig_append(b, &data, sizeof(data));
}

static uint32_t adrp(uint32_t at, uint32_t target)
{
        uint32_t pages = (target >> 12) - (at >> 12);

        return 0x90000002u | (pages & 3u) << 29 | (pages >> 2 & 0x7ffffu) << 5;
}

/* Functions that find a word of the data segment by ADRP and ADD, and data that holds pointers. */
static void put_program(struct buffer *file, unsigned which, unsigned version, enum damage damage)
{
        struct layout l = lay_out(version);
        struct buffer b = {0};

        put_headers(&b, &l, damage);
        for (uint32_t id = 0; id < FUNCTIONS; id++) {
                uint32_t variable = l.data + GAP + id * 7919 % FUNCTIONS * 16;
                pad(&b, l.place[id]);
                rig_seed(which * FUNCTIONS + id + 1);
                put32(&b, adrp((uint32_t)b.size, variable));
                put32(&b, 0x91000042u | (variable & 0xfffu) << 10);
                for (uint32_t i = 2; i < BODY_WORDS; i++)
                        put32(&b, 0xaa000000u | (rig_random() & 0x1fffe0u) | 8u);
        }
        pad(&b, l.data);
        for (uint32_t id = 0; id < FUNCTIONS; id++) {
                put32(&b, l.place[id * 104729 % FUNCTIONS]);
                put32(&b, 0);
                put32(&b, (which * FUNCTIONS + id) * 2654435761u);
                put32(&b, id * 2246822519u);
        }
        rig_append(file, b.data, b.size);
        free(b.data);
}

/* Two programs behind names of a length that leaves neither where a page begins. */
static struct buffer archive(unsigned version, enum damage damage)
{
        struct buffer b = {0};

        pad(&b, version > 0 ? 116 : 52);
        put_program(&b, 0, version, damage);
        pad(&b, b.size + 76);
        put_program(&b, 1, version, damage);
        return b;
}

static uint32_t programs_in(const struct buffer *patch)
{
        struct rig r = {.patch = *patch};
        struct dl_ops ops = rig_ops(&r);
        struct dl_header h = rig_header(patch);
        struct dl_section sections[DL_SECTIONS_MAX];

        assert_int_equal(dl_directory_read(&ops, &h, sections), SG_OK);
        for (uint32_t i = 0; i < h.section_count; i++)
                if (sections[i].id == DL_S_PROGRAM)
                        return sections[i].counts[1];
        return 0;
}

static size_t patched(enum damage damage, uint32_t *programs)
{
        struct buffer from = archive(0, damage), to = archive(1, damage);
        struct buffer patch = rig_plain(&from, &to);
        size_t size = patch.size;

        rig_check(&patch, &from, &to);
        *programs = programs_in(&patch);
        free(from.data);
        free(to.data);
        free(patch.data);
        return size;
}

static void each_program_has_its_addresses(void **state)
{
        uint32_t programs, other;
        size_t size = patched(NONE, &programs), unknown = patched(OTHER_MACHINE, &other);

        (void)state;
        print_message("two programs: %zu bytes; of an unknown machine: %zu\n", size, unknown);
        assert_int_equal(programs, 2);
        assert_true(size * 2 < unknown);
}

static void what_is_no_program_costs_only_bytes(void **state)
{
        (void)state;
        for (enum damage damage = OTHER_MACHINE; damage < DAMAGES; damage++) {
                uint32_t programs;
                (void)patched(damage, &programs);
                assert_true(programs < 2);
        }
}

/* ---- Programs that take much memory ---- */

#define IMAGE 64u

static void put_elf(struct buffer *b, uint32_t memory)
{
        Elf64_Ehdr h = {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
                .e_type = ET_DYN,
                .e_machine = EM_AARCH64,
                .e_phoff = sizeof(h),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 1,
        };
        Elf64_Phdr all = {
                .p_type = PT_LOAD, .p_filesz = sizeof(h) + sizeof(all), .p_memsz = memory};

        rig_append(b, &h, sizeof(h));
        rig_append(b, &all, sizeof(all));
}

/* The header of an arm64 Linux Image. */
static void put_image(struct buffer *b, uint32_t memory)
{
        uint8_t head[IMAGE] = {0};

        dl_put64(head + 16, memory);
        memcpy(head + 56, "ARM\x64", 4);
        rig_append(b, head, sizeof(head));
}

/* Together they leave 64 MiB of the positions, less the file. */
static struct buffer much_memory(void)
{
        struct buffer b = {0};

        put_elf(&b, 0x7e000000);
        put_elf(&b, 0x7e000000);
        return b;
}

static struct view detect(const struct buffer *b)
{
        struct view v = {.bytes = b->data, .size = (uint32_t)b->size};

        assert_int_equal(view_detect(&v), SG_OK);
        return v;
}

/* An Image that finds no room is no kernel; what is smaller finds it behind that one. */
static void images_without_room(void **state)
{
        struct buffer b = much_memory();

        (void)state;
        put_image(&b, 0x5000000);
        struct view v = detect(&b);
        assert_int_equal(v.program_count, 2);
        assert_int_equal(v.image, NO_IMAGE);
        assert_int_equal(v.kernels, 0);
        view_close(&v);
        put_image(&b, 0x1000000);
        v = detect(&b);
        assert_int_equal(v.program_count, 3);
        assert_int_equal(v.image, 2);
        assert_int_equal(v.kernels, 1);
        view_close(&v);
        free(b.data);
}

/* The models look for a kernel in all of the file then. */
static void patch_of_images_without_room(void **state)
{
        struct buffer from = much_memory(), to = much_memory();

        (void)state;
        put_image(&from, 0x5000000);
        put_image(&to, 0x5000000);
        put_image(&to, 0x5000000);
        struct buffer patch = rig_plain(&from, &to);
        rig_check(&patch, &from, &to);
        free(from.data);
        free(to.data);
        free(patch.data);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_program_has_its_addresses),
                cmocka_unit_test(what_is_no_program_costs_only_bytes),
                cmocka_unit_test(images_without_room),
                cmocka_unit_test(patch_of_images_without_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
