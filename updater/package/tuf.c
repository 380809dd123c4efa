/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/tuf.h"

#include "updater/package/canonical.h"
#include <string.h>

#define SIGNATURE_MAX 80 /* bytes: DER of two 32-byte integers needs 72 */

/* A metadata file, taken apart and not believed yet. */
struct envelope {
        struct json json;
        int signed_part;
        int signatures;
        uint8_t digest[32]; /* what the signatures are over */
};

static sg_err envelope_parse(struct envelope *e, const struct tuf_context *ctx, const char *text,
                             size_t length)
{
        if (length > TUF_METADATA_MAX) {
                return SG_E_TOO_LARGE;
        }
        sg_err err = json_parse(&e->json, text, length, ctx->tokens, ctx->token_count);
        if (err != SG_OK) {
                return err;
        }
        e->signed_part = json_member(&e->json, 0, "signed");
        e->signatures = json_member(&e->json, 0, "signatures");
        if (!json_is_object(&e->json, e->signed_part) || !json_is_array(&e->json, e->signatures)) {
                return SG_E_METADATA;
        }
        canonical_sha256(&e->json, e->signed_part, e->digest);
        return SG_OK;
}

/* The signature that stands under a key's id, or -1. Two under one id are refused. */
static sg_err find_signature(const struct envelope *e, const uint8_t id[32], int *found)
{
        uint8_t have[32];

        *found = -1;
        for (int s = json_first(&e->json, e->signatures); s >= 0; s = json_next(&e->json, s)) {
                if (!json_hex(&e->json, json_member(&e->json, s, "keyid"), have, sizeof(have)) ||
                    memcmp(have, id, sizeof(have)) != 0) {
                        continue;
                }
                if (*found >= 0) {
                        return SG_E_METADATA;
                }
                *found = s;
        }
        return SG_OK;
}

static bool signature_holds(const struct envelope *e, int s, const struct key *key)
{
        uint8_t bytes[SIGNATURE_MAX];
        int sig = json_member(&e->json, s, "sig");

        if (!json_is_string(&e->json, sig)) {
                return false;
        }
        size_t length = (size_t)(e->json.token[sig].end - e->json.token[sig].start) / 2;
        return length <= sizeof(bytes) && json_hex(&e->json, sig, bytes, length) &&
               key_verify(key, e->digest, bytes, length);
}

/* Counts the keys of the role, each once, whose signature holds. */
static sg_err check_signatures(const struct envelope *e, const struct tuf_root *root,
                               const struct tuf_role *role)
{
        uint32_t good = 0;

        for (uint32_t i = 0; i < role->count; i++) {
                const struct key *key = &root->key[role->key[i]];
                int s;
                sg_err err = find_signature(e, key->id, &s);
                if (err != SG_OK) {
                        return err;
                }
                if (s >= 0 && signature_holds(e, s, key)) {
                        good++;
                }
        }
        return role->threshold > 0 && good >= role->threshold ? SG_OK : SG_E_SIGNATURES;
}

/* "YYYY-MM-DDTHH:MM:SSZ": such times sort as their text does. */
static bool parse_time(const struct json *json, int t, char time[TUF_TIME_SIZE])
{
        static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

        if (!json_string(json, t, time, TUF_TIME_SIZE) || strlen(time) != strlen(form)) {
                return false;
        }
        for (size_t i = 0; form[i] != '\0'; i++) {
                bool digit = time[i] >= '0' && time[i] <= '9';
                if (form[i] == 'd' ? !digit : time[i] != form[i]) {
                        return false;
                }
        }
        return true;
}

/* What every role has: type, version of the specification, version, expiry. */
static sg_err parse_common(const struct envelope *e, const char *type, uint64_t *version,
                           char expires[TUF_TIME_SIZE])
{
        const struct json *j = &e->json;
        char spec[16];

        if (!json_equals(j, json_member(j, e->signed_part, "_type"), type) ||
            !json_string(j, json_member(j, e->signed_part, "spec_version"), spec, sizeof(spec)) ||
            strncmp(spec, "1.", 2) != 0 ||
            !json_u64(j, json_member(j, e->signed_part, "version"), version) || *version == 0 ||
            !parse_time(j, json_member(j, e->signed_part, "expires"), expires)) {
                return SG_E_METADATA;
        }
        return SG_OK;
}

static sg_err check_expiry(const char *expires, const char *now)
{
        return now != NULL && strcmp(expires, now) <= 0 ? SG_E_EXPIRED : SG_OK;
}

/* One key under two ids would count twice. */
static bool has_public_key(const struct tuf_root *root, const struct key *key)
{
        for (uint32_t i = 0; i < root->key_count; i++) {
                if (memcmp(root->key[i].spki, key->spki, sizeof(key->spki)) == 0) {
                        return true;
                }
        }
        return false;
}

/* Keys of other kinds may serve roles that are not used here: they are passed over. */
static sg_err parse_keys(struct tuf_root *root, const struct json *json, int keys)
{
        if (!json_is_object(json, keys)) {
                return SG_E_METADATA;
        }
        root->key_count = 0;
        for (int n = json_first(json, keys); n >= 0; n = json_next(json, n)) {
                struct key key;
                sg_err err = key_parse(&key, json, n, n + 1);
                if (err == SG_E_KEY_TYPE) {
                        continue;
                }
                if (err != SG_OK) {
                        return err;
                }
                if (root->key_count == TUF_KEYS_MAX || has_public_key(root, &key)) {
                        return SG_E_METADATA;
                }
                root->key[root->key_count++] = key;
        }
        return SG_OK;
}

static bool role_has(const struct tuf_role *role, uint32_t key)
{
        for (uint32_t i = 0; i < role->count; i++) {
                if (role->key[i] == key) {
                        return true;
                }
        }
        return false;
}

static sg_err role_add(struct tuf_role *role, const struct tuf_root *root, const uint8_t id[32])
{
        for (uint32_t k = 0; k < root->key_count; k++) {
                if (memcmp(root->key[k].id, id, 32) != 0) {
                        continue;
                }
                if (role->count == TUF_ROLE_KEYS_MAX || role_has(role, k)) {
                        return SG_E_METADATA;
                }
                role->key[role->count++] = (uint8_t)k;
        }
        return SG_OK;
}

static sg_err parse_role(struct tuf_role *role, const struct tuf_root *root,
                         const struct json *json, int object)
{
        uint64_t threshold;
        uint8_t id[32];
        int ids = json_member(json, object, "keyids");

        if (!json_u64(json, json_member(json, object, "threshold"), &threshold) || threshold == 0 ||
            threshold > TUF_ROLE_KEYS_MAX || !json_is_array(json, ids)) {
                return SG_E_METADATA;
        }
        role->threshold = (uint32_t)threshold;
        role->count = 0;
        for (int t = json_first(json, ids); t >= 0; t = json_next(json, t)) {
                if (!json_hex(json, t, id, sizeof(id))) {
                        return SG_E_METADATA;
                }
                sg_err err = role_add(role, root, id);
                if (err != SG_OK) {
                        return err;
                }
        }
        return role->count >= role->threshold ? SG_OK : SG_E_KEY_TYPE;
}

static sg_err parse_root(struct tuf_root *root, const struct envelope *e)
{
        const struct json *j = &e->json;
        int roles = json_member(j, e->signed_part, "roles");

        memset(root, 0, sizeof(*root));
        memcpy(root->digest, e->digest, sizeof(root->digest));
        sg_err err = parse_common(e, "root", &root->version, root->expires);
        if (err == SG_OK) {
                err = parse_keys(root, j, json_member(j, e->signed_part, "keys"));
        }
        if (err == SG_OK) {
                err = parse_role(&root->root, root, j, json_member(j, roles, "root"));
        }
        if (err == SG_OK) {
                err = parse_role(&root->targets, root, j, json_member(j, roles, "targets"));
        }
        return err;
}

sg_err tuf_root_pinned(struct tuf_root *root, const struct tuf_context *ctx, const char *text,
                       size_t length)
{
        struct envelope e;
        sg_err err = envelope_parse(&e, ctx, text, length);

        if (err == SG_OK) {
                err = parse_root(root, &e);
        }
        return err == SG_OK ? check_signatures(&e, root, &root->root) : err;
}

sg_err tuf_root_update(struct tuf_root *root, struct tuf_root *scratch,
                       const struct tuf_context *ctx, const char *text, size_t length)
{
        struct envelope e;
        sg_err err = envelope_parse(&e, ctx, text, length);

        if (err == SG_OK) {
                err = check_signatures(&e, root, &root->root);
        }
        if (err == SG_OK) {
                err = parse_root(scratch, &e);
        }
        if (err == SG_OK) {
                err = check_signatures(&e, scratch, &scratch->root);
        }
        if (err != SG_OK) {
                return err;
        }
        if (scratch->version != root->version + 1) {
                return SG_E_ROOT_CHAIN;
        }
        *root = *scratch;
        return SG_OK;
}

bool tuf_root_is(const struct tuf_root *root, const struct tuf_context *ctx, const char *text,
                 size_t length)
{
        struct envelope e;

        return envelope_parse(&e, ctx, text, length) == SG_OK &&
               memcmp(e.digest, root->digest, sizeof(e.digest)) == 0;
}

/* Targets are kept in the order of their paths: the order in the document is not signed. */
static sg_err insert_target(struct tuf_targets *targets, const struct json *json, int name)
{
        struct manifest_target *at = &targets->target[targets->count];

        if (targets->count == MANIFEST_TARGETS_MAX) {
                return SG_E_TOO_LARGE;
        }
        struct manifest_target target;
        sg_err err = manifest_parse(&target, json, name, name + 1);
        if (err != SG_OK) {
                return err;
        }
        for (; at > targets->target && strcmp(at[-1].path, target.path) > 0; at--) {
                *at = at[-1];
        }
        *at = target;
        targets->count++;
        return SG_OK;
}

static bool same_image(const struct manifest_target *a, const struct manifest_target *b)
{
        return memcmp(a->to_digest, b->to_digest, sizeof(a->to_digest)) == 0 &&
               a->to_length == b->to_length && a->security_counter == b->security_counter &&
               a->minimum_updater == b->minimum_updater;
}

/* One package, one product; a guest gets one new image, by whichever of its targets. */
static sg_err check_consistent(const struct tuf_targets *targets)
{
        for (uint32_t i = 0; i < targets->count; i++) {
                const struct manifest_target *a = &targets->target[i];
                for (uint32_t k = 0; k < i; k++) {
                        const struct manifest_target *b = &targets->target[k];
                        bool same_guest = strcmp(a->guest, b->guest) == 0;
                        if (strcmp(a->package, b->package) != 0 ||
                            strcmp(a->product, b->product) != 0 ||
                            (same_guest && !same_image(a, b))) {
                                return SG_E_TARGET;
                        }
                }
        }
        return targets->count > 0 ? SG_OK : SG_E_TARGET;
}

sg_err tuf_targets_verify(struct tuf_targets *targets, const struct tuf_root *root,
                          const struct tuf_context *ctx, const char *text, size_t length)
{
        struct envelope e;
        sg_err err = envelope_parse(&e, ctx, text, length);

        if (err == SG_OK) {
                err = check_signatures(&e, root, &root->targets);
        }
        if (err != SG_OK) {
                return err;
        }
        memset(targets, 0, sizeof(*targets));
        memcpy(targets->digest, e.digest, sizeof(targets->digest));
        err = parse_common(&e, "targets", &targets->version, targets->expires);
        if (err == SG_OK) {
                err = check_expiry(targets->expires, ctx->now);
        }
        if (err == SG_OK) {
                err = check_expiry(root->expires, ctx->now);
        }
        int list = json_member(&e.json, e.signed_part, "targets");
        if (err == SG_OK && !json_is_object(&e.json, list)) {
                err = SG_E_METADATA;
        }
        for (int n = json_first(&e.json, list); err == SG_OK && n >= 0; n = json_next(&e.json, n)) {
                err = insert_target(targets, &e.json, n);
        }
        return err == SG_OK ? check_consistent(targets) : err;
}
