/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata, written and signed (updater/package/tuf.h reads it). */
#ifndef TOOLS_SEGUE_METADATA_H
#define TOOLS_SEGUE_METADATA_H

#include <mbedtls/pk.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/segue/command.h"
#include "updater/package/canonical.h"
#include "updater/package/tuf.h"

struct signer {
        mbedtls_pk_context key;
        uint8_t spki[KEY_SPKI_SIZE];
        uint8_t id[32]; /* TUF's key id */
};

/* Loads the private keys of a repeated option; returns how many, at most max. */
uint32_t signers_load(struct signer *signers, uint32_t max, const struct args *args,
                      const char *option);

/* Begins the signed part of a metadata file with what every role has; the caller adds the role's
 * own members. */
void metadata_begin(struct json_writer *w, const char *type, const char *expires, uint64_t version);
/* Ends the signed part and returns the whole file, signed by all signers. */
const char *metadata_sign(struct json_writer *w, struct signer *signers, uint32_t count,
                          size_t *length);

/* --expires, or so many years from now; checked for its form. */
void expiry_option(char expires[TUF_TIME_SIZE], const struct args *args, int years);
/* The present, in the same form. */
void time_text(char text[TUF_TIME_SIZE], int years_from_now);

/* The version that a metadata file says it has; SG_E_METADATA ends the program. */
uint64_t metadata_version(const char *text, size_t length, const char *path);

#endif
