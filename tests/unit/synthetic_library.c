/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/synthetic_library.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "delta/wire.h"

#define IMPORTS    160u /* in version 0; one slot and one PLT entry each */
#define FUNCTIONS  400u
#define BODY_WORDS 14u
#define POINTERS   300u
#define GAP        0x10000u /* in memory alone between the two segments */
#define PLT_ENTRY  16u
#define FRAME_SIZE 32u

/* Of the hash table. */
#define FILTER_WORDS 8u
#define HEADS        120u

enum { R_JUMP_SLOT = 1026, R_RELATIVE = 1027 };

/* File offsets; those of the second segment are GAP below its addresses. */
struct layout {
        uint32_t imports;
        uint32_t symbols, strings, hash, rela, plt_rela, plt, function[FUNCTIONS], unwind, frames,
                text_end;
        uint32_t dynamic, got, pointers, end;
};

struct library {
        struct layout l;
        unsigned version;
        enum library_fault fault;
        uint8_t *out;
        uint32_t at, random;
};

static uint32_t draw(struct library *b)
{
        b->random = b->random * 1664525u + 1013904223u;
        return b->random >> 8;
}

static void put32(struct library *b, uint32_t word)
{
        dl_put32(b->out + b->at, word);
        b->at += 4;
}

static void put64(struct library *b, uint64_t v)
{
        dl_put64(b->out + b->at, v);
        b->at += 8;
}

/* Every version has the imports of the one before; new ones stand among them. */
static bool is_new(uint32_t import)
{
        return import % 32 == 7;
}

static uint32_t grown(const struct library *b, uint32_t function)
{
        return b->version > 0 && function % 9 == 4 ? 1 + function % 3 : 0;
}

static uint32_t align(uint32_t at)
{
        return (at + 15) / 16 * 16;
}

static void lay_out(struct library *b)
{
        struct layout *l = &b->l;

        for (uint32_t i = 0; i < IMPORTS; i++)
                l->imports += b->version > 0 || !is_new(i);
        l->symbols = align(sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr));
        l->strings = l->symbols + (1 + l->imports) * (uint32_t)sizeof(Elf64_Sym);
        l->hash = align(l->strings + 1 + l->imports * 16);
        l->rela = align(l->hash + 16 + 8 * FILTER_WORDS + 4 * (HEADS + l->imports));
        l->plt_rela = l->rela + POINTERS * (uint32_t)sizeof(Elf64_Rela);
        l->plt = align(l->plt_rela + l->imports * (uint32_t)sizeof(Elf64_Rela));
        uint32_t at = l->plt + l->imports * PLT_ENTRY;
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
                l->function[i] = at;
                at += 4 * (BODY_WORDS + grown(b, i));
        }
        l->unwind = align(at);
        l->frames = align(l->unwind + 12 + FUNCTIONS * 8);
        l->text_end = align(l->frames + FRAME_SIZE * (1 + FUNCTIONS) + 4);
        l->dynamic = l->text_end;
        l->got = l->dynamic + 8 * (uint32_t)sizeof(Elf64_Dyn);
        l->pointers = l->got + l->imports * 8;
        l->end = l->pointers + POINTERS * 8;
}

static void put_segment(struct library *b, uint32_t type, uint32_t start, uint32_t end)
{
        uint32_t gap = start >= b->l.dynamic ? GAP : 0;
        const Elf64_Phdr p = {.p_type = type,
                              .p_offset = start,
                              .p_vaddr = start + gap,
                              .p_filesz = end - start,
                              .p_memsz = end - start};

        memcpy(b->out + b->at, &p, sizeof(p));
        b->at += sizeof(p);
}

static void put_headers(struct library *b)
{
        const struct layout *l = &b->l;
        bool tables = b->fault != LIBRARY_NO_TABLES;
        const Elf64_Ehdr h = {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
                .e_type = ET_DYN,
                .e_machine = EM_AARCH64,
                .e_phoff = sizeof(h),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 4,
        };

        memcpy(b->out, &h, sizeof(h));
        b->at = sizeof(h);
        put_segment(b, PT_LOAD, 0, l->text_end);
        put_segment(b, PT_LOAD, l->dynamic, l->end);
        put_segment(b, tables ? PT_DYNAMIC : PT_NULL, l->dynamic, l->got);
        put_segment(b, tables ? PT_GNU_EH_FRAME : PT_NULL, l->unwind, l->frames);
}

static void put_symbols(struct library *b)
{
        uint32_t name = 1;
        uint32_t wild = b->fault == LIBRARY_WILD_ENTRIES ? 0x7fffff00u : 0;

        b->at = b->l.symbols + sizeof(Elf64_Sym);
        for (uint32_t i = 0; i < IMPORTS; i++) {
                if (b->version == 0 && is_new(i))
                        continue;
                /* As where a program takes the address of an import. */
                put32(b, name + wild);
                put32(b, 0x12);
                put64(b, b->l.function[2 * i]);
                put64(b, 4 * (BODY_WORDS + grown(b, 2 * i)));
                name += 16;
        }
        b->at = b->l.strings + 1;
        for (uint32_t i = 0; i < IMPORTS; i++) {
                if (b->version == 0 && is_new(i))
                        continue;
                (void)snprintf((char *)b->out + b->at, 16, "import_%07x",
                               (unsigned)(i * 2654435761u >> 4) & 0xfffffffu);
                b->at += 16;
        }
}

/* The number of an import that both versions have, in this one. */
static uint32_t common_import(const struct library *b, uint32_t which)
{
        uint32_t number = 0, import = which % IMPORTS;

        import -= is_new(import);
        for (uint32_t i = 0; i < import; i++)
                number += b->version > 0 || !is_new(i);
        return number;
}

/* GNU's: a filter, the first symbol of each chain, hashes in the order of the symbols. */
static void put_hash(struct library *b)
{
        b->at = b->l.hash;
        put32(b, b->fault == LIBRARY_WILD_ENTRIES ? 0x7fffffffu : HEADS);
        put32(b, 1);
        put32(b, b->fault == LIBRARY_TABLES_MISPLACED ? 0x7fffffffu : FILTER_WORDS);
        put32(b, 26);
        b->random = 1;
        for (uint32_t i = 0; i < 2 * FILTER_WORDS; i++)
                put32(b, draw(b));
        for (uint32_t i = 0; i < HEADS; i++)
                put32(b, 1 + common_import(b, i));
        for (uint32_t i = 0; i < IMPORTS; i++) {
                if (b->version > 0 || !is_new(i))
                        put32(b, i * 2654435761u);
        }
}

static void put_relocations(struct library *b)
{
        const struct layout *l = &b->l;
        uint32_t wild = b->fault == LIBRARY_WILD_ENTRIES ? 0x7ffffff0u : 0;

        b->at = l->rela;
        for (uint32_t i = 0; i < POINTERS; i++) {
                put64(b, l->pointers + GAP + 8 * i);
                put64(b, R_RELATIVE);
                put64(b, l->function[i * 7919 % FUNCTIONS]);
        }
        for (uint32_t i = 0; i < l->imports; i++) {
                put64(b, l->got + GAP + 8 * i + wild);
                put64(b, (uint64_t)(i + 1 + wild) << 32 | R_JUMP_SLOT);
                put64(b, 0);
        }
}

static void put_plt(struct library *b)
{
        b->at = b->l.plt;
        for (uint32_t i = 0; i < b->l.imports; i++) {
                uint32_t slot = b->l.got + GAP + 8 * i, pages = (slot >> 12) - (b->at >> 12);
                put32(b, 0x90000010u | (pages & 3u) << 29 | (pages >> 2 & 0x7ffffu) << 5);
                put32(b, 0xf9400211u | (slot & 0xfffu) >> 3 << 10);
                put32(b, 0x91000210u | (slot & 0xfffu) << 10);
                put32(b, 0xd61f0220u);
        }
}

static void put_functions(struct library *b)
{
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
                b->at = b->l.function[i];
                b->random = i;
                for (uint32_t k = 0; k < BODY_WORDS; k++) {
                        for (uint32_t n = 0; k == 5 && n < grown(b, i); n++)
                                put32(b, 0xd503201fu);
                        uint32_t import = common_import(b, draw(b));
                        uint32_t distance = b->l.plt + import * PLT_ENTRY - b->at;
                        put32(b, k % 3 == 1 ? 0x94000000u | (distance >> 2 & 0x3ffffffu)
                                            : 0xaa000000u | (draw(b) & 0x1fffe0u) | 8u);
                }
        }
}

static void put_frames(struct library *b)
{
        static const uint8_t common[] = {1, 'z', 'R', 0, 4, 0x78, 30, 1, 0x1b, 0x0c, 31, 0};
        const struct layout *l = &b->l;
        uint32_t length = b->fault == LIBRARY_ENDLESS_FRAMES ? 4088 : FRAME_SIZE - 4;

        b->at = l->unwind;
        put32(b, b->fault == LIBRARY_NO_UNWIND_HEADER ? 0x3b031b02 : 0x3b031b01);
        put32(b, l->frames - b->at);
        put32(b, FUNCTIONS);
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
                put32(b, l->function[i] - l->unwind);
                put32(b, l->frames + (1 + i) * FRAME_SIZE - l->unwind);
        }
        b->at = l->frames;
        put32(b, FRAME_SIZE - 4);
        put32(b, 0);
        memcpy(b->out + b->at, common, sizeof(common));
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
                uint32_t words = BODY_WORDS + grown(b, i);
                b->at = l->frames + (1 + i) * FRAME_SIZE;
                put32(b, length);
                put32(b, b->at - l->frames);
                put32(b, l->function[i] - b->at);
                put32(b, 4 * words);
                /* After an instruction of the body: frame of 16 * n; before its last: none. */
                const uint8_t program[] = {0,
                                           0x41,
                                           0x0e,
                                           (uint8_t)(16 + i % 7 * 16),
                                           0x9d,
                                           2,
                                           0x4b + (uint8_t)grown(b, i),
                                           0xde,
                                           0x0e,
                                           0};
                memcpy(b->out + b->at, program, sizeof(program));
        }
}

static void put_dynamic(struct library *b)
{
        const struct layout *l = &b->l;
        uint32_t off = b->fault == LIBRARY_TABLES_OUTSIDE ? 0x40000000u : 0;
        bool misplaced = b->fault == LIBRARY_TABLES_MISPLACED;
        const Elf64_Dyn entries[] = {
                {DT_SYMTAB, {misplaced ? l->function[3] : l->symbols + off}},
                {DT_STRTAB, {l->strings + off}},
                {DT_GNU_HASH, {l->hash + off}},
                {DT_RELA, {misplaced ? l->strings + 4 : l->rela + off}},
                {DT_RELASZ, {misplaced ? UINT64_MAX - 7 : l->plt_rela - l->rela}},
                {DT_JMPREL, {l->plt_rela + off}},
                {DT_PLTRELSZ, {l->imports * sizeof(Elf64_Rela)}},
        };

        memcpy(b->out + l->dynamic, entries, sizeof(entries));
}

size_t synthetic_library(unsigned version, enum library_fault fault, uint8_t out[LIBRARY_SIZE_MAX])
{
        struct library b = {.version = version, .fault = fault, .out = out};

        memset(out, 0, LIBRARY_SIZE_MAX);
        lay_out(&b);
        put_headers(&b);
        put_symbols(&b);
        put_hash(&b);
        put_relocations(&b);
        put_plt(&b);
        put_functions(&b);
        put_frames(&b);
        put_dynamic(&b);
        return b.l.end;
}
