// SPDX-License-Identifier: Apache-2.0
#include "hv/vm/slots.h"

#include <stddef.h>
#include <string.h>

#include <segue/bytes.h>

#include "hv/core/log.h"
#include "hv/core/random.h"
#include "hv/vm/boot_state.h"
#include "hv/vm/events.h"
#include "hv/vm/timer.h"
#include "hv/vm/vm.h"

#define LOG_PAUSE_MS 1000

static char slot_letter(uint8_t slot)
{
        return (char)('a' + slot);
}

static const char *what_to_do(sg_err e)
{
        switch (e) {
        case SG_E_STATE_BLANK:
        case SG_E_STATE_CORRUPT:
        case SG_E_STATE_NO_GUEST:
                return ": provision with `segue state create`";
        default:
                return "";
        }
}

/* false: the counter does not fit; no image has such a one. */
static bool make_id(struct bf_image_id *id, uint64_t counter, const uint64_t digest[4])
{
        id->counter = (uint32_t)counter;
        for (size_t i = 0; i < 4; i++)
                put_le64(id->digest + 8 * i, digest[i]);
        return counter == id->counter;
}

/* ---- Power-on ---- */

static sg_err apply_power_on(struct bf_guest *g, const struct boot_change *c)
{
        (void)c;
        return bf_power_on(g);
}

static void power_on(struct vm *vm)
{
        struct boot_change c = {.vm = vm, .apply = apply_power_on};
        sg_err e;

        if (boot_state_change(&c)) {
                if (c.before.started)
                        hv_log("VM %s: power went off during its trial%s", vm->desc->name,
                               bf_staged(&c.after) == SG_SLOT_NONE ? " too often: given up" : "");
                return;
        }
        e = c.refusal != SG_OK ? c.refusal : c.storage;
        hv_log("VM %s: boot state: error %d: %s%s", vm->desc->name, e, sg_strerror(e),
               what_to_do(e));
}

void slots_init(const struct bf_flash *flash)
{
        sg_err e = boot_state_init(flash);

        if (e != SG_OK) {
                hv_log("boot state: error %d: %s%s", e, sg_strerror(e), what_to_do(e));
                return;
        }
        for (unsigned i = 0; i < VM_MAX; i++) {
                struct vm *vm = vm_by_index(i);

                if (vm && vm->desc->role != VM_ROLE_UPDATE)
                        power_on(vm);
        }
}

/* ---- What is due ---- */

static sg_err decide(const struct vm *vm, struct bf_decision *d)
{
        struct bf_guest g;
        bf_refused refused = 0;
        sg_err e = boot_state_read(vm, &g, &refused);

        d->slot = SG_SLOT_NONE;
        return e == SG_OK ? bf_decide(&g, refused, d) : e;
}

uint8_t slots_due(struct vm *vm)
{
        struct bf_decision d;
        sg_err e = decide(vm, &d);

        if (e != SG_OK)
                hv_log("VM %s: nothing to start: error %d: %s%s", vm->desc->name, e, sg_strerror(e),
                       what_to_do(e));
        else if (d.slot == SG_SLOT_NONE)
                hv_log("VM %s: no slot holds an image that may start", vm->desc->name);
        return e == SG_OK ? d.slot : SG_SLOT_NONE;
}

/* ---- Giving up ---- */

static void tell_rolled_back(const struct boot_change *c, uint8_t slot, enum sg_cause cause)
{
        hv_log("VM %s: slot %c is given up: %s", c->vm->desc->name, slot_letter(slot),
               life_cause_name(cause));
        event_send(SG_EV_ROLLED_BACK, c->vm->index, slot, cause);
}

void slots_tell_outcome(const struct vm *vm)
{
        struct bf_guest g;
        bf_refused refused = 0;

        if (boot_state_read(vm, &g, &refused) != SG_OK || g.reported)
                return;
        if (g.outcome == BF_OUTCOME_ROLLED_BACK || g.outcome == BF_OUTCOME_REFUSED)
                event_send(SG_EV_ROLLED_BACK, vm->index, g.outcome_slot, g.cause);
}

static bool gave_up(const struct boot_change *c, uint8_t slot)
{
        return c->before.slot[slot].state == BF_STAGED && c->after.slot[slot].state != BF_STAGED;
}

static sg_err apply_load_failed(struct bf_guest *g, const struct boot_change *c)
{
        return bf_load_failed(g, c->slot);
}

static sg_err apply_verify_failed(struct bf_guest *g, const struct boot_change *c)
{
        return bf_verify_failed(g, c->slot);
}

/* A staged image is given up for good; a confirmed one is only passed over until power-off. */
static void refuse_slot(struct vm *vm, uint8_t slot, enum sg_cause cause, sg_err why)
{
        struct boot_change c = {.vm = vm,
                                .apply = cause == SG_CAUSE_LOAD_FAILED ? apply_load_failed
                                                                       : apply_verify_failed,
                                .slot = slot,
                                .refuse = BF_REFUSED(slot)};

        hv_log("VM %s: slot %c refused: error %d: %s", vm->desc->name, slot_letter(slot), why,
               sg_strerror(why));
        event_send(SG_EV_REFUSED, vm->index, slot, why);
        if (boot_state_change(&c) && gave_up(&c, slot))
                tell_rolled_back(&c, slot, cause);
}

/* ---- Start ---- */

static sg_err apply_start(struct bf_guest *g, const struct boot_change *c)
{
        struct bf_guest ignored;
        bf_refused refused = 0;
        sg_err e = boot_state_read(c->vm, &ignored, &refused);

        return e == SG_OK ? bf_start(g, refused, c->slot, &c->id, c->token) : e;
}

/* bootfw runs in a VM that may hold anything: its number is only passed on when it is one of ours.
 */
static sg_err reported_error(uint64_t error)
{
        return error <= 999 ? (sg_err)error : SG_E_BAD_ARGUMENT;
}

/* What each VM was last started from; its own boot core's. */
static uint8_t started_digest[VM_MAX][BF_DIGEST_SIZE];

bool slots_is_resident(const struct vm *vm)
{
        struct bf_guest g;
        bf_refused refused = 0;

        return boot_state_read(vm, &g, &refused) == SG_OK && vm->slot < BF_SLOTS &&
               memcmp(g.slot[vm->slot].digest, started_digest[vm->index], BF_DIGEST_SIZE) == 0;
}

static uint64_t new_token(void)
{
        uint64_t token = random_u64();

        return token != 0 ? token : 1;
}

static sg_err apply_nothing(struct bf_guest *g, const struct boot_change *c)
{
        (void)g;
        (void)c;
        return SG_OK;
}

/* The image is good, the bank is not: the trial waits for the next power-on, or for update to stage
 * it again, and the confirmed image runs meanwhile. */
static void pass_over(struct vm *vm, uint8_t slot, sg_err why)
{
        struct boot_change c = {.vm = vm, .apply = apply_nothing, .refuse = BF_REFUSED(slot)};

        hv_log("VM %s: slot %c is not tried now: its start cannot be recorded", vm->desc->name,
               slot_letter(slot));
        event_send(SG_EV_REFUSED, vm->index, slot, why);
        boot_state_change(&c);
}

static enum slots_verdict start(struct boot_change *c)
{
        /* A confirmed image writes nothing, so it does not depend on whether that could be. */
        if (!boot_state_change(c) && (c->refusal != SG_OK || c->after.started)) {
                if (c->refusal != SG_OK)
                        refuse_slot(c->vm, c->slot, SG_CAUSE_VERIFY_FAILED, c->refusal);
                else
                        pass_over(c->vm, c->slot, c->storage);
                return SLOTS_REFUSED;
        }
        memcpy(started_digest[c->vm->index], c->id.digest, BF_DIGEST_SIZE);
        return c->after.started ? SLOTS_START_TRIAL : SLOTS_START;
}

enum slots_verdict slots_report(struct vm *vm, const struct boot_report *report, uint64_t *token)
{
        struct boot_change c = {
                .vm = vm, .apply = apply_start, .slot = vm->slot, .token = new_token()};
        sg_err e = reported_error(report->error);

        if (e == SG_OK && !make_id(&c.id, report->counter, report->digest))
                e = SG_E_SLOT_MISMATCH;
        if (e != SG_OK) {
                refuse_slot(vm, vm->slot, SG_CAUSE_VERIFY_FAILED, e);
                return SLOTS_REFUSED;
        }
        *token = c.token;
        return start(&c);
}

/* ---- Stop ---- */

static sg_err apply_try_spent(struct bf_guest *g, const struct boot_change *c)
{
        return bf_try_spent(g, c->cause);
}

/* A trial ended without a confirm, unless one was durable first. */
static void spend_try(struct vm *vm, enum sg_cause cause)
{
        struct boot_change c = {
                .vm = vm, .apply = apply_try_spent, .cause = cause, .happened = true};
        uint8_t slot = vm->slot;

        /* Unwritten, it counts as a power cut at the next power-on. */
        if (!boot_state_change(&c))
                return;
        if (gave_up(&c, slot)) {
                tell_rolled_back(&c, slot, cause);
                return;
        }
        hv_log("VM %s: trial of slot %c ended without confirm: %s; %u tries left", vm->desc->name,
               slot_letter(slot), life_cause_name(cause), c.after.slot[slot].tries_remaining);
        event_send(SG_EV_TRY_SPENT, vm->index, c.after.slot[slot].tries_remaining, cause);
}

static bool has_staged(const struct vm *vm)
{
        struct bf_guest g;
        bf_refused refused = 0;

        return boot_state_read(vm, &g, &refused) == SG_OK && bf_staged(&g) != SG_SLOT_NONE;
}

bool slots_stopped(struct vm *vm, enum sg_vm_state was, enum sg_cause cause)
{
        if (was == SG_VM_TRIAL)
                spend_try(vm, cause);
        else if (was == SG_VM_LOADING && cause == SG_CAUSE_LOAD_FAILED)
                refuse_slot(vm, vm->slot, cause, SG_E_IO);
        else if (was == SG_VM_VERIFYING && cause != SG_CAUSE_VERIFY_FAILED &&
                 cause != SG_CAUSE_RESTART)
                /* bootfw ended, or never ended, without a report: the image made it. */
                refuse_slot(vm, vm->slot, SG_CAUSE_VERIFY_FAILED, SG_E_BOOTFW_DIED);

        /* A guest that turns itself off while an update waits has agreed to the restart. */
        return was != SG_VM_RUNNING || cause != SG_CAUSE_OFF || has_staged(vm);
}

bool slots_background(void)
{
        return boot_state_background();
}

bool slots_background_wanted(void)
{
        return boot_state_background_wanted();
}

/* ---- update's calls ---- */

int64_t slots_info(struct vm *vm, uint8_t slot, struct slot_info *info)
{
        struct bf_guest g;
        bf_refused refused = 0;
        const struct bf_slot *s = &g.slot[slot];

        if (boot_state_read(vm, &g, &refused) != SG_OK)
                return SG_HC_STORAGE;
        info->flags = bf_slot_flags(&g, refused, slot);
        info->attempts = s->tries_remaining | (uint64_t)s->interrupted_remaining << 8 |
                         (uint64_t)s->priority << 16 | (uint64_t)bf_slot_cause(&g, slot) << 24;
        info->counter = s->counter;
        for (size_t i = 0; i < 4; i++)
                info->digest[i] = get_le64(s->digest + 8 * i);
        return SG_HC_OK;
}

static int64_t result_of(const struct boot_change *c)
{
        if (c->refusal == SG_OK)
                return c->storage == SG_OK ? SG_HC_OK : SG_HC_STORAGE;
        return bf_hypercall_result(c->refusal);
}

/* update may ask faster than anybody reads: the log gets a line at a time. */
static void tell_refused(const struct boot_change *c)
{
        static uint64_t quiet_until;
        static uint32_t untold;
        uint32_t count = __atomic_add_fetch(&untold, 1, __ATOMIC_RELAXED);
        uint64_t now = timer_now();

        if (now < __atomic_load_n(&quiet_until, __ATOMIC_RELAXED))
                return;
        __atomic_store_n(&quiet_until, now + timer_from_ms(LOG_PAUSE_MS), __ATOMIC_RELAXED);
        __atomic_fetch_sub(&untold, count, __ATOMIC_RELAXED);
        hv_log("VM %s: refused: error %d: %s%s", c->vm->desc->name, c->refusal,
               sg_strerror(c->refusal), count > 1 ? " (and others before)" : "");
}

static int64_t change(struct boot_change *c)
{
        boot_state_change(c);
        if (c->refusal != SG_OK)
                tell_refused(c);
        return result_of(c);
}

static bf_refused refused_now(const struct vm *vm)
{
        struct bf_guest ignored;
        bf_refused refused = 0;

        (void)boot_state_read(vm, &ignored, &refused);
        return refused;
}

static sg_err apply_open(struct bf_guest *g, const struct boot_change *c)
{
        return bf_open(g, refused_now(c->vm), c->slot, &c->id);
}

static sg_err apply_stage(struct bf_guest *g, const struct boot_change *c)
{
        const struct bf_limits limits = {.tries = c->vm->desc->tries,
                                         .interrupted = c->vm->desc->interrupted};

        return bf_stage(g, c->slot, &c->id, &limits);
}

static sg_err apply_unstage(struct bf_guest *g, const struct boot_change *c)
{
        return bf_unstage(g, c->slot);
}

static sg_err apply_refill(struct bf_guest *g, const struct boot_change *c)
{
        return bf_refill(g, refused_now(c->vm), c->slot);
}

static sg_err apply_reported(struct bf_guest *g, const struct boot_change *c)
{
        (void)c;
        return bf_reported(g);
}

int64_t slots_open(struct vm *vm, uint8_t slot, uint64_t counter, const uint64_t digest[4])
{
        struct boot_change c = {
                .vm = vm, .apply = apply_open, .slot = slot, .forgive = BF_REFUSED(slot)};

        return make_id(&c.id, counter, digest) ? change(&c) : SG_HC_BAD_ARGUMENT;
}

int64_t slots_stage(struct vm *vm, uint8_t slot, uint64_t counter, const uint64_t digest[4])
{
        struct boot_change c = {
                .vm = vm, .apply = apply_stage, .slot = slot, .forgive = BF_REFUSED(slot)};

        return make_id(&c.id, counter, digest) ? change(&c) : SG_HC_BAD_ARGUMENT;
}

int64_t slots_unstage(struct vm *vm, uint8_t slot)
{
        struct boot_change c = {.vm = vm, .apply = apply_unstage, .slot = slot};

        return change(&c);
}

int64_t slots_refill(struct vm *vm, uint8_t slot)
{
        struct boot_change c = {
                .vm = vm, .apply = apply_refill, .slot = slot, .forgive = BF_REFUSED(slot)};

        return change(&c);
}

int64_t slots_reported(struct vm *vm)
{
        struct boot_change c = {.vm = vm, .apply = apply_reported};

        return change(&c);
}

/* ---- Confirm ---- */

/* On the housekeeping core, where the try that a deadline spends is written, too. */
static sg_err apply_confirm(struct bf_guest *g, const struct boot_change *c)
{
        return vm_on_trial(c->vm) ? bf_confirm(g, c->token) : SG_E_TRIAL_NONE;
}

/* On the caller's own core: a guest may say what it likes as often as it likes, and shall not keep
 * the housekeeping core busy, nor the log, with what cannot be a confirm. */
static sg_err confirm_refusal(const struct boot_change *c)
{
        struct bf_guest g;
        bf_refused refused = 0;
        sg_err e = boot_state_read(c->vm, &g, &refused);

        return e == SG_OK ? apply_confirm(&g, c) : e;
}

int64_t slots_confirm(struct vm *vm, uint64_t token)
{
        struct boot_change c = {.vm = vm, .apply = apply_confirm, .token = token};
        int64_t result;

        c.refusal = confirm_refusal(&c);
        if (c.refusal != SG_OK)
                return result_of(&c);
        result = change(&c);
        if (result == SG_HC_OK) {
                vm_confirmed(vm);
                event_send(SG_EV_CONFIRMED, vm->index, c.after.outcome_slot, 0);
        }
        return result;
}
