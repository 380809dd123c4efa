/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a patch: everything in chunk 0, and the checkpoint. */
#include "delta/models/table.h"

/* Byte offsets in a checkpoint; the rest is zero. */
enum { C_MAGIC = 0, C_PATCH = 8, C_SEGMENT = 12, C_CRC = DL_CHECKPOINT_SIZE - 4 };
#define C_MAGIC_TEXT "SGDLCKP1"

sg_err dl_directory_read(const struct dl_ops *ops, const struct dl_header *h,
                         struct dl_section sections[DL_SECTIONS_MAX])
{
        uint64_t offset = DL_HEADER_SIZE + (uint64_t)h->section_count * DL_D_SIZE + h->table_size;
        uint32_t last = 0;

        for (uint32_t i = 0; i < h->section_count; i++) {
                uint8_t b[DL_D_SIZE];
                struct dl_section *s = &sections[i];
                sg_err e = ops->patch_read(ops->ctx, DL_HEADER_SIZE + (uint64_t)i * DL_D_SIZE, b,
                                           sizeof(b));
                if (e)
                        return e;
                s->id = dl_get32(b + DL_D_ID);
                s->packed = dl_get32(b + DL_D_PACKED);
                s->raw = dl_get32(b + DL_D_RAW);
                for (unsigned k = 0; k < DL_COUNTS; k++)
                        s->counts[k] = dl_get32(b + DL_D_COUNTS + 4 * k);
                s->crc = dl_get32(b + DL_D_CRC);
                s->offset = offset;
                offset += s->packed;
                if (s->id <= last || s->id >= DL_S_LIMIT || offset > h->chunk0_size)
                        return SG_E_DELTA_HEADER;
                last = s->id;
        }
        return offset == h->chunk0_size ? SG_OK : SG_E_DELTA_HEADER;
}

/* Sections that are read with another one. */
static const struct {
        enum dl_section_id id, reader;
} parts[] = {
        {DL_S_REGIONS, DL_S_PROGRAM},
        {DL_S_OBJECTS, DL_S_PROGRAM},
        {DL_S_BTF_NEW, DL_S_BTF},
        {DL_S_KALLSYMS_NEW, DL_S_KALLSYMS},
};

/* There is no section that nothing reads, and a map just where the header says so. */
static sg_err check_readers(const struct dl *dl)
{
        bool resident = dl->header.flags & DL_F_RESIDENT;

        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
                if (dl_section(dl, parts[i].id) && !dl_section(dl, parts[i].reader))
                        return SG_E_DELTA_HEADER;
        }
        return (dl_section(dl, DL_S_MAP) != NULL) == resident ? SG_OK : SG_E_DELTA_HEADER;
}

sg_err dl_chunk0_check(struct dl *dl)
{
        const struct dl_header *h = &dl->header;
        uint32_t directory = h->section_count * DL_D_SIZE;
        uint32_t crc;
        sg_err e = dl_range_crc(dl, DL_HEADER_SIZE, directory + h->table_size, &crc);

        if (e)
                return e;
        if (crc != h->body_crc)
                return SG_E_DELTA_HEADER;
        for (uint32_t i = 0; i < h->section_count; i++) {
                e = dl_range_crc(dl, dl->sections[i].offset, dl->sections[i].packed, &crc);
                if (e)
                        return e;
                if (crc != dl->sections[i].crc)
                        return SG_E_DELTA_MAP;
        }
        return check_readers(dl);
}

static sg_err read_table(struct dl *dl)
{
        uint64_t offset = DL_HEADER_SIZE + (uint64_t)dl->header.section_count * DL_D_SIZE;

        return dl->ops.patch_read(dl->ops.ctx, offset, dl->table, dl->header.table_size);
}

/* The table's ends must rise, by no more than a chunk each, up to the end of the patch. */
static sg_err check_table(const struct dl *dl)
{
        uint32_t last = 0;

        for (uint32_t i = 0; i * DL_T_SIZE < dl->header.table_size; i++) {
                uint32_t end = dl_get32(dl->table + (size_t)i * DL_T_SIZE + DL_T_END);
                if (end < last || end - last > DL_CHUNK_MAX)
                        return SG_E_DELTA_TABLE;
                last = end;
        }
        return last == dl->header.patch_size - dl->header.chunk0_size ? SG_OK : SG_E_DELTA_TABLE;
}

sg_err dl_section_start(struct dl *dl, enum dl_section_id id)
{
        const struct dl_section *s = dl_section(dl, id);

        return s ? dl_stream_start(&dl->streams[0], s->offset, s->packed) : SG_E_DELTA_MODEL;
}

sg_err dl_section_finish(struct dl *dl, enum dl_section_id id)
{
        const struct dl_stream *s = &dl->streams[0];
        sg_err e = dl_stream_finish(&dl->streams[0]);

        return e || s->unpacked == dl_section(dl, id)->raw ? e : SG_E_DELTA_HEADER;
}

static sg_err read_map(struct dl *dl)
{
        const struct dl_section *s = dl_section(dl, DL_S_MAP);

        if (!s)
                return SG_OK;
        if (s->raw != 0)
                return SG_E_DELTA_HEADER;
        sg_err e = copy_reader_start(dl->reader, &dl->ops, s->offset, s->packed,
                                     (uint32_t)dl->header.from_size, 0);
        return e ? e : dl_map_read(&dl->map, dl->reader, &dl->header);
}

sg_err dl_checkpoint_check(const struct dl_header *h, const struct dl_checkpoint *c)
{
        bool good = memcmp(c->bytes + C_MAGIC, C_MAGIC_TEXT, 8) == 0 &&
                    dl_get32(c->bytes + C_CRC) == crc32(0, c->bytes, C_CRC) &&
                    dl_get32(c->bytes + C_PATCH) == h->crc &&
                    dl_get32(c->bytes + C_SEGMENT) <= h->segment_count;

        return good ? SG_OK : SG_E_DELTA_CHECKPOINT;
}

static sg_err load_checkpoint(struct dl *dl, const struct dl_checkpoint *c)
{
        sg_err e = dl_checkpoint_check(&dl->header, c);

        if (!e)
                dl->segment = dl_get32(c->bytes + C_SEGMENT);
        return e;
}

void dl_checkpoint_save(const struct dl *dl, struct dl_checkpoint *c)
{
        memset(c, 0, sizeof(*c));
        memcpy(c->bytes + C_MAGIC, C_MAGIC_TEXT, 8);
        dl_put32(c->bytes + C_PATCH, dl->header.crc);
        dl_put32(c->bytes + C_SEGMENT, dl->segment);
        dl_put32(c->bytes + C_CRC, (uint32_t)crc32(0, c->bytes, C_CRC));
}

sg_err dl_open(struct dl **out, const struct dl_ops *ops, const struct dl_header *header,
               void *arena, uint64_t from_size, const uint8_t from_digest[DL_DIGEST_SIZE],
               const struct dl_checkpoint *resume)
{
        struct dl *dl = arena;
        struct dl_arena plan = {NULL, 0};

        *out = NULL;
        if (header->arena_size < DL_CORE_MEMORY)
                return SG_E_DELTA_ARENA;
        if (from_size != header->from_size ||
            memcmp(from_digest, header->from_digest, DL_DIGEST_SIZE) != 0)
                return SG_E_DELTA_WRONG_BASE;
        memset(dl, 0, sizeof(*dl));
        dl->ops = *ops;
        dl->header = *header;
        sg_err e = dl_directory_read(ops, header, dl->sections);
        if (e)
                return e;
        dl_arena_plan(dl, &plan);
        if (plan.used != header->arena_size)
                return SG_E_DELTA_ARENA;
        plan.base = arena;
        plan.used = 0;
        dl_arena_plan(dl, &plan);
        e = dl_chunk0_check(dl);
        if (!e)
                e = read_table(dl);
        if (!e)
                e = check_table(dl);
        if (!e)
                e = read_map(dl);
        for (unsigned i = 0; !e && i < DL_MODELS; i++) {
                dl->opening = dl_models[i].section;
                if (dl_section(dl, dl->opening))
                        e = dl_models[i].open(dl);
        }
        if (!e && resume)
                e = load_checkpoint(dl, resume);
        if (!e)
                *out = dl;
        return e;
}
