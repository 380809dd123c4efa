/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/sim/world_internal.h"

#define IMAGE         (24u << 10)
#define SMALL         (8u << 10) /* of the pairs: few sectors, all of the path */

#define MUTANTS_EVERY 4u /* a mutant is shown a sample of the faults only */

#define ALL_FAULTS    (SIM_POWER | SIM_KILL | SIM_IO)

struct sim_options sim_options = {.seed = 1, .jobs = 1};

#define SECTORS(size, in)            .sector = (size), .physical = (in)
#define NOR(size, count, programmed) .erase_size = (size), .blocks = (count), .unit = (programmed)
const struct world_setup setup_delta = {.name = "delta",
                                        SECTORS(512, 512),
                                        NOR(4096, 4, 32),
                                        .image_size = IMAGE,
                                        .kind = FIXTURE_DELTA};
const struct world_setup setup_image = {.name = "image",
                                        SECTORS(512, 4096),
                                        NOR(4096, 4, 32),
                                        .image_size = IMAGE,
                                        .kind = FIXTURE_IMAGE,
                                        .piece = 8192};
const struct world_setup setup_both = {.name = "both",
                                       SECTORS(512, 512),
                                       NOR(4096, 4, 32),
                                       .image_size = IMAGE,
                                       .kind = FIXTURE_BOTH,
                                       .piece = 8192};
const struct world_setup setup_rollback = {.name = "rollback",
                                           SECTORS(512, 512),
                                           NOR(4096, 4, 32),
                                           .image_size = IMAGE,
                                           .kind = FIXTURE_DELTA,
                                           .crashes = true};
static const struct world_setup uneven_pieces = {.name = "uneven pieces",
                                                 SECTORS(512, 4096),
                                                 NOR(4096, 4, 32),
                                                 .image_size = IMAGE,
                                                 .kind = FIXTURE_IMAGE,
                                                 .piece = 5000};
static const struct world_setup pairs_update = {.name = "pairs",
                                                SECTORS(512, 512),
                                                NOR(4096, 4, 32),
                                                .image_size = SMALL,
                                                .kind = FIXTURE_DELTA};
static const struct world_setup pairs_rollback = {.name = "pairs",
                                                  SECTORS(512, 512),
                                                  NOR(4096, 4, 32),
                                                  .image_size = SMALL,
                                                  .kind = FIXTURE_DELTA,
                                                  .crashes = true};
static const struct world_setup two_segments = {.name = "large",
                                                SECTORS(512, 4096),
                                                NOR(4096, 16, 32),
                                                .image_size = 1100u << 10,
                                                .kind = FIXTURE_DELTA};
static const struct world_setup two_guests = {.name = "two guests",
                                              SECTORS(512, 512),
                                              NOR(4096, 4, 32),
                                              .image_size = SMALL,
                                              .kind = FIXTURE_TWO};
static const struct world_setup two_guests_rollback = {.name = "two guests",
                                                       SECTORS(512, 512),
                                                       NOR(4096, 4, 32),
                                                       .image_size = SMALL,
                                                       .kind = FIXTURE_TWO,
                                                       .crashes = true};
static const struct world_setup by_gpt = {.name = "partition table",
                                          SECTORS(512, 4096),
                                          NOR(4096, 4, 32),
                                          .image_size = IMAGE,
                                          .kind = FIXTURE_DELTA,
                                          .by_gpt = true};
static const struct world_setup few_blocks = {.name = "few blocks",
                                              SECTORS(512, 512),
                                              NOR(4096, 2, 32),
                                              .image_size = SMALL,
                                              .kind = FIXTURE_DELTA,
                                              .lazy_erase = true};
static const struct world_setup geometries[] = {
        {.name = "sectors of 4096",
         SECTORS(4096, 4096),
         NOR(4096, 4, 4),
         .image_size = IMAGE,
         .kind = FIXTURE_DELTA},
        {.name = "512 on 4096",
         SECTORS(512, 4096),
         NOR(4096, 4, 8),
         .image_size = IMAGE,
         .kind = FIXTURE_IMAGE,
         .piece = 8192},
        {.name = "units of 1 byte",
         SECTORS(512, 512),
         NOR(4096, 4, 1),
         .image_size = SMALL,
         .kind = FIXTURE_DELTA},
        {.name = "units of 16",
         SECTORS(512, 512),
         NOR(4096, 16, 16),
         .image_size = IMAGE,
         .kind = FIXTURE_DELTA,
         .lazy_erase = true},
        {.name = "2 blocks of 4 KiB",
         SECTORS(512, 512),
         NOR(4096, 2, 32),
         .image_size = IMAGE,
         .kind = FIXTURE_DELTA,
         .lazy_erase = true},
        {.name = "blocks of 256 KiB",
         SECTORS(512, 512),
         NOR(1 << 18, 2, 32),
         .image_size = IMAGE,
         .kind = FIXTURE_DELTA},
        {.name = "unequal slots",
         SECTORS(512, 512),
         NOR(4096, 4, 32),
         .slot_size = {IMAGE, 2 * IMAGE + 512},
         .image_size = IMAGE,
         .kind = FIXTURE_DELTA},
        {.name = "odd image in a slot of its size",
         SECTORS(512, 512),
         NOR(4096, 4, 32),
         .image_size = IMAGE - 188,
         .kind = FIXTURE_IMAGE,
         .piece = 8192},
};

/* ---- What rows do ---- */

static void tell(const struct sim_row *row)
{
        const struct sim_stats *s = sim_stats;

        if (sim_options.quiet) {
                return;
        }
        printf("%s: %" PRIu64 " operations", row->name, s->operations + s->reads);
        if (s->cases > 0) {
                printf(", %" PRIu64 " cut, %" PRIu64 " cases", s->cut_at, s->cases);
        }
        if (s->pair_places > 0) {
                printf(", pairs: %" PRIu64 " of %" PRIu64 " places executed, in %" PRIu64
                       " of %" PRIu64 " possible ways",
                       s->paired_at, s->pair_places, s->pairs, s->pairs_possible);
        }
        if (s->gave_up > 0) {
                printf(", %" PRIu64 " given up by a limit", s->gave_up);
        }
        printf(", %d engine states, %d slot states, %" PRIu64 " failures\n",
               __builtin_popcount(s->states), __builtin_popcount(s->slot_states), s->failures);
}

static void learn_the_end(const struct world_setup *setup)
{
        world_make(setup);
        world_run();
        world_remember();
        world_check_end();
}

/* Did the run end in a way that a read error may end it? A slot that could not be read is not
 * booted; a staged one is then given up. */
static void check_after(enum sim_fault fault)
{
        if (fault == SIM_READ &&
            (world_logged("event 45 image-refused") || world_logged("event 53"))) {
                world_check_alive();
                __atomic_fetch_add(&sim_stats->gave_up, 1, __ATOMIC_RELAXED);
                return;
        }
        world_check_end();
}

void sim_sweep(const struct sim_plan *plan)
{
        struct sim_plan p = *plan;

        if (sim_options.quiet && p.when == NULL) {
                p.every *= MUTANTS_EVERY;
        }
        p.seed = sim_options.seed;
        p.jobs = sim_options.jobs;
        p.only = sim_options.operation;
        p.quiet = sim_options.quiet;
        p.stop_at_first = sim_options.quiet;
        sim_arm(&p);
        world_run();
        if (sim_is_child()) {
                /* What fails without a cut may wait for the next start. */
                if ((p.faults & (SIM_IO | SIM_READ)) != 0) {
                        world_power_cycle();
                }
                sim_disarm();
                check_after((enum sim_fault)(p.faults == SIM_READ ? SIM_READ : SIM_POWER));
                sim_child_ends();
        }
        sim_disarm();
        sim_join();
        world_check_end();
}

/* Fewer are lost cases. More may come of another compressor, which makes another patch: told, so
 * that the row is brought up to date. */
static void compare_count(const struct sim_row *row, uint64_t count)
{
        if (count < row->least) {
                sim_broken("only %" PRIu64 " of the %" PRIu64 " that there were", count,
                           row->least);
        } else if (row->least > 0 && count > row->least && !sim_options.quiet) {
                printf("%s: STALE: %" PRIu64 ", and %" PRIu64 " in the row\n", row->name, count,
                       row->least);
        }
}

static void run_sweep(const struct sim_row *row)
{
        bool whole = row->when == SIM_VAST ? sim_options.vast : sim_options.soak;
        const struct sim_plan *plan = whole ? &row->soak : &row->test;

        learn_the_end(row->setup);
        world_reset();
        sim_sweep(plan);
        if (sim_options.operation == 0 && !sim_options.quiet && plan->every == 1 &&
            sim_stats->cut_at != sim_stats->operations + sim_stats->reads) {
                sim_broken("%" PRIu64 " operations, %" PRIu64 " of them cut",
                           sim_stats->operations + sim_stats->reads, sim_stats->cut_at);
        }
        if (plan->every == 1 && sim_stats->paired_at != sim_stats->pair_places) {
                sim_broken("not every pair was executed");
        }
        compare_count(row, sim_stats->operations + sim_stats->reads);
        tell(row);
}

static void run_geometries(const struct sim_row *row)
{
        for (size_t i = 0; i < sizeof(geometries) / sizeof(geometries[0]); i++) {
                struct sim_row one = *row;

                one.name = geometries[i].name;
                one.setup = &geometries[i];
                uint64_t failures = sim_stats->failures;
                sim_stats_reset();
                run_sweep(&one);
                sim_stats->failures += failures;
        }
}

static bool is_erasing(void)
{
        return world.nor.erasing;
}

/* At every step of every erase of the boot state's blocks. */
static void run_erases(const struct sim_row *row)
{
        struct sim_plan plan = sim_options.soak ? row->soak : row->test;

        learn_the_end(row->setup);
        world_reset();
        plan.when = is_erasing;
        sim_sweep(&plan);
        compare_count(row, sim_stats->cut_at);
        tell(row);
}

/* ---- Random faults ---- */

#define FAULTS_MAX 20u

/* The limits exist for this: a START without an outcome ten times over, or ten resumes. */
static bool gave_up(void)
{
        return world_logged("error=812") || world_logged("cause=8");
}

static void run_random_once(uint64_t seed, uint64_t operations)
{
        uint32_t faults = 1 + (uint32_t)(sim_hash(seed, 0) % FAULTS_MAX);

        world_reset();
        sim_arm(NULL);
        world.off = true;
        world.pauses_after_fault = true;
        for (uint32_t i = 1; i <= faults; i++) {
                uint64_t r = sim_hash(seed, i);

                sim_fail_at(1 + r % operations, (r >> 32) % 3 == 0 ? SIM_KILL : SIM_POWER, r >> 8);
                world_run();
        }
        sim_fail_at(0, SIM_POWER, 0);
        world.pauses_after_fault = false;
        world_run();
        if (gave_up()) {
                world_check_alive();
                sim_stats->gave_up++;
        } else {
                world_check_end();
        }
        sim_stats->cases++;
        sim_stats->pairs += faults;
}

static void run_random(const struct sim_row *row)
{
        uint32_t runs = sim_options.soak ? 2000 : 40;

        learn_the_end(row->setup);
        uint64_t operations = sim_operations();
        for (uint32_t i = 0; i < runs; i++) {
                uint64_t before = sim_stats->failures;

                run_random_once(sim_hash(sim_options.seed, i), operations);
                if (sim_stats->failures > before && !sim_options.quiet) {
                        printf("  run %u of seed %" PRIu64 "\n", i, sim_options.seed);
                }
        }
        printf("%s: %" PRIu64 " runs with %" PRIu64 " faults, seed %" PRIu64 ", %" PRIu64
               " given up by a limit, %" PRIu64 " failures\n",
               row->name, sim_stats->cases, sim_stats->pairs, sim_options.seed, sim_stats->gave_up,
               sim_stats->failures);
}

/* ---- The table ---- */

#define PLAN(f, v, e, s)                                                    \
        {                                                                   \
                .faults = (f), .variants = (v), .every = (e), .second = (s) \
        }
#define MANY 100000u /* all ways */
#define SCENE(name, what, run, setup)                           \
        {                                                       \
                name, what, run, setup, {0}, {0}, 0, SIM_ALWAYS \
        }

const struct sim_row sim_rows[] = {
        {"update", "a fault at every operation of an update from a delta", run_sweep, &setup_delta,
         PLAN(ALL_FAULTS, 10, 1, 0), PLAN(ALL_FAULTS, MANY, 1, 0), 79, SIM_ALWAYS},
        {"full image", "the same of a full image in pieces, 512-byte sectors of 4 KiB ones",
         run_sweep, &setup_image, PLAN(SIM_POWER, 4, 1, 0), PLAN(ALL_FAULTS, MANY, 1, 0), 87,
         SIM_ALWAYS},
        {"rollback", "a fault at every operation of an update that is rolled back", run_sweep,
         &setup_rollback, PLAN(SIM_POWER | SIM_KILL, 3, 1, 0), PLAN(ALL_FAULTS, MANY, 1, 0), 111,
         SIM_ALWAYS},
        {"uneven pieces", "a torn physical sector reaches into the piece before, which was done",
         run_sweep, &uneven_pieces, PLAN(SIM_POWER, 6, 1, 0), PLAN(ALL_FAULTS, MANY, 1, 0), 103,
         SIM_ALWAYS},
        {"read errors", "each read of the disk fails once", run_sweep, &setup_delta,
         PLAN(SIM_READ, 1, 1, 0), PLAN(SIM_READ, 1, 1, 0), 53, SIM_ALWAYS},
        {"two segments", "a delta of more than one segment", run_sweep, &two_segments,
         PLAN(SIM_POWER, 1, 8, 0), PLAN(SIM_POWER | SIM_KILL, 6, 1, 0), 133, SIM_ALWAYS},
        {"geometries", "sectors, erase blocks, program units, slots", run_geometries, NULL,
         PLAN(SIM_POWER, 1, 10, 0), PLAN(ALL_FAULTS, 12, 1, 0), 0, SIM_ALWAYS},
        {"pairs", "a second fault at every operation of the recovery from the first", run_sweep,
         &pairs_update, PLAN(SIM_POWER | SIM_KILL, 1, 7, 1), PLAN(SIM_POWER | SIM_KILL, MANY, 1, 1),
         79, SIM_VAST},
        {"pairs in a rollback", "the same", run_sweep, &pairs_rollback,
         PLAN(SIM_POWER | SIM_KILL, 1, 7, 1), PLAN(SIM_POWER | SIM_KILL, MANY, 1, 1), 111,
         SIM_VAST},
        {"pairs of a full image", "the same, in pieces, 512-byte sectors of 4 KiB ones", run_sweep,
         &setup_image, PLAN(SIM_POWER | SIM_KILL, 1, 11, 1), PLAN(SIM_POWER | SIM_KILL, 1, 1, 1),
         87, SIM_ALWAYS},
        {"interrupted erase", "at every step, erased ahead", run_erases, &setup_delta,
         PLAN(SIM_POWER | SIM_IO, 8, 1, 0), PLAN(SIM_POWER | SIM_IO, MANY, 1, 0), 10, SIM_ALWAYS},
        {"interrupted erase, two blocks", "at every step, erased when there is no room", run_erases,
         &few_blocks, PLAN(SIM_POWER | SIM_IO, 8, 1, 0), PLAN(SIM_POWER | SIM_IO, MANY, 1, 0), 3,
         SIM_ALWAYS},
        {"two guests", "a package for both", run_sweep, &two_guests,
         PLAN(SIM_POWER | SIM_KILL, 1, 3, 0), PLAN(ALL_FAULTS, MANY, 1, 0), 139, SIM_ALWAYS},
        {"two guests, a rollback", "the other one's image stays", run_sweep, &two_guests_rollback,
         PLAN(SIM_POWER | SIM_KILL, 1, 3, 0), PLAN(ALL_FAULTS, MANY, 1, 0), 182, SIM_ALWAYS},
        {"partition table", "partitions by their names, read through update's cache", run_sweep,
         &by_gpt, PLAN(SIM_POWER | SIM_KILL, 2, 1, 0), PLAN(ALL_FAULTS, MANY, 1, 0), 79,
         SIM_ALWAYS},
        SCENE("random: image", "up to 20 faults in one update", run_random, &setup_image),
        SCENE("random: delta", "up to 20 faults in one update", run_random, &setup_delta),
        SCENE("random: rollback", "up to 20 faults in one that fails", run_random, &setup_rollback),
        SCENE("bit rot", "a delta is refused on a base that changed on the disk", scene_bit_rot,
              &setup_delta),
        SCENE("bit rot, full image", "the full image is taken then", scene_bit_rot_with_image,
              &setup_both),
        SCENE("forged package", "nothing is written", scene_forged, &setup_delta),
        SCENE("flipped chunk", "it is not decoded", scene_flipped_chunk, &setup_image),
        SCENE("bit rot in a refill", "what was copied is not called good", scene_rotten_refill,
              &setup_delta),
        SCENE("superseded", "the old checkpoint is never used", scene_superseded, &setup_image),
        SCENE("resumes", "given up after ten without progress", scene_resumes, &setup_image),
        SCENE("power cycles on trial", "nine cost no try", scene_cycles, &setup_delta),
        SCENE("power cycles before the start", "an image that did not run has lost nothing",
              scene_cycles_before_start, &setup_delta),
        SCENE("old token", "a confirm counts for its own boot only", scene_old_token, &setup_delta),
        SCENE("cut confirm", "repeated, not lost, and for its own boot only", scene_cut_confirm,
              &setup_delta),
        SCENE("confirmed image", "left only while it cannot be verified", scene_rotten_confirmed,
              &setup_delta),
        SCENE("no flapping", "a rolled back image does not come back", scene_no_flapping,
              &setup_rollback),
        SCENE("bad loader", "costs no successful slot", scene_bad_loader, &setup_delta),
        SCENE("read-only journal", "nothing is updated; after it was mended all is",
              scene_read_only_journal, &setup_delta),
        SCENE("dead NOR", "guests go on; no slot is written", scene_dead_nor, &setup_delta),
        SCENE("mutation: flushes", "each one taken away is noticed", mutate_flushes, &setup_image),
        SCENE("mutation: journal", "each write of the engine's journal", mutate_saves,
              &setup_image),
        SCENE("mutation: boot state", "each write of the boot state", mutate_boot_writes,
              &setup_delta),
};

const uint32_t sim_row_count = sizeof(sim_rows) / sizeof(sim_rows[0]);
