/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel models in the encoder, one row each; delta/models/table.c lists the decoder's half. */
#include "delta/create/models.h"

#include <stdlib.h>

#include "delta/create/btf.h"
#include "delta/create/kallsyms.h"

/* The first Image, or all of the file. */
static struct dl_span kernel_span(const struct view *v)
{
        struct dl_span all = {.size = v->size, .memory = v->size};

        return v->image == NO_IMAGE ? all : v->spans[v->programs[v->image].span];
}

/* The Image may stand anywhere in its file: alignment counts from its start. */
static struct btf_place find_btf(const struct view *v)
{
        struct dl_span kernel = kernel_span(v);
        struct btf_place p = btf_find(v->bytes + kernel.at, kernel.size);

        p.at += kernel.at;
        return p;
}

static bool find_symbols(const struct view *v, struct kallsyms_place_in *p)
{
        struct dl_span kernel = kernel_span(v);

        if (!kallsyms_find(v->bytes + kernel.at, kernel.size, p))
                return false;
        p->names += kernel.at;
        p->markers += kernel.at;
        p->tokens += kernel.at;
        p->index += kernel.at;
        p->offsets += p->offsets != 0 ? kernel.at : 0;
        p->sorted += p->sorted != 0 ? kernel.at : 0;
        return true;
}

/* Is a structure in both images? Where there are kernels it is told where it is not. */
static bool both_have(struct encoder *e, uint32_t structure, bool old, bool new)
{
        if (e->from_view.kernels == 0 && e->to_view.kernels == 0 && !old && !new)
                return false;
        e->notes |= old ? 0 : DL_F_NOT_OLD(structure);
        e->notes |= new ? 0 : DL_F_NOT_NEW(structure);
        return old && new;
}

/* BTF, when both images have it in the form that the model knows. */
static sg_err model_btf(struct encoder *e)
{
        struct btf_place from = find_btf(&e->from_view), to = find_btf(&e->to_view);
        struct btf_patch patch = {0};

        if (!both_have(e, DL_F_NO_BTF, from.size > 0, to.size > 0))
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

        bool old = find_symbols(&e->from_view, &from), new = find_symbols(&e->to_view, &to);
        if (!both_have(e, DL_F_NO_KALLSYMS, old, new))
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
        if (from.offsets != 0 && to.offsets != 0) {
                encoder_hole(e, to.offsets, 4 * to.count);
                e->anchors.list[e->anchors.count++] = from.offsets;
        }
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

        if (!both_have(e, DL_F_NO_RELA, a.count > 0, b.count > 0))
                return SG_OK;
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
        e->anchors.list[e->anchors.count++] = a.at;
        e->from_table = a;
        e->to_table = b;
        return images_fill(e);
}

/* In the order of encoding; when memory is short the first goes first. */
static const struct {
        uint32_t flag; /* of the notes on its structure */
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
        e->section_count = e->hole_count = e->anchors.count = 0;
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
        bool again;

        do {
                err = start_models(e);
                for (unsigned i = 0; !err && i < MODELS; i++) {
                        if (e->without & models[i].flag)
                                continue;
                        e->refused = models[i].id;
                        err = models[i].encode(e);
                }
                again = err == SG_E_DELTA_MODEL && give_up_refused(e);
        } while (again); /* without what did not fit */
        return err;
}

/* It opens them with nothing copied, and a program that is but the kernel. */
sg_err try_models(struct encoder *e)
{
        struct dl_program program = {.rows = 1, .symbols = DL_NO_ROW, .strings = DL_NO_ROW};
        struct dl_row row = {.from = kernel_span(&e->from_view), .to = kernel_span(&e->to_view)};

        if (!models_in_use(e))
                return SG_OK;
        if (e->from_table.count > 0) {
                program.from_va = e->from_table.va;
                program.to_va = e->to_table.va;
        }
        e->program.refs = (struct dl_refs){
                .programs = &program, .program_count = 1, .rows = &row, .row_count = 1};
        e->header.flags = DL_F_RESIDENT;
        encode_map(e);
        encode_program(e);
        sg_err err = mirror_open(e);
        mirror_close(e);
        forget_copies(e);
        memset(&e->program, 0, sizeof(e->program));
        return err;
}

static bool in_use(const struct encoder *e, enum dl_section_id id)
{
        uint32_t i = 0;

        while (i < e->section_count && e->sections[i].id != id)
                i++;
        return i < e->section_count;
}

bool models_in_use(const struct encoder *e)
{
        bool any = false;

        for (unsigned i = 0; i < MODELS; i++)
                any |= in_use(e, models[i].id);
        return any;
}

bool give_up_model(struct encoder *e, enum model_limit why)
{
        for (unsigned i = 0; i < MODELS; i++) {
                uint32_t flag = models[i].flag;
                if (!in_use(e, models[i].id))
                        continue;
                e->without |= flag;
                e->notes |= why == MEMORY_SHORT ? DL_F_SHORT(flag) : DL_F_NO_ROOM(flag);
                return true;
        }
        return false;
}

bool give_up_refused(struct encoder *e)
{
        for (unsigned i = 0; i < MODELS; i++) {
                if (models[i].id != e->refused || (e->without & models[i].flag))
                        continue;
                e->without |= models[i].flag;
                e->notes |= models[i].flag;
                return true;
        }
        return false;
}
