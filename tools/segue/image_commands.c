/* SPDX-License-Identifier: Apache-2.0 */
/* segue image create|verify|info */
#include <stdio.h>
#include <string.h>

#include "bootflow/fit.h"
#include "tools/segue/command.h"
#include "tools/segue/image_file.h"
#include "tools/segue/keys.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"
#include "tools/segue/text.h"

/* The file given by --kernel, as it is for --raw, in a FIT else. */
static void choose_payload(struct image_request *request, const struct args *args)
{
        struct mapped program = file_map(arg(args, "kernel"));
        struct mapped ramdisk = {0};

        if (arg_flag(args, "raw")) {
                if (arg(args, "ramdisk") != NULL || arg(args, "cmdline") != NULL) {
                        fail(SG_E_USAGE, "--ramdisk and --cmdline are for kernels, not for --raw");
                }
                request->payload = program;
                request->has_load_address = arg(args, "load-address") != NULL;
                request->load_address = arg_number(args, "load-address", 0, UINT32_MAX);
                return;
        }
        if (arg(args, "load-address") != NULL) {
                fail(SG_E_USAGE, "--load-address goes with --raw");
        }
        if (arg(args, "ramdisk") != NULL) {
                ramdisk = file_map(arg(args, "ramdisk"));
        }
        request->payload = fit_make(&program, &ramdisk, arg(args, "cmdline"));
}

/* A signing key that the system does not accept would make an image that never boots. */
static void check_key_accepted(const struct system *s, mbedtls_pk_context *key, const char *path)
{
        struct public_key public;

        key_public_half(&public, key);
        for (unsigned i = 0; i < s->description.key_count; i++) {
                if (memcmp(public.hash, s->description.key[i].hash, sizeof(public.hash)) == 0) {
                        return;
                }
        }
        fprintf(stderr,
                "segue: warning: %s: %s does not list this key: the image will be refused\n", path,
                s->path);
}

static int image_create(const struct args *args)
{
        struct system system;
        struct image_request request = {0};
        mbedtls_pk_context key;

        system_load(&system, args);

        const struct vm_description *vm = system_guest(&system, arg(args, "guest"));

        version_parse(&request.version, arg(args, "version"));
        request.security_counter = (uint32_t)arg_number(args, "security-counter", 0, UINT32_MAX);
        request.vendor_id = vm->vendor_id;
        request.class_id = vm->class_id;
        choose_payload(&request, args);
        key_load_private(&key, arg(args, "key"));
        check_key_accepted(&system, &key, arg(args, "key"));

        struct mapped image = image_make(&request, &key);

        if (image.size > vm->slot_size) {
                fail(SG_E_SLOT_TOO_SMALL, "%s: %zu bytes, the slots of '%s' have %llu",
                     arg(args, "o"), image.size, vm->name, (unsigned long long)vm->slot_size);
        }
        file_write(arg(args, "o"), image.data, image.size);
        mbedtls_pk_free(&key);
        return 0;
}

/* Keys from --key instead of the system image's. */
static uint32_t keys_given(struct bf_image_key *keys, struct public_key *public,
                           const struct args *args)
{
        uint32_t count = 0;

        for (const char *path; (path = arg_at(args, "key", (int)count)) != NULL; count++) {
                if (count == BOOTFW_MAX_KEYS) {
                        fail(SG_E_USAGE, "more than %d keys", BOOTFW_MAX_KEYS);
                }
                key_load_public(&public[count], path);
                memcpy(keys[count].hash, public[count].hash, sizeof(keys[count].hash));
                keys[count].der = public[count].spki;
                keys[count].der_size = (uint32_t) public[count].spki_size;
        }
        return count;
}

static int image_verify(const struct args *args)
{
        struct system system;
        struct bf_image_key keys[BOOTFW_MAX_KEYS];
        struct public_key public[BOOTFW_MAX_KEYS];
        struct bf_image_policy policy = {.keys = keys};
        struct bf_image_info info;
        const struct vm_description *vm = NULL;
        const char *path = args->operands[0];
        struct mapped image = file_map(path);
        bool given = arg(args, "key") != NULL;

        if (!given || arg(args, "guest") != NULL) {
                system_load(&system, args);
                if (arg(args, "guest") != NULL) {
                        vm = system_guest(&system, arg(args, "guest"));
                }
                image_policy(&policy, keys, &system, vm);
        }
        if (given) {
                policy.key_count = keys_given(keys, public, args);
        }
        must(bf_image_verify(image.data, image.size, &policy, &info), path);

        char digest[65];

        hex_text(digest, info.digest, sizeof(info.digest));
        printf("%s: good, security counter %u, digest %s\n", path, info.counter, digest);
        return 0;
}

static void id_text(char *text, const uint8_t id[BF_ID_SIZE])
{
        static const uint8_t group[] = {4, 2, 2, 2, 6};

        for (size_t i = 0, at = 0; i < sizeof(group); at += group[i], i++) {
                hex_text(text, id + at, group[i]);
                text += 2 * group[i];
                *text++ = i + 1 < sizeof(group) ? '-' : '\0';
        }
}

/* What `image info` says; strings are ready to print. */
struct summary {
        char version[VERSION_TEXT];
        char digest[65], sha256[65];
        char vendor[37], class[37];
        bool has_fit;
        struct bf_fit fit;
};

static void summarize(struct summary *s, const struct bf_image_info *info,
                      const struct mapped *image)
{
        const struct bf_image_layout *l = &info->layout;

        version_text(s->version, &l->version);
        hex_text(s->digest, info->digest, sizeof(info->digest));
        hex_text(s->sha256, info->sha256, sizeof(info->sha256));
        id_text(s->vendor, info->vendor_id);
        id_text(s->class, info->class_id);
        /* libfdt wants its tree aligned to 8 bytes. */
        uint8_t *payload = allocate(l->payload_size, 1);

        memcpy(payload, image->data + l->payload, l->payload_size);
        s->has_fit = bf_fit_parse(payload, l->payload_size, &s->fit) == SG_OK;
}

static void print_summary(const struct summary *s, const struct bf_image_info *info)
{
        const struct bf_image_layout *l = &info->layout;

        printf("version           %s\nsecurity counter  %u\n", s->version, info->counter);
        printf("size              %u bytes, %u of them payload\n", l->size, l->payload_size);
        printf("digest            %s\nsigned SHA-256    %s\n", s->digest, s->sha256);
        printf("vendor id         %s\nclass id          %s\n", s->vendor, s->class);
        if (s->has_fit) {
                printf("kernel            %u bytes, %llu in memory\n", s->fit.kernel_size,
                       (unsigned long long)s->fit.image_size);
                printf("ramdisk           %u bytes\n", s->fit.ramdisk_size);
                printf("command line      %s\n", s->fit.bootargs);
        } else if ((l->flags & BF_IMAGE_F_RAM_LOAD) != 0) {
                printf("raw program       loaded at 0x%x\n", l->load_addr);
        } else {
                printf("raw program       loaded at RAM base + 512 KiB\n");
        }
}

static void print_summary_json(const struct summary *s, const struct bf_image_info *info)
{
        const struct bf_image_layout *l = &info->layout;
        struct json_writer w;

        document_begin(&w);
        json_write_string(&w, "version", s->version);
        json_write_u64(&w, "security_counter", info->counter);
        json_write_u64(&w, "bytes", l->size);
        json_write_u64(&w, "payload_bytes", l->payload_size);
        json_write_string(&w, "digest", s->digest);
        json_write_string(&w, "signed_sha256", s->sha256);
        json_write_string(&w, "vendor_id", s->vendor);
        json_write_string(&w, "class_id", s->class);
        json_write_string(&w, "payload", s->has_fit ? "fit" : "raw");
        if (s->has_fit) {
                json_write_u64(&w, "kernel_bytes", s->fit.kernel_size);
                json_write_u64(&w, "ramdisk_bytes", s->fit.ramdisk_size);
                json_write_string(&w, "command_line", s->fit.bootargs);
        } else if ((l->flags & BF_IMAGE_F_RAM_LOAD) != 0) {
                json_write_u64(&w, "load_address", l->load_addr);
        }
        document_print(&w);
}

static int image_info(const struct args *args)
{
        struct mapped image = file_map(args->operands[0]);
        struct bf_image_info info;
        struct summary summary;

        must(bf_image_inspect(image.data, image.size, &info), args->operands[0]);
        summarize(&summary, &info, &image);
        if (arg_flag(args, "json")) {
                print_summary_json(&summary, &info);
        } else {
                print_summary(&summary, &info);
        }
        return 0;
}

static const struct option_spec create_options[] = {
        {"guest", "G", "whose slots it is for", OPTION_REQUIRED},
        {"kernel", "F", "an uncompressed arm64 Image, or another program (--raw)", OPTION_REQUIRED},
        {"ramdisk", "F", "its initramfs", OPTION_OPTIONAL},
        {"cmdline", "S", "its command line", OPTION_OPTIONAL},
        {"raw", NULL, "it is no Linux kernel: copy it and enter its first byte", OPTION_OPTIONAL},
        {"load-address", "A", "where it runs (default: RAM base + 512 KiB)", OPTION_OPTIONAL},
        {"version", "V", "such as 6.1.0+55", OPTION_REQUIRED},
        {"security-counter", "N", "never lower than that of the image before", OPTION_REQUIRED},
        {"key", "K", "the image key, private", OPTION_REQUIRED},
        {"o", "O", "the signed image", OPTION_REQUIRED},
        VMS_OPTION,
        {0},
};

static const struct option_spec verify_options[] = {
        {"guest", "G", "it must be for this guest, too", OPTION_OPTIONAL},
        {"key", "K", "accepted key, private or public (repeatable; default: the system image's)",
         OPTION_OPTIONAL},
        VMS_OPTION,
        {0},
};

static const struct option_spec info_options[] = {
        {"json", NULL, "as JSON", OPTION_OPTIONAL},
        {0},
};

static const struct command commands[] = {
        {"create", "make and sign an image", NULL, 0, 0, create_options, image_create},
        {"verify", "check an image as the device does", "IMAGE", 1, 1, verify_options,
         image_verify},
        {"info", "say what an image claims, unverified", "IMAGE", 1, 1, info_options, image_info},
        {0},
};

const struct command_group image_group = {"image", "Signed images (MCUboot's format)", commands};
