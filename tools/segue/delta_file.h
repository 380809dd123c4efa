/* SPDX-License-Identifier: Apache-2.0 */
/* Deltas as files and in memory, for the commands that make and take them. */
#ifndef TOOLS_SEGUE_DELTA_FILE_H
#define TOOLS_SEGUE_DELTA_FILE_H

#include "delta/create/create.h"
#include "tools/segue/command.h"
#include "tools/segue/file.h"

/* Makes a delta with progress on the terminal; what is the new image's name. */
void delta_make(const struct mapped *from, const struct mapped *to,
                const struct dl_create_options *options,
                sg_err (*write)(void *ctx, const void *buf, size_t length), void *ctx,
                const char *what);

/* SHA-256 of what `read` gives, with progress on the terminal. */
void delta_digest(const char *label,
                  sg_err (*read)(void *ctx, uint64_t offset, void *buf, size_t length), void *ctx,
                  uint64_t size, uint8_t digest[32]);

/* Reads the header of a delta in memory; ends the program when it is none. */
void delta_header(const struct mapped *patch, struct dl_header *header, const char *path);

/* A read within a struct mapped; SG_E_TRUNCATED beyond its end. */
sg_err mapped_read(void *ctx, uint64_t offset, void *buf, size_t length);

/* The commands that have a file of their own. */
int delta_apply(const struct args *args);
int delta_info(const struct args *args);

#endif
