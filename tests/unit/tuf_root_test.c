/* SPDX-License-Identifier: Apache-2.0 */
/* Root metadata of our own, and the keys in it. */
#include "tests/unit/tuf_rig.h"

static void pinned_root_must_sign_itself(void **state)
{
        const struct maker_role roots = {{&key_a, &key_b}, 2, 2};
        const struct maker_role one = {{&key_a}, 1, 1};
        const struct maker_role role = {{&key_c}, 1, 1};
        const struct maker_role too_few = {{&key_a}, 1, 2};
        struct maker_text r;

        (void)state;
        maker_root(&r, 1, &roots, &role, &one);
        assert_int_equal(pin(&r), SG_E_SIGNATURES);
        maker_root(&r, 1, &too_few, &role, &one);
        assert_int_equal(pin(&r), SG_E_KEY_TYPE);
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
        struct maker_text first, second, edited;

        (void)state;
        maker_root(&first, 1, &root_role, &targets_role, &root_role);
        maker_root(&second, 2, &root_role, &targets_role, &root_role);
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                assert_int_equal(pin(&first), SG_OK);
                sign_edited(&edited, &second, row[i].from, row[i].to, &root_role);
                sg_err err = update(&edited);
                if (err != row[i].err) {
                        fail_msg("%s -> %s: %d", row[i].from, row[i].to, err);
                }
                assert_int_equal(root.version, 1);
        }
        /* A key of another kind, for a role that is not used here. */
        sign_edited(&edited, &second, "\"keys\":{",
                    "\"keys\":{\"" DIGITS_64 "\":{\"keytype\":\"rsa\"},", &root_role);
        assert_int_equal(update(&edited), SG_OK);
        assert_int_equal(pin(&first), SG_OK);
        assert_int_equal(update(&second), SG_OK);
}

static void a_role_counts_each_key_once(void **state)
{
        struct maker_text r, edited;
        char once[80], twice[160];

        (void)state;
        maker_root(&r, 1, &root_role, &targets_role, &root_role);
        const char *at = strstr(r.text, "\"keyids\":[\"");
        assert_non_null(at);
        snprintf(once, sizeof(once), "%.67s", at + 9);
        snprintf(twice, sizeof(twice), "%s,%s", once, once + 1);
        sign_edited(&edited, &r, once, twice, &root_role);
        assert_int_equal(pin(&edited), SG_E_METADATA);
}

/* Root metadata with one key more, whose object is key d's, edited, under the id that it has then.
 */
static sg_err pin_with_key(const struct maker_text *first, const char *from, const char *to)
{
        struct json_writer w;
        struct json json;
        struct maker_text edited;
        char object[512], keys[1024];
        uint8_t id[32];

        json_write_begin(&w, object, sizeof(object));
        key_write(&w, NULL, key_d.spki);
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
        sign_edited(&edited, first, "\"keys\":{", keys, &root_role);
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
        struct maker_text first;

        (void)state;
        maker_root(&first, 1, &root_role, &targets_role, &root_role);
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
                sg_err err = pin_with_key(&first, row[i].from, row[i].to);
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
        memcpy(spki, key_a.spki, KEY_SPKI_SIZE);
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
        key_write(&w, NULL, key_a.spki);
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
        struct maker_text first, edited;
        char alias[1024];

        (void)state;
        maker_root(&first, 1, &root_role, &targets_role, &root_role);
        write_alias(alias, sizeof(alias));
        sign_edited(&edited, &first, "\"keys\":{", alias, &root_role);
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
                cmocka_unit_test(pinned_root_must_sign_itself),
                cmocka_unit_test(refuses_wrong_roots),
                cmocka_unit_test(a_role_counts_each_key_once),
                cmocka_unit_test(takes_keys_of_one_form),
                cmocka_unit_test(a_key_id_is_of_the_key_alone),
                cmocka_unit_test(a_key_under_two_ids_is_refused),
                cmocka_unit_test(more_keys_than_there_is_room_for),
        };

        return cmocka_run_group_tests(tests, make_keys, free_keys);
}
