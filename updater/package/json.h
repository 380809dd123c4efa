/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as metadata uses it, in a token array of the caller's. Beyond jsmn's own checks, a document
 * is refused when it is no object or array, an object has a name twice, a name is no string, or a
 * number is no integer of at most 19 digits. A value is meant by the index of its token; index 0 is
 * the document.
 */
#ifndef PACKAGE_JSON_H
#define PACKAGE_JSON_H

#define JSMN_HEADER
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include <segue/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 16

struct json {
        const char *text;
        const jsmntok_t *token;
        int count;
};

/* text must outlive *json. SG_E_JSON, SG_E_TOO_LARGE when max tokens are not enough. */
sg_err json_parse(struct json *json, const char *text, size_t length, jsmntok_t *tokens,
                  size_t max);

/* The first element or member name in a container, and the next one after t in the same container;
 * -1 at its end. The value of a member name n is n + 1. */
int json_first(const struct json *json, int container);
int json_next(const struct json *json, int t);

/* The value of a member of an object, or -1. */
int json_member(const struct json *json, int object, const char *name);

bool json_is_object(const struct json *json, int t);
bool json_is_array(const struct json *json, int t);
bool json_is_string(const struct json *json, int t);

/* The following return false when t is -1, of another type or out of range. */
bool json_equals(const struct json *json, int t, const char *string);
bool json_u64(const struct json *json, int t, uint64_t *value);
bool json_string(const struct json *json, int t, char *buffer, size_t size); /* ends it with NUL */
bool json_hex(const struct json *json, int t, uint8_t *bytes, size_t count); /* exactly count */

/* Orders two strings by code point, which is the order of their UTF-8 bytes: <0, 0, >0. */
int json_compare(const struct json *json, int a, int b);

/* The bytes (UTF-8) of a string, one at a time. */
struct json_chars {
        const char *at, *end;
        uint8_t pending[4];
        uint8_t pending_count, pending_next;
};
void json_chars_begin(struct json_chars *c, const struct json *json, int t);
int json_chars_next(struct json_chars *c); /* -1 at the end; strings were checked by json_parse() */

#endif
