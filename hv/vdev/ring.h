/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of bytes between one producer and one consumer on different cores, without a lock. Where
 * several cores produce, a lock of theirs makes them one. `size` is a power of two.
 */
#ifndef HV_VDEV_RING_H
#define HV_VDEV_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring {
        uint8_t *bytes;
        uint32_t size;
        uint32_t head; /* bytes ever put; written by the producer */
        uint32_t tail; /* bytes ever taken; written by the consumer */
};

static inline void ring_init(struct ring *r, uint8_t *bytes, uint32_t size)
{
        r->bytes = bytes;
        r->size = size;
        r->head = 0;
        r->tail = 0;
}

static inline uint32_t ring_used(const struct ring *r)
{
        return __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) -
               __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
}

/* Producer. false: full. */
static inline bool ring_put(struct ring *r, uint8_t byte)
{
        if (ring_used(r) == r->size)
                return false;
        r->bytes[r->head & (r->size - 1)] = byte;
        /* Release: the byte is there before the consumer can count it. */
        __atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
        return true;
}

/* Consumer. The byte `at` places behind the next one; at < ring_used(). */
static inline uint8_t ring_peek(const struct ring *r, uint32_t at)
{
        return r->bytes[(r->tail + at) & (r->size - 1)];
}

/* Consumer. n <= ring_used(). */
static inline void ring_drop(struct ring *r, uint32_t n)
{
        /* Release: the bytes were read before the producer can overwrite them. */
        __atomic_store_n(&r->tail, r->tail + n, __ATOMIC_RELEASE);
}

#endif
