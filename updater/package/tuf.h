/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TUF metadata (specification 1.0): the roles root and targets, ECDSA P-256 keys ("ecdsa",
 * "ecdsa-sha2-nistp256"), thresholds of distinct keys, key ids that are the SHA-256 of the key's
 * canonical form. Delegations are not followed.
 *
 * Expiry: judged when the caller knows the time (the host tool). A device without a trusted clock
 * passes now = NULL; `expires` is checked for its form and reported, and version numbers alone
 * protect against old metadata.
 */
#ifndef PACKAGE_TUF_H
#define PACKAGE_TUF_H

#include "updater/package/key.h"
#include "updater/package/manifest.h"

#define TUF_KEYS_MAX      16
#define TUF_ROLE_KEYS_MAX 8
#define TUF_METADATA_MAX  65536 /* bytes of one metadata file */
#define TUF_TOKENS_MAX    4096
#define TUF_TIME_SIZE     21 /* "2030-01-01T00:00:00Z" and NUL */

struct tuf_role {
        uint32_t threshold;
        uint32_t count;
        uint8_t key[TUF_ROLE_KEYS_MAX]; /* indices into tuf_root.key */
};

struct tuf_root {
        uint64_t version;
        char expires[TUF_TIME_SIZE];
        uint8_t digest[32]; /* of the canonical signed part */
        uint32_t key_count;
        struct key key[TUF_KEYS_MAX];
        struct tuf_role root, targets;
};

struct tuf_targets {
        uint64_t version;
        char expires[TUF_TIME_SIZE];
        uint8_t digest[32]; /* of the canonical signed part: the identity of the package */
        uint32_t count;
        struct manifest_target target[MANIFEST_TARGETS_MAX];
};

/* Room for tokens, from the caller; and the time, "2030-01-01T00:00:00Z", or NULL. */
struct tuf_context {
        jsmntok_t *tokens;
        size_t token_count;
        const char *now;
};

/* The pinned root: trusted because of where it comes from; its own signatures are checked all the
 * same. */
sg_err tuf_root_pinned(struct tuf_root *root, const struct tuf_context *ctx, const char *text,
                       size_t length);

/* The next root: version is one more, signed by thresholds of the old root's and of its own keys.
 * *root becomes it; on error *root is as it was. scratch is another struct of the caller's. */
sg_err tuf_root_update(struct tuf_root *root, struct tuf_root *scratch,
                       const struct tuf_context *ctx, const char *text, size_t length);

/* Is that document the root that is trusted already? */
bool tuf_root_is(const struct tuf_root *root, const struct tuf_context *ctx, const char *text,
                 size_t length);

/* Targets signed by a threshold of root's targets role. Nothing in it is looked at before the
 * signatures held. */
sg_err tuf_targets_verify(struct tuf_targets *targets, const struct tuf_root *root,
                          const struct tuf_context *ctx, const char *text, size_t length);

#endif
