// SPDX-License-Identifier: Apache-2.0
/* Which slot boots now, and what may be said about a boot state without changing it. */
#include "bootflow/slots.h"

#include <string.h>

/* What a slot can offer to the decision. */
enum offer {
        NOTHING, /* empty, open, stale, failed, or refused since power-on */
        TRIAL,   /* staged */
        GOOD,    /* successful */
        ANY,     /* in the table only */
};

enum choice {
        SLOT_0,
        SLOT_1,
        PREFERRED, /* of two good ones: that of higher priority */
        NONE,
        IMPOSSIBLE,
};

/* The first row that fits decides, so the order matters: a trial goes before a good slot, or it
 * would never come to its turn; and rows with ANY rely on those above them. A trial's START is
 * written before it is entered; a good slot has no outcome to wait for and nothing is written. */
static const struct {
        uint8_t slot_0;
        uint8_t slot_1;
        uint8_t choice;
        bool start_is_written;
} boot_table[] = {
        {TRIAL, TRIAL, IMPOSSIBLE, false}, /* bf_open and bf_stage refuse the second */
        {TRIAL, ANY, SLOT_0, true},
        {ANY, TRIAL, SLOT_1, true},
        {GOOD, GOOD, PREFERRED, false},
        {GOOD, ANY, SLOT_0, false},
        {ANY, GOOD, SLOT_1, false},
        {NOTHING, NOTHING, NONE, false}, /* both are bad: only a full image helps */
};

static enum offer slot_offer(const struct bf_guest *g, bf_refused refused, uint8_t slot)
{
        if (refused & BF_REFUSED(slot))
                return NOTHING;
        if (g->slot[slot].state == BF_STAGED)
                return TRIAL;
        return g->slot[slot].state == BF_GOOD ? GOOD : NOTHING;
}

static bool fits(uint8_t row, enum offer offer)
{
        return row == ANY || row == offer;
}

static uint8_t preferred(const struct bf_guest *g)
{
        return g->slot[1].priority > g->slot[0].priority ? 1 : 0;
}

static sg_err apply_row(const struct bf_guest *g, size_t row, struct bf_decision *d)
{
        d->trial = boot_table[row].start_is_written;
        switch (boot_table[row].choice) {
        case SLOT_0:
                d->slot = 0;
                return SG_OK;
        case SLOT_1:
                d->slot = 1;
                return SG_OK;
        case PREFERRED:
                d->slot = preferred(g);
                return SG_OK;
        case NONE:
                d->slot = SG_SLOT_NONE;
                return SG_OK;
        default:
                return SG_E_STATE_IMPOSSIBLE;
        }
}

sg_err bf_decide(const struct bf_guest *g, bf_refused refused, struct bf_decision *d)
{
        d->slot = SG_SLOT_NONE;
        d->trial = false;
        sg_err e = bf_guest_check(g);
        if (e)
                return e;
        if (g->started)
                return SG_E_STATE_IMPOSSIBLE;
        enum offer offer_0 = slot_offer(g, refused, 0);
        enum offer offer_1 = slot_offer(g, refused, 1);
        for (size_t i = 0; i < sizeof(boot_table) / sizeof(boot_table[0]); i++)
                if (fits(boot_table[i].slot_0, offer_0) && fits(boot_table[i].slot_1, offer_1))
                        return apply_row(g, i, d);
        return SG_E_STATE_IMPOSSIBLE;
}

static bool is_zero(const uint8_t *p, size_t n)
{
        uint8_t any = 0;

        while (n--)
                any |= *p++;
        return any == 0;
}

static bool slot_holds(const struct bf_slot *s, uint32_t floor)
{
        bool bootable = s->state == BF_STAGED || s->state == BF_GOOD;
        bool staged = s->state == BF_STAGED;

        if (s->state > BF_FAILED || s->priority > BF_PRIORITY_MAX)
                return false;
        if ((s->state == BF_EMPTY) != is_zero(s->digest, BF_DIGEST_SIZE))
                return false;
        if (s->state == BF_EMPTY && s->counter != 0)
                return false;
        if (bootable != (s->priority != 0))
                return false;
        if (staged != (s->tries_remaining != 0) || staged != (s->interrupted_remaining != 0))
                return false;
        if (bootable && s->counter < floor)
                return false;
        return s->state != BF_STALE || s->counter < floor;
}

static bool slots_agree(const struct bf_slot *a, const struct bf_slot *b)
{
        if (a->state == BF_STAGED && b->state == BF_STAGED)
                return false;
        if (a->priority != 0 && a->priority == b->priority)
                return false;
        if (a->state == BF_STAGED && a->priority < b->priority)
                return false;
        return b->state != BF_STAGED || b->priority > a->priority;
}

static bool outcome_holds(const struct bf_guest *g)
{
        if (g->outcome > BF_OUTCOME_CANCELLED || g->outcome_slot >= BF_SLOTS || g->reported > 1)
                return false;
        return g->cause <= SG_CAUSE_INTERRUPTED && (g->outcome != BF_OUTCOME_NONE || g->reported);
}

sg_err bf_guest_check(const struct bf_guest *g)
{
        const struct bf_slot *s = g->slot;
        bool in_flight = g->started == 1;

        if (!slot_holds(&s[0], g->floor) || !slot_holds(&s[1], g->floor) ||
            !slots_agree(&s[0], &s[1]) || !outcome_holds(g))
                return SG_E_STATE_IMPOSSIBLE;
        if (g->started > 1 || in_flight != (g->token != 0) || g->group != 0)
                return SG_E_STATE_IMPOSSIBLE;
        if (in_flight && bf_staged(g) == SG_SLOT_NONE)
                return SG_E_STATE_IMPOSSIBLE;
        return SG_OK;
}

static bool slot_equal(const struct bf_slot *a, const struct bf_slot *b)
{
        return memcmp(a->digest, b->digest, BF_DIGEST_SIZE) == 0 && a->counter == b->counter &&
               a->state == b->state && a->priority == b->priority &&
               a->tries_remaining == b->tries_remaining &&
               a->interrupted_remaining == b->interrupted_remaining;
}

bool bf_guest_equal(const struct bf_guest *a, const struct bf_guest *b)
{
        return slot_equal(&a->slot[0], &b->slot[0]) && slot_equal(&a->slot[1], &b->slot[1]) &&
               memcmp(a->failed_digest, b->failed_digest, BF_DIGEST_SIZE) == 0 &&
               a->token == b->token && a->floor == b->floor && a->started == b->started &&
               a->outcome == b->outcome && a->outcome_slot == b->outcome_slot &&
               a->cause == b->cause && a->reported == b->reported && a->group == b->group;
}

uint8_t bf_active(const struct bf_guest *g, bf_refused refused)
{
        bool good_0 = slot_offer(g, refused, 0) == GOOD;
        bool good_1 = slot_offer(g, refused, 1) == GOOD;

        if (good_0 && good_1)
                return preferred(g);
        if (good_0)
                return 0;
        return good_1 ? 1 : SG_SLOT_NONE;
}

uint8_t bf_staged(const struct bf_guest *g)
{
        for (uint8_t i = 0; i < BF_SLOTS; i++)
                if (g->slot[i].state == BF_STAGED)
                        return i;
        return SG_SLOT_NONE;
}

/* The slot of the guest's current start; when it is not started, the confirmed one. */
static uint8_t current(const struct bf_guest *g, bf_refused refused)
{
        uint8_t active = bf_active(g, refused);

        return g->started || active == SG_SLOT_NONE ? bf_staged(g) : active;
}

uint32_t bf_slot_flags(const struct bf_guest *g, bf_refused refused, uint8_t slot)
{
        static const uint8_t of_state[] = {
                [BF_EMPTY] = 0,
                [BF_OPEN] = 0,
                [BF_STAGED] = SG_SLOT_F_PRESENT | SG_SLOT_F_TRIAL,
                [BF_GOOD] = SG_SLOT_F_PRESENT | SG_SLOT_F_SUCCESSFUL,
                [BF_STALE] = SG_SLOT_F_PRESENT | SG_SLOT_F_SUCCESSFUL | SG_SLOT_F_STALE,
                [BF_FAILED] = SG_SLOT_F_PRESENT | SG_SLOT_F_FAILED,
        };

        if (slot >= BF_SLOTS || g->slot[slot].state > BF_FAILED)
                return 0;
        uint32_t flags = of_state[g->slot[slot].state];
        if (refused & BF_REFUSED(slot))
                flags |= SG_SLOT_F_FAILED;
        if (current(g, refused) == slot)
                flags |= SG_SLOT_F_ACTIVE;
        return flags;
}

enum sg_cause bf_slot_cause(const struct bf_guest *g, uint8_t slot)
{
        bool last = slot < BF_SLOTS && g->outcome_slot == slot &&
                    (g->outcome == BF_OUTCOME_ROLLED_BACK || g->outcome == BF_OUTCOME_REFUSED);

        return last && g->slot[slot].state == BF_FAILED ? (enum sg_cause)g->cause : SG_CAUSE_NONE;
}

int64_t bf_hypercall_result(sg_err e)
{
        switch (e) {
        case SG_OK:
                return SG_HC_OK;
        case SG_E_BAD_ARGUMENT:
        case SG_E_SLOT_NUMBER:
                return SG_HC_BAD_ARGUMENT;
        case SG_E_SLOT_BUSY:
                return SG_HC_BUSY;
        case SG_E_SLOT_DOWNGRADE:
                return SG_HC_DOWNGRADE;
        case SG_E_SLOT_FAILED_BEFORE:
                return SG_HC_FAILED_BEFORE;
        case SG_E_TRIAL_TOKEN:
                return SG_HC_BAD_TOKEN;
        case SG_E_SLOT_NOT_OPEN:
        case SG_E_SLOT_NOT_STAGED:
        case SG_E_SLOT_MISMATCH:
        case SG_E_SLOT_NOT_DUE:
        case SG_E_SLOT_NO_SOURCE:
        case SG_E_TRIAL_NONE:
        case SG_E_STATE_NO_OUTCOME:
        case SG_E_STATE_NO_GUEST:
        case SG_E_STATE_IMPOSSIBLE:
                return SG_HC_BAD_STATE;
        default:
                return SG_HC_STORAGE;
        }
}
