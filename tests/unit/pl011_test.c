// SPDX-License-Identifier: Apache-2.0
/* The emulated PL011 as Linux's driver, U-Boot and earlycon use it, and the agent channel on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/vdev/agent.h"
#include "hv/vdev/vpl011.h"

#define DR   0x00
#define FR   0x18
#define IBRD 0x24
#define FBRD 0x28
#define LCRH 0x2c
#define CR   0x30
#define IFLS 0x34
#define IMSC 0x38
#define RIS  0x3c
#define MIS  0x40
#define ICR  0x44
#define ID   0xfe0

#define RXFE 0x10
#define TXFF 0x20
#define RXFF 0x40
#define TXFE 0x80
#define RX   0x10
#define TX   0x20
#define RT   0x40

static struct vpl011 uart;
static char sent[64];
static size_t sent_size;
static bool line;
static unsigned edges;

static void transmit(void *ctx, uint8_t byte)
{
        assert_ptr_equal(ctx, &uart);
        sent[sent_size++] = (char)byte;
}

static void set_irq(void *ctx, bool level)
{
        (void)ctx;
        assert_int_not_equal(line, level);
        line = level;
        edges++;
}

static const struct vpl011_ops ops = {.transmit = transmit, .set_irq = set_irq};

static int setup(void **state)
{
        (void)state;
        memset(sent, 0, sizeof(sent));
        sent_size = 0;
        line = false;
        edges = 0;
        vpl011_init(&uart, &ops, &uart);
        return 0;
}

static uint32_t get(unsigned reg)
{
        uint64_t v;
        assert_int_equal(vpl011_mmio.read(&uart, 0, reg, 4, &v), MMIO_DONE);
        return (uint32_t)v;
}

static void put(unsigned reg, uint32_t v)
{
        assert_true(vpl011_mmio.write(&uart, 0, reg, 4, v));
}

static size_t type(const char *text)
{
        return vpl011_receive(&uart, (const uint8_t *)text, strlen(text));
}

/* What Linux's driver writes when a port is opened. */
static void open_port(void)
{
        put(ICR, 0x7ff);
        put(IFLS, 2 << 3 | 2);
        put(LCRH, 0x70);
        put(CR, 0x301);
        put(IMSC, RX | RT);
}

static void a_write_is_sent_at_once_and_never_waits(void **state)
{
        (void)state;
        assert_int_equal(get(FR), TXFE | RXFE);
        for (unsigned i = 0; i < 26; i++) {
                put(DR, 'a' + i);
                assert_int_equal(get(FR) & (TXFE | TXFF), TXFE);
        }
        assert_true(vpl011_mmio.write(&uart, 0, DR, 1, 'Z')); /* earlycon writes bytes */
        assert_string_equal(sent, "abcdefghijklmnopqrstuvwxyzZ");
        assert_int_equal(edges, 0);
}

static void the_transmit_interrupt_works_as_linux_expects(void **state)
{
        (void)state;
        open_port();
        put(IMSC, RX | RT | TX);
        assert_false(line); /* nothing was sent yet: no transition */
        put(DR, 'x');
        assert_true(line);
        assert_int_equal(get(MIS), TX);
        put(ICR, TX);
        assert_false(line);
        put(DR, 'y');
        assert_true(line);
        put(IMSC, RX | RT);
        assert_false(line);
        assert_int_equal(get(RIS), TX);
}

static void received_bytes_raise_the_line_until_they_are_read(void **state)
{
        (void)state;
        open_port();
        assert_int_equal(type("ls\n"), 3);
        assert_true(line);
        assert_int_equal(get(MIS), RT); /* below the trigger: the timeout */
        assert_int_equal(get(FR) & RXFE, 0);
        assert_int_equal(get(DR), 'l');
        assert_int_equal(get(DR), 's');
        assert_true(line);
        assert_int_equal(get(DR), '\n');
        assert_false(line);
        assert_int_equal(get(FR) & RXFE, RXFE);
        assert_int_equal(get(DR), 0);
        type("12345678");
        assert_int_equal(get(MIS), RX | RT); /* half full */
        put(ICR, RX | RT);
        assert_false(line);
        type("9"); /* the next byte raises it again */
        assert_int_equal(get(MIS), RX | RT);
        get(DR);
        get(DR);
        assert_int_equal(get(MIS), RT);
}

static void without_fifos_every_byte_counts(void **state)
{
        (void)state;
        put(IMSC, RX);
        type("ab");
        assert_true(line);
        assert_int_equal(get(FR) & RXFF, RXFF);
        get(DR);
        assert_true(line);
        get(DR);
        assert_false(line);
}

static void more_than_a_fifo_waits_behind_it(void **state)
{
        uint8_t bytes[300];

        (void)state;
        open_port();
        for (unsigned i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)i;
        assert_int_equal(vpl011_receive(&uart, bytes, sizeof(bytes)), VPL011_RX_SIZE);
        assert_int_equal(vpl011_receive(&uart, bytes, 1), 0);
        assert_int_equal(get(FR) & RXFF, RXFF);
        for (unsigned i = 0; i < VPL011_RX_SIZE; i++)
                assert_int_equal(get(DR), (uint8_t)i);
        assert_false(line);
        assert_int_equal(type("again"), 5);
}

static void a_port_that_is_opened_late_is_not_stuck(void **state)
{
        char typed[VPL011_RX_SIZE + 1];
        unsigned left = VPL011_RX_SIZE;

        (void)state;
        memset(typed, 'k', VPL011_RX_SIZE);
        typed[VPL011_RX_SIZE] = 0;
        assert_int_equal(type(typed), VPL011_RX_SIZE); /* nobody listens yet */
        put(LCRH, 0x70);
        put(ICR, 0x7ff);
        for (unsigned i = 0; i < 32; i++, left--) /* Linux: twice the FIFO */
                assert_int_equal(get(DR), 'k');
        put(IMSC, RX | RT);
        assert_true(line);
        while (get(FR) != (TXFE | RXFE)) {
                assert_int_equal(get(DR), 'k');
                left--;
        }
        assert_int_equal(left, 0);
        assert_false(line);

        type(typed); /* full, and the interrupts are cleared without a read */
        put(ICR, 0x7ff);
        assert_false(line);
        assert_int_equal(type("x"), 0);
        assert_true(line);
}

static void registers_read_back_what_they_hold(void **state)
{
        static const uint8_t id[] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

        (void)state;
        for (unsigned i = 0; i < 8; i++)
                assert_int_equal(get(ID + 4 * i), id[i]);
        put(IBRD, 0x1000d);
        put(FBRD, 0x41);
        put(LCRH, 0x170);
        put(IFLS, 0xff);
        put(IMSC, 0xffff);
        assert_int_equal(get(IBRD), 0x0d);
        assert_int_equal(get(FBRD), 0x01);
        assert_int_equal(get(LCRH), 0x70);
        assert_int_equal(get(IFLS), 0x3f);
        assert_int_equal(get(IMSC), 0x7ff);
        assert_int_equal(get(0x48), 0);
        put(0x48, 7);
        put(0x800, 7);
        assert_int_equal(get(0x48), 0);
        assert_int_equal(get(0x800), 0);

        uint64_t v;
        assert_int_equal(vpl011_mmio.read(&uart, 0, LCRH, 1, &v), MMIO_DONE);
        assert_int_equal(v, 0x70);
        assert_int_equal(vpl011_mmio.read(&uart, 0, IMSC + 1, 1, &v), MMIO_DONE);
        assert_int_equal(v, 7);
        assert_true(vpl011_mmio.write(&uart, 0, LCRH + 1, 1, 0xff));
        assert_int_equal(get(LCRH), 0x70);
}

static void a_reset_forgets_everything(void **state)
{
        (void)state;
        open_port();
        type("leftover");
        assert_true(line);
        vpl011_reset(&uart);
        assert_false(line);
        assert_int_equal(get(FR), TXFE | RXFE);
        assert_int_equal(get(IMSC), 0);
        assert_int_equal(get(CR), 0x300);
        assert_int_equal(get(RIS), 0);
}

static unsigned told;

static void agent_wrote(void *ctx)
{
        (void)ctx;
        told++;
}

static void agent_irq(void *ctx, bool level)
{
        (void)ctx;
        line = level;
}

static const struct agent_ops agent_ops = {.wrote = agent_wrote, .set_irq = agent_irq};

static void say(struct agent *a, const char *text)
{
        for (; *text; text++)
                assert_true(vpl011_mmio.write(&a->uart, 0, DR, 4, (uint8_t)*text));
}

static void an_agents_lines_reach_update(void **state)
{
        static struct agent a;
        uint8_t buf[2000];

        (void)state;
        told = 0;
        agent_init(&a, &agent_ops, NULL);
        say(&a, "hel");
        assert_int_equal(told, 0); /* not a line yet */
        say(&a, "lo 6.1\nalive\n");
        assert_int_equal(told, 1); /* once until it is read */
        assert_int_equal(agent_read(&a, buf, 4), 4);
        assert_memory_equal(buf, "hell", 4);
        say(&a, "alive\n");
        assert_int_equal(told, 2);
        assert_int_equal(agent_read(&a, buf, sizeof(buf)), 18);
        assert_memory_equal(buf, "o 6.1\nalive\nalive\n", 18);
        assert_int_equal(agent_read(&a, buf, sizeof(buf)), 0);

        /* A flood without lines is told of, cut off and counted. */
        for (unsigned i = 0; i < AGENT_RING_SIZE + 100; i++)
                say(&a, "x");
        assert_int_equal(told, 3);
        assert_int_equal(a.dropped, 100);
        assert_int_equal(agent_read(&a, buf, sizeof(buf)), AGENT_RING_SIZE);

        assert_int_equal(agent_write(&a, (const uint8_t *)"confirmed\n", 10), 10);
        memset(buf, 'y', sizeof(buf));
        assert_int_equal(agent_write(&a, buf, sizeof(buf)), VPL011_RX_SIZE - 10);
        assert_int_equal(agent_write(&a, buf, 1), 0);

        say(&a, "unfini");
        agent_reset(&a);
        say(&a, "hello\n");
        assert_int_equal(agent_read(&a, buf, sizeof(buf)), 13);
        assert_memory_equal(buf, "unfini\nhello\n", 13);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_write_is_sent_at_once_and_never_waits, setup),
                cmocka_unit_test_setup(the_transmit_interrupt_works_as_linux_expects, setup),
                cmocka_unit_test_setup(received_bytes_raise_the_line_until_they_are_read, setup),
                cmocka_unit_test_setup(without_fifos_every_byte_counts, setup),
                cmocka_unit_test_setup(more_than_a_fifo_waits_behind_it, setup),
                cmocka_unit_test_setup(a_port_that_is_opened_late_is_not_stuck, setup),
                cmocka_unit_test_setup(registers_read_back_what_they_hold, setup),
                cmocka_unit_test_setup(a_reset_forgets_everything, setup),
                cmocka_unit_test_setup(an_agents_lines_reach_update, setup),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
