/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device: disk, NOR, hv, the update partition's engine, and two guests that behave well, or
 * crash. A row sets it up, runs it once undisturbed to learn how it ends, and then under faults.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "tests/sim/fault.h"
#include "tests/sim/fixture.h"

struct world_setup {
        const char *name;
        uint32_t sector, physical;         /* bytes */
        uint32_t erase_size, blocks, unit; /* of the NOR bank's journal */
        uint32_t slot_size[2];             /* of `personal`; 0: as large as the image */
        uint32_t image_size;
        enum fixture_kind kind;
        uint32_t piece;  /* of a full image's payload */
        bool crashes;    /* the new image: a rollback */
        bool lazy_erase; /* hv's housekeeping never comes to erase ahead */
        bool by_gpt;     /* partitions are found by a GPT, and read through update's cache */
};

/* Makes the device as it leaves the factory, with the package in its inbox, switched off. */
void world_make(const struct world_setup *setup);
/* The same device again, without making images and packages anew. */
void world_reset(void);

/* Switches on, if it is off, and runs until nothing more happens, through whatever faults come. */
void world_run(void);
/* Off and on again in peace. */
void world_power_cycle(void);

/* By the devices: the power is gone now; what was not flushed is cut in that way. */
void world_power_off(uint32_t way, uint64_t seed);
/* By the devices: the update partition is dead at the next boundary. */
void world_kill(void);
bool world_is_down(void);
bool world_is_running(void); /* the device's own code is at work */
/* Where code of the device cannot go on after a fault. */
void world_boundary(void);

/* Remembers how an undisturbed run ended. */
void world_remember(void);
/* The promise: it ended as the undisturbed run did. */
void world_check_end(void);
/* Weaker: the guest runs a whole image, old or new, and nobody else was touched. */
void world_check_alive(void);

/* A torn physical sector may reach into a piece that was done. */
bool world_may_lose_work(void);

void world_note(const char *line);
void world_print_log(void);
bool world_logged(const char *text);

#endif
