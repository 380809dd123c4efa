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
        [DL_GAPS] = "gaps",         [DL_VALUES] = "values",     [DL_LITERALS] = "literals",
        [DL_SKIPS] = "skips",       [DL_LENGTHS] = "lengths",   [DL_SEEKS] = "seeks-1",
        [DL_SEEKS + 1] = "seeks-2", [DL_SEEKS + 2] = "seeks-3", [DL_SEEKS_LAST] = "seeks-4",
};

static struct dl_info_row *row(struct dl_info *info, const char *name)
{
        struct dl_info_row *r = &info->row[info->rows++];

        *r = (struct dl_info_row){name, 0, 0};
        return r;
}

static sg_err add_chunk(const struct dl_ops *ops, uint64_t offset, uint32_t length, uint32_t count,
                        struct dl_info_row *framing, struct dl_info_row *streams)
{
        uint8_t head[5 * DL_STREAMS];
        uint32_t n = length < sizeof(head) ? length : (uint32_t)sizeof(head);
        uint32_t at = 0;

        sg_err e = ops->patch_read(ops->ctx, offset, head, n);
        for (uint32_t i = 0; !e && i < count && length > 0; i++) {
                uint32_t size = 0;
                unsigned shift = 0;
                do {
                        if (at == n || shift > 21)
                                return SG_E_DELTA_SEGMENT;
                        size |= (uint32_t)(head[at] & 127u) << shift;
                        shift += 7;
                } while (head[at++] & 128u);
                streams[i].bytes += size;
        }
        framing->bytes += at;
        return e;
}

static const struct {
        uint32_t flag;
        const char *note;
} notes[] = {
        {DL_F_NO_BTF, "BTF found, but not followed: structure unknown or memory short"},
        {DL_F_NO_KALLSYMS, "kallsyms found, but not followed: structure unknown or memory short"},
        {DL_F_NO_RELA, "relocations found, but not followed: structure unknown or memory short"},
        {DL_F_NO_COPIES, "short copies given up to stay within the memory limit"},
};

static void add_notes(const struct dl_header *h, struct dl_info *info)
{
        for (unsigned i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
                if (h->flags & notes[i].flag)
                        info->note[info->notes++] = notes[i].note;
        }
}

sg_err dl_info(const struct dl_ops *ops, const struct dl_header *h, struct dl_info *info)
{
        struct dl_section sections[DL_SECTIONS_MAX];
        uint32_t count = h->flags & DL_F_RESIDENT ? DL_RESIDENT_STREAMS : DL_STREAMS;

        memset(info, 0, sizeof(*info));
        sg_err e = dl_directory_read(ops, h, sections);
        if (e)
                return e;
        add_notes(h, info);
        struct dl_info_row *framing = row(info, "framing");
        framing->bytes = DL_HEADER_SIZE + h->section_count * DL_D_SIZE + h->table_size;
        for (uint32_t i = 0; i < h->section_count; i++) {
                struct dl_info_row *r = row(info, section_names[sections[i].id]);
                r->bytes = sections[i].packed;
                r->raw = sections[i].raw;
        }
        struct dl_info_row *streams = &info->row[info->rows];
        for (uint32_t i = 0; i < count; i++)
                row(info, stream_names[i]);
        for (uint32_t i = 1; !e && i < h->chunk_count; i++) {
                uint64_t offset;
                uint32_t length;
                e = dl_chunk(ops, h, i, &offset, &length);
                if (!e)
                        e = add_chunk(ops, offset, length, count, framing, streams);
        }
        return e;
}
