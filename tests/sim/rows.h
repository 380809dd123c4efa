/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the simulation, as docs/reliability.md lists them. */
#ifndef TESTS_SIM_ROWS_H
#define TESTS_SIM_ROWS_H

#include "tests/sim/world.h"

struct sim_options {
        bool soak; /* everything but what is vast; else a sample that `make test` has the time for
                    */
        bool vast; /* the vast rows alone, whole: for a build without the sanitizers */
        uint64_t seed;
        uint32_t jobs;
        uint64_t operation; /* of a sweep, this one alone; 0: all */
        bool quiet;         /* mutations: a broken promise is what is hoped for */
};

extern struct sim_options sim_options;

enum sim_when {
        SIM_ALWAYS, /* in `make test` by its plan for that, in `make soak` whole */
        SIM_VAST,   /* whole only by --vast */
};

struct sim_row {
        const char *name;
        const char *what;
        void (*run)(const struct sim_row *row);
        const struct world_setup *setup;
        struct sim_plan test, soak; /* of sweeps */
        /* The undisturbed run had so many operations when the row was written: a sweep that counts
         * fewer has lost cases. */
        uint64_t least;
        enum sim_when when;
};

extern const struct sim_row sim_rows[];
extern const uint32_t sim_row_count;

/* Rows of their own: tests/sim/scenes.c. */
void scene_bit_rot(const struct sim_row *row);
void scene_bit_rot_with_image(const struct sim_row *row);
void scene_forged(const struct sim_row *row);
void scene_flipped_chunk(const struct sim_row *row);
void scene_rotten_refill(const struct sim_row *row);
void scene_superseded(const struct sim_row *row);
void scene_resumes(const struct sim_row *row);
void scene_cycles(const struct sim_row *row);
void scene_cycles_before_start(const struct sim_row *row);
void scene_cut_confirm(const struct sim_row *row);
void scene_old_token(const struct sim_row *row);
void scene_rotten_confirmed(const struct sim_row *row);
void scene_no_flapping(const struct sim_row *row);
void scene_bad_loader(const struct sim_row *row);
void scene_read_only_journal(const struct sim_row *row);
void scene_dead_nor(const struct sim_row *row);

/* Setups that several files use. */
extern const struct world_setup setup_delta, setup_image, setup_both, setup_rollback;

/* tests/sim/mutate.c */
void mutate_flushes(const struct sim_row *row);
void mutate_saves(const struct sim_row *row);
void mutate_boot_writes(const struct sim_row *row);

/* A sweep over the world as it stands, switched off, against the end that was remembered. */
void sim_sweep(const struct sim_plan *plan);

#endif
