/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/agent_line.h"

#include <stdbool.h>
#include <string.h>

#define TOKEN_DIGITS 16
#define BEATS_WORDS  7

struct text {
        const char *at;
        size_t length;
};

/* Takes the next word, up to a blank. Words are separated by one blank; an empty one is none. */
static bool next_word(struct text *line, struct text *word)
{
        const char *blank = line->length > 0 ? memchr(line->at, ' ', line->length) : NULL;

        word->at = line->at;
        word->length = blank != NULL ? (size_t)(blank - line->at) : line->length;
        size_t taken = word->length + (blank != NULL ? 1 : 0);
        line->at += taken;
        line->length -= taken;
        return word->length > 0 && (blank == NULL || line->length > 0);
}

static bool is(const struct text *word, const char *name)
{
        return strlen(name) == word->length && memcmp(word->at, name, word->length) == 0;
}

static bool parse_number(const struct text *word, uint64_t *value)
{
        uint64_t v = 0;

        for (size_t i = 0; i < word->length; i++) {
                uint64_t digit = (uint64_t)(unsigned char)word->at[i] - '0';
                if (digit > 9 || v > (UINT64_MAX - digit) / 10) {
                        return false;
                }
                v = v * 10 + digit;
        }
        *value = v;
        return word->length > 0;
}

static bool parse_token(const struct text *word, uint64_t *token)
{
        uint64_t v = 0;

        if (word->length != TOKEN_DIGITS) {
                return false;
        }
        for (size_t i = 0; i < TOKEN_DIGITS; i++) {
                char c = word->at[i];
                if (c >= '0' && c <= '9') {
                        v = v << 4 | (uint64_t)(c - '0');
                } else if (c >= 'a' && c <= 'f') {
                        v = v << 4 | (uint64_t)(c - 'a' + 10);
                } else {
                        return false;
                }
        }
        *token = v;
        return true;
}

/* It is quoted in events, so nothing in it may end a text or a line. */
static bool is_printable(const struct text *word)
{
        for (size_t i = 0; i < word->length; i++) {
                if (word->at[i] <= ' ' || word->at[i] > '~') {
                        return false;
                }
        }
        return true;
}

static enum agent_kind parse_hello(struct text *line, struct agent_message *m)
{
        struct text word;

        if (!next_word(line, &word) || line->length > 0 || word.length > AGENT_RELEASE_MAX ||
            !is_printable(&word)) {
                return AGENT_UNKNOWN;
        }
        memcpy(m->release, word.at, word.length);
        m->release[word.length] = '\0';
        return AGENT_HELLO;
}

static enum agent_kind parse_confirm(struct text *line, struct agent_message *m)
{
        struct text word;

        return next_word(line, &word) && line->length == 0 && parse_token(&word, &m->token)
                       ? AGENT_CONFIRM
                       : AGENT_UNKNOWN;
}

static enum agent_kind parse_beats(struct text *line, struct agent_message *m)
{
        uint64_t *const fields[BEATS_WORDS] = {
                &m->beats.count,   &m->beats.lost,    &m->beats.worst_us, &m->beats.late[0],
                &m->beats.late[1], &m->beats.late[2], &m->beats.late[3],
        };
        struct text word;

        for (size_t i = 0; i < BEATS_WORDS; i++) {
                if (!next_word(line, &word) || !parse_number(&word, fields[i])) {
                        return AGENT_UNKNOWN;
                }
        }
        return line->length == 0 ? AGENT_BEATS : AGENT_UNKNOWN;
}

static enum agent_kind alone(const struct text *line, enum agent_kind kind)
{
        return line->length == 0 ? kind : AGENT_UNKNOWN;
}

enum agent_kind agent_parse(const char *line, size_t length, struct agent_message *message)
{
        struct text rest = {line, length};
        struct text word;

        memset(message, 0, sizeof(*message));
        message->kind = AGENT_UNKNOWN;
        if (!next_word(&rest, &word)) {
                return message->kind;
        }
        if (is(&word, "alive")) {
                message->kind = alone(&rest, AGENT_ALIVE);
        } else if (is(&word, "ready")) {
                message->kind = alone(&rest, AGENT_READY);
        } else if (is(&word, "later")) {
                message->kind = alone(&rest, AGENT_LATER);
        } else if (is(&word, "hello")) {
                message->kind = parse_hello(&rest, message);
        } else if (is(&word, "confirm")) {
                message->kind = parse_confirm(&rest, message);
        } else if (is(&word, "beats")) {
                message->kind = parse_beats(&rest, message);
        }
        return message->kind;
}

enum agent_kind agent_feed(struct agent_rx *rx, char byte, struct agent_message *message)
{
        enum agent_kind kind = AGENT_NONE;

        if (byte == '\r') {
                return AGENT_NONE;
        }
        if (byte != '\n') {
                if (rx->length < AGENT_LINE_MAX) {
                        rx->line[rx->length++] = byte;
                } else {
                        rx->length = AGENT_LINE_MAX + 1;
                }
                return AGENT_NONE;
        }
        if (rx->length > AGENT_LINE_MAX) {
                message->kind = kind = AGENT_UNKNOWN;
        } else if (rx->length > 0) {
                kind = agent_parse(rx->line, rx->length, message);
        }
        rx->length = 0;
        return kind;
}
