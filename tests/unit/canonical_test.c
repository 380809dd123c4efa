/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/canonical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static jsmntok_t tokens[256];

static void expect_canonical(const char *text, const char *canonical)
{
        struct json json;
        char out[256];
        size_t length;

        assert_int_equal(json_parse(&json, text, strlen(text), tokens, 256), SG_OK);
        assert_int_equal(canonical_text(&json, 0, out, sizeof(out), &length), SG_OK);
        assert_int_equal(length, strlen(canonical));
        assert_memory_equal(out, canonical, length);
}

static void writes_the_canonical_form(void **state)
{
        (void)state;
        expect_canonical("{}", "{}");
        expect_canonical("[ ]", "[]");
        expect_canonical(" { \"b\" : 1 , \"a\" : [ true , null , -5 , \"x\" ] } ",
                         "{\"a\":[true,null,-5,\"x\"],\"b\":1}");
        expect_canonical("{\"a\":{\"d\":0,\"c\":{}},\"B\":[[],[1,2]]}",
                         "{\"B\":[[],[1,2]],\"a\":{\"c\":{},\"d\":0}}");
}

static void unescapes_strings(void **state)
{
        (void)state;
        expect_canonical("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\"\\\\/\b\f\n\r\t\"]");
        expect_canonical("[\"\\u00fc\\u20AC\\ud83d\\ude00\"]",
                         "[\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"]");
        expect_canonical("[\"\xc3\xbc\"]", "[\"\xc3\xbc\"]");
}

/* Python sorts by code point: U+FF5E before U+1F600, though UTF-16 would say otherwise. */
static void sorts_by_code_point(void **state)
{
        (void)state;
        expect_canonical("{\"\\ud83d\\ude00\":1,\"\\uff5e\":2,\"a\":3,\"ab\":4,\"\\u0061a\":5}",
                         "{\"a\":3,\"aa\":5,\"ab\":4,\"\xef\xbd\x9e\":2,\"\xf0\x9f\x98\x80\":1}");
}

static void refuses_what_is_not_json(void **state)
{
        static const char *const bad[] = {
                "",
                "{",
                "{\"a\":1",
                "{\"a\"}",
                "{\"a\":1,\"a\":2}",
                "{\"a\":1,\"\\u0061\":2}",
                "{1:2}",
                "{} {}",
                "[1.5]",
                "[1e3]",
                "[01]",
                "[-0]",
                "[-]",
                "[tru]",
                "[nul]",
                "[trux]",
                "[falsx]",
                "[nulx]",
                "[12345678901234567890]",
                "[\"\\x\"]",
                "[\"\\ud800\"]",
                "[\"\\udc00\"]",
                "[\"\\ud800\\u0041\"]",
                "[\"\\u12\"]",
                "[\"a\nb\"]",
                "[\"\xff\"]",
                "[\"\xc0\x80\"]",
                "[\"\xed\xa0\x80\"]",
                "[\"\xf4\x90\x80\x80\"]",
                "[\"\xc3\"]",
                "[\"\xc3(\"]",
                "[\"\xc3\xc3\"]",
                "[\"\xe2\x82(\"]",
                "[\"\xe2\x82\xc0\"]",
                "[\"\xe0\x80\x80\"]",
                "[\"\xf0\x80\x80\x80\"]",
                "[\"\xf5\x80\x80\x80\"]",
                "[\"\\u12/4\"]",
                "[\"\\u12:4\"]",
                "[\"\\u12@4\"]",
                "[\"\\u12G4\"]",
                "[\"\\u12`4\"]",
                "[\"\\u12g4\"]",
                "[\"\\udc00\\udc00\"]",
                "[\"\\ud800\\ue000\"]",
                "[\"\\ud800\\n1234\"]",
                "[\"\\ud800x\\u1234\"]",
                "{\"a\":[1,2],\"b\":{\"c\":1,\"c\":2}}",
                "[\"a\":1]",
                "9 ", /* found by the fuzzer: "9", its canonical form, was refused */
                "\"a\"",
                "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        };
        struct json json;

        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                if (json_parse(&json, bad[i], strlen(bad[i]), tokens, 256) != SG_E_JSON) {
                        fail_msg("taken: %s", bad[i]);
                }
        }
        assert_int_equal(json_parse(&json, "[]\0[]", 5, tokens, 256), SG_E_JSON);
}

static void stays_within_its_tokens(void **state)
{
        struct json json;

        (void)state;
        assert_int_equal(json_parse(&json, "[1,2,3]", 7, tokens, 3), SG_E_TOO_LARGE);
        assert_int_equal(json_parse(&json, "[1,2,3]", 7, tokens, 4), SG_OK);
}

static void reads_members(void **state)
{
        static const char text[] = "{\"a\":{\"x\":[1,2],\"y\":\"00fF\"},\"b\":9999999999999999999,"
                                   "\"c\":\"t\\u00fc\",\"d\":-1}";
        struct json json;
        uint64_t number;
        uint8_t bytes[2];
        char string[8];

        (void)state;
        assert_int_equal(json_parse(&json, text, strlen(text), tokens, 256), SG_OK);
        int a = json_member(&json, 0, "a");
        assert_true(json_is_object(&json, a));
        assert_int_equal(json_member(&json, 0, "x"), -1);
        assert_true(json_hex(&json, json_member(&json, a, "y"), bytes, 2));
        assert_int_equal(bytes[1], 0xff);
        assert_false(json_hex(&json, json_member(&json, a, "y"), bytes, 1));
        int x = json_member(&json, a, "x");
        assert_true(json_u64(&json, json_next(&json, json_first(&json, x)), &number));
        assert_int_equal(number, 2);
        assert_int_equal(json_next(&json, json_next(&json, json_first(&json, x))), -1);
        assert_true(json_u64(&json, json_member(&json, 0, "b"), &number));
        assert_true(number == 9999999999999999999u);
        assert_false(json_u64(&json, json_member(&json, 0, "d"), &number));
        assert_true(json_string(&json, json_member(&json, 0, "c"), string, 4));
        assert_string_equal(string, "t\xc3\xbc");
        assert_false(json_string(&json, json_member(&json, 0, "c"), string, 3));
        assert_false(json_equals(&json, json_member(&json, 0, "c"), "t"));
        assert_false(json_equals(&json, json_member(&json, 0, "b"), "9999999999999999999"));
        assert_false(json_string(&json, json_member(&json, 0, "b"), string, sizeof(string)));
        assert_int_equal(json_member(&json, json_member(&json, 0, "b"), "x"), -1);
        assert_int_equal(json_member(&json, x, "x"), -1);
        assert_false(json_is_string(&json, json.count));
}

static void takes_no_other_forms(void **state)
{
        static const char text[] = "{\"hex\":\"0g\",\"low\":\"g0\",\"nul\":\"a\\u0000b\","
                                   "\"number\":12,\"word\":true,\"list\":[\"x\",1]}";
        struct json json;
        uint64_t number;
        uint8_t bytes[2];
        char string[8];

        (void)state;
        assert_int_equal(json_parse(&json, text, strlen(text), tokens, 256), SG_OK);
        assert_false(json_hex(&json, json_member(&json, 0, "hex"), bytes, 1));
        assert_false(json_hex(&json, json_member(&json, 0, "low"), bytes, 1));
        assert_false(json_hex(&json, json_member(&json, 0, "number"), bytes, 1));
        assert_false(json_string(&json, json_member(&json, 0, "nul"), string, sizeof(string)));
        assert_false(json_u64(&json, json_member(&json, 0, "word"), &number));
        assert_int_equal(json_member(&json, json_member(&json, 0, "list"), "x"), -1);
        assert_int_equal(json_parse(&json, text, (size_t)INT32_MAX + 1, tokens, 256), SG_E_JSON);
        assert_int_equal(json_parse(&json, text, strlen(text), tokens, (size_t)INT32_MAX + 1),
                         SG_E_JSON);
}

static void writes_json(void **state)
{
        static const uint8_t bytes[] = {0x01, 0xaf};
        struct json_writer w;
        char out[128];

        (void)state;
        json_write_begin(&w, out, sizeof(out));
        json_write_open(&w, NULL, '{');
        json_write_string(&w, "s", "a\"\\\n\x01");
        json_write_open(&w, "l", '[');
        json_write_u64(&w, NULL, 0);
        json_write_u64(&w, NULL, UINT64_MAX);
        json_write_close(&w, ']');
        json_write_hex(&w, "h", bytes, 2);
        json_write_bool(&w, "b", false);
        json_write_bool(&w, "t", true);
        json_write_close(&w, '}');
        assert_int_equal(json_write_end(&w), SG_OK);
        out[w.length] = '\0';
        assert_string_equal(out, "{\"s\":\"a\\\"\\\\\\n\\u0001\",\"l\":[0,18446744073709551615],"
                                 "\"h\":\"01af\",\"b\":false,\"t\":true}");
        json_write_begin(&w, out, 3);
        json_write_string(&w, NULL, "abc");
        assert_int_equal(json_write_end(&w), SG_E_TOO_LARGE);
}

/* There is no token behind the last one that there is room for. */
static void looks_no_further_than_the_last_token(void **state)
{
        static const char text[] = "{\"a\":1}";
        jsmntok_t *room = malloc(3 * sizeof(*room));
        struct json json;

        (void)state;
        assert_int_equal(json_parse(&json, text, strlen(text), room, 3), SG_OK);
        assert_int_equal(json_member(&json, 0, "a"), 2);
        assert_int_equal(json_member(&json, 0, "b"), -1);
        free(room);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_the_canonical_form),
                cmocka_unit_test(unescapes_strings),
                cmocka_unit_test(sorts_by_code_point),
                cmocka_unit_test(refuses_what_is_not_json),
                cmocka_unit_test(stays_within_its_tokens),
                cmocka_unit_test(reads_members),
                cmocka_unit_test(takes_no_other_forms),
                cmocka_unit_test(writes_json),
                cmocka_unit_test(looks_no_further_than_the_last_token),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
