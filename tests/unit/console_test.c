// SPDX-License-Identifier: Apache-2.0
/* The console multiplexer: lines, prompts, floods, keys. Time is a number here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/vdev/console.h"

#define MS 10u /* ticks */

static struct console console;
static struct console_source source[CONSOLE_SOURCES];
static char wire[200000];
static size_t wire_size;
static size_t room;
static unsigned wakes[2];
static char typed[CONSOLE_VMS][64];
static unsigned informed;

static size_t send(void *ctx, const uint8_t *bytes, size_t size)
{
        (void)ctx;
        if (size > room)
                size = room;
        assert_true(wire_size + size < sizeof(wire));
        memcpy(wire + wire_size, bytes, size);
        wire_size += size;
        room -= size;
        return size;
}

static void wake(void *ctx, bool at_once)
{
        (void)ctx;
        wakes[at_once]++;
}

static size_t receive(void *ctx, unsigned number, const uint8_t *bytes, size_t size)
{
        (void)ctx;
        strncat(typed[number], (const char *)bytes, size);
        return size;
}

static void inform(void *ctx)
{
        (void)ctx;
        informed++;
}

static const struct console_ops ops = {
        .send = send, .wake = wake, .receive = receive, .inform = inform};

static int setup(void **state)
{
        (void)state;
        memset(&source, 0, sizeof(source));
        memset(typed, 0, sizeof(typed));
        memset(wire, 0, sizeof(wire));
        memset(wakes, 0, sizeof(wakes));
        wire_size = 0;
        informed = 0;
        room = SIZE_MAX;
        console_init(&console, &ops, NULL, MS);
        console_add(&console, 0, &source[0], "update");
        console_add(&console, 2, &source[2], "personal");
        console_add(&console, CONSOLE_HV, &source[CONSOLE_HV], "hv");
        return 0;
}

static void say(unsigned n, const char *text)
{
        console_put(&source[n], (const uint8_t *)text, strlen(text));
}

/* What is on the wire since the last look. */
static void expect(const char *text)
{
        wire[wire_size] = 0;
        assert_string_equal(wire, text);
        wire_size = 0;
}

static void whole_lines_come_out_with_a_prefix(void **state)
{
        (void)state;
        say(2, "one\r\ntw");
        say(0, "three\n");
        say(2, "o\n\n");
        say(CONSOLE_HV, "four\n");
        assert_true(console_drain(&console, 0) == CONSOLE_IDLE);
        expect("[update] three\r\n[personal] one\r\n[hv] four\r\n[personal] two\r\n[personal] "
               "\r\n");
}

static void an_unfinished_line_waits_and_then_shows(void **state)
{
        uint64_t due = CONSOLE_PARTIAL_MS * MS;

        (void)state;
        say(2, "login: ");
        assert_int_equal(console_drain(&console, 100), 100 + due);
        expect("");
        assert_int_equal(console_drain(&console, 99 + due), 100 + due);
        assert_true(console_drain(&console, 100 + due) == CONSOLE_IDLE);
        expect("[personal] login: ");
        say(2, "root"); /* goes on in place, at once */
        console_drain(&console, 101 + due);
        expect("root");
        say(0, "hello\n");
        console_drain(&console, 102 + due);
        expect("\r\n[update] hello\r\n");
        say(2, "\nmotd\n"); /* the line that was broken is named again */
        console_drain(&console, 103 + due);
        expect("[personal] \r\n[personal] motd\r\n");
}

static void no_source_can_speak_for_another(void **state)
{
        (void)state;
        say(2, "a\r[hv] b\x1b[2K\x1b[1;31mred\x1b[0m\x1b"
               "Mup\b\x7f\x07\ttab\n");
        console_drain(&console, 0);
        expect("[personal] a[hv] bredup\ttab\r\n");
        say(2, "\x1b");
        console_drain(&console, 1);
        console_drain(&console, 1 + CONSOLE_PARTIAL_MS * MS);
        say(2, "[31mx\n"); /* a sequence in two pieces */
        console_drain(&console, 2 + CONSOLE_PARTIAL_MS * MS);
        expect("[personal] x\r\n");
        for (unsigned i = 0; i < 3 * CONSOLE_LINE_MAX; i++)
                say(2, "w");
        console_drain(&console, 10000); /* a line that is broken */
        say(0, "mine\n");
        console_drain(&console, 10001);
        say(2, "w\n");
        console_drain(&console, 10002);
        assert_non_null(strstr(wire, "w\r\n[update] mine\r\n[personal] w\r\n"));
        wire_size = 0;
}

static void a_flood_is_dropped_counted_and_told(void **state)
{
        (void)state;
        for (unsigned i = 0; i < CONSOLE_RING_SIZE / 8 + 100; i++)
                say(2, "1234567\n");
        assert_int_equal(source[2].dropped, 800);
        assert_int_equal(wakes[0], 1);
        assert_int_equal(wakes[1], 1);
        say(0, "alive\n");
        assert_int_equal(console_drain(&console, 5), 5); /* a bounded turn, then more at once */
        assert_non_null(strstr(wire, "[update] alive\r\n"));
        assert_true(wire_size < (CONSOLE_TURN_LINES + CONSOLE_SOURCES) * 30);
        for (unsigned i = 0; i < 1000 && console_drain(&console, 5) == 5; i++)
                ;
        assert_non_null(strstr(wire, "[personal] (800 bytes of console output were lost)\r\n"));
}

static void a_full_wire_loses_nothing(void **state)
{
        (void)state;
        room = 5;
        say(2, "personal line\n");
        say(0, "update line\n");
        assert_true(console_drain(&console, 0) == CONSOLE_BLOCKED);
        for (unsigned i = 0; i < 40; i++) {
                room = 3;
                console_drain(&console, 0);
        }
        expect("[update] update line\r\n[personal] personal line\r\n");
}

static void wakes_are_few(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 100; i++)
                say(2, "x\n");
        assert_int_equal(wakes[0], 1);
        while (console_drain(&console, 0) != CONSOLE_IDLE)
                ;
        say(2, "y");
        assert_int_equal(wakes[0], 2);
        assert_int_equal(wakes[1], 0);
}

static void keys(const char *text)
{
        for (; *text; text++)
                console_typed(&console, (uint8_t)*text);
}

static void typed_bytes_go_where_the_focus_is(void **state)
{
        (void)state;
        keys("up");
        keys("\x1d"
             "2ls\n");
        assert_string_equal(typed[0], "up");
        assert_string_equal(typed[2], "ls\n");
        console_drain(&console, 0);
        expect("\r\n[console] input goes to personal\r\n");
        keys("\x1d"
             "5");        /* no such VM */
        keys("\x1d\x1d"); /* the key itself */
        assert_string_equal(typed[2], "ls\n\x1d");
        console_drain(&console, 0);
        expect("\r\n[console] no such key or VM; Ctrl-] ? helps\r\n");
        keys("\x1d?");
        console_drain(&console, 0);
        wire[wire_size] = 0;
        assert_non_null(strstr(wire, "0 update, 2 personal (has the input), "));
        keys("i\x1di");
        assert_int_equal(informed, 1);
        assert_string_equal(typed[2], "ls\n\x1di");
}

static void focus_mode_shows_one_guest_raw(void **state)
{
        (void)state;
        keys("\x1d"
             "2\x1do");
        console_drain(&console, 0);
        wire_size = 0;
        say(0, "unseen\n");
        say(CONSOLE_HV, "unseen\n");
        say(2, "\x1b[2Jraw\b ~ # ");
        console_drain(&console, 1);
        expect("\x1b[2Jraw\b ~ # ");
        keys("\x1do");
        say(0, "seen\n");
        while (console_drain(&console, 1) != CONSOLE_IDLE)
                ;
        expect("\r\n[console] input goes to personal\r\n[update] seen\r\n");
}

static void announcements_cannot_overrun(void **state)
{
        (void)state;
        room = 0;
        for (unsigned i = 0; i < 100; i++)
                keys("\x1d?");
        room = SIZE_MAX;
        console_drain(&console, 0);
        assert_int_equal(wire_size, CONSOLE_OUT_SIZE);
        say(0, "fine\n");
        wire_size = 0;
        console_drain(&console, 0);
        expect("[update] fine\r\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(whole_lines_come_out_with_a_prefix, setup),
                cmocka_unit_test_setup(an_unfinished_line_waits_and_then_shows, setup),
                cmocka_unit_test_setup(no_source_can_speak_for_another, setup),
                cmocka_unit_test_setup(a_flood_is_dropped_counted_and_told, setup),
                cmocka_unit_test_setup(a_full_wire_loses_nothing, setup),
                cmocka_unit_test_setup(wakes_are_few, setup),
                cmocka_unit_test_setup(typed_bytes_go_where_the_focus_is, setup),
                cmocka_unit_test_setup(focus_mode_shows_one_guest_raw, setup),
                cmocka_unit_test_setup(announcements_cannot_overrun, setup),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
