/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images with addresses in their slots, where relocations fill them. They are made again rather
 * than kept while the most memory is taken.
 */
#include "delta/create/encoder.h"

#include "delta/create/large.h"

static void drop(struct encoder *e)
{
        large_free(e->from_filled, e->from->size);
        large_free(e->to_filled, e->to->size);
        e->from_filled = e->to_filled = NULL;
}

/* Views and output are the filled images, or the files where there are none. */
static void show(struct encoder *e)
{
        const uint8_t *from = e->from_filled ? e->from_filled : e->from->data;
        const uint8_t *to = e->to_filled ? e->to_filled : e->to->data;

        e->from_view.bytes = e->program.from.bytes = from;
        e->to_view.bytes = e->program.to.bytes = e->output = to;
}

void images_clear(struct encoder *e)
{
        drop(e);
        bytes_free(&e->unfilled);
        e->from_table = e->to_table = (struct rela_table){0, 0, 0};
        show(e);
}

static void let_go_files(const struct encoder *e)
{
        if (e->sink && e->sink->let_go)
                e->sink->let_go(e->sink->ctx);
}

sg_err images_fill(struct encoder *e)
{
        if (e->to_table.count == 0)
                return SG_OK;
        e->from_filled = rela_filled(&e->from_view, e->from_table, NULL);
        e->to_filled = rela_filled(&e->to_view, e->to_table, &e->unfilled);
        if (!e->from_filled || !e->to_filled)
                return SG_E_NO_MEMORY;
        show(e);
        let_go_files(e);
        return SG_OK;
}

void images_let_go(struct encoder *e)
{
        drop(e);
        show(e);
        let_go_files(e);
}
