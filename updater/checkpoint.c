/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/checkpoint.h"

#include <assert.h>
#include <segue/bytes.h>
#include <string.h>
#include <zlib.h>

#define FORMAT 1

/* Offsets, as the header's comment lists them. */
#define R_FORMAT      4
#define R_SEQUENCE    8
#define R_ROOT        16
#define R_TARGETS     24
#define R_IDENTITY    32
#define R_ERROR       64
#define R_DONE        68
#define R_JOB         72
#define R_VM          76
#define R_SLOT        80
#define R_KIND        84
#define R_DIGEST      88
#define R_PAYLOAD     120
#define R_SEGMENTS    152
#define R_RESUMES     156
#define R_DECODER     160
#define R_COUNTER     224
#define R_LENGTH      232
#define R_VERSION     240
#define R_CONSENT     304
#define R_DEFERRALS   312
#define R_FINISHED    320
#define R_CRC         508

#define FINISHED_SIZE 40

static_assert(R_DECODER + DL_CHECKPOINT_SIZE == R_COUNTER, "the decoder's checkpoint fits");
static_assert(R_VERSION + MANIFEST_ID_MAX + 1 == R_CONSENT, "the version fits");
static_assert(R_FINISHED + CHECKPOINT_HISTORY * FINISHED_SIZE <= R_CRC, "the history fits");

static const uint8_t magic[4] = {'S', 'G', 'U', 'C'};

static void encode_job(uint8_t *r, const struct checkpoint_job *job)
{
        put_le32(r + R_JOB, job->present ? 1 : 0);
        put_le32(r + R_VM, job->vm);
        put_le32(r + R_SLOT, job->slot);
        put_le32(r + R_KIND, (uint32_t)job->kind);
        memcpy(r + R_DIGEST, job->digest, 32);
        memcpy(r + R_PAYLOAD, job->payload, 32);
        put_le32(r + R_SEGMENTS, job->segments);
        put_le32(r + R_RESUMES, job->resumes);
        memcpy(r + R_DECODER, job->decoder.bytes, DL_CHECKPOINT_SIZE);
        put_le64(r + R_COUNTER, job->security_counter);
        put_le64(r + R_LENGTH, job->length);
        memcpy(r + R_VERSION, job->version, sizeof(job->version));
        put_le64(r + R_CONSENT, job->consent_until_ms);
        put_le32(r + R_DEFERRALS, job->deferrals);
}

static void encode(uint8_t r[CHECKPOINT_SIZE], const struct checkpoint *c, uint64_t sequence)
{
        memset(r, 0, CHECKPOINT_SIZE);
        memcpy(r, magic, sizeof(magic));
        put_le32(r + R_FORMAT, FORMAT);
        put_le64(r + R_SEQUENCE, sequence);
        put_le64(r + R_ROOT, c->root_version);
        put_le64(r + R_TARGETS, c->targets_version);
        memcpy(r + R_IDENTITY, c->identity, 32);
        put_le32(r + R_ERROR, c->error);
        put_le32(r + R_DONE, c->done);
        encode_job(r, &c->job);
        for (size_t i = 0; i < CHECKPOINT_HISTORY; i++) {
                uint8_t *f = r + R_FINISHED + i * FINISHED_SIZE;
                memcpy(f, c->finished[i].identity, 32);
                put_le32(f + 32, (uint32_t)c->finished[i].outcome);
                put_le32(f + 36, c->finished[i].error);
        }
        put_le32(r + R_CRC, (uint32_t)crc32(0, r, R_CRC));
}

static void decode_job(struct checkpoint_job *job, const uint8_t *r)
{
        job->present = get_le32(r + R_JOB) == 1;
        job->vm = get_le32(r + R_VM);
        job->slot = get_le32(r + R_SLOT) & 1;
        job->kind = get_le32(r + R_KIND) == MANIFEST_DELTA ? MANIFEST_DELTA : MANIFEST_IMAGE;
        memcpy(job->digest, r + R_DIGEST, 32);
        memcpy(job->payload, r + R_PAYLOAD, 32);
        job->segments = get_le32(r + R_SEGMENTS);
        job->resumes = get_le32(r + R_RESUMES);
        memcpy(job->decoder.bytes, r + R_DECODER, DL_CHECKPOINT_SIZE);
        job->security_counter = get_le64(r + R_COUNTER);
        job->length = get_le64(r + R_LENGTH);
        memcpy(job->version, r + R_VERSION, sizeof(job->version));
        job->version[MANIFEST_ID_MAX] = '\0';
        job->consent_until_ms = get_le64(r + R_CONSENT);
        job->deferrals = get_le32(r + R_DEFERRALS);
}

static void decode(struct checkpoint *c, const uint8_t *r)
{
        c->root_version = get_le64(r + R_ROOT);
        c->targets_version = get_le64(r + R_TARGETS);
        memcpy(c->identity, r + R_IDENTITY, 32);
        c->error = get_le32(r + R_ERROR);
        c->done = get_le32(r + R_DONE);
        decode_job(&c->job, r);
        for (size_t i = 0; i < CHECKPOINT_HISTORY; i++) {
                const uint8_t *f = r + R_FINISHED + i * FINISHED_SIZE;
                memcpy(c->finished[i].identity, f, 32);
                c->finished[i].outcome = (enum package_outcome)get_le32(f + 32);
                c->finished[i].error = get_le32(f + 36);
        }
}

static bool is_good(const uint8_t r[CHECKPOINT_SIZE])
{
        return memcmp(r, magic, sizeof(magic)) == 0 && get_le32(r + R_FORMAT) == FORMAT &&
               get_le32(r + R_CRC) == (uint32_t)crc32(0, r, R_CRC);
}

static bool is_blank(const uint8_t r[CHECKPOINT_SIZE])
{
        for (size_t i = 0; i < CHECKPOINT_SIZE; i++) {
                if (r[i] != r[0] || (r[0] != 0 && r[0] != 0xff)) {
                        return false;
                }
        }
        return true;
}

/* Serial numbers go round, so that every record can be followed by a newer one. */
static bool is_newer(uint64_t sequence, uint64_t than)
{
        return (int64_t)(sequence - than) > 0;
}

sg_err checkpoint_load(struct checkpoint_store *store, const struct storage *storage,
                       struct checkpoint *c)
{
        uint8_t r[CHECKPOINT_SIZE];
        bool found = false;
        bool damaged = false;
        sg_err unreadable = SG_OK;

        *store = (struct checkpoint_store){.storage = storage};
        memset(c, 0, sizeof(*c));
        if (storage->size < CHECKPOINT_JOURNAL_SIZE) {
                store->unusable = SG_E_JOURNAL;
                return SG_E_JOURNAL;
        }
        /* What a predecessor that died left in the disk's cache, or on its way there, is settled
         * before any of it is believed. */
        store->unusable = storage_flush(storage);
        if (store->unusable != SG_OK) {
                return store->unusable;
        }
        for (uint32_t place = 0; place < 2; place++) {
                sg_err err =
                        storage_read(storage, (uint64_t)place * CHECKPOINT_DISTANCE, r, sizeof(r));
                if (err != SG_OK) {
                        unreadable = err;
                } else if (!is_good(r)) {
                        damaged = damaged || !is_blank(r);
                } else if (!found || is_newer(get_le64(r + R_SEQUENCE), store->sequence)) {
                        found = true;
                        store->sequence = get_le64(r + R_SEQUENCE);
                        store->place = place ^ 1;
                        decode(c, r);
                }
        }
        if (found) {
                return SG_OK;
        }
        store->unusable = unreadable;
        if (unreadable != SG_OK) {
                return unreadable;
        }
        return damaged ? SG_E_JOURNAL : SG_E_JOURNAL_BLANK;
}

sg_err checkpoint_save(struct checkpoint_store *store, const struct checkpoint *c)
{
        uint8_t r[CHECKPOINT_SIZE];

        if (store->unusable != SG_OK) {
                return store->unusable;
        }
        encode(r, c, store->sequence + 1);
        sg_err err = storage_write(store->storage, (uint64_t)store->place * CHECKPOINT_DISTANCE, r,
                                   sizeof(r));
        if (err == SG_OK) {
                err = storage_flush(store->storage);
        }
        if (err == SG_OK) {
                store->sequence++;
                store->place ^= 1;
        }
        return err;
}
