/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ustar archives (POSIX.1-1988 tar) over storage: a reader that trusts nothing, and the header
 * that a writer puts before each member.
 *
 * Regular files only (type '0' or NUL). Members stand one after the other, each a 512-byte header
 * and its bytes, padded with NUL to 512; two blocks of NUL end the archive. A package is read where
 * it lies: nothing is extracted.
 */
#ifndef PACKAGE_USTAR_H
#define PACKAGE_USTAR_H

#include "updater/storage.h"

#define USTAR_BLOCK       512
#define USTAR_NAME_MAX    256 /* prefix, '/', name */
#define USTAR_MEMBERS_MAX 64

struct ustar_member {
        char name[USTAR_NAME_MAX + 1];
        uint64_t offset; /* of its first byte in the storage */
        uint64_t size;
};

/* Reads the header at *offset of the archive and moves *offset behind the member. SG_E_TAR_END at
 * the end blocks; SG_E_TAR_HEADER, SG_E_TAR_TYPE, SG_E_TRUNCATED. */
sg_err ustar_next(const struct storage *s, uint64_t *offset, struct ustar_member *member);

/* All members of an archive. */
struct ustar_index {
        uint32_t count;
        uint64_t end; /* offset behind the last member */
        struct ustar_member member[USTAR_MEMBERS_MAX];
};

/* Reads all headers up to the end blocks. SG_E_TAR_HEADER also when a name stands twice;
 * SG_E_TOO_LARGE when there are more than USTAR_MEMBERS_MAX; as ustar_next(). */
sg_err ustar_index_read(struct ustar_index *index, const struct storage *s);

/* The member of that full name, or NULL. */
const struct ustar_member *ustar_find(const struct ustar_index *index, const char *name);

/* Fills the header of a regular file: mode 0644, owner 0, time 0, so that equal content gives an
 * equal archive. SG_E_TOO_LARGE when the name cannot be split or the size does not fit. */
sg_err ustar_header(uint8_t block[USTAR_BLOCK], const char *name, uint64_t size);

#endif
