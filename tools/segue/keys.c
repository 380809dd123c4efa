/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/keys.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pem.h>
#include <string.h>

#include "tools/segue/digest.h"
#include "tools/segue/file.h"
#include "tools/segue/report.h"

/* One generator for the whole program, seeded by the system. */
static mbedtls_ctr_drbg_context *random_source(void)
{
        static mbedtls_entropy_context entropy;
        static mbedtls_ctr_drbg_context drbg;
        static int seeded;

        if (!seeded) {
                mbedtls_entropy_init(&entropy);
                mbedtls_ctr_drbg_init(&drbg);
                if (mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0) != 0) {
                        fail(SG_E_IO, "the system gives no random numbers");
                }
                seeded = 1;
        }
        return &drbg;
}

/* Mbed TLS wants PEM with its NUL, DER without one. */
static uint8_t *read_key_file(const char *path, size_t *size)
{
        struct mapped file = file_map(path);
        uint8_t *text = allocate(file.size + 1, 1);

        memcpy(text, file.data, file.size);
        *size = strstr((const char *)text, "-----BEGIN") != NULL ? file.size + 1 : file.size;
        return text;
}

static int is_p256(const mbedtls_pk_context *key)
{
        return mbedtls_pk_get_type(key) == MBEDTLS_PK_ECKEY &&
               mbedtls_pk_ec(*key)->MBEDTLS_PRIVATE(grp).id == MBEDTLS_ECP_DP_SECP256R1;
}

void key_load_private(mbedtls_pk_context *key, const char *path)
{
        size_t size;
        uint8_t *text = read_key_file(path, &size);

        mbedtls_pk_init(key);
        if (mbedtls_pk_parse_key(key, text, size, NULL, 0, mbedtls_ctr_drbg_random,
                                 random_source()) != 0 ||
            !is_p256(key)) {
                fail(SG_E_KEY_FILE, "%s: no private key that can be read", path);
        }
}

void key_public_half(struct public_key *out, mbedtls_pk_context *key)
{
        /* Mbed TLS writes from the buffer's end. */
        int size = mbedtls_pk_write_pubkey_der(key, out->spki, sizeof(out->spki));

        if (size <= 0) {
                fail(SG_E_KEY_FILE, "its public half cannot be written");
        }
        out->spki_size = (size_t)size;
        memmove(out->spki, out->spki + sizeof(out->spki) - out->spki_size, out->spki_size);
        digest_of(out->spki, out->spki_size, out->hash);
}

void key_load_public(struct public_key *key, const char *path)
{
        size_t size;
        uint8_t *text = read_key_file(path, &size);
        mbedtls_pk_context pk;

        mbedtls_pk_init(&pk);
        if (mbedtls_pk_parse_public_key(&pk, text, size) != 0) {
                key_load_private(&pk, path);
        }
        if (!is_p256(&pk)) {
                fail(SG_E_KEY_FILE, "%s", path);
        }
        key_public_half(key, &pk);
        mbedtls_pk_free(&pk);
}

void key_public_pem(char pem[PEM_MAX], const struct public_key *key)
{
        size_t written;

        if (mbedtls_pem_write_buffer("-----BEGIN PUBLIC KEY-----\n", "-----END PUBLIC KEY-----\n",
                                     key->spki, key->spki_size, (unsigned char *)pem, PEM_MAX,
                                     &written) != 0) {
                fail(SG_E_KEY_FILE, "its public half cannot be written");
        }
}

void key_generate_pem(char pem[PEM_MAX])
{
        mbedtls_pk_context pk;

        mbedtls_pk_init(&pk);
        if (mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0 ||
            mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk),
                                mbedtls_ctr_drbg_random, random_source()) != 0 ||
            mbedtls_pk_write_key_pem(&pk, (unsigned char *)pem, PEM_MAX) != 0) {
                fail(SG_E_KEY_FILE, "a key cannot be generated");
        }
        mbedtls_pk_free(&pk);
}

size_t key_sign_digest(mbedtls_pk_context *key, const uint8_t digest[32],
                       uint8_t signature[KEY_SIGNATURE_MAX])
{
        size_t size;

        if (mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, digest, 32, signature, KEY_SIGNATURE_MAX, &size,
                            mbedtls_ctr_drbg_random, random_source()) != 0) {
                fail(SG_E_KEY_FILE, "signing failed");
        }
        return size;
}
