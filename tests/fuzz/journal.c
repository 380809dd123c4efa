// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever the flash holds: what a mount finds are states that can be, what is put is found again
 * after a power cycle, and the rules of NOR flash are kept (tests/unit/strict_nor.h).
 */
#include <string.h>

#include "tests/fuzz/entry.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/strict_nor.h"

enum { BLOCK = 4096, BLOCKS = 3, UNIT = 4, BACKGROUND_MAX = 100 };

static struct nor nor;

static void power_on_with(const uint8_t *bytes, size_t size)
{
        nor_init(&nor, BLOCK, BLOCKS, UNIT);
        memset(nor.clean, false, sizeof(nor.clean));
        if (size > (size_t)BLOCK * BLOCKS)
                size = (size_t)BLOCK * BLOCKS;
        memcpy(nor.bytes, bytes, size);
}

static void require_states(const struct bf_journal *j)
{
        for (uint32_t vm = 0; vm < BF_GUESTS_MAX; vm++) {
                const struct bf_guest *g = bf_journal_get(j, vm);
                FUZZ_REQUIRE(!g || bf_guest_check(g) == SG_OK);
        }
}

static void require_same(const struct bf_journal *a, const struct bf_journal *b)
{
        FUZZ_REQUIRE(a->guests == b->guests && a->sequence == b->sequence);
        for (uint32_t vm = 0; vm < BF_GUESTS_MAX; vm++) {
                const struct bf_guest *g = bf_journal_get(a, vm);
                FUZZ_REQUIRE(!g || bf_guest_equal(g, bf_journal_get(b, vm)));
        }
}

/* A change of every guest's, twice over, so that blocks fill and are turned over. */
static void write_all(struct bf_journal *j)
{
        for (unsigned i = 0; i < 2 * BF_GUESTS_MAX; i++) {
                const struct bf_guest *now = bf_journal_get(j, i % BF_GUESTS_MAX);
                if (!now)
                        continue;
                struct bf_guest g = *now;
                memset(g.failed_digest, (int)(i + 1), sizeof(g.failed_digest));
                sg_err e = bf_journal_put(j, i % BF_GUESTS_MAX, &g);
                FUZZ_REQUIRE(e == SG_OK || e == SG_E_STATE_IMPOSSIBLE);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct bf_journal j, scanned;
        bool more = true;

        power_on_with(data, size);
        sg_err scan = bf_journal_scan(&scanned, &nor.flash);
        sg_err e = bf_journal_mount(&j, &nor.flash);
        FUZZ_REQUIRE((scan == SG_OK) == (e == SG_OK));
        if (e)
                return 0;
        require_states(&j);
        for (int i = 0; more; i++)
                FUZZ_REQUIRE(i < BACKGROUND_MAX && bf_journal_housekeep(&j, &more) == SG_OK);
        write_all(&j);
        FUZZ_REQUIRE(bf_journal_scan(&scanned, &nor.flash) == SG_OK);
        require_same(&j, &scanned);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size = LLVMFuzzerMutate(data, size, max);
        for (size_t at = 0; seed % FUZZ_RAW_ONE_IN && at + BF_ENTRY_SIZE <= size;
             at += BF_ENTRY_SIZE)
                if (memcmp(data + at, "SGBS", 4) == 0)
                        entry_mend(data + at);
        return size;
}
