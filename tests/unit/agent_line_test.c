/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the agent protocol, and of events. */
#include "updater/agent_line.h"
#include "updater/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct agent_message message;

static enum agent_kind parse(const char *line)
{
        return agent_parse(line, strlen(line), &message);
}

static void takes_every_message(void **state)
{
        (void)state;
        assert_int_equal(parse("hello 6.1.0-55-cloud-arm64"), AGENT_HELLO);
        assert_string_equal(message.release, "6.1.0-55-cloud-arm64");
        assert_int_equal(parse("alive"), AGENT_ALIVE);
        assert_int_equal(parse("ready"), AGENT_READY);
        assert_int_equal(parse("later"), AGENT_LATER);
        assert_int_equal(parse("confirm 00ff12345678abcd"), AGENT_CONFIRM);
        assert_true(message.token == 0x00ff12345678abcdu);
        assert_int_equal(parse("beats 1000 2 330 4 5 6 18446744073709551615"), AGENT_BEATS);
        assert_int_equal(message.beats.count, 1000);
        assert_int_equal(message.beats.worst_us, 330);
        assert_true(message.beats.late[3] == UINT64_MAX);
}

static void the_rest_is_unknown(void **state)
{
        static const char *const lines[] = {
                "",
                " ",
                "alive ",
                " alive",
                "alive now",
                "Ready",
                "readyy",
                "read",
                "hello",
                "hello ",
                "hello a b",
                "hello  a",
                "hello 6.1\t",
                "hello 6.1\xc3\xa9",
                "hello \x7f",
                "confirm",
                "confirm 00ff12345678abc",
                "confirm 00ff12345678abcd1",
                "confirm 00FF12345678ABCD",
                "confirm 00ff12345678abcg",
                "confirm 00ff12345678abcd x",
                "confirm 00ff12345678abcd ",
                "confirm 00ff12345678abc/",
                "beats 1 2 3 4 5 6",
                "beats 1 2 3 4 5 6 7 8",
                "beats 1 2 3 4 5 6 -7",
                "beats 1 2 3 4 5 6 18446744073709551616",
                "beats 1 2 3 4 5 6 ",
                "beats 1 2 3 4 5 6 7 ",
                "beats 1 2 x 4 5 6 7",
                "beets 1 2 3 4 5 6 7",
                "reboot now?",
                "hello 12345678901234567890123456789012345678901234567890123456789012345",
        };

        (void)state;
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
                if (parse(lines[i]) != AGENT_UNKNOWN) {
                        fail_msg("taken: '%s'", lines[i]);
                }
        }
}

/* The fuzzer's: a release that begins with NUL was taken, as an empty one. */
static void a_release_holds_no_nul(void **state)
{
        static const char line[] = "hello \0006.1";

        (void)state;
        assert_int_equal(agent_parse(line, sizeof(line) - 1, &message), AGENT_UNKNOWN);
}

/* Feeds a text; counts the messages of one kind. */
static uint32_t feed(struct agent_rx *rx, const char *text, enum agent_kind kind)
{
        uint32_t n = 0;

        for (; *text != '\0'; text++) {
                n += agent_feed(rx, *text, &message) == kind ? 1 : 0;
        }
        return n;
}

static void bytes_become_lines(void **state)
{
        struct agent_rx rx = {0};
        char line[AGENT_LINE_MAX + 2];

        (void)state;
        assert_int_equal(feed(&rx, "ali", AGENT_ALIVE), 0);
        assert_int_equal(feed(&rx, "ve\r\n\n\r\nalive\n", AGENT_ALIVE), 2);
        assert_int_equal(feed(&rx, "alive\nrubbish\nalive\n", AGENT_UNKNOWN), 1);
        memset(line, 'x', sizeof(line));
        line[AGENT_LINE_MAX + 1] = '\0';
        assert_int_equal(feed(&rx, line, AGENT_UNKNOWN), 0);
        assert_int_equal(feed(&rx, line, AGENT_UNKNOWN), 0);
        assert_int_equal(feed(&rx, "\nalive\n", AGENT_UNKNOWN), 1);
        assert_int_equal(rx.length, 0);
        assert_int_equal(feed(&rx, "alive\n", AGENT_ALIVE), 1);
        assert_int_equal(feed(&rx, "\n\r\n", AGENT_NONE), 3);
}

/* It would be a message if what is beyond the longest line were cut off. */
static void a_line_too_long_is_unknown(void **state)
{
        struct agent_rx rx = {0};
        char line[AGENT_LINE_MAX + 2];

        (void)state;
        memset(line, '0', sizeof(line));
        memcpy(line, "beats 1 2 3 4 5 6 ", 18);
        line[AGENT_LINE_MAX] = '\0';
        assert_int_equal(feed(&rx, line, AGENT_NONE), AGENT_LINE_MAX);
        assert_int_equal(feed(&rx, "\n", AGENT_BEATS), 1);
        assert_int_equal(feed(&rx, line, AGENT_NONE), AGENT_LINE_MAX);
        assert_int_equal(feed(&rx, "0\n", AGENT_UNKNOWN), 1);
}

static void events_are_lines(void **state)
{
        struct event_line l;

        (void)state;
        event_begin(&l, EVENT_TARGET_CHOSEN, "personal");
        event_u64(&l, "max", UINT64_MAX);
        event_i64(&l, "min", INT64_MIN);
        event_i64(&l, "five", 5);
        event_text(&l, "text", "two words\n\xff\x7f");
        event_end(&l, 42);
        assert_string_equal(l.text, "event 20 target-chosen guest=personal "
                                    "max=18446744073709551615 min=-9223372036854775808 five=5 "
                                    "text=two_words___ t=42");
}

static void a_field_too_long_is_left_out_whole(void **state)
{
        struct event_line l;
        char value[300];

        (void)state;
        memset(value, 'v', sizeof(value));
        value[299] = '\0';
        event_begin(&l, EVENT_STATE, NULL);
        event_text(&l, "long", value);
        event_text(&l, "short", "s");
        event_end(&l, UINT64_MAX);
        assert_string_equal(l.text, "event 1 state guest=- short=s t=18446744073709551615");
        event_begin(&l, EVENT_STATE, NULL);
        value[EVENT_LINE_MAX - 50] = '\0';
        event_text(&l, "v", value);
        event_end(&l, UINT64_MAX);
        assert_true(strlen(l.text) <= EVENT_LINE_MAX);
        assert_non_null(strstr(l.text, "t=18446744073709551615"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_every_message),
                cmocka_unit_test(the_rest_is_unknown),
                cmocka_unit_test(a_release_holds_no_nul),
                cmocka_unit_test(bytes_become_lines),
                cmocka_unit_test(a_line_too_long_is_unknown),
                cmocka_unit_test(events_are_lines),
                cmocka_unit_test(a_field_too_long_is_left_out_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
