/* SPDX-License-Identifier: Apache-2.0 */
/* What commands say on stdout: text for people, or one JSON document for --json. */
#ifndef TOOLS_SEGUE_TEXT_H
#define TOOLS_SEGUE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "updater/package/canonical.h"

/* 2 * size + 1 characters. */
void hex_text(char *out, const uint8_t *bytes, size_t size);

/* A document under construction with room enough for what any command says. */
void document_begin(struct json_writer *w);
/* Prints it and a line feed on stdout. */
void document_print(struct json_writer *w);

#endif
