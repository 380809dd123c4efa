/* SPDX-License-Identifier: Apache-2.0 */
/* Targets metadata of our own: whose signatures count, what is refused though it is signed well,
 * when it has expired. */
#include "tests/unit/tuf_rig.h"

static const uint8_t payload_bytes[MAKER_IMAGE_SIZE] = {1, 2, 3};

static void counts_distinct_keys(void **state)
{
        const struct maker_role roots = {{&key_a, &key_b}, 2, 2};
        const struct maker_role two_of_two = {{&key_c, &key_d}, 2, 2};
        const struct maker_role twice = {{&key_c, &key_c}, 2, 2};
        const struct maker_role foreign = {{&key_c, &key_a}, 2, 2};
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text r, t;

        (void)state;
        maker_root(&r, 1, &roots, &two_of_two, &roots);
        assert_int_equal(pin(&r), SG_OK);
        maker_targets(&t, 1, &p, 1, &two_of_two);
        assert_int_equal(verify(&t), SG_OK);
        maker_targets(&t, 1, &p, 1, &twice);
        assert_int_equal(verify(&t), SG_E_METADATA);
        maker_targets(&t, 1, &p, 1, &foreign);
        assert_int_equal(verify(&t), SG_E_SIGNATURES);
}

struct row {
        const char *from, *to;
        sg_err err;
};

static void expect(const struct maker_text *t, const struct row *row, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct maker_text edited;

                sign_edited(&edited, t, row[i].from, row[i].to, &targets_role);
                sg_err err = verify(&edited);
                if (err != row[i].err) {
                        fail_msg("%s -> %s: %d", row[i].from, row[i].to, err);
                }
        }
}

#define TOO_LONG "a-name-of-64-characters-----------------------------------------"

static void refuses_signed_nonsense(void **state)
{
        static const struct row row[] = {
                {"\"_type\":\"targets\"", "\"_type\":\"root\"", SG_E_METADATA},
                {"1.0.31", "2.0.31", SG_E_METADATA},
                {"\"version\":1", "\"version\":0", SG_E_METADATA},
                {"\"version\":1", "\"version\":-1", SG_E_METADATA},
                {"\"version\":1", "\"version\":\"1\"", SG_E_METADATA},
                {"2040-01-01T", "2040-01-01 ", SG_E_METADATA},
                {"\"length\":3000", "\"length\":2999", SG_E_TARGET},
                {"\"length\":3000", "\"lengths\":300", SG_E_TARGET},
                {"\"format\":1", "\"format\":2", SG_E_TARGET_FORMAT},
                {"\"kind\":\"image\"", "\"kind\":\"patch\"", SG_E_TARGET},
                {"\"kind\":\"image\"", "\"kind\":\"delta\"", SG_E_TARGET},
                {"\"dependencies\":[]", "\"dependencies\":[1]", SG_E_DEPENDENCY},
                {"\"dependencies\":[]", "\"dependencies\":{}", SG_E_DEPENDENCY},
                {"\"group\":0", "\"group\":1", SG_E_GROUP},
                {"\"guest\":\"rt\"", "\"guest\":\"\"", SG_E_TARGET},
                {"\"guest\":\"rt\"", "\"guest\":\"a-name-that-is-much-too-long-for-it\"",
                 SG_E_TARGET},
                {"\"rt.img\"", "\"rt img\"", SG_E_TARGET},
                {"\"to_length\":3000", "\"to_length\":0", SG_E_TARGET},
                {"\"security_counter\":2", "\"security_counter\":-2", SG_E_TARGET},
                {"\"minimum_updater\":1", "\"minimum_updater\":9999999999", SG_E_TARGET},
                {"\"targets\":{", "\"targetz\":{", SG_E_METADATA},
                {"\"targets\":{", "\"targets\":{},\"x\":{", SG_E_TARGET},
                {"\"spec_version\"", "\"spec_versiom\"", SG_E_METADATA},
                {"\"2040-01-01T00:00:00Z\"", "2040", SG_E_METADATA},
                {"2040-01-01T", "204:-01-01T", SG_E_METADATA},
                {"2040-01-01T", "204/-01-01T", SG_E_METADATA},
                {"\"sha256\":", "\"sha257\":", SG_E_TARGET},
                {"\"format\":1", "\"formad\":1", SG_E_TARGET},
                {"\"rt.img\"", "\"\"", SG_E_TARGET},
                {"\"rt.img\"", "\"rt\x7f.img\"", SG_E_TARGET},
                {"\"rt.img\"", "\"" TOO_LONG TOO_LONG "\"", SG_E_TARGET},
                {"\"minimum_updater\"", "\"minimum_update\"", SG_E_TARGET},
                {"\"package\"", "\"packagf\"", SG_E_TARGET},
                {"\"product\"", "\"producu\"", SG_E_TARGET},
                {"\"to_version\"", "\"to_versiom\"", SG_E_TARGET},
                {"\"to_digest\"", "\"to_digesu\"", SG_E_TARGET},
                {"\"to_length\"", "\"to_lengti\"", SG_E_TARGET},
                {"\"chunks_digest\"", "\"chunks_digesu\"", SG_E_TARGET},
                {"\"group\":0", "\"group\":\"0\"", SG_E_GROUP},
                {"\"group\":0", "\"grouq\":1", SG_OK},
                {"\"dependencies\":[]", "\"dependenciet\":[1]", SG_OK},
        };
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text t;

        (void)state;
        pin_own();
        maker_targets(&t, 1, &p, 1, &targets_role);
        expect(&t, row, sizeof(row) / sizeof(row[0]));
}

/* What a delta says more than an image. */
static void refuses_signed_nonsense_of_deltas(void **state)
{
        static const struct row row[] = {
                {"\"to_length\":3000", "\"to_length\":9", SG_OK},
                {"\"to_length\":3000", "\"to_length\":0", SG_E_TARGET},
                {"\"length\":3000", "\"lengti\":3000", SG_E_TARGET},
                {"\"from_digest\"", "\"from_digesu\"", SG_E_TARGET},
                {"\"from_length\"", "\"from_lengti\"", SG_E_TARGET},
                {"\"from_length\":7", "\"from_length\":0", SG_E_TARGET},
                {"\"from_version\"", "\"from_versiom\"", SG_E_TARGET},
                {"\"from_version\":\"1.2.2\"", "\"from_version\":\"\"", SG_E_TARGET},
                {"\"ram_need\"", "\"ram_neee\"", SG_E_TARGET},
        };
        struct maker_payload p = maker_image("rt", "rt.delta", payload_bytes);
        struct maker_text t;

        (void)state;
        pin_own();
        maker_targets(&t, 1, &p, 1, &targets_role);
        assert_null(strstr(t.text, "from_"));
        assert_null(strstr(t.text, "ram_need"));
        p.manifest.kind = MANIFEST_DELTA;
        p.manifest.from_length = 7;
        memcpy(p.manifest.from_version, "1.2.2", 6);
        maker_targets(&t, 1, &p, 1, &targets_role);
        expect(&t, row, sizeof(row) / sizeof(row[0]));
}

/* One package, one product, one new image for each guest. */
static void refuses_targets_that_differ(void **state)
{
        struct maker_payload p[MANIFEST_TARGETS_MAX + 1], *second = &p[1];
        struct maker_text t;

        (void)state;
        pin_own();
#define DIFFER(error, ...)                                        \
        do {                                                      \
                p[0] = maker_image("rt", "1.img", payload_bytes); \
                p[1] = maker_image("rt", "2.img", payload_bytes); \
                __VA_ARGS__;                                      \
                maker_targets(&t, 1, p, 2, &targets_role);        \
                assert_int_equal(verify(&t), error);              \
        } while (0)
        DIFFER(SG_OK, (void)second);
        DIFFER(SG_E_TARGET, second->manifest.minimum_updater++);
        DIFFER(SG_E_TARGET, second->manifest.security_counter++);
        DIFFER(SG_E_TARGET, second->manifest.to_digest[31] ^= 1);
        DIFFER(SG_E_TARGET, second->manifest.package[0] = 'q');
        DIFFER(SG_E_TARGET, second->manifest.product[0] = 'q');
        DIFFER(SG_E_TARGET, second->manifest.kind = MANIFEST_DELTA; second->manifest.to_length++;
               second->manifest.from_length = 1; second->manifest.from_version[0] = '1');
        DIFFER(SG_OK, second->manifest.security_counter++; second->manifest.guest[0] = 'q');
}

static void takes_as_many_targets_as_it_knows(void **state)
{
        struct maker_payload p[MANIFEST_TARGETS_MAX + 1];
        struct maker_text t;

        (void)state;
        pin_own();
        for (uint32_t i = 0; i <= MANIFEST_TARGETS_MAX; i++) {
                char path[16];
                snprintf(path, sizeof(path), "%u.img", i);
                p[i] = maker_image("rt", path, payload_bytes);
        }
        maker_targets(&t, 1, p, MANIFEST_TARGETS_MAX, &targets_role);
        assert_int_equal(verify(&t), SG_OK);
        maker_targets(&t, 1, p, MANIFEST_TARGETS_MAX + 1, &targets_role);
        assert_int_equal(verify(&t), SG_E_TOO_LARGE);
}

/* Under the right key's id: missing, of another kind, of no digits, too long. */
static void refuses_signatures_of_no_form(void **state)
{
        static const char *const forms[] = {
                "\"gig\":\"00\"",
                "\"sig\":5",
                "\"sig\":\"zzzzzzzz\"",
                "\"sig\":\"" DIGITS_64 DIGITS_64 DIGITS_64 DIGITS_64 "\"",
        };
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text good;

        (void)state;
        pin_own();
        maker_targets(&good, 1, &p, 1, &targets_role);
        const char *sig = strstr(good.text, "\"sig\":\"");
        assert_non_null(sig);
        const char *end = strchr(sig + 7, '"') + 1;
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                struct maker_text t;
                int n = snprintf(t.text, sizeof(t.text), "%.*s%s%.*s", (int)(sig - good.text),
                                 good.text, forms[i],
                                 (int)(good.length - (size_t)(end - good.text)), end);
                t.length = (size_t)n;
                assert_int_equal(verify(&t), SG_E_SIGNATURES);
        }
}

static void either_expiry_counts(void **state)
{
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct tuf_context clock = context;
        struct maker_text r, t, early;

        (void)state;
        clock.now = "2035-01-01T00:00:00Z";
        maker_root(&r, 1, &root_role, &targets_role, &root_role);
        maker_targets(&t, 1, &p, 1, &targets_role);
        assert_int_equal(pin(&r), SG_OK);
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, t.text, t.length), SG_OK);
        sign_edited(&early, &t, "2040-", "2030-", &targets_role);
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, early.text, early.length),
                         SG_E_EXPIRED);
        sign_edited(&early, &r, "2040-", "2030-", &root_role);
        assert_int_equal(pin(&early), SG_OK);
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, t.text, t.length),
                         SG_E_EXPIRED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts_distinct_keys),
                cmocka_unit_test(refuses_signed_nonsense),
                cmocka_unit_test(refuses_signed_nonsense_of_deltas),
                cmocka_unit_test(refuses_targets_that_differ),
                cmocka_unit_test(takes_as_many_targets_as_it_knows),
                cmocka_unit_test(refuses_signatures_of_no_form),
                cmocka_unit_test(either_expiry_counts),
        };

        return cmocka_run_group_tests(tests, make_keys, free_keys);
}
