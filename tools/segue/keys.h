/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA P-256 keys in PEM or DER files, and signatures with them. */
#ifndef TOOLS_SEGUE_KEYS_H
#define TOOLS_SEGUE_KEYS_H

#include <mbedtls/pk.h>
#include <stddef.h>
#include <stdint.h>

enum {
        KEY_SPKI_MAX = 96, /* SubjectPublicKeyInfo, DER: 91 bytes for an uncompressed point */
        PEM_MAX = 1024,
        KEY_SIGNATURE_MAX = 80, /* ECDSA-Sig-Value, DER */
};

struct public_key {
        uint8_t spki[KEY_SPKI_MAX];
        size_t spki_size;
        uint8_t hash[32]; /* SHA-256 of the SubjectPublicKeyInfo: how Segue and MCUboot name it */
};

/* Reads a private key; SG_E_KEY_FILE ends the program. */
void key_load_private(mbedtls_pk_context *key, const char *path);
/* The public half of a private or a public key file. */
void key_load_public(struct public_key *key, const char *path);
void key_public_half(struct public_key *out, mbedtls_pk_context *key);
void key_public_pem(char pem[PEM_MAX], const struct public_key *key);
void key_generate_pem(char pem[PEM_MAX]);

/* Signs a SHA-256 digest (deterministic ECDSA, RFC 6979); returns the signature's size. */
size_t key_sign_digest(mbedtls_pk_context *key, const uint8_t digest[32],
                       uint8_t signature[KEY_SIGNATURE_MAX]);

#endif
