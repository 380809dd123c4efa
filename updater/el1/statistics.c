/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/el1/statistics.h"

#include <stddef.h>
#include <stdio.h>

#include "updater/el1/clock.h"
#include "updater/el1/hv_calls.h"
#include "updater/events.h"

static void print(struct event_line *line, uint64_t now)
{
        event_end(line, now);
        printf("%s\n", line->text);
}

static void add_span(struct event_line *line, const char *field, uint64_t from, uint64_t to)
{
        if (from != 0 && to >= from) {
                event_u64(line, field, clock_ms_of_ticks(to - from));
        }
}

static uint32_t restarts_of(uint32_t vm)
{
        struct hv_vm_info info;

        return hv_calls_vm_info(vm, &info) == SG_HC_OK ? info.restarts : 0;
}

void statistics_boot(const char *guest, uint32_t vm, const struct boot *boot, uint64_t now)
{
        const uint32_t restarts = restarts_of(vm);
        struct event_line line;

        event_begin(&line, EVENT_BOOT, guest);
        event_text(&line, "start", restarts == 0 ? "cold" : "restart");
        event_u64(&line, "slot", boot->slot);
        event_u64(&line, "trial", boot->trial);
        add_span(&line, "away_ms", boot->since, now);
        add_span(&line, "wait_ms", boot->since, boot->lent);
        add_span(&line, "load_ms", boot->lent, boot->loaded);
        add_span(&line, "verify_ms", boot->loaded, boot->entered);
        add_span(&line, "guest_ms", boot->entered, now);
        event_u64(&line, "restarts", restarts);
        print(&line, now);
}

struct field {
        enum sg_counter counter;
        const char *name;
};

static void add_counters(struct event_line *line, uint32_t vm, const struct field *fields,
                         size_t count)
{
        for (size_t i = 0; i < count; i++) {
                uint64_t value;

                if (hv_calls_counter(vm, fields[i].counter, &value) == SG_HC_OK) {
                        event_u64(line, fields[i].name, value);
                }
        }
}

void statistics_exits(const char *guest, uint32_t vm, uint64_t now)
{
        static const struct field exits[] = {
                {SG_CNT_EXITS, "exits"}, {SG_CNT_IRQ, "irq"},          {SG_CNT_HVC, "hvc"},
                {SG_CNT_SMC, "smc"},     {SG_CNT_SYSREG, "sysreg"},    {SG_CNT_MMIO, "mmio"},
                {SG_CNT_ABORT, "abort"}, {SG_CNT_VGIC_MAINT, "maint"}, {SG_CNT_FOREIGN, "foreign"},
        };
        struct event_line line;

        event_begin(&line, EVENT_EXITS, guest);
        event_u64(&line, "restarts", restarts_of(vm));
        add_counters(&line, vm, exits, sizeof(exits) / sizeof(exits[0]));
        print(&line, now);
}

void statistics_beats(const char *guest, uint32_t vm, uint64_t now)
{
        static const struct field beats[] = {
                {SG_CNT_TIMER, "beats"},
                {SG_CNT_LATE_LOST, "lost"},
                {SG_CNT_LATE_WORST_US, "worst_us"},
                {SG_CNT_LATE_LT1MS, "lt1ms"},
                {SG_CNT_LATE_LT10MS, "lt10ms"},
                {SG_CNT_LATE_LT50MS, "lt50ms"},
                {SG_CNT_LATE_LT250MS, "lt250ms"},
                {SG_CNT_CONSOLE_DROPPED, "dropped"},
        };
        struct event_line line;

        event_begin(&line, EVENT_TIMER, guest);
        add_counters(&line, vm, beats, sizeof(beats) / sizeof(beats[0]));
        print(&line, now);
}
