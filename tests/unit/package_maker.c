/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/package_maker.h"

#include "updater/package/canonical.h"
#include <mbedtls/ecp.h>
#include <mbedtls/sha256.h>
#include <segue/bytes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EXPIRES "2040-01-01T00:00:00Z"

/* Good enough for keys that nobody is to trust, and the same at each run. */
static int weak_random(void *ctx, unsigned char *bytes, size_t count)
{
        static uint64_t state = 88172645463325252u;

        (void)ctx;
        for (size_t i = 0; i < count; i++) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                bytes[i] = (unsigned char)(state >> 24);
        }
        return 0;
}

void maker_key_make(struct maker_key *key)
{
        uint8_t der[256];

        mbedtls_pk_init(&key->pk);
        assert_int_equal(mbedtls_pk_setup(&key->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)),
                         0);
        assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key->pk),
                                             weak_random, NULL),
                         0);
        int n = mbedtls_pk_write_pubkey_der(&key->pk, der, sizeof(der));
        assert_int_equal(n, KEY_SPKI_SIZE);
        memcpy(key->spki, der + sizeof(der) - KEY_SPKI_SIZE, KEY_SPKI_SIZE);
}

void maker_key_free(struct maker_key *key)
{
        mbedtls_pk_free(&key->pk);
}

void maker_sign(struct maker_text *out, const char *body, size_t length,
                const struct maker_role *signers)
{
        static jsmntok_t tokens[TUF_TOKENS_MAX];
        struct json json;
        struct json_writer w;
        uint8_t digest[32], id[32], signature[80];
        size_t size;

        assert_int_equal(json_parse(&json, body, length, tokens, TUF_TOKENS_MAX), SG_OK);
        canonical_sha256(&json, 0, digest);
        json_write_begin(&w, out->text, sizeof(out->text));
        json_write_open(&w, NULL, '{');
        json_write_open(&w, "signatures", '[');
        for (uint32_t i = 0; i < signers->count; i++) {
                struct maker_key *key = (struct maker_key *)signers->key[i];
                assert_int_equal(mbedtls_pk_sign(&key->pk, MBEDTLS_MD_SHA256, digest, 32, signature,
                                                 sizeof(signature), &size, weak_random, NULL),
                                 0);
                assert_int_equal(key_id(key->spki, id), SG_OK);
                json_write_open(&w, NULL, '{');
                json_write_hex(&w, "keyid", id, 32);
                json_write_hex(&w, "sig", signature, size);
                json_write_close(&w, '}');
        }
        json_write_close(&w, ']');
        json_write_raw(&w, "signed", body, length);
        json_write_close(&w, '}');
        assert_int_equal(json_write_end(&w), SG_OK);
        out->length = w.length;
}

static void write_common(struct json_writer *w, const char *type, uint64_t version)
{
        json_write_open(w, NULL, '{');
        json_write_string(w, "_type", type);
        json_write_string(w, "spec_version", "1.0.31");
        json_write_u64(w, "version", version);
        json_write_string(w, "expires", EXPIRES);
}

static void write_keys(struct json_writer *w, const struct maker_role *role, char hex[65])
{
        uint8_t id[32];

        for (uint32_t i = 0; i < role->count; i++) {
                key_id(role->key[i]->spki, id);
                for (int k = 0; k < 32; k++) {
                        snprintf(hex + 2 * k, 3, "%02x", id[k]);
                }
                key_write(w, hex, role->key[i]->spki);
        }
}

static void write_role(struct json_writer *w, const char *name, const struct maker_role *role)
{
        uint8_t id[32];

        json_write_open(w, name, '{');
        json_write_open(w, "keyids", '[');
        for (uint32_t i = 0; i < role->count; i++) {
                key_id(role->key[i]->spki, id);
                json_write_hex(w, NULL, id, 32);
        }
        json_write_close(w, ']');
        json_write_u64(w, "threshold", role->threshold);
        json_write_close(w, '}');
}

void maker_root(struct maker_text *out, uint64_t version, const struct maker_role *root,
                const struct maker_role *targets, const struct maker_role *signers)
{
        struct json_writer w;
        char body[MAKER_TEXT_MAX];
        char hex[65];

        json_write_begin(&w, body, sizeof(body));
        write_common(&w, "root", version);
        json_write_bool(&w, "consistent_snapshot", false);
        json_write_open(&w, "keys", '{');
        write_keys(&w, root, hex);
        write_keys(&w, targets, hex);
        json_write_close(&w, '}');
        json_write_open(&w, "roles", '{');
        write_role(&w, "root", root);
        write_role(&w, "targets", targets);
        json_write_close(&w, '}');
        json_write_close(&w, '}');
        assert_int_equal(json_write_end(&w), SG_OK);
        maker_sign(out, body, w.length, signers);
}

struct maker_payload maker_image(const char *guest, const char *path,
                                 const uint8_t bytes[MAKER_IMAGE_SIZE])
{
        static const uint32_t chunks[] = {1000, 0, 1999, 1};
        struct maker_payload p = {.bytes = bytes, .chunks = chunks, .chunk_count = 4};

        p.manifest = (struct manifest_target){
                .kind = MANIFEST_IMAGE,
                .to_length = MAKER_IMAGE_SIZE,
                .security_counter = 2,
                .minimum_updater = 1,
                .package = "p1",
                .product = "segue-virt",
                .to_version = "1.2.3",
        };
        snprintf(p.manifest.guest, sizeof(p.manifest.guest), "%s", guest);
        snprintf(p.manifest.path, sizeof(p.manifest.path), "%s", path);
        return p;
}

size_t maker_chunks(const struct maker_payload *p, uint8_t *list)
{
        const uint8_t *at = p->bytes;
        size_t size = CHUNK_HEADER_SIZE;

        if (p->list != NULL) {
                memcpy(list, p->list, p->list_size);
                return p->list_size;
        }
        memcpy(list, CHUNK_MAGIC, sizeof(CHUNK_MAGIC));
        put_le32(list + 4, p->chunk_count);
        for (uint32_t i = 0; i < p->chunk_count; i++) {
                put_le32(list + size, p->chunks[i]);
                mbedtls_sha256(at, p->chunks[i], list + size + 4, 0);
                at += p->chunks[i];
                size += CHUNK_ENTRY_SIZE;
        }
        return size;
}

static void fill_manifest(struct maker_payload *p)
{
        uint8_t list[MAKER_LIST_MAX];
        size_t size = maker_chunks(p, list);

        p->manifest.length = 0;
        for (uint32_t i = 0; i < p->chunk_count; i++) {
                p->manifest.length += p->chunks[i];
        }
        mbedtls_sha256(p->bytes, p->manifest.length, p->manifest.sha256, 0);
        mbedtls_sha256(list, size, p->manifest.chunks_digest, 0);
}

void maker_targets(struct maker_text *out, uint64_t version, struct maker_payload *payloads,
                   uint32_t count, const struct maker_role *signers)
{
        struct json_writer w;
        char body[MAKER_TEXT_MAX];

        json_write_begin(&w, body, sizeof(body));
        write_common(&w, "targets", version);
        json_write_open(&w, "targets", '{');
        for (uint32_t i = 0; i < count; i++) {
                fill_manifest(&payloads[i]);
                manifest_write(&w, &payloads[i].manifest);
        }
        json_write_close(&w, '}');
        json_write_close(&w, '}');
        assert_int_equal(json_write_end(&w), SG_OK);
        maker_sign(out, body, w.length, signers);
}

void maker_member(uint8_t *out, size_t size, size_t *at, const char *name, const void *bytes,
                  size_t length)
{
        size_t padded = (length + USTAR_BLOCK - 1) / USTAR_BLOCK * USTAR_BLOCK;

        assert_true(*at + USTAR_BLOCK + padded + 2 * USTAR_BLOCK <= size);
        assert_int_equal(ustar_header(out + *at, name, length), SG_OK);
        memset(out + *at + USTAR_BLOCK, 0, padded + 2 * USTAR_BLOCK);
        memcpy(out + *at + USTAR_BLOCK, bytes, length);
        *at += USTAR_BLOCK + padded;
}

void maker_payloads(uint8_t *out, size_t size, size_t *at, const struct maker_payload *payloads,
                    uint32_t count)
{
        char name[USTAR_NAME_MAX + 1];
        uint8_t list[MAKER_LIST_MAX];

        for (uint32_t i = 0; i < count; i++) {
                const struct maker_payload *p = &payloads[i];
                snprintf(name, sizeof(name), "targets/%s.chunks", p->manifest.path);
                maker_member(out, size, at, name, list, maker_chunks(p, list));
                snprintf(name, sizeof(name), "targets/%s", p->manifest.path);
                maker_member(out, size, at, name, p->bytes, p->manifest.length);
        }
}

size_t maker_package(uint8_t *out, size_t size, const struct maker_text *root,
                     const struct maker_text *targets, const struct maker_payload *payloads,
                     uint32_t count)
{
        size_t at = 0;

        maker_member(out, size, &at, "root.json", root->text, root->length);
        maker_member(out, size, &at, "targets.json", targets->text, targets->length);
        maker_payloads(out, size, &at, payloads, count);
        return at + 2 * USTAR_BLOCK;
}
