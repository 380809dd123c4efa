/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many consoles on one wire. Each source (a VM, or hv's log) puts bytes into its ring from its own
 * cores and never waits: when the ring is full they are dropped and counted. The housekeeping core
 * drains the rings onto the wire and hands typed bytes to the VM that has the focus.
 *
 * In line mode a line is printed whole behind "[name] ". One that stays unfinished for
 * CONSOLE_PARTIAL_MS is printed as far as it goes, so that prompts show, and goes on in place when
 * nobody else wrote in between. Control characters and escape sequences are left out, so that no
 * guest can pass its text off as another's. In focus mode the bytes of the VM that has the focus go
 * out as they are, and everybody else's are thrown away. docs/console.md lists the keys.
 *
 * Pure, but for the struct of operations.
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
#define CONSOLE_NAME_MAX   24u  /* longer names are cut in the prefix */
#define CONSOLE_OUT_SIZE   1024u
#define CONSOLE_VMS        8u
#define CONSOLE_SOURCES    (CONSOLE_VMS + 1)
#define CONSOLE_HV         CONSOLE_VMS /* the number of hv's own log */
#define CONSOLE_PARTIAL_MS 100u
#define CONSOLE_KEY        0x1du /* Ctrl-] */
#define CONSOLE_TURN_LINES 32u   /* that one call of console_drain() prints at most */

struct console_ops {
        /* Bytes onto the wire as far as it takes them at once; returns how many. */
        size_t (*send)(void *ctx, const uint8_t *bytes, size_t size);
        /* Any core, with the source's lock held: console_drain() is due, soon or (the ring is half
         * full) at once. Called at most once each between two drains. */
        void (*wake)(void *ctx, bool at_once);
        /* Housekeeping core: typed bytes for VM `number`; returns how many it had room for. */
        size_t (*receive)(void *ctx, unsigned number, const uint8_t *bytes, size_t size);
        /* Housekeeping core: the person wants to know how hv and the VMs are. */
        void (*inform)(void *ctx);
};

struct console;

struct console_source {
        const char *name;
        struct console *console;
        struct ring ring;
        uint64_t dropped;     /* bytes; under lock */
        struct spinlock lock; /* makes several producers one */

        /* The drain's own: */
        uint64_t partial_since; /* when the unfinished line was first seen */
        uint64_t dropped_told;
        bool partial;
        uint8_t escape; /* where in an escape sequence the last byte was */

        uint8_t woken; /* atomic: 0, 1 drain is due, 2 at once */
        uint8_t bytes[CONSOLE_RING_SIZE];
};

struct console {
        const struct console_ops *ops;
        void *ctx;
        uint64_t partial_ticks;
        struct console_source *source[CONSOLE_SOURCES]; /* by number; NULL: none */

        /* The housekeeping core's own: */
        unsigned focus;
        unsigned turn; /* who is asked first next time */
        unsigned open; /* whose unfinished line is on the wire; CONSOLE_SOURCES: nobody's */
        bool raw;      /* focus mode */
        bool command;  /* the escape key was typed */
        uint8_t out[CONSOLE_OUT_SIZE]; /* on its way to the wire */
        uint32_t out_size;
        uint32_t out_sent;
};

void console_init(struct console *console, const struct console_ops *ops, void *ctx,
                  uint64_t ticks_per_ms);
/* name stays the caller's, for ever. */
void console_add(struct console *console, unsigned number, struct console_source *source,
                 const char *name);

/* Any core. Never waits for the wire; nobody else's bytes of this source come between. */
void console_put(struct console_source *source, const uint8_t *bytes, size_t size);

/*
 * Housekeeping core. Moves a bounded amount and returns when it wants to be called again: a time of
 * `now`'s clock (`now` itself: there is more at once), CONSOLE_IDLE (a wake will come), or
 * CONSOLE_BLOCKED (when the wire has room again).
 */
#define CONSOLE_IDLE    UINT64_MAX
#define CONSOLE_BLOCKED (UINT64_MAX - 1)
uint64_t console_drain(struct console *console, uint64_t now);

/* Housekeeping core: a byte was typed. console_drain() is due afterwards. */
void console_typed(struct console *console, uint8_t byte);

#endif
