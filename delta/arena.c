/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: what stands where in the arena, and how the old image is cached. */
#include "delta/models/table.h"

uint8_t *dl_take(struct dl_arena *arena, uint64_t n)
{
        uint8_t *p = arena->base ? arena->base + arena->used : NULL;

        arena->used += (n + DL_ARENA_ALIGN - 1u) & ~(uint64_t)(DL_ARENA_ALIGN - 1u);
        return p;
}

void *dl_take_array(struct dl_arena *arena, uint64_t count, uint64_t size)
{
        return dl_take(arena, count * size);
}

const struct dl_section *dl_section(const struct dl *dl, enum dl_section_id id)
{
        for (uint32_t i = 0; i < dl->header.section_count; i++) {
                if (dl->sections[i].id == id)
                        return &dl->sections[i];
        }
        return NULL;
}

uint32_t dl_count(const struct dl *dl, enum dl_section_id id, unsigned which)
{
        const struct dl_section *s = dl_section(dl, id);

        return s ? s->counts[which] : 0;
}

void dl_arena_plan(struct dl *dl, struct dl_arena *arena)
{
        dl_take(arena, DL_CORE_MEMORY);
        dl->table = dl_take(arena, dl->header.table_size);
        dl->window = dl_take(arena, DL_OUTPUT_WINDOW);
        for (uint32_t i = 0; i < DL_CACHE_LINES; i++)
                dl->cache[i].bytes = dl_take(arena, DL_CACHE_LINE);
        for (uint32_t i = 0; i < DL_DEFLATED; i++) {
                uint8_t *memory = dl_take(arena, DL_STREAM_MEMORY);
                if (memory)
                        dl_stream_init(&dl->streams[i], &dl->ops, memory);
        }
        /* The map is read before any stream. */
        if (dl->header.flags & DL_F_RESIDENT)
                dl->reader = (struct copy_reader *)(void *)dl->streams[0].memory;
        else
                dl->reader = dl_take_array(arena, 1, DL_COPIES_MEMORY);
        dl->map.count = dl_count(dl, DL_S_MAP, 0);
        dl->map.copies =
                (struct dl_copy *)(void *)dl_take(arena, (uint64_t)dl->map.count * DL_COPY_MEMORY);
        for (unsigned i = 0; i < DL_MODELS; i++) {
                if (dl_section(dl, dl_models[i].section))
                        dl_models[i].plan(dl, arena);
        }
}

static sg_err line_for(struct dl *dl, uint64_t pos, struct dl_cache_line **found)
{
        uint64_t start = pos & ~(uint64_t)(DL_CACHE_LINE - 1u);

        for (uint32_t i = 0; i < DL_CACHE_LINES; i++) {
                if (dl->cache[i].length && dl->cache[i].start == start) {
                        *found = &dl->cache[i];
                        return SG_OK;
                }
        }
        struct dl_cache_line *line = &dl->cache[dl->evict];
        uint64_t left = dl->header.from_size - start;
        uint32_t n = left < DL_CACHE_LINE ? (uint32_t)left : DL_CACHE_LINE;
        line->length = 0;
        sg_err e = dl->ops.old_read(dl->ops.ctx, start, line->bytes, n);
        if (e)
                return e;
        line->start = start;
        line->length = n;
        dl->evict = (dl->evict + 1u) % DL_CACHE_LINES;
        *found = line;
        return SG_OK;
}

sg_err dl_old_read(struct dl *dl, uint64_t pos, uint8_t *to, uint32_t n)
{
        while (n > 0) {
                struct dl_cache_line *line;
                sg_err e = line_for(dl, pos, &line);
                if (e)
                        return e;
                uint32_t at = (uint32_t)(pos - line->start);
                uint32_t part = line->length - at;
                if (part > n)
                        part = n;
                memcpy(to, line->bytes + at, part);
                to += part;
                pos += part;
                n -= part;
        }
        return SG_OK;
}

sg_err dl_range_crc(struct dl *dl, uint64_t offset, uint32_t length, uint32_t *crc)
{
        *crc = 0;
        while (length > 0) {
                uint32_t n = length < DL_OUTPUT_WINDOW ? length : DL_OUTPUT_WINDOW;
                sg_err e = dl->ops.patch_read(dl->ops.ctx, offset, dl->window, n);
                if (e)
                        return e;
                *crc = (uint32_t)crc32(*crc, dl->window, n);
                offset += n;
                length -= n;
        }
        return SG_OK;
}

sg_err dl_source_read(struct dl *dl, uint64_t pos, uint8_t *to, uint32_t n)
{
        sg_err e = dl_old_read(dl, pos, to, n);

        return e || !dl->rela.on ? e : dl_rela_fill(dl, pos, to, n);
}
