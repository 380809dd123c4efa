/* SPDX-License-Identifier: Apache-2.0 */
/* From the rings to the wire. */
#include "hv/vdev/console.h"

#define NOBODY CONSOLE_SOURCES

void console_init(struct console *console, const struct console_ops *ops, void *ctx,
                  uint64_t ticks_per_ms)
{
        *console = (struct console){
                .ops = ops,
                .ctx = ctx,
                .partial_ticks = CONSOLE_PARTIAL_MS * ticks_per_ms,
                .open = NOBODY,
        };
}

void console_add(struct console *console, unsigned number, struct console_source *source,
                 const char *name)
{
        source->name = name;
        source->console = console;
        ring_init(&source->ring, source->bytes, CONSOLE_RING_SIZE);
        console->source[number] = source;
}

static void wake(struct console_source *s)
{
        uint8_t level = ring_used(&s->ring) >= CONSOLE_RING_SIZE / 2 ? 2 : 1;
        /* Either the drain's reset comes after this, and then it sees the bytes; or before, and
         * then this sees 0 and wakes it. */
        uint8_t was = __atomic_load_n(&s->woken, __ATOMIC_SEQ_CST);

        while (was < level) {
                if (__atomic_compare_exchange_n(&s->woken, &was, level, false, __ATOMIC_SEQ_CST,
                                                __ATOMIC_SEQ_CST)) {
                        s->console->ops->wake(s->console->ctx, level == 2);
                        return;
                }
        }
}

void console_put(struct console_source *s, const uint8_t *bytes, size_t size)
{
        spin_lock(&s->lock);
        for (size_t i = 0; i < size; i++) {
                if (!ring_put(&s->ring, bytes[i]))
                        s->dropped++;
        }
        wake(s);
        spin_unlock(&s->lock);
}

static void out_byte(struct console *c, uint8_t byte)
{
        if (c->out_size < CONSOLE_OUT_SIZE)
                c->out[c->out_size++] = byte;
}

static void out_text(struct console *c, const char *text, size_t max)
{
        for (size_t i = 0; i < max && text[i]; i++)
                out_byte(c, (uint8_t)text[i]);
}

static void out_number(struct console *c, uint64_t n)
{
        char digits[20];
        unsigned count = 0;

        do {
                digits[count++] = (char)('0' + n % 10);
                n /= 10;
        } while (n);
        while (count)
                out_byte(c, (uint8_t)digits[--count]);
}

static void out_newline(struct console *c)
{
        out_text(c, "\r\n", 2);
        c->open = NOBODY;
}

/* What comes next on the wire is source n's. */
static void out_begin(struct console *c, unsigned n)
{
        if (c->open == n)
                return;
        if (c->open != NOBODY)
                out_newline(c);
        out_byte(c, '[');
        out_text(c, c->source[n]->name, CONSOLE_NAME_MAX);
        out_text(c, "] ", 2);
        c->open = n;
}

/*
 * false: the byte is part of what could move the cursor out of the source's own line. Escape
 * sequences (ECMA-48): ESC and one byte; after "ESC [" up to a byte from 0x40 on.
 */
static bool printable(struct console_source *s, uint8_t byte)
{
        enum { TEXT, AFTER_ESC, IN_SEQUENCE };

        switch (s->escape) {
        case AFTER_ESC:
                s->escape = byte == '[' ? IN_SEQUENCE : TEXT;
                return false;
        case IN_SEQUENCE:
                if (byte >= 0x40)
                        s->escape = TEXT;
                return false;
        default:
                if (byte == 0x1b)
                        s->escape = AFTER_ESC;
                return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
        }
}

/* Moves `size` bytes of a line; the caller has made sure of room in out. */
static void print(struct console *c, unsigned n, uint32_t size)
{
        struct console_source *s = c->source[n];

        out_begin(c, n);
        for (uint32_t i = 0; i < size; i++) {
                uint8_t byte = ring_peek(&s->ring, i);
                if (printable(s, byte))
                        out_byte(c, byte);
        }
        ring_drop(&s->ring, size);
        s->partial = false;
}

static void tell_dropped(struct console *c, unsigned n)
{
        struct console_source *s = c->source[n];
        uint64_t dropped = __atomic_load_n(&s->dropped, __ATOMIC_RELAXED);

        if (c->open != NOBODY)
                out_newline(c);
        out_begin(c, n);
        out_text(c, "(", 1);
        out_number(c, dropped - s->dropped_told);
        out_text(c, " bytes of console output were lost)", CONSOLE_OUT_SIZE);
        out_newline(c);
        s->dropped_told = dropped;
}

/* One line, or as much of one as is due, of source n. false: nothing is due now; *when is then
 * lowered to the time at which something will be. */
static bool print_line(struct console *c, unsigned n, uint64_t now, uint64_t *when)
{
        struct console_source *s = c->source[n];
        uint32_t used = ring_used(&s->ring);
        uint32_t limit = used < CONSOLE_LINE_MAX ? used : CONSOLE_LINE_MAX;

        if (used == 0) {
                if (__atomic_load_n(&s->dropped, __ATOMIC_RELAXED) == s->dropped_told)
                        return false;
                tell_dropped(c, n);
                return true;
        }
        for (uint32_t i = 0; i < limit; i++) {
                if (ring_peek(&s->ring, i) == '\n') {
                        print(c, n, i + 1);
                        out_newline(c);
                        return true;
                }
        }
        if (limit == CONSOLE_LINE_MAX || c->open == n) {
                print(c, n, limit);
                return true;
        }
        if (!s->partial) {
                s->partial = true;
                s->partial_since = now;
        }
        if (now - s->partial_since >= c->partial_ticks) {
                print(c, n, limit);
                return true;
        }
        if (s->partial_since + c->partial_ticks < *when)
                *when = s->partial_since + c->partial_ticks;
        return false;
}

/* Focus mode: the same for raw bytes, and for sources that nobody sees. */
static bool print_raw(struct console *c, unsigned n)
{
        struct console_source *s = c->source[n];
        uint32_t used = ring_used(&s->ring);
        uint32_t limit = used < CONSOLE_LINE_MAX ? used : CONSOLE_LINE_MAX;

        if (n != c->focus) {
                ring_drop(&s->ring, used);
                return false;
        }
        for (uint32_t i = 0; i < limit; i++)
                out_byte(c, ring_peek(&s->ring, i));
        ring_drop(&s->ring, limit);
        return limit > 0;
}

/* false: the wire is full. */
static bool flush(struct console *c)
{
        c->out_sent +=
                (uint32_t)c->ops->send(c->ctx, c->out + c->out_sent, c->out_size - c->out_sent);
        if (c->out_sent < c->out_size)
                return false;
        c->out_size = c->out_sent = 0;
        return true;
}

/* Everybody gets one turn; returns how many lines were printed, or CONSOLE_SOURCES + 1 when the
 * wire is full. */
static unsigned round_robin(struct console *c, uint64_t now, uint64_t *when)
{
        unsigned printed = 0;

        for (unsigned i = 0; i < CONSOLE_SOURCES; i++) {
                unsigned n = (c->turn + i) % CONSOLE_SOURCES;
                if (!c->source[n])
                        continue;
                if (c->raw ? print_raw(c, n) : print_line(c, n, now, when))
                        printed++;
                if (!flush(c)) {
                        c->turn = n + 1;
                        return CONSOLE_SOURCES + 1;
                }
        }
        return printed;
}

uint64_t console_drain(struct console *c, uint64_t now)
{
        uint64_t when = CONSOLE_IDLE;

        for (unsigned n = 0; n < CONSOLE_SOURCES; n++) {
                if (c->source[n])
                        __atomic_store_n(&c->source[n]->woken, 0, __ATOMIC_SEQ_CST);
        }
        if (!flush(c))
                return CONSOLE_BLOCKED;
        for (unsigned lines = 0; lines < CONSOLE_TURN_LINES;) {
                unsigned printed = round_robin(c, now, &when);
                if (printed > CONSOLE_SOURCES)
                        return CONSOLE_BLOCKED;
                if (printed == 0)
                        return when;
                lines += printed;
        }
        return now;
}

static void say(struct console *c, const char *text)
{
        out_text(c, text, CONSOLE_OUT_SIZE);
}

static void say_focus(struct console *c)
{
        say(c, "\r\n[console] input goes to ");
        out_text(c, c->source[c->focus]->name, CONSOLE_NAME_MAX);
        say(c, c->raw ? ", which has the screen alone\r\n" : "\r\n");
        c->open = NOBODY;
}

static void say_help(struct console *c)
{
        say(c, "\r\n[console] Ctrl-] and then: ");
        for (unsigned n = 0; n < CONSOLE_VMS; n++) {
                if (!c->source[n])
                        continue;
                out_number(c, n);
                out_byte(c, ' ');
                out_text(c, c->source[n]->name, CONSOLE_NAME_MAX);
                say(c, n == c->focus ? " (has the input), " : ", ");
        }
        say(c, "o only that one's output or all, i how all are, ? this help, Ctrl-] the key "
               "itself\r\n");
        c->open = NOBODY;
}

static void deliver(struct console *c, uint8_t byte)
{
        if (c->focus < CONSOLE_VMS && c->source[c->focus])
                c->ops->receive(c->ctx, c->focus, &byte, 1);
}

static void command(struct console *c, uint8_t key)
{
        if (key == CONSOLE_KEY) {
                deliver(c, key);
        } else if (key == '?') {
                say_help(c);
        } else if (key == 'i') {
                c->ops->inform(c->ctx);
        } else if (key == 'o' && c->source[c->focus]) {
                c->raw = !c->raw;
                say_focus(c);
        } else if (key >= '0' && key < '0' + CONSOLE_VMS && c->source[key - '0']) {
                c->focus = key - '0';
                say_focus(c);
        } else {
                say(c, "\r\n[console] no such key or VM; Ctrl-] ? helps\r\n");
                c->open = NOBODY;
        }
}

void console_typed(struct console *c, uint8_t byte)
{
        if (c->command) {
                c->command = false;
                command(c, byte);
        } else if (byte == CONSOLE_KEY) {
                c->command = true;
        } else {
                deliver(c, byte);
        }
}
