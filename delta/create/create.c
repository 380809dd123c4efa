/* SPDX-License-Identifier: Apache-2.0 */
/* dl_create(): from two images to a patch. */
#include "delta/create/encoder.h"

#include <stdlib.h>

#include "delta/create/bsdiff40.h"
#include "delta/create/models.h"
#include "delta/create/objects.h"

void tell(const struct encoder *e, const char *phase, uint64_t done, uint64_t total)
{
        if (e->sink && e->sink->progress)
                e->sink->progress(e->sink->ctx, phase, done, total);
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

void encoder_free(struct encoder *e)
{
        for (uint32_t i = 0; i < e->section_count; i++) {
                bytes_free(&e->sections[i].raw);
                bytes_free(&e->sections[i].packed);
        }
        for (uint32_t i = 0; e->chunks && i < e->header.segment_count; i++)
                bytes_free(&e->chunks[i]);
        free(e->chunks);
        bytes_free(&e->sorted);
        images_clear(e);
        copies_free(&e->copies);
        program_close(&e->program);
        view_close(&e->from_view);
        view_close(&e->to_view);
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

static_assert(DL_RAM_MIN == DL_CORE_MEMORY + DL_OUTPUT_WINDOW + DL_CACHE_LINES * DL_CACHE_LINE +
                                    DL_DEFLATED * DL_STREAM_MEMORY + DL_COPIES_MEMORY +
                                    (DL_IMAGE_MAX / DL_SEGMENT_SIZE + 1) * DL_T_SIZE,
              "a plain patch to the largest image");

/* What the decoder will take with so many copies, with their references or in the segments. */
static uint64_t arena_with(const struct encoder *e, uint32_t copies, bool resident)
{
        struct encoder trial = *e;

        trial.header.flags = resident ? DL_F_RESIDENT : 0;
        trial.header.table_size = e->header.segment_count * DL_T_SIZE;
        if (resident) {
                encoder_section(&trial, DL_S_MAP, copies);
                encoder_section(&trial, DL_S_PROGRAM, e->program.refs.row_count)->counts[1] =
                        e->program.refs.program_count;
                encoder_section(&trial, DL_S_REGIONS, e->program.refs.region_count);
                if (e->program.refs.objects.count > 0)
                        encoder_section(&trial, DL_S_OBJECTS, e->program.refs.objects.count)
                                ->counts[1] = e->program.refs.objects.section_count;
        }
        trial.header.section_count = trial.section_count;
        return encoder_arena(&trial);
}

uint64_t encoder_limit(const struct encoder *e)
{
        if (e->options->ram_max)
                return e->options->ram_max;
        return models_in_use(e) ? DL_RAM_KERNEL : DL_RAM_DEFAULT;
}

/* Copies that a kernel's models should leave room for. */
#define COPIES_EXPECTED 16384u

/* Of the models in use the one by which this error came; false when that cannot be told. */
static bool give_up_failed(struct encoder *e, sg_err err)
{
        return (err == SG_E_DELTA_MODEL && give_up_refused(e)) ||
               (err == SG_E_DELTA_MAP && give_up_model(e, CHUNK_FULL)) ||
               (err == SG_E_DELTA_RAM && give_up_model(e, MEMORY_SHORT));
}

static sg_err choose_models(struct encoder *e)
{
        bool again = true;
        sg_err err = SG_OK;

        while (again) {
                err = encode_models(e);
                again = !err && arena_with(e, COPIES_EXPECTED, true) > encoder_limit(e) &&
                        give_up_model(e, MEMORY_SHORT);
                if (!err && !again)
                        err = try_models(e);
                again |= give_up_failed(e, err);
        }
        return err;
}

/* Objects take a quarter of what is left at most, and leave copies the rest. */
static void fit_objects(struct encoder *e)
{
        uint64_t fixed, limit = encoder_limit(e);
        struct encoder trial = *e;

        trial.program.refs.objects.count = 0;
        fixed = arena_with(&trial, 0, true);
        objects_fit(&e->program, fixed < limit ? (limit - fixed) / 4 : 0);
}

/*
 * Give up the shortest copies that have no room; should they be many the rival is smaller. Fewer
 * copies may take more regions.
 */
static sg_err fit_memory(struct encoder *e)
{
        fit_objects(e);
        uint64_t each = DL_COPY_MEMORY + sizeof(uint32_t), limit = encoder_limit(e), used;
        sg_err err = SG_OK;

        if (arena_with(e, 0, true) > limit)
                return SG_E_DELTA_RAM;
        e->resident = true;
        while (!err && (used = arena_with(e, e->copies.count, true)) > limit) {
                uint64_t over = (used - limit + each - 1) / each;
                if (e->copies.count == 0)
                        return SG_E_DELTA_RAM;
                e->notes |= DL_F_NO_COPIES;
                err = keep_copies(e, over < e->copies.count ? e->copies.count - (uint32_t)over : 0);
        }
        return err;
}

static void encode_sections(struct encoder *e)
{
        e->header.flags = e->notes | DL_F_RESIDENT;
        encode_map(e);
        encode_program(e);
}

/* Half of the copies, the shorter ones, and all that was made with them. */
static sg_err give_up_copies(struct encoder *e)
{
        mirror_close(e);
        forget_copies(e);
        e->notes |= DL_F_FEW_COPIES;
        sg_err err = keep_copies(e, e->copies.count / 2);
        if (err)
                return err;
        encode_sections(e);
        return mirror_open(e);
}

/* A kernel's own models leave a plain patch no chance, but where they are those of one of several.
 */
static bool has_rival(const struct encoder *e)
{
        return e->from_view.kernels > 1 || e->to_view.kernels > 1 || e->section_count == 0 ||
               (e->section_count == 1 && e->sections[0].id == DL_S_RELA);
}

static sg_err attempt(struct encoder *e, struct rival *rival)
{
        e->notes &= ~(DL_F_NO_COPIES | DL_F_FEW_COPIES);
        sg_err err = choose_models(e);
        if (!err && rival && has_rival(e))
                rival_start(rival);
        if (!err && arena_with(e, 0, true) > encoder_limit(e))
                err = SG_E_DELTA_RAM;
        if (!err)
                err = find_copies(e);
        if (!err)
                err = fit_memory(e);
        if (err)
                return err;
        encode_sections(e);
        err = mirror_open(e);
        while (err == SG_E_DELTA_MAP && e->copies.count > 0) /* no room in chunk 0 */
                err = give_up_copies(e);
        return err;
}

static sg_err attempt_plain(struct encoder *e)
{
        e->output = e->to->data;
        sg_err err =
                arena_with(e, 0, false) > encoder_limit(e) ? SG_E_DELTA_RAM : find_plain_copies(e);

        if (!err)
                err = find_echoes(e);
        return err ? err : mirror_open(e);
}

static bool is_same(const struct dl_image *from, const struct dl_image *to)
{
        return from->size == to->size && to->size > 0 &&
               memcmp(from->digest, to->digest, DL_DIGEST_SIZE) == 0;
}

/* The same image: one copy, without a search for it. */
static sg_err attempt_same(struct encoder *e)
{
        sg_err err = copies_add(&e->copies, 0, 0, (uint32_t)e->to->size);

        images_clear(e);
        e->resident = true;
        encode_sections(e);
        return err ? err : mirror_open(e);
}

static void end_attempt(struct encoder *e)
{
        mirror_close(e);
        copies_free(&e->copies);
        program_close(&e->program);
        memset(&e->program, 0, sizeof(e->program));
}

sg_err encode(struct encoder *e, struct rival *rival)
{
        start_header(e);
        sg_err err = SG_OK;
        if (e->plain)
                err = attempt_plain(e);
        else
                err = is_same(e->from, e->to) ? attempt_same(e) : attempt(e, rival);
        while (give_up_failed(e, err)) {
                end_attempt(e);
                err = attempt(e, rival);
        }
        if (!err)
                err = encode_segments(e);
        return err ? err : encode_patch(e);
}

/* Bytes that a plain patch must save: it takes more of the device's memory. */
#define RIVAL_MARGIN 256u

/* What one way of encoding cannot do within its limits the other one may. */
static sg_err write_smaller(const struct dl_sink *sink, const struct encoder *e, sg_err err,
                            struct rival *rival)
{
        const struct bytes *best = &e->patch;
        struct bytes *plain = &rival->encoder.patch;

        if (rival->wanted && !rival->err && (err || plain->size + RIVAL_MARGIN < best->size)) {
                patch_note(plain, e->notes & ~(DL_F_NO_COPIES | DL_F_FEW_COPIES));
                best = plain;
                err = SG_OK;
        }
        return err ? err : sink->write(sink->ctx, best->data, best->size);
}

sg_err create_within(const struct dl_image *from, const struct dl_image *to,
                     const struct dl_create_options *options, const struct dl_sink *sink,
                     uint32_t chunk0_max)
{
        struct encoder e = {
                .from = from, .to = to, .options = options, .sink = sink, .chunk0_max = chunk0_max};
        struct rival rival;

        rival_init(&rival, &e);
        sg_err err = encode(&e, &rival);
        if (!err && models_in_use(&e))
                e.notes |= DL_F_PLAIN; /* should the rival be smaller */
        encoder_free(&e);
        if (err == SG_E_DELTA_RAM || err == SG_E_DELTA_MAP || err == SG_E_DELTA_MODEL)
                rival_start(&rival);
        rival_finish(&rival, sink);
        if (rival.wanted && rival.err == SG_E_NO_MEMORY)
                err = SG_E_NO_MEMORY;
        /* Which way is smaller is not left to how much memory there is. */
        if (err != SG_E_NO_MEMORY)
                err = write_smaller(sink, &e, err, &rival);
        bytes_free(&e.patch);
        bytes_free(&rival.encoder.patch);
        return err;
}

sg_err dl_create(const struct dl_image *from, const struct dl_image *to,
                 const struct dl_create_options *options, const struct dl_sink *sink)
{
        if (from->size > DL_IMAGE_MAX || to->size > DL_IMAGE_MAX)
                return SG_E_DELTA_TOO_LARGE;
        if (options->ram_max != 0 && options->ram_max < DL_RAM_MIN)
                return SG_E_DELTA_RAM;
        if (options->format == DL_FORMAT_BSDIFF40)
                return bsdiff40_create(from, to, sink);
        if (options->codec != 0 && options->codec != DL_CODEC_ZLIB)
                return SG_E_DELTA_CODEC;
        return create_within(from, to, options, sink, DL_CHUNK_MAX);
}
