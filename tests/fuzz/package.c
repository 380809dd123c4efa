// SPDX-License-Identifier: Apache-2.0
/*
 * Whole packages: archive, metadata, chunk lists and payloads. The pinned root is the archive's own
 * root.json, and every signature holds (tests/fuzz/trusting.c).
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/metadata.h"
#include "tests/unit/memory_storage.h"
#include "updater/package/package.h"

static struct package_memory memory;
static struct package package;

static void read_target(const struct manifest_target *target)
{
        static uint8_t list[CHUNK_LIST_MAX], buffer[CHUNK_LENGTH_MAX];
        struct chunk_reader reader;
        const uint8_t *bytes;
        uint64_t at, expected = 0;

        (void)package_target_verify(&package, target, list, buffer);
        if (package_target_open(&package, target, list, buffer, &reader) != SG_OK)
                return;
        FUZZ_REQUIRE(reader.length == target->length && reader.count <= CHUNK_COUNT_MAX);
        for (uint32_t i = 0; i < reader.count; i++) {
                FUZZ_REQUIRE(chunk_length(&reader, i) <= CHUNK_LENGTH_MAX);
                if (chunk_reader_chunk(&reader, i, &bytes, &at) == SG_OK)
                        FUZZ_REQUIRE(at == expected);
                expected += chunk_length(&reader, i);
        }
        FUZZ_REQUIRE(expected == target->length);
        FUZZ_REQUIRE(chunk_reader_read(&reader, target->length, buffer, 1) != SG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct package_floor floor;
        static struct ustar_index index;
        const struct ustar_member *root = NULL;
        struct memory_storage storage;
        uint8_t digest[32];

        memory_storage_init(&storage, (uint8_t *)(uintptr_t)data, size);
        if (ustar_index_read(&index, &storage.storage) == SG_OK)
                root = ustar_find(&index, "root.json");
        for (uint32_t i = 0; root && i < index.count; i++) {
                const struct ustar_member *m = &index.member[i];
                FUZZ_REQUIRE(m->offset <= size && m->size <= size - m->offset);
                FUZZ_REQUIRE(memchr(m->name, '\0', sizeof(m->name)));
        }
        (void)package_peek(&storage.storage, digest);
        if (package_open(&package, &storage.storage, root ? (const char *)data + root->offset : "",
                         root ? root->size : 0, &floor, NULL, &memory) == SG_OK)
                for (uint32_t i = 0; i < package.targets.count; i++)
                        read_target(&package.targets.target[i]);
        FUZZ_REQUIRE(storage.writes == 0);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size = LLVMFuzzerMutate(data, size, max);
        if (seed % FUZZ_RAW_ONE_IN)
                package_mend(data, size);
        return size;
}
