/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel models in the encoder, one row each; delta/models/table.c lists the decoder's half. */
#include "delta/create/models.h"

#include <stdlib.h>

#include "delta/create/btf.h"
#include "delta/create/kallsyms.h"

/* Where the Image stands in its file; the start of the file when there is none. */
static uint32_t image_base(const struct view *v)
{
        return v->image == NO_IMAGE ? 0 : v->spans[v->programs[v->image].span].at;
}

/* The Image may stand anywhere in its file: alignment counts from its start. */
static struct btf_place find_btf(const struct view *v)
{
        uint32_t base = image_base(v);
        struct btf_place p = btf_find(v->bytes + base, v->size - base);

        p.at += base;
        return p;
}

static bool find_symbols(const struct view *v, struct kallsyms_place_in *p)
{
        uint32_t base = image_base(v);

        if (!kallsyms_find(v->bytes + base, v->size - base, p))
                return false;
        p->names += base;
        p->markers += base;
        p->tokens += base;
        p->index += base;
        p->offsets += p->offsets != 0 ? base : 0;
        p->sorted += p->sorted != 0 ? base : 0;
        return true;
}

/* BTF, when both images have it in the form that the model knows. */
static sg_err model_btf(struct encoder *e)
{
        struct btf_place from = find_btf(&e->from_view), to = find_btf(&e->to_view);
        struct btf_patch patch = {0};

        if (from.size == 0 || to.size == 0)
                return SG_OK;
        tell(e, "types", 0, 1);
        sg_err err = btf_encode(e->from->data, from, e->to->data, to, &patch);
        if (err) {
                bytes_free(&patch.runs);
                bytes_free(&patch.sent);
                return err;
        }
        struct section *s = encoder_section(e, DL_S_BTF, 0);
        s->raw = patch.runs;
        memcpy(s->counts, patch.counts, sizeof(s->counts));
        s = encoder_section(e, DL_S_BTF_NEW, 0);
        s->raw = patch.sent;
        memcpy(s->counts, patch.sent_counts, sizeof(s->counts));
        encoder_hole(e, to.at, to.size);
        return SG_OK;
}

/* The symbol table, when both images have it in the form that the model knows. */
static sg_err model_symbols(struct encoder *e)
{
        struct kallsyms_place_in from, to;
        struct kallsyms_patch patch = {0};

        if (!find_symbols(&e->from_view, &from) || !find_symbols(&e->to_view, &to))
                return SG_OK;
        tell(e, "symbols", 0, 1);
        sg_err err = kallsyms_encode(e->from->data, &from, e->to->data, &to, &patch);
        if (err) {
                bytes_free(&patch.runs);
                bytes_free(&patch.sent);
                return err;
        }
        struct section *s = encoder_section(e, DL_S_KALLSYMS, 0);
        s->raw = patch.runs;
        memcpy(s->counts, patch.counts, sizeof(s->counts));
        s = encoder_section(e, DL_S_KALLSYMS_NEW, 0);
        s->raw = patch.sent;
        memcpy(s->counts, patch.sent_counts, sizeof(s->counts));
        uint32_t blocks = (to.count + KALLSYMS_BLOCK - 1) / KALLSYMS_BLOCK;
        encoder_hole(e, to.names, to.names_size);
        encoder_hole(e, to.markers, 4 * blocks);
        encoder_hole(e, to.tokens, to.token_size);
        encoder_hole(e, to.index, 512);
        if (from.offsets != 0 && to.offsets != 0)
                encoder_hole(e, to.offsets, 4 * to.count);
        if (from.sorted != 0 && to.sorted != 0)
                encoder_hole(e, to.sorted, 3 * to.count);
        return SG_OK;
}

/*
 * Relocations, when both images have a table of them. The last of the models: it must know which
 * output the others make.
 */
static sg_err model_relocations(struct encoder *e)
{
        struct view *from = &e->from_view, *to = &e->to_view;
        struct rela_table a = rela_find(from), b = rela_find(to);
        struct bytes raw = {0};
        uint32_t odd_count;

        if (a.count == 0 || b.count == 0)
                return SG_OK;
        if (image_base(from) % sizeof(uint64_t) != 0 || image_base(to) % sizeof(uint64_t) != 0)
                return SG_E_DELTA_MODEL; /* slots would lie across the pieces of the output */
        from->programs[from->image].va = a.va;
        to->programs[to->image].va = b.va;
        encoder_hole(e, b.at, b.count * RELA_ENTRY);
        sg_err err = rela_encode(to, a, b, e->holes, e->hole_count, &raw, &odd_count, &e->unfilled);
        if (err) {
                bytes_free(&raw);
                return err;
        }
        struct section *s = encoder_section(e, DL_S_RELA, a.count);
        s->raw = raw;
        s->counts[1] = b.count;
        s->counts[2] = odd_count;
        e->from_table = a;
        e->to_table = b;
        return images_fill(e);
}

/* In the order of encoding; when memory is short the first goes first. */
static const struct {
        uint32_t flag; /* set in the header when the model is there and was given up */
        enum dl_section_id id;
        sg_err (*encode)(struct encoder *e);
} models[] = {
        {DL_F_NO_BTF, DL_S_BTF, model_btf},
        {DL_F_NO_KALLSYMS, DL_S_KALLSYMS, model_symbols},
        {DL_F_NO_RELA, DL_S_RELA, model_relocations},
};
#define MODELS (sizeof(models) / sizeof(models[0]))

void encoder_hole(struct encoder *e, uint32_t at, uint32_t size)
{
        uint32_t i = e->hole_count++;

        for (; i > 0 && e->holes[i - 1].at > at; i--)
                e->holes[i] = e->holes[i - 1];
        e->holes[i] = (struct hole){at, size};
}

static sg_err start_models(struct encoder *e)
{
        for (uint32_t i = 0; i < e->section_count; i++) {
                bytes_free(&e->sections[i].raw);
                bytes_free(&e->sections[i].packed);
        }
        memset(e->sections, 0, sizeof(e->sections));
        e->section_count = e->hole_count = 0;
        view_close(&e->from_view);
        view_close(&e->to_view);
        images_clear(e);
        e->from_view.size = (uint32_t)e->from->size;
        e->to_view.size = (uint32_t)e->to->size;
        sg_err err = view_detect(&e->from_view);
        return err ? err : view_detect(&e->to_view);
}

sg_err encode_models(struct encoder *e)
{
        sg_err err;

        do {
                err = start_models(e);
                for (unsigned i = 0; !err && i < MODELS; i++) {
                        if (e->without & models[i].flag)
                                continue;
                        err = models[i].encode(e);
                        if (err == SG_E_DELTA_MODEL)
                                e->without |= models[i].flag;
                }
        } while (err == SG_E_DELTA_MODEL); /* again, without what did not fit */
        return err;
}

bool give_up_model(struct encoder *e)
{
        for (unsigned i = 0; i < MODELS; i++) {
                for (uint32_t k = 0; k < e->section_count; k++) {
                        if (e->sections[k].id == models[i].id) {
                                e->without |= models[i].flag;
                                return true;
                        }
                }
        }
        return false;
}
