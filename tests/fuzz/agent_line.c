// SPDX-License-Identifier: Apache-2.0
/* What a guest may write on its agent channel, and the events that quote it. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "updater/agent_line.h"
#include "updater/events.h"

/* A guest's words in a line of `update`'s: nothing of them may end it or look like another field.
 */
static void require_quoted(const char *said)
{
        struct event_line line;

        event_begin(&line, EVENT_AGENT_HELLO, "personal");
        event_text(&line, "release", said);
        event_end(&line, 1);
        FUZZ_REQUIRE(line.length <= EVENT_LINE_MAX && strlen(line.text) == line.length);
        for (size_t i = 0; i < line.length; i++)
                FUZZ_REQUIRE(line.text[i] >= ' ' && line.text[i] < 0x7f);
        FUZZ_REQUIRE(strstr(line.text, " t=1"));
}

static void require_message(enum agent_kind kind, const struct agent_message *m)
{
        FUZZ_REQUIRE(kind == m->kind && kind > AGENT_NONE && kind <= AGENT_UNKNOWN);
        if (kind != AGENT_HELLO)
                return;
        size_t length = strnlen(m->release, sizeof(m->release));
        FUZZ_REQUIRE(length > 0 && length <= AGENT_RELEASE_MAX && !strchr(m->release, ' '));
        require_quoted(m->release);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct agent_rx rx = {0};
        struct agent_message m;

        for (size_t i = 0; i < size; i++) {
                enum agent_kind kind = agent_feed(&rx, (char)data[i], &m);
                FUZZ_REQUIRE(rx.length <= AGENT_LINE_MAX + 1);
                if (kind != AGENT_NONE)
                        require_message(kind, &m);
        }
        require_message(agent_parse((const char *)data, size, &m), &m);
        return 0;
}
