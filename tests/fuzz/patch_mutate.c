// SPDX-License-Identifier: Apache-2.0
/* One change of one part of a patch. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/patch_parts.h"

static void mutate_part(struct patch_part *part)
{
        part->size = LLVMFuzzerMutate(part->bytes, part->size, part->size + PARTS_GROWTH);
}

/* Its size stays the one that the directory states. */
static void mutate_section(struct patch_parts *p, uint32_t i)
{
        mutate_part(&p->section[i]);
        patch_parts_put_size(p, i);
}

/* The fields from which decoders compute sizes and places; the others are made right again. */
static void mutate_numbers(struct patch_parts *p, unsigned seed)
{
        uint8_t *entry = p->directory + seed % (p->sections ? p->sections : 1) * DL_D_SIZE;

        if (seed % 4 == 0 || p->sections == 0)
                (void)LLVMFuzzerMutate(p->header + DL_H_FLAGS, 20, 20);
        else
                (void)LLVMFuzzerMutate(entry + DL_D_COUNTS, DL_COUNTS * 4, DL_COUNTS * 4);
}

void patch_parts_mutate(struct patch_parts *p, unsigned seed)
{
        uint32_t pick = seed / 8;

        switch (seed % 8) {
        case 0:
                mutate_numbers(p, pick);
                break;
        case 1:
        case 2:
        case 3:
                if (p->sections > 0)
                        mutate_section(p, pick % p->sections);
                break;
        default:
                if (p->segments > 0)
                        mutate_part(&p->stream[pick % p->segments][pick / 8 % p->streams]);
        }
}
