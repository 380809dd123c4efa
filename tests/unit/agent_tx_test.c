/* SPDX-License-Identifier: Apache-2.0 */
/* Lines towards a guest whose FIFO takes what it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "updater/el1/agent_tx.h"

static struct agent_tx tx;
static char received[4096];
static size_t received_length;
static size_t room; /* of the guest's FIFO */

static size_t guest_takes(void *ctx, uint32_t vm, const char *bytes, size_t count)
{
        const size_t taken = count < room ? count : room;

        assert_null(ctx);
        assert_int_equal(vm, 2);
        assert_true(count >= 1 && count <= 40);
        memcpy(received + received_length, bytes, taken);
        received_length += taken;
        room -= taken;
        return taken;
}

static int set_up(void **state)
{
        (void)state;
        agent_tx_init(&tx, 2, guest_takes, NULL);
        memset(received, 0, sizeof(received));
        received_length = 0;
        room = SIZE_MAX;
        return 0;
}

static void a_line_goes_out_with_its_end(void **state)
{
        (void)state;
        assert_int_equal(agent_tx_line(&tx, "reboot now?", 0), SG_OK);
        assert_string_equal(received, "reboot now?\n");
        assert_int_equal(agent_tx_deadline_ms(&tx), UINT64_MAX);
}

static void a_long_line_goes_in_pieces(void **state)
{
        char line[121];

        (void)state;
        memset(line, 'x', 120);
        line[120] = '\0';
        assert_int_equal(agent_tx_line(&tx, line, 0), SG_OK);
        assert_int_equal(received_length, 121);
}

static void what_the_fifo_does_not_take_waits(void **state)
{
        (void)state;
        room = 5;
        assert_int_equal(agent_tx_line(&tx, "confirmed", 1000), SG_OK);
        assert_string_equal(received, "confi");
        assert_int_equal(agent_tx_deadline_ms(&tx), 1000 + AGENT_TX_RETRY_MS);
        room = SIZE_MAX;
        agent_tx_flush(&tx, 1020);
        assert_string_equal(received, "confirmed\n");
        assert_int_equal(agent_tx_deadline_ms(&tx), UINT64_MAX);
}

static void a_guest_that_never_reads_is_asked_ever_less(void **state)
{
        uint64_t now = 0;
        unsigned tries = 0;

        (void)state;
        room = 0;
        agent_tx_line(&tx, "confirmed", now);
        while (now < 60000) {
                now = agent_tx_deadline_ms(&tx);
                agent_tx_flush(&tx, now);
                tries++;
        }
        assert_true(tries < 60);
        assert_true(agent_tx_deadline_ms(&tx) - now <= AGENT_TX_PAUSE_MS);
}

static void lines_are_taken_whole_or_not_at_all(void **state)
{
        char line[101];
        unsigned lines = 0;

        (void)state;
        memset(line, 'y', 100);
        line[100] = '\0';
        room = 0;
        while (agent_tx_line(&tx, line, 0) == SG_OK) {
                lines++;
                assert_true(lines < 10);
        }
        assert_int_equal(lines, AGENT_TX_SIZE / 101);
        assert_int_equal(agent_tx_line(&tx, "a", 0), SG_OK); /* a short one still fits */
        room = SIZE_MAX;
        agent_tx_flush(&tx, 0);
        assert_int_equal(received_length, lines * 101 + 2);
}

static void a_new_guest_does_not_get_the_old_one_s_lines(void **state)
{
        (void)state;
        room = 3;
        agent_tx_line(&tx, "rolled back", 0);
        agent_tx_reset(&tx);
        room = SIZE_MAX;
        agent_tx_line(&tx, "beats?", 0);
        assert_string_equal(received, "rolbeats?\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_line_goes_out_with_its_end, set_up),
                cmocka_unit_test_setup(a_long_line_goes_in_pieces, set_up),
                cmocka_unit_test_setup(what_the_fifo_does_not_take_waits, set_up),
                cmocka_unit_test_setup(a_guest_that_never_reads_is_asked_ever_less, set_up),
                cmocka_unit_test_setup(lines_are_taken_whole_or_not_at_all, set_up),
                cmocka_unit_test_setup(a_new_guest_does_not_get_the_old_one_s_lines, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
