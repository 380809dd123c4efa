/* SPDX-License-Identifier: Apache-2.0 */
/* Forged metadata of a package: targets.json and root.json. */
#include "tests/unit/forgery.h"

#include <segue/bytes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- text: what stands in targets.json and root.json --- */

static void replace(struct maker_text *t, const char *from, const char *to)
{
        char *at = strstr(t->text, from);

        assert_non_null(at);
        assert_true(t->length - strlen(from) + strlen(to) < sizeof(t->text));
        memmove(at + strlen(to), at + strlen(from),
                t->length - (size_t)(at - t->text) - strlen(from) + 1);
        memcpy(at, to, strlen(to));
        t->length += strlen(to) - strlen(from);
}

/* The signature's hex digits. */
static char *signature(struct maker_text *t, size_t *length)
{
        char *at = strstr(t->text, "\"sig\":\"");

        assert_non_null(at);
        at += strlen("\"sig\":\"");
        *length = strcspn(at, "\"");
        return at;
}

static void cut_signature(size_t digits)
{
        size_t length;
        char *at = signature(&targets, &length);

        assert_true(digits <= length);
        memmove(at + length - digits, at + length,
                targets.length - (size_t)(at + length - targets.text) + 1);
        targets.length -= digits;
}

static void no_signatures(void)
{
        char *from = strchr(targets.text, '[') + 1, *to = strchr(targets.text, ']');

        memmove(from, to, targets.length - (size_t)(to - targets.text) + 1);
        targets.length -= (size_t)(to - from);
}

static void flipped_signature(void)
{
        size_t length;
        char *at = signature(&targets, &length);

        at[length - 1] = at[length - 1] == '0' ? '1' : '0';
}

static void short_signature(void)
{
        cut_signature(2);
}

static void odd_signature(void)
{
        cut_signature(1);
}

static void empty_signature(void)
{
        size_t length;

        signature(&targets, &length);
        cut_signature(length);
}

static void long_signature(void)
{
        size_t length;
        char *at = signature(&targets, &length);

        memmove(at + 2, at, targets.length - (size_t)(at - targets.text) + 1);
        targets.length += 2;
}

static void signature_twice(void)
{
        char *from = strchr(targets.text, '[') + 1, *to = strchr(targets.text, ']');
        size_t size = (size_t)(to - from);
        char one[1024];

        assert_true(size < sizeof(one));
        memcpy(one, from, size);
        one[size] = '\0';
        memmove(to + size + 1, to, targets.length - (size_t)(to - targets.text) + 1);
        *to = ',';
        memcpy(to + 1, one, size);
        targets.length += size + 1;
}

static void sign_with(const struct maker_key *key, uint64_t version)
{
        const struct maker_role role = {{key}, 1, 1};

        maker_targets(&targets, version, &payload, 1, &role);
}

static void foreign_signature(void)
{
        sign_with(&other_key, 1);
}

static void signed_by_the_root_key(void)
{
        sign_with(&root_key, 1);
}

/* The signature of version 2 over version 1. */
static void signature_of_another_version(void)
{
        sign_with(&targets_key, 2);
        replace(&targets, "\"version\":2", "\"version\":1");
}

static void other_key_id(void)
{
        char *at = strstr(targets.text, "\"keyid\":\"") + strlen("\"keyid\":\"");

        *at = *at == '0' ? '1' : '0';
}

static void other_guest_unsigned(void)
{
        replace(&targets, "\"guest\":\"personal\"", "\"guest\":\"rt\"");
}

static void other_counter_unsigned(void)
{
        replace(&targets, "\"security_counter\":2", "\"security_counter\":9");
}

static void other_length_unsigned(void)
{
        replace(&targets, "\"to_length\":", "\"to_length\":1");
}

static void more_text(void)
{
        memcpy(targets.text + targets.length, "{}", 3);
        targets.length += 2;
}

static void half_the_text(void)
{
        targets.length /= 2;
}

static void no_text(void)
{
        targets.length = 0;
}

static void text_of_zeros(void)
{
        memset(targets.text, 0, targets.length);
}

static void root_as_targets(void)
{
        targets = root_text;
}

static void foreign_root(void)
{
        const struct maker_role other = {{&other_key}, 1, 1};

        maker_root(&root, 1, &other, &targets_role, &other);
}

static void foreign_next_root(void)
{
        const struct maker_role other = {{&other_key}, 1, 1};

        maker_root(&root, 2, &other, &targets_role, &other);
}

static void root_with_a_foreign_role(void)
{
        const struct maker_role other = {{&other_key}, 1, 1};

        maker_root(&root, 2, &root_role, &other, &targets_role);
        sign_with(&other_key, 1);
}

static void root_beyond_the_next(void)
{
        maker_root(&root, 3, &root_role, &targets_role, &root_role);
}

static void next_root(void)
{
        maker_root(&root, 2, &root_role, &targets_role, &root_role);
}

static void flipped_root(void)
{
        size_t length;

        next_root();
        char *at = signature(&root, &length);
        at[length - 1] = at[length - 1] == '0' ? '1' : '0';
}

static void metadata(void **state)
{
        static const struct forgery rows[] = {
                {.what = "control", .end = STAGED},
                {"control: the next root", SG_OK, STAGED, .text = next_root},
                {"no signature", SG_E_SIGNATURES, REFUSED, .text = no_signatures},
                {"a flipped signature", SG_E_SIGNATURES, REFUSED, .text = flipped_signature},
                {"a truncated signature", SG_E_SIGNATURES, REFUSED, .text = short_signature},
                {"half a byte of signature", SG_E_SIGNATURES, REFUSED, .text = odd_signature},
                {"an empty signature", SG_E_SIGNATURES, REFUSED, .text = empty_signature},
                {"a longer signature", SG_E_SIGNATURES, REFUSED, .text = long_signature},
                {"the signature twice", SG_E_METADATA, REFUSED, .text = signature_twice},
                {"a foreign signature", SG_E_SIGNATURES, REFUSED, .text = foreign_signature},
                {"another role's signature", SG_E_SIGNATURES, REFUSED,
                 .text = signed_by_the_root_key},
                {"another version's signature", SG_E_SIGNATURES, REFUSED,
                 .text = signature_of_another_version},
                {"another key's id", SG_E_SIGNATURES, REFUSED, .text = other_key_id},
                {"another guest", SG_E_SIGNATURES, REFUSED, .text = other_guest_unsigned},
                {"another counter", SG_E_SIGNATURES, REFUSED, .text = other_counter_unsigned},
                {"another length", SG_E_SIGNATURES, REFUSED, .text = other_length_unsigned},
                {"bytes behind the text", SG_E_JSON, REFUSED, .text = more_text},
                {"half the text", SG_E_JSON, REFUSED, .text = half_the_text},
                {"no text", SG_E_JSON, REFUSED, .text = no_text},
                {"a text of zeros", SG_E_JSON, REFUSED, .text = text_of_zeros},
                {"root.json as targets.json", SG_E_SIGNATURES, REFUSED, .text = root_as_targets},
                {"a foreign root", SG_E_SIGNATURES, REFUSED, .text = foreign_root},
                {"a foreign next root", SG_E_SIGNATURES, REFUSED, .text = foreign_next_root},
                {"a next root signed by the wrong role", SG_E_SIGNATURES, REFUSED,
                 .text = root_with_a_foreign_role},
                {"a root without the one before it", SG_E_ROOT_CHAIN, REFUSED,
                 .text = root_beyond_the_next},
                {"a next root with a flipped signature", SG_E_SIGNATURES, REFUSED,
                 .text = flipped_root},
        };

        (void)state;
        JUDGE(rows);
}

/* --- what is signed, and wrong --- */

#define MANIFEST payload.manifest

CHANGE(for_another_product, snprintf(MANIFEST.product, sizeof(MANIFEST.product), "segue-phone"))
CHANGE(for_nobody, snprintf(MANIFEST.guest, sizeof(MANIFEST.guest), "private"))
CHANGE(for_rt, snprintf(MANIFEST.guest, sizeof(MANIFEST.guest), "rt"))
CHANGE(from_another_base, MANIFEST.from_digest[31] ^= 1)
CHANGE(from_a_longer_base, MANIFEST.from_length++)
CHANGE(from_the_longest_base, MANIFEST.from_length = INT64_MAX)
CHANGE(from_nothing, MANIFEST.from_length = 0)
CHANGE(to_another_image, MANIFEST.to_digest[0] ^= 1)
CHANGE(to_a_longer_image, MANIFEST.to_length++)
CHANGE(to_a_shorter_image, MANIFEST.to_length--)
CHANGE(to_nothing, MANIFEST.to_length = 0)
CHANGE(to_more_than_the_slot, MANIFEST.to_length = WORLD_SLOT_SIZE + 1)
CHANGE(to_more_than_is, MANIFEST.to_length = INT64_MAX)
CHANGE(needs_no_memory, MANIFEST.ram_need = 0)
CHANGE(needs_less_memory, MANIFEST.ram_need--)
CHANGE(needs_all_memory, MANIFEST.ram_need = INT64_MAX)
CHANGE(lower_counter, MANIFEST.security_counter = 0)
CHANGE(equal_counter, MANIFEST.security_counter = 1)
CHANGE(higher_counter, MANIFEST.security_counter = 3)
CHANGE(counter_beyond_32_bits, MANIFEST.security_counter = UINT64_C(1) << 32)
CHANGE(later_updater, MANIFEST.minimum_updater = ENGINE_VERSION + 1)
CHANGE(delta_as_image, MANIFEST.kind = MANIFEST_IMAGE)
CHANGE(image_as_delta, MANIFEST = delta_payload().manifest)

static void signed_nonsense(void **state)
{
        static const struct forgery rows[] = {
                {"signed: another product", SG_E_WRONG_PRODUCT, REFUSED,
                 .signed_part = for_another_product},
                {"signed: no such guest", SG_E_UNKNOWN_GUEST, FAILED, .signed_part = for_nobody},
                {"signed: another guest's delta", SG_E_WRONG_BASE, FAILED, .signed_part = for_rt},
                {"control: an image", SG_OK, STAGED, .signed_part = equal_counter,
                 .is_image = true},
                {"signed: wrong base", SG_E_WRONG_BASE, FAILED, .signed_part = from_another_base},
                {"signed: longer base", SG_E_BASE_CHANGED, FAILED,
                 .signed_part = from_a_longer_base},
                {"signed: longest base", SG_E_BASE_CHANGED, FAILED,
                 .signed_part = from_the_longest_base},
                {"signed: no base", SG_E_TARGET, REFUSED, .signed_part = from_nothing},
                {"signed: wrong target", SG_E_TARGET, FAILED, .signed_part = to_another_image},
                {"signed: longer target", SG_E_TARGET, FAILED, .signed_part = to_a_longer_image},
                {"signed: shorter target", SG_E_TARGET, FAILED, .signed_part = to_a_shorter_image},
                {"signed: no target", SG_E_TARGET, REFUSED, .signed_part = to_nothing},
                {"signed: target larger than the slot", SG_E_SLOT_TOO_SMALL, FAILED,
                 .signed_part = to_more_than_the_slot},
                {"signed: target of 2^63 - 1 bytes", SG_E_SLOT_TOO_SMALL, FAILED,
                 .signed_part = to_more_than_is},
                {"signed: no memory", SG_E_RAM_NEED, FAILED, .signed_part = needs_no_memory},
                {"signed: too little memory", SG_E_RAM_NEED, FAILED,
                 .signed_part = needs_less_memory},
                {"signed: too much memory", SG_E_RAM_NEED, FAILED, .signed_part = needs_all_memory},
                {"signed: lower counter", SG_E_DOWNGRADE, FAILED, .signed_part = lower_counter},
                {"signed: equal counter", SG_OK, STAGED, .signed_part = equal_counter},
                {"signed: higher counter", SG_OK, STAGED, .signed_part = higher_counter},
                {"signed: counter of 33 bits", SG_E_HV_REFUSED, FAILED,
                 .signed_part = counter_beyond_32_bits},
                {"signed: for a later updater", SG_E_UPDATER_TOO_OLD, FAILED,
                 .signed_part = later_updater},
                {"signed: a delta that says it is an image", SG_E_TARGET, REFUSED,
                 .signed_part = delta_as_image},
                {"signed: an image that says it is a delta", SG_E_DELTA_MAGIC, FAILED,
                 .signed_part = image_as_delta, .is_image = true},
                {"signed: image, wrong target", SG_E_IMAGE_DIGEST, OPENED,
                 .signed_part = to_another_image, .is_image = true},
                {"signed: image, shorter target", SG_E_TARGET, REFUSED,
                 .signed_part = to_a_shorter_image, .is_image = true},
        };

        (void)state;
        JUDGE(rows);
}

#define STRIDE 7 /* tuf_vectors_test.c changes every byte */

/* The root is the next one: the signatures of the pinned one need not be looked at. */
static void bytes_of(const char *what, struct maker_text *t)
{
        for (size_t i = 0; i < t->length; i += STRIDE) {
                forgery_again();
                t->text[i] ^= 1;
                package_size =
                        maker_package(package, sizeof(package), &root, &targets, &payload, 1);
                world_put_inbox(&world, package, package_size);
                start();
                if (!world_logged(&world, "event 12 package-refused")) {
                        fail_msg("%s, byte %zu:\n%s", what, i, world.log);
                }
                t->text[i] ^= 1;
        }
        forgery_expect_unchanged(false);
}

static void bytes_of_the_metadata(void **state)
{
        static const struct forgery good = {.what = "good", .text = next_root};

        (void)state;
        forgery_remember();
        forgery_assemble(&good);
        bytes_of("targets.json", &targets);
        bytes_of("root.json", &root);
}

/* An older package, of which everything is right but its version. */
static void older_metadata(void **state)
{
        struct maker_payload p = image_payload(newer_image, 3);

        (void)state;
        put_package(&p, 1, 7);
        start();
        carry_through();
        world_forget_log(&world);
        deliver_package(&p, 1, 6);
        expect_logged("event 12 package-refused guest=- error=411");
}

/* A refused package is told once, not at every look. */
static void told_once(void **state)
{
        static const struct forgery row[] = {
                {"foreign", SG_E_SIGNATURES, REFUSED, .text = foreign_signature}};

        (void)state;
        JUDGE(row);
        world_forget_log(&world);
        engine_inbox_changed(world.engine);
        world_run(&world, STEPS);
        assert_string_equal(world.log, "");
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                ROW(metadata),       ROW(signed_nonsense), ROW(bytes_of_the_metadata),
                ROW(older_metadata), ROW(told_once),
        };

        return cmocka_run_group_tests(tests, make_all, free_all);
}
