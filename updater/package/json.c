/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/json.h"

#include <string.h>

#define INTEGER_DIGITS_MAX 19 /* fit in 64 bits */

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9') {
                return c - '0';
        }
        if (c >= 'a' && c <= 'f') {
                return c - 'a' + 10;
        }
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void json_chars_begin(struct json_chars *c, const struct json *json, int t)
{
        c->at = json->text + json->token[t].start;
        c->end = json->text + json->token[t].end;
        c->pending_count = 0;
        c->pending_next = 0;
}

/* Four hex digits; -1 when they are not there. */
static int32_t take_code_unit(struct json_chars *c)
{
        int32_t unit = 0;

        if (c->end - c->at < 4) {
                return -1;
        }
        for (int i = 0; i < 4; i++) {
                int digit = hex_digit(*c->at++);
                if (digit < 0) {
                        return -1;
                }
                unit = unit * 16 + digit;
        }
        return unit;
}

/* The code point behind "\u", joined from two halves where it has them; -1 when malformed. */
static int32_t take_code_point(struct json_chars *c)
{
        int32_t high = take_code_unit(c);

        if (high < 0xd800 || high > 0xdfff) {
                return high;
        }
        if (high > 0xdbff || c->end - c->at < 6 || c->at[0] != '\\' || c->at[1] != 'u') {
                return -1;
        }
        c->at += 2;
        int32_t low = take_code_unit(c);
        if (low < 0xdc00 || low > 0xdfff) {
                return -1;
        }
        return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Encodes a code point as UTF-8: returns its first byte, the others wait in pending. */
static int put_code_point(struct json_chars *c, int32_t point)
{
        c->pending_next = 0;
        c->pending_count = 0;
        if (point < 0x80) {
                return point;
        }
        int shift = point < 0x800 ? 6 : point < 0x10000 ? 12 : 18;
        int first = (shift == 6 ? 0xc0 : shift == 12 ? 0xe0 : 0xf0) | point >> shift;
        while (shift > 0) {
                shift -= 6;
                c->pending[c->pending_count++] = (uint8_t)(0x80 | (point >> shift & 0x3f));
        }
        return first;
}

#define CHARS_BAD (-2)

/* As json_chars_next(), for text that was not checked yet: CHARS_BAD at a malformed escape. */
static int chars_take(struct json_chars *c)
{
        if (c->pending_next < c->pending_count) {
                return c->pending[c->pending_next++];
        }
        if (c->at >= c->end) {
                return -1;
        }
        char ch = *c->at++;
        if (ch != '\\') {
                return (uint8_t)ch;
        }
        if (c->at >= c->end) {
                return CHARS_BAD;
        }
        static const char names[] = "\"\\/bfnrt";
        static const char values[] = "\"\\/\b\f\n\r\t";
        ch = *c->at++;
        const char *name = ch != '\0' ? strchr(names, ch) : NULL;
        if (name != NULL) {
                return (uint8_t)values[name - names];
        }
        int32_t point = ch == 'u' ? take_code_point(c) : -1;
        return point < 0 ? CHARS_BAD : put_code_point(c, point);
}

int json_chars_next(struct json_chars *c)
{
        return chars_take(c);
}

/* How many continuation bytes follow the first byte of a UTF-8 sequence; -1: none begins so. */
static int utf8_follow(int first)
{
        if (first < 0x80) {
                return 0;
        }
        if (first < 0xc2 || first > 0xf4) {
                return -1;
        }
        return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/* Overlong forms, surrogates and code points past the last show in the second byte. */
static bool utf8_second_ok(int first, int second)
{
        int low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        int high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

        return second >= low && second <= high;
}

static bool check_string(const struct json *json, int t)
{
        struct json_chars c;

        for (int i = json->token[t].start; i < json->token[t].end; i++) {
                if ((uint8_t)json->text[i] < 0x20) {
                        return false;
                }
        }
        json_chars_begin(&c, json, t);
        for (int ch = chars_take(&c); ch != -1; ch = chars_take(&c)) {
                int follow = ch < 0 ? -1 : utf8_follow(ch);
                if (follow < 0) {
                        return false;
                }
                for (int i = 0; i < follow; i++) {
                        int next = chars_take(&c);
                        if (next < 0x80 || next > 0xbf || (i == 0 && !utf8_second_ok(ch, next))) {
                                return false;
                        }
                }
        }
        return true;
}

static bool primitive_is(const struct json *json, int t, const char *word)
{
        size_t length = (size_t)(json->token[t].end - json->token[t].start);

        return strlen(word) == length &&
               memcmp(json->text + json->token[t].start, word, length) == 0;
}

/* true, false, null, or an integer in its one way of writing. */
static bool check_primitive(const struct json *json, int t)
{
        const char *p = json->text + json->token[t].start;
        int length = json->token[t].end - json->token[t].start;

        if (primitive_is(json, t, "true") || primitive_is(json, t, "false") ||
            primitive_is(json, t, "null")) {
                return true;
        }
        bool negative = length > 0 && *p == '-';
        if (negative) {
                p++;
                length--;
        }
        if (length < 1 || length > INTEGER_DIGITS_MAX || (*p == '0' && (length > 1 || negative))) {
                return false;
        }
        for (int i = 0; i < length; i++) {
                if (p[i] < '0' || p[i] > '9') {
                        return false;
                }
        }
        return true;
}

int json_compare(const struct json *json, int a, int b)
{
        struct json_chars ca, cb;
        int x, y;

        json_chars_begin(&ca, json, a);
        json_chars_begin(&cb, json, b);
        do {
                x = chars_take(&ca);
                y = chars_take(&cb);
        } while (x == y && x >= 0);
        return x - y;
}

/* Names are strings with one value each, and no name stands twice. */
static bool check_object(const struct json *json, int t)
{
        for (int n = json_first(json, t); n >= 0; n = json_next(json, n)) {
                if (json->token[n].type != JSMN_STRING || json->token[n].size != 1) {
                        return false;
                }
                for (int m = json_first(json, t); m != n; m = json_next(json, m)) {
                        if (json_compare(json, m, n) == 0) {
                                return false;
                        }
                }
        }
        return true;
}

/* A string that is not a name holds nothing: jsmn lets "a":1 pass in an array. */
static bool is_name(const struct json *json, int t)
{
        int parent = json->token[t].parent;

        return parent >= 0 && json->token[parent].type == JSMN_OBJECT;
}

static bool too_deep(const struct json *json, int t)
{
        int depth = 0;

        for (int p = json->token[t].parent; p >= 0 && depth <= 2 * JSON_DEPTH_MAX;
             p = json->token[p].parent) {
                depth++; /* names count as well */
        }
        return depth > 2 * JSON_DEPTH_MAX;
}

/* The document holds all other tokens: jsmn lets a lone number, or several values, pass. */
static bool is_placed(const struct json *json, int t)
{
        jsmntype_t type = json->token[0].type;

        return t == 0 ? type == JSMN_OBJECT || type == JSMN_ARRAY : json->token[t].parent >= 0;
}

static bool check_token(const struct json *json, int t)
{
        if (!is_placed(json, t) || too_deep(json, t)) {
                return false;
        }
        switch (json->token[t].type) {
        case JSMN_STRING:
                return (is_name(json, t) || json->token[t].size == 0) && check_string(json, t);
        case JSMN_PRIMITIVE:
                return !is_name(json, t) && check_primitive(json, t);
        case JSMN_OBJECT:
        case JSMN_ARRAY:
                return !is_name(json, t);
        case JSMN_UNDEFINED:
                break;
        }
        return false;
}

sg_err json_parse(struct json *json, const char *text, size_t length, jsmntok_t *tokens, size_t max)
{
        jsmn_parser parser;

        if (length > INT32_MAX || max > INT32_MAX || memchr(text, '\0', length) != NULL) {
                return SG_E_JSON;
        }
        jsmn_init(&parser);
        json->text = text;
        json->token = tokens;
        json->count = jsmn_parse(&parser, text, length, tokens, (unsigned)max);
        if (json->count < 1) {
                return json->count == JSMN_ERROR_NOMEM ? SG_E_TOO_LARGE : SG_E_JSON;
        }
        for (int t = 0; t < json->count; t++) {
                if (!check_token(json, t)) {
                        return SG_E_JSON;
                }
        }
        for (int t = 0; t < json->count; t++) {
                if (json->token[t].type == JSMN_OBJECT && !check_object(json, t)) {
                        return SG_E_JSON;
                }
        }
        return SG_OK;
}

int json_first(const struct json *json, int container)
{
        int t = container + 1;

        return t < json->count && json->token[t].parent == container ? t : -1;
}

int json_next(const struct json *json, int t)
{
        int parent = json->token[t].parent;

        do {
                t++;
        } while (t < json->count && json->token[t].parent > parent);
        return t < json->count && json->token[t].parent == parent ? t : -1;
}

int json_member(const struct json *json, int object, const char *name)
{
        if (!json_is_object(json, object)) {
                return -1;
        }
        for (int n = json_first(json, object); n >= 0; n = json_next(json, n)) {
                if (json_equals(json, n, name)) {
                        return n + 1;
                }
        }
        return -1;
}

static bool is_type(const struct json *json, int t, jsmntype_t type)
{
        return t >= 0 && t < json->count && json->token[t].type == type;
}

bool json_is_object(const struct json *json, int t)
{
        return is_type(json, t, JSMN_OBJECT);
}

bool json_is_array(const struct json *json, int t)
{
        return is_type(json, t, JSMN_ARRAY);
}

bool json_is_string(const struct json *json, int t)
{
        return is_type(json, t, JSMN_STRING);
}

bool json_equals(const struct json *json, int t, const char *string)
{
        struct json_chars c;

        if (!json_is_string(json, t)) {
                return false;
        }
        json_chars_begin(&c, json, t);
        for (; *string != '\0'; string++) {
                if (json_chars_next(&c) != (uint8_t)*string) {
                        return false;
                }
        }
        return json_chars_next(&c) == -1;
}

bool json_u64(const struct json *json, int t, uint64_t *value)
{
        uint64_t v = 0;

        if (!is_type(json, t, JSMN_PRIMITIVE)) {
                return false;
        }
        for (int i = json->token[t].start; i < json->token[t].end; i++) {
                char c = json->text[i];
                if (c < '0' || c > '9') {
                        return false;
                }
                v = v * 10 + (uint64_t)(c - '0');
        }
        *value = v;
        return true;
}

bool json_string(const struct json *json, int t, char *buffer, size_t size)
{
        struct json_chars c;
        size_t n = 0;

        if (!json_is_string(json, t)) {
                return false;
        }
        json_chars_begin(&c, json, t);
        for (int ch = json_chars_next(&c); ch != -1; ch = json_chars_next(&c)) {
                if (ch == '\0' || n + 1 >= size) {
                        return false;
                }
                buffer[n++] = (char)ch;
        }
        buffer[n] = '\0';
        return true;
}

bool json_hex(const struct json *json, int t, uint8_t *bytes, size_t count)
{
        if (!json_is_string(json, t) ||
            (size_t)(json->token[t].end - json->token[t].start) != 2 * count) {
                return false;
        }
        const char *p = json->text + json->token[t].start;
        for (size_t i = 0; i < count; i++) {
                int high = hex_digit(p[2 * i]);
                int low = hex_digit(p[2 * i + 1]);
                if (high < 0 || low < 0) {
                        return false;
                }
                bytes[i] = (uint8_t)(high << 4 | low);
        }
        return true;
}
