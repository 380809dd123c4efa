/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata: files that python-tuf wrote (tests/vectors/make_tuf.py), then our own, right and
 * wrong; whole packages at the end. */
#include "tests/unit/memory_storage.h"
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

static const uint8_t payload_bytes[3000] = {1, 2, 3};
static const uint32_t payload_chunks[] = {1000, 0, 1999, 1};

static struct maker_payload make_payload(const char *guest, const char *path)
{
        struct maker_payload p = {
                .bytes = payload_bytes,
                .chunks = payload_chunks,
                .chunk_count = 4,
        };

        p.manifest = (struct manifest_target){
                .kind = MANIFEST_IMAGE,
                .to_length = sizeof(payload_bytes),
                .security_counter = 2,
                .minimum_updater = 1,
                .package = "p1",
                .product = "segue-virt",
                .to_version = "1.2.3",
        };
        snprintf(p.manifest.guest, sizeof(p.manifest.guest), "%s", guest);
        snprintf(p.manifest.path, sizeof(p.manifest.path), "%s", path);
        return p;
}

static void counts_distinct_keys(void **state)
{
        const struct maker_role roots = {{&a, &b}, 2, 2};
        const struct maker_role two_of_two = {{&c, &d}, 2, 2};
        const struct maker_role twice = {{&c, &c}, 2, 2};
        const struct maker_role foreign = {{&c, &a}, 2, 2};
        struct maker_payload p = make_payload("rt", "rt.img");
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
        struct maker_payload p = make_payload("rt", "rt.img");
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
        struct maker_payload p = make_payload("rt", "rt.delta");
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
#define DIFFER(error, ...)                           \
        do {                                         \
                p[0] = make_payload("rt", "1.img");  \
                p[1] = make_payload("rt", "2.img");  \
                __VA_ARGS__;                         \
                maker_targets(&t, 1, p, 2, &role);   \
                assert_int_equal(verify(&t), error); \
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
                p[i] = make_payload("rt", path);
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
        struct maker_payload p = make_payload("rt", "rt.img");
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
        struct maker_payload p = make_payload("rt", "rt.img");
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

/* Packages. */
static uint8_t archive[64 * 1024];
static struct memory_storage storage;
static struct package package;
static struct package_memory memory;
static uint8_t list[CHUNK_LIST_MAX], buffer[CHUNK_LENGTH_MAX];
static struct maker_text pinned;
static struct maker_role package_roots, package_role;

/* A package of two targets signed by c, trusted through a. Returns its size. */
static size_t make_package(uint64_t version)
{
        struct maker_payload p[] = {make_payload("rt", "z.img"), make_payload("work", "a.img")};
        struct maker_text t;

        package_roots = (struct maker_role){{&a}, 1, 1};
        package_role = (struct maker_role){{&c}, 1, 1};
        maker_root(&pinned, 1, &package_roots, &package_role, &package_roots);
        maker_targets(&t, version, p, 2, &package_role);
        size_t size = maker_package(archive, sizeof(archive), &pinned, &t, p, 2);
        memory_storage_init(&storage, archive, size);
        return size;
}

static sg_err open_package(uint64_t root_floor, uint64_t targets_floor)
{
        const struct package_floor floor = {root_floor, targets_floor};

        return package_open(&package, &storage.storage, pinned.text, pinned.length, &floor, NULL,
                            &memory);
}

static void opens_a_package(void **state)
{
        struct chunk_reader r;
        uint8_t out[3000];

        (void)state;
        size_t size = make_package(5);
        assert_int_equal(open_package(1, 5), SG_OK);
        assert_int_equal(package.bytes, size - 2 * USTAR_BLOCK);
        assert_string_equal(package.targets.target[0].path, "a.img");
        const struct manifest_target *m = &package.targets.target[1];
        assert_int_equal(package_target_verify(&package, m, list, buffer), SG_OK);
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_OK);
        assert_int_equal(chunk_reader_read(&r, 0, out, 3000), SG_OK);
        assert_memory_equal(out, payload_bytes, 3000);
        assert_int_equal(chunk_reader_read(&r, 999, out, 2), SG_OK);
        assert_int_equal(chunk_reader_read(&r, 2999, out, 2), SG_E_TRUNCATED);
        assert_int_equal(chunk_reader_read(&r, UINT64_MAX, out, 2), SG_E_TRUNCATED);
        assert_int_equal(open_package(2, 5), SG_E_METADATA_OLD);
        assert_int_equal(open_package(1, 6), SG_E_METADATA_OLD);
}

static void refuses_every_truncated_package(void **state)
{
        (void)state;
        size_t size = make_package(5);
        for (size_t cut = 0; cut < size - USTAR_BLOCK; cut += cut % 512 == 0 ? 1 : 511) {
                storage.storage.size = cut;
                assert_int_not_equal(open_package(0, 0), SG_OK);
        }
        storage.storage.size = size - USTAR_BLOCK;
        assert_int_equal(open_package(0, 0), SG_OK);
}

static void a_changed_chunk_is_not_handed_out(void **state)
{
        struct chunk_reader r;
        uint8_t out[16] = {0};

        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        const struct manifest_target *m = &package.targets.target[0];
        uint64_t at = ustar_find(&package.index, "targets/a.img")->offset;
        archive[at + 1500] ^= 1;
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_OK);
        assert_int_equal(chunk_reader_read(&r, 0, out, 16), SG_OK);
        assert_int_equal(out[0], 1);
        memset(out, 0x55, sizeof(out));
        assert_int_equal(chunk_reader_read(&r, 2000, out, 16), SG_E_CHUNK_DIGEST);
        assert_int_equal(out[0], 0x55);
        assert_int_equal(package_target_verify(&package, m, list, buffer), SG_E_CHUNK_DIGEST);
        archive[ustar_find(&package.index, "targets/a.img.chunks")->offset + 9] ^= 1;
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_E_CHUNK_LIST);
}

static void refuses_bad_chunk_lists(void **state)
{
        static const uint8_t bytes[100];
        uint8_t l[CHUNK_HEADER_SIZE + 2 * CHUNK_ENTRY_SIZE] = {'S', 'G', 'C', '1', 2};
        struct chunk_reader r;
        struct memory_storage s;

        (void)state;
        memory_storage_init(&s, (uint8_t *)bytes, sizeof(bytes));
        l[8] = 60;
        l[8 + 36] = 40;
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, sizeof(l), buffer), SG_OK);
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 99, l, sizeof(l), buffer),
                         SG_E_CHUNK_LIST);
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, sizeof(l) - 1, buffer),
                         SG_E_CHUNK_LIST);
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, 7, buffer), SG_E_CHUNK_LIST);
        l[0] ^= 1;
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 100, l, sizeof(l), buffer),
                         SG_E_CHUNK_LIST);
        l[0] ^= 1;
        l[8 + 3] = 1; /* longer than a chunk may be */
        assert_int_equal(
                chunk_reader_open(&r, &s.storage, 0, 100 + (1 << 24), l, sizeof(l), buffer),
                SG_E_CHUNK_LIST);
        l[4] = 0;
        assert_int_equal(chunk_reader_open(&r, &s.storage, 0, 0, l, 8, buffer), SG_E_CHUNK_LIST);
}

static void follows_the_chain_in_a_package(void **state)
{
        const struct maker_role first = {{&a}, 1, 1}, second = {{&b}, 1, 1};
        const struct maker_role both = {{&a, &b}, 2, 1}, role = {{&c}, 1, 1};
        struct maker_payload p = make_payload("rt", "rt.img");
        struct maker_text r2, r3, t;
        size_t at = 0;

        (void)state;
        maker_root(&pinned, 1, &first, &role, &first);
        maker_root(&r2, 2, &second, &role, &both);
        maker_root(&r3, 3, &second, &role, &second);
        maker_targets(&t, 1, &p, 1, &role);
        maker_member(archive, sizeof(archive), &at, "root.json", r3.text, r3.length);
        size_t chain = at;
        maker_member(archive, sizeof(archive), &at, "2.root.json", r2.text, r2.length);
        maker_member(archive, sizeof(archive), &at, "targets.json", t.text, t.length);
        maker_payloads(archive, sizeof(archive), &at, &p, 1);
        memory_storage_init(&storage, archive, at + 1024);
        assert_int_equal(open_package(3, 0), SG_OK);
        assert_int_equal(package.root.version, 3);
        /* Without the link between them the newest root is not trusted. */
        at = chain;
        maker_member(archive, sizeof(archive), &at, "targets.json", t.text, t.length);
        maker_payloads(archive, sizeof(archive), &at, &p, 1);
        assert_int_equal(open_package(0, 0), SG_E_SIGNATURES);
}

/* The tenth root has a name of two digits. */
static void follows_the_chain_past_nine(void **state)
{
        const struct maker_role first = {{&a}, 1, 1}, second = {{&b}, 1, 1};
        const struct maker_role both = {{&a, &b}, 2, 1}, role = {{&c}, 1, 1};
        struct maker_payload p = make_payload("rt", "rt.img");
        struct maker_text r10, r11, t;
        size_t at = 0;

        (void)state;
        maker_root(&pinned, 9, &first, &role, &first);
        maker_root(&r10, 10, &second, &role, &both);
        maker_root(&r11, 11, &second, &role, &second);
        maker_targets(&t, 1, &p, 1, &role);
        maker_member(archive, sizeof(archive), &at, "root.json", r11.text, r11.length);
        maker_member(archive, sizeof(archive), &at, "10.root.json", r10.text, r10.length);
        maker_member(archive, sizeof(archive), &at, "targets.json", t.text, t.length);
        maker_payloads(archive, sizeof(archive), &at, &p, 1);
        memory_storage_init(&storage, archive, at + 1024);
        assert_int_equal(open_package(11, 0), SG_OK);
        pinned.text[0] = 'x';
        assert_int_equal(open_package(11, 0), SG_E_JSON);
}

static void a_payload_of_another_digest_is_told(void **state)
{
        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        struct manifest_target m = package.targets.target[0];
        m.sha256[0] ^= 1;
        assert_int_equal(package_target_verify(&package, &m, list, buffer), SG_E_TARGET_DIGEST);
        storage.read_error = SG_E_IO;
        assert_int_equal(package_target_verify(&package, &m, list, buffer), SG_E_IO);
}

/* The chunk that is loaded is not read again. */
static void hands_out_chunks_one_by_one(void **state)
{
        struct chunk_reader r;
        const uint8_t *bytes;
        uint8_t out[16];
        uint64_t at;

        (void)state;
        make_package(5);
        assert_int_equal(open_package(0, 0), SG_OK);
        const struct manifest_target *m = &package.targets.target[0];
        assert_int_equal(package_target_open(&package, m, list, buffer, &r), SG_OK);
        assert_int_equal(chunk_reader_chunk(&r, 2, &bytes, &at), SG_OK);
        assert_int_equal(at, 1000);
        storage.read_error = SG_E_IO;
        assert_int_equal(chunk_reader_chunk(&r, 2, &bytes, &at), SG_OK);
        assert_memory_equal(bytes, payload_bytes + 1000, 1999);
        assert_int_equal(chunk_reader_read(&r, 1200, out, sizeof(out)), SG_OK);
        assert_int_equal(chunk_reader_chunk(&r, 0, &bytes, &at), SG_E_IO);
}

static void peeks_at_what_is_there(void **state)
{
        uint8_t one[32], two[32];

        (void)state;
        make_package(5);
        assert_int_equal(package_peek(&storage.storage, one), SG_OK);
        make_package(6);
        assert_int_equal(package_peek(&storage.storage, two), SG_OK);
        assert_memory_not_equal(one, two, 32);
        memset(archive, 0, 512);
        assert_int_equal(package_peek(&storage.storage, two), SG_E_NO_PACKAGE);
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
                cmocka_unit_test(a_key_under_two_ids_is_refused),
                cmocka_unit_test(opens_a_package),
                cmocka_unit_test(refuses_every_truncated_package),
                cmocka_unit_test(a_changed_chunk_is_not_handed_out),
                cmocka_unit_test(refuses_bad_chunk_lists),
                cmocka_unit_test(follows_the_chain_in_a_package),
                cmocka_unit_test(follows_the_chain_past_nine),
                cmocka_unit_test(a_payload_of_another_digest_is_told),
                cmocka_unit_test(hands_out_chunks_one_by_one),
                cmocka_unit_test(peeks_at_what_is_there),
        };

        return cmocka_run_group_tests(tests, make_keys, free_keys);
}
