/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/watch.h"

#include <stdio.h>
#include <string.h>

#include "bootflow/journal.h"
#include "tests/sim/disk.h"
#include "tests/sim/world_internal.h"
#include "updater/checkpoint.h"

static struct {
        struct bf_guest acknowledged[BF_GUESTS_MAX], in_flight[BF_GUESTS_MAX];
        bool known[BF_GUESTS_MAX], flying[BF_GUESTS_MAX];
        uint64_t saved;            /* sequence of the newest acknowledged checkpoint */
        struct checkpoint_job job; /* of the newest one */
        uint64_t boot_writes, saves;
        uint64_t drop_boot_write, drop_save;
        bool drop_load_flush;
        bool lies;
} watch;

/* The linker's names. NOLINTBEGIN(bugprone-reserved-identifier) */
sg_err __real_bf_journal_mount(struct bf_journal *j, const struct bf_flash *flash);
sg_err __wrap_bf_journal_mount(struct bf_journal *j, const struct bf_flash *flash);
sg_err __real_bf_journal_put(struct bf_journal *j, uint32_t vm, const struct bf_guest *g);
sg_err __wrap_bf_journal_put(struct bf_journal *j, uint32_t vm, const struct bf_guest *g);
sg_err __real_checkpoint_load(struct checkpoint_store *store, const struct storage *storage,
                              struct checkpoint *c);
sg_err __wrap_checkpoint_load(struct checkpoint_store *store, const struct storage *storage,
                              struct checkpoint *c);
sg_err __real_checkpoint_save(struct checkpoint_store *store, const struct checkpoint *c);
sg_err __wrap_checkpoint_save(struct checkpoint_store *store, const struct checkpoint *c);

void watch_reset(void)
{
        memset(&watch, 0, sizeof(watch));
}

const struct bf_guest *watch_boot(uint32_t vm)
{
        return watch.known[vm] ? &watch.acknowledged[vm] : NULL;
}

void watch_drop_boot_write(uint64_t n)
{
        watch.drop_boot_write = n;
}

void watch_drop_save(uint64_t n)
{
        watch.drop_save = n;
}

void watch_drop_load_flush(bool on)
{
        watch.drop_load_flush = on;
}

uint64_t watch_boot_writes(void)
{
        return watch.boot_writes;
}

bool watch_lies(void)
{
        return watch.lies;
}

uint64_t watch_saves(void)
{
        return watch.saves;
}

/* ---- The boot state ---- */

static void check_mounted(uint32_t vm, const struct bf_guest *g)
{
        bool as_told = bf_guest_equal(g, &watch.acknowledged[vm]);
        bool as_begun = watch.flying[vm] && bf_guest_equal(g, &watch.in_flight[vm]);

        if (watch.known[vm] && !as_told && !as_begun) {
                sim_broken("the boot state of VM %u is neither the acknowledged one nor the one "
                           "that was being written",
                           vm);
        }
}

sg_err __wrap_bf_journal_mount(struct bf_journal *j, const struct bf_flash *flash)
{
        sg_err err = __real_bf_journal_mount(j, flash);

        for (uint32_t vm = 0; err == SG_OK && vm < BF_GUESTS_MAX; vm++) {
                const struct bf_guest *g = bf_journal_get(j, vm);
                if (g == NULL) {
                        continue;
                }
                check_mounted(vm, g);
                watch.acknowledged[vm] = *g;
                watch.known[vm] = true;
                watch.flying[vm] = false;
        }
        return err;
}

sg_err __wrap_bf_journal_put(struct bf_journal *j, uint32_t vm, const struct bf_guest *g)
{
        if (world_is_down()) {
                return SG_E_IO; /* the core that asks has no power either */
        }
        bool changes = watch.known[vm] && !bf_guest_equal(g, &watch.acknowledged[vm]);

        watch.in_flight[vm] = *g;
        watch.flying[vm] = true;
        sg_err err = SG_OK;
        if (changes && ++watch.boot_writes == watch.drop_boot_write) {
                watch.lies = true;
        } else {
                err = __real_bf_journal_put(j, vm, g);
                watch.lies = watch.lies && (err != SG_OK || !changes);
        }
        if (err == SG_OK) {
                watch.acknowledged[vm] = *g;
                watch.flying[vm] = false;
        }
        return err;
}

/* ---- The engine's journal ---- */

sg_err __wrap_checkpoint_load(struct checkpoint_store *store, const struct storage *storage,
                              struct checkpoint *c)
{
        disk_set_aside(world.disk, true, watch.drop_load_flush);
        sg_err err = __real_checkpoint_load(store, storage, c);
        disk_set_aside(world.disk, false, false);

        if (store->unusable == SG_OK) {
                if (store->sequence < watch.saved) {
                        sim_broken("checkpoint %llu was acknowledged, %llu is the newest",
                                   (unsigned long long)watch.saved,
                                   (unsigned long long)store->sequence);
                }
                watch.saved = store->sequence;
        }
        return err;
}

/* Segments that were done, and said to be, are not done again: a fault costs at most the one that
 * was at work. */
static void check_work(const struct checkpoint_job *job)
{
        bool same = job->present && watch.job.present &&
                    memcmp(job->payload, watch.job.payload, sizeof(job->payload)) == 0;

        if (same && job->segments < watch.job.segments && !world_may_lose_work()) {
                sim_broken("%u segments were done, now only %u are", watch.job.segments,
                           job->segments);
        }
}

sg_err __wrap_checkpoint_save(struct checkpoint_store *store, const struct checkpoint *c)
{
        sg_err err = SG_OK;

        check_work(&c->job);
        if (++watch.saves == watch.drop_save) {
                store->sequence++;
                store->place ^= 1;
                watch.lies = true;
        } else {
                err = __real_checkpoint_save(store, c);
                watch.lies = watch.lies && err != SG_OK;
        }
        if (err == SG_OK) {
                watch.saved = store->sequence;
                watch.job = c->job;
        }
        return err;
}
/* NOLINTEND(bugprone-reserved-identifier) */
