/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata that python-tuf wrote (tests/vectors/make_tuf.py), as it is and damaged. */
#include "tests/unit/tuf_rig.h"

#define VECTORS "tests/vectors/tuf/"

static struct maker_text load(const char *name)
{
        struct maker_text t;
        char path[128];

        snprintf(path, sizeof(path), VECTORS "%s", name);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        t.length = fread(t.text, 1, sizeof(t.text), f);
        fclose(f);
        return t;
}

static void takes_files_of_python_tuf(void **state)
{
        struct maker_text first = load("1.root.json");
        struct maker_text t = load("targets.json");

        (void)state;
        assert_int_equal(pin(&first), SG_OK);
        assert_int_equal(root.version, 1);
        assert_int_equal(root.root.threshold, 2);
        assert_string_equal(root.expires, "2040-01-01T00:00:00Z");
        assert_int_equal(verify(&t), SG_OK);
        assert_int_equal(targets.version, 3);
        assert_int_equal(targets.count, 1);
        const struct manifest_target *m = &targets.target[0];
        assert_string_equal(m->path, "personal.delta");
        assert_int_equal(m->length, 4321);
        assert_int_equal(m->kind, MANIFEST_DELTA);
        assert_int_equal(m->security_counter, 7);
        assert_string_equal(m->package,
                            "quote\" back\\slash \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
        assert_int_equal(m->from_length, 1000);
        assert_int_equal(m->to_digest[31], 0x33);
}

static void canonical_form_is_securesystemslibs(void **state)
{
        struct maker_text t = load("targets.json");
        struct maker_text want = load("targets.canonical");
        struct json json;
        char out[4096];
        size_t length;

        (void)state;
        assert_int_equal(json_parse(&json, t.text, t.length, tokens, TUF_TOKENS_MAX), SG_OK);
        assert_int_equal(
                canonical_text(&json, json_member(&json, 0, "signed"), out, sizeof(out), &length),
                SG_OK);
        assert_int_equal(length, want.length);
        assert_memory_equal(out, want.text, length);
}

static void follows_python_tufs_root_chain(void **state)
{
        struct maker_text first = load("1.root.json");
        struct maker_text second = load("2.root.json");
        struct maker_text by_old = load("2.root.old.json");
        struct maker_text by_new = load("2.root.new.json");
        struct maker_text one = load("targets.json");
        struct maker_text two = load("targets2.json");
        struct maker_text one_of_three = load("targets1of3.json");

        (void)state;
        assert_int_equal(pin(&first), SG_OK);
        assert_int_equal(update(&by_old), SG_E_SIGNATURES);
        assert_int_equal(update(&by_new), SG_E_SIGNATURES);
        assert_int_equal(root.version, 1);
        assert_true(tuf_root_is(&root, &context, first.text, first.length));
        assert_int_equal(update(&second), SG_OK);
        assert_int_equal(root.version, 2);
        assert_true(tuf_root_is(&root, &context, by_old.text, by_old.length));
        assert_int_equal(verify(&one), SG_E_SIGNATURES);
        assert_int_equal(verify(&one_of_three), SG_E_SIGNATURES);
        assert_int_equal(verify(&two), SG_OK);
        assert_int_equal(update(&second), SG_E_ROOT_CHAIN);
        assert_int_equal(update(&first), SG_E_SIGNATURES);
}

/* Every byte of a file of python-tuf's changed: none is taken, but for blanks between tokens and
 * parts that are not signed. */
static void notices_every_changed_byte(void **state)
{
        struct maker_text first = load("1.root.json");
        struct maker_text t = load("targets.json");
        struct tuf_targets good;
        size_t taken = 0;

        (void)state;
        assert_int_equal(pin(&first), SG_OK);
        assert_int_equal(verify(&t), SG_OK);
        good = targets;
        for (size_t i = 0; i < t.length; i++) {
                t.text[i] ^= 1;
                if (verify(&t) == SG_OK) {
                        assert_memory_equal(&targets, &good, sizeof(good));
                        taken++;
                }
                t.text[i] ^= 1;
        }
        assert_int_equal(taken, 0);
}

static void judges_expiry_only_with_a_clock(void **state)
{
        struct maker_text first = load("1.root.json");
        struct maker_text t = load("targets.json");
        struct tuf_context clock = context;

        (void)state;
        assert_int_equal(pin(&first), SG_OK);
        clock.now = "2039-12-31T23:59:59Z";
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, t.text, t.length), SG_OK);
        clock.now = "2040-01-01T00:00:00Z";
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, t.text, t.length),
                         SG_E_EXPIRED);
}

/* Not signed well, and not even metadata. */
static void refuses_what_is_no_metadata(void **state)
{
        static const struct {
                const char *text;
                sg_err err;
        } row[] = {
                {"{", SG_E_JSON},
                {"{\"signed\":1,\"signatures\":[]}", SG_E_METADATA},
                {"{\"signed\":{},\"signatures\":{}}", SG_E_METADATA},
                {"{\"signed\":{},\"signatures\":[]}", SG_E_SIGNATURES},
        };
        static char long_text[TUF_METADATA_MAX + 1];
        struct maker_text first = load("1.root.json");

        (void)state;
        assert_int_equal(pin(&first), SG_OK);
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                struct maker_text t = {.length = strlen(row[i].text)};
                memcpy(t.text, row[i].text, t.length);
                assert_int_equal(verify(&t), row[i].err);
                assert_int_equal(update(&t), row[i].err);
                assert_false(tuf_root_is(&root, &context, t.text, t.length));
                if (row[i].err != SG_E_SIGNATURES) {
                        assert_int_equal(pin(&t), row[i].err);
                }
        }
        memset(long_text, ' ', sizeof(long_text));
        assert_int_equal(
                tuf_targets_verify(&targets, &root, &context, long_text, sizeof(long_text)),
                SG_E_TOO_LARGE);
}

/* Signatures that are none stand beside good ones, and count for nothing. */
static void passes_over_what_is_no_signature(void **state)
{
        static const char *const strange[] = {
                "{\"keyid\":\"zz\",\"sig\":\"00\"}",
                "{\"sig\":\"00\"}",
                "7",
        };
        struct maker_text first = load("1.root.json");
        struct maker_text good = load("targets.json");

        (void)state;
        assert_int_equal(pin(&first), SG_OK);
        for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
                struct maker_text t = good;
                char *at = strstr(t.text, "\"signatures\"");
                assert_non_null(at);
                at = strchr(at, ']');
                size_t n = strlen(strange[i]) + 1;
                memmove(at + n, at, t.length - (size_t)(at - t.text));
                *at = ',';
                memcpy(at + 1, strange[i], n - 1);
                t.length += n;
                assert_int_equal(verify(&t), SG_OK);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_files_of_python_tuf),
                cmocka_unit_test(canonical_form_is_securesystemslibs),
                cmocka_unit_test(follows_python_tufs_root_chain),
                cmocka_unit_test(notices_every_changed_byte),
                cmocka_unit_test(judges_expiry_only_with_a_clock),
                cmocka_unit_test(refuses_what_is_no_metadata),
                cmocka_unit_test(passes_over_what_is_no_signature),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
