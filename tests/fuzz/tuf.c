// SPDX-License-Identifier: Apache-2.0
/*
 * TUF metadata: the pinned root, then any number of documents that are tried as the next root and
 * as targets; a byte SEPARATOR between them. Every signature holds (tests/fuzz/trusting.c).
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/metadata.h"
#include "updater/package/tuf.h"

#define SEPARATOR 0x1e

static jsmntok_t tokens[TUF_TOKENS_MAX];
static const struct tuf_context context = {tokens, TUF_TOKENS_MAX, NULL};

#define REQUIRE_STRING(s) FUZZ_REQUIRE(memchr(s, '\0', sizeof(s)))

static void require_role(const struct tuf_root *root, const struct tuf_role *role)
{
        FUZZ_REQUIRE(role->threshold > 0 && role->threshold <= role->count);
        FUZZ_REQUIRE(role->count <= TUF_ROLE_KEYS_MAX);
        for (uint32_t i = 0; i < role->count; i++) {
                FUZZ_REQUIRE(role->key[i] < root->key_count);
                for (uint32_t k = 0; k < i; k++)
                        FUZZ_REQUIRE(role->key[i] != role->key[k]);
        }
}

static void require_root(const struct tuf_root *root)
{
        FUZZ_REQUIRE(root->version > 0 && root->key_count <= TUF_KEYS_MAX);
        REQUIRE_STRING(root->expires);
        require_role(root, &root->root);
        require_role(root, &root->targets);
}

static void require_target(const struct manifest_target *t)
{
        REQUIRE_STRING(t->path);
        REQUIRE_STRING(t->package);
        REQUIRE_STRING(t->product);
        REQUIRE_STRING(t->guest);
        REQUIRE_STRING(t->from_version);
        REQUIRE_STRING(t->to_version);
        FUZZ_REQUIRE(t->to_length > 0 && t->path[0] > ' ');
        FUZZ_REQUIRE(t->kind == MANIFEST_DELTA || t->length == t->to_length);
}

static void require_targets(const struct tuf_targets *targets)
{
        FUZZ_REQUIRE(targets->count > 0 && targets->count <= MANIFEST_TARGETS_MAX);
        for (uint32_t i = 0; i < targets->count; i++) {
                require_target(&targets->target[i]);
                if (i > 0)
                        FUZZ_REQUIRE(strcmp(targets->target[i - 1].path, targets->target[i].path) <=
                                     0);
        }
}

static void take(struct tuf_root *root, const char *text, size_t length)
{
        static struct tuf_root scratch;
        static struct tuf_targets targets;
        uint64_t version = root->version;

        if (tuf_root_update(root, &scratch, &context, text, length) == SG_OK)
                version++;
        FUZZ_REQUIRE(root->version == version);
        require_root(root);
        if (tuf_targets_verify(&targets, root, &context, text, length) == SG_OK)
                require_targets(&targets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct tuf_root root;
        const char *text = (const char *)data, *end = text + size;
        const char *next = size ? memchr(text, SEPARATOR, size) : NULL;

        if (tuf_root_pinned(&root, &context, text, (size_t)((next ? next : end) - text)) != SG_OK)
                return 0;
        require_root(&root);
        while (next) {
                text = next + 1;
                next = memchr(text, SEPARATOR, (size_t)(end - text));
                take(&root, text, (size_t)((next ? next : end) - text));
        }
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size = LLVMFuzzerMutate(data, size, max);
        char *text = (char *)data;
        for (size_t at = 0; seed % FUZZ_RAW_ONE_IN && at < size;) {
                const char *next = memchr(text + at, SEPARATOR, size - at);
                size_t end = next ? (size_t)(next - text) : size;
                metadata_mend_keys(text, size, text + at, end - at);
                at = end + 1;
        }
        return size;
}
