/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/engine_internal.h"

#include <assert.h>
#include <string.h>

#define ARENA_ALIGN 16u

#define S(state)    (1u << ENGINE_##state)

/* The table of the update's life: what each state is called, does, and may become. */
static const struct {
        const char *name;
        enum engine_result (*step)(struct engine *e);
        uint32_t next;
} states[ENGINE_STATE_COUNT] = {
        [ENGINE_IDLE] = {"IDLE", engine_idle_step,
                         /* the last five after a restart of the update partition */
                         S(DOWNLOADING) | S(STAGED) | S(SCHEDULED) | S(TRIAL) | S(CONFIRMED) |
                                 S(ROLLED_BACK)},
        [ENGINE_DOWNLOADING] = {"DOWNLOADING", engine_open_step,
                                /* on trial already, by a job that the journal lost */
                                S(IDLE) | S(APPLYING) | S(STAGED) | S(SCHEDULED) | S(TRIAL) |
                                        S(FAILED) | S(CANCELLED)},
        [ENGINE_APPLYING] = {"APPLYING", engine_apply_step,
                             S(DOWNLOADING) | S(STAGED) | S(FAILED) | S(CANCELLED)},
        [ENGINE_STAGED] = {"STAGED", engine_staged_step,
                           S(SCHEDULED) | S(TRIAL) | S(CONFIRMED) | S(ROLLED_BACK) | S(FAILED) |
                                   S(CANCELLED)},
        [ENGINE_SCHEDULED] = {"SCHEDULED", engine_scheduled_step,
                              S(TRIAL) | S(CONFIRMED) | S(ROLLED_BACK) | S(FAILED) | S(CANCELLED)},
        [ENGINE_TRIAL] = {"TRIAL", engine_trial_step, S(CONFIRMED) | S(ROLLED_BACK) | S(FAILED)},
        [ENGINE_CONFIRMED] = {"CONFIRMED", engine_end_step, S(IDLE)},
        [ENGINE_ROLLED_BACK] = {"ROLLED_BACK", engine_end_step, S(IDLE)},
        [ENGINE_FAILED] = {"FAILED", engine_end_step, S(IDLE)},
        [ENGINE_CANCELLED] = {"CANCELLED", engine_end_step, S(IDLE)},
};

const char *engine_state_name(enum engine_state state)
{
        return (unsigned)state < ENGINE_STATE_COUNT ? states[state].name : "?";
}

enum engine_state engine_state(const struct engine *e)
{
        return e->state;
}

uint64_t engine_now(const struct engine *e)
{
        return e->ports->now_ms(e->ports->ctx);
}

void engine_event(struct engine *e, struct event_line *l)
{
        event_end(l, e->ports->ticks(e->ports->ctx));
        e->ports->event(e->ports->ctx, l->text);
}

const struct engine_guest *engine_guest_by_vm(const struct engine *e, uint32_t vm)
{
        for (uint32_t i = 0; i < e->cfg->guest_count; i++) {
                if (e->cfg->guests[i].vm == vm) {
                        return &e->cfg->guests[i];
                }
        }
        return NULL;
}

const struct engine_guest *engine_guest_by_name(const struct engine *e, const char *name)
{
        for (uint32_t i = 0; i < e->cfg->guest_count; i++) {
                if (strcmp(e->cfg->guests[i].name, name) == 0) {
                        return &e->cfg->guests[i];
                }
        }
        return NULL;
}

struct guest_state *engine_guest_state(struct engine *e, const struct engine_guest *guest)
{
        return &e->guest[guest - e->cfg->guests];
}

const struct engine_guest *engine_job_guest(const struct engine *e)
{
        return e->checkpoint.job.present ? engine_guest_by_vm(e, e->checkpoint.job.vm) : NULL;
}

/* The guest that the state is about: from the job, or from the target that was refused. */
static const char *concerned(const struct engine *e)
{
        const struct engine_guest *guest = engine_job_guest(e);

        if (guest == NULL) {
                guest = e->apply.guest;
        }
        return guest != NULL ? guest->name : NULL;
}

bool engine_go(struct engine *e, enum engine_state to)
{
        struct event_line l;
        bool legal = (states[e->state].next & 1u << to) != 0;

        event_begin(&l, legal ? EVENT_STATE : EVENT_STATE_REFUSED, concerned(e));
        event_text(&l, "from", states[e->state].name);
        event_text(&l, "to", states[to].name);
        if (to == ENGINE_FAILED || to == ENGINE_CANCELLED) {
                event_u64(&l, "error", (uint64_t)e->error);
        }
        engine_event(e, &l);
        if (legal) {
                e->state = to;
                e->deadline_ms = 0;
        }
        return legal;
}

void engine_fail(struct engine *e, sg_err error)
{
        struct event_line l;
        bool cancelled = error == SG_E_CANCELLED || error == SG_E_SUPERSEDED;

        e->error = error;
        event_begin(&l, EVENT_TARGET_FAILED, concerned(e));
        event_u64(&l, "error", (uint64_t)error);
        event_text(&l, "text", sg_strerror(error));
        engine_event(e, &l);
        engine_go(e, cancelled ? ENGINE_CANCELLED : ENGINE_FAILED);
}

/* The package, before one of its targets was at work. */
void engine_tell_refused(struct engine *e, sg_err error)
{
        struct event_line l;

        event_begin(&l, EVENT_PACKAGE_REFUSED, NULL);
        event_u64(&l, "error", (uint64_t)error);
        event_text(&l, "text", sg_strerror(error));
        engine_event(e, &l);
}

sg_err engine_read_image(void *ctx, uint64_t offset, void *to, uint32_t length)
{
        return storage_read(ctx, offset, to, length);
}

sg_err engine_save(struct engine *e)
{
        struct event_line l;
        sg_err err = checkpoint_save(&e->store, &e->checkpoint);

        if (err != SG_OK) {
                event_begin(&l, EVENT_JOURNAL_ERROR, NULL);
                event_u64(&l, "error", (uint64_t)err);
                engine_event(e, &l);
        }
        return err;
}

void engine_wake_at(struct engine *e, uint64_t ms)
{
        if (ms < e->deadline_ms) {
                e->deadline_ms = ms;
        }
}

int64_t engine_slot_info(const struct engine *e, uint32_t vm, uint32_t slot, struct slot_info *info)
{
        memset(info, 0, sizeof(*info));
        return e->ports->hv.slot_info(e->ports->ctx, vm, slot, info);
}

uint32_t engine_active_slot(const struct engine *e, uint32_t vm, struct slot_info *info)
{
        for (uint32_t slot = 0; slot < 2; slot++) {
                if (engine_slot_info(e, vm, slot, info) == SG_HC_OK &&
                    (info->flags & SG_SLOT_F_ACTIVE) != 0) {
                        return slot;
                }
        }
        memset(info, 0, sizeof(*info));
        return SG_SLOT_NONE;
}

sg_err engine_hv_error(int64_t result)
{
        switch (result) {
        case SG_HC_OK:
                return SG_OK;
        case SG_HC_DOWNGRADE:
                return SG_E_DOWNGRADE;
        case SG_HC_FAILED_BEFORE:
                return SG_E_FAILED_BEFORE;
        case SG_HC_STORAGE:
                return SG_E_BOOT_STATE;
        default:
                return SG_E_HV_REFUSED;
        }
}

void hashing_begin(struct hashing *h, const struct storage *storage, uint64_t total)
{
        h->storage = storage;
        h->done = 0;
        h->total = total;
        mbedtls_sha256_init(&h->sha);
        mbedtls_sha256_starts(&h->sha, 0);
}

sg_err hashing_step(struct engine *e, struct hashing *h, bool *finished, uint8_t digest[32])
{
        uint64_t left = h->total - h->done;
        size_t n = left < IO_SIZE ? (size_t)left : IO_SIZE;

        *finished = false;
        sg_err err = storage_read(h->storage, h->done, e->io, n);
        if (err != SG_OK) {
                return err;
        }
        mbedtls_sha256_update(&h->sha, e->io, n);
        h->done += n;
        if (h->done == h->total) {
                mbedtls_sha256_finish(&h->sha, digest);
                *finished = true;
        }
        return SG_OK;
}

void progress_begin(struct progress *p)
{
        p->next = 0;
}

void progress_tell(struct engine *e, struct progress *p, enum event_number number,
                   const char *guest, uint64_t done, uint64_t total)
{
        struct event_line l;

        if (done < p->next && done < total) {
                return;
        }
        p->next = done + total / PROGRESS_STEPS;
        event_begin(&l, number, guest);
        event_u64(&l, "done", done);
        event_u64(&l, "total", total);
        engine_event(e, &l);
}

static size_t aligned_size(void)
{
        return (sizeof(struct engine) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

static_assert(sizeof(struct engine) + DL_RAM_DEFAULT < ENGINE_ARENA_MIN,
              "the smallest arena has room for a general delta's decoder");
static_assert(DL_CHUNK_MAX <= CHUNK_LENGTH_MAX, "a delta's chunk is one chunk of the list");

static bool config_is_sane(const struct engine_config *cfg)
{
        if (cfg->guest_count > ENGINE_GUESTS_MAX || cfg->root == NULL || cfg->product == NULL) {
                return false;
        }
        for (uint32_t i = 0; i < cfg->guest_count; i++) {
                if (cfg->guests[i].vm >= 32) { /* a bit of checkpoint.done */
                        return false;
                }
        }
        return true;
}

sg_err engine_init(struct engine **engine, const struct engine_config *cfg,
                   const struct ports *ports, void *arena, size_t size)
{
        struct engine *e = arena;

        if ((uintptr_t)arena % ARENA_ALIGN != 0 || !config_is_sane(cfg)) {
                return SG_E_BAD_ARGUMENT;
        }
        if (size < ENGINE_ARENA_MIN) {
                return SG_E_NO_MEMORY;
        }
        memset(e, 0, sizeof(*e));
        e->cfg = cfg;
        e->ports = ports;
        e->look = true;
        e->decoder_memory = (uint8_t *)arena + aligned_size();
        e->decoder_size = size - aligned_size();
        *engine = e;
        return SG_OK;
}

/* A job that is no longer described is forgotten. */
static void check_job(struct engine *e)
{
        struct checkpoint_job *job = &e->checkpoint.job;

        if (job->present && engine_job_guest(e) == NULL) {
                memset(job, 0, sizeof(*job));
        }
}

void engine_start(struct engine *e)
{
        struct event_line l;
        sg_err err = checkpoint_load(&e->store, e->cfg->journal, &e->checkpoint);

        if (err != SG_OK) {
                event_begin(&l, EVENT_JOURNAL_NEW, NULL);
                event_u64(&l, "error", (uint64_t)err);
                engine_event(e, &l);
        }
        e->start_until_ms = engine_now(e) + START_MS;
        check_job(e);
        if (e->checkpoint.job.present) {
                engine_reconcile(e);
        }
}

enum engine_result engine_step(struct engine *e)
{
        enum engine_state before = e->state;

        e->deadline_ms = NO_DEADLINE;
        enum engine_result result = states[before].step(e);
        if (e->state != before) {
                return ENGINE_BUSY;
        }
        return result;
}

uint64_t engine_deadline_ms(const struct engine *e)
{
        return e->deadline_ms;
}

void engine_inbox_changed(struct engine *e)
{
        e->look = true;
        e->deadline_ms = 0;
}

sg_err engine_withdraw(struct engine *e)
{
        struct event_line l;
        const struct checkpoint_job *job = &e->checkpoint.job;

        if (e->state != ENGINE_STAGED && e->state != ENGINE_SCHEDULED) {
                return SG_OK;
        }
        if (e->ports->hv.unstage(e->ports->ctx, job->vm, job->slot) != SG_HC_OK) {
                return SG_E_ENGINE_STATE;
        }
        event_begin(&l, EVENT_UNSTAGED, concerned(e));
        event_u64(&l, "slot", job->slot);
        engine_event(e, &l);
        e->ports->hv.reported(e->ports->ctx, job->vm);
        return SG_OK;
}

sg_err engine_cancel(struct engine *e)
{
        if ((states[e->state].next & S(CANCELLED)) == 0 || e->state == ENGINE_DOWNLOADING) {
                return SG_E_ENGINE_STATE;
        }
        sg_err err = engine_withdraw(e);
        if (err == SG_OK) {
                engine_fail(e, SG_E_CANCELLED);
        }
        return err;
}
