/* SPDX-License-Identifier: Apache-2.0 */
/* Copies packed, for a segment or for the resident map. */
#include "delta/create/encoder.h"

#include <stdlib.h>

#include "delta/create/bits.h"

struct packer {
        struct bits bits;
        struct copy_code code;
};

void pack_copies(struct bytes *to, const struct copies *copies, uint32_t from_size, uint32_t start)
{
        struct packer *p = malloc(sizeof(*p));
        uint32_t count = copies->count;

        to->failed |= !p;
        if (!p)
                return;
        bits_start(&p->bits, to);
        copy_code_start(&p->code, from_size, start);
        (void)copy_code_count(&p->code, &p->bits.coder, &count);
        for (uint32_t i = 0; i < copies->count; i++) {
                struct dl_copy copy = copies->list[i];
                to->failed |= copy_code_next(&p->code, &p->bits.coder, &copy, UINT64_MAX) != SG_OK;
        }
        bits_finish(&p->bits);
        free(p);
}
