/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical JSON as TUF signs it (OLPC's, as securesystemslib writes it): no blanks, members
 * sorted by code point, strings in UTF-8 with only '"' and '\' escaped, integers only.
 *
 * Signing and key ids are over these bytes, whatever blanks the stored document has. A host tool
 * that makes metadata writes any JSON with json_write_*() below, parses it and stores the canonical
 * form.
 */
#ifndef PACKAGE_CANONICAL_H
#define PACKAGE_CANONICAL_H

#include "updater/package/json.h"

/* Takes a piece of the output. */
struct canonical_sink {
        void *ctx;
        void (*write)(void *ctx, const void *bytes, size_t count);
};

/* Writes the value t of json in canonical form. */
void canonical_write(const struct json *json, int t, const struct canonical_sink *sink);

/* SHA-256 of the canonical form. */
void canonical_sha256(const struct json *json, int t, uint8_t digest[32]);

/* The canonical form in buffer (no NUL); SG_E_TOO_LARGE. */
sg_err canonical_text(const struct json *json, int t, char *buffer, size_t size, size_t *length);

/*
 * A writer of JSON for the host's tools: commas, colons and escapes are its business, order of
 * members the caller's. Overflow is kept and told at the end. name is NULL inside an array and at
 * the top.
 */
struct json_writer {
        char *buffer;
        size_t size, length;
        bool overflow;
        bool comma; /* the next value is not the first of its container */
};

void json_write_begin(struct json_writer *w, char *buffer, size_t size);
void json_write_open(struct json_writer *w, const char *name, char bracket); /* '{' or '[' */
void json_write_close(struct json_writer *w, char bracket);                  /* '}' or ']' */
void json_write_string(struct json_writer *w, const char *name, const char *value);
void json_write_u64(struct json_writer *w, const char *name, uint64_t value);
void json_write_bool(struct json_writer *w, const char *name, bool value);
void json_write_hex(struct json_writer *w, const char *name, const uint8_t *bytes, size_t count);
/* A value that is JSON already, for example the signed part. */
void json_write_raw(struct json_writer *w, const char *name, const char *json, size_t length);
sg_err json_write_end(struct json_writer *w); /* SG_E_TOO_LARGE when it did not fit */

#endif
