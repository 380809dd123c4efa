/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/key.h"

#include "updater/package/canonical.h"
#include <mbedtls/pk.h>
#include <string.h>

#define PEM_BEGIN  "-----BEGIN PUBLIC KEY-----\n"
#define PEM_END    "-----END PUBLIC KEY-----"
#define PEM_LINE   64 /* characters of base64 in a line */
#define KEY_TOKENS 16

/* SubjectPublicKeyInfo (RFC 5480) up to the point: id-ecPublicKey, secp256r1, uncompressed. */
static const uint8_t spki_prefix[] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
};

static const char base64_digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Decodes up to '-', skipping line ends. Returns what follows, or NULL unless there were exactly
 * count bytes. */
static const char *base64_decode(const char *p, uint8_t *bytes, size_t count)
{
        uint32_t bits = 0;
        int have = 0;
        size_t n = 0;

        for (; *p != '\0' && *p != '-' && *p != '='; p++) {
                if (*p == '\n') {
                        continue;
                }
                const char *digit = strchr(base64_digits, *p);
                if (digit == NULL || n == count) {
                        return NULL;
                }
                bits = (bits << 6 | (uint32_t)(digit - base64_digits)) & 0xffff;
                have += 6;
                if (have >= 8) {
                        have -= 8;
                        bytes[n++] = (uint8_t)(bits >> have);
                }
        }
        while (*p == '=' || *p == '\n') {
                p++;
        }
        return n == count ? p : NULL;
}

static sg_err parse_pem(const char *pem, uint8_t spki[KEY_SPKI_SIZE])
{
        size_t begin = strlen(PEM_BEGIN);

        if (strncmp(pem, PEM_BEGIN, begin) != 0) {
                return SG_E_METADATA;
        }
        const char *end = base64_decode(pem + begin, spki, KEY_SPKI_SIZE);
        if (end == NULL || memcmp(spki, spki_prefix, sizeof(spki_prefix)) != 0) {
                return SG_E_KEY_TYPE;
        }
        return strncmp(end, PEM_END, strlen(PEM_END)) == 0 ? SG_OK : SG_E_METADATA;
}

sg_err key_parse(struct key *key, const struct json *json, int id, int object)
{
        char pem[KEY_PEM_MAX];
        uint8_t own_id[32];

        if (!json_is_object(json, object) || !json_hex(json, id, key->id, sizeof(key->id))) {
                return SG_E_METADATA;
        }
        if (!json_equals(json, json_member(json, object, "keytype"), "ecdsa") ||
            !json_equals(json, json_member(json, object, "scheme"), "ecdsa-sha2-nistp256")) {
                return SG_E_KEY_TYPE;
        }
        int public = json_member(json, json_member(json, object, "keyval"), "public");
        if (!json_string(json, public, pem, sizeof(pem))) {
                return SG_E_METADATA;
        }
        canonical_sha256(json, object, own_id);
        if (memcmp(own_id, key->id, sizeof(own_id)) != 0) {
                return SG_E_KEY_ID;
        }
        return parse_pem(pem, key->spki);
}

bool key_verify(const struct key *key, const uint8_t digest[32], const uint8_t *signature,
                size_t length)
{
        mbedtls_pk_context pk;
        bool good = false;

        mbedtls_pk_init(&pk);
        if (mbedtls_pk_parse_public_key(&pk, key->spki, sizeof(key->spki)) == 0) {
                good = mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, digest, 32, signature, length) ==
                       0;
        }
        mbedtls_pk_free(&pk);
        return good;
}

/* Base64 in lines, as everybody writes PEM; KEY_SPKI_SIZE leaves one byte over, hence "==". */
static void format_pem(const uint8_t spki[KEY_SPKI_SIZE], char pem[KEY_PEM_MAX])
{
        char *out = pem + strlen(PEM_BEGIN);
        size_t column = 0;

        memcpy(pem, PEM_BEGIN, sizeof(PEM_BEGIN));
        for (size_t i = 0; i < KEY_SPKI_SIZE; i += 3) {
                uint32_t bits = 0;
                size_t n = KEY_SPKI_SIZE - i < 3 ? KEY_SPKI_SIZE - i : 3;
                for (size_t k = 0; k < 3; k++) {
                        bits = bits << 8 | (k < n ? spki[i + k] : 0);
                }
                for (size_t k = 0; k < 4; k++) {
                        *out++ = k > n ? '=' : base64_digits[bits >> (18 - 6 * k) & 63];
                }
                column += 4;
                if (column == PEM_LINE) {
                        *out++ = '\n';
                        column = 0;
                }
        }
        memcpy(out, "\n" PEM_END "\n", sizeof("\n" PEM_END "\n"));
}

void key_write(struct json_writer *w, const char *name, const uint8_t spki[KEY_SPKI_SIZE])
{
        char pem[KEY_PEM_MAX];

        format_pem(spki, pem);
        json_write_open(w, name, '{');
        json_write_string(w, "keytype", "ecdsa");
        json_write_open(w, "keyval", '{');
        json_write_string(w, "public", pem);
        json_write_close(w, '}');
        json_write_string(w, "scheme", "ecdsa-sha2-nistp256");
        json_write_close(w, '}');
}

sg_err key_id(const uint8_t spki[KEY_SPKI_SIZE], uint8_t id[32])
{
        char text[2 * KEY_PEM_MAX];
        jsmntok_t tokens[KEY_TOKENS];
        struct json_writer w;
        struct json json;

        json_write_begin(&w, text, sizeof(text));
        key_write(&w, NULL, spki);
        sg_err err = json_write_end(&w);
        if (err == SG_OK) {
                err = json_parse(&json, text, w.length, tokens, KEY_TOKENS);
        }
        if (err == SG_OK) {
                canonical_sha256(&json, 0, id);
        }
        return err;
}
