/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64 programs in the ELF format: what is loaded where, and what the dynamic linker does. */
#include "delta/create/program.h"

#include <elf.h>
#include <stdlib.h>

#define PAGE 4096u

static bool header_at(const struct view *v, uint32_t at, Elf64_Ehdr *h)
{
        if (v->size - at < sizeof(*h) || memcmp(v->bytes + at, ELFMAG, SELFMAG) != 0)
                return false;
        memcpy(h, v->bytes + at, sizeof(*h));
        return h->e_ident[EI_CLASS] == ELFCLASS64 && h->e_ident[EI_DATA] == ELFDATA2LSB &&
               h->e_machine == EM_AARCH64 && (h->e_type == ET_DYN || h->e_type == ET_EXEC) &&
               h->e_phentsize == sizeof(Elf64_Phdr) && h->e_phoff <= v->size - at &&
               (v->size - at - h->e_phoff) / sizeof(Elf64_Phdr) >= h->e_phnum;
}

static Elf64_Phdr segment(const struct view *v, uint32_t at, const Elf64_Ehdr *h, uint32_t i)
{
        Elf64_Phdr p;

        memcpy(&p, v->bytes + at + h->e_phoff + i * sizeof(p), sizeof(p));
        return p;
}

/* What PT_DYNAMIC says: addresses, 0 for what is not there, and sizes. */
struct dynamic {
        uint64_t symbols, strings, hash, gnu_hash, rela, rela_size, plt, plt_size;
};

static struct dynamic read_dynamic(const struct view *v, uint32_t at, const Elf64_Phdr *p)
{
        uint64_t unused, room = p->p_offset < v->size - at ? v->size - at - p->p_offset : 0;
        uint64_t count = (p->p_filesz < room ? p->p_filesz : room) / sizeof(Elf64_Dyn);
        struct dynamic d = {0};

        for (uint64_t i = 0; i < count; i++) {
                Elf64_Dyn entry;
                memcpy(&entry, v->bytes + at + p->p_offset + i * sizeof(entry), sizeof(entry));
                uint64_t *value = entry.d_tag == DT_SYMTAB     ? &d.symbols
                                  : entry.d_tag == DT_STRTAB   ? &d.strings
                                  : entry.d_tag == DT_HASH     ? &d.hash
                                  : entry.d_tag == DT_GNU_HASH ? &d.gnu_hash
                                  : entry.d_tag == DT_RELA     ? &d.rela
                                  : entry.d_tag == DT_RELASZ   ? &d.rela_size
                                  : entry.d_tag == DT_JMPREL   ? &d.plt
                                  : entry.d_tag == DT_PLTRELSZ ? &d.plt_size
                                                               : &unused;
                *value = entry.d_un.d_val;
        }
        return d;
}

/* Begin a span at an address, unless all are taken; it begins with `table`. */
static void cut(struct dl_span *spans, struct view_program *p, uint64_t address, enum table table)
{
        uint64_t offset = address - p->va;

        for (uint32_t i = 0; address != 0 && i < p->spans; i++) {
                struct dl_span *s = &spans[i];
                if (offset < s->offset || offset - s->offset >= s->size)
                        continue;
                uint32_t first = (uint32_t)offset - s->offset;
                if (first > 0) {
                        if (p->spans == DL_PROGRAM_ROWS)
                                return;
                        memmove(s + 1, s, (p->spans - i) * sizeof(*s));
                        memmove(p->tables + i + 1, p->tables + i, p->spans - i);
                        s[0].size = s[0].memory = first;
                        s[1].at += first;
                        s[1].size -= first;
                        s[1].memory -= first;
                        s[1].offset += first;
                        p->spans++;
                        i++;
                }
                p->tables[i] = (uint8_t)table;
                return;
        }
}

static bool add_span(const struct view *v, uint32_t at, const Elf64_Phdr *h, struct dl_span *spans,
                     struct view_program *p)
{
        uint64_t offset = h->p_vaddr - p->va, end = 0;

        if (h->p_filesz == 0)
                return true;
        if (p->spans > 0)
                end = (uint64_t)spans[p->spans - 1].at + spans[p->spans - 1].size;
        if (p->spans == DL_PROGRAM_ROWS || h->p_offset > v->size - at ||
            h->p_filesz > v->size - at - h->p_offset || h->p_memsz < h->p_filesz ||
            offset > DL_MEMORY_MAX || h->p_memsz > DL_MEMORY_MAX - offset || at + h->p_offset < end)
                return false;
        spans[p->spans++] = (struct dl_span){
                .at = at + (uint32_t)h->p_offset,
                .size = (uint32_t)h->p_filesz,
                .memory = (uint32_t)h->p_memsz,
                .offset = (uint32_t)offset,
        };
        return true;
}

/* `size` bytes at an address; NULL when the file does not have them. */
static const uint8_t *bytes_at(const struct view *v, const struct dl_span *spans,
                               const struct view_program *p, uint64_t address, uint32_t size)
{
        uint64_t offset = address - p->va;

        for (uint32_t i = 0; i < p->spans; i++) {
                const struct dl_span *s = &spans[i];
                if (offset >= s->offset && offset - s->offset < s->size)
                        return s->size - (offset - s->offset) < size
                                       ? NULL
                                       : v->bytes + s->at + (offset - s->offset);
        }
        return NULL;
}

/* Hash tables: heads and chains of symbols; in GNU's a filter is before the heads and the chains
 * are hashes. */
static void cut_hashes(const struct view *v, struct dl_span *spans, struct view_program *p,
                       const struct dynamic *d)
{
        const uint8_t *gnu = bytes_at(v, spans, p, d->gnu_hash, 16);

        if (d->hash != 0)
                cut(spans, p, d->hash + 8, TABLE_NUMBERS);
        if (d->gnu_hash == 0 || !gnu)
                return;
        uint64_t heads = d->gnu_hash + 16 + 8 * (uint64_t)dl_get32(gnu + 8);
        cut(spans, p, heads + 4 * (uint64_t)dl_get32(gnu), TABLE_NONE);
        cut(spans, p, heads, TABLE_NUMBERS);
}

/* The table of unwind entries says, relative to its second word, where the entries are. */
static uint64_t frames_address(const struct view *v, uint32_t at, const Elf64_Phdr *unwind)
{
        static const uint8_t encodings[] = {1, 0x1b, 0x03, 0x3b}; /* version; as GNU ld and lld */
        uint64_t table = at + unwind->p_offset;

        if (unwind->p_filesz < 8 || unwind->p_offset > v->size - at || v->size - table < 8 ||
            memcmp(v->bytes + table, encodings, sizeof(encodings)) != 0)
                return 0;
        return unwind->p_vaddr + 4 + (uint64_t)(int32_t)dl_get32(v->bytes + table + 4);
}

static void cut_tables(struct dl_span *spans, struct view_program *p, const struct dynamic *d)
{
        uint64_t end = d->rela + d->rela_size;

        cut(spans, p, d->plt + d->plt_size, TABLE_NONE);
        if (d->plt != end) {
                cut(spans, p, end, TABLE_NONE);
                cut(spans, p, d->plt, TABLE_RELA);
        }
        cut(spans, p, d->rela, TABLE_RELA);
        cut(spans, p, d->symbols, TABLE_SYMBOLS);
        cut(spans, p, d->strings, TABLE_STRINGS);
}

void elf_spans(const struct view *v, uint32_t at, struct dl_span spans[DL_PROGRAM_ROWS],
               struct view_program *p)
{
        Elf64_Ehdr h;

        *p = (struct view_program){.va = UINT64_MAX};
        if (!header_at(v, at, &h))
                return;
        for (uint32_t i = 0; i < h.e_phnum; i++) {
                Elf64_Phdr s = segment(v, at, &h, i);
                if (s.p_type == PT_LOAD && s.p_vaddr < p->va)
                        p->va = s.p_vaddr / PAGE * PAGE;
        }
        for (uint32_t i = 0; i < h.e_phnum; i++) {
                Elf64_Phdr s = segment(v, at, &h, i);
                if (s.p_type == PT_LOAD && !add_span(v, at, &s, spans, p)) {
                        p->spans = 0;
                        return;
                }
        }
        for (uint32_t i = 0; i < h.e_phnum; i++) {
                Elf64_Phdr s = segment(v, at, &h, i);
                if (s.p_type == PT_DYNAMIC) {
                        struct dynamic d = read_dynamic(v, at, &s);
                        cut_hashes(v, spans, p, &d);
                        cut_tables(spans, p, &d);
                } else if (s.p_type == PT_GNU_EH_FRAME) {
                        cut(spans, p, frames_address(v, at, &s), TABLE_FRAMES);
                        cut(spans, p, s.p_vaddr, TABLE_UNWIND);
                }
        }
}

uint64_t view_string_name(const struct view *v, uint32_t at)
{
        uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
        uint32_t left = v->size - at, end = at + (left < STRING_NAME ? left : STRING_NAME);

        for (; at < end && v->bytes[at] != 0; at++)
                h = (h ^ v->bytes[at]) * 0x100000001b3u;
        return h | 1u;
}

struct linking {
        struct view *v;
        uint32_t program, room;
        struct dynamic dynamic;
        bool failed;
};

/* The file position of `size` bytes at an address; false when they are not in the file. */
static bool at_address(const struct linking *l, uint64_t address, uint32_t size, uint32_t *at)
{
        uint64_t offset = address - l->v->programs[l->program].va;

        return offset <= DL_MEMORY_MAX && view_position(l->v, l->program, (uint32_t)offset, at) &&
               *at < l->v->size && l->v->size - *at >= size;
}

static uint64_t symbol_name(const struct linking *l, uint32_t symbol)
{
        Elf64_Sym s;
        uint32_t at;

        if (symbol == 0 ||
            !at_address(l, l->dynamic.symbols + (uint64_t)symbol * sizeof(s), sizeof(s), &at))
                return 0;
        memcpy(&s, l->v->bytes + at, sizeof(s));
        return at_address(l, l->dynamic.strings + s.st_name, 1, &at) ? view_string_name(l->v, at)
                                                                     : 0;
}

static void add_slot(struct linking *l, const Elf64_Rela *r)
{
        uint64_t offset = (uint64_t)r->r_addend - l->v->programs[l->program].va;
        struct view_slot s = {.name = symbol_name(l, (uint32_t)ELF64_R_SYM(r->r_info))};
        struct view *v = l->v;

        if (!at_address(l, r->r_offset, 8, &s.at) || (s.name == 0 && offset > DL_MEMORY_MAX))
                return;
        if (s.name != 0)
                s.name += (uint64_t)r->r_addend << 1; /* stays odd */
        else
                s.target = (uint32_t)offset;
        if (v->slot_count == l->room) {
                l->room = l->room * 2 + 64;
                struct view_slot *slots = realloc(v->slots, l->room * sizeof(*slots));
                l->failed |= !slots;
                if (!slots)
                        return;
                v->slots = slots;
        }
        v->slots[v->slot_count++] = s;
}

static void add_slots(struct linking *l, uint64_t table, uint64_t size)
{
        Elf64_Rela r;
        uint32_t at;

        for (uint64_t i = 0; !l->failed && i < size / sizeof(r); i++) {
                if (!at_address(l, table + i * sizeof(r), sizeof(r), &at))
                        return;
                memcpy(&r, l->v->bytes + at, sizeof(r));
                add_slot(l, &r);
        }
}

static int by_place(const void *a, const void *b)
{
        const struct view_slot *x = a, *y = b;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        if (x->target != y->target)
                return x->target < y->target ? -1 : 1;
        return x->name < y->name ? -1 : x->name > y->name;
}

sg_err elf_slots(struct view *v, uint32_t at, uint32_t program)
{
        struct linking l = {.v = v, .program = program, .room = v->slot_count};
        uint32_t first = v->slot_count;
        Elf64_Ehdr h;

        if (!header_at(v, at, &h))
                return SG_OK;
        for (uint32_t i = 0; i < h.e_phnum && l.dynamic.strings == 0; i++) {
                Elf64_Phdr s = segment(v, at, &h, i);
                if (s.p_type == PT_DYNAMIC)
                        l.dynamic = read_dynamic(v, at, &s);
        }
        add_slots(&l, l.dynamic.rela, l.dynamic.rela_size);
        add_slots(&l, l.dynamic.plt, l.dynamic.plt_size);
        if (v->slot_count > first)
                qsort(v->slots + first, v->slot_count - first, sizeof(*v->slots), by_place);
        return l.failed ? SG_E_NO_MEMORY : SG_OK;
}
