/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_world.h"

#include <mbedtls/sha256.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIRST_VM 1

static const struct bf_limits limits = {.tries = 3, .interrupted = 10};

/* One operation happens, unless it is the one at which the world goes down, or it is down. */
static bool happens(struct world *w)
{
        if (w->down) {
                return false;
        }
        w->operations++;
        if (w->cut != WORLD_RUNS && w->operations == w->cut_at) {
                w->down = true;
        }
        return !w->down;
}

/* --- the disk: one volatile cache over all partitions --- */

static sg_err disk_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        const struct world_disk *d = ctx;

        if (d->world->down) {
                return SG_E_IO;
        }
        if (offset > d->storage.size || length > d->storage.size - offset) {
                return SG_E_BAD_ARGUMENT;
        }
        memcpy(data, d->bytes + offset, length);
        return SG_OK;
}

static sg_err disk_write(void *ctx, uint64_t offset, const void *data, size_t length)
{
        struct world_disk *d = ctx;
        struct world *w = d->world;

        if (offset > d->storage.size || length > d->storage.size - offset) {
                return SG_E_BAD_ARGUMENT;
        }
        if (w->write_error != SG_OK) {
                return w->write_error;
        }
        if (!happens(w)) {
                return SG_E_IO;
        }
        if (d != &w->journal) {
                w->slot_writes++;
        }
        memcpy(d->bytes + offset, data, length);
        d->dirty = true;
        return SG_OK;
}

static void flush_all(struct world *w)
{
        struct world_disk *disks[] = {&w->inbox,      &w->journal,    &w->slot[0][0],
                                      &w->slot[0][1], &w->slot[1][0], &w->slot[1][1]};

        for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
                if (disks[i]->dirty) {
                        memcpy(disks[i]->durable, disks[i]->bytes, disks[i]->storage.size);
                        disks[i]->dirty = false;
                }
        }
}

static sg_err disk_flush(void *ctx)
{
        struct world_disk *d = ctx;

        if (!happens(d->world)) {
                return SG_E_IO;
        }
        flush_all(d->world);
        return SG_OK;
}

static void disk_init(struct world *w, struct world_disk *d, uint64_t size)
{
        d->world = w;
        d->bytes = calloc(1, size);
        d->durable = calloc(1, size);
        assert_non_null(d->bytes);
        assert_non_null(d->durable);
        d->storage = (struct storage){d, size, disk_read, disk_write, disk_flush};
}

static void disk_free(struct world_disk *d)
{
        free(d->bytes);
        free(d->durable);
}

static void disk_lose_cache(struct world_disk *d)
{
        memcpy(d->bytes, d->durable, d->storage.size);
        d->dirty = false;
}

/* --- hv --- */

static struct bf_guest *boot_of(struct world *w, uint32_t vm)
{
        assert_in_range(vm, FIRST_VM, FIRST_VM + WORLD_GUESTS - 1);
        return &w->boot[vm - FIRST_VM];
}

static struct world_vm *vm_of(struct world *w, uint32_t vm)
{
        boot_of(w, vm);
        return &w->vm[vm - FIRST_VM];
}

static int64_t hv_vm_info(void *ctx, uint32_t vm, struct vm_info *info)
{
        const struct world_vm *v = vm_of(ctx, vm);

        *info = (struct vm_info){v->state, v->slot};
        return SG_HC_OK;
}

static int64_t hv_slot_info(void *ctx, uint32_t vm, uint32_t slot, struct slot_info *info)
{
        const struct bf_guest *g = boot_of(ctx, vm);

        info->flags = bf_slot_flags(g, vm_of(ctx, vm)->refused, (uint8_t)slot);
        info->cause = bf_slot_cause(g, (uint8_t)slot);
        info->security_counter = g->slot[slot].counter;
        memcpy(info->digest, g->slot[slot].digest, 32);
        return SG_HC_OK;
}

static struct bf_image_id image_id(uint64_t counter, const uint8_t digest[32])
{
        struct bf_image_id id = {.counter = (uint32_t)counter};

        memcpy(id.digest, digest, 32);
        return id;
}

/* A change of the boot state is one operation, durable at once. */
static int64_t change(struct world *w, uint32_t vm, const struct bf_guest *changed, sg_err err)
{
        if (err != SG_OK) {
                return bf_hypercall_result(err);
        }
        if (!happens(w)) {
                return SG_HC_STORAGE;
        }
        *boot_of(w, vm) = *changed;
        return SG_HC_OK;
}

static int64_t hv_slot_open(void *ctx, uint32_t vm, uint32_t slot, uint64_t counter,
                            const uint8_t digest[32])
{
        struct bf_guest g = *boot_of(ctx, vm);
        struct bf_image_id id = image_id(counter, digest);

        if (id.counter != counter) {
                return SG_HC_BAD_ARGUMENT;
        }
        sg_err err = bf_open(&g, 0, (uint8_t)slot, &id);

        return change(ctx, vm, &g, err);
}

static int64_t hv_stage(void *ctx, uint32_t vm, uint32_t slot, uint64_t counter,
                        const uint8_t digest[32])
{
        struct bf_guest g = *boot_of(ctx, vm);
        struct bf_image_id id = image_id(counter, digest);
        sg_err err = bf_stage(&g, (uint8_t)slot, &id, &limits);

        return change(ctx, vm, &g, err);
}

static int64_t hv_unstage(void *ctx, uint32_t vm, uint32_t slot)
{
        struct bf_guest g = *boot_of(ctx, vm);
        sg_err err = bf_unstage(&g, (uint8_t)slot);

        return change(ctx, vm, &g, err);
}

static int64_t hv_restart(void *ctx, uint32_t vm)
{
        struct world *w = ctx;
        struct world_vm *v = vm_of(w, vm);

        if (w->restart_result != SG_HC_OK) {
                return w->restart_result;
        }
        if (w->down || (v->state != SG_VM_RUNNING && v->state != SG_VM_FAILED)) {
                return SG_HC_BAD_STATE;
        }
        v->state = SG_VM_STOPPED;
        v->wants_start = true;
        return SG_HC_OK;
}

static int64_t hv_refill(void *ctx, uint32_t vm, uint32_t slot)
{
        struct bf_guest g = *boot_of(ctx, vm);
        sg_err err = bf_refill(&g, 0, (uint8_t)slot);

        return change(ctx, vm, &g, err);
}

static int64_t hv_reported(void *ctx, uint32_t vm)
{
        struct world *w = ctx;
        struct bf_guest g = *boot_of(w, vm);
        sg_err err = bf_reported(&g);

        w->reported++;
        return change(w, vm, &g, err);
}

static void tell_engine(struct world *w, enum sg_event event, uint32_t vm, uint64_t a, uint64_t b)
{
        if (w->engine != NULL && !w->down) {
                engine_hv_event(w->engine, event, vm, a, b);
        }
}

static int64_t hv_confirm_for(void *ctx, uint32_t vm, uint64_t token)
{
        struct world *w = ctx;
        struct bf_guest g = *boot_of(w, vm);
        sg_err err = bf_confirm(&g, token);
        int64_t result = change(w, vm, &g, err);

        if (result == SG_HC_OK) {
                vm_of(w, vm)->state = SG_VM_RUNNING;
        }
        return result;
}

/* --- the other ports --- */

static sg_err agent_send(void *ctx, uint32_t vm, const char *line)
{
        struct world *w = ctx;
        size_t room = sizeof(w->agent) - w->agent_length;

        if (!w->down) {
                w->agent_length +=
                        (size_t)snprintf(w->agent + w->agent_length, room, "%u:%s\n", vm, line);
                assert_true(w->agent_length < sizeof(w->agent));
        }
        return SG_OK;
}

static uint64_t now_ms(void *ctx)
{
        const struct world *w = ctx;

        return w->now_ms;
}

static uint64_t ticks(void *ctx)
{
        const struct world *w = ctx;

        return w->now_ms * 62500;
}

static void event(void *ctx, const char *line)
{
        struct world *w = ctx;

        assert_true(strlen(line) <= 240);
        if (!w->down) {
                w->log_length += (size_t)snprintf(w->log + w->log_length,
                                                  sizeof(w->log) - w->log_length, "%s\n", line);
                assert_true(w->log_length < sizeof(w->log));
        }
}

/* --- the world --- */

static void init_guest(struct world *w, uint32_t i, const char *name)
{
        struct engine_guest *g = &w->guests[i];

        for (uint32_t s = 0; s < 2; s++) {
                disk_init(w, &w->slot[i][s], WORLD_SLOT_SIZE);
                g->slot[s] = w->slot[i][s].storage;
        }
        g->vm = FIRST_VM + i;
        g->consent_deadline_ms = 30000;
        g->has_agent = true;
        snprintf(g->name, sizeof(g->name), "%s", name);
        w->vm[i].slot = SG_SLOT_NONE;
}

void world_init(struct world *w, const char *root, size_t root_size)
{
        memset(w, 0, sizeof(*w));
        disk_init(w, &w->inbox, WORLD_INBOX_SIZE);
        disk_init(w, &w->journal, WORLD_JOURNAL_SIZE);
        init_guest(w, 0, "personal");
        init_guest(w, 1, "rt");
        w->inbox_storage = w->inbox.storage;
        w->journal_storage = w->journal.storage;
        w->ports = (struct ports){
                .ctx = w,
                .hv = {hv_vm_info, hv_slot_info, hv_slot_open, hv_stage, hv_unstage, hv_restart,
                       hv_refill, hv_reported, hv_confirm_for},
                .agent_send = agent_send,
                .now_ms = now_ms,
                .ticks = ticks,
                .event = event,
        };
        w->config = (struct engine_config){
                .product = "segue-virt",
                .root = (const uint8_t *)root,
                .root_size = root_size,
                .inbox = &w->inbox_storage,
                .journal = &w->journal_storage,
                .guests = w->guests,
                .guest_count = WORLD_GUESTS,
                .ram_limit = 8u << 20,
        };
        w->arena = aligned_alloc(16, WORLD_ARENA_SIZE);
        assert_non_null(w->arena);
        w->now_ms = 1000;
}

void world_free(struct world *w)
{
        for (uint32_t i = 0; i < WORLD_GUESTS; i++) {
                disk_free(&w->slot[i][0]);
                disk_free(&w->slot[i][1]);
        }
        disk_free(&w->inbox);
        disk_free(&w->journal);
        free(w->arena);
}

void world_provision(struct world *w, uint32_t guest, const uint8_t *image, size_t size,
                     uint32_t counter)
{
        uint8_t digest[32];

        memcpy(w->slot[guest][0].bytes, image, size);
        memcpy(w->slot[guest][0].durable, image, size);
        mbedtls_sha256(image, size, digest, 0);
        struct bf_image_id id = image_id(counter, digest);
        assert_int_equal(bf_provision(&w->boot[guest], &id, NULL), SG_OK);
        w->vm[guest] = (struct world_vm){.state = SG_VM_RUNNING, .slot = 0};
}

void world_put_inbox(struct world *w, const uint8_t *package, size_t size)
{
        assert_true(size <= WORLD_INBOX_SIZE);
        memset(w->inbox.bytes, 0, WORLD_INBOX_SIZE);
        memcpy(w->inbox.bytes, package, size);
        memcpy(w->inbox.durable, w->inbox.bytes, WORLD_INBOX_SIZE);
}

/* Starts what hv decides on; the image is there, or it is refused. */
static void boot(struct world *w, uint32_t guest)
{
        struct bf_guest *g = &w->boot[guest];
        struct world_vm *v = &w->vm[guest];
        struct bf_decision d;

        v->wants_start = false;
        assert_int_equal(bf_decide(g, v->refused, &d), SG_OK);
        assert_int_not_equal(d.slot, SG_SLOT_NONE);
        struct bf_image_id id = image_id(g->slot[d.slot].counter, g->slot[d.slot].digest);
        v->token = 0x1122334455667788u + w->operations;
        assert_int_equal(bf_start(g, v->refused, d.slot, &id, v->token), SG_OK);
        v->slot = d.slot;
        v->state = d.trial ? SG_VM_TRIAL : SG_VM_RUNNING;
        tell_engine(w, SG_EV_VM_STATE, FIRST_VM + guest, v->state, SG_CAUSE_NONE);
        tell_engine(w, SG_EV_STARTED, FIRST_VM + guest, d.slot, d.trial);
}

void world_start_engine(struct world *w)
{
        memset(w->arena, 0xa5, WORLD_ARENA_SIZE);
        assert_int_equal(engine_init(&w->engine, &w->config, &w->ports, w->arena, WORLD_ARENA_SIZE),
                         SG_OK);
        engine_start(w->engine);
}

static bool boot_due(struct world *w)
{
        for (uint32_t i = 0; i < WORLD_GUESTS; i++) {
                if (w->vm[i].wants_start) {
                        boot(w, i);
                        return true;
                }
        }
        return false;
}

uint32_t world_run(struct world *w, uint32_t steps)
{
        uint32_t done = 0;

        while (done < steps && !w->down) {
                enum engine_result r = engine_step(w->engine);
                done++;
                if (w->down || (r == ENGINE_WAITING && !boot_due(w))) {
                        break;
                }
        }
        return done;
}

void world_power_on(struct world *w)
{
        bool cold = w->cut != WORLD_KILLED;

        if (w->cut == WORLD_LOSES_CACHE) {
                struct world_disk *disks[] = {&w->journal, &w->slot[0][0], &w->slot[0][1],
                                              &w->slot[1][0], &w->slot[1][1]};
                for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
                        disk_lose_cache(disks[i]);
                }
        } else {
                flush_all(w);
        }
        w->down = false;
        w->cut = WORLD_RUNS;
        for (uint32_t i = 0; cold && i < WORLD_GUESTS; i++) {
                w->vm[i].refused = 0;
                if (w->vm[i].slot != SG_SLOT_NONE) {
                        assert_int_equal(bf_power_on(&w->boot[i]), SG_OK);
                        w->vm[i].state = SG_VM_STOPPED;
                        w->vm[i].wants_start = true;
                }
        }
        if (cold) {
                w->now_ms = 500;
        }
        world_start_engine(w);
}

void world_say(struct world *w, uint32_t guest, const char *line)
{
        engine_agent_bytes(w->engine, FIRST_VM + guest, line, strlen(line));
        engine_agent_bytes(w->engine, FIRST_VM + guest, "\r\n", 2);
}

void world_confirm(struct world *w, uint32_t guest)
{
        char line[64];
        uint32_t slot = w->vm[guest].slot;
        bool trial = w->vm[guest].state == SG_VM_TRIAL;

        snprintf(line, sizeof(line), "confirm %016llx", (unsigned long long)w->vm[guest].token);
        world_say(w, guest, line);
        if (trial && w->vm[guest].state == SG_VM_RUNNING) {
                tell_engine(w, SG_EV_CONFIRMED, FIRST_VM + guest, slot, 0);
        }
}

void world_crash(struct world *w, uint32_t guest)
{
        struct bf_guest *g = &w->boot[guest];
        uint8_t slot = bf_staged(g);

        assert_int_equal(bf_try_spent(g, SG_CAUSE_FAULT), SG_OK);
        w->vm[guest].state = SG_VM_STOPPED;
        w->vm[guest].wants_start = true;
        tell_engine(w, SG_EV_TRY_SPENT, FIRST_VM + guest, g->slot[slot].tries_remaining,
                    SG_CAUSE_FAULT);
        if (g->slot[slot].state == BF_FAILED) {
                tell_engine(w, SG_EV_ROLLED_BACK, FIRST_VM + guest, slot, SG_CAUSE_FAULT);
        }
}

void world_reset(struct world *w, uint32_t guest)
{
        w->vm[guest].state = SG_VM_STOPPED;
        w->vm[guest].wants_start = true;
        tell_engine(w, SG_EV_VM_STATE, FIRST_VM + guest, SG_VM_STOPPED, SG_CAUSE_RESET);
}

bool world_logged(const struct world *w, const char *text)
{
        return strstr(w->log, text) != NULL;
}

bool world_told(const struct world *w, const char *text)
{
        return strstr(w->agent, text) != NULL;
}

void world_forget_log(struct world *w)
{
        w->log[0] = '\0';
        w->log_length = 0;
        w->agent[0] = '\0';
        w->agent_length = 0;
}
