/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/package.h"

#include <mbedtls/sha256.h>
#include <string.h>

#define NAME_ROOT       "root.json"
#define NAME_TARGETS    "targets.json"
#define DIRECTORY       "targets/"
#define CHUNK_SUFFIX    ".chunks"
#define MEMBER_NAME_MAX (sizeof(DIRECTORY) - 1 + MANIFEST_PATH_MAX + sizeof(CHUNK_SUFFIX) - 1)

static sg_err read_text(const struct storage *s, const struct ustar_member *member, char *text)
{
        if (member == NULL) {
                return SG_E_TAR_MEMBER;
        }
        if (member->size > TUF_METADATA_MAX) {
                return SG_E_TOO_LARGE;
        }
        return storage_read(s, member->offset, text, (size_t)member->size);
}

/* "<version>.root.json" */
static void root_name(char name[32], uint64_t version)
{
        char digits[20];
        size_t n = 0;

        do {
                digits[n++] = (char)('0' + version % 10);
                version /= 10;
        } while (version != 0);
        for (size_t i = 0; i < n; i++) {
                name[i] = digits[n - 1 - i];
        }
        memcpy(name + n, "." NAME_ROOT, sizeof("." NAME_ROOT));
}

/* From the pinned root upwards, one version at a time, to root.json. */
static sg_err follow_roots(struct package *p, const struct tuf_context *ctx,
                           struct package_memory *memory)
{
        const struct ustar_member *m;
        char name[32];

        for (;;) {
                root_name(name, p->root.version + 1);
                m = ustar_find(&p->index, name);
                if (m == NULL) {
                        break;
                }
                sg_err err = read_text(p->storage, m, memory->text);
                if (err == SG_OK) {
                        err = tuf_root_update(&p->root, &memory->scratch, ctx, memory->text,
                                              (size_t)m->size);
                }
                if (err != SG_OK) {
                        return err;
                }
        }
        m = ustar_find(&p->index, NAME_ROOT);
        sg_err err = read_text(p->storage, m, memory->text);
        if (err != SG_OK || tuf_root_is(&p->root, ctx, memory->text, (size_t)m->size)) {
                return err;
        }
        return tuf_root_update(&p->root, &memory->scratch, ctx, memory->text, (size_t)m->size);
}

static const struct ustar_member *target_member(const struct package *p,
                                                const struct manifest_target *target,
                                                const char *suffix)
{
        char name[MEMBER_NAME_MAX + 1];
        size_t length = strlen(target->path);
        size_t at = sizeof(DIRECTORY) - 1;

        memcpy(name, DIRECTORY, at);
        memcpy(name + at, target->path, length);
        memcpy(name + at + length, suffix, strlen(suffix) + 1);
        return ustar_find(&p->index, name);
}

static sg_err check_members(const struct package *p)
{
        for (uint32_t i = 0; i < p->targets.count; i++) {
                const struct manifest_target *target = &p->targets.target[i];
                const struct ustar_member *payload = target_member(p, target, "");
                const struct ustar_member *chunks = target_member(p, target, CHUNK_SUFFIX);
                if (payload == NULL || chunks == NULL) {
                        return SG_E_TAR_MEMBER;
                }
                if (payload->size != target->length) {
                        return SG_E_TARGET_LENGTH;
                }
                if (chunks->size > CHUNK_LIST_MAX) {
                        return SG_E_CHUNK_LIST;
                }
        }
        return SG_OK;
}

/* Metadata stands before any payload, so that a stream can be judged before it is taken in. */
static sg_err check_order(const struct ustar_index *index)
{
        bool metadata_done = false;

        if (index->count == 0 || strcmp(index->member[0].name, NAME_ROOT) != 0) {
                return SG_E_NO_PACKAGE;
        }
        for (uint32_t i = 0; i < index->count; i++) {
                const char *name = index->member[i].name;
                bool payload = strncmp(name, DIRECTORY, sizeof(DIRECTORY) - 1) == 0;
                if (payload && !metadata_done) {
                        return SG_E_TAR_MEMBER;
                }
                metadata_done = metadata_done || strcmp(name, NAME_TARGETS) == 0;
        }
        return metadata_done ? SG_OK : SG_E_TAR_MEMBER;
}

static sg_err authenticate(struct package *p, const char *pinned, size_t pinned_length,
                           const struct tuf_context *ctx, struct package_memory *memory)
{
        sg_err err = tuf_root_pinned(&p->root, ctx, pinned, pinned_length);

        if (err == SG_OK) {
                err = follow_roots(p, ctx, memory);
        }
        if (err != SG_OK) {
                return err;
        }
        const struct ustar_member *m = ustar_find(&p->index, NAME_TARGETS);
        err = read_text(p->storage, m, memory->text);
        if (err != SG_OK) {
                return err;
        }
        return tuf_targets_verify(&p->targets, &p->root, ctx, memory->text, (size_t)m->size);
}

sg_err package_open(struct package *p, const struct storage *storage, const char *pinned,
                    size_t pinned_length, const struct package_floor *floor, const char *now,
                    struct package_memory *memory)
{
        const struct tuf_context ctx = {memory->tokens, TUF_TOKENS_MAX, now};

        p->storage = storage;
        sg_err err = ustar_index_read(&p->index, storage);
        if (err == SG_OK) {
                err = check_order(&p->index);
        }
        if (err == SG_OK) {
                err = authenticate(p, pinned, pinned_length, &ctx, memory);
        }
        if (err != SG_OK) {
                return err;
        }
        if (p->root.version < floor->root_version || p->targets.version < floor->targets_version) {
                return SG_E_METADATA_OLD;
        }
        p->bytes = p->index.end;
        return check_members(p);
}

sg_err package_target_open(const struct package *p, const struct manifest_target *target,
                           uint8_t *list, uint8_t *buffer, struct chunk_reader *reader)
{
        const struct ustar_member *payload = target_member(p, target, "");
        const struct ustar_member *chunks = target_member(p, target, CHUNK_SUFFIX);
        uint8_t digest[32];

        size_t size = (size_t)chunks->size;
        sg_err err = storage_read(p->storage, chunks->offset, list, size);
        if (err != SG_OK) {
                return err;
        }
        mbedtls_sha256(list, size, digest, 0);
        if (memcmp(digest, target->chunks_digest, sizeof(digest)) != 0) {
                return SG_E_CHUNK_LIST;
        }
        return chunk_reader_open(reader, p->storage, payload->offset, payload->size, list, size,
                                 buffer);
}

sg_err package_target_verify(const struct package *p, const struct manifest_target *target,
                             uint8_t *list, uint8_t *buffer)
{
        struct chunk_reader r;
        mbedtls_sha256_context sha;
        uint8_t piece[512];
        uint8_t digest[32];
        uint64_t done = 0;

        sg_err err = package_target_open(p, target, list, buffer, &r);
        mbedtls_sha256_init(&sha);
        mbedtls_sha256_starts(&sha, 0);
        while (err == SG_OK && done < r.length) {
                size_t n =
                        r.length - done < sizeof(piece) ? (size_t)(r.length - done) : sizeof(piece);
                err = chunk_reader_read(&r, done, piece, n);
                mbedtls_sha256_update(&sha, piece, n);
                done += n;
        }
        mbedtls_sha256_finish(&sha, digest);
        mbedtls_sha256_free(&sha);
        if (err == SG_OK && memcmp(digest, target->sha256, sizeof(digest)) != 0) {
                err = SG_E_TARGET_DIGEST;
        }
        return err;
}

sg_err package_peek(const struct storage *storage, uint8_t digest[32])
{
        struct ustar_member m;
        uint64_t offset = 0;
        uint8_t piece[512];
        mbedtls_sha256_context sha;

        sg_err err = ustar_next(storage, &offset, &m);
        if (err == SG_OK ? strcmp(m.name, NAME_ROOT) != 0 : err != SG_E_IO) {
                return SG_E_NO_PACKAGE;
        }
        for (int i = 0; err == SG_OK && strcmp(m.name, NAME_TARGETS) != 0; i++) {
                err = i < USTAR_MEMBERS_MAX ? ustar_next(storage, &offset, &m) : SG_E_TAR_MEMBER;
        }
        if (err != SG_OK) {
                return err;
        }
        if (m.size > TUF_METADATA_MAX) {
                return SG_E_TOO_LARGE;
        }
        mbedtls_sha256_init(&sha);
        mbedtls_sha256_starts(&sha, 0);
        for (uint64_t done = 0; err == SG_OK && done < m.size; done += sizeof(piece)) {
                size_t n = m.size - done < sizeof(piece) ? (size_t)(m.size - done) : sizeof(piece);
                err = storage_read(storage, m.offset + done, piece, n);
                mbedtls_sha256_update(&sha, piece, n);
        }
        mbedtls_sha256_finish(&sha, digest);
        mbedtls_sha256_free(&sha);
        return err;
}
