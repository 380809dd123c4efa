/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata: files that python-tuf wrote (tests/vectors/make_tuf.py), then our own, right and
 * wrong. */
#include "tests/unit/package_maker.h"
#include "updater/package/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VECTORS   "tests/vectors/tuf/"

#define DIGITS_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static jsmntok_t tokens[TUF_TOKENS_MAX];
static const struct tuf_context context = {tokens, TUF_TOKENS_MAX, NULL};
static struct tuf_root root, scratch;
static struct tuf_targets targets;

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

static sg_err pin(const struct maker_text *t)
{
        return tuf_root_pinned(&root, &context, t->text, t->length);
}

static sg_err update(const struct maker_text *t)
{
        return tuf_root_update(&root, &scratch, &context, t->text, t->length);
}

static sg_err verify(const struct maker_text *t)
{
        return tuf_targets_verify(&targets, &root, &context, t->text, t->length);
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

/* Our own keys: a and b for root, c and d for targets. */
static struct maker_key a, b, c, d;

static int make_keys(void **state)
{
        (void)state;
        maker_key_make(&a);
        maker_key_make(&b);
        maker_key_make(&c);
        maker_key_make(&d);
        return 0;
}

static int free_keys(void **state)
{
        (void)state;
        maker_key_free(&a);
        maker_key_free(&b);
        maker_key_free(&c);
        maker_key_free(&d);
        return 0;
}

static const uint8_t payload_bytes[MAKER_IMAGE_SIZE] = {1, 2, 3};

static void counts_distinct_keys(void **state)
{
        const struct maker_role roots = {{&a, &b}, 2, 2};
        const struct maker_role two_of_two = {{&c, &d}, 2, 2};
        const struct maker_role twice = {{&c, &c}, 2, 2};
        const struct maker_role foreign = {{&c, &a}, 2, 2};
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

static void pinned_root_must_sign_itself(void **state)
{
        const struct maker_role roots = {{&a, &b}, 2, 2};
        const struct maker_role one = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        const struct maker_role too_few = {{&a}, 1, 2};
        struct maker_text r;

        (void)state;
        maker_root(&r, 1, &roots, &role, &one);
        assert_int_equal(pin(&r), SG_E_SIGNATURES);
        maker_root(&r, 1, &too_few, &role, &one);
        assert_int_equal(pin(&r), SG_E_KEY_TYPE);
}

/* A signed document whose text `from` (the same length) was replaced by `to` before it was signed.
 */
static void sign_edited(struct maker_text *out, const struct maker_text *in, const char *from,
                        const char *to, const struct maker_role *signers)
{
        static jsmntok_t t[TUF_TOKENS_MAX];
        struct json json;
        char body[MAKER_TEXT_MAX];

        assert_int_equal(json_parse(&json, in->text, in->length, t, TUF_TOKENS_MAX), SG_OK);
        const jsmntok_t *s = &json.token[json_member(&json, 0, "signed")];
        size_t length = (size_t)(s->end - s->start);
        memcpy(body, in->text + s->start, length);
        body[length] = '\0';
        char *at = strstr(body, from);
        assert_non_null(at);
        memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
        memcpy(at, to, strlen(to));
        maker_sign(out, body, strlen(body), signers);
}

#define TOO_LONG "a-name-of-64-characters-----------------------------------------"

static void refuses_signed_nonsense(void **state)
{
        static const struct {
                const char *from, *to;
                sg_err err;
        } row[] = {
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
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text r, t, edited;

        (void)state;
        maker_root(&r, 1, &roots, &role, &roots);
        assert_int_equal(pin(&r), SG_OK);
        maker_targets(&t, 1, &p, 1, &role);
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                sign_edited(&edited, &t, row[i].from, row[i].to, &role);
                sg_err err = verify(&edited);
                if (err != row[i].err) {
                        fail_msg("%s -> %s: %d", row[i].from, row[i].to, err);
                }
        }
}

/* What a delta says more than an image. */
static void refuses_signed_nonsense_of_deltas(void **state)
{
        static const struct {
                const char *from, *to;
                sg_err err;
        } row[] = {
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
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_payload p = maker_image("rt", "rt.delta", payload_bytes);
        struct maker_text r, t, edited;

        (void)state;
        maker_root(&r, 1, &roots, &role, &roots);
        assert_int_equal(pin(&r), SG_OK);
        maker_targets(&t, 1, &p, 1, &role);
        assert_null(strstr(t.text, "from_"));
        assert_null(strstr(t.text, "ram_need"));
        p.manifest.kind = MANIFEST_DELTA;
        p.manifest.from_length = 7;
        memcpy(p.manifest.from_version, "1.2.2", 6);
        maker_targets(&t, 1, &p, 1, &role);
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                sign_edited(&edited, &t, row[i].from, row[i].to, &role);
                sg_err err = verify(&edited);
                if (err != row[i].err) {
                        fail_msg("%s -> %s: %d", row[i].from, row[i].to, err);
                }
        }
}

/* One package, one product, one new image for each guest. */
static void refuses_targets_that_differ(void **state)
{
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_payload p[MANIFEST_TARGETS_MAX + 1], *second = &p[1];
        struct maker_text t;

        (void)state;
        maker_root(&t, 1, &roots, &role, &roots);
        assert_int_equal(pin(&t), SG_OK);
#define DIFFER(error, ...)                                        \
        do {                                                      \
                p[0] = maker_image("rt", "1.img", payload_bytes); \
                p[1] = maker_image("rt", "2.img", payload_bytes); \
                __VA_ARGS__;                                      \
                maker_targets(&t, 1, p, 2, &role);                \
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
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_payload p[MANIFEST_TARGETS_MAX + 1];
        struct maker_text t;

        (void)state;
        maker_root(&t, 1, &roots, &role, &roots);
        assert_int_equal(pin(&t), SG_OK);
        for (uint32_t i = 0; i <= MANIFEST_TARGETS_MAX; i++) {
                char path[16];
                snprintf(path, sizeof(path), "%u.img", i);
                p[i] = maker_image("rt", path, payload_bytes);
        }
        maker_targets(&t, 1, p, MANIFEST_TARGETS_MAX, &role);
        assert_int_equal(verify(&t), SG_OK);
        maker_targets(&t, 1, p, MANIFEST_TARGETS_MAX + 1, &role);
        assert_int_equal(verify(&t), SG_E_TOO_LARGE);
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

/* Under the right key's id: missing, of another kind, of no digits, too long. */
static void refuses_signatures_of_no_form(void **state)
{
        static const char *const forms[] = {
                "\"gig\":\"00\"",
                "\"sig\":5",
                "\"sig\":\"zzzzzzzz\"",
                "\"sig\":\"" DIGITS_64 DIGITS_64 DIGITS_64 DIGITS_64 "\"",
        };
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct maker_text r, good;

        (void)state;
        maker_root(&r, 1, &roots, &role, &roots);
        assert_int_equal(pin(&r), SG_OK);
        maker_targets(&good, 1, &p, 1, &role);
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
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_payload p = maker_image("rt", "rt.img", payload_bytes);
        struct tuf_context clock = context;
        struct maker_text r, t, early;

        (void)state;
        clock.now = "2035-01-01T00:00:00Z";
        maker_root(&r, 1, &roots, &role, &roots);
        maker_targets(&t, 1, &p, 1, &role);
        assert_int_equal(pin(&r), SG_OK);
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, t.text, t.length), SG_OK);
        sign_edited(&early, &t, "2040-", "2030-", &role);
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, early.text, early.length),
                         SG_E_EXPIRED);
        sign_edited(&early, &r, "2040-", "2030-", &roots);
        assert_int_equal(pin(&early), SG_OK);
        assert_int_equal(tuf_targets_verify(&targets, &root, &clock, t.text, t.length),
                         SG_E_EXPIRED);
}

static void refuses_wrong_roots(void **state)
{
        static const struct {
                const char *from, *to;
                sg_err err;
        } row[] = {
                {"\"_type\":\"root\"", "\"_type\":\"targets\"", SG_E_METADATA},
                {"\"version\":2", "\"version\":3", SG_E_ROOT_CHAIN},
                {"\"version\":2", "\"version\":1", SG_E_ROOT_CHAIN},
                {"\"threshold\":1", "\"threshold\":0", SG_E_METADATA},
                {"\"threshold\":1", "\"threshold\":2", SG_E_KEY_TYPE},
                {"\"keytype\":\"ecdsa\"", "\"keytype\":\"ed25519\"", SG_E_KEY_TYPE},
                {"BEGIN PUBLIC KEY-----\\n", "BEGIN PUBLIC KEY-----\\n\\n", SG_E_KEY_ID},
                {"\"roles\":{", "\"rolez\":{", SG_E_METADATA},
                {"\"keys\":{", "\"keyz\":{", SG_E_METADATA},
                {"\"keys\":{", "\"keys\":[],\"x\":{", SG_E_METADATA},
                {"\"keys\":{", "\"keys\":{\"00\":{},", SG_E_METADATA},
                {"\"keys\":{", "\"keys\":{\"" DIGITS_64 "\":7,", SG_E_METADATA},
                {"\"keyids\":[", "\"keyidz\":[", SG_E_METADATA},
                {"\"keyids\":[", "\"keyids\":[\"zz\",", SG_E_METADATA},
                {"\"threshold\":1", "\"thresholt\":1", SG_E_METADATA},
                {"\"threshold\":1", "\"threshold\":99", SG_E_METADATA},
                {"\"scheme\":\"ecdsa-sha2-nistp256\"", "\"scheme\":\"ecdsa-sha2-nistp384\"",
                 SG_E_KEY_TYPE},
                {"\"keyval\":{", "\"keyvam\":{", SG_E_METADATA},
        };
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_text first, second, edited;

        (void)state;
        maker_root(&first, 1, &roots, &role, &roots);
        maker_root(&second, 2, &roots, &role, &roots);
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                assert_int_equal(pin(&first), SG_OK);
                sign_edited(&edited, &second, row[i].from, row[i].to, &roots);
                sg_err err = update(&edited);
                if (err != row[i].err) {
                        fail_msg("%s -> %s: %d", row[i].from, row[i].to, err);
                }
                assert_int_equal(root.version, 1);
        }
        /* A key of another kind, for a role that is not used here. */
        sign_edited(&edited, &second, "\"keys\":{",
                    "\"keys\":{\"" DIGITS_64 "\":{\"keytype\":\"rsa\"},", &roots);
        assert_int_equal(update(&edited), SG_OK);
        assert_int_equal(pin(&first), SG_OK);
        assert_int_equal(update(&second), SG_OK);
}

static void a_role_counts_each_key_once(void **state)
{
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_text r, edited;
        char once[80], twice[160];

        (void)state;
        maker_root(&r, 1, &roots, &role, &roots);
        const char *at = strstr(r.text, "\"keyids\":[\"");
        assert_non_null(at);
        snprintf(once, sizeof(once), "%.67s", at + 9);
        snprintf(twice, sizeof(twice), "%s,%s", once, once + 1);
        sign_edited(&edited, &r, once, twice, &roots);
        assert_int_equal(pin(&edited), SG_E_METADATA);
}

/* Root metadata with one key more, whose object is key d's, edited, under the id that it has then.
 */
static sg_err pin_with_key(const struct maker_text *first, const struct maker_role *roots,
                           const char *from, const char *to)
{
        struct json_writer w;
        struct json json;
        struct maker_text edited;
        char object[512], keys[1024];
        uint8_t id[32];

        json_write_begin(&w, object, sizeof(object));
        key_write(&w, NULL, d.spki);
        object[w.length] = '\0';
        char *at = strstr(object, from);
        assert_non_null(at);
        memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
        memcpy(at, to, strlen(to));
        assert_int_equal(json_parse(&json, object, strlen(object), tokens, TUF_TOKENS_MAX), SG_OK);
        canonical_sha256(&json, 0, id);
        int n = snprintf(keys, sizeof(keys), "\"keys\":{\"");
        for (int i = 0; i < 32; i++) {
                n += snprintf(keys + n, sizeof(keys) - (size_t)n, "%02x", id[i]);
        }
        snprintf(keys + n, sizeof(keys) - (size_t)n, "\":%s,", object);
        sign_edited(&edited, first, "\"keys\":{", keys, roots);
        return pin(&edited);
}

/* A key that is not of the one kind is passed over; one that is not well-formed is refused. */
static void takes_keys_of_one_form(void **state)
{
        static const struct {
                const char *from, *to;
                sg_err err;
                uint32_t keys;
        } row[] = {
                {"MFkw", "MFkw", SG_OK, 3},
                {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", SG_OK, 2},
                {"MFkw", "MFkx", SG_OK, 2},     /* another kind of key */
                {"==\\n", "*=\\n", SG_OK, 2},   /* no base64 */
                {"==\\n", "AAAA\\n", SG_OK, 2}, /* too long */
                {"QgAE", "QgAE=", SG_OK, 2},    /* too short */
                {"BEGIN PUBLIC", "BEGIN PRIVATE", SG_E_METADATA, 0},
                {"END PUBLIC", "END PRIVATE", SG_E_METADATA, 0},
                {"\"public\"", "\"publid\"", SG_E_METADATA, 0},
        };
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_text first;

        (void)state;
        maker_root(&first, 1, &roots, &role, &roots);
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                sg_err err = pin_with_key(&first, &roots, row[i].from, row[i].to);
                if (err != row[i].err) {
                        fail_msg("%s -> %s: %d", row[i].from, row[i].to, err);
                }
                assert_true(err != SG_OK || root.key_count == row[i].keys);
        }
}

/* PEM pads the last byte; what stands behind the key in memory is no part of it. */
static void a_key_id_is_of_the_key_alone(void **state)
{
        uint8_t spki[KEY_SPKI_SIZE + 1], first[32], second[32];

        (void)state;
        memcpy(spki, a.spki, KEY_SPKI_SIZE);
        spki[KEY_SPKI_SIZE] = 0;
        assert_int_equal(key_id(spki, first), SG_OK);
        spki[KEY_SPKI_SIZE] = 0xff;
        assert_int_equal(key_id(spki, second), SG_OK);
        assert_memory_equal(first, second, 32);
}

/* Key a once more, under the id of a key object that has a member more. */
static void write_alias(char *out, size_t size)
{
        struct json_writer w;
        struct json json;
        char object[512];
        uint8_t id[32];
        int n = 0;

        json_write_begin(&w, object, sizeof(object));
        key_write(&w, NULL, a.spki);
        snprintf(object + w.length - 1, sizeof(object) - w.length, ",\"x\":1}");
        assert_int_equal(json_parse(&json, object, strlen(object), tokens, TUF_TOKENS_MAX), SG_OK);
        canonical_sha256(&json, 0, id);
        n += snprintf(out, size, "\"keys\":{\"");
        for (int i = 0; i < 32; i++) {
                n += snprintf(out + n, size - (size_t)n, "%02x", id[i]);
        }
        snprintf(out + n, size - (size_t)n, "\":%s,", object);
}

static void a_key_under_two_ids_is_refused(void **state)
{
        const struct maker_role roots = {{&a}, 1, 1};
        const struct maker_role role = {{&c}, 1, 1};
        struct maker_text first, edited;
        char alias[1024];

        (void)state;
        maker_root(&first, 1, &roots, &role, &roots);
        write_alias(alias, sizeof(alias));
        sign_edited(&edited, &first, "\"keys\":{", alias, &roots);
        assert_int_equal(pin(&edited), SG_E_METADATA);
}

/* A root has room for 16 keys, a role for 8. */
static void more_keys_than_there_is_room_for(void **state)
{
        struct maker_key key[17];
        struct maker_role root_8 = {.count = 8, .threshold = 1},
                          targets_9 = {.count = 9, .threshold = 1};
        struct maker_text whole, t;

        (void)state;
        for (uint32_t i = 0; i < 17; i++) {
                maker_key_make(&key[i]);
                if (i < 8) {
                        root_8.key[i] = &key[i];
                } else {
                        targets_9.key[i - 8] = &key[i];
                }
        }
        const struct maker_role signers = {{&key[0]}, 1, 1}, one = {{&key[0]}, 1, 1};
        uint8_t last[32];
        char id[70] = ",\"";
        assert_int_equal(key_id(key[16].spki, last), SG_OK);
        for (size_t i = 0; i < sizeof(last); i++) {
                snprintf(id + 2 + 2 * i, 5, "%02x\"]", last[i]);
        }
        maker_root(&whole, 1, &root_8, &targets_9, &signers);
        sign_edited(&t, &whole, id, "]", &signers); /* a key of no role */
        assert_int_equal(pin(&t), SG_E_METADATA);
        targets_9.count = 8;
        maker_root(&t, 1, &root_8, &targets_9, &signers);
        assert_int_equal(pin(&t), SG_OK);
        targets_9.count = 9;
        maker_root(&t, 1, &targets_9, &one, &(struct maker_role){{&key[8]}, 1, 1});
        assert_int_equal(pin(&t), SG_E_METADATA);
        for (uint32_t i = 0; i < 17; i++) {
                maker_key_free(&key[i]);
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
                cmocka_unit_test(counts_distinct_keys),
                cmocka_unit_test(pinned_root_must_sign_itself),
                cmocka_unit_test(refuses_signed_nonsense),
                cmocka_unit_test(refuses_signed_nonsense_of_deltas),
                cmocka_unit_test(refuses_targets_that_differ),
                cmocka_unit_test(takes_as_many_targets_as_it_knows),
                cmocka_unit_test(refuses_what_is_no_metadata),
                cmocka_unit_test(passes_over_what_is_no_signature),
                cmocka_unit_test(refuses_signatures_of_no_form),
                cmocka_unit_test(either_expiry_counts),
                cmocka_unit_test(refuses_wrong_roots),
                cmocka_unit_test(a_role_counts_each_key_once),
                cmocka_unit_test(takes_keys_of_one_form),
                cmocka_unit_test(a_key_id_is_of_the_key_alone),
                cmocka_unit_test(more_keys_than_there_is_room_for),
                cmocka_unit_test(a_key_under_two_ids_is_refused),
        };

        return cmocka_run_group_tests(tests, make_keys, free_keys);
}
