/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A NOR flash that forgives nothing. It counts its operations (a program of one unit, a step of an
 * erase) and can be told to lose power, or to fail once, in any of them. What is interrupted is
 * left in the state that the tear says: bits half changed, bits that read differently each time,
 * units that read blank but may not be programmed. Breaking a rule of NOR flash fails the test.
 */
#ifndef TESTS_STRICT_NOR_H
#define TESTS_STRICT_NOR_H

#include <stdbool.h>
#include <stdint.h>

#include "bootflow/flash.h"

#ifndef NOR_BYTES_MAX /* tests/sim/nor.h has a larger one */
#define NOR_BYTES_MAX (1 << 14)
#endif
#define NOR_ERASE_STEPS 3

enum nor_tear {
        NOR_NOTHING, /* nothing changed that could be read, but the unit or block was touched */
        NOR_ALL,     /* everything changed, but the last bits are weak */
        NOR_ONE_BIT, /* everything changed, but one bit is weak */
        NOR_SOME,    /* some bits changed for good, others not, others are weak */
        NOR_TEARS,
};

struct nor {
        struct bf_flash flash;
        uint8_t bytes[NOR_BYTES_MAX];
        uint8_t weak[NOR_BYTES_MAX]; /* bits that read by chance */
        bool clean[NOR_BYTES_MAX];   /* per unit: erased and not touched since */
        uint64_t seed;
        uint64_t operations; /* so far */
        uint64_t stop_at;    /* the operation that is interrupted; 0: none */
        enum nor_tear tear;
        bool weak_bit_due;
        bool stays_dead; /* a power cut: all that follows fails until nor_power_on */
        bool dead;
        /* Called before each operation, when set; it may call nor_stop(n, 0, ...) to have this very
         * one interrupted. */
        void (*hook)(struct nor *n);
        bool erasing;
        uint32_t erase_block;
        uint32_t erase_steps;
};

/* New from the factory: clean everywhere. */
void nor_init(struct nor *n, uint32_t erase_size, uint32_t blocks, uint32_t unit);
/* Interrupt the operation-th operation from now, 1 being the next (0, in the hook only: this one).
 */
void nor_stop(struct nor *n, uint64_t operation, enum nor_tear tear, bool stays_dead);
/* Weak bits read by another chance from now on. */
void nor_power_on(struct nor *n, uint64_t seed);

#endif
