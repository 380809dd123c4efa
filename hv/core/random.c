// SPDX-License-Identifier: Apache-2.0
#include "hv/core/random.h"

#include <segue/bytes.h>

struct sip {
        uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, unsigned n)
{
        return x << n | x >> (64 - n);
}

static void rounds(struct sip *s, unsigned n)
{
        while (n--) {
                s->v0 += s->v1;
                s->v2 += s->v3;
                s->v1 = rotl(s->v1, 13) ^ s->v0;
                s->v3 = rotl(s->v3, 16) ^ s->v2;
                s->v0 = rotl(s->v0, 32);
                s->v2 += s->v1;
                s->v0 += s->v3;
                s->v1 = rotl(s->v1, 17) ^ s->v2;
                s->v3 = rotl(s->v3, 21) ^ s->v0;
                s->v2 = rotl(s->v2, 32);
        }
}

static void absorb(struct sip *s, uint64_t word)
{
        s->v3 ^= word;
        rounds(s, 2);
        s->v0 ^= word;
}

uint64_t siphash24(const uint64_t key[2], const uint8_t *message, size_t size)
{
        struct sip s = {
                .v0 = key[0] ^ 0x736f6d6570736575ull,
                .v1 = key[1] ^ 0x646f72616e646f6dull,
                .v2 = key[0] ^ 0x6c7967656e657261ull,
                .v3 = key[1] ^ 0x7465646279746573ull,
        };
        uint64_t last = (uint64_t)(size & 0xff) << 56;
        size_t i = 0;

        for (; i + 8 <= size; i += 8)
                absorb(&s, get_le64(message + i));
        for (unsigned shift = 0; i < size; i++, shift += 8)
                last |= (uint64_t)message[i] << shift;
        absorb(&s, last);
        s.v2 ^= 0xff;
        rounds(&s, 4);
        return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static uint64_t prf_key[2];
static uint64_t counter;

void random_init(const uint8_t *seed, size_t size, uint64_t extra)
{
        const uint64_t half[2][2] = {{extra, 0}, {extra, 1}};

        /* Two different keys, so two independent halves of the PRF's key. */
        prf_key[0] = siphash24(half[0], seed, size);
        prf_key[1] = siphash24(half[1], seed, size);
}

uint64_t random_u64(void)
{
        uint8_t message[8];

        put_le64(message, __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED));
        return siphash24(prf_key, message, sizeof(message));
}
