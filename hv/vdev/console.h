/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many consoles on one wire. Each source (a VM, or hv's log) puts bytes into its ring from its own
 * core and never waits: when the ring is full they are dropped and counted. The housekeeping core
 * drains the rings onto the physical PL011 and hands typed bytes to the VM that has the focus.
 *
 * In line mode every line is printed whole behind "[name] "; a line that stays unfinished for
 * CONSOLE_PARTIAL_MS is printed as far as it goes, so that prompts show, and is finished in place
 * when nobody else wrote in between. Control characters and escape sequences are left out, so that
 * no guest can pass its text off as another's. In focus mode the focused VM's bytes go out as they
 * are, and everybody else's are discarded. docs/console.md lists the keys.
 *
 * Pure, but for the struct of ops.
 */
#ifndef HV_VDEV_CONSOLE_H
#define HV_VDEV_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/core/spinlock.h"
#include "hv/vdev/ring.h"

#define CONSOLE_RING_SIZE  16384u
#define CONSOLE_LINE_MAX   256u /* longer lines are broken */
#define CONSOLE_SOURCES    9u   /* VMs 0..7, and hv */
#define CONSOLE_BATCH_MS   5u   /* how long output may wait for more before it is drained */
#define CONSOLE_PARTIAL_MS 40u

struct console;

struct console_source {
        const char *name; /* shown in the prefix */
        struct console *console;
        struct spinlock lock; /* makes several producers one */
        struct ring ring;
        uint64_t dropped;
        uint8_t bytes[CONSOLE_RING_SIZE];

        /* Towards the VM; NULL for hv's log. Typed bytes; returns how many there was room for. */
        size_t (*receive)(void *ctx, const uint8_t *bytes, size_t size);
        void *receive_ctx;

        /* The drain's own: */
        uint64_t partial_since; /* when an unfinished line was first seen; 0: none */
        uint64_t dropped_shown;
        bool continues; /* an unfinished line of it is on the wire */
        uint8_t escape; /* inside an escape sequence that is left out */
};

struct console_ops {
        /* Bytes onto the wire as far as it takes them at once; returns how many. */
        size_t (*send)(void *ctx, const uint8_t *bytes, size_t size);
        /* Something waits in a ring: console_drain() is due on the housekeeping core within
         * CONSOLE_BATCH_MS. Any core, with the source's lock held; at most once per drain and
         * source, and again when its ring is half full (then: at once, `soon`). */
        void (*wake)(void *ctx, bool soon);
};

struct console {
        const struct console_ops *ops;
        void *ctx;
        uint64_t ticks_per_ms;
        struct console_source
                *source[CONSOLE_SOURCES]; /* by number: VM index, hv last; NULL: none */

        /* The rest belongs to the housekeeping core. */
        unsigned focus;
        unsigned last;                     /* whose unfinished line is on the wire */
        unsigned turn;                     /* round robin */
        bool raw;                          /* focus mode */
        bool escape;                       /* Ctrl-] was typed */
        uint8_t out[CONSOLE_LINE_MAX * 2]; /* on its way to the wire */
        uint32_t out_size;
        uint32_t out_sent;
};

#define CONSOLE_HV (CONSOLE_SOURCES - 1)

void console_init(struct console *console, const struct console_ops *ops, void *ctx,
                  uint64_t ticks_per_ms);
void console_add(struct console *console, unsigned number, struct console_source *source,
                 const char *name);

/* Any core, any number of bytes; never waits for the wire. */
void console_put(struct console_source *source, const uint8_t *bytes, size_t size);

/*
 * The housekeeping core. Moves what it can, a bounded amount, and returns when it wants to be
 * called again: a time (of `now`'s clock), CONSOLE_NEVER (a wake will come), or CONSOLE_BLOCKED
 * (the wire is full: call when it has room, or in a millisecond).
 */
#define CONSOLE_NEVER   UINT64_MAX
#define CONSOLE_BLOCKED (UINT64_MAX - 1)
uint64_t console_drain(struct console *console, uint64_t now);

/* The housekeeping core: a byte was typed. */
void console_typed(struct console *console, uint8_t byte);

#endif
