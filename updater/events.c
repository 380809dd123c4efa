/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/events.h"

#include <stdbool.h>
#include <string.h>

#define TIME_ROOM (sizeof(" t=18446744073709551615") - 1)
#define DIGITS    20

const char *event_name(enum event_number number)
{
        switch (number) {
#define EVENT_NAME(n, name, text) \
        case EVENT_##name:        \
                return text;
                SG_UPDATE_EVENTS(EVENT_NAME)
#undef EVENT_NAME
        }
        return "unknown";
}

/* The field as a whole or not at all; `limit` is where the line must end. */
static void put_field(struct event_line *l, const char *field, const char *value, size_t limit)
{
        size_t name = strlen(field);
        size_t size = strlen(value);

        if (l->length + 2 + name + size > limit) {
                return;
        }
        l->text[l->length++] = ' ';
        memcpy(l->text + l->length, field, name);
        l->length += name;
        l->text[l->length++] = '=';
        for (const char *v = value; *v != '\0'; v++) {
                l->text[l->length++] = *v > ' ' && *v <= '~' ? *v : '_';
        }
        l->text[l->length] = '\0';
}

static const char *format(char text[DIGITS + 2], uint64_t value, bool negative)
{
        char *p = text + DIGITS + 1;

        *p = '\0';
        do {
                *--p = (char)('0' + value % 10);
                value /= 10;
        } while (value != 0);
        if (negative) {
                *--p = '-';
        }
        return p;
}

static void put_text(struct event_line *l, const char *text)
{
        size_t size = strlen(text);

        memcpy(l->text + l->length, text, size + 1);
        l->length += size;
}

void event_begin(struct event_line *l, enum event_number number, const char *guest)
{
        char digits[DIGITS + 2];

        l->length = 0;
        put_text(l, "event ");
        put_text(l, format(digits, (uint64_t)number, false));
        put_text(l, " ");
        put_text(l, event_name(number));
        event_text(l, "guest", guest != NULL ? guest : "-");
}

void event_u64(struct event_line *l, const char *field, uint64_t value)
{
        char digits[DIGITS + 2];

        event_text(l, field, format(digits, value, false));
}

void event_i64(struct event_line *l, const char *field, int64_t value)
{
        char digits[DIGITS + 2];
        bool negative = value < 0;

        event_text(l, field,
                   format(digits, negative ? 0 - (uint64_t)value : (uint64_t)value, negative));
}

void event_text(struct event_line *l, const char *field, const char *value)
{
        put_field(l, field, value, EVENT_LINE_MAX - TIME_ROOM);
}

void event_end(struct event_line *l, uint64_t ticks)
{
        char digits[DIGITS + 2];

        put_field(l, "t", format(digits, ticks, false), EVENT_LINE_MAX);
}
