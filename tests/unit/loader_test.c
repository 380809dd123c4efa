/* SPDX-License-Identifier: Apache-2.0 */
/* The loader between a slot in memory and a hypervisor that is only recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <segue/bytes.h>
#include <segue/hypercall.h>

#include "bootflow/image.h"
#include "updater/el1/loader.h"

#define VM         3
#define PAYLOAD    (2 * LOADER_STEP + 1000)
#define TLVS       40
#define IMAGE_SIZE (BF_IMAGE_HEADER_MIN + PAYLOAD + TLVS)
#define SLOT_SIZE  (4 * LOADER_STEP)

static uint8_t slot_bytes[SLOT_SIZE];
static uint8_t lent[SLOT_SIZE];
static uint8_t buffer[LOADER_STEP];
static struct storage slots[2];
static sg_err read_error;
static struct loader loader;

/* What hv saw. */
static struct {
        unsigned begun, ended, aborted, mapped, unmapped;
        int64_t answer;
        uint32_t due; /* slot */
        uint64_t loaded;
        sg_err why;
} hv;

static int64_t on_begin(void *ctx, uint32_t vm, uint32_t *slot)
{
        (void)ctx;
        assert_int_equal(vm, VM);
        hv.begun++;
        if (hv.answer == SG_HC_OK) {
                *slot = hv.due;
        }
        return hv.answer;
}

static int64_t on_end(void *ctx, uint32_t vm, uint64_t size)
{
        (void)ctx;
        assert_int_equal(vm, VM);
        assert_int_equal(hv.mapped, hv.unmapped); /* withdrawn before hv is told */
        hv.ended++;
        hv.loaded = size;
        return hv.answer;
}

static int64_t on_abort(void *ctx, uint32_t vm, sg_err why)
{
        (void)ctx;
        assert_int_equal(vm, VM);
        assert_int_equal(hv.mapped, hv.unmapped);
        hv.aborted++;
        hv.why = why;
        return SG_HC_OK;
}

static void on_map(void *ctx, uint64_t base, uint64_t size)
{
        (void)ctx;
        assert_int_equal(base, (uintptr_t)lent);
        assert_true(size <= sizeof(lent));
        hv.mapped++;
}

static void on_unmap(void *ctx, uint64_t base, uint64_t size)
{
        (void)ctx;
        (void)base;
        (void)size;
        hv.unmapped++;
}

static const struct loader_ops ops = {
        .begin = on_begin, .end = on_end, .abort = on_abort, .map = on_map, .unmap = on_unmap};

static sg_err slot_read(void *ctx, uint64_t offset, void *data, size_t length)
{
        (void)ctx;
        if (offset > SLOT_SIZE || length > SLOT_SIZE - offset) {
                return SG_E_BAD_ARGUMENT;
        }
        /* Never beyond the last TLV: the rest of the slot is nobody's business. */
        assert_true(offset + length <= IMAGE_SIZE);
        memcpy(data, slot_bytes + offset, length);
        return read_error;
}

/* An image by its header and TLV infos alone (docs/image.md). */
static void make_image(void)
{
        uint8_t *tlvs = slot_bytes + BF_IMAGE_HEADER_MIN + PAYLOAD;

        for (size_t i = 0; i < SLOT_SIZE; i++) {
                slot_bytes[i] = (uint8_t)(i * 7 + i / 251);
        }
        memset(slot_bytes, 0, BF_IMAGE_HEADER_MIN);
        put_le32(slot_bytes, BF_IMAGE_MAGIC);
        put_le16(slot_bytes + 8, BF_IMAGE_HEADER_MIN);
        put_le32(slot_bytes + 12, PAYLOAD);
        put_le16(tlvs, BF_TLV_INFO_MAGIC);
        put_le16(tlvs + 2, TLVS);
}

static int set_up(void **state)
{
        (void)state;
        make_image();
        memset(lent, 0, sizeof(lent));
        memset(&hv, 0, sizeof(hv));
        read_error = SG_OK;
        slots[0] = (struct storage){.size = 0};
        slots[1] = (struct storage){.size = SLOT_SIZE, .read = slot_read};
        loader_init(&loader, &ops, VM, slots, buffer);
        return 0;
}

static sg_err run(void)
{
        bool finished = false;
        sg_err err = SG_OK;

        for (unsigned steps = 0; !finished; steps++) {
                assert_true(steps < 10);
                assert_true(loader_busy(&loader));
                err = loader_step(&loader, &finished);
        }
        assert_false(loader_busy(&loader));
        return err;
}

static void begin(uint32_t slot, uint64_t room)
{
        hv.due = slot;
        assert_int_equal(loader_wanted(&loader), SG_HC_OK);
        assert_false(loader_busy(&loader));
        loader_lent(&loader, (uintptr_t)lent, room);
}

static void an_image_arrives_whole_and_nothing_behind_it(void **state)
{
        (void)state;
        begin(1, SLOT_SIZE);
        assert_int_equal(run(), SG_OK);
        assert_int_equal(hv.ended, 1);
        assert_int_equal(hv.loaded, IMAGE_SIZE);
        assert_memory_equal(lent, slot_bytes, IMAGE_SIZE);
        assert_int_equal(lent[IMAGE_SIZE], 0);
}

static void a_load_wanted_twice_begins_once(void **state)
{
        (void)state;
        begin(1, SLOT_SIZE);
        assert_int_equal(loader_wanted(&loader), SG_HC_OK);
        assert_int_equal(hv.begun, 1);
}

static void a_refused_begin_leaves_the_loader_free(void **state)
{
        (void)state;
        hv.answer = SG_HC_BAD_STATE;
        assert_int_equal(loader_wanted(&loader), SG_HC_BAD_STATE);
        loader_lent(&loader, (uintptr_t)lent, SLOT_SIZE);
        assert_false(loader_busy(&loader));
        assert_int_equal(hv.mapped, 0);
}

static void an_image_larger_than_the_region_is_aborted(void **state)
{
        (void)state;
        begin(1, IMAGE_SIZE - 1);
        assert_int_equal(run(), SG_E_TOO_LARGE);
        assert_int_equal(hv.aborted, 1);
        assert_int_equal(hv.why, SG_E_TOO_LARGE);
        assert_int_equal(lent[0], 0);
}

static void a_missing_partition_is_aborted(void **state)
{
        (void)state;
        begin(0, SLOT_SIZE);
        assert_int_equal(run(), SG_E_PARTITION);
        assert_int_equal(hv.aborted, 1);
}

static void a_slot_number_out_of_range_is_aborted(void **state)
{
        (void)state;
        begin(SG_SLOT_NONE, SLOT_SIZE);
        assert_int_equal(run(), SG_E_PARTITION);
}

static void a_read_error_is_aborted_with_its_number(void **state)
{
        bool finished;

        (void)state;
        begin(1, SLOT_SIZE);
        assert_int_equal(loader_step(&loader, &finished), SG_OK);
        read_error = SG_E_DISK_REQUEST;
        assert_int_equal(run(), SG_E_DISK_REQUEST);
        assert_int_equal(hv.why, SG_E_DISK_REQUEST);
        assert_int_equal(hv.ended, 0);
}

static void what_holds_no_image_is_aborted(void **state)
{
        (void)state;
        slot_bytes[0] ^= 1;
        begin(1, SLOT_SIZE);
        assert_int_not_equal(run(), SG_OK);
        assert_int_equal(hv.aborted, 1);
}

static void a_withdrawn_region_is_not_touched_again(void **state)
{
        bool finished;

        (void)state;
        begin(1, SLOT_SIZE);
        assert_int_equal(loader_step(&loader, &finished), SG_OK);
        loader_withdrawn(&loader);
        assert_int_equal(hv.unmapped, 1);
        assert_false(loader_busy(&loader));
        begin(1, SLOT_SIZE);
        assert_int_equal(run(), SG_OK);
}

static void a_lost_region_is_asked_for_again(void **state)
{
        (void)state;
        assert_int_equal(loader_wanted(&loader), SG_HC_OK);
        hv.answer = SG_HC_BAD_STATE; /* not lent yet: SG_EV_LOADABLE is still to come */
        loader_again(&loader, 1);
        hv.answer = SG_HC_OK;
        assert_int_equal(hv.begun, 2);
        loader_lent(&loader, (uintptr_t)lent, SLOT_SIZE);
        loader_again(&loader, 1); /* it is being copied */
        assert_int_equal(hv.begun, 2);
        assert_int_equal(run(), SG_OK);
}

/* hv stopped it while the RAM was scrubbed, or it was a load of hv's own. */
static void a_load_that_was_never_lent_is_begun_anew(void **state)
{
        (void)state;
        assert_int_equal(loader_wanted(&loader), SG_HC_OK);
        begin(1, SLOT_SIZE);
        assert_int_equal(hv.begun, 2);
        assert_int_equal(run(), SG_OK);
}

static void a_wish_that_comes_late_does_not_disturb(void **state)
{
        (void)state;
        hv.due = 1;
        assert_int_equal(loader_wanted(&loader), SG_HC_OK);
        hv.answer = SG_HC_BAD_STATE; /* not lent yet: SG_EV_LOADABLE is still to come */
        begin(0, SLOT_SIZE);
        hv.answer = SG_HC_OK;
        assert_int_equal(run(), SG_OK);
}

static void a_refused_end_is_reported(void **state)
{
        (void)state;
        begin(1, SLOT_SIZE);
        hv.answer = SG_HC_BAD_STATE;
        assert_int_equal(run(), SG_E_HV_REFUSED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(an_image_arrives_whole_and_nothing_behind_it, set_up),
                cmocka_unit_test_setup(a_load_wanted_twice_begins_once, set_up),
                cmocka_unit_test_setup(a_refused_begin_leaves_the_loader_free, set_up),
                cmocka_unit_test_setup(an_image_larger_than_the_region_is_aborted, set_up),
                cmocka_unit_test_setup(a_missing_partition_is_aborted, set_up),
                cmocka_unit_test_setup(a_slot_number_out_of_range_is_aborted, set_up),
                cmocka_unit_test_setup(a_read_error_is_aborted_with_its_number, set_up),
                cmocka_unit_test_setup(what_holds_no_image_is_aborted, set_up),
                cmocka_unit_test_setup(a_withdrawn_region_is_not_touched_again, set_up),
                cmocka_unit_test_setup(a_lost_region_is_asked_for_again, set_up),
                cmocka_unit_test_setup(a_load_that_was_never_lent_is_begun_anew, set_up),
                cmocka_unit_test_setup(a_wish_that_comes_late_does_not_disturb, set_up),
                cmocka_unit_test_setup(a_refused_end_is_reported, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
