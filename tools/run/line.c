/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run/line.h"

#include <stdlib.h>
#include <string.h>

#define EVENT_PREFIX "[update] event "

bool line_feed(struct line_reader *r, char byte)
{
        if (byte == '\n') {
                if (r->length > 0 && r->text[r->length - 1] == '\r') {
                        r->length--;
                }
                r->text[r->length] = '\0';
                r->length = 0;
                return true;
        }
        if (r->length < sizeof(r->text) - 1) {
                r->text[r->length++] = byte;
        }
        return false;
}

static void add_field(struct event *e, char *word)
{
        char *equals = strchr(word, '=');

        if (equals == NULL || e->count == EVENT_FIELDS_MAX) {
                return;
        }
        *equals = '\0';
        e->field[e->count].name = word;
        e->field[e->count].value = equals + 1;
        e->count++;
}

bool event_parse(struct event *e, const char *line)
{
        char *rest = NULL;

        if (strncmp(line, EVENT_PREFIX, sizeof(EVENT_PREFIX) - 1) != 0) {
                return false;
        }
        e->count = 0;
        strncpy(e->text, line + sizeof(EVENT_PREFIX) - 1, sizeof(e->text) - 1);
        e->text[sizeof(e->text) - 1] = '\0';

        const char *number = strtok_r(e->text, " ", &rest);

        e->name = strtok_r(NULL, " ", &rest);
        if (number == NULL || e->name == NULL) {
                return false;
        }
        e->number = (unsigned)strtoul(number, NULL, 10);
        for (char *word; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
                add_field(e, word);
        }
        e->guest = event_value(e, "guest");
        return e->number != 0 && e->guest != NULL;
}

const char *event_value(const struct event *e, const char *field)
{
        for (uint32_t i = 0; i < e->count; i++) {
                if (strcmp(e->field[i].name, field) == 0) {
                        return e->field[i].value;
                }
        }
        return NULL;
}

uint64_t event_number(const struct event *e, const char *field)
{
        const char *value = event_value(e, field);

        return value != NULL ? strtoull(value, NULL, 10) : 0;
}
