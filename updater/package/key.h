/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA P-256 public keys as TUF metadata holds them, and their signatures. */
#ifndef PACKAGE_KEY_H
#define PACKAGE_KEY_H

#include "updater/package/json.h"

#define KEY_SPKI_SIZE 91 /* SubjectPublicKeyInfo of a P-256 key with an uncompressed point, DER */
#define KEY_PEM_MAX   256

struct key {
        uint8_t id[32]; /* SHA-256 of the canonical key object */
        uint8_t spki[KEY_SPKI_SIZE];
};

/* A key object and the id under which it stands. SG_E_KEY_TYPE when it is of another kind;
 * SG_E_KEY_ID when the id is not its own; SG_E_METADATA when it is malformed. */
sg_err key_parse(struct key *key, const struct json *json, int id, int object);

/* Does the DER signature hold for that SHA-256? */
bool key_verify(const struct key *key, const uint8_t digest[32], const uint8_t *signature,
                size_t length);

/* For host tools: the key object of a public key as a member of an object, or by itself (name
 * NULL), and its id. */
struct json_writer;
void key_write(struct json_writer *w, const char *name, const uint8_t spki[KEY_SPKI_SIZE]);
sg_err key_id(const uint8_t spki[KEY_SPKI_SIZE], uint8_t id[32]);

#endif
