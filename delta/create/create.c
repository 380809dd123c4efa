/* SPDX-License-Identifier: Apache-2.0 */
/* dl_create(): from two images to a patch. */
#include "delta/create/encoder.h"

#include <stdlib.h>

#include "delta/create/bsdiff40.h"
#include "delta/create/models.h"

void tell(const struct encoder *e, const char *phase, uint64_t done, uint64_t total)
{
        if (e->sink->progress)
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
                encoder_section(&trial, DL_S_PINS, e->program.refs.pin_count);
        }
        trial.header.section_count = trial.section_count;
        return encoder_arena(&trial);
}

static uint64_t limit_of(const struct encoder *e)
{
        if (e->options->ram_max)
                return e->options->ram_max;
        return e->section_count > 0 ? DL_RAM_KERNEL : DL_RAM_DEFAULT;
}

/* Copies that a kernel's models should leave room for. */
#define COPIES_EXPECTED 16384u

static sg_err choose_models(struct encoder *e)
{
        sg_err err = encode_models(e);

        while (!err && arena_with(e, COPIES_EXPECTED, true) > limit_of(e) && give_up_model(e))
                err = encode_models(e);
        return err;
}

/* At most so many copies are given up for a resident map; beyond, the segments carry them all. */
static bool worth_trimming(const struct encoder *e, uint64_t room)
{
        return e->section_count > 0 || room >= e->copies.count / 2;
}

/* Decide where the copies stand: in a resident map, with references, or in the segments. */
static sg_err fit_memory(struct encoder *e)
{
        uint64_t each = DL_COPY_MEMORY + sizeof(uint32_t), limit = limit_of(e);
        uint64_t fixed = arena_with(e, 0, true);
        uint64_t room = fixed > limit ? 0 : (limit - fixed) / each;

        e->resident = true;
        if (e->copies.count <= room)
                return SG_OK;
        if (worth_trimming(e, room)) {
                e->header.flags |= DL_F_NO_COPIES;
                return keep_copies(e, (uint32_t)room);
        }
        e->resident = false;
        return arena_with(e, 0, false) <= limit ? SG_OK : SG_E_DELTA_RAM;
}

static sg_err encode_sections(struct encoder *e)
{
        e->header.flags |= e->without;
        if (!e->resident)
                return SG_OK;
        e->header.flags |= DL_F_RESIDENT;
        encode_map(e);
        encode_program(e);
        return SG_OK;
}

static sg_err attempt(struct encoder *e)
{
        e->header.flags = 0;
        sg_err err = choose_models(e);
        if (!err && arena_with(e, 0, e->section_count > 0) > limit_of(e))
                err = SG_E_DELTA_RAM;
        if (!err)
                err = find_copies(e);
        if (!err)
                err = fit_memory(e);
        if (!err)
                err = encode_sections(e);
        return err ? err : mirror_open(e);
}

static void end_attempt(struct encoder *e)
{
        mirror_close(e);
        copies_free(&e->copies);
        program_close(&e->program);
        memset(&e->program, 0, sizeof(e->program));
}

static sg_err create(struct encoder *e)
{
        start_header(e);
        sg_err err = attempt(e);
        while (err == SG_E_DELTA_MODEL && give_up_model(e)) { /* the decoder would refuse it */
                end_attempt(e);
                err = attempt(e);
        }
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
