/* SPDX-License-Identifier: Apache-2.0 */
/* dl_create(): from two images to a patch. */
#include "delta/create/encoder.h"

#include <stdlib.h>
#include <zlib.h>

#include "delta/create/bsdiff40.h"
#include "delta/create/btf.h"
#include "delta/create/kallsyms.h"
#include "delta/create/rela.h"

void tell(const struct encoder *e, const char *phase, uint64_t done, uint64_t total)
{
        if (e->sink->progress)
                e->sink->progress(e->sink->ctx, phase, done, total);
}

static void tell_match(void *ctx, uint64_t done, uint64_t total)
{
        tell(ctx, "match", done, total);
}

struct section *encoder_section(struct encoder *e, enum dl_section_id id, uint32_t count)
{
        uint32_t i = 0;

        while (i < e->section_count && e->sections[i].id != id)
                i++;
        if (i == e->section_count)
                e->sections[e->section_count++].id = id;
        e->sections[i].counts[0] = count;
        return &e->sections[i];
}

void encode_map(struct encoder *e)
{
        struct section *s = encoder_section(e, DL_S_MAP, e->copies.count);
        struct dl_copy last = {0, 0, 0};

        for (uint32_t i = 0; i < e->copies.count; i++) {
                const struct dl_copy *c = &e->copies.list[i];
                bytes_varint(&s->raw, c->to - last.to - last.length);
                last = *c;
        }
        for (uint32_t i = 0; i < e->copies.count; i++)
                bytes_varint(&s->raw, e->copies.list[i].length);
        last = (struct dl_copy){0, 0, 0};
        for (uint32_t i = 0; i < e->copies.count; i++) {
                const struct dl_copy *c = &e->copies.list[i];
                bytes_varint(&s->raw, dl_zigzag((int32_t)(c->from - last.from - last.length)));
                last = *c;
        }
}

void encode_program(struct encoder *e)
{
        const struct dl_refs *r = &e->program.refs;
        struct bytes *b = &encoder_section(e, DL_S_PROGRAM, 1)->raw;
        uint8_t program[DL_P_SIZE];
        uint32_t last = 0, move = 0;

        dl_put32(program + DL_P_FROM_BASE, r->from_base);
        dl_put32(program + DL_P_TO_BASE, r->to_base);
        dl_put32(program + DL_P_FROM_LIMIT, r->from_limit);
        dl_put32(program + DL_P_TO_LIMIT, r->to_limit);
        dl_put64(program + DL_P_FROM_VA, r->from_va);
        dl_put64(program + DL_P_TO_VA, r->to_va);
        bytes_add(b, program, sizeof(program));
        b = &encoder_section(e, DL_S_REGIONS, r->region_count)->raw;
        for (uint32_t i = 0; i < r->region_count; i++) {
                bytes_varint(b, (r->regions[i].from - last) / DL_REGION_UNIT);
                last = r->regions[i].from;
        }
        for (uint32_t i = 0; i < r->region_count; i++)
                bytes_byte(b, (uint8_t)r->regions[i].mode);
        if (r->pin_count == 0)
                return;
        b = &encoder_section(e, DL_S_PINS, r->pin_count)->raw;
        last = 0;
        for (uint32_t i = 0; i < r->pin_count; i++) {
                bytes_varint(b, r->pins[i].from - last);
                last = r->pins[i].from + r->pins[i].length;
        }
        for (uint32_t i = 0; i < r->pin_count; i++)
                bytes_varint(b, r->pins[i].length);
        for (uint32_t i = 0; i < r->pin_count; i++) {
                uint32_t m = r->pins[i].to - r->pins[i].from;
                bytes_varint(b, dl_zigzag((int32_t)(m - move)));
                move = m;
        }
}

static void free_encoder(struct encoder *e)
{
        for (uint32_t i = 0; i < e->section_count; i++) {
                bytes_free(&e->sections[i].raw);
                bytes_free(&e->sections[i].packed);
        }
        for (uint32_t i = 0; e->chunks && i < e->header.segment_count; i++)
                bytes_free(&e->chunks[i]);
        free(e->chunks);
        free(e->from_filled);
        free(e->to_filled);
        copies_free(&e->copies);
        program_close(&e->program);
        mirror_close(e);
}

static void start_header(struct encoder *e)
{
        struct dl_header *h = &e->header;

        h->from_size = e->from->size;
        h->to_size = e->to->size;
        memcpy(h->from_digest, e->from->digest, DL_DIGEST_SIZE);
        memcpy(h->to_digest, e->to->digest, DL_DIGEST_SIZE);
        h->codec = DL_CODEC_ZLIB;
        h->segment_count = (uint32_t)((h->to_size + DL_SEGMENT_SIZE - 1u) / DL_SEGMENT_SIZE);
}

/* Memory of the decoder beside its copies, with all streams. */
static uint64_t plain_arena(const struct encoder *e)
{
        struct dl_arena plan = {NULL, 0};
        struct dl measure = {0};

        measure.header = e->header;
        measure.header.table_size = e->header.segment_count * DL_T_SIZE;
        dl_arena_plan(&measure, &plan);
        return plan.used;
}

/* Match on images whose references are canonical: by content, then by the copies found. */
#define PASSES 3u

static sg_err canonical_by_content(const struct program *p, bool old, uint8_t *out)
{
        uint8_t *plain = malloc((size_t)(old ? p->from.size : p->to.size) + 1);
        sg_err err = SG_E_NO_MEMORY;

        if (plain)
                err = program_canonical(p, old, NAME_NOTHING, NULL, plain);
        if (!err)
                err = program_canonical(p, old, NAME_CONTENT, plain, out);
        free(plain);
        return err;
}

static sg_err match_canonical(struct encoder *e, uint8_t *from, uint8_t *to)
{
        struct program *p = &e->program;
        struct match_job job = {.from = from, .to = to, .tell = tell_match, .ctx = e};
        sg_err err = SG_OK;

        job.from_size = p->from.size;
        job.to_size = p->to.size;
        job.holes = e->holes;
        job.hole_count = e->hole_count;
        for (unsigned pass = 0; !err && pass < PASSES; pass++) {
                if (pass == 0) {
                        err = canonical_by_content(p, true, from);
                        if (!err)
                                err = canonical_by_content(p, false, to);
                } else {
                        err = program_canonical(p, true, NAME_PLACE, NULL, from);
                        if (!err)
                                err = program_canonical(p, false, NAME_PLACE, NULL, to);
                }
                copies_free(&e->copies);
                if (!err)
                        err = match(&job, &e->copies);
                if (!err)
                        err = program_map(p, &e->copies);
                if (!err)
                        err = program_choose_modes(p);
        }
        return err;
}

void encoder_hole(struct encoder *e, uint32_t at, uint32_t size)
{
        uint32_t i = e->hole_count++;

        for (; i > 0 && e->holes[i - 1].at > at; i--)
                e->holes[i] = e->holes[i - 1];
        e->holes[i] = (struct hole){at, size};
}

/* BTF, when both images have it in the form that the model knows. */
static sg_err model_btf(struct encoder *e)
{
        struct btf_place from = btf_find(e->from->data, (uint32_t)e->from->size);
        struct btf_place to = btf_find(e->to->data, (uint32_t)e->to->size);
        struct btf_patch patch = {0};

        if (from.size == 0 || to.size == 0)
                return SG_OK;
        tell(e, "types", 0, 1);
        sg_err err = btf_encode(e->from->data, from, e->to->data, to, &patch);
        if (err) {
                bytes_free(&patch.runs);
                bytes_free(&patch.sent);
                return err == SG_E_DELTA_MODEL ? SG_OK : err;
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

        if (!kallsyms_find(e->from->data, (uint32_t)e->from->size, &from) ||
            !kallsyms_find(e->to->data, (uint32_t)e->to->size, &to))
                return SG_OK;
        tell(e, "symbols", 0, 1);
        sg_err err = kallsyms_encode(e->from->data, &from, e->to->data, &to, &patch);
        if (err) {
                bytes_free(&patch.runs);
                bytes_free(&patch.sent);
                return err == SG_E_DELTA_MODEL ? SG_OK : err;
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

/* Relocations, when both images have a table of them. */
static sg_err model_relocations(struct encoder *e, struct view *from, struct view *to)
{
        struct rela_table a = rela_find(from), b = rela_find(to);

        if (a.count == 0 || b.count == 0)
                return SG_OK;
        encoder_hole(e, b.at, b.count * RELA_ENTRY);
        from->va = a.va;
        to->va = b.va;
        e->from_filled = rela_filled(from, a);
        e->to_filled = rela_filled(to, b);
        if (!e->from_filled || !e->to_filled)
                return SG_E_NO_MEMORY;
        from->bytes = e->from_filled;
        struct section *s = encoder_section(e, DL_S_RELA, a.count);
        s->counts[1] = b.count;
        sg_err err = rela_encode(to, a, b, e->to_filled, e->holes, e->hole_count, &s->raw,
                                 &s->counts[2]);
        to->bytes = e->output = e->to_filled;
        return err;
}

static sg_err open_program(struct encoder *e)
{
        struct view from = {.bytes = e->from->data, .size = (uint32_t)e->from->size};
        struct view to = {.bytes = e->to->data, .size = (uint32_t)e->to->size};

        view_detect(&from);
        view_detect(&to);
        sg_err err = model_relocations(e, &from, &to);
        return err ? err : program_open(&e->program, &from, &to);
}

static sg_err find_copies(struct encoder *e)
{
        uint8_t *from = malloc(e->from->size + 1), *to = malloc(e->to->size + 1);
        sg_err err = SG_E_NO_MEMORY;

        if (from && to)
                err = open_program(e);
        if (!err)
                err = match_canonical(e, from, to);
        free(from);
        free(to);
        return err;
}

static sg_err create(struct encoder *e)
{
        uint64_t limit = e->options->ram_max ? e->options->ram_max : DL_RAM_DEFAULT;
        sg_err err;

        start_header(e);
        e->output = e->to->data;
        if (plain_arena(e) > limit)
                return SG_E_DELTA_RAM;
        err = model_btf(e);
        if (!err)
                err = model_symbols(e);
        if (!err)
                err = find_copies(e);
        if (err)
                return err;
        e->resident = plain_arena(e) + (uint64_t)e->copies.count * DL_COPY_MEMORY <= limit;
        e->references = e->resident;
        e->header.flags = e->resident ? DL_F_RESIDENT : 0;
        if (e->resident)
                encode_map(e);
        if (e->references)
                encode_program(e);
        err = mirror_open(e);
        if (!err)
                err = encode_segments(e);
        return err ? err : encode_patch(e);
}

sg_err dl_create(const struct dl_image *from, const struct dl_image *to,
                 const struct dl_create_options *options, const struct dl_sink *sink)
{
        struct encoder e = {.from = from, .to = to, .options = options, .sink = sink};

        if (from->size > DL_IMAGE_MAX || to->size > DL_IMAGE_MAX)
                return SG_E_DELTA_TOO_LARGE;
        if (options->format == DL_FORMAT_BSDIFF40)
                return bsdiff40_create(from, to, sink);
        if (options->codec != 0 && options->codec != DL_CODEC_ZLIB)
                return SG_E_DELTA_CODEC;
        sg_err err = create(&e);
        free_encoder(&e);
        return err;
}
