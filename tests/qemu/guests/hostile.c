// SPDX-License-Identifier: Apache-2.0
/*
 * An update partition that is somebody else's: it asks for what it may not have, touches what is
 * not its own, stages and loads forgeries, and confirms for a guest. Says `ok <what>` or `FAILED
 * <what>` for each, `done` at the end. rt runs slot a; slot b holds a good image with a lower
 * counter, the inbox one with a higher one. The bystander must not notice.
 */
#include "tests/qemu/guests/hostile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>
#include <segue/error.h>
#include <segue/hypercall.h>

#include "bootflow/image.h"
#include "tests/qemu/guests/aim.h"
#include "tests/qemu/guests/only_loads.h"
#include "tests/qemu/guests/probe.h"
#include "updater/el1/clock.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"
#include "updater/el1/mmu.h"
#include "updater/el1/ram.h"
#include "updater/el1/service.h"
#include "updater/el1/sysreg.h"

#define SLOT_A       0
#define SLOT_B       1
#define COUNTER      5 /* of what rt runs */
#define IMAGE_ROOM   (256u << 10)
#define LONG_READ    (128u << 10)
#define MIB(n)       ((uint64_t)(n) << 20)
#define WAIT_MS      20000
#define MACHINE_RAM  0x40000000u
#define MACHINE_SIZE MIB(2048)
#define PAYLOAD_BYTE 200
#define GUESSES      1000

/* An image in our RAM. */
struct image {
        uint8_t *bytes;
        uint32_t size;
};

static struct image active, lower, higher, foreign, forged;
static struct {
        uint64_t base, size; /* of the region that was lent last */
} lent;
static const struct platform_range *own;

void hostile_expect(const char *what, bool good)
{
        printf("%s %s\n", good ? "ok" : "FAILED", what);
}

/* --- images --- */

static sg_err read_storage(void *ctx, uint64_t offset, void *to, uint32_t length)
{
        return storage_read(ctx, offset, to, length);
}

static void fetch(struct image *image, const struct storage *from)
{
        const struct bf_image_source source = {(void *)(uintptr_t)from, from->size, read_storage};
        struct bf_image_layout layout;

        image->bytes = ram_take(IMAGE_ROOM, 64);
        if (bf_image_read_layout(&source, &layout) != SG_OK || layout.size > IMAGE_ROOM ||
            storage_read(from, 0, image->bytes, layout.size) != SG_OK) {
                printf("FAILED to read an image\n");
                return;
        }
        image->size = layout.size;
}

static const struct image *copy_of(const struct image *image)
{
        memcpy(forged.bytes, image->bytes, image->size);
        forged.size = image->size;
        return &forged;
}

static const struct image *unsigned_bytes(void)
{
        memset(forged.bytes, 0x5a, IMAGE_ROOM);
        forged.size = 4096;
        return &forged;
}

static const struct image *changed_payload(void)
{
        copy_of(&higher);
        forged.bytes[PAYLOAD_BYTE] ^= 1;
        return &forged;
}

/* Bytes from its end on: the signature is the last TLV. */
static const struct image *changed_signature(void)
{
        copy_of(&higher);
        forged.bytes[forged.size - 1] ^= 1;
        return &forged;
}

static const struct image *half_written(void)
{
        copy_of(&higher);
        memset(forged.bytes + forged.size / 2, 0, forged.size / 4);
        return &forged;
}

static const struct image *of_another_guest(void)
{
        return &foreign;
}

static const struct image *downgraded(void)
{
        return &lower;
}

/* --- hv --- */

static bool next_event(enum sg_event kind, uint32_t vm, struct hv_event *event)
{
        const uint64_t end = clock_ticks() + clock_ticks_of_ms(WAIT_MS);

        while (clock_ticks() < end) {
                if (!only_loads_event(event)) {
                        clock_wait_until(clock_ticks() + clock_ticks_of_ms(1));
                } else if (event->kind == kind && event->vm == vm) {
                        return true;
                }
        }
        printf("FAILED: no event %d of VM %" PRIu32 "\n", kind, vm);
        return false;
}

static struct hv_vm_info info_of(uint32_t vm)
{
        struct hv_vm_info info = {.state = SG_VM_CREATED};

        hv_calls_vm_info(vm, &info);
        return info;
}

static int64_t with_image(uint64_t function, uint64_t slot, uint64_t counter,
                          const struct image *image)
{
        struct hvc_regs regs = {.x = {function, RT, slot, counter}};

        mbedtls_sha256(image->bytes, image->size, (uint8_t *)&regs.x[4], 0);
        return hvc_call(&regs);
}

/* --- memory --- */

static bool is_away(uint64_t base, uint64_t size)
{
        const uint64_t at[] = {base, base + (size / 2 & ~UINT64_C(3)), base + size - 4};
        bool away = true;

        for (unsigned i = 0; i < 3; i++) {
                away &= PROBE_EXTERNAL_ABORT(probe_read(at[i])) &&
                        PROBE_EXTERNAL_ABORT(probe_write(at[i]));
        }
        return away;
}

static void touch(const char *what, uint64_t base, uint64_t size)
{
        mmu_map(base, size, MMU_DATA);
        hostile_expect(what, is_away(base, size));
}

/* The machine's map (QEMU virt): what hv keeps for itself, whatever our own tables say. */
static void what_is_not_its_own(void)
{
        static const struct {
                const char *what;
                uint64_t base, size;
        } rows[] = {
                {"touch-flash-0", 0x00000000, MIB(64)},
                {"touch-the-nor-bank", 0x04000000, MIB(64)},
                {"touch-the-smmu", 0x09050000, 0x20000},
                {"touch-fw-cfg", 0x09020000, 0x1000},
                {"touch-gpio", 0x09030000, 0x1000},
                {"touch-hv", 0x40200000, MIB(2)},
        };

        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                touch(rows[i].what, rows[i].base, rows[i].size);
        }
        touch("touch-what-is-below", MACHINE_RAM + MIB(4), own->base - MACHINE_RAM - MIB(4));
        touch("touch-what-is-above", own->base + own->size,
              MACHINE_RAM + MACHINE_SIZE - own->base - own->size);
}

/* --- loads --- */

static bool load_begins(void)
{
        struct hv_event event;

        if (!next_event(SG_EV_LOAD_WANTED, RT, &event) ||
            hvc_simple(SG_HC_LOAD_BEGIN, RT, 0, 0) != SG_HC_OK ||
            !next_event(SG_EV_LOADABLE, RT, &event)) {
                return false;
        }
        if (lent.size == 0) {
                lent.base = event.a;
                lent.size = event.b;
                mmu_map(lent.base, lent.size, MMU_DATA);
        }
        return true;
}

static bool load(const struct image *image)
{
        if (!load_begins()) {
                return false;
        }
        memcpy((void *)(uintptr_t)lent.base, image->bytes, image->size);
        return hvc_simple(SG_HC_LOAD_END, RT, image->size, 0) == SG_HC_OK;
}

static bool comes_back(void)
{
        struct hv_event event;

        return load(&active) && next_event(SG_EV_STARTED, RT, &event) && event.a == SLOT_A &&
               event.b == 0;
}

/* All that is wrong to ask for while a region is lent, and while bootfw judges it. */
static void out_of_turn(const char *what, bool lent_now)
{
        bool good = hvc_simple(SG_HC_RESTART, RT, 0, 0) == SG_HC_BAD_STATE;

        good &= hvc_simple(SG_HC_CONFIRM_FOR, RT, 0, 0) == SG_HC_BAD_STATE;
        good &= hvc_simple(SG_HC_BOOT_REPORT, 0, COUNTER, MACHINE_RAM) == SG_HC_DENIED;
        good &= with_image(SG_HC_STAGE, SLOT_B, COUNTER, &active) == SG_HC_BAD_STATE;
        good &= with_image(SG_HC_SLOT_OPEN, SLOT_A, COUNTER, &active) == SG_HC_BUSY;
        good &= hvc_simple(SG_HC_LOAD_END, RT, 0, 0) == SG_HC_BAD_ARGUMENT;
        good &= hvc_simple(SG_HC_LOAD_END, RT, UINT64_MAX, 0) == SG_HC_BAD_ARGUMENT;
        if (!lent_now) {
                good &= hvc_simple(SG_HC_LOAD_BEGIN, RT, 0, 0) == SG_HC_BAD_STATE;
                good &= hvc_simple(SG_HC_LOAD_END, RT, 4096, 0) == SG_HC_BAD_STATE;
                good &= hvc_simple(SG_HC_LOAD_ABORT, RT, 0, 0) == SG_HC_BAD_STATE;
        }
        hostile_expect(what, good);
}

/* The disk is aimed at the very RAM that is lent, then verified, then run: where it lies, and where
 * we see it. */
static void across_the_handover(void)
{
        const uint64_t physical = own->base + own->size;
        const uint64_t faults = aim_faults();
        struct hv_event event;

        hostile_expect("restart", hvc_simple(SG_HC_RESTART, RT, 0, 0) == SG_HC_OK && load_begins());
        out_of_turn("out-of-turn-while-it-is-lent", true);
        memcpy((void *)(uintptr_t)lent.base, active.bytes, active.size);
        aim_begin(DISK_TO_MEMORY, 0, lent.base, LONG_READ);
        aim_finish();
        aim_begin(DISK_TO_MEMORY, 0, physical + MIB(24), LONG_READ);
        const int64_t ended = hvc_simple(SG_HC_LOAD_END, RT, active.size, 0);
        const bool judged = info_of(RT).state == SG_VM_VERIFYING;
        hostile_expect("touch-while-it-is-verified", is_away(lent.base, lent.size));
        out_of_turn("out-of-turn-while-it-is-verified", false);
        hostile_expect("dma-across-the-hand-over", ended == SG_HC_OK && judged &&
                                                           next_event(SG_EV_STARTED, RT, &event) &&
                                                           event.a == SLOT_A);
        aim_finish();
        hostile_expect("dma-was-stopped", aim_faults() > faults);
        hostile_expect("touch-while-it-runs", is_away(lent.base, lent.size));
}

/* --- forgeries --- */

static uint64_t refused_with(void)
{
        struct hv_event event;

        return next_event(SG_EV_REFUSED, RT, &event) && event.a == SLOT_B ? event.b : 0;
}

static bool slot_a_is_as_ever(void)
{
        struct hvc_regs slot = {.x = {SG_HC_SLOT_INFO, RT, SLOT_A}};
        uint8_t digest[32];

        mbedtls_sha256(active.bytes, active.size, digest, 0);
        return hvc_call(&slot) == SG_HC_OK && slot.x[3] == COUNTER &&
               (slot.x[1] & SG_SLOT_F_SUCCESSFUL) != 0 &&
               memcmp(&slot.x[4], digest, sizeof(digest)) == 0;
}

struct forgery {
        const char *what;
        const struct image *(*staged)(void); /* whose digest is staged */
        const struct image *(*loaded)(void); /* NULL: the same */
        uint64_t counter;
        uint64_t error;
};

static const struct image *higher_image(void)
{
        return &higher;
}

/* hv takes what is staged at its word; bootfw does not. */
static void staged_and_loaded(const struct forgery *f)
{
        const struct image *image = f->staged();
        bool good = with_image(SG_HC_SLOT_OPEN, SLOT_B, f->counter, image) == SG_HC_OK;

        good &= with_image(SG_HC_STAGE, SLOT_B, f->counter, image) == SG_HC_OK;
        good &= hvc_simple(SG_HC_RESTART, RT, 0, 0) == SG_HC_OK;
        good = good && load(f->loaded ? f->loaded() : image);
        const uint64_t error = good ? refused_with() : 0;
        good = good && comes_back() && slot_a_is_as_ever();
        if (!good || error != f->error) {
                printf("FAILED here: error %" PRIu64 "\n", error);
        }
        hostile_expect(f->what, good && error == f->error);
}

static void forgeries(void)
{
        static const struct forgery rows[] = {
                {"load-another-image-than-staged", higher_image, downgraded, COUNTER + 1,
                 SG_E_SLOT_MISMATCH},
                {"stage-unsigned-bytes", unsigned_bytes, NULL, COUNTER, SG_E_IMAGE_MAGIC},
                {"stage-a-changed-payload", changed_payload, NULL, COUNTER + 1, SG_E_IMAGE_HASH},
                {"stage-a-changed-signature", changed_signature, NULL, COUNTER + 1,
                 SG_E_IMAGE_SIGNATURE},
                {"stage-what-is-half-written", half_written, NULL, COUNTER + 1, SG_E_IMAGE_HASH},
                {"stage-another-guests-image", of_another_guest, NULL, COUNTER, SG_E_IMAGE_CLASS},
                {"stage-a-downgrade-as-if-it-were-none", downgraded, NULL, COUNTER,
                 SG_E_SLOT_MISMATCH},
        };

        hostile_expect("open-for-a-downgrade-by-its-name",
                       with_image(SG_HC_SLOT_OPEN, SLOT_B, COUNTER - 1, &lower) == SG_HC_DOWNGRADE);
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                staged_and_loaded(&rows[i]);
        }
        hostile_expect("stage-again-what-was-refused",
                       with_image(SG_HC_SLOT_OPEN, SLOT_B, COUNTER, downgraded()) ==
                               SG_HC_FAILED_BEFORE);
}

/* --- trial --- */

/* What earlier starts said is read away. */
static bool starts_on_trial(void)
{
        char bytes[HV_CALLS_AGENT_MAX];
        struct hv_event event;

        while (hv_calls_agent_read(RT, bytes) != 0) {
        }
        return load(&higher) && next_event(SG_EV_STARTED, RT, &event) && event.a == SLOT_B &&
               event.b == 1;
}

/* The token that rt says on its agent line; 0: none. */
static uint64_t token_of_rt(void)
{
        const uint64_t end = clock_ticks() + clock_ticks_of_ms(WAIT_MS);
        char line[512] = "", bytes[HV_CALLS_AGENT_MAX];
        size_t length = 0;

        while (clock_ticks() < end && length + sizeof(bytes) < sizeof(line)) {
                const size_t n = hv_calls_agent_read(RT, bytes);

                memcpy(line + length, bytes, n);
                length += n;
                line[length] = '\0';
                const char *at = strstr(line, "confirm ");
                if (at != NULL && strchr(at, '\n') != NULL) {
                        return strtoull(at + strlen("confirm "), NULL, 16);
                }
                if (n == 0) {
                        clock_wait_until(clock_ticks() + clock_ticks_of_ms(1));
                }
        }
        return 0;
}

static bool no_guess_confirms(void)
{
        uint64_t guess = 88172645463325252u;
        bool good = true;

        for (unsigned i = 0; i < GUESSES; i++) {
                guess ^= guess << 13;
                guess ^= guess >> 7;
                guess ^= guess << 17;
                good &= hvc_simple(SG_HC_CONFIRM_FOR, RT, i < 2 ? i - 1 : guess, 0) ==
                        SG_HC_BAD_TOKEN;
        }
        return good;
}

static void on_trial(void)
{
        struct hv_event event;
        bool good = with_image(SG_HC_SLOT_OPEN, SLOT_B, COUNTER + 2, &higher) == SG_HC_OK;

        good &= with_image(SG_HC_STAGE, SLOT_B, COUNTER + 2, &higher) == SG_HC_OK;
        good &= hvc_simple(SG_HC_RESTART, RT, 0, 0) == SG_HC_OK;
        hostile_expect("trial", good && starts_on_trial());
        hostile_expect("guess-the-token", no_guess_confirms());
        good = with_image(SG_HC_SLOT_OPEN, SLOT_A, COUNTER + 2, &higher) == SG_HC_BUSY;
        good &= with_image(SG_HC_SLOT_OPEN, SLOT_B, COUNTER + 2, &higher) == SG_HC_BUSY;
        good &= with_image(SG_HC_STAGE, SLOT_B, COUNTER + 2, &higher) == SG_HC_BUSY;
        good &= hvc_simple(SG_HC_UNSTAGE, RT, SLOT_B, 0) == SG_HC_BUSY;
        good &= hvc_simple(SG_HC_REFILL, RT, SLOT_A, 0) == SG_HC_BUSY;
        hostile_expect("change-slots-on-trial", good);
        const uint64_t token = token_of_rt();
        hostile_expect("anothers-token", token != 0 && hvc_simple(SG_HC_CONFIRM_FOR, BYSTANDER,
                                                                  token, 0) == SG_HC_BAD_STATE);
        /* Kept back until the deadline; the next start has another. */
        hostile_expect("a-try-is-spent",
                       next_event(SG_EV_TRY_SPENT, RT, &event) && starts_on_trial());
        hostile_expect("replay-an-old-token",
                       hvc_simple(SG_HC_CONFIRM_FOR, RT, token, 0) == SG_HC_BAD_TOKEN);
        const uint64_t due = token_of_rt();
        hostile_expect("confirm-with-the-token",
                       due != token && hvc_simple(SG_HC_CONFIRM_FOR, RT, due, 0) == SG_HC_OK);
        hostile_expect("confirm-twice",
                       hvc_simple(SG_HC_CONFIRM_FOR, RT, due, 0) == SG_HC_BAD_STATE);
}

static bool all_run(void)
{
        return info_of(RT).state == SG_VM_RUNNING && info_of(BYSTANDER).state == SG_VM_RUNNING;
}

void service_run(const struct platform *platform, const struct sector_device *disk)
{
        struct hv_event event;

        printf("hostile update starts\n");
        own = &platform->ram;
        sysreg_write("vbar_el1", (uintptr_t)probe_vectors);
        isb();
        only_loads_start(platform, disk);
        while (!all_run()) {
                only_loads_turn(&event);
        }
        fetch(&active, only_loads_slot(RT, SLOT_A));
        fetch(&lower, only_loads_slot(RT, SLOT_B));
        fetch(&higher, only_loads_inbox());
        fetch(&foreign, only_loads_slot(BYSTANDER, SLOT_A));
        forged.bytes = ram_take(IMAGE_ROOM, 64);
        if (!aim_find_disk(platform)) {
                printf("FAILED to find the disk\n");
        }
        hostile_calls();
        what_is_not_its_own();
        across_the_handover();
        forgeries();
        on_trial();
        printf("done\n");
        for (;;) {
                clock_wait_until(CLOCK_NEVER);
        }
}
