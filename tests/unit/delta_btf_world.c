/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/delta_btf_world.h"

struct btf_world btf_world;
static struct btf_world *const w = &btf_world;

uint32_t put_string(struct strings *s, const char *text)
{
        uint32_t at = s->size, n = (uint32_t)strlen(text) + 1;

        assert_true(n <= sizeof(s->text) - at);
        memcpy(s->text + at, text, n);
        s->size += n;
        s->count++;
        return at;
}

void tell_sizes(void)
{
        w->header[0] = 0x0001eb9f;
        w->header[1] = BTF_HEADER;
        w->header[2] = 0;
        w->header[3] = w->header[4] = 4 * w->old.types.count;
        w->header[5] = w->old.strings.size;
        w->from = w->lead;
        w->type_size = 4 * w->new.types.count;
        w->string_size = w->new.strings.size;
        w->runs = w->lengths.count;
        w->count[0] = w->new_types;
        w->count[1] = w->old_types;
        w->count[2] = w->new.strings.count;
        w->count[3] = w->old.strings.count;
        w->new_count[0] = w->texts.size;
        w->new_count[1] = w->sent.count;
        w->new_count[2] = w->texts.count;
        w->new_count[3] = w->gaps.count;
}

static void add_word(struct buffer *b, uint32_t word)
{
        uint8_t bytes[4];

        dl_put32(bytes, word);
        rig_append(b, bytes, 4);
}

static void add_section(struct buffer *b, const uint32_t header[BTF_HEADER / 4],
                        const struct btf *s)
{
        for (uint32_t i = 0; i < BTF_HEADER / 4; i++)
                add_word(b, header[i]);
        for (uint32_t i = 0; i < s->types.count; i++)
                add_word(b, s->types.v[i]);
        rig_append(b, s->strings.text, s->strings.size);
}

static void make_images(void)
{
        const uint32_t header[BTF_HEADER / 4] = {
                0x0001eb9f,         BTF_HEADER, 0, 4 * w->new.types.count, 4 * w->new.types.count,
                w->new.strings.size};
        static const uint8_t zeros[1u << 16];

        w->image.size = w->made.size = 0;
        rig_append(&w->image, zeros, w->lead);
        add_section(&w->image, w->header, &w->old);
        rig_append(&w->image, zeros, w->trail);
        add_section(&w->made, header, &w->new);
        w->made.size -= w->cut;
}

void make_patch(void)
{
        struct bytes *b;

        make_images();
        hand_begin(&w->hand, w->image.size, w->made.size, 0);
        b = hand_section(&w->hand, DL_S_BTF, w->count);
        bytes_word(b, w->from);
        bytes_word(b, w->to);
        bytes_word(b, w->type_size);
        bytes_word(b, w->string_size);
        bytes_word(b, w->runs);
        hand_column(b, &w->lengths);
        hand_column(b, &w->starts);
        for (uint32_t i = 0; i < w->gaps.count; i++)
                bytes_varint(b, w->gaps.v[i]);
        for (uint32_t i = 0; i < w->distances.count; i++)
                bytes_varint(b, w->distances.v[i]);
        bytes_add(b, w->spare.data, w->spare.size);
        if (w->nothing_sent)
                return;
        b = hand_section(&w->hand, DL_S_BTF_NEW, w->new_count);
        bytes_add(b, w->texts.text, w->texts.size);
        hand_column(b, &w->sent);
        bytes_add(b, w->new_spare.data, w->new_spare.size);
}

sg_err outcome(void)
{
        make_patch();
        return hand_outcome(&w->hand, &w->image, &w->made);
}

void clear_world(void)
{
        struct buffer image = w->image, made = w->made;

        bytes_free(&w->spare);
        bytes_free(&w->new_spare);
        memset(w, 0, offsetof(struct btf_world, hand));
        w->image = image;
        w->made = made;
        w->old_types = w->new_types = 1;
}
