// SPDX-License-Identifier: Apache-2.0
/* What each event does to a guest's boot state. Every function checks first and changes then. */
#include "bootflow/slots.h"

#include <string.h>

static const uint8_t no_digest[BF_DIGEST_SIZE];

static bool digest_equal(const uint8_t *a, const uint8_t *b)
{
        return memcmp(a, b, BF_DIGEST_SIZE) == 0;
}

static bool is_image(const struct bf_slot *s, const struct bf_image_id *id)
{
        return digest_equal(s->digest, id->digest) && s->counter == id->counter;
}

static uint8_t other(uint8_t slot)
{
        return slot ^ 1;
}

static void put_image(struct bf_slot *s, const struct bf_image_id *id, enum bf_slot_state state)
{
        *s = (struct bf_slot){.counter = id->counter, .state = (uint8_t)state};
        memcpy(s->digest, id->digest, BF_DIGEST_SIZE);
}

/* No longer bootable: OPEN, STALE or FAILED. */
static void retire(struct bf_slot *s, enum bf_slot_state state)
{
        s->state = (uint8_t)state;
        s->priority = 0;
        s->tries_remaining = 0;
        s->interrupted_remaining = 0;
}

/* The slot goes before the other one from now on. */
static void prefer(struct bf_guest *g, uint8_t slot)
{
        g->slot[slot].priority = BF_PRIORITY_MAX;
        if (g->slot[other(slot)].priority != 0)
                g->slot[other(slot)].priority = BF_PRIORITY_MAX - 1;
}

static void end_start(struct bf_guest *g)
{
        g->started = 0;
        g->token = 0;
}

static void set_outcome(struct bf_guest *g, uint8_t slot, enum bf_outcome outcome,
                        enum sg_cause cause)
{
        g->outcome = (uint8_t)outcome;
        g->outcome_slot = slot;
        g->cause = (uint8_t)cause;
        g->reported = 0;
}

static void give_up(struct bf_guest *g, uint8_t slot, enum bf_outcome outcome, enum sg_cause cause)
{
        retire(&g->slot[slot], BF_FAILED);
        set_outcome(g, slot, outcome, cause);
}

static void remember(struct bf_guest *g, uint8_t slot)
{
        memcpy(g->failed_digest, g->slot[slot].digest, BF_DIGEST_SIZE);
}

static void provision_slot(struct bf_guest *g, uint8_t slot, const struct bf_image_id *id,
                           uint8_t priority)
{
        bool stale = id->counter < g->floor;

        put_image(&g->slot[slot], id, stale ? BF_STALE : BF_GOOD);
        g->slot[slot].priority = stale ? 0 : priority;
}

sg_err bf_provision(struct bf_guest *g, const struct bf_image_id *a, const struct bf_image_id *b)
{
        if ((!a && !b) || (a && digest_equal(a->digest, no_digest)) ||
            (b && digest_equal(b->digest, no_digest)))
                return SG_E_BAD_ARGUMENT;
        *g = (struct bf_guest){.reported = 1};
        if (a)
                g->floor = a->counter;
        if (b && b->counter > g->floor)
                g->floor = b->counter;
        if (a)
                provision_slot(g, 0, a, BF_PRIORITY_MAX);
        if (b)
                provision_slot(g, 1, b, BF_PRIORITY_MAX - 1);
        return SG_OK;
}

/* What makes an image unwelcome in any slot. */
static sg_err check_image(const struct bf_guest *g, const struct bf_image_id *id)
{
        if (digest_equal(id->digest, no_digest))
                return SG_E_BAD_ARGUMENT;
        if (id->counter < g->floor)
                return SG_E_SLOT_DOWNGRADE;
        return digest_equal(id->digest, g->failed_digest) ? SG_E_SLOT_FAILED_BEFORE : SG_OK;
}

sg_err bf_open(struct bf_guest *g, bf_refused refused, uint8_t slot, const struct bf_image_id *id)
{
        if (slot >= BF_SLOTS)
                return SG_E_SLOT_NUMBER;
        if (slot == bf_active(g, refused) || bf_staged(g) != SG_SLOT_NONE)
                return SG_E_SLOT_BUSY;
        sg_err e = check_image(g, id);
        if (e)
                return e;
        put_image(&g->slot[slot], id, BF_OPEN);
        return SG_OK;
}

sg_err bf_stage(struct bf_guest *g, uint8_t slot, const struct bf_image_id *id,
                const struct bf_limits *limits)
{
        if (slot >= BF_SLOTS)
                return SG_E_SLOT_NUMBER;
        if (limits->tries == 0 || limits->interrupted == 0)
                return SG_E_BAD_ARGUMENT;
        struct bf_slot *s = &g->slot[slot];
        if (g->started)
                return SG_E_SLOT_BUSY;
        if (s->state == BF_STAGED && is_image(s, id))
                return SG_OK;
        if (slot == bf_active(g, 0) || bf_staged(g) != SG_SLOT_NONE)
                return SG_E_SLOT_BUSY;
        sg_err e = check_image(g, id);
        if (e)
                return e;
        if (s->state != BF_OPEN || !is_image(s, id))
                return SG_E_SLOT_NOT_OPEN;
        s->state = BF_STAGED;
        s->tries_remaining = limits->tries;
        s->interrupted_remaining = limits->interrupted;
        prefer(g, slot);
        return SG_OK;
}

sg_err bf_unstage(struct bf_guest *g, uint8_t slot)
{
        if (slot >= BF_SLOTS)
                return SG_E_SLOT_NUMBER;
        if (g->slot[slot].state != BF_STAGED)
                return SG_E_SLOT_NOT_STAGED;
        if (g->started)
                return SG_E_SLOT_BUSY;
        retire(&g->slot[slot], BF_OPEN);
        set_outcome(g, slot, BF_OUTCOME_CANCELLED, SG_CAUSE_NONE);
        return SG_OK;
}

sg_err bf_power_on(struct bf_guest *g)
{
        sg_err e = bf_guest_check(g);
        if (e || !g->started)
                return e;
        uint8_t slot = bf_staged(g);
        end_start(g);
        g->slot[slot].interrupted_remaining--;
        g->cause = SG_CAUSE_INTERRUPTED;
        if (g->slot[slot].interrupted_remaining == 0) {
                remember(g, slot);
                give_up(g, slot, BF_OUTCOME_ROLLED_BACK, SG_CAUSE_INTERRUPTED);
        }
        return SG_OK;
}

sg_err bf_start(struct bf_guest *g, bf_refused refused, uint8_t slot, const struct bf_image_id *id,
                uint64_t token)
{
        struct bf_decision due;
        sg_err e = bf_decide(g, refused, &due);
        if (e)
                return e;
        if (slot >= BF_SLOTS)
                return SG_E_SLOT_NUMBER;
        if (slot != due.slot && slot != bf_active(g, refused))
                return SG_E_SLOT_NOT_DUE;
        if (!is_image(&g->slot[slot], id))
                return SG_E_SLOT_MISMATCH;
        if (g->slot[slot].state != BF_STAGED)
                return SG_OK;
        if (token == 0)
                return SG_E_BAD_ARGUMENT;
        g->started = 1;
        g->token = token;
        return SG_OK;
}

sg_err bf_confirm(struct bf_guest *g, uint64_t token)
{
        if (!g->started || bf_staged(g) == SG_SLOT_NONE)
                return SG_E_TRIAL_NONE;
        if (token != g->token || token == 0)
                return SG_E_TRIAL_TOKEN;
        uint8_t slot = bf_staged(g);
        struct bf_slot *rest = &g->slot[other(slot)];
        end_start(g);
        g->slot[slot].state = BF_GOOD;
        g->slot[slot].tries_remaining = 0;
        g->slot[slot].interrupted_remaining = 0;
        g->floor = g->slot[slot].counter;
        if (rest->state == BF_GOOD && rest->counter < g->floor)
                retire(rest, BF_STALE);
        prefer(g, slot);
        set_outcome(g, slot, BF_OUTCOME_CONFIRMED, SG_CAUSE_NONE);
        return SG_OK;
}

sg_err bf_try_spent(struct bf_guest *g, enum sg_cause cause)
{
        if (!g->started || bf_staged(g) == SG_SLOT_NONE)
                return SG_E_TRIAL_NONE;
        uint8_t slot = bf_staged(g);
        end_start(g);
        g->slot[slot].tries_remaining--;
        g->cause = (uint8_t)cause;
        if (g->slot[slot].tries_remaining == 0) {
                remember(g, slot);
                give_up(g, slot, BF_OUTCOME_ROLLED_BACK, cause);
        }
        return SG_OK;
}

/* What load_failed and verify_failed have in common: only a staged image, not started, changes. */
static sg_err refuse(struct bf_guest *g, uint8_t slot, enum sg_cause cause, bool remembered)
{
        if (slot >= BF_SLOTS)
                return SG_E_SLOT_NUMBER;
        if (g->slot[slot].state != BF_STAGED)
                return SG_OK;
        if (g->started)
                return SG_E_SLOT_BUSY;
        if (remembered)
                remember(g, slot);
        give_up(g, slot, BF_OUTCOME_REFUSED, cause);
        return SG_OK;
}

sg_err bf_load_failed(struct bf_guest *g, uint8_t slot)
{
        return refuse(g, slot, SG_CAUSE_LOAD_FAILED, false);
}

sg_err bf_verify_failed(struct bf_guest *g, uint8_t slot)
{
        return refuse(g, slot, SG_CAUSE_VERIFY_FAILED, true);
}

sg_err bf_refill(struct bf_guest *g, bf_refused refused, uint8_t slot)
{
        if (slot >= BF_SLOTS)
                return SG_E_SLOT_NUMBER;
        uint8_t source = bf_active(g, refused);
        if (source == SG_SLOT_NONE)
                return SG_E_SLOT_NO_SOURCE;
        struct bf_slot *s = &g->slot[slot];
        const struct bf_slot *from = &g->slot[source];
        if (slot == source || s->state == BF_STAGED)
                return SG_E_SLOT_BUSY;
        if (s->state == BF_GOOD && digest_equal(s->digest, from->digest))
                return SG_OK;
        if (s->state == BF_GOOD && !(refused & BF_REFUSED(slot)))
                return SG_E_SLOT_BUSY;
        *s = *from;
        prefer(g, source);
        s->priority = BF_PRIORITY_MAX - 1;
        return SG_OK;
}

sg_err bf_reported(struct bf_guest *g)
{
        if (g->outcome == BF_OUTCOME_NONE)
                return SG_E_STATE_NO_OUTCOME;
        g->reported = 1;
        return SG_OK;
}
