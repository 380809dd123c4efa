/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's serial line, taken apart: lines "[name] text", and events in those of update. */
#ifndef TOOLS_RUN_LINE_H
#define TOOLS_RUN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_MAX_BYTES = 512, EVENT_FIELDS_MAX = 24 };

/* Collects bytes; a line that is longer is cut. */
struct line_reader {
        char text[LINE_MAX_BYTES];
        size_t length;
};

/* Takes one byte; true when it ended a line, which stands in r->text until the next call, without
 * its end and terminated. */
bool line_feed(struct line_reader *r, char byte);

/* "event <number> <name> <field>=<value> ... t=<ticks>" (docs/events.md). Points into a buffer of
 * its own. */
struct event {
        unsigned number;
        const char *name;
        const char *guest; /* "-": concerns none */
        uint32_t count;
        struct {
                const char *name, *value;
        } field[EVENT_FIELDS_MAX];
        char text[LINE_MAX_BYTES];
};

/* False when the line is no event of the update partition. */
bool event_parse(struct event *e, const char *line);

/* The field's value; NULL when there is none of this name. */
const char *event_value(const struct event *e, const char *field);
/* The same as a number; 0 when it is missing or no number. */
uint64_t event_number(const struct event *e, const char *field);

#endif
