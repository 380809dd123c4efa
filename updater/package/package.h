/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package: a TUF repository in one ustar archive, metadata first (docs/package.md).
 *
 *   root.json               the newest root
 *   [N.root.json ...]       the roots between the pinned one and it, upwards
 *   targets.json
 *   targets/<path>.chunks, targets/<path>   for each target
 */
#ifndef PACKAGE_PACKAGE_H
#define PACKAGE_PACKAGE_H

#include "updater/package/chunks.h"
#include "updater/package/tuf.h"
#include "updater/package/ustar.h"

/* What an earlier package taught: nothing older is accepted. */
struct package_floor {
        uint64_t root_version;
        uint64_t targets_version;
};

/* Memory that opening a package needs, in one piece. */
struct package_memory {
        char text[TUF_METADATA_MAX];
        jsmntok_t tokens[TUF_TOKENS_MAX];
        struct tuf_root scratch;
};

struct package {
        const struct storage *storage;
        struct ustar_index index;
        struct tuf_root root;
        struct tuf_targets targets;
        uint64_t bytes; /* of the archive, without its end blocks */
};

/* Authenticates the metadata: pinned root, chain, targets, versions against floor. now as in
 * struct tuf_context. Every target's members must be there, of the length signed. */
sg_err package_open(struct package *p, const struct storage *storage, const char *pinned,
                    size_t pinned_length, const struct package_floor *floor, const char *now,
                    struct package_memory *memory);

/* The payload of a target behind its chunk list. list holds CHUNK_LIST_MAX, buffer CHUNK_LENGTH_MAX
 * bytes. */
sg_err package_target_open(const struct package *p, const struct manifest_target *target,
                           uint8_t *list, uint8_t *buffer, struct chunk_reader *reader);

/* The whole payload against the manifest's length, SHA-256 and chunk list, for host tools: the
 * engine goes chunk by chunk. list and buffer as above. SG_E_TARGET_DIGEST, SG_E_CHUNK_*. */
sg_err package_target_verify(const struct package *p, const struct manifest_target *target,
                             uint8_t *list, uint8_t *buffer);

/* SHA-256 of the raw bytes of targets.json, unauthenticated: tells whether the inbox holds
 * something new. SG_E_NO_PACKAGE when no root.json stands at its beginning; as ustar_next() when
 * what follows is damaged. */
sg_err package_peek(const struct storage *storage, uint8_t digest[32]);

#endif
