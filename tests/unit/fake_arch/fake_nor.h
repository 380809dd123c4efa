/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOR chips with the Intel command set, side by side on a bus of 32 bits; strict: a second program
 * of a unit, reading the array while it is busy, a command that the chips do not know or that comes
 * at the wrong time fail the test. Each access takes a microsecond.
 */
#ifndef TESTS_FAKE_NOR_H
#define TESTS_FAKE_NOR_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/machine/nor.h"

#define FAKE_NOR_SIZE  (4u * 65536)
#define FAKE_NOR_BLOCK 65536u

struct fake_nor {
        unsigned chips;    /* 1, 2 or 4 */
        uint8_t features;  /* of the extended table */
        uint8_t suspended; /* what may be done while suspended */
        bool mute;         /* no CFI answer */
        unsigned regions;
        unsigned buffer_log;    /* of one chip's buffer, bytes; 0: none */
        unsigned programs;      /* that it was told to do */
        unsigned program_takes; /* us */
        unsigned erase_takes;
        bool fail_program;
        bool fail_erase;
        bool bad_erase; /* says that it worked, and leaves a byte */
        bool bad_program;
        unsigned suspends;
        unsigned erases;
        uint64_t now;
};

extern struct fake_nor fake_nor;

void fake_nor_reset(void); /* blank; two chips that can suspend */
struct nor_bus fake_nor_bus(void);
uint32_t *fake_nor_words(void);

#endif
