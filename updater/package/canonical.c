/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/canonical.h"

#include <mbedtls/sha256.h>
#include <string.h>

static void put(const struct canonical_sink *sink, const char *bytes, size_t count)
{
        sink->write(sink->ctx, bytes, count);
}

static void put_string(const struct json *json, int t, const struct canonical_sink *sink)
{
        struct json_chars c;

        put(sink, "\"", 1);
        json_chars_begin(&c, json, t);
        for (int ch = json_chars_next(&c); ch != -1; ch = json_chars_next(&c)) {
                char byte = (char)ch;
                if (byte == '"' || byte == '\\') {
                        put(sink, "\\", 1);
                }
                put(sink, &byte, 1);
        }
        put(sink, "\"", 1);
}

/* The smallest name of an object that comes after name `last` (-1: the very smallest), or -1.
 * Sorting by repeated search needs no memory; names are few. */
static int name_after(const struct json *json, int object, int last)
{
        int best = -1;

        for (int n = json_first(json, object); n >= 0; n = json_next(json, n)) {
                if ((last < 0 || json_compare(json, n, last) > 0) &&
                    (best < 0 || json_compare(json, n, best) < 0)) {
                        best = n;
                }
        }
        return best;
}

static void put_object(const struct json *json, int t, const struct canonical_sink *sink)
{
        put(sink, "{", 1);
        for (int n = name_after(json, t, -1), last = -1; n >= 0;
             last = n, n = name_after(json, t, n)) {
                if (last >= 0) {
                        put(sink, ",", 1);
                }
                put_string(json, n, sink);
                put(sink, ":", 1);
                canonical_write(json, n + 1, sink);
        }
        put(sink, "}", 1);
}

static void put_array(const struct json *json, int t, const struct canonical_sink *sink)
{
        put(sink, "[", 1);
        for (int e = json_first(json, t); e >= 0; e = json_next(json, e)) {
                if (e != t + 1) {
                        put(sink, ",", 1);
                }
                canonical_write(json, e, sink);
        }
        put(sink, "]", 1);
}

/* Recursion is bounded by JSON_DEPTH_MAX, which json_parse() checked. */
void canonical_write(const struct json *json, int t, const struct canonical_sink *sink)
{
        switch (json->token[t].type) {
        case JSMN_OBJECT:
                put_object(json, t, sink);
                break;
        case JSMN_ARRAY:
                put_array(json, t, sink);
                break;
        case JSMN_STRING:
                put_string(json, t, sink);
                break;
        case JSMN_PRIMITIVE:
        case JSMN_UNDEFINED:
                put(sink, json->text + json->token[t].start,
                    (size_t)(json->token[t].end - json->token[t].start));
                break;
        }
}

static void hash_bytes(void *ctx, const void *bytes, size_t count)
{
        mbedtls_sha256_update(ctx, bytes, count);
}

void canonical_sha256(const struct json *json, int t, uint8_t digest[32])
{
        mbedtls_sha256_context sha;
        const struct canonical_sink sink = {.ctx = &sha, .write = hash_bytes};

        mbedtls_sha256_init(&sha);
        mbedtls_sha256_starts(&sha, 0);
        canonical_write(json, t, &sink);
        mbedtls_sha256_finish(&sha, digest);
        mbedtls_sha256_free(&sha);
}

static void writer_bytes(void *ctx, const void *bytes, size_t count)
{
        struct json_writer *w = ctx;

        if (count > w->size - w->length) {
                w->overflow = true;
                return;
        }
        memcpy(w->buffer + w->length, bytes, count);
        w->length += count;
}

sg_err canonical_text(const struct json *json, int t, char *buffer, size_t size, size_t *length)
{
        struct json_writer w;
        const struct canonical_sink sink = {.ctx = &w, .write = writer_bytes};

        json_write_begin(&w, buffer, size);
        canonical_write(json, t, &sink);
        *length = w.length;
        return json_write_end(&w);
}

void json_write_begin(struct json_writer *w, char *buffer, size_t size)
{
        memset(w, 0, sizeof(*w));
        w->buffer = buffer;
        w->size = size;
}

sg_err json_write_end(struct json_writer *w)
{
        return w->overflow ? SG_E_TOO_LARGE : SG_OK;
}

static void writer_char(struct json_writer *w, char c)
{
        writer_bytes(w, &c, 1);
}

static void writer_escaped(struct json_writer *w, const char *value)
{
        static const char hex[] = "0123456789abcdef";

        writer_char(w, '"');
        for (; *value != '\0'; value++) {
                uint8_t c = (uint8_t)*value;
                if (c == '"' || c == '\\') {
                        writer_char(w, '\\');
                        writer_char(w, (char)c);
                } else if (c == '\n') {
                        writer_bytes(w, "\\n", 2);
                } else if (c < 0x20) {
                        writer_bytes(w, "\\u00", 4);
                        writer_char(w, hex[c >> 4]);
                        writer_char(w, hex[c & 15]);
                } else {
                        writer_char(w, (char)c);
                }
        }
        writer_char(w, '"');
}

/* What stands before a value: a comma, and its name in an object. */
static void writer_prefix(struct json_writer *w, const char *name)
{
        if (w->comma) {
                writer_char(w, ',');
        }
        w->comma = true;
        if (name != NULL) {
                writer_escaped(w, name);
                writer_char(w, ':');
        }
}

void json_write_open(struct json_writer *w, const char *name, char bracket)
{
        writer_prefix(w, name);
        writer_char(w, bracket);
        w->comma = false;
}

void json_write_close(struct json_writer *w, char bracket)
{
        writer_char(w, bracket);
        w->comma = true;
}

void json_write_string(struct json_writer *w, const char *name, const char *value)
{
        writer_prefix(w, name);
        writer_escaped(w, value);
}

void json_write_u64(struct json_writer *w, const char *name, uint64_t value)
{
        char digits[20];
        size_t n = sizeof(digits);

        do {
                digits[--n] = (char)('0' + value % 10);
                value /= 10;
        } while (value != 0);
        json_write_raw(w, name, digits + n, sizeof(digits) - n);
}

void json_write_bool(struct json_writer *w, const char *name, bool value)
{
        json_write_raw(w, name, value ? "true" : "false", value ? 4 : 5);
}

void json_write_hex(struct json_writer *w, const char *name, const uint8_t *bytes, size_t count)
{
        static const char hex[] = "0123456789abcdef";

        writer_prefix(w, name);
        writer_char(w, '"');
        for (size_t i = 0; i < count; i++) {
                writer_char(w, hex[bytes[i] >> 4]);
                writer_char(w, hex[bytes[i] & 15]);
        }
        writer_char(w, '"');
}

void json_write_raw(struct json_writer *w, const char *name, const char *json, size_t length)
{
        writer_prefix(w, name);
        writer_bytes(w, json, length);
}
