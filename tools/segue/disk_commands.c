/* SPDX-License-Identifier: Apache-2.0 */
/* segue disk create|put|info */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/segue/command.h"
#include "tools/segue/digest.h"
#include "tools/segue/disk_file.h"
#include "tools/segue/image_file.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"
#include "tools/segue/text.h"

enum { MIB = 1 << 20 };

/* GUIDs follow from product and name, so that equal inputs give an equal disk (RFC 9562,
 * version 8). */
static void make_guid(uint8_t guid[16], const char *product, const char *name)
{
        char text[128];
        uint8_t digest[32];

        snprintf(text, sizeof(text), "segue disk %s %s", product, name);
        digest_of((const uint8_t *)text, strlen(text), digest);
        memcpy(guid, digest, 16);
        guid[7] = (uint8_t)(0x80 | (guid[7] & 0x0f)); /* little-endian on the disk */
        guid[8] = (uint8_t)(0x80 | (guid[8] & 0x3f));
}

static void add_partition(struct gpt *gpt, const char *product, const char *stem,
                          const char *suffix, uint64_t size)
{
        if (gpt->count == GPT_PARTS_MAX) {
                fail(SG_E_TOO_LARGE, "more than %d partitions", GPT_PARTS_MAX);
        }
        struct gpt_partition *p = &gpt->part[gpt->count++];

        snprintf(p->name, sizeof(p->name), "%s%s", stem, suffix);
        memcpy(p->type_guid, gpt_type_segue, sizeof(p->type_guid));
        make_guid(p->unique_guid, product, p->name);
        p->last_lba = (size + DISK_SECTOR - 1) / DISK_SECTOR; /* the size: gpt_layout() places it */
}

static void plan_partitions(struct gpt *gpt, const struct system *s)
{
        const char *product = s->description.product;

        *gpt = (struct gpt){.sector_size = DISK_SECTOR};
        make_guid(gpt->disk_guid, product, "");
        add_partition(gpt, product, "hv_a", "", s->hypervisor_size);
        add_partition(gpt, product, "hv_b", "", s->hypervisor_size);
        add_partition(gpt, product, "inbox", "", s->inbox_size);
        add_partition(gpt, product, "journal", "", s->journal_size);
        for (unsigned i = 0; i < s->description.vm_count; i++) {
                const struct vm_description *vm = &s->description.vm[i];

                if (!system_has_slots(vm)) {
                        continue;
                }
                add_partition(gpt, product, vm->name, "_a", vm->slot_size);
                add_partition(gpt, product, vm->name, "_b", vm->slot_size);
                if (s->data_size[i] > 0) {
                        add_partition(gpt, product, vm->name, "_data", s->data_size[i]);
                }
        }
}

/* Room for the tables at both ends and for each partition on its boundary of 1 MiB. */
static uint64_t disk_size(const struct gpt *gpt)
{
        uint64_t size = 2 * MIB;

        for (uint32_t i = 0; i < gpt->count; i++) {
                size += (gpt->part[i].last_lba * DISK_SECTOR + MIB - 1) / MIB * MIB;
        }
        return size;
}

static uint64_t partition_size(const struct gpt_partition *p)
{
        return (p->last_lba - p->first_lba + 1) * DISK_SECTOR;
}

/* The guest whose slot has this name; NULL when it is no slot. */
static const struct vm_description *slot_owner(const struct system *s, const char *partition)
{
        for (unsigned i = 0; i < s->description.vm_count; i++) {
                const struct vm_description *vm = &s->description.vm[i];
                size_t n = strlen(vm->name);

                if (system_has_slots(vm) && strncmp(partition, vm->name, n) == 0 &&
                    (strcmp(partition + n, "_a") == 0 || strcmp(partition + n, "_b") == 0)) {
                        return vm;
                }
        }
        return NULL;
}

/* One --put PARTITION=FILE. What goes into a slot must be an image that can run there. */
static void put(int fd, const struct gpt *gpt, const struct system *s, const char *assignment)
{
        char name[GPT_NAME_MAX + 1];
        const char *path = strchr(assignment, '=');
        size_t length = path != NULL ? (size_t)(path - assignment) : 0;

        if (length == 0 || length > GPT_NAME_MAX) {
                fail(SG_E_USAGE, "--put: '%s' is not like personal_a=FILE", assignment);
        }
        snprintf(name, sizeof(name), "%.*s", (int)length, assignment);
        path++;

        const struct gpt_partition *p = gpt_find(gpt, name);
        struct mapped file = file_map(path);

        if (p == NULL) {
                fail(SG_E_PARTITION, "'%s'", name);
        }
        if (file.size > partition_size(p)) {
                fail(SG_E_PARTITION, "'%s' has %llu bytes, %s %zu", name,
                     (unsigned long long)partition_size(p), path, file.size);
        }
        if (slot_owner(s, name) != NULL) {
                struct bf_image_info info;

                image_check(&info, &file, s, slot_owner(s, name), path);
        }
        file_put(fd, name, p->first_lba * DISK_SECTOR, file.data, file.size);
}

static void put_all(int fd, const struct gpt *gpt, const struct system *s, const struct args *args)
{
        const char *assignment;

        for (int i = 0; (assignment = arg_at(args, "put", i)) != NULL; i++) {
                put(fd, gpt, s, assignment);
        }
}

static int disk_create(const struct args *args)
{
        struct system system;
        struct disk_file disk;
        struct gpt gpt;
        uint8_t scratch[DISK_SECTOR];
        const char *path = arg(args, "o");

        system_load(&system, args);
        plan_partitions(&gpt, &system);

        uint64_t size = disk_size(&gpt);
        struct output *out = output_open(path);

        output_resize(out, size);
        disk_file_open(&disk, out->fd, path, size);
        gpt.sectors = disk.device.sectors;
        must(gpt_layout(&gpt), path);
        must(gpt_write(&gpt, &disk.device, scratch), path);
        put_all(out->fd, &gpt, &system, args);
        output_commit(out);
        return 0;
}

/* Opens a disk that exists and reads its table. */
static int open_disk(const char *path, int mode, struct gpt *gpt)
{
        struct disk_file disk;
        struct stat st;
        uint8_t scratch[DISK_SECTOR];
        int fd = open(path, mode | O_NONBLOCK | O_CLOEXEC); /* a FIFO would wait */

        if (fd < 0 || fstat(fd, &st) != 0) {
                fail_errno(path);
        }
        if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
                fail(SG_E_IO, "%s: neither a file nor a block device", path);
        }
        off_t size = lseek(fd, 0, SEEK_END);

        if (size < 0) {
                fail_errno(path);
        }
        disk_file_open(&disk, fd, path, (uint64_t)size);
        must(gpt_read(gpt, &disk.device, scratch), path);
        return fd;
}

static int disk_put(const struct args *args)
{
        struct system system;
        struct gpt gpt;
        const char *path = args->operands[0];

        system_load(&system, args);

        int fd = open_disk(path, O_RDWR, &gpt);

        put_all(fd, &gpt, &system, args);
        if (fsync(fd) != 0 || close(fd) != 0) {
                fail_errno(path);
        }
        return 0;
}

/* What a slot holds, unverified. */
static bool slot_content(int fd, const struct gpt_partition *p, struct bf_image_info *info)
{
        size_t size = partition_size(p);
        uint8_t *bytes = allocate(size, 1);
        bool found = pread(fd, bytes, size, (off_t)(p->first_lba * DISK_SECTOR)) == (ssize_t)size &&
                     bf_image_inspect(bytes, size, info) == SG_OK;

        free(bytes);
        return found;
}

static bool is_slot(const struct gpt_partition *p)
{
        size_t n = strlen(p->name);

        return n > 2 && (strcmp(p->name + n - 2, "_a") == 0 || strcmp(p->name + n - 2, "_b") == 0);
}

static void print_partition(int fd, const struct gpt_partition *p)
{
        struct bf_image_info info;

        printf("%-16s %12llu %12llu", p->name, (unsigned long long)p->first_lba * DISK_SECTOR,
               (unsigned long long)partition_size(p));
        if (is_slot(p) && slot_content(fd, p, &info)) {
                char version[VERSION_TEXT], digest[65];

                version_text(version, &info.layout.version);
                hex_text(digest, info.digest, 32);
                printf("  image %s, counter %u, digest %.16s...", version, info.counter, digest);
        }
        putchar('\n');
}

static void print_partition_json(int fd, const struct gpt_partition *p, struct json_writer *w)
{
        struct bf_image_info info;

        json_write_open(w, NULL, '{');
        json_write_string(w, "name", p->name);
        json_write_u64(w, "offset", p->first_lba * DISK_SECTOR);
        json_write_u64(w, "bytes", partition_size(p));
        if (is_slot(p) && slot_content(fd, p, &info)) {
                char version[VERSION_TEXT];

                version_text(version, &info.layout.version);
                json_write_string(w, "version", version);
                json_write_u64(w, "image_bytes", info.layout.size);
                json_write_u64(w, "security_counter", info.counter);
                json_write_hex(w, "digest", info.digest, sizeof(info.digest));
        }
        json_write_close(w, '}');
}

static int disk_info(const struct args *args)
{
        struct gpt gpt;
        struct json_writer w;
        int fd = open_disk(args->operands[0], O_RDONLY, &gpt);

        if (!arg_flag(args, "json")) {
                printf("%-16s %12s %12s\n", "partition", "offset", "bytes");
                for (uint32_t i = 0; i < gpt.count; i++) {
                        print_partition(fd, &gpt.part[i]);
                }
                if (gpt.backup) {
                        puts("the primary table is damaged: this is the backup");
                }
                return 0;
        }
        document_begin(&w);
        json_write_u64(&w, "sector_bytes", gpt.sector_size);
        json_write_u64(&w, "sectors", gpt.sectors);
        json_write_bool(&w, "backup_table", gpt.backup);
        json_write_open(&w, "partitions", '[');
        for (uint32_t i = 0; i < gpt.count; i++) {
                print_partition_json(fd, &gpt.part[i], &w);
        }
        json_write_close(&w, ']');
        document_print(&w);
        return 0;
}

#define PUT_HELP "fill a partition; a slot takes images of its guest only (repeatable)"

static const struct option_spec create_options[] = {
        {"put", "PARTITION=FILE", PUT_HELP, OPTION_OPTIONAL},
        {"o", "DISK", "the disk image (sparse)", OPTION_REQUIRED},
        VMS_OPTION,
        {0},
};

static const struct option_spec put_options[] = {
        {"put", "PARTITION=FILE", PUT_HELP, OPTION_REPEATED},
        VMS_OPTION,
        {0},
};

static const struct option_spec info_options[] = {
        {"json", NULL, "as JSON", OPTION_OPTIONAL},
        {0},
};

static const struct command commands[] = {
        {"create", "make a disk with the partitions that the system image asks for", NULL, 0, 0,
         create_options, disk_create},
        {"put", "fill partitions of a disk in place", "DISK", 1, 1, put_options, disk_put},
        {"info", "list a disk's partitions and what the slots hold", "DISK", 1, 1, info_options,
         disk_info},
        {0},
};

const struct command_group disk_group = {"disk", "Disks (GPT)", commands};
