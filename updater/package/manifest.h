/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One target of a package: TUF's length and SHA-256, and Segue's `custom`. docs/package.md lists
 * the members of `custom` by name and says which are required.
 */
#ifndef PACKAGE_MANIFEST_H
#define PACKAGE_MANIFEST_H

#include "updater/package/json.h"

#define MANIFEST_FORMAT      1
#define MANIFEST_TARGETS_MAX 16
#define MANIFEST_PATH_MAX    127
#define MANIFEST_NAME_MAX    31 /* product, guest */
#define MANIFEST_ID_MAX      63 /* package id, versions */

enum manifest_kind {
        MANIFEST_DELTA, /* against the image `from` */
        MANIFEST_IMAGE  /* the whole image */
};

struct manifest_target {
        char path[MANIFEST_PATH_MAX + 1]; /* the member targets/<path> */
        uint64_t length;                  /* of the payload */
        uint8_t sha256[32];
        enum manifest_kind kind;
        char package[MANIFEST_ID_MAX + 1];
        char product[MANIFEST_NAME_MAX + 1];
        char guest[MANIFEST_NAME_MAX + 1];
        uint64_t from_length; /* MANIFEST_DELTA only: header to last TLV */
        uint8_t from_digest[32];
        char from_version[MANIFEST_ID_MAX + 1];
        uint64_t to_length; /* header to last TLV */
        uint8_t to_digest[32];
        char to_version[MANIFEST_ID_MAX + 1];
        uint64_t security_counter;
        uint64_t ram_need;         /* of the delta's decoder, bytes */
        uint8_t chunks_digest[32]; /* SHA-256 of the member targets/<path>.chunks */
        uint32_t minimum_updater;
};

/* path is the target's name, t the target's object. SG_E_TARGET, SG_E_TARGET_FORMAT,
 * SG_E_DEPENDENCY, SG_E_GROUP. */
sg_err manifest_parse(struct manifest_target *target, const struct json *json, int path, int t);

/* For host tools: writes the target's object as a member of "targets". */
struct json_writer;
void manifest_write(struct json_writer *w, const struct manifest_target *target);

#endif
