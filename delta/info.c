/* SPDX-License-Identifier: Apache-2.0 */
/* What a patch is made of. */
#include "delta/decoder.h"

static const char *const section_names[DL_S_LIMIT] = {
        [DL_S_MAP] = "copies",        [DL_S_PROGRAM] = "program",
        [DL_S_REGIONS] = "regions",   [DL_S_RELA] = "relocations",
        [DL_S_BTF] = "btf",           [DL_S_BTF_NEW] = "btf-new",
        [DL_S_KALLSYMS] = "kallsyms", [DL_S_KALLSYMS_NEW] = "kallsyms-new",
        [DL_S_BLOCKS] = "blocks",     [DL_S_OBJECTS] = "objects",
};
static const char *const stream_names[DL_STREAMS] = {
        [DL_GAPS] = "gaps",
        [DL_VALUES] = "values",
        [DL_LITERALS] = "literals",
        [DL_COPIES] = "copies",
};

static struct dl_info_row *row(struct dl_info *info, const char *name)
{
        struct dl_info_row *r = &info->row[info->rows++];

        *r = (struct dl_info_row){name, 0, 0};
        return r;
}

/* Where chunk i is, once it has the checksum that the table states. */
static sg_err check_chunk(struct dl *dl, uint32_t i, uint64_t *offset, uint32_t *length)
{
        const struct dl_header *h = &dl->header;
        uint64_t entry =
                DL_HEADER_SIZE + (uint64_t)h->section_count * DL_D_SIZE + (i - 1ull) * DL_T_SIZE;
        uint8_t wanted[4] = {0};
        uint32_t crc;
        sg_err e = dl_chunk(&dl->ops, h, i, offset, length);

        if (!e && h->table_size > 0)
                e = dl->ops.patch_read(dl->ops.ctx, entry + DL_T_CRC, wanted, sizeof(wanted));
        if (!e)
                e = dl_range_crc(dl, *offset, *length, &crc);
        return e || crc == dl_get32(wanted) ? e : SG_E_DELTA_SEGMENT;
}

static sg_err add_chunks(struct dl *dl, struct dl_info_row *framing, struct dl_info_row *streams)
{
        for (uint32_t i = 1; i < dl->header.chunk_count; i++) {
                uint64_t offset;
                uint32_t length, head, sizes[DL_STREAMS];
                sg_err e = check_chunk(dl, i, &offset, &length);
                if (!e)
                        e = dl_chunk_head(&dl->ops, &dl->header, offset, length, sizes, &head);
                if (e)
                        return e;
                framing->bytes += head;
                for (uint32_t k = 0; k < dl_stream_count(&dl->header); k++)
                        streams[k].bytes += sizes[k];
        }
        return SG_OK;
}

#define NEITHER(flag) (DL_F_NOT_OLD(flag) | DL_F_NOT_NEW(flag))
#define STRUCTURE(name, flag)                                                            \
        {flag, flag, name " found, but not followed: not as the model knows it"},        \
                {DL_F_SHORT(flag), DL_F_SHORT(flag),                                     \
                 name " found, but not followed: memory short"},                         \
                {DL_F_NO_ROOM(flag), DL_F_NO_ROOM(flag),                                 \
                 name " found, but not followed: no room in chunk 0"},                   \
                {NEITHER(flag), DL_F_NOT_OLD(flag), name " not found in the old image"}, \
                {NEITHER(flag), DL_F_NOT_NEW(flag), name " not found in the new image"}, \
        {                                                                                \
                NEITHER(flag), NEITHER(flag), name " found in neither image"             \
        }

/* Of a structure that was found one reason at most. */
static const struct {
        uint32_t mask, flags;
        const char *note;
} notes[] = {
        STRUCTURE("BTF", DL_F_NO_BTF),
        STRUCTURE("kallsyms", DL_F_NO_KALLSYMS),
        STRUCTURE("relocations", DL_F_NO_RELA),
        {DL_F_NO_COPIES, DL_F_NO_COPIES, "short copies given up to stay within the memory limit"},
        {DL_F_FEW_COPIES, DL_F_FEW_COPIES, "shorter copies given up for room in chunk 0"},
        {DL_F_PLAIN, DL_F_PLAIN, "what was found is not followed: the patch without is smaller"},
};

static void add_notes(const struct dl_header *h, struct dl_info *info)
{
        for (unsigned i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
                if ((h->flags & notes[i].mask) == notes[i].flags && info->notes < DL_INFO_NOTES)
                        info->note[info->notes++] = notes[i].note;
        }
}

static sg_err check_table(const struct dl *dl)
{
        uint64_t offset = 0;
        uint32_t length = 0;
        sg_err e = SG_OK;

        for (uint32_t i = 0; !e && i < dl->header.chunk_count; i++)
                e = dl_chunk(&dl->ops, &dl->header, i, &offset, &length);
        return e || offset + length == dl->header.patch_size ? e : SG_E_DELTA_TABLE;
}

/* The arena is measured only; the window reads. */
static sg_err check_chunk0(struct dl *dl, uint8_t window[DL_OUTPUT_WINDOW])
{
        struct dl_arena plan = {NULL, 0};
        sg_err e = dl_directory_read(&dl->ops, &dl->header, dl->sections);

        if (e)
                return e;
        dl_arena_plan(dl, &plan);
        dl->window = window;
        if (plan.used != dl->header.arena_size)
                return SG_E_DELTA_ARENA;
        e = dl_chunk0_check(dl);
        return e ? e : check_table(dl);
}

sg_err dl_info(const struct dl_ops *ops, const struct dl_header *h, struct dl_info *info)
{
        uint8_t window[DL_OUTPUT_WINDOW];
        struct dl dl = {.ops = *ops, .header = *h};

        memset(info, 0, sizeof(*info));
        sg_err e = check_chunk0(&dl, window);
        if (e)
                return e;
        add_notes(h, info);
        struct dl_info_row *framing = row(info, "framing");
        framing->bytes = DL_HEADER_SIZE + h->section_count * DL_D_SIZE + h->table_size;
        for (uint32_t i = 0; i < h->section_count; i++) {
                struct dl_info_row *r = row(info, section_names[dl.sections[i].id]);
                r->bytes = dl.sections[i].packed;
                r->raw = dl.sections[i].raw;
        }
        struct dl_info_row *streams = &info->row[info->rows];
        for (uint32_t i = 0; i < dl_stream_count(h); i++)
                row(info, stream_names[i]);
        return add_chunks(&dl, framing, streams);
}
