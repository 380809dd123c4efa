// SPDX-License-Identifier: Apache-2.0
/*
 * One boot-state record, and behind it a row of events: whatever state a record may hold, no event
 * leads out of the states that bf_guest_check() knows, and no refused event changes anything.
 */
#include <string.h>

#include "tests/fuzz/entry.h"
#include "tests/fuzz/fuzz.h"

#define EVENT_SIZE 4 /* which, slot, digest, counter and token or cause */
#define CAUSES     (SG_CAUSE_INTERRUPTED + 1)

static sg_err apply(struct bf_guest *g, const uint8_t *event)
{
        static const struct bf_limits limits = {3, 10};
        uint8_t slot = event[1] & 1;
        bf_refused refused = event[1] >> 6;
        struct bf_image_id id = {.counter = event[3]};

        memset(id.digest, event[2], sizeof(id.digest));
        switch (event[0] % 11) {
        case 0:
                return bf_open(g, refused, slot, &id);
        case 1:
                return bf_stage(g, slot, &id, &limits);
        case 2:
                return bf_unstage(g, slot);
        case 3:
                return bf_power_on(g);
        case 4:
                return bf_start(g, refused, slot, &id, event[3] + 1u);
        case 5:
                return bf_confirm(g, event[3] + 1u);
        case 6:
                return bf_try_spent(g, (enum sg_cause)(event[3] % CAUSES));
        case 7:
                return bf_load_failed(g, slot);
        case 8:
                return bf_verify_failed(g, slot);
        case 9:
                return bf_refill(g, refused, slot);
        default:
                return bf_reported(g);
        }
}

static void require_decision(const struct bf_guest *g, bf_refused refused)
{
        struct bf_decision d;

        if (bf_decide(g, refused, &d) != SG_OK)
                return;
        FUZZ_REQUIRE(d.slot < BF_SLOTS || d.slot == SG_SLOT_NONE);
        if (d.slot == SG_SLOT_NONE)
                return;
        FUZZ_REQUIRE(g->slot[d.slot].state == (d.trial ? BF_STAGED : BF_GOOD));
        FUZZ_REQUIRE(g->slot[d.slot].counter >= g->floor);
}

static void run(struct bf_guest *g, const uint8_t *events, size_t size)
{
        for (size_t at = 0; size - at >= EVENT_SIZE; at += EVENT_SIZE) {
                struct bf_guest before = *g;
                uint32_t floor = g->floor;

                if (apply(g, events + at) != SG_OK)
                        FUZZ_REQUIRE(bf_guest_equal(&before, g));
                FUZZ_REQUIRE(bf_guest_check(g) == SG_OK && g->floor >= floor);
                require_decision(g, events[at + 1] >> 6);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t entry[BF_ENTRY_SIZE];
        struct bf_record r, again;

        if (size < BF_ENTRY_SIZE)
                return 0;
        enum bf_entry kind = bf_record_decode(data, &r);
        if (kind < BF_ENTRY_UNSEALED)
                return 0;
        FUZZ_REQUIRE(r.vm < BF_GUESTS_MAX && (r.guests >> r.vm & 1));
        FUZZ_REQUIRE(bf_guest_check(&r.guest) == SG_OK);
        bf_record_encode(&r, entry);
        FUZZ_REQUIRE(bf_record_decode(entry, &again) == BF_ENTRY_SETTLED);
        FUZZ_REQUIRE(again.sequence == r.sequence && again.generation == r.generation &&
                     again.guests == r.guests && again.vm == r.vm &&
                     bf_guest_equal(&again.guest, &r.guest));
        run(&r.guest, data + BF_ENTRY_SIZE, size - BF_ENTRY_SIZE);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size = LLVMFuzzerMutate(data, size, max);
        if (seed % FUZZ_RAW_ONE_IN && size >= BF_ENTRY_SIZE)
                entry_mend(data);
        return size;
}
