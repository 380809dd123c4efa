/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device around the engine: a disk with a volatile cache, hv's boot state (bootflow's own code),
 * two guests that start what hv decides, agents' lines and a clock. Every write, flush and change
 * of the boot state counts as one operation; at a chosen one the power goes or the update partition
 * is killed.
 */
#ifndef TESTS_FAKE_WORLD_H
#define TESTS_FAKE_WORLD_H

#include "bootflow/slots.h"
#include "updater/engine.h"

#define WORLD_GUESTS       2
#define WORLD_SLOT_SIZE    (1280u << 10)
#define WORLD_INBOX_SIZE   (2u << 20)
#define WORLD_JOURNAL_SIZE 8192u
#define WORLD_LOG_SIZE     65536u
#define WORLD_ARENA_SIZE   (4u << 20)

enum world_cut {
        WORLD_RUNS,
        WORLD_KEEPS_CACHE, /* power cut; what the cache held reached the disk all the same */
        WORLD_LOSES_CACHE, /* power cut; it did not */
        WORLD_KILLED,      /* the update partition alone died */
};

struct world_disk {
        struct world *world;
        struct storage storage;
        uint8_t *bytes;   /* as the cache shows it */
        uint8_t *durable; /* as it was at the last flush */
        bool dirty;
};

struct world_vm {
        enum sg_vm_state state;
        uint32_t slot;
        bf_refused refused; /* until power-off */
        bool wants_start;   /* stopped, to be started by world_boot() */
        uint64_t token;
};

struct world {
        struct world_disk inbox, journal, slot[WORLD_GUESTS][2];
        struct bf_guest boot[WORLD_GUESTS];
        struct world_vm vm[WORLD_GUESTS]; /* VM index 1 + i */
        struct engine_config config;
        struct engine_guest guests[WORLD_GUESTS];
        struct storage inbox_storage, journal_storage;
        struct ports ports;
        struct engine *engine;
        uint8_t *arena;
        uint64_t now_ms;

        uint64_t operations;    /* counted so far */
        uint64_t cut_at;        /* the operation that fails; 0: none */
        enum world_cut cut;     /* what happens then */
        bool down;              /* it happened: nothing works until world_power_on() */
        sg_err write_error;     /* what writes to the disk return, when not SG_OK */
        int64_t restart_result; /* what RESTART returns, when not SG_HC_OK */
        uint64_t slot_writes;   /* to slots, by the engine */
        uint32_t reported;

        char log[WORLD_LOG_SIZE];   /* the events, one per line */
        char agent[WORLD_LOG_SIZE]; /* "<vm>:<line>" sent to guests */
        size_t log_length, agent_length;
};

/* All blank; root is the pinned root.json. */
void world_init(struct world *w, const char *root, size_t root_size);
void world_free(struct world *w);

/* Puts an image into slot 0 of a guest and makes it the confirmed, running one. */
void world_provision(struct world *w, uint32_t guest, const uint8_t *image, size_t size,
                     uint32_t counter);
void world_put_inbox(struct world *w, const uint8_t *package, size_t size);

/* A new engine over what the disk and the boot state hold. */
void world_start_engine(struct world *w);

/* Runs the engine, and starts of guests, until nothing more happens by itself, or `steps` steps
 * were done. Returns the steps done. */
uint32_t world_run(struct world *w, uint32_t steps);

/* After a cut: the cache as the kind of cut leaves it; guests are started anew unless only the
 * update partition was killed; then a new engine. */
void world_power_on(struct world *w);

/* The guest says a line. */
void world_say(struct world *w, uint32_t guest, const char *line);
/* The guest says "confirm" with the token that it was given. */
void world_confirm(struct world *w, uint32_t guest);
/* The guest on trial crashed: a try is spent and it is started again. */
void world_crash(struct world *w, uint32_t guest);
/* The guest resets itself. */
void world_reset(struct world *w, uint32_t guest);

bool world_logged(const struct world *w, const char *text);
bool world_told(const struct world *w, const char *text);
void world_forget_log(struct world *w);

#endif
