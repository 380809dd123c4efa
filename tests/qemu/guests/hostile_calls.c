// SPDX-License-Identifier: Apache-2.0
/* A row for each function that update may call, and kind of bad argument
 * (include/segue/hypercall.h). */
#include "tests/qemu/guests/hostile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <segue/hypercall.h>

#include "updater/el1/hvc.h"

#define NO_VM    7
#define WIDE(n)  (UINT64_C(1) << 32 | (n)) /* the low half alone would be good */
#define SLOT_A   0
#define SLOT_B   1
#define SLOTS    2
#define COUNTER  5 /* of the image that rt runs: its floor */
#define MIB(n)   ((uint64_t)(n) << 20)
#define BAD      SG_HC_BAD_ARGUMENT
#define NO_STATE SG_HC_BAD_STATE

/* What must be the same after each call. */
struct view {
        uint64_t slot[2][SLOTS][8];
        uint64_t vm[2][8];
};

static void look(struct view *v)
{
        static const uint64_t vms[2] = {RT, BYSTANDER};

        memset(v, 0, sizeof(*v));
        for (unsigned i = 0; i < 2; i++) {
                struct hvc_regs info = {.x = {SG_HC_VM_INFO, vms[i]}};

                hvc_call(&info);
                memcpy(v->vm[i], info.x, sizeof(info.x));
                for (unsigned s = 0; s < SLOTS; s++) {
                        struct hvc_regs slot = {.x = {SG_HC_SLOT_INFO, vms[i], s}};

                        hvc_call(&slot);
                        memcpy(v->slot[i][s], slot.x, sizeof(slot.x));
                }
        }
}

struct bad_call {
        const char *what;
        uint64_t function, x1, x2, x3;
        int64_t wanted;
};

/* Functions about a guest: the VM's number is wrong. */
static const uint64_t about_guests[] = {
        SG_HC_SLOT_INFO,  SG_HC_LOAD_BEGIN,  SG_HC_LOAD_END,    SG_HC_LOAD_ABORT, SG_HC_STAGE,
        SG_HC_UNSTAGE,    SG_HC_SLOT_OPEN,   SG_HC_RESTART,     SG_HC_REFILL,     SG_HC_REPORTED,
        SG_HC_AGENT_READ, SG_HC_AGENT_WRITE, SG_HC_CONFIRM_FOR,
};
static const uint64_t no_guests[] = {UPDATE,     NO_VM,         8,         SG_VM_SELF,
                                     WIDE(RT),   WIDE(NO_VM),   INT64_MAX, UINT64_MAX,
                                     0x80000001, 0x100000000000};
/* Functions about a slot: its number is wrong. */
static const uint64_t about_slots[] = {SG_HC_SLOT_INFO, SG_HC_STAGE, SG_HC_UNSTAGE, SG_HC_SLOT_OPEN,
                                       SG_HC_REFILL};
static const uint64_t no_slots[] = {2, 0xff, 0x100, 0x101, WIDE(0), WIDE(1), INT64_MAX, UINT64_MAX};

static const struct bad_call rows[] = {
        {"vm-info-of-nobody", SG_HC_VM_INFO, NO_VM, 0, 0, BAD},
        {"vm-info-wide", SG_HC_VM_INFO, WIDE(RT), 0, 0, BAD},
        {"counter-of-nobody", SG_HC_COUNTER, NO_VM, 0, 0, BAD},
        {"counter-past-the-last", SG_HC_COUNTER, RT, SG_CNT_COUNT, 0, BAD},
        {"counter-wide", SG_HC_COUNTER, RT, WIDE(0), 0, BAD},
        {"load-of-a-running-guest", SG_HC_LOAD_BEGIN, RT, 0, 0, NO_STATE},
        {"end-without-a-load", SG_HC_LOAD_END, RT, 4096, 0, NO_STATE},
        {"end-of-nothing", SG_HC_LOAD_END, RT, 0, 0, BAD},
        {"end-beyond-the-slot", SG_HC_LOAD_END, RT, MIB(4) + 1, 0, BAD},
        {"end-wide", SG_HC_LOAD_END, RT, WIDE(4096), 0, BAD},
        {"abort-without-a-load", SG_HC_LOAD_ABORT, RT, 101, 0, NO_STATE},
        {"stage-the-active-slot", SG_HC_STAGE, RT, SLOT_A, COUNTER, SG_HC_BUSY},
        {"stage-what-is-not-open", SG_HC_STAGE, RT, SLOT_B, COUNTER, NO_STATE},
        {"stage-a-downgrade", SG_HC_STAGE, RT, SLOT_B, COUNTER - 1, SG_HC_DOWNGRADE},
        {"stage-a-counter-of-33-bits", SG_HC_STAGE, RT, SLOT_B, WIDE(COUNTER), BAD},
        {"open-the-active-slot", SG_HC_SLOT_OPEN, RT, SLOT_A, COUNTER, SG_HC_BUSY},
        {"open-the-bystanders-active-slot", SG_HC_SLOT_OPEN, BYSTANDER, SLOT_A, COUNTER,
         SG_HC_BUSY},
        {"open-for-a-downgrade", SG_HC_SLOT_OPEN, RT, SLOT_B, COUNTER - 1, SG_HC_DOWNGRADE},
        {"open-for-counter-0", SG_HC_SLOT_OPEN, RT, SLOT_B, 0, SG_HC_DOWNGRADE},
        {"open-for-a-counter-of-33-bits", SG_HC_SLOT_OPEN, RT, SLOT_B, WIDE(COUNTER), BAD},
        {"unstage-what-is-not-staged", SG_HC_UNSTAGE, RT, SLOT_B, 0, NO_STATE},
        {"unstage-the-active-slot", SG_HC_UNSTAGE, RT, SLOT_A, 0, NO_STATE},
        {"refill-the-active-slot", SG_HC_REFILL, RT, SLOT_A, 0, SG_HC_BUSY},
        {"report-nothing", SG_HC_REPORTED, RT, 0, 0, NO_STATE},
        {"write-no-bytes", SG_HC_AGENT_WRITE, RT, 0, 0, BAD},
        {"write-41-bytes", SG_HC_AGENT_WRITE, RT, 41, 0, BAD},
        {"write-2-to-the-64-bytes", SG_HC_AGENT_WRITE, RT, UINT64_MAX, 0, BAD},
        {"confirm-itself", SG_HC_CONFIRM, 1, 0, 0, NO_STATE},
        {"confirm-what-is-confirmed", SG_HC_CONFIRM_FOR, RT, 0, 0, NO_STATE},
        {"confirm-the-bystander", SG_HC_CONFIRM_FOR, BYSTANDER, 1, 0, NO_STATE},
        {"report-as-bootfw", SG_HC_BOOT_REPORT, 0, COUNTER, 0x40080000, SG_HC_DENIED},
        {"restart-itself", SG_HC_RESTART, SG_VM_SELF, 0, 0, BAD},
        {"no-such-call", SG_HC(0x41), RT, 0, 0, SG_HC_NOT_SUPPORTED},
        {"no-such-call-at-all", 0xc600ffff, RT, 0, 0, SG_HC_NOT_SUPPORTED},
};

static struct view before;

static bool is_refused(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3, int64_t wanted)
{
        struct hvc_regs regs = {.x = {function, x1, x2, x3, 0x5e, 0x5e, 0x5e, 0x5e}};
        struct view after;
        const int64_t got = hvc_call(&regs);

        look(&after);
        if (got == wanted && memcmp(&before, &after, sizeof(after)) == 0) {
                return true;
        }
        printf("FAILED here: %#" PRIx64 "(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 "): %" PRId64 "\n",
               function, x1, x2, x3, got);
        return false;
}

static void numbers(const char *what, const uint64_t *functions, unsigned count,
                    const uint64_t *wrong, unsigned wrongs, bool is_slot)
{
        bool good = true;

        for (unsigned f = 0; f < count; f++) {
                for (unsigned w = 0; w < wrongs; w++) {
                        good &= is_slot ? is_refused(functions[f], RT, wrong[w], COUNTER, BAD)
                                        : is_refused(functions[f], wrong[w], 0, COUNTER, BAD);
                }
        }
        hostile_expect(what, good);
}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void hostile_calls(void)
{
        look(&before);
        numbers("no-guest", about_guests, COUNT(about_guests), no_guests, COUNT(no_guests), false);
        numbers("no-slot", about_slots, COUNT(about_slots), no_slots, COUNT(no_slots), true);
        for (unsigned i = 0; i < COUNT(rows); i++) {
                const struct bad_call *r = &rows[i];

                hostile_expect(r->what, is_refused(r->function, r->x1, r->x2, r->x3, r->wanted));
        }
}
