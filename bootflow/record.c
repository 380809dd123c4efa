// SPDX-License-Identifier: Apache-2.0
#include "bootflow/record.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include <segue/bytes.h>

#include "bootflow/crc32.h"

/* As in flash: little-endian, without alignment. */
struct slot_image {
        uint8_t digest[BF_DIGEST_SIZE];
        uint8_t counter[4];
        uint8_t state;
        uint8_t priority;
        uint8_t tries_remaining;
        uint8_t interrupted_remaining;
};

struct seal_image {
        uint8_t magic[4];
        uint8_t crc[4]; /* the body's */
        uint8_t zero[24];
};

struct record_image {
        uint8_t magic[4];
        uint8_t format[2];
        uint8_t vm;
        uint8_t zero_0;
        uint8_t sequence[8];
        uint8_t generation[4];
        uint8_t guests[4];
        struct slot_image slot[BF_SLOTS];
        uint8_t failed_digest[BF_DIGEST_SIZE];
        uint8_t token[8];
        uint8_t floor[4];
        uint8_t started;
        uint8_t outcome;
        uint8_t outcome_slot;
        uint8_t cause;
        uint8_t reported;
        uint8_t zero_1[3];
        uint8_t group[4];
        uint8_t zero_2[28];
        uint8_t crc[4]; /* of all before it */
        struct seal_image seal[BF_SEALS];
};
static_assert(sizeof(struct record_image) == BF_ENTRY_SIZE, "the format on flash");
static_assert(offsetof(struct record_image, slot) == 24, "the format on flash");
static_assert(offsetof(struct record_image, failed_digest) == 104, "the format on flash");
static_assert(offsetof(struct record_image, crc) == 188, "the format on flash");
static_assert(offsetof(struct record_image, seal) == BF_BODY_SIZE, "units of their own");
static_assert(sizeof(struct seal_image) == BF_SEAL_SIZE, "a unit of its own");

static const uint8_t magic[4] = {'S', 'G', 'B', 'S'};
static const uint8_t seal_magic[4] = {'S', 'E', 'A', 'L'};

static void encode_slot(struct slot_image *to, const struct bf_slot *s)
{
        memcpy(to->digest, s->digest, BF_DIGEST_SIZE);
        put_le32(to->counter, s->counter);
        to->state = s->state;
        to->priority = s->priority;
        to->tries_remaining = s->tries_remaining;
        to->interrupted_remaining = s->interrupted_remaining;
}

static void decode_slot(struct bf_slot *s, const struct slot_image *from)
{
        memcpy(s->digest, from->digest, BF_DIGEST_SIZE);
        s->counter = get_le32(from->counter);
        s->state = from->state;
        s->priority = from->priority;
        s->tries_remaining = from->tries_remaining;
        s->interrupted_remaining = from->interrupted_remaining;
}

static void encode_guest(struct record_image *to, const struct bf_guest *g)
{
        encode_slot(&to->slot[0], &g->slot[0]);
        encode_slot(&to->slot[1], &g->slot[1]);
        memcpy(to->failed_digest, g->failed_digest, BF_DIGEST_SIZE);
        put_le64(to->token, g->token);
        put_le32(to->floor, g->floor);
        to->started = g->started;
        to->outcome = g->outcome;
        to->outcome_slot = g->outcome_slot;
        to->cause = g->cause;
        to->reported = g->reported;
        put_le32(to->group, g->group);
}

static void decode_guest(struct bf_guest *g, const struct record_image *from)
{
        decode_slot(&g->slot[0], &from->slot[0]);
        decode_slot(&g->slot[1], &from->slot[1]);
        memcpy(g->failed_digest, from->failed_digest, BF_DIGEST_SIZE);
        g->token = get_le64(from->token);
        g->floor = get_le32(from->floor);
        g->started = from->started;
        g->outcome = from->outcome;
        g->outcome_slot = from->outcome_slot;
        g->cause = from->cause;
        g->reported = from->reported;
        g->group = get_le32(from->group);
}

void bf_record_encode(const struct bf_record *r, uint8_t entry[BF_ENTRY_SIZE])
{
        struct record_image image = {.vm = (uint8_t)r->vm};

        memcpy(image.magic, magic, sizeof(magic));
        put_le16(image.format, BF_FORMAT);
        put_le64(image.sequence, r->sequence);
        put_le32(image.generation, r->generation);
        put_le32(image.guests, r->guests);
        encode_guest(&image, &r->guest);
        put_le32(image.crc, bf_crc32((const uint8_t *)&image, offsetof(struct record_image, crc)));
        for (size_t i = 0; i < BF_SEALS; i++) {
                memcpy(image.seal[i].magic, seal_magic, sizeof(seal_magic));
                memcpy(image.seal[i].crc, image.crc, sizeof(image.crc));
        }
        memcpy(entry, &image, BF_ENTRY_SIZE);
}

static bool is_blank(const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] != 0xff)
                        return false;
        return true;
}

static bool is_sealed(const struct record_image *image, size_t seal)
{
        static const uint8_t zero[sizeof(image->seal[0].zero)];
        const struct seal_image *s = &image->seal[seal];

        return memcmp(s->magic, seal_magic, sizeof(seal_magic)) == 0 &&
               memcmp(s->crc, image->crc, sizeof(image->crc)) == 0 &&
               memcmp(s->zero, zero, sizeof(zero)) == 0;
}

enum bf_entry bf_record_decode(const uint8_t entry[BF_ENTRY_SIZE], struct bf_record *r)
{
        struct record_image image;

        if (is_blank(entry, BF_ENTRY_SIZE))
                return BF_ENTRY_BLANK;
        memcpy(&image, entry, sizeof(image));
        if (memcmp(image.magic, magic, sizeof(magic)) != 0 ||
            get_le32(image.crc) != bf_crc32(entry, offsetof(struct record_image, crc)))
                return BF_ENTRY_BROKEN;
        if (get_le16(image.format) > BF_FORMAT)
                return BF_ENTRY_LATER;
        r->sequence = get_le64(image.sequence);
        r->generation = get_le32(image.generation);
        r->guests = get_le32(image.guests);
        r->vm = image.vm;
        decode_guest(&r->guest, &image);
        if (get_le16(image.format) != BF_FORMAT || r->vm >= BF_GUESTS_MAX ||
            !(r->guests >> r->vm & 1) || r->guests >> BF_GUESTS_MAX || bf_guest_check(&r->guest))
                return BF_ENTRY_BROKEN;
        if (!is_sealed(&image, 0))
                return BF_ENTRY_UNSEALED;
        return is_sealed(&image, 1) ? BF_ENTRY_SETTLED : BF_ENTRY_SEALED;
}
