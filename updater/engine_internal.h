/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine's parts share:
 *
 *   engine.c          start, transitions, the table of states, what is told to others
 *   engine_idle.c     IDLE: is there a package? Otherwise refill, or wait
 *   engine_open.c     DOWNLOADING: authenticate the package, choose the target
 *   engine_apply.c    APPLYING: base, slot, segments, read back, stage
 *   engine_trial.c    STAGED to the end: consent, restart, what hv says about the slot
 *   engine_refill.c   copying the active slot over a stale one
 *   engine_agent.c    what guests say
 */
#ifndef UPDATER_ENGINE_INTERNAL_H
#define UPDATER_ENGINE_INTERNAL_H

#include "updater/checkpoint.h"
#include "updater/engine.h"
#include "updater/events.h"
#include "updater/package/package.h"
#include <mbedtls/sha256.h>

#define RESUMES_MAX     10
#define IO_SIZE         (256u << 10) /* bytes hashed or copied in one step */
#define PROGRESS_STEPS  20           /* progress events over a long piece of work */
#define RETRY_MS        1000         /* between attempts at a restart that hv refused */
#define RESTART_RETRIES 10
#define ASK_PARTS       3     /* how often a guest is asked before its deadline */
#define START_MS        60000 /* guests may take to start before an update begins all the same */
#define NO_DEADLINE     UINT64_MAX

/* A range of storage being hashed, IO_SIZE bytes per step. */
struct hashing {
        const struct storage *storage;
        uint64_t done, total;
        mbedtls_sha256_context sha;
};

/* Sends an event at most PROGRESS_STEPS times over `total`. */
struct progress {
        uint64_t next;
};

/* APPLYING, in this order. */
enum apply_phase {
        APPLY_BASE,  /* hash the active slot (deltas only) */
        APPLY_OPEN,  /* journal, SLOT_OPEN, decoder */
        APPLY_WRITE, /* one segment or chunk per step */
        APPLY_READ_BACK,
        APPLY_STAGE,
        APPLY_PHASES
};

struct apply {
        enum apply_phase phase;
        const struct manifest_target *target;
        const struct engine_guest *guest;
        uint32_t slot; /* written */
        bool resumed;  /* the journal's job is this one */
        bool carried;  /* segments that were written before an interruption count as done */
        struct chunk_reader reader;
        struct dl_ops ops;
        struct dl_header header;
        struct dl *decoder;
        uint32_t segments; /* altogether */
        uint8_t base_digest[32];
};

struct refill {
        const struct engine_guest *guest; /* NULL: none at work */
        uint32_t slot;                    /* written */
        uint64_t done, total;
        mbedtls_sha256_context sha;
        uint8_t digest[32]; /* what hv says the active slot holds */
};

/* What the engine keeps of each guest, in the order of cfg->guests. */
struct guest_state {
        struct agent_rx rx;
        uint64_t unknown_lines;
        uint64_t window_ms; /* lines are counted per window */
        uint32_t window_lines;
        bool confirmed_told; /* since its last start */
        bool rolled_back;    /* to be told when its agent is up */
        bool refill_checked; /* nothing to refill, or it failed; looked at again after a change */
};

struct engine {
        const struct engine_config *cfg;
        const struct ports *ports;
        enum engine_state state;
        uint64_t deadline_ms;
        uint64_t start_until_ms; /* until then guests that are being started come first */

        struct checkpoint_store store;
        struct checkpoint checkpoint; /* as it is, or is about to be, in the journal */

        bool package_refused; /* why it is FAILED: no target was at work */
        bool announced;       /* the package at work was told about */
        bool look;            /* the inbox may hold something new */
        bool peeked;          /* peek is what the last package there began with */
        uint8_t peek[32];     /* of the package that was opened, refused or done */

        sg_err error; /* of the target at work, in FAILED and CANCELLED */
        struct apply apply;
        bool no_delta; /* the base on the disk is not what hv knows: full images only */
        struct hashing hashing;
        struct progress progress;

        uint64_t ask_ms;     /* the guest is asked again */
        bool asked;          /* and has not answered yet */
        uint64_t restart_ms; /* the restart is tried again */
        uint32_t restart_tries;

        struct refill refill;
        struct guest_state guest[ENGINE_GUESTS_MAX];

        struct package package;
        struct package_memory memory;
        uint8_t list[CHUNK_LIST_MAX];
        uint8_t chunk[CHUNK_LENGTH_MAX];
        uint8_t io[IO_SIZE];

        uint8_t *decoder_memory; /* what is left of the arena */
        size_t decoder_size;
};

/* engine.c */
/* The one place where the state changes. False, and no change, when the table has no such step. */
bool engine_go(struct engine *e, enum engine_state to);
/* -> FAILED or CANCELLED with its reason. */
void engine_fail(struct engine *e, sg_err error);
/* Takes a staged image back; before that there is nothing to take back. */
sg_err engine_withdraw(struct engine *e);
const struct engine_guest *engine_guest_by_vm(const struct engine *e, uint32_t vm);
const struct engine_guest *engine_guest_by_name(const struct engine *e, const char *name);
struct guest_state *engine_guest_state(struct engine *e, const struct engine_guest *guest);
const struct engine_guest *engine_job_guest(const struct engine *e);
/* Emits a finished event line. */
void engine_event(struct engine *e, struct event_line *l);
void engine_tell_refused(struct engine *e, sg_err error);
/* The image in a slot, as bf_image_read_layout() reads it; ctx is its storage. */
sg_err engine_read_image(void *ctx, uint64_t offset, void *to, uint32_t length);
/* Saves e->checkpoint; an error is told as an event and returned. */
sg_err engine_save(struct engine *e);
uint64_t engine_now(const struct engine *e);
/* The next engine_step() is due at that time at the latest. */
void engine_wake_at(struct engine *e, uint64_t ms);
int64_t engine_slot_info(const struct engine *e, uint32_t vm, uint32_t slot,
                         struct slot_info *info);
/* The slot that hv says is active; SG_SLOT_NONE. */
uint32_t engine_active_slot(const struct engine *e, uint32_t vm, struct slot_info *info);
/* SG_HC_* of a refused hypercall as an error for people. */
sg_err engine_hv_error(int64_t result);

void hashing_begin(struct hashing *h, const struct storage *storage, uint64_t total);
/* Hashes the next piece; *finished with the digest at the end. */
sg_err hashing_step(struct engine *e, struct hashing *h, bool *finished, uint8_t digest[32]);
void progress_begin(struct progress *p);
void progress_tell(struct engine *e, struct progress *p, enum event_number number,
                   const char *guest, uint64_t done, uint64_t total);

/* The steps of the states. */
enum engine_result engine_idle_step(struct engine *e);
enum engine_result engine_open_step(struct engine *e);
enum engine_result engine_apply_step(struct engine *e);
enum engine_result engine_staged_step(struct engine *e);
enum engine_result engine_scheduled_step(struct engine *e);
enum engine_result engine_trial_step(struct engine *e);
enum engine_result engine_end_step(struct engine *e);

/* engine_open.c: the package at work is finished; remembers and tells it. */
void engine_package_done(struct engine *e);

/* engine_apply.c */
void engine_apply_begin(struct engine *e, const struct manifest_target *target,
                        const struct engine_guest *guest, uint32_t slot, bool resumed);

/* Makes the target the journal's job; nothing is saved yet. */
void engine_job_begin(struct engine *e, const struct manifest_target *target,
                      const struct engine_guest *guest, uint32_t slot);

/* engine_trial.c */
/* Asks hv where the job's image stands and goes to the state that follows. False: hv knows nothing
 * of it, or it is still being written. */
bool engine_reconcile(struct engine *e);
/* hv took the image: asks the guest. */
void engine_staged(struct engine *e);
/* In STAGED: the guest agreed, or nobody asks it any more; restarting: it is restarting by itself.
 */
void engine_consent(struct engine *e, const char *by, bool restarting);
/* In STAGED: the guest said "later". */
void engine_defer(struct engine *e);

/* engine_refill.c */
/* One piece of a refill; false when there is nothing to refill. */
bool engine_refill_step(struct engine *e);
void engine_refill_drop(struct engine *e);

#endif
