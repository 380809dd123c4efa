/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/manifest.h"

#include "updater/package/canonical.h"
#include <string.h>

/* Paths name members of the archive and appear in logs: printable ASCII without blanks. */
static bool parse_path(struct manifest_target *target, const struct json *json, int path)
{
        if (!json_string(json, path, target->path, sizeof(target->path)) ||
            target->path[0] == '\0') {
                return false;
        }
        for (const char *p = target->path; *p != '\0'; p++) {
                if (*p <= ' ' || *p > '~') {
                        return false;
                }
        }
        return true;
}

static bool parse_kind(struct manifest_target *target, const struct json *json, int custom)
{
        int kind = json_member(json, custom, "kind");

        target->kind = json_equals(json, kind, "delta") ? MANIFEST_DELTA : MANIFEST_IMAGE;
        return target->kind == MANIFEST_DELTA || json_equals(json, kind, "image");
}

static bool member_string(const struct json *json, int object, const char *name, char *buffer,
                          size_t size)
{
        return json_string(json, json_member(json, object, name), buffer, size) &&
               buffer[0] != '\0';
}

static bool member_u64(const struct json *json, int object, const char *name, uint64_t *value)
{
        return json_u64(json, json_member(json, object, name), value);
}

static bool member_digest(const struct json *json, int object, const char *name, uint8_t digest[32])
{
        return json_hex(json, json_member(json, object, name), digest, 32);
}

static bool parse_from(struct manifest_target *t, const struct json *json, int custom)
{
        return member_digest(json, custom, "from_digest", t->from_digest) &&
               member_u64(json, custom, "from_length", &t->from_length) && t->from_length > 0 &&
               member_string(json, custom, "from_version", t->from_version,
                             sizeof(t->from_version)) &&
               member_u64(json, custom, "ram_need", &t->ram_need);
}

static bool parse_to(struct manifest_target *t, const struct json *json, int custom)
{
        uint64_t minimum;

        if (!member_u64(json, custom, "minimum_updater", &minimum) || minimum > UINT32_MAX) {
                return false;
        }
        t->minimum_updater = (uint32_t)minimum;
        return member_string(json, custom, "package", t->package, sizeof(t->package)) &&
               member_string(json, custom, "product", t->product, sizeof(t->product)) &&
               member_string(json, custom, "guest", t->guest, sizeof(t->guest)) &&
               member_digest(json, custom, "to_digest", t->to_digest) &&
               member_u64(json, custom, "to_length", &t->to_length) && t->to_length > 0 &&
               member_string(json, custom, "to_version", t->to_version, sizeof(t->to_version)) &&
               member_u64(json, custom, "security_counter", &t->security_counter) &&
               member_digest(json, custom, "chunks_digest", t->chunks_digest);
}

/* What later versions may bring and this one must not overlook. */
static sg_err refuse_unknown(const struct json *json, int custom)
{
        int dependencies = json_member(json, custom, "dependencies");
        int group = json_member(json, custom, "group");
        uint64_t group_number;

        if (dependencies >= 0 &&
            (!json_is_array(json, dependencies) || json_first(json, dependencies) >= 0)) {
                return SG_E_DEPENDENCY;
        }
        if (group >= 0 && (!json_u64(json, group, &group_number) || group_number != 0)) {
                return SG_E_GROUP;
        }
        return SG_OK;
}

sg_err manifest_parse(struct manifest_target *target, const struct json *json, int path, int t)
{
        uint64_t format;
        int custom = json_member(json, t, "custom");

        memset(target, 0, sizeof(*target));
        if (!parse_path(target, json, path) || !member_u64(json, t, "length", &target->length) ||
            !member_digest(json, json_member(json, t, "hashes"), "sha256", target->sha256) ||
            !member_u64(json, custom, "format", &format)) {
                return SG_E_TARGET;
        }
        if (format != MANIFEST_FORMAT) {
                return SG_E_TARGET_FORMAT;
        }
        if (!parse_kind(target, json, custom) || !parse_to(target, json, custom)) {
                return SG_E_TARGET;
        }
        if (target->kind == MANIFEST_DELTA ? !parse_from(target, json, custom)
                                           : target->length != target->to_length) {
                return SG_E_TARGET;
        }
        return refuse_unknown(json, custom);
}

static void write_custom(struct json_writer *w, const struct manifest_target *t)
{
        json_write_open(w, "custom", '{');
        json_write_hex(w, "chunks_digest", t->chunks_digest, 32);
        json_write_open(w, "dependencies", '[');
        json_write_close(w, ']');
        json_write_u64(w, "format", MANIFEST_FORMAT);
        if (t->kind == MANIFEST_DELTA) {
                json_write_hex(w, "from_digest", t->from_digest, 32);
                json_write_u64(w, "from_length", t->from_length);
                json_write_string(w, "from_version", t->from_version);
        }
        json_write_u64(w, "group", 0);
        json_write_string(w, "guest", t->guest);
        json_write_string(w, "kind", t->kind == MANIFEST_DELTA ? "delta" : "image");
        json_write_u64(w, "minimum_updater", t->minimum_updater);
        json_write_string(w, "package", t->package);
        json_write_string(w, "product", t->product);
        if (t->kind == MANIFEST_DELTA) {
                json_write_u64(w, "ram_need", t->ram_need);
        }
        json_write_u64(w, "security_counter", t->security_counter);
        json_write_hex(w, "to_digest", t->to_digest, 32);
        json_write_u64(w, "to_length", t->to_length);
        json_write_string(w, "to_version", t->to_version);
        json_write_close(w, '}');
}

void manifest_write(struct json_writer *w, const struct manifest_target *target)
{
        json_write_open(w, target->path, '{');
        write_custom(w, target);
        json_write_open(w, "hashes", '{');
        json_write_hex(w, "sha256", target->sha256, 32);
        json_write_close(w, '}');
        json_write_u64(w, "length", target->length);
        json_write_close(w, '}');
}
