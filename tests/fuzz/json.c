// SPDX-License-Identifier: Apache-2.0
/* JSON as metadata uses it, and its canonical form, which must be its own canonical form. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "updater/package/canonical.h"

#define TOKENS   512
#define TEXT_MAX 16384

static jsmntok_t tokens[TOKENS];
static char once[2 * TEXT_MAX], twice[2 * TEXT_MAX];

static void ask_everything(const struct json *json)
{
        uint8_t bytes[32];
        char string[40];
        uint64_t number;

        for (int t = 0; t < json->count; t++) {
                (void)json_u64(json, t, &number);
                (void)json_hex(json, t, bytes, sizeof(bytes));
                if (json_string(json, t, string, sizeof(string)))
                        FUZZ_REQUIRE(strnlen(string, sizeof(string)) < sizeof(string));
                if (json_is_object(json, t))
                        (void)json_member(json, t, "signed");
                if (!json_is_object(json, t) && !json_is_array(json, t))
                        continue;
                int count = 0;
                for (int i = json_first(json, t); i >= 0; i = json_next(json, i))
                        FUZZ_REQUIRE(i > t && i < json->count && ++count <= json->count);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct json json;
        size_t length, again;

        if (size > TEXT_MAX || json_parse(&json, (const char *)data, size, tokens, TOKENS) != SG_OK)
                return 0;
        ask_everything(&json);
        FUZZ_REQUIRE(canonical_text(&json, 0, once, sizeof(once), &length) == SG_OK);
        for (size_t i = 0; i < length; i++)
                if ((unsigned char)once[i] < ' ')
                        return 0; /* written as it is, which JSON does not take back */
        FUZZ_REQUIRE(json_parse(&json, once, length, tokens, TOKENS) == SG_OK);
        FUZZ_REQUIRE(canonical_text(&json, 0, twice, sizeof(twice), &again) == SG_OK);
        FUZZ_REQUIRE(again == length && memcmp(once, twice, length) == 0);
        return 0;
}
