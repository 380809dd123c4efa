/* SPDX-License-Identifier: Apache-2.0 */
/* The agent protocol's lines (docs/agent-protocol.md): bytes to lines, lines to messages. */
#ifndef UPDATER_AGENT_LINE_H
#define UPDATER_AGENT_LINE_H

#include <stddef.h>
#include <stdint.h>

#define AGENT_LINE_MAX    120
#define AGENT_RELEASE_MAX 64

enum agent_kind {
        AGENT_NONE = 0, /* no line is complete yet */
        AGENT_HELLO,
        AGENT_ALIVE,
        AGENT_CONFIRM,
        AGENT_READY,
        AGENT_LATER,
        AGENT_BEATS,
        AGENT_UNKNOWN /* too long, or nothing that the protocol knows */
};

struct agent_beats {
        uint64_t count, lost, worst_us;
        uint64_t late[4]; /* less than 1, 10, 50, 250 ms late */
};

struct agent_message {
        enum agent_kind kind;
        union {
                char release[AGENT_RELEASE_MAX + 1]; /* AGENT_HELLO */
                uint64_t token;                      /* AGENT_CONFIRM */
                struct agent_beats beats;            /* AGENT_BEATS */
        };
};

/* The line that a guest is writing; all zero at the start. */
struct agent_rx {
        uint32_t length; /* AGENT_LINE_MAX + 1: too long, skipping to its end */
        char line[AGENT_LINE_MAX];
};

/* Takes one byte; *message is set when it ended a line. */
enum agent_kind agent_feed(struct agent_rx *rx, char byte, struct agent_message *message);

/* One line without its end. */
enum agent_kind agent_parse(const char *line, size_t length, struct agent_message *message);

#endif
