/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/synthetic_objects.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "delta/wire.h"

#define FUNCTIONS  60u
#define BODY_WORDS 20u
#define POINTERS   40u
#define LEAD       24u /* bytes before each object */

enum { R_ABS64 = 257, R_CALL26 = 283, R_PAGE = 275 };

/* Their numbers in an object without ".lost" and ".found", which stand behind ".data". */
enum section {
        NOTHING,
        TEXT,
        RODATA,
        DATA,
        BSS,
        SYMTAB,
        STRTAB,
        RELA_TEXT,
        RELA_DATA,
        NAMES,
        SECTIONS
};

static const char *const names[SECTIONS] = {"",           ".text",    ".rodata", ".data",
                                            ".bss",       ".symtab",  ".strtab", ".rela.text",
                                            ".rela.data", ".shstrtab"};

struct objects {
        unsigned version, object;
        enum objects_fault fault;
        uint8_t *out;
        uint32_t base, at, random;
        uint32_t function[FUNCTIONS + 1]; /* in .text */
        uint32_t calls;                   /* places of relocations in .text */
        uint32_t call[FUNCTIONS * BODY_WORDS];
        Elf64_Shdr header[SECTIONS + 2]; /* and one at work */
        uint32_t sections, extra; /* of this object; the number of one that the other one lacks */
};

static uint32_t draw(struct objects *b)
{
        b->random = b->random * 1664525u + 1013904223u;
        return b->random >> 8;
}

static void put32(struct objects *b, uint32_t word)
{
        dl_put32(b->out + b->at, word);
        b->at += 4;
}

static void put64(struct objects *b, uint64_t v)
{
        dl_put64(b->out + b->at, v);
        b->at += 8;
}

/* Section numbers behind the extra one are one more. */
static uint32_t number(const struct objects *b, enum section s)
{
        return (uint32_t)s + (b->extra != 0 && (uint32_t)s >= b->extra);
}

static void begin(struct objects *b, enum section s, uint32_t type, uint32_t align)
{
        b->at = b->base + (b->at - b->base + align - 1) / align * align;
        b->header[number(b, s)] =
                (Elf64_Shdr){.sh_type = type, .sh_offset = b->at - b->base, .sh_addralign = align};
}

static void end(struct objects *b, enum section s)
{
        Elf64_Shdr *h = &b->header[number(b, s)];

        h->sh_size = b->at - b->base - h->sh_offset;
}

static uint32_t grown(const struct objects *b, uint32_t function)
{
        return b->version > 0 && (function + b->object) % 9 == 4 ? 1 + function % 3 : 0;
}

/* Branches to functions of the object itself are complete, calls of others are empty. */
static void put_text(struct objects *b)
{
        b->calls = 0;
        b->function[0] = 0;
        for (uint32_t i = 0; i < FUNCTIONS; i++)
                b->function[i + 1] = b->function[i] + 4 * (BODY_WORDS + grown(b, i));
        begin(b, TEXT, SHT_PROGBITS, 8);
        b->header[number(b, TEXT)].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
        uint32_t start = b->at;
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
                for (uint32_t k = 0; k < grown(b, i); k++)
                        put32(b, 0xd503201fu);
                b->random = i + b->object * FUNCTIONS;
                for (uint32_t k = 0; k < BODY_WORDS; k++) {
                        uint32_t to = b->function[draw(b) % FUNCTIONS];
                        uint32_t other = 0xaa000000u | (draw(b) & 0x1fffe0u) | 8u;
                        if (k % 4 == 2)
                                b->call[b->calls++] = b->at - start;
                        put32(b, k % 4 == 1
                                         ? 0x94000000u | ((to - (b->at - start)) >> 2 & 0x3ffffffu)
                                 : k % 8 == 2 ? 0x94000000u
                                 : k % 8 == 6 ? 0x90000001u
                                              : other);
                }
        }
        end(b, TEXT);
}

/* A string for each function. */
static uint32_t string_at(const struct objects *b, uint32_t i)
{
        return 12 * i + (b->version > 0 ? i / 7 * 3 : 0);
}

static void put_data(struct objects *b)
{
        begin(b, RODATA, SHT_PROGBITS, 1);
        uint32_t start = b->at;
        for (uint32_t i = 0; i < FUNCTIONS; i++)
                (void)snprintf((char *)b->out + start + string_at(b, i), 12, "text %06u",
                               (unsigned)(i * 7919 + b->object * 31) % 1000000);
        b->at = start + string_at(b, FUNCTIONS);
        end(b, RODATA);
        begin(b, DATA, SHT_PROGBITS, 8);
        b->at += 8 * POINTERS;
        end(b, DATA);
        if (b->extra != 0) {
                begin(b, SECTIONS, SHT_PROGBITS, 16);
                b->header[b->extra] = b->header[number(b, SECTIONS)];
                b->header[b->extra].sh_size = 40;
                b->at += 40;
        }
        begin(b, BSS, SHT_NOBITS, 8);
        b->header[number(b, BSS)].sh_size = 64 + b->version * 8;
}

/* The sections' symbols, then one of each function; imports, of which the new version has more. */
#define FIRST_FUNCTION 5u

static uint32_t imports(const struct objects *b)
{
        return 16 + (b->version > 0 ? 3 : 0);
}

static uint32_t import(const struct objects *b, uint32_t i)
{
        return FIRST_FUNCTION + FUNCTIONS + i % 16 + (b->version > 0 ? i % 16 / 6 : 0);
}

static void put_symbol(struct objects *b, uint32_t name, uint32_t info, uint32_t section,
                       uint32_t value, uint32_t size)
{
        bool wild = b->fault == OBJECTS_WILD_ENTRIES && name % 2;

        put32(b, wild ? 0x7fffff00u : name);
        put32(b, info | (wild ? 200u : section) << 16);
        put64(b, wild ? UINT64_MAX - 3 : value);
        put64(b, wild ? UINT64_MAX : size);
}

static void put_symbols(struct objects *b)
{
        static const enum section own[] = {TEXT, RODATA, DATA, BSS};

        begin(b, SYMTAB, b->fault == OBJECTS_NO_SYMBOLS ? SHT_NOTE : SHT_SYMTAB, 8);
        b->header[number(b, SYMTAB)].sh_link = number(b, STRTAB);
        b->header[number(b, SYMTAB)].sh_info = FIRST_FUNCTION;
        put_symbol(b, 0, 0, 0, 0, 0);
        for (uint32_t i = 0; i < 4; i++)
                put_symbol(b, 0, STT_SECTION, number(b, own[i]), 0, 0);
        uint32_t name = 1;
        for (uint32_t i = 0; i < FUNCTIONS; i++, name += 14)
                put_symbol(b, name, 0x10 | STT_FUNC, number(b, TEXT), b->function[i],
                           b->function[i + 1] - b->function[i]);
        for (uint32_t i = 0; i < imports(b); i++, name += 14)
                put_symbol(b, name, 0x10, 0, 0, 0);
        end(b, SYMTAB);
        begin(b, STRTAB, SHT_STRTAB, 1);
        b->at++;
        for (uint32_t i = 0; i < FUNCTIONS + imports(b); i++, b->at += 14)
                (void)snprintf((char *)b->out + b->at, 14, "symbol_%06x",
                               (unsigned)((i + b->object * 97) * 2654435761u >> 9) & 0xffffffu);
        end(b, STRTAB);
}

static void put_relocation(struct objects *b, uint32_t place, uint32_t symbol, uint32_t type,
                           uint32_t addend)
{
        bool wild = b->fault == OBJECTS_WILD_ENTRIES && place % 3 == 0;

        put64(b, wild ? UINT64_MAX - place : place);
        put64(b, (uint64_t)(wild ? 0x7ffffff0u : symbol) << 32 | type);
        put64(b, wild ? 0x80000000u : addend);
}

static void put_relocations(struct objects *b)
{
        bool wild = b->fault == OBJECTS_WILD_LINKS;

        begin(b, RELA_TEXT, SHT_RELA, 8);
        b->header[number(b, RELA_TEXT)].sh_link = wild ? 999 : number(b, SYMTAB);
        b->header[number(b, RELA_TEXT)].sh_info = wild ? 0x10000 : number(b, TEXT);
        for (uint32_t i = 0; i < b->calls; i++) {
                if (i % 2 == 0)
                        put_relocation(b, b->call[i], import(b, i), R_CALL26, 0);
                else
                        put_relocation(b, b->call[i], 2, R_PAGE, string_at(b, i % FUNCTIONS));
        }
        end(b, RELA_TEXT);
        begin(b, RELA_DATA, SHT_RELA, 8);
        b->header[number(b, RELA_DATA)].sh_link = number(b, wild ? RELA_DATA : SYMTAB);
        b->header[number(b, RELA_DATA)].sh_info = number(b, wild ? RELA_DATA : DATA);
        for (uint32_t i = 0; i < POINTERS; i++)
                put_relocation(b, 8 * i, 1, R_ABS64, b->function[i * 7 % FUNCTIONS]);
        end(b, RELA_DATA);
}

static void put_names(struct objects *b)
{
        begin(b, NAMES, SHT_STRTAB, 1);
        for (uint32_t i = 0; i < SECTIONS; i++) {
                size_t n = strlen(names[i]) + 1;
                b->header[number(b, (enum section)i)].sh_name =
                        b->at - b->base - (uint32_t)b->header[number(b, NAMES)].sh_offset;
                memcpy(b->out + b->at, names[i], n);
                b->at += (uint32_t)n;
        }
        if (b->extra != 0) {
                b->header[b->extra].sh_name =
                        b->at - b->base - (uint32_t)b->header[number(b, NAMES)].sh_offset;
                memcpy(b->out + b->at, b->version > 0 ? ".found" : ".lost!", 7);
                b->at += 7;
        }
        end(b, NAMES);
}

static void spoil_sections(struct objects *b)
{
        for (uint32_t i = 1; i < b->sections; i++) {
                Elf64_Shdr *h = &b->header[i];
                if (b->fault == OBJECTS_OVERLAPPING)
                        h->sh_offset = 64;
                if (b->fault == OBJECTS_ODD_SIZES && h->sh_size > 40)
                        h->sh_size -= 7;
        }
        if (b->fault == OBJECTS_NAMES_NOWHERE) {
                uint32_t size = b->sections * (uint32_t)sizeof(b->header[0]);
                b->header[number(b, BSS)].sh_offset = b->at - b->base + size;
                b->header[number(b, BSS)].sh_size = INT32_MAX - 4096;
        }
        if (b->fault == OBJECTS_OUTSIDE)
                b->header[number(b, STRTAB)].sh_size = OBJECTS_SIZE_MAX;
}

static void put_headers(struct objects *b)
{
        b->at = b->base + (b->at - b->base + 7) / 8 * 8;
        const Elf64_Ehdr h = {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1},
                .e_type = ET_REL,
                .e_machine = b->fault == OBJECTS_FOREIGN ? EM_X86_64 : EM_AARCH64,
                .e_shoff = b->at - b->base,
                .e_shentsize = sizeof(Elf64_Shdr),
                .e_shnum = (uint16_t)b->sections,
                .e_shstrndx = (uint16_t)(b->fault == OBJECTS_NO_NAMES        ? 77
                                         : b->fault == OBJECTS_NAMES_NOWHERE ? number(b, BSS)
                                                                             : number(b, NAMES)),
        };

        spoil_sections(b);
        memcpy(b->out + b->base, &h, sizeof(h));
        memcpy(b->out + b->at, b->header, b->sections * sizeof(b->header[0]));
        b->at += b->sections * (uint32_t)sizeof(b->header[0]);
}

static void put_object(struct objects *b)
{
        bool extra = b->object % 3 == (b->version > 0 ? 1u : 2u);

        memset(b->header, 0, sizeof(b->header));
        b->extra = extra ? BSS : 0;
        b->sections = SECTIONS + extra;
        b->at += LEAD;
        b->base = b->at;
        b->at += sizeof(Elf64_Ehdr);
        put_text(b);
        put_data(b);
        put_symbols(b);
        put_relocations(b);
        put_names(b);
        put_headers(b);
}

size_t synthetic_objects(unsigned version, enum objects_fault fault, uint8_t out[OBJECTS_SIZE_MAX])
{
        static struct objects b;

        memset(out, 0, OBJECTS_SIZE_MAX);
        b = (struct objects){.version = version, .fault = fault, .out = out};
        for (b.object = 0; b.object < OBJECTS_EACH; b.object++)
                put_object(&b);
        return b.at;
}
