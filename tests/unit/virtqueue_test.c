/* SPDX-License-Identifier: Apache-2.0 */
/* The virtqueue against a device that keeps the rules, and against one that does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "updater/el1/virtqueue.h"

#define DESC_F_NEXT  1u
#define DESC_F_WRITE 2u

static struct virtqueue queue;
static struct vq_memory memory;

/* The device: takes chains from the available ring and gives them back. */
static uint16_t device_seen;

static uint16_t device_pop(void)
{
        assert_int_not_equal(device_seen, memory.available.index);
        return memory.available.ring[device_seen++ % VIRTQUEUE_SIZE];
}

static void device_push(uint32_t id)
{
        memory.used.ring[memory.used.index % VIRTQUEUE_SIZE].id = id;
        memory.used.index++;
}

static unsigned device_chain_length(uint16_t head)
{
        unsigned length = 1;

        while ((memory.descriptors[head].flags & DESC_F_NEXT) != 0) {
                head = memory.descriptors[head].next;
                assert_true(head < VIRTQUEUE_SIZE);
                length++;
                assert_true(length <= VIRTQUEUE_SIZE);
        }
        return length;
}

static int set_up(void **state)
{
        (void)state;
        virtqueue_init(&queue, &memory);
        device_seen = 0;
        return 0;
}

static uint16_t add(unsigned count)
{
        struct vq_buffer buffers[VIRTQUEUE_SIZE];
        uint16_t head = UINT16_MAX;

        for (unsigned i = 0; i < count; i++) {
                buffers[i] = (struct vq_buffer){
                        .address = 0x1000 + i, .length = i + 1, .device_writes = i + 1 == count};
        }
        assert_int_equal(virtqueue_add(&queue, buffers, count, &head), SG_OK);
        return head;
}

static uint16_t take(void)
{
        uint16_t head = UINT16_MAX;
        bool done = false;

        assert_int_equal(virtqueue_take(&queue, &done, &head), SG_OK);
        assert_true(done);
        return head;
}

static void the_device_sees_the_chain_as_given(void **state)
{
        const uint16_t head = add(3);
        const struct vq_descriptor *first = &memory.descriptors[head];
        const struct vq_descriptor *second = &memory.descriptors[first->next];
        const struct vq_descriptor *third = &memory.descriptors[second->next];

        (void)state;
        assert_int_equal(device_pop(), head);
        assert_int_equal(device_chain_length(head), 3);
        assert_int_equal(first->address, 0x1000);
        assert_int_equal(first->flags, DESC_F_NEXT);
        assert_int_equal(second->length, 2);
        assert_int_equal(third->flags, DESC_F_WRITE);
}

static void nothing_is_done_before_the_device_says_so(void **state)
{
        uint16_t head;
        bool done = true;

        (void)state;
        add(1);
        assert_int_equal(virtqueue_take(&queue, &done, &head), SG_OK);
        assert_false(done);
}

static void chains_come_back_in_the_device_s_order(void **state)
{
        const uint16_t a = add(3);
        const uint16_t b = add(2);

        (void)state;
        device_push(b);
        device_push(a);
        assert_int_equal(take(), b);
        assert_int_equal(take(), a);
        assert_int_equal(queue.free_count, VIRTQUEUE_SIZE);
}

static void a_full_queue_refuses_and_changes_nothing(void **state)
{
        const struct vq_buffer buffer = {.address = 1, .length = 1};
        uint16_t head;

        (void)state;
        add(VIRTQUEUE_SIZE);
        assert_int_equal(virtqueue_add(&queue, &buffer, 1, &head), SG_E_NO_MEMORY);
        assert_int_equal(memory.available.index, 1);
}

static void indices_wrap_many_times(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 70000; i++) {
                const uint16_t head = add(1 + i % VIRTQUEUE_SIZE);

                assert_int_equal(device_pop(), head);
                assert_int_equal(device_chain_length(head), 1 + i % VIRTQUEUE_SIZE);
                device_push(head);
                assert_int_equal(take(), head);
        }
        assert_int_equal(queue.free_count, VIRTQUEUE_SIZE);
}

static void assert_refused(void)
{
        uint16_t head;
        bool done;

        assert_int_equal(virtqueue_take(&queue, &done, &head), SG_E_DISK_PROTOCOL);
        assert_false(done);
}

static void an_id_beyond_the_queue_is_refused(void **state)
{
        (void)state;
        add(1);
        device_push(VIRTQUEUE_SIZE);
        assert_refused();
}

static void a_chain_that_the_device_does_not_have_is_refused(void **state)
{
        const uint16_t head = add(2);

        (void)state;
        device_push((uint32_t)(head + 1)); /* in the chain, but not its head */
        assert_refused();
}

static void a_chain_given_back_twice_is_refused(void **state)
{
        const uint16_t head = add(1);

        (void)state;
        device_push(head);
        device_push(head);
        assert_int_equal(take(), head);
        assert_refused();
}

static void a_leaping_used_index_is_refused(void **state)
{
        (void)state;
        add(1);
        memory.used.index = VIRTQUEUE_SIZE + 1;
        assert_refused();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(the_device_sees_the_chain_as_given, set_up),
                cmocka_unit_test_setup(nothing_is_done_before_the_device_says_so, set_up),
                cmocka_unit_test_setup(chains_come_back_in_the_device_s_order, set_up),
                cmocka_unit_test_setup(a_full_queue_refuses_and_changes_nothing, set_up),
                cmocka_unit_test_setup(indices_wrap_many_times, set_up),
                cmocka_unit_test_setup(an_id_beyond_the_queue_is_refused, set_up),
                cmocka_unit_test_setup(a_chain_that_the_device_does_not_have_is_refused, set_up),
                cmocka_unit_test_setup(a_chain_given_back_twice_is_refused, set_up),
                cmocka_unit_test_setup(a_leaping_used_index_is_refused, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
