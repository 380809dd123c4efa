// SPDX-License-Identifier: Apache-2.0
/* The engine's checkpoint journal: the input is its two records. */
#include <stdbool.h>
#include <string.h>

#include <segue/bytes.h>
#include <zlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/memory_storage.h"
#include "updater/checkpoint.h"

#define CRC_AT (CHECKPOINT_SIZE - 4)

static void require_saved(const struct storage *storage, struct checkpoint_store *store,
                          struct checkpoint *c)
{
        static struct checkpoint again;

        FUZZ_REQUIRE(strnlen(c->job.version, sizeof(c->job.version)) <= MANIFEST_ID_MAX);
        c->job.segments ^= 1;
        FUZZ_REQUIRE(checkpoint_save(store, c) == SG_OK);
        FUZZ_REQUIRE(checkpoint_load(store, storage, &again) == SG_OK);
        FUZZ_REQUIRE(again.job.segments == c->job.segments &&
                     again.targets_version == c->targets_version &&
                     memcmp(again.identity, c->identity, sizeof(c->identity)) == 0 &&
                     strcmp(again.job.version, c->job.version) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t disk[CHECKPOINT_JOURNAL_SIZE];
        static struct checkpoint c;
        struct memory_storage memory;
        struct checkpoint_store store;

        if (size < 2 * CHECKPOINT_SIZE)
                return 0;
        memory_storage_init(&memory, disk, sizeof(disk));
        memcpy(disk, data, CHECKPOINT_SIZE);
        memcpy(disk + CHECKPOINT_DISTANCE, data + CHECKPOINT_SIZE, CHECKPOINT_SIZE);
        sg_err e = checkpoint_load(&store, &memory.storage, &c);
        FUZZ_REQUIRE(store.unusable == SG_OK);
        if (e) {
                FUZZ_REQUIRE(e == SG_E_JOURNAL || e == SG_E_JOURNAL_BLANK);
                FUZZ_REQUIRE(!c.job.present && c.root_version == 0);
        }
        require_saved(&memory.storage, &store, &c);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size = LLVMFuzzerMutate(data, size, max);
        for (size_t at = 0; seed % FUZZ_RAW_ONE_IN && at + CHECKPOINT_SIZE <= size;
             at += CHECKPOINT_SIZE)
                put_le32(data + at + CRC_AT, (uint32_t)crc32(0, data + at, CRC_AT));
        return size;
}
