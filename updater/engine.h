/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update engine: the life of an update as one state machine.
 *
 *   IDLE -> DOWNLOADING -> APPLYING -> STAGED -> SCHEDULED -> TRIAL
 *        -> CONFIRMED | ROLLED_BACK | FAILED(reason) | CANCELLED -> IDLE
 *
 * One target (one guest's new image) is worked on at a time; a package with several targets has
 * them handled one after the other. engine_step() does a bounded piece of work (one chunk or
 * segment of at most 1 MiB) and returns, so that the caller's loop can serve loads and agents
 * between.
 *
 * Caller's loop:
 *   engine_init(); engine_start();
 *   forever: engine_agent_bytes() and engine_hv_event() for what came in;
 *            if (engine_step() == ENGINE_WAITING) sleep until an interrupt or engine_deadline_ms().
 *
 * The engine holds no pointer of its own to anything but cfg, its arena and Mbed TLS's contexts.
 */
#ifndef UPDATER_ENGINE_H
#define UPDATER_ENGINE_H

#include "updater/agent_line.h"
#include "updater/ports.h"
#include <stdbool.h>

#define ENGINE_VERSION    1 /* what `minimum-updater` is compared with */
#define ENGINE_GUESTS_MAX 8
#define ENGINE_NAME_MAX   31
/* The arena: metadata, tokens, one chunk, the decoder's memory. */
#define ENGINE_ARENA_MIN (3u << 20)

enum engine_state {
        ENGINE_IDLE = 0,
        ENGINE_DOWNLOADING = 1, /* reads and authenticates what is in the inbox */
        ENGINE_APPLYING = 2,    /* checks the base, writes the inactive slot, verifies it */
        ENGINE_STAGED = 3,      /* hv has it; the guest is asked */
        ENGINE_SCHEDULED = 4,   /* agreed: the restart is under way */
        ENGINE_TRIAL = 5,
        ENGINE_CONFIRMED = 6,
        ENGINE_ROLLED_BACK = 7,
        ENGINE_FAILED = 8,
        ENGINE_CANCELLED = 9,
        ENGINE_STATE_COUNT
};

/* A VM that has slots. */
struct engine_guest {
        uint32_t vm;                    /* index in the VM description */
        char name[ENGINE_NAME_MAX + 1]; /* targets name it so */
        struct storage slot[2];         /* partitions <name>_a and <name>_b */
        uint32_t consent_deadline_ms;   /* how long the guest may put off its restart */
        bool has_agent;                 /* without one, staging restarts it at once */
};

struct engine_config {
        const char *product;
        const uint8_t *root; /* the pinned first root.json, from the system image */
        size_t root_size;
        const struct storage *inbox;
        const struct storage *journal;
        const struct engine_guest *guests;
        uint32_t guest_count;
        uint64_t ram_limit; /* the most that a delta's decoder may ask for */
};

enum engine_result {
        ENGINE_BUSY,   /* there is more to do: call again */
        ENGINE_WAITING /* nothing to do before an event or engine_deadline_ms() */
};

struct engine; /* lives at the start of the arena */

/* Builds an engine in arena (aligned to 16 bytes). cfg and ports must outlive it; nothing is read
 * or written yet. SG_E_NO_MEMORY when size is less than ENGINE_ARENA_MIN; SG_E_BAD_ARGUMENT. */
sg_err engine_init(struct engine **engine, const struct engine_config *cfg,
                   const struct ports *ports, void *arena, size_t size);

/* Reads the journal and compares it with what hv says: an update under way is carried on from where
 * it was. A journal without a good record is started anew (event JOURNAL_NEW). */
void engine_start(struct engine *e);

enum engine_result engine_step(struct engine *e);

/* When engine_step() wants to be called again though nothing happens; UINT64_MAX: never. */
uint64_t engine_deadline_ms(const struct engine *e);

/* hv's events (SG_HC_EVENT_NEXT), all of them, in order. LOAD_WANTED, LOADABLE and AGENT are the
 * platform's own business and are ignored here. */
void engine_hv_event(struct engine *e, enum sg_event event, uint32_t vm, uint64_t a, uint64_t b);

/* What a guest wrote to its agent channel. */
void engine_agent_bytes(struct engine *e, uint32_t vm, const char *bytes, size_t count);

/* The inbox may hold something new. */
void engine_inbox_changed(struct engine *e);

/* Gives up the update under way, and its package, before its trial: STAGED is taken back.
 * SG_E_ENGINE_STATE when there is none, or its trial has begun. */
sg_err engine_cancel(struct engine *e);

enum engine_state engine_state(const struct engine *e);
const char *engine_state_name(enum engine_state state);

#endif
