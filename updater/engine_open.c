/* SPDX-License-Identifier: Apache-2.0 */
/* DOWNLOADING: the package in the inbox is authenticated, and the target to work on chosen. */
#include "updater/engine_internal.h"

#include <string.h>

/* How a guest's targets stand to what the guest runs now. */
struct choice {
        const struct manifest_target *delta; /* from the active image */
        const struct manifest_target *image;
        bool other_base; /* there is a delta, from something else */
        bool too_hungry; /* there is a delta that needs more memory */
};

static void refuse_package(struct engine *e, sg_err error)
{
        engine_tell_refused(e, error);
        e->error = error;
        e->package_refused = true;
        engine_go(e, ENGINE_FAILED);
}

static const struct checkpoint_finished *finished_before(const struct engine *e)
{
        static const uint8_t none[32];

        for (size_t i = 0; i < CHECKPOINT_HISTORY; i++) {
                const struct checkpoint_finished *f = &e->checkpoint.finished[i];
                if (memcmp(f->identity, none, sizeof(none)) != 0 &&
                    memcmp(f->identity, e->package.targets.digest, sizeof(f->identity)) == 0) {
                        return f;
                }
        }
        return NULL;
}

static void tell_package(struct engine *e, enum event_number number)
{
        struct event_line l;
        const struct tuf_targets *t = &e->package.targets;

        event_begin(&l, number, NULL);
        event_text(&l, "package", t->target[0].package);
        event_u64(&l, "version", t->version);
        event_u64(&l, "targets", t->count);
        event_u64(&l, "bytes", e->package.bytes);
        event_text(&l, "expires", t->expires);
        engine_event(e, &l);
}

static void tell_outcome(struct engine *e, enum event_number number, enum package_outcome outcome,
                         uint32_t error)
{
        struct event_line l;

        event_begin(&l, number, NULL);
        event_text(&l, "package", e->package.targets.target[0].package);
        event_text(&l, "outcome", outcome == PACKAGE_APPLIED ? "applied" : "failed");
        event_u64(&l, "error", error);
        engine_event(e, &l);
}

/* Makes the package the one at work. A checkpoint of another one is dropped: it is never used
 * again. */
static sg_err adopt(struct engine *e)
{
        static const uint8_t none[32];
        struct checkpoint *c = &e->checkpoint;
        const struct tuf_targets *t = &e->package.targets;

        if (memcmp(c->identity, t->digest, sizeof(c->identity)) == 0) {
                return SG_OK;
        }
        if (memcmp(c->identity, none, sizeof(none)) != 0) {
                tell_package(e, EVENT_PACKAGE_SUPERSEDED);
        }
        memcpy(c->identity, t->digest, sizeof(c->identity));
        memset(&c->job, 0, sizeof(c->job));
        c->error = 0;
        c->done = 0;
        c->root_version = e->package.root.version;
        c->targets_version = t->version;
        return engine_save(e);
}

static sg_err authenticate(struct engine *e)
{
        const struct package_floor floor = {e->checkpoint.root_version,
                                            e->checkpoint.targets_version};
        sg_err err = package_open(&e->package, e->cfg->inbox, (const char *)e->cfg->root,
                                  e->cfg->root_size, &floor, NULL, &e->memory);

        if (err == SG_OK && strcmp(e->package.targets.target[0].product, e->cfg->product) != 0) {
                err = SG_E_WRONG_PRODUCT;
        }
        return err;
}

void engine_package_done(struct engine *e)
{
        struct checkpoint *c = &e->checkpoint;
        enum package_outcome outcome = c->error == 0 ? PACKAGE_APPLIED : PACKAGE_FAILED;

        memmove(&c->finished[1], &c->finished[0], sizeof(c->finished) - sizeof(c->finished[0]));
        memcpy(c->finished[0].identity, c->identity, sizeof(c->identity));
        c->finished[0].outcome = outcome;
        c->finished[0].error = c->error;
        tell_outcome(e, EVENT_PACKAGE_DONE, outcome, c->error);
        memset(c->identity, 0, sizeof(c->identity));
        memset(&c->job, 0, sizeof(c->job));
        c->error = 0;
        c->done = 0;
        e->announced = false;
        engine_save(e);
}

static struct choice compare_targets(const struct engine *e, const char *guest,
                                     const uint8_t active[32])
{
        const struct tuf_targets *all = &e->package.targets;
        uint64_t ram = e->cfg->ram_limit < e->decoder_size ? e->cfg->ram_limit : e->decoder_size;
        struct choice c = {NULL, NULL, false, false};

        for (uint32_t i = 0; i < all->count; i++) {
                const struct manifest_target *t = &all->target[i];
                if (strcmp(t->guest, guest) != 0) {
                        continue;
                }
                if (t->kind == MANIFEST_IMAGE) {
                        c.image = t;
                } else if (memcmp(t->from_digest, active, 32) != 0) {
                        c.other_base = true;
                } else if (t->ram_need > ram) {
                        c.too_hungry = true;
                } else {
                        c.delta = t;
                }
        }
        return c;
}

/* What makes any image for that guest impossible. */
static sg_err check_target(const struct engine_guest *guest, const struct manifest_target *t,
                           uint32_t slot, const struct slot_info *active,
                           const struct slot_info *inactive)
{
        if (t->minimum_updater > ENGINE_VERSION) {
                return SG_E_UPDATER_TOO_OLD;
        }
        if (t->security_counter < active->security_counter) {
                return SG_E_DOWNGRADE;
        }
        if ((inactive->flags & SG_SLOT_F_FAILED) != 0 &&
            memcmp(inactive->digest, t->to_digest, 32) == 0) {
                return SG_E_FAILED_BEFORE;
        }
        if (guest->slot[slot].size == 0) {
                return SG_E_PARTITION;
        }
        return t->to_length > guest->slot[slot].size ? SG_E_SLOT_TOO_SMALL : SG_OK;
}

static void tell_skipped(struct engine *e, const struct manifest_target *t, sg_err error)
{
        struct event_line l;

        event_begin(&l, EVENT_TARGET_SKIPPED, t->guest);
        event_text(&l, "target", t->path);
        event_u64(&l, "error", (uint64_t)error);
        engine_event(e, &l);
}

static void tell_mismatch(struct engine *e, const char *guest, uint32_t slot)
{
        struct event_line l;

        event_begin(&l, EVENT_BASE_MISMATCH, guest);
        event_u64(&l, "slot", slot);
        engine_event(e, &l);
}

static const struct manifest_target *choose_kind(struct engine *e, const struct engine_guest *guest,
                                                 uint32_t active_slot, const uint8_t active[32],
                                                 sg_err *error)
{
        struct choice c = compare_targets(e, guest->name, active);

        if (c.delta != NULL && !e->no_delta) {
                return c.delta;
        }
        if (c.other_base) {
                tell_mismatch(e, guest->name, active_slot);
        }
        *error = c.too_hungry      ? SG_E_RAM_NEED
                 : c.delta != NULL ? SG_E_BASE_CHANGED
                                   : SG_E_WRONG_BASE;
        return c.image;
}

/* The journal's job is about this target and this slot: its segments are good. */
static bool is_resumed(const struct engine *e, const struct manifest_target *t,
                       const struct engine_guest *guest, uint32_t slot,
                       const struct slot_info *inactive)
{
        const struct checkpoint_job *job = &e->checkpoint.job;

        return job->present && job->vm == guest->vm && job->slot == slot &&
               memcmp(job->payload, t->sha256, 32) == 0 &&
               memcmp(job->digest, t->to_digest, 32) == 0 &&
               memcmp(inactive->digest, t->to_digest, 32) == 0 &&
               (inactive->flags & SG_SLOT_F_PRESENT) == 0;
}

/* hv has this very image on trial, but the journal was lost: goes on from there. Where the journal
 * takes no job either, it is found so again after the next start. */
static bool adopt_trial(struct engine *e, const struct engine_guest *guest,
                        const struct manifest_target *t)
{
        struct slot_info info;

        for (uint32_t slot = 0; slot < 2; slot++) {
                if (engine_slot_info(e, guest->vm, slot, &info) == SG_HC_OK &&
                    (info.flags & SG_SLOT_F_TRIAL) != 0 &&
                    memcmp(info.digest, t->to_digest, sizeof(info.digest)) == 0) {
                        engine_job_begin(e, t, guest, slot);
                        engine_save(e);
                        return engine_reconcile(e);
                }
        }
        return false;
}

/* Starts work on one guest's targets. False: there is nothing to do for it. */
static bool begin_guest(struct engine *e, const struct manifest_target *first,
                        const struct engine_guest *guest)
{
        struct slot_info active, inactive;
        uint32_t active_slot = engine_active_slot(e, guest->vm, &active);
        uint32_t slot = active_slot == 0 ? 1 : 0;
        sg_err err;

        if (adopt_trial(e, guest, first)) {
                return true;
        }
        if (active_slot != SG_SLOT_NONE && memcmp(active.digest, first->to_digest, 32) == 0) {
                tell_skipped(e, first, SG_OK);
                return false;
        }
        engine_slot_info(e, guest->vm, slot, &inactive);
        e->apply.guest = guest;
        err = check_target(guest, first, slot, &active, &inactive);
        if (err != SG_OK) {
                engine_fail(e, err);
                return true;
        }
        const struct manifest_target *t = choose_kind(e, guest, active_slot, active.digest, &err);
        if (t == NULL) {
                engine_fail(e, err);
                return true;
        }
        engine_apply_begin(e, t, guest, slot, is_resumed(e, t, guest, slot, &inactive));
        return true;
}

static void mark_error(struct engine *e, sg_err error)
{
        if (e->checkpoint.error == 0) {
                e->checkpoint.error = (uint32_t)error;
        }
}

/* The first target that is still to be done. False when there is none. */
static bool begin_next(struct engine *e)
{
        const struct tuf_targets *all = &e->package.targets;

        for (uint32_t i = 0; i < all->count; i++) {
                const struct manifest_target *t = &all->target[i];
                const struct engine_guest *guest = engine_guest_by_name(e, t->guest);
                if (guest == NULL) {
                        tell_skipped(e, t, SG_E_UNKNOWN_GUEST);
                        mark_error(e, SG_E_UNKNOWN_GUEST);
                        continue;
                }
                if ((e->checkpoint.done & 1u << guest->vm) != 0) {
                        continue;
                }
                if (begin_guest(e, t, guest)) {
                        return true;
                }
                e->checkpoint.done |= 1u << guest->vm;
        }
        return false;
}

enum engine_result engine_open_step(struct engine *e)
{
        struct event_line l;

        memset(&e->apply, 0, sizeof(e->apply));
        if (!e->announced) {
                event_begin(&l, EVENT_PACKAGE_FOUND, NULL);
                engine_event(e, &l);
        }
        sg_err err = authenticate(e);
        const struct checkpoint_finished *before = err == SG_OK ? finished_before(e) : NULL;
        if (before != NULL) {
                tell_outcome(e, EVENT_PACKAGE_SKIPPED, before->outcome, before->error);
                engine_go(e, ENGINE_IDLE);
                return ENGINE_BUSY;
        }
        if (err == SG_OK) {
                err = adopt(e);
        }
        if (err != SG_OK) {
                refuse_package(e, err);
                return ENGINE_BUSY;
        }
        if (!e->announced) {
                tell_package(e, EVENT_PACKAGE_ACCEPTED);
                e->announced = true;
        }
        if (!begin_next(e)) {
                engine_package_done(e);
                engine_go(e, ENGINE_IDLE);
        }
        return ENGINE_BUSY;
}
