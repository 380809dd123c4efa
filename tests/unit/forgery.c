/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/forgery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct maker_payload payload;
struct maker_text root, targets;

/* --- what must not change --- */

static struct {
        struct bf_guest boot;
        struct world_vm vm;
        uint8_t slot[2][WORLD_SLOT_SIZE];
} before[WORLD_GUESTS];

void forgery_remember(void)
{
        for (uint32_t g = 0; g < WORLD_GUESTS; g++) {
                before[g].boot = world.boot[g];
                before[g].vm = world.vm[g];
                for (uint32_t s = 0; s < 2; s++) {
                        memcpy(before[g].slot[s], world.slot[g][s].bytes, WORLD_SLOT_SIZE);
                }
        }
}

static void expect_slot(uint32_t guest, uint32_t slot)
{
        if (memcmp(world.slot[guest][slot].bytes, before[guest].slot[slot], WORLD_SLOT_SIZE) != 0) {
                fail_msg("slot %u of guest %u was written", slot, guest);
        }
}

void forgery_expect_unchanged(bool opened)
{
        for (uint32_t g = 0; g < WORLD_GUESTS; g++) {
                assert_memory_equal(&world.vm[g], &before[g].vm, sizeof(world.vm[g]));
                assert_memory_equal(&world.boot[g].slot[0], &before[g].boot.slot[0],
                                    sizeof(world.boot[g].slot[0]));
                assert_int_equal(bf_active(&world.boot[g], 0), 0);
                assert_int_equal(bf_staged(&world.boot[g]), SG_SLOT_NONE);
                expect_slot(g, 0);
                if (opened && g == PERSONAL) {
                        continue;
                }
                assert_memory_equal(&world.boot[g], &before[g].boot, sizeof(world.boot[g]));
                expect_slot(g, 1);
        }
        assert_true(opened || world.slot_writes == 0);
}

/* --- making and judging one --- */

void forgery_assemble(const struct forgery *f)
{
        payload = f->is_image ? image_payload(new_image, 2) : delta_payload();
        root = root_text;
        if (f->signed_part) {
                f->signed_part();
        }
        maker_targets(&targets, 1, &payload, 1, &targets_role);
        if (f->text) {
                f->text();
        }
        package_size = maker_package(package, sizeof(package), &root, &targets, &payload, 1);
        world_put_inbox(&world, package, package_size);
        if (f->archive) {
                f->archive();
        }
}

void forgery_again(void)
{
        memset(world.journal.bytes, 0, WORLD_JOURNAL_SIZE);
        world_forget_log(&world);
}

void forgery_renew(void)
{
        teardown(NULL);
        setup(NULL);
        forgery_remember();
}

static const char *ending(const struct forgery *f, char text[64])
{
        if (f->end == STAGED) {
                return "event 30 staged guest=personal slot=1";
        }
        snprintf(text, 64, "%s error=%d ",
                 f->end == REFUSED ? "event 12 package-refused guest=-" : "outcome=failed",
                 f->error);
        return text;
}

/* The last field of a line has no blank behind it. */
bool forgery_logged(const char *text)
{
        char line_end[64];

        snprintf(line_end, sizeof(line_end), "%.*s\n", (int)strlen(text) - 1, text);
        return world_logged(&world, text) || world_logged(&world, line_end);
}

static void judge(const struct forgery *f)
{
        char text[64];

        forgery_renew();
        forgery_assemble(f);
        start();
        if (!forgery_logged(ending(f, text))) {
                fail_msg("%s: no \"%s\" in:\n%s", f->what, text, world.log);
        }
        if (f->end != STAGED) {
                expect_state(ENGINE_IDLE);
                forgery_expect_unchanged(f->end == OPENED);
        }
}

void forgery_judge(const struct forgery *rows, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                judge(&rows[i]);
        }
}

void forgery_expect_refusal(const char *what, size_t at)
{
        if (world_logged(&world, "event 30 staged") ||
            !(world_logged(&world, "event 12 package-refused guest=- error=") ||
              world_logged(&world, "outcome=failed error="))) {
                fail_msg("%s, byte %zu:\n%s", what, at, world.log);
        }
        forgery_expect_unchanged(world_logged(&world, "event 24 apply-begin guest=personal"));
}

static void full_name(const char *suffix, char name[FORGERY_NAME_MAX])
{
        snprintf(name, FORGERY_NAME_MAX, "targets/%s%s", payload.manifest.path, suffix);
}

uint8_t *forgery_member(const char *suffix)
{
        static struct ustar_index index;
        char name[FORGERY_NAME_MAX];

        full_name(suffix, name);
        assert_int_equal(ustar_index_read(&index, &world.inbox.storage), SG_OK);
        return world.inbox.bytes + ustar_find(&index, name)->offset;
}

void forgery_set_size(const char *suffix, size_t size)
{
        char name[FORGERY_NAME_MAX];

        full_name(suffix, name);
        assert_int_equal(ustar_header(forgery_member(suffix) - USTAR_BLOCK, name, size), SG_OK);
}
