// SPDX-License-Identifier: Apache-2.0
/*
 * The corpora to begin with that are made rather than found: `seeds FOLDER` writes
 * FOLDER/<target>/<name> for the targets with binary formats, each made by the code that the
 * device or the host tool makes it with.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <segue/bytes.h>

#include "bootflow/fit.h"
#include "bootflow/record.h"
#include "delta/create/create.h"
#include "tests/fuzz/disk_window.h"
#include "tests/fuzz/kernel_seed.h"
#include "tests/unit/memory_storage.h"
#include "tests/unit/package_maker.h"
#include "tests/unit/strict_nor.h"
#include "tests/unit/synthetic_library.h"
#include "tests/unit/synthetic_objects.h"
#include "updater/checkpoint.h"
#include "updater/gpt.h"

#define SEPARATOR "\x1e"

static const char *folder;

static void seed(const char *target, const char *name, const void *bytes, size_t size)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", folder, target);
        assert_true(mkdir(path, 0777) == 0 || errno == EEXIST);
        snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
}

static void make_agent_lines(void)
{
        static const char lines[] = "hello 6.1.0-55-cloud-arm64\nalive\nready\nlater\n"
                                    "confirm 0123456789abcdef\nbeats 1000 0 812 990 8 2 0\n"
                                    "beats 18446744073709551615 1 2 3 4 5 6\r\nconfirm 0\n\n";

        seed("agent_line", "session", lines, sizeof(lines) - 1);
}

static void make_places(void)
{
        struct bf_place_request r = {.ram_base = 0x40000000,
                                     .ram_end = 0x48000000,
                                     .kernel = 0x40001000,
                                     .kernel_size = 30u << 20,
                                     .ramdisk = 0x42000000,
                                     .ramdisk_size = 3u << 20,
                                     .image_size = 33u << 20};

        seed("place", "ramdisk-moves", &r, sizeof(r));
        r.ramdisk_size = 0;
        r.text_offset = 0x80000;
        seed("place", "no-ramdisk", &r, sizeof(r));
        r.ram_base = UINT64_MAX - 0xfffff;
        r.ram_end = UINT64_MAX;
        seed("place", "end-of-the-world", &r, sizeof(r));
}

/* ---- Boot state ---- */

static struct bf_image_id image_id(uint8_t byte, uint32_t counter)
{
        struct bf_image_id id = {.counter = counter};

        memset(id.digest, byte, sizeof(id.digest));
        return id;
}

static void make_records(const struct bf_guest *good, const struct bf_guest *trial)
{
        uint8_t bytes[BF_ENTRY_SIZE + 8 * 4] = {0};
        struct bf_record r = {.sequence = 7, .generation = 2, .guests = 6, .vm = 2};

        r.guest = *good;
        bf_record_encode(&r, bytes);
        /* open, stage, start, confirm, reported: as tests/fuzz/record.c reads them. */
        static const uint8_t update[] = {0, 1, 9, 6, 1, 1, 9, 6, 4, 1, 9, 6, 5, 1, 9, 6, 10};
        memcpy(bytes + BF_ENTRY_SIZE, update, sizeof(update));
        seed("record", "update", bytes, sizeof(bytes));
        r.guest = *trial;
        bf_record_encode(&r, bytes);
        static const uint8_t rollback[] = {6, 1, 0, 1, 3, 0, 0, 0, 6, 1, 0, 2, 6, 1, 0, 2, 10};
        memcpy(bytes + BF_ENTRY_SIZE, rollback, sizeof(rollback));
        seed("record", "rollback", bytes, sizeof(bytes));
}

static void make_boot_state(void)
{
        static struct nor nor;
        static struct bf_journal j;
        struct bf_initial initial[2] = {{.vm = 1}, {.vm = 2}};
        const struct bf_limits limits = {3, 10};
        struct bf_image_id a = image_id(0xa0, 5), b = image_id(0xb0, 5), c = image_id(0xc0, 6);
        bool more = true;

        assert_int_equal(bf_provision(&initial[0].guest, &a, NULL), SG_OK);
        assert_int_equal(bf_provision(&initial[1].guest, &a, &b), SG_OK);
        nor_init(&nor, 4096, 3, 4);
        assert_int_equal(bf_journal_format(&j, &nor.flash, initial, 2), SG_OK);
        seed("journal", "fresh", nor.bytes, 3 * 4096);
        struct bf_guest g = initial[1].guest;
        assert_int_equal(bf_open(&g, 0, 1, &c), SG_OK);
        assert_int_equal(bf_journal_put(&j, 2, &g), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &c, &limits), SG_OK);
        assert_int_equal(bf_start(&g, 0, 1, &c, 77), SG_OK);
        assert_int_equal(bf_journal_put(&j, 2, &g), SG_OK);
        seed("journal", "trial", nor.bytes, 3 * 4096);
        while (more)
                assert_int_equal(bf_journal_housekeep(&j, &more), SG_OK);
        nor_stop(&nor, 60, NOR_SOME, true);
        struct bf_guest confirmed = g;
        assert_int_equal(bf_confirm(&confirmed, 77), SG_OK);
        (void)bf_journal_put(&j, 2, &confirmed);
        seed("journal", "cut", nor.bytes, 3 * 4096);
        make_records(&initial[1].guest, &g);
}

static void make_hypercalls(void)
{
        /* what, who, function, arguments: as tests/fuzz/hypercall.c reads them. SLOT_OPEN and STAGE
         * of personal's B, a stop, bootfw, its report, a confirm. */
        static const uint8_t update[][10] = {
                {4, 0, 0x16, 2, 1, 6, 0xc0, 0xc0, 0xc0, 0xc0},
                {4, 0, 0x14, 2, 1, 6, 0xc0, 0xc0, 0xc0, 0xc0},
                {0, 1, 1},
                {1, 1, 0},
                {4, 2, 0x40, 0, 6, 1, 0xc0, 0xc0, 0xc0, 0xc0},
                {4, 0, 0x10, 0},
                {4, 2, 0x30, 0xff},
                {4, 0, 0x19, 2},
                {3, 0, 0},
        };
        static const uint8_t rollback[][10] = {
                {4, 0, 0x16, 2, 1, 6, 0xc0, 0xc0, 0xc0, 0xc0},
                {4, 0, 0x14, 2, 1, 6, 0xc0, 0xc0, 0xc0, 0xc0},
                {0, 1, 1},
                {1, 1, 0},
                {4, 2, 0x40, 0, 6, 1, 0xc0, 0xc0, 0xc0, 0xc0},
                {0, 1, 4},
                {1, 1, 0},
                {4, 2, 0x40, 207, 6, 1, 0xc0, 0xc0, 0xc0, 0xc0},
                {0, 1, 7},
        };
        uint8_t all[0x50][10];

        seed("hypercall", "update", update, sizeof(update));
        seed("hypercall", "rollback", rollback, sizeof(rollback));
        for (uint8_t i = 0; i < 0x50; i++)
                memcpy(all[i], (const uint8_t[10]){4, 0, i, 2, 1, 9, 0xc0, 0xc0, 0xc0, 0xc0}, 10);
        seed("hypercall", "every-function", all, sizeof(all));
}

/* ---- Disks ---- */

static uint8_t disk[DISK_BYTES];

static sg_err disk_read(void *ctx, uint64_t sector, void *data, uint32_t count)
{
        const struct sector_device *d = ctx;

        memcpy(data, disk + sector * d->sector_size, (size_t)count * d->sector_size);
        return SG_OK;
}

static sg_err disk_write(void *ctx, uint64_t sector, const void *data, uint32_t count)
{
        const struct sector_device *d = ctx;

        memcpy(disk + sector * d->sector_size, data, (size_t)count * d->sector_size);
        return SG_OK;
}

static sg_err disk_flush(void *ctx)
{
        (void)ctx;
        return SG_OK;
}

/* Fewer entries than the writer makes, so that both tables lie in the window. */
static void shrink_table(uint8_t *window, uint32_t index, uint32_t sector, uint64_t entries_lba)
{
        uint8_t *header = window + index * sector;
        uint8_t *entries = window + disk_window_index(DISK_BYTES / sector, entries_lba) * sector;

        put_le64(header + 72, entries_lba);
        put_le32(header + 80, sector / GPT_ENTRY_SIZE);
        memcpy(entries, disk + 2 * sector, sector);
}

static void make_disk(uint32_t sector, const char *name)
{
        static uint8_t scratch[PARTITION_SECTOR_MAX], out[1 + 7 * 4096];
        struct sector_device device = {&device,   sector,     DISK_BYTES / sector,
                                       disk_read, disk_write, disk_flush};
        static const char *const names[] = {"rt_a", "rt_b", "inbox"};
        static struct gpt gpt;
        uint8_t *window = out + 1;

        memset(disk, 0, sizeof(disk));
        memset(&gpt, 0, sizeof(gpt));
        gpt.sector_size = sector;
        gpt.sectors = device.sectors;
        for (const char *const *n = names; n < names + 3; n++) {
                struct gpt_partition *p = &gpt.part[gpt.count++];
                memcpy(p->name, *n, strlen(*n));
                memcpy(p->type_guid, gpt_type_segue, 16);
                p->unique_guid[0] = (uint8_t)gpt.count;
                p->last_lba = 20;
        }
        assert_int_equal(gpt_layout(&gpt), SG_OK);
        assert_int_equal(gpt_write(&gpt, &device, scratch), SG_OK);
        out[0] = sector == 4096;
        memcpy(window, disk, DISK_HEAD * sector);
        memcpy(window + DISK_HEAD * sector, disk + DISK_BYTES - DISK_TAIL * sector,
               DISK_TAIL * sector);
        shrink_table(window, 1, sector, 2);
        shrink_table(window, DISK_HEAD + DISK_TAIL - 1, sector, device.sectors - 2);
        disk_window_mend(window, 7 * sector, sector);
        seed("gpt", name, out, 1 + 7 * sector);
}

static void make_checkpoints(void)
{
        static uint8_t journal[CHECKPOINT_JOURNAL_SIZE], out[2 * CHECKPOINT_SIZE];
        static struct checkpoint c;
        struct memory_storage memory;
        struct checkpoint_store store;

        memory_storage_init(&memory, journal, sizeof(journal));
        (void)checkpoint_load(&store, &memory.storage, &c);
        c.job.present = true;
        c.job.segments = 3;
        c.job.length = 30u << 20;
        memcpy(c.job.version, "1.2.3", 6);
        assert_int_equal(checkpoint_save(&store, &c), SG_OK);
        memcpy(out, journal, CHECKPOINT_SIZE);
        seed("checkpoint", "first", out, sizeof(out));
        c.finished[0].outcome = PACKAGE_FAILED;
        assert_int_equal(checkpoint_save(&store, &c), SG_OK);
        memcpy(out + CHECKPOINT_SIZE, journal + CHECKPOINT_DISTANCE, CHECKPOINT_SIZE);
        seed("checkpoint", "second", out, sizeof(out));
}

/* ---- Packages ---- */

static struct maker_key key[3];

static struct maker_payload payload(enum manifest_kind kind, const char *path)
{
        static const uint8_t bytes[3000] = {1, 2, 3};
        static const uint32_t chunks[] = {1000, 0, 1999, 1};
        struct maker_payload p = {.bytes = bytes, .chunks = chunks, .chunk_count = 4};

        p.manifest = (struct manifest_target){
                .kind = kind,
                .to_length = sizeof(bytes),
                .from_length = 2000,
                .from_version = "1.2.2",
                .ram_need = 4096,
                .security_counter = 2,
                .minimum_updater = 1,
                .package = "p1",
                .product = "segue-virt",
                .guest = "rt",
                .to_version = "1.2.3",
        };
        snprintf(p.manifest.path, sizeof(p.manifest.path), "%s", path);
        return p;
}

static void make_metadata(const struct maker_text *first, const struct maker_text *second,
                          const struct maker_text *targets)
{
        static char all[3 * sizeof(first->text)];
        int n = snprintf(all, sizeof(all), "%.*s" SEPARATOR "%.*s" SEPARATOR "%.*s",
                         (int)first->length, first->text, (int)second->length, second->text,
                         (int)targets->length, targets->text);

        seed("tuf", "chain", all, (size_t)n);
        seed("json", "root", first->text, first->length);
        seed("json", "targets", targets->text, targets->length);
}

static void make_packages(void)
{
        static uint8_t archive[65536];
        static struct maker_text first, second, targets;
        const struct maker_role roots = {{&key[0], &key[1]}, 2, 2}, signer = {{&key[2]}, 1, 1};
        struct maker_payload p[2] = {payload(MANIFEST_DELTA, "rt.delta"),
                                     payload(MANIFEST_IMAGE, "rt.img")};
        size_t at = 0;

        for (unsigned i = 0; i < 3; i++)
                maker_key_make(&key[i]);
        maker_root(&first, 1, &roots, &signer, &roots);
        maker_root(&second, 2, &roots, &signer, &roots);
        maker_targets(&targets, 3, p, 2, &signer);
        make_metadata(&first, &second, &targets);
        seed("package", "two-targets", archive,
             maker_package(archive, sizeof(archive), &first, &targets, p, 2));
        maker_member(archive, sizeof(archive), &at, "root.json", first.text, first.length);
        maker_member(archive, sizeof(archive), &at, "2.root.json", second.text, second.length);
        maker_targets(&targets, 4, p, 1, &signer);
        maker_member(archive, sizeof(archive), &at, "targets.json", targets.text, targets.length);
        maker_payloads(archive, sizeof(archive), &at, p, 1);
        seed("package", "root-chain", archive, at + 2 * USTAR_BLOCK);
        for (unsigned i = 0; i < 3; i++)
                maker_key_free(&key[i]);
}

/* ---- Deltas ---- */

struct buffer {
        uint8_t bytes[3u << 20];
        size_t size;
};

static sg_err append(void *ctx, const void *bytes, size_t size)
{
        struct buffer *b = ctx;

        if (size > sizeof(b->bytes) - b->size)
                return SG_E_TOO_LARGE;
        if (size == 0)
                return SG_OK;
        memcpy(b->bytes + b->size, bytes, size);
        b->size += size;
        return SG_OK;
}

static void load(struct buffer *b, const char *path)
{
        FILE *f = fopen(path, "rb");

        assert_non_null(f);
        b->size = fread(b->bytes, 1, sizeof(b->bytes), f);
        fclose(f);
}

static void make_delta(const char *name, const struct buffer *from, const struct buffer *to)
{
        static struct buffer out;
        struct dl_image a = {.data = from->bytes, .size = from->size};
        struct dl_image b = {.data = to->bytes, .size = to->size};
        const struct dl_create_options options = {.threads = 1};
        const struct dl_sink sink = {.ctx = &out, .write = append};

        put_le32(out.bytes, (uint32_t)from->size);
        out.size = 4;
        assert_int_equal(append(&out, from->bytes, from->size), SG_OK);
        assert_int_equal(dl_create(&a, &b, &options, &sink), SG_OK);
        seed("delta", name, out.bytes, out.size);
}

static void make_deltas(void)
{
        static struct buffer from, to;

        load(&from, "build/images/rt-v1_0.bin");
        load(&to, "build/images/rt-v1_1.bin");
        make_delta("rt", &from, &to);
        load(&to, "build/tests/gic.bin");
        make_delta("other-program", &from, &to);
        make_delta("equal", &from, &from);
        load(&from, "build/tests/calls.elf");
        load(&to, "build/tests/gic.elf");
        make_delta("elf-programs", &from, &to);
        from.size = synthetic_library(0, LIBRARY_SOUND, from.bytes);
        to.size = synthetic_library(1, LIBRARY_SOUND, to.bytes);
        make_delta("shared-library", &from, &to);
        from.size = synthetic_objects(0, OBJECTS_SOUND, from.bytes);
        to.size = synthetic_objects(1, OBJECTS_SOUND, to.bytes);
        make_delta("relocatable-objects", &from, &to);
        from.size = kernel_seed(0, from.bytes, sizeof(from.bytes));
        to.size = kernel_seed(1, to.bytes, sizeof(to.bytes));
        make_delta("kernel", &from, &to);
        load(&from, "build/images/rt-v1_0.bin");
        for (to.size = 0; to.size < (1u << 20) + 5000;)
                assert_int_equal(append(&to, from.bytes, 1000 + to.size % 5000), SG_OK);
        make_delta("two-segments", &from, &to);
        from.size = 3000;
        load(&to, "tests/vectors/image/full.img");
        make_delta("unrelated", &from, &to);
        load(&to, "docs/delta.md"); /* text, sorted; then an echo of it */
        assert_int_equal(append(&to, to.bytes, to.size), SG_OK);
        make_delta("new-text", &from, &to);
        to.size = 0;
        make_delta("to-nothing", &from, &to);
}

/* As tests/fuzz/bsdiff40.c reads it: two triples that make 70 bytes, their differences, extra
 * bytes. */
static void make_classic_patch(void)
{
        static const uint64_t triples[] = {20, 5, 1ull << 63 | 10, 30, 15, 0};
        uint8_t bytes[7 + sizeof(triples) + 50 + 20] = {0};

        put_le16(bytes + 1, 70);
        put_le16(bytes + 3, sizeof(triples));
        put_le16(bytes + 5, 50);
        for (size_t i = 0; i < 6; i++)
                put_le64(bytes + 7 + 8 * i, triples[i]);
        seed("bsdiff40", "two-triples", bytes, sizeof(bytes));
}

int main(int argc, char **argv)
{
        if (argc != 2)
                return 2;
        folder = argv[1];
        make_agent_lines();
        make_places();
        make_boot_state();
        make_hypercalls();
        make_disk(512, "512");
        make_disk(4096, "4096");
        make_checkpoints();
        make_packages();
        make_deltas();
        make_classic_patch();
        return 0;
}
