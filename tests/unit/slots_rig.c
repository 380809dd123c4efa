/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/slots_rig.h"

const struct bf_limits limits = {.tries = 3, .interrupted = 10};

struct bf_image_id image(uint8_t name, uint32_t counter)
{
        struct bf_image_id id = {.counter = counter};

        memset(id.digest, name, sizeof(id.digest));
        return id;
}

struct bf_guest provisioned(void)
{
        struct bf_image_id a = image('a', FLOOR);
        struct bf_guest g;

        assert_int_equal(bf_provision(&g, &a, NULL), SG_OK);
        return g;
}

struct bf_guest staged(uint32_t counter)
{
        struct bf_guest g = provisioned();
        struct bf_image_id b = image('b', counter);

        assert_int_equal(bf_open(&g, 0, 1, &b), SG_OK);
        assert_int_equal(bf_stage(&g, 1, &b, &limits), SG_OK);
        return g;
}

void start_trial(struct bf_guest *g, uint32_t counter)
{
        struct bf_image_id b = image('b', counter);

        assert_int_equal(bf_start(g, 0, 1, &b, TOKEN), SG_OK);
}

void expect_boot(const struct bf_guest *g, bf_refused refused, uint8_t slot, bool trial)
{
        struct bf_decision d;

        assert_int_equal(bf_decide(g, refused, &d), SG_OK);
        assert_int_equal(d.slot, slot);
        assert_int_equal(d.trial, trial);
}
