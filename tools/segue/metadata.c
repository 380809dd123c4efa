/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/metadata.h"

#include <string.h>
#include <time.h>

#include "tools/segue/keys.h"
#include "tools/segue/report.h"

#define SPEC_VERSION "1.0.31"

uint32_t signers_load(struct signer *signers, uint32_t max, const struct args *args,
                      const char *option)
{
        uint32_t count = 0;

        for (const char *path; (path = arg_at(args, option, (int)count)) != NULL; count++) {
                struct public_key public;

                if (count == max) {
                        fail(SG_E_USAGE, "--%s: more than %u keys", option, max);
                }
                key_load_private(&signers[count].key, path);
                key_public_half(&public, &signers[count].key);
                if (public.spki_size != KEY_SPKI_SIZE) {
                        fail(SG_E_KEY_FILE, "%s: its point is compressed", path);
                }
                memcpy(signers[count].spki, public.spki, KEY_SPKI_SIZE);
                must(key_id(signers[count].spki, signers[count].id), path);
        }
        return count;
}

void metadata_begin(struct json_writer *w, const char *type, const char *expires, uint64_t version)
{
        json_write_begin(w, allocate(TUF_METADATA_MAX, 1), TUF_METADATA_MAX);
        json_write_open(w, NULL, '{');
        json_write_string(w, "_type", type);
        json_write_string(w, "expires", expires);
        json_write_string(w, "spec_version", SPEC_VERSION);
        json_write_u64(w, "version", version);
}

static void parse(struct json *json, const char *text, size_t length, const char *what)
{
        jsmntok_t *tokens = allocate(TUF_TOKENS_MAX, sizeof(*tokens));

        must(json_parse(json, text, length, tokens, TUF_TOKENS_MAX), what);
}

const char *metadata_sign(struct json_writer *signed_part, struct signer *signers, uint32_t count,
                          size_t *length)
{
        struct json json;
        struct json_writer w;
        uint8_t digest[32];

        json_write_close(signed_part, '}');
        must(json_write_end(signed_part), "metadata");
        parse(&json, signed_part->buffer, signed_part->length, "metadata");
        canonical_sha256(&json, 0, digest);

        json_write_begin(&w, allocate(TUF_METADATA_MAX, 1), TUF_METADATA_MAX);
        json_write_open(&w, NULL, '{');
        json_write_open(&w, "signatures", '[');
        for (uint32_t i = 0; i < count; i++) {
                uint8_t signature[KEY_SIGNATURE_MAX];
                size_t size = key_sign_digest(&signers[i].key, digest, signature);

                json_write_open(&w, NULL, '{');
                json_write_hex(&w, "keyid", signers[i].id, sizeof(signers[i].id));
                json_write_hex(&w, "sig", signature, size);
                json_write_close(&w, '}');
        }
        json_write_close(&w, ']');
        json_write_raw(&w, "signed", signed_part->buffer, signed_part->length);
        json_write_close(&w, '}');
        must(json_write_end(&w), "metadata");
        *length = w.length;
        return w.buffer;
}

void time_text(char text[TUF_TIME_SIZE], int years_from_now)
{
        time_t now = time(NULL);
        struct tm t;

        gmtime_r(&now, &t);
        t.tm_year += years_from_now;
        if (t.tm_mon == 1 && t.tm_mday == 29) {
                t.tm_mday = 28;
        }
        strftime(text, TUF_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &t);
}

void expiry_option(char expires[TUF_TIME_SIZE], const struct args *args, int years)
{
        const char *given = arg(args, "expires");
        struct tm t = {0};

        if (given == NULL) {
                time_text(expires, years);
                return;
        }
        const char *end = strptime(given, "%Y-%m-%dT%H:%M:%SZ", &t);

        if (end == NULL || *end != '\0' || strlen(given) != TUF_TIME_SIZE - 1) {
                fail(SG_E_USAGE, "--expires: '%s' is not like 2030-01-01T00:00:00Z", given);
        }
        memcpy(expires, given, TUF_TIME_SIZE);
}

uint64_t metadata_version(const char *text, size_t length, const char *path)
{
        struct json json;
        uint64_t version;

        parse(&json, text, length, path);
        if (!json_u64(&json, json_member(&json, json_member(&json, 0, "signed"), "version"),
                      &version)) {
                fail(SG_E_METADATA, "%s", path);
        }
        return version;
}
