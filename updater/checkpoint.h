/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine must know after a power cut, in the partition `journal`: two places 4 KiB apart
 * (so that a torn physical sector never holds both), written in turn, each with sequence and CRC.
 * The newest good one counts. A save is a write and a flush; the flush is the barrier that keeps
 * one good record at any instant.
 *
 *   0    4  magic "SGUC"          4   4  format, 1
 *   8    8  sequence             16   8  accepted root version    24  8  accepted targets version
 *  32   32  package at work: its identity; zero: none
 *  64    4  its first error       68   4  guests done, bit = VM index
 *  72    4  job: 0 none, 1 there  76   4  VM index   80  4  slot   84  4  kind (enum manifest_kind)
 *  88   32  digest of the new image
 * 120   32  SHA-256 of the payload that it is made from
 * 152    4  segments durable      156   4  resumes since the last of them
 * 160   64  the decoder's checkpoint (DL_CHECKPOINT_SIZE)
 * 224    8  security counter      232   8  length of the new image
 * 240   64  its version, text, NUL at the end
 * 304    8  consent deadline, ms since power-on      312  4  how often it was put off
 * 320  160  the last four finished packages: identity 32, outcome 4, error 4
 * 508    4  CRC-32 of the bytes before
 *
 * Little-endian; bytes not named are 0.
 */
#ifndef UPDATER_CHECKPOINT_H
#define UPDATER_CHECKPOINT_H

#include "delta/delta.h"
#include "updater/package/manifest.h"
#include "updater/storage.h"

#define CHECKPOINT_SIZE         512
#define CHECKPOINT_DISTANCE     4096
#define CHECKPOINT_JOURNAL_SIZE (2 * CHECKPOINT_DISTANCE) /* the partition is at least so large */
#define CHECKPOINT_HISTORY      4

/* How a package ended; numbers are on disk. */
enum package_outcome {
        PACKAGE_NONE = 0,
        PACKAGE_APPLIED = 1, /* every target is confirmed, or was there already */
        PACKAGE_FAILED = 2,  /* at least one target was not brought to run */
};

/* The target at work. */
struct checkpoint_job {
        bool present;
        uint32_t vm;
        uint32_t slot;
        enum manifest_kind kind;
        uint8_t digest[32];  /* of the new image */
        uint8_t payload[32]; /* SHA-256 of the target that it is made from */
        uint32_t segments;   /* durable in the slot */
        uint32_t resumes;    /* since then */
        struct dl_checkpoint decoder;
        uint64_t security_counter;
        uint64_t length;
        char version[MANIFEST_ID_MAX + 1];
        uint64_t consent_until_ms;
        uint32_t deferrals;
};

struct checkpoint_finished {
        uint8_t identity[32];
        enum package_outcome outcome;
        uint32_t error;
};

struct checkpoint {
        uint64_t root_version;
        uint64_t targets_version;
        uint8_t identity[32]; /* of the package at work */
        uint32_t error;
        uint32_t done; /* bit = VM index */
        struct checkpoint_job job;
        struct checkpoint_finished finished[CHECKPOINT_HISTORY]; /* the newest first */
};

struct checkpoint_store {
        const struct storage *storage;
        uint64_t sequence; /* of the newest record */
        uint32_t place;    /* where the next one goes: 0 or 1 */
        sg_err unusable;   /* what every save returns: the partition is too small, or could not be
                              read */
};

/* Finds the newest record and makes sure that it is durable. When there is none *c is all zero and
 * the result tells why: SG_E_JOURNAL_BLANK (nothing was ever written) or SG_E_JOURNAL (damaged):
 * the store is ready for a first save; SG_E_JOURNAL when the partition is too small, or the
 * storage's own error when a place could not be read or flushed: the store refuses to save, for a
 * record that it does not see could be newer than the first one it would write. */
sg_err checkpoint_load(struct checkpoint_store *store, const struct storage *storage,
                       struct checkpoint *c);

/* Durable when it returns SG_OK. After an error the newest record is still the one before. */
sg_err checkpoint_save(struct checkpoint_store *store, const struct checkpoint *c);

#endif
