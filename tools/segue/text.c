/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/text.h"

#include <stdio.h>

#include "tools/segue/report.h"

enum { DOCUMENT_MAX = 1 << 20 };

void hex_text(char *out, const uint8_t *bytes, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                snprintf(out + 2 * i, 3, "%02x", bytes[i]);
        }
        out[2 * size] = '\0';
}

void document_begin(struct json_writer *w)
{
        json_write_begin(w, allocate(DOCUMENT_MAX, 1), DOCUMENT_MAX);
        json_write_open(w, NULL, '{');
}

void document_print(struct json_writer *w)
{
        json_write_close(w, '}');
        must(json_write_end(w), "--json");
        printf("%.*s\n", (int)w->length, w->buffer);
}
