/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <mbedtls/sha256.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bootflow/image.h"
#include "bootflow/journal.h"
#include "tests/sim/disk.h"
#include "tests/sim/hv.h"
#include "tests/sim/nor.h"
#include "tests/sim/watch.h"
#include "tests/sim/world_internal.h"
#include "updater/checkpoint.h"
#include "updater/engine.h"

#define ARENA_SIZE   (4u << 20)
#define GUARD_SIZE   4096u  /* behind it: who goes too far dies */
#define STEPS_MAX    20000u /* of one run, more is an endless loop */
#define BOOTS_MAX    400u
#define CONFIRMS_MAX 20u
#define LOAD_PIECE   16384u
#define LOG_SIZE     32768u
#define CUT_WAYS_NOR 3u /* of the disk, when the NOR is in the middle of something */

struct world world;

static jmp_buf boundary;
static bool boundary_set;
static char log_text[LOG_SIZE];
static size_t log_length;

void world_note(const char *line)
{
        size_t n = strlen(line);

        if (log_length + n + 2 > sizeof(log_text)) {
                log_length = 0;
        }
        memcpy(log_text + log_length, line, n);
        log_length += n;
        log_text[log_length++] = '\n';
        log_text[log_length] = '\0';
}

void world_print_log(void)
{
        const char *start = log_text;

        if (log_length > 2500) {
                start = strchr(log_text + log_length - 2500, '\n') + 1;
        }
        printf("%s", start);
}

bool world_logged(const char *text)
{
        return strstr(log_text, text) != NULL;
}

void world_forget_log(void)
{
        log_length = 0;
        log_text[0] = '\0';
}

/* ---- Faults ---- */

void world_power_off(uint32_t way, uint64_t seed)
{
        disk_cut(world.disk, way, seed);
        world.down = true;
        world.fault_seed = seed;
}

bool world_is_running(void)
{
        return boundary_set;
}

bool world_may_lose_work(void)
{
        return world.setup->piece % world.setup->physical != 0 || world.rotten;
}

bool world_is_down(void)
{
        return world.down;
}

void world_kill(void)
{
        world.killed = true;
}

void world_boundary(void)
{
        if ((world.down || world.killed) && boundary_set) {
                boundary_set = false;
                longjmp(boundary, 1);
        }
}

void world_nor_fault(struct nor *n)
{
        uint32_t disk_ways_now = disk_ways(world.disk);
        uint32_t ways = disk_ways_now > 1 ? CUT_WAYS_NOR : 1;
        const struct sim_case *c;

        if (world.down) {
                return;
        }
        c = sim_operation(SIM_NOR, NOR_TEARS * ways);
        if (c == NULL) {
                return;
        }
        switch (c->fault) {
        case SIM_POWER: {
                uint32_t way = c->variant / NOR_TEARS; /* none, all, a subset */
                nor_stop(n, 0, (enum nor_tear)(c->variant % NOR_TEARS), true);
                n->seed = c->seed | 1;
                world_power_off(way < 2 ? way : disk_ways_now - 1, c->seed);
                break;
        }
        case SIM_KILL:
                world_kill();
                break;
        case SIM_IO:
        case SIM_READ:
                nor_stop(n, 0, c->variant == 0 ? NOR_NOTHING : NOR_SOME, false);
                break;
        }
}

/* ---- Ports ---- */

static int64_t port_vm_info(void *ctx, uint32_t vm, struct vm_info *info)
{
        (void)ctx;
        *info = (struct vm_info){hv_vm_state(vm), hv_vm_slot(vm)};
        return SG_HC_OK;
}

static int64_t port_slot_info(void *ctx, uint32_t vm, uint32_t slot, struct slot_info *info)
{
        uint64_t flags = 0, attempts = 0;
        int64_t result = hv_call_slot_info(vm, slot, &flags, &attempts, &info->security_counter,
                                           info->digest);

        (void)ctx;
        info->flags = (uint32_t)flags;
        info->tries = attempts & 0xff;
        info->interrupted = attempts >> 8 & 0xff;
        info->priority = attempts >> 16 & 0xff;
        info->cause = attempts >> 24 & 0xff;
        return result;
}

static int64_t port_open(void *ctx, uint32_t vm, uint32_t slot, uint64_t counter,
                         const uint8_t digest[32])
{
        int64_t result = hv_call_open(vm, slot, counter, digest);

        (void)ctx;
        world_boundary();
        return result;
}

static int64_t port_stage(void *ctx, uint32_t vm, uint32_t slot, uint64_t counter,
                          const uint8_t digest[32])
{
        int64_t result = hv_call_stage(vm, slot, counter, digest);

        (void)ctx;
        world_boundary();
        return result;
}

static int64_t port_unstage(void *ctx, uint32_t vm, uint32_t slot)
{
        int64_t result = hv_call_unstage(vm, slot);

        (void)ctx;
        world_boundary();
        return result;
}

static int64_t port_restart(void *ctx, uint32_t vm)
{
        int64_t result = hv_call_restart(vm);

        (void)ctx;
        world_boundary();
        return result;
}

static int64_t port_refill(void *ctx, uint32_t vm, uint32_t slot)
{
        int64_t result = hv_call_refill(vm, slot);

        (void)ctx;
        world_boundary();
        return result;
}

static int64_t port_reported(void *ctx, uint32_t vm)
{
        int64_t result = hv_call_reported(vm);

        (void)ctx;
        world_boundary();
        return result;
}

static int64_t port_confirm_for(void *ctx, uint32_t vm, uint64_t token)
{
        int64_t result = hv_call_confirm(vm, token);

        (void)ctx;
        world_boundary();
        return result;
}

static sg_err port_agent_send(void *ctx, uint32_t vm, const char *line)
{
        (void)ctx;
        if (strcmp(line, "reboot now?") == 0) {
                world.asked[vm] = true;
        }
        return SG_OK;
}

static uint64_t port_now_ms(void *ctx)
{
        (void)ctx;
        return world.now_ms;
}

static uint64_t port_ticks(void *ctx)
{
        (void)ctx;
        return world.now_ms;
}

static void port_event(void *ctx, const char *line)
{
        (void)ctx;
        world_note(line);
        if (strstr(line, "event 44 rolled-back") != NULL && strstr(line, " cause=0") != NULL) {
                sim_broken("a rollback is told without its cause");
        }
}

void world_plug_ports(struct ports *ports)
{
        *ports = (struct ports){
                .hv = {port_vm_info, port_slot_info, port_open, port_stage, port_unstage,
                       port_restart, port_refill, port_reported, port_confirm_for},
                .agent_send = port_agent_send,
                .now_ms = port_now_ms,
                .ticks = port_ticks,
                .event = port_event,
        };
}

/* ---- The update partition loads, bootfw looks ---- */

static sg_err read_slot(void *ctx, uint64_t offset, void *to, uint32_t length)
{
        return storage_read(ctx, offset, to, length);
}

static sg_err load(const struct storage *slot, uint8_t digest[32], uint32_t *counter)
{
        static uint8_t ram[FIXTURE_IMAGE_MAX];
        const struct bf_image_source source = {(void *)slot, slot->size, read_slot};
        struct bf_image_layout layout;
        sg_err err = bf_image_read_layout(&source, &layout);

        if (err != SG_OK || layout.size > sizeof(ram)) {
                memset(digest, 0, 32); /* bootfw says so */
                *counter = 0;
                return err == SG_E_IO ? err : SG_OK;
        }
        for (uint32_t at = 0; err == SG_OK && at < layout.size; at += LOAD_PIECE) {
                uint32_t left = layout.size - at;
                err = storage_read(slot, at, ram + at, left < LOAD_PIECE ? left : LOAD_PIECE);
        }
        mbedtls_sha256(ram, layout.size, digest, 0);
        *counter = fixture_counter(ram);
        return err;
}

static bool start_one_guest(void)
{
        uint32_t vm, slot, counter = 0;
        uint8_t digest[32];

        if (!hv_start_due(&vm, &slot)) {
                return false;
        }
        sg_err err = load(&world.guests[vm - SIM_PERSONAL].slot[slot & 1], digest, &counter);
        if (world.hostile_loader && vm == SIM_PERSONAL) {
                digest[0] ^= 1;
        }
        if (err != SG_OK || (world.failing_loader && vm == SIM_PERSONAL)) {
                hv_load_failed(vm);
        } else {
                hv_loaded(vm, digest, counter);
        }
        world.confirms[vm] = 0;
        world.asked[vm] = false;
        world.said_hello[vm] = false;
        return true;
}

/* ---- Guests ---- */

static void say(uint32_t vm, const char *line)
{
        engine_agent_bytes(world.engine, vm, line, strlen(line));
        engine_agent_bytes(world.engine, vm, "\n", 1);
        world.now_ms++;
}

static bool on_trial_acts(uint32_t vm)
{
        char line[64];

        if (vm == SIM_PERSONAL && world.setup->crashes) {
                hv_stop(vm, SG_CAUSE_FAULT);
                return true;
        }
        if (++world.confirms[vm] > CONFIRMS_MAX) {
                sim_broken("a guest on trial confirms in vain");
                return false;
        }
        snprintf(line, sizeof(line), "confirm %016llx", (unsigned long long)hv_token(vm));
        say(vm, line);
        return true;
}

static bool guest_acts(uint32_t vm)
{
        enum sg_vm_state state = hv_vm_state(vm);

        if (state != SG_VM_RUNNING && state != SG_VM_TRIAL) {
                return false;
        }
        if (!world.said_hello[vm]) {
                world.said_hello[vm] = true;
                say(vm, "hello 1");
                return true;
        }
        if (state == SG_VM_TRIAL) {
                return on_trial_acts(vm);
        }
        if (world.asked[vm]) {
                world.asked[vm] = false;
                say(vm, "ready");
                return true;
        }
        return false;
}

/* ---- The run ---- */

/* RAM as hv hands it out, scrubbed. A new mapping: after a fork it costs nothing to give up the old
 * one, and much to clear it. */
static void new_arena(void)
{
        if (world.arena != NULL) {
                munmap(world.arena, ARENA_SIZE + GUARD_SIZE);
        }
        world.arena =
                mmap(NULL, ARENA_SIZE + GUARD_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (world.arena == MAP_FAILED ||
            mprotect(world.arena, ARENA_SIZE, PROT_READ | PROT_WRITE) != 0) {
                abort();
        }
        madvise(world.arena, ARENA_SIZE, MADV_HUGEPAGE);
}

static void start_engine(void)
{
        memset(world.asked, 0, sizeof(world.asked));
        new_arena();
        world_find_partitions();
        if (engine_init(&world.engine, &world.config, &world.ports, world.arena, ARENA_SIZE) !=
            SG_OK) {
                abort();
        }
        engine_start(world.engine);
}

static void switch_on(void)
{
        world.off = false;
        world.down = false;
        world.killed = false;
        world.now_ms = 500;
        if (++world.boots > BOOTS_MAX) {
                sim_broken("%u power cycles and no end", world.boots);
                exit(1);
        }
        nor_power_on(&world.nor, world.fault_seed);
        hv_power_on(&world.nor.flash);
        world_boundary();
        world_check_media();
        start_engine();
}

static void restart_update(void)
{
        world.killed = false;
        hv_update_killed();
        start_engine();
}

static void note_states(void)
{
        sim_stats->states |= 1u << engine_state(world.engine);
        for (uint32_t vm = SIM_PERSONAL; vm < SIM_VMS; vm++) {
                const struct bf_guest *g = watch_boot(vm);
                for (uint32_t s = 0; g != NULL && s < BF_SLOTS; s++) {
                        sim_stats->slot_states |= 1u << g->slot[s].state;
                }
        }
}

static bool pass_event(void)
{
        uint32_t kind, vm;
        uint64_t arg[2];

        if (!hv_next_event(&kind, &vm, arg)) {
                return false;
        }
        engine_hv_event(world.engine, (enum sg_event)kind, vm, arg[0], arg[1]);
        return true;
}

static bool guests_act(void)
{
        for (uint32_t vm = SIM_PERSONAL; vm < SIM_VMS; vm++) {
                if (guest_acts(vm)) {
                        return true;
                }
        }
        return false;
}

static bool time_passes(void)
{
        uint64_t deadline = engine_deadline_ms(world.engine);

        if (deadline == UINT64_MAX) {
                return false;
        }
        world.now_ms = deadline > world.now_ms ? deadline : world.now_ms + 1;
        return true;
}

/* One thing happens; false when nothing does by itself. */
static bool happens(void)
{
        bool erases = !world.setup->lazy_erase && hv_background();

        world_boundary();
        note_states();
        if (pass_event() || start_one_guest()) {
                return true;
        }
        if (engine_step(world.engine) == ENGINE_BUSY || start_one_guest()) {
                return true;
        }
        world_boundary();
        return guests_act() || erases || time_passes();
}

void world_run(void)
{
        volatile uint32_t steps = 0;

        if (setjmp(boundary) != 0 && world.pauses_after_fault) {
                return;
        }
        boundary_set = true;
        if (world.off || world.down) {
                switch_on();
        } else if (world.killed) {
                restart_update();
        }
        while (happens()) {
                world_boundary();
                if (++steps > STEPS_MAX) {
                        sim_broken("no end");
                        exit(1);
                }
                if (world.stops_at != NULL && world_logged(world.stops_at)) {
                        break;
                }
        }
        boundary_set = false;
}

void world_power_cycle(void)
{
        disk_cut(world.disk, 1, 0);
        world.off = true;
        world_run();
}
