/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where faults come from. Every device announces each of its operations that changes something
 * (one counter over all devices). While a sweep is armed the process forks there, once for each
 * case of the plan: the child suffers the fault, recovers and checks; the parent goes on unharmed
 * to the next operation. A child may be armed in its turn, for pairs of faults.
 */
#ifndef TESTS_SIM_FAULT_H
#define TESTS_SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum sim_fault {
        SIM_POWER = 1, /* all devices lose power in this operation */
        SIM_KILL = 2,  /* the update partition dies; hv, caches and guests live on */
        SIM_IO = 4,    /* the operation fails once */
        SIM_READ = 8,  /* a read of the disk fails once */
};

enum sim_device { SIM_DISK_WRITE, SIM_DISK_FLUSH, SIM_DISK_READ, SIM_NOR };

struct sim_case {
        enum sim_fault fault;
        enum sim_device device;
        uint64_t operation; /* since the row began */
        uint32_t variant;
        uint32_t variants; /* of this operation */
        uint64_t seed;
};

struct sim_plan {
        uint64_t seed;
        uint64_t only;      /* this operation alone; 0: all */
        bool (*when)(void); /* NULL, or: only while that says so */
        uint32_t faults;    /* mask of enum sim_fault */
        uint32_t variants;  /* the most that are tried of one operation; the rest by the seed */
        uint32_t every;     /* of these operations, one in `every`: 1 is all */
        uint32_t second;    /* variants of a second fault, in the recovery; 0: single faults */
        uint32_t jobs;      /* children at a time */
        bool stop_at_first; /* failure */
        bool quiet;         /* failures are counted, not told */
};

/* What all processes of a sweep count together. */
struct sim_stats {
        uint64_t operations;     /* of the undisturbed run */
        uint64_t reads;          /* the same, reads of the disk */
        uint64_t cut_at;         /* operations at which at least one case was executed */
        uint64_t cases;          /* executed: single faults */
        uint64_t pairs;          /* executed: second faults */
        uint64_t pair_places;    /* operations of recoveries, each once per first case */
        uint64_t paired_at;      /* those at which at least one second fault was executed */
        uint64_t pairs_possible; /* second faults in each of their ways */
        uint64_t failures;
        uint64_t gave_up;     /* runs that ended by a limit, as they should */
        uint32_t states;      /* of the engine: bit = enum engine_state */
        uint32_t slot_states; /* bit = enum bf_slot_state */
};

extern struct sim_stats *sim_stats; /* of this row; shared memory */
extern struct sim_stats *sim_total; /* of the rows before */

void sim_stats_reset(void);

/* Operations are counted from now on; with a plan, faults are tried at each. */
void sim_arm(const struct sim_plan *plan);
void sim_disarm(void);
/* Waits for children that are still at work. */
void sim_join(void);

/* A device is about to do an operation that has that many ways to be cut. NULL: it is done as
 * usual. Otherwise this process is the one that suffers the fault. */
const struct sim_case *sim_operation(enum sim_device device, uint32_t ways);
/* The operation counter. */
uint64_t sim_operations(void);
/* In a process that is not armed: the n-th operation from now fails so, in a way by the seed. 0:
 * none. */
void sim_fail_at(uint64_t n, enum sim_fault fault, uint64_t seed);
/* This process carries on after a fault. */
bool sim_is_child(void);
/* The fault or faults that this process suffered, for a message. */
const char *sim_story(void);

/* The promise was broken: told with the story; the process ends unless it is the first one. */
void sim_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A child's good end. */
void sim_child_ends(void);

uint64_t sim_hash(uint64_t a, uint64_t b);

#endif
