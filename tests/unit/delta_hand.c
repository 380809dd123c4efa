/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_hand.h"

#include "delta/decoder.h"

void put_words(struct words *w, const uint32_t *v, uint32_t count)
{
        assert_true(count <= HAND_WORDS - w->count);
        memcpy(w->v + w->count, v, (size_t)count * 4);
        w->count += count;
}

void hand_begin(struct hand *h, size_t from_size, size_t to_size, uint32_t flags)
{
        struct patch_parts *p = &h->parts;
        uint8_t *b = p->header;

        memset(p, 0, offsetof(struct patch_parts, room));
        p->streams = flags & DL_F_RESIDENT ? DL_DEFLATED : DL_STREAMS;
        p->segments = (uint32_t)((to_size + DL_SEGMENT_SIZE - 1) / DL_SEGMENT_SIZE);
        memcpy(b + DL_H_MAGIC, DL_MAGIC, 8);
        dl_put32(b + DL_H_VERSION, DL_VERSION);
        dl_put32(b + DL_H_FLAGS, flags);
        dl_put64(b + DL_H_FROM_SIZE, from_size);
        dl_put64(b + DL_H_TO_SIZE, to_size);
        memcpy(b + DL_H_FROM_DIGEST, rig_from_digest, DL_DIGEST_SIZE);
        memcpy(b + DL_H_TO_DIGEST, rig_to_digest, DL_DIGEST_SIZE);
        dl_put32(b + DL_H_SEGMENT_COUNT, p->segments);
        dl_put32(b + DL_H_CODEC, DL_CODEC_ZLIB);
}

struct bytes *hand_section(struct hand *h, enum dl_section_id id, const uint32_t counts[DL_COUNTS])
{
        uint8_t *entry = h->parts.directory + (size_t)h->parts.sections * DL_D_SIZE;

        dl_put32(entry + DL_D_ID, id);
        for (size_t i = 0; i < DL_COUNTS; i++)
                dl_put32(entry + DL_D_COUNTS + 4 * i, counts[i]);
        return &h->section[h->parts.sections++];
}

void hand_copy(struct hand *h, uint32_t to, uint32_t from, uint32_t length)
{
        const uint32_t one[DL_COUNTS] = {1};
        uint32_t size = (uint32_t)dl_get64(h->parts.header + DL_H_FROM_SIZE);
        struct bytes *b = hand_section(h, DL_S_MAP, one);

        bytes_varint(b, 1);
        bytes_varint(b, to);
        bytes_varint(b, length);
        bytes_varint(b, dl_zigzag((int32_t)(from > size / 2 ? from - size : from)));
}

struct bytes *hand_stream(struct hand *h, enum dl_stream_id id)
{
        dl_put32(h->parts.header + DL_H_TABLE_SIZE, h->parts.segments * DL_T_SIZE);
        return &h->stream[id];
}

void hand_column(struct bytes *section, const struct words *w)
{
        struct bytes varints = {0};

        for (uint32_t i = 0; i < w->count; i++)
                bytes_varint(&varints, w->v[i]);
        bytes_column(section, &varints);
        bytes_free(&varints);
}

struct buffer hand_end(struct hand *h)
{
        struct patch_parts *p = &h->parts;
        struct buffer patch = {.room = 1u << 20};

        dl_put32(p->header + DL_H_SECTION_COUNT, p->sections);
        for (uint32_t i = 0; i < p->sections; i++) {
                const struct bytes *b = &h->section[i];
                assert_false(b->failed);
                p->section[i] = (struct patch_part){b->data, b->size, true};
                patch_parts_put_size(p, i);
        }
        for (uint32_t i = 0; i < DL_STREAMS; i++)
                p->stream[0][i] = (struct patch_part){h->stream[i].data, h->stream[i].size, true};
        patch.data = malloc(patch.room);
        patch.size = patch_parts_write(p, patch.data, patch.room);
        assert_true(patch.size > 0);
        for (uint32_t i = 0; i < p->sections; i++)
                bytes_free(&h->section[i]);
        for (uint32_t i = 0; i < DL_STREAMS; i++)
                bytes_free(&h->stream[i]);
        return patch;
}

sg_err hand_outcome(struct hand *h, const struct buffer *from, const struct buffer *to)
{
        struct rig r = {.patch = hand_end(h), .from = *from};

        r.to = (struct buffer){.data = calloc(1, to->size + 1), .size = to->size};
        sg_err e = rig_apply(&r);
        if (!e)
                assert_memory_equal(r.to.data, to->data, to->size);
        free(r.to.data);
        free(r.patch.data);
        return e;
}

/* From `at` on, as after a power cut. */
static void expect_pieces(struct dl *dl, const struct dl_made *made, uint32_t at,
                          const uint8_t *expected)
{
        struct guarded piece = guarded_take(DL_PIECE, false);

        for (uint32_t n; at < made->length; at += n) {
                n = 1 + rig_random() % (rig_random() % 2 ? 7 : DL_PIECE);
                n = n < made->length - at ? n : made->length - at;
                uint8_t *out = piece.memory + DL_PIECE - n;
                memset(piece.memory, 0x5a, DL_PIECE);
                assert_int_equal(made->make(dl, at, out, n), SG_OK);
                assert_memory_equal(out, expected + at, n);
                for (const uint8_t *b = piece.memory; b < out; b++)
                        assert_int_equal(*b, 0x5a);
        }
        guarded_free(&piece);
}

void hand_expect_pieces(struct hand *h, const struct buffer *from, const struct buffer *to)
{
        enum { CUTS = 8 };
        struct rig r = {.patch = hand_end(h), .from = *from};
        struct dl_header header = rig_header(&r.patch);
        struct guarded arena = guarded_take(header.arena_size, false);
        struct dl_ops ops = rig_ops(&r);
        struct dl *dl;

        for (uint32_t cut = 0; cut < CUTS; cut++) {
                memset(arena.memory, 0xa5, header.arena_size);
                assert_int_equal(dl_open(&dl, &ops, &header, arena.memory, from->size,
                                         rig_from_digest, NULL),
                                 SG_OK);
                for (uint32_t i = 0; i < dl->made_count; i++) {
                        const struct dl_made *made = &dl->made[i];
                        expect_pieces(dl, made, made->length / CUTS * cut, to->data + made->to);
                }
        }
        guarded_free(&arena);
        free(r.patch.data);
}
