// SPDX-License-Identifier: Apache-2.0
/*
 * The shipped update partition, which ends once in each stage of an update: in life n at stage n,
 * before what that stage brought is told to anybody. The linker puts what is here in front of the
 * functions that a stage shows itself by; all else is the very code that ships.
 */
#include <stdio.h>
#include <string.h>

#include <segue/hypercall.h>

#include "updater/el1/fault.h"
#include "updater/el1/hv_calls.h"
#include "updater/el1/hvc.h"
#include "updater/el1/loader.h"
#include "updater/engine.h"
#include "updater/events.h"

#define TARGET 2 /* the VM that is updated */

void __real_event_end(struct event_line *line, uint64_t ticks);
void __wrap_event_end(struct event_line *line, uint64_t ticks);
sg_err __real_loader_step(struct loader *loader, bool *finished);
sg_err __wrap_loader_step(struct loader *loader, bool *finished);
enum agent_kind __real_agent_feed(struct agent_rx *rx, char byte, struct agent_message *message);
enum agent_kind __wrap_agent_feed(struct agent_rx *rx, char byte, struct agent_message *message);
void __real_engine_agent_bytes(struct engine *e, uint32_t vm, const char *bytes, size_t count);
void __wrap_engine_agent_bytes(struct engine *e, uint32_t vm, const char *bytes, size_t count);

static void by_wild_write(void)
{
        *(volatile uint32_t *)(uintptr_t)0x5e000000 = 1;
}

static void by_panic(void)
{
        panic("on purpose");
}

static void by_hang(void)
{
        for (;;) {
        }
}

/* An event's name with the blanks around it, or what is begun; for the nth time in that life. */
static const struct {
        const char *at;
        unsigned nth;
        void (*end)(void);
} stages[] = {
        {" package-found ", 1, by_wild_write},
        {" package-accepted ", 1, by_panic},
        {" base-check ", 2, by_hang},
        {" apply-begin ", 1, hvc_reset},
        {" apply-progress ", 1, by_wild_write},
        {" apply-progress ", 2, by_hang},
        {" verify-progress ", 2, by_panic},
        {" staged ", 1, by_wild_write},
        {" consent-asked ", 1, hvc_reset},
        {" consent-given ", 1, by_wild_write},
        {"load", 2, by_wild_write},
        {"load", 2, by_hang},
        {" trial ", 1, by_panic},
        {"confirm", 1, by_wild_write},
        {" confirm-relayed ", 1, by_wild_write},
        {" confirmed ", 1, by_hang},
        {" refill-begin ", 1, by_panic},
        {" refill-progress ", 2, by_wild_write},
        {" refilled ", 1, hvc_reset},
};

#define STAGES (sizeof(stages) / sizeof(stages[0]))

static unsigned life(void)
{
        struct hv_vm_info info;

        if (hv_calls_vm_info(SG_VM_SELF, &info) != SG_HC_OK) {
                panic("FAILED: restarts");
        }
        return info.restarts;
}

static void reach(const char *what)
{
        static unsigned seen;
        const unsigned stage = life();

        if (stage >= STAGES || strncmp(what, stages[stage].at, strlen(stages[stage].at)) != 0 ||
            ++seen != stages[stage].nth) {
                return;
        }
        printf("stage %u ends%s%s\n", stage, stages[stage].at[0] == ' ' ? "" : " ",
               stages[stage].at);
        stages[stage].end();
        panic("FAILED: still here");
}

void __wrap_event_end(struct event_line *line, uint64_t ticks)
{
        __real_event_end(line, ticks);
        reach(strchr(line->text + strlen("event "), ' '));
}

sg_err __wrap_loader_step(struct loader *loader, bool *finished)
{
        if (loader->vm == TARGET) {
                reach("load");
        }
        return __real_loader_step(loader, finished);
}

static uint32_t speaker = SG_VM_SELF; /* whom the engine listens to */

void __wrap_engine_agent_bytes(struct engine *e, uint32_t vm, const char *bytes, size_t count)
{
        speaker = vm;
        __real_engine_agent_bytes(e, vm, bytes, count);
        speaker = SG_VM_SELF;
}

enum agent_kind __wrap_agent_feed(struct agent_rx *rx, char byte, struct agent_message *message)
{
        const enum agent_kind kind = __real_agent_feed(rx, byte, message);

        if (kind == AGENT_CONFIRM && speaker == TARGET) {
                reach("confirm");
        }
        return kind;
}
