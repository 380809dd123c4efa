/* SPDX-License-Identifier: Apache-2.0 */
/* segue package create|verify|info */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/segue/command.h"
#include "tools/segue/delta_file.h"
#include "tools/segue/metadata.h"
#include "tools/segue/package_make.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"
#include "tools/segue/text.h"
#include "updater/package/package.h"

/* "GUEST=OLD,NEW" or "GUEST=IMAGE" taken apart, in a copy. */
struct assignment {
        char *guest, *first, *second; /* second NULL: there is no comma */
};

static struct assignment take_apart(const char *option, const char *text)
{
        size_t size = strlen(text) + 1;
        struct assignment a = {.guest = memcpy(allocate(size, 1), text, size)};
        char *equals = strchr(a.guest, '=');

        if (equals == NULL || equals == a.guest || equals[1] == '\0') {
                fail(SG_E_USAGE, "--%s: '%s' is not like GUEST=FILE", option, text);
        }
        *equals = '\0';
        a.first = equals + 1;
        a.second = strchr(a.first, ',');
        if (a.second != NULL) {
                *a.second++ = '\0';
        }
        return a;
}

/* Makes the targets that --update and --image ask for; returns how many. */
static uint32_t make_parts(struct part *parts, const struct system *s, const struct args *args)
{
        const struct package_identity identity = {arg(args, "id"), s->description.product};
        const char *text;
        uint32_t count = 0;

        for (int i = 0; (text = arg_at(args, "update", i)) != NULL; i++) {
                struct assignment a = take_apart("update", text);

                if (a.second == NULL) {
                        fail(SG_E_USAGE, "--update: '%s' is not like GUEST=OLD,NEW", text);
                }
                if (count == MANIFEST_TARGETS_MAX) {
                        fail(SG_E_TOO_LARGE, "more than %d targets", MANIFEST_TARGETS_MAX);
                }
                part_delta(&parts[count++], &identity, s, system_guest(s, a.guest), a.first,
                           a.second);
        }
        for (int i = 0; (text = arg_at(args, "image", i)) != NULL; i++) {
                struct assignment a = take_apart("image", text);

                if (count == MANIFEST_TARGETS_MAX) {
                        fail(SG_E_TOO_LARGE, "more than %d targets", MANIFEST_TARGETS_MAX);
                }
                part_image(&parts[count++], &identity, s, system_guest(s, a.guest), a.first);
        }
        if (count == 0) {
                fail(SG_E_USAGE, "it needs --update or --image");
        }
        return count;
}

static void write_member(struct output *out, const char *name, const void *data, size_t size)
{
        static const uint8_t padding[USTAR_BLOCK];
        uint8_t header[USTAR_BLOCK];

        must(ustar_header(header, name, size), name);
        output_write(out, header, sizeof(header));
        output_write(out, data, size);
        output_write(out, padding, (USTAR_BLOCK - size % USTAR_BLOCK) % USTAR_BLOCK);
}

/* The newest root is root.json, those before it carry their version. */
static void write_roots(struct output *out, const struct args *args)
{
        const char *path, *newest = arg(args, "root");
        struct mapped file = file_map(newest);

        metadata_version((const char *)file.data, file.size, newest);
        write_member(out, "root.json", file.data, file.size);
        for (int i = 0; (path = arg_at(args, "root", i)) != newest; i++) {
                char name[64];

                file = file_map(path);
                snprintf(name, sizeof(name), "%llu.root.json",
                         (unsigned long long)metadata_version((const char *)file.data, file.size,
                                                              path));
                write_member(out, name, file.data, file.size);
        }
}

static void write_targets(struct output *out, const struct part *parts, uint32_t count,
                          const struct args *args)
{
        struct signer *signers = allocate(TUF_ROLE_KEYS_MAX, sizeof(*signers));
        uint32_t signer_count = signers_load(signers, TUF_ROLE_KEYS_MAX, args, "key");
        char expires[TUF_TIME_SIZE];
        struct json_writer w;
        size_t length;

        expiry_option(expires, args, 1);
        metadata_begin(&w, "targets", expires, arg_number(args, "version", 1, INT64_MAX));
        json_write_open(&w, "targets", '{');
        for (uint32_t i = 0; i < count; i++) {
                manifest_write(&w, &parts[i].target);
        }
        json_write_close(&w, '}');

        const char *text = metadata_sign(&w, signers, signer_count, &length);

        write_member(out, "targets.json", text, length);
}

static void write_parts(struct output *out, const struct part *parts, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++) {
                char name[MANIFEST_PATH_MAX + 32];

                snprintf(name, sizeof(name), "targets/%s.chunks", parts[i].target.path);
                write_member(out, name, parts[i].chunks.data, parts[i].chunks.size);
                snprintf(name, sizeof(name), "targets/%s", parts[i].target.path);
                write_member(out, name, parts[i].payload.data, parts[i].payload.size);
        }
}

static int package_create(const struct args *args)
{
        static const uint8_t end[2 * USTAR_BLOCK];
        struct system system;
        struct part *parts = allocate(MANIFEST_TARGETS_MAX, sizeof(*parts));

        system_load(&system, args);

        uint32_t count = make_parts(parts, &system, args);
        struct output *out = output_open(arg(args, "o"));

        write_roots(out, args);
        write_targets(out, parts, count, args);
        write_parts(out, parts, count);
        output_write(out, end, sizeof(end));
        output_commit(out);
        return 0;
}

/* A package in a file, opened and authenticated against a pinned root. */
struct opened {
        struct mapped file;
        struct storage storage;
        struct package package;
};

static struct opened *open_package(const char *path, const struct mapped *pinned, const char *now)
{
        struct opened *o = allocate(1, sizeof(*o));
        struct package_memory *memory = allocate(1, sizeof(*memory));
        const struct package_floor floor = {0};

        o->file = file_map(path);
        o->storage = (struct storage){.ctx = &o->file, .size = o->file.size, .read = mapped_read};

        struct mapped root = *pinned;

        if (root.data == NULL) {
                struct ustar_member m;
                uint64_t offset = 0;

                must(ustar_next(&o->storage, &offset, &m), path);
                root = (struct mapped){o->file.data + m.offset, m.size};
        }
        must(package_open(&o->package, &o->storage, (const char *)root.data, root.size, &floor, now,
                          memory),
             path);
        free(memory);
        return o;
}

static int package_verify(const struct args *args)
{
        struct system system;
        struct mapped root;
        char now[TUF_TIME_SIZE];
        const char *path = args->operands[0];
        uint8_t *list = allocate(CHUNK_LIST_MAX, 1);
        uint8_t *buffer = allocate(CHUNK_LENGTH_MAX, 1);

        if (arg(args, "root") != NULL) {
                root = file_map(arg(args, "root"));
        } else {
                system_load(&system, args);
                root = (struct mapped){system.description.root_metadata.data,
                                       system.description.root_metadata.size};
        }
        time_text(now, 0);

        struct opened *o = open_package(path, &root, now);
        const struct tuf_targets *targets = &o->package.targets;

        for (uint32_t i = 0; i < targets->count; i++) {
                must(package_target_verify(&o->package, &targets->target[i], list, buffer),
                     targets->target[i].path);
        }
        printf("%s: good, package %s, version %llu, %u target%s\n", path,
               targets->target[0].package, (unsigned long long)targets->version, targets->count,
               targets->count == 1 ? "" : "s");
        return 0;
}

static void print_target(const struct manifest_target *t)
{
        char digest[65];

        hex_text(digest, t->to_digest, 32);
        printf("%s\n  %s for %s: %s%s%s, counter %llu\n", t->path,
               t->kind == MANIFEST_DELTA ? "delta" : "image", t->guest,
               t->kind == MANIFEST_DELTA ? t->from_version : "",
               t->kind == MANIFEST_DELTA ? " -> " : "", t->to_version,
               (unsigned long long)t->security_counter);
        printf("  %llu bytes for an image of %llu (%.2f %%)\n  digest %s\n",
               (unsigned long long)t->length, (unsigned long long)t->to_length,
               100.0 * (double)t->length / (double)t->to_length, digest);
        if (t->kind == MANIFEST_DELTA) {
                printf("  the decoder needs %llu bytes of memory\n",
                       (unsigned long long)t->ram_need);
        }
}

static void print_target_json(struct json_writer *w, const struct manifest_target *t)
{
        json_write_open(w, NULL, '{');
        json_write_string(w, "path", t->path);
        json_write_string(w, "kind", t->kind == MANIFEST_DELTA ? "delta" : "image");
        json_write_string(w, "guest", t->guest);
        json_write_u64(w, "bytes", t->length);
        json_write_hex(w, "sha256", t->sha256, sizeof(t->sha256));
        if (t->kind == MANIFEST_DELTA) {
                json_write_string(w, "from_version", t->from_version);
                json_write_u64(w, "from_bytes", t->from_length);
                json_write_hex(w, "from_digest", t->from_digest, sizeof(t->from_digest));
                json_write_u64(w, "ram_need", t->ram_need);
        }
        json_write_string(w, "to_version", t->to_version);
        json_write_u64(w, "to_bytes", t->to_length);
        json_write_hex(w, "to_digest", t->to_digest, sizeof(t->to_digest));
        json_write_u64(w, "security_counter", t->security_counter);
        json_write_u64(w, "minimum_updater", t->minimum_updater);
        json_write_close(w, '}');
}

static int package_info(const struct args *args)
{
        const struct mapped own_root = {0};
        const struct opened *o = open_package(args->operands[0], &own_root, NULL);
        const struct tuf_targets *targets = &o->package.targets;
        struct json_writer w;

        if (!arg_flag(args, "json")) {
                printf("package %s for %s, version %llu, %zu bytes\n", targets->target[0].package,
                       targets->target[0].product, (unsigned long long)targets->version,
                       o->file.size);
                printf("root version %llu; expires %s\n",
                       (unsigned long long)o->package.root.version, targets->expires);
                for (uint32_t i = 0; i < targets->count; i++) {
                        print_target(&targets->target[i]);
                }
                return 0;
        }
        document_begin(&w);
        json_write_string(&w, "package", targets->target[0].package);
        json_write_string(&w, "product", targets->target[0].product);
        json_write_u64(&w, "version", targets->version);
        json_write_u64(&w, "root_version", o->package.root.version);
        json_write_string(&w, "expires", targets->expires);
        json_write_u64(&w, "bytes", o->file.size);
        json_write_open(&w, "targets", '[');
        for (uint32_t i = 0; i < targets->count; i++) {
                print_target_json(&w, &targets->target[i]);
        }
        json_write_close(&w, ']');
        document_print(&w);
        return 0;
}

static const struct option_spec create_options[] = {
        {"update", "GUEST=OLD,NEW", "a delta between two signed images (repeatable)",
         OPTION_OPTIONAL},
        {"image", "GUEST=NEW", "a whole signed image (repeatable)", OPTION_OPTIONAL},
        {"id", "ID", "the package's name", OPTION_REQUIRED},
        {"version", "N", "higher than that of the package before (default: 1)", OPTION_OPTIONAL},
        {"root", "FILE", "root.json; several: upwards, the newest last", OPTION_REPEATED},
        {"key", "K", "package key, private (repeatable)", OPTION_REPEATED},
        {"expires", "TIME", "such as 2030-01-01T00:00:00Z (default: in a year)", OPTION_OPTIONAL},
        {"o", "FILE", "the package, a ustar archive", OPTION_REQUIRED},
        VMS_OPTION,
        {0},
};

static const struct option_spec verify_options[] = {
        {"root", "FILE", "the trusted first root.json (default: the system image's)",
         OPTION_OPTIONAL},
        VMS_OPTION,
        {0},
};

static const struct option_spec info_options[] = {
        {"json", NULL, "as JSON", OPTION_OPTIONAL},
        {0},
};

static const struct command commands[] = {
        {"create", "make and sign a package", NULL, 0, 0, create_options, package_create},
        {"verify", "check a package as the device does, and all its payloads", "PACKAGE", 1, 1,
         verify_options, package_verify},
        {"info", "say what a package brings; trusts its own root", "PACKAGE", 1, 1, info_options,
         package_info},
        {0},
};

const struct command_group package_group = {"package", "Packages (TUF repositories in one file)",
                                            commands};
