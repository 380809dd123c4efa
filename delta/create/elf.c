/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64 programs in the ELF format: which part of the file is loaded where. */
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

/* Cut the span that holds the table of unwind entries in two: its words count from its start. */
static uint32_t split(struct dl_span *spans, uint32_t count, uint64_t offset)
{
        for (uint32_t i = 0; i < count && count < DL_PROGRAM_ROWS; i++) {
                struct dl_span *s = &spans[i];
                if (offset <= s->offset || offset - s->offset >= s->size)
                        continue;
                uint32_t first = (uint32_t)offset - s->offset;
                memmove(s + 1, s, (count - i) * sizeof(*s));
                s[0].size = s[0].memory = first;
                s[1].at += first;
                s[1].size -= first;
                s[1].memory -= first;
                s[1].offset += first;
                return count + 1;
        }
        return count;
}

static bool add_span(const struct view *v, uint32_t at, const Elf64_Phdr *p, uint64_t va,
                     struct dl_span *spans, uint32_t *count)
{
        const struct dl_span *last = *count > 0 ? &spans[*count - 1] : NULL;
        uint64_t offset = p->p_vaddr - va;

        if (p->p_filesz == 0)
                return true;
        if (*count == DL_PROGRAM_ROWS || p->p_offset > v->size - at ||
            p->p_filesz > v->size - at - p->p_offset || p->p_memsz < p->p_filesz ||
            offset > DL_MEMORY_MAX || p->p_memsz > DL_MEMORY_MAX - offset ||
            (last && at + p->p_offset < (uint64_t)last->at + last->size))
                return false;
        spans[(*count)++] = (struct dl_span){
                .at = at + (uint32_t)p->p_offset,
                .size = (uint32_t)p->p_filesz,
                .memory = (uint32_t)p->p_memsz,
                .offset = (uint32_t)offset,
        };
        return true;
}

uint32_t elf_spans(const struct view *v, uint32_t at, struct dl_span spans[DL_PROGRAM_ROWS],
                   uint64_t *va)
{
        Elf64_Ehdr h;
        uint64_t unwind = 0;
        uint32_t count = 0;

        if (!header_at(v, at, &h))
                return 0;
        *va = UINT64_MAX;
        for (uint32_t i = 0; i < h.e_phnum; i++) {
                Elf64_Phdr p = segment(v, at, &h, i);
                if (p.p_type == PT_LOAD && p.p_vaddr < *va)
                        *va = p.p_vaddr / PAGE * PAGE;
                if (p.p_type == PT_GNU_EH_FRAME)
                        unwind = p.p_vaddr;
        }
        for (uint32_t i = 0; i < h.e_phnum; i++) {
                Elf64_Phdr p = segment(v, at, &h, i);
                if (p.p_type == PT_LOAD && !add_span(v, at, &p, *va, spans, &count))
                        return 0;
        }
        return unwind > *va ? split(spans, count, unwind - *va) : count;
}
