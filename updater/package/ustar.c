/* SPDX-License-Identifier: Apache-2.0 */
#include "updater/package/ustar.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* The header block, POSIX.1-1988. Numbers are octal digits, ended by NUL or blank. */
struct ustar_block {
        char name[100];
        char mode[8];
        char uid[8];
        char gid[8];
        char size[12];
        char mtime[12];
        char chksum[8];
        char typeflag;
        char linkname[100];
        char magic[6];
        char version[2];
        char uname[32];
        char gname[32];
        char devmajor[8];
        char devminor[8];
        char prefix[155];
        char pad[12];
};
static_assert(sizeof(struct ustar_block) == USTAR_BLOCK, "a header is one block");

/* Octal digits, then NULs or blanks to the field's end. Leading blanks are allowed, as old writers
 * left them; no digit at all, or GNU's binary numbers, are not. */
static bool parse_octal(const char *field, size_t width, uint64_t *value)
{
        uint64_t v = 0;
        size_t i = 0;
        size_t digits = 0;

        while (i < width && field[i] == ' ') {
                i++;
        }
        for (; i < width && field[i] >= '0' && field[i] <= '7'; i++, digits++) {
                v = v << 3 | (uint64_t)(field[i] - '0');
        }
        for (; i < width; i++) {
                if (field[i] != '\0' && field[i] != ' ') {
                        return false;
                }
        }
        *value = v;
        return digits > 0;
}

static uint32_t checksum(const struct ustar_block *b)
{
        const uint8_t *bytes = (const uint8_t *)b;
        uint32_t sum = 0;

        for (size_t i = 0; i < USTAR_BLOCK; i++) {
                sum += bytes[i];
        }
        for (size_t i = 0; i < sizeof(b->chksum); i++) {
                sum -= (uint8_t)b->chksum[i];
        }
        return sum + 8 * ' ';
}

static bool all_zero(const struct ustar_block *b)
{
        const uint8_t *bytes = (const uint8_t *)b;

        for (size_t i = 0; i < USTAR_BLOCK; i++) {
                if (bytes[i] != 0) {
                        return false;
                }
        }
        return true;
}

static sg_err check_block(const struct ustar_block *b)
{
        uint64_t sum;

        if (memcmp(b->magic, "ustar", 6) != 0 || memcmp(b->version, "00", 2) != 0) {
                return SG_E_TAR_HEADER;
        }
        if (!parse_octal(b->chksum, sizeof(b->chksum), &sum) || sum != checksum(b)) {
                return SG_E_TAR_HEADER;
        }
        return b->typeflag == '0' || b->typeflag == '\0' ? SG_OK : SG_E_TAR_TYPE;
}

static size_t append(char *to, const char *field, size_t width)
{
        size_t n = 0;

        while (n < width && field[n] != '\0') {
                to[n] = field[n];
                n++;
        }
        return n;
}

static sg_err full_name(char name[USTAR_NAME_MAX + 1], const struct ustar_block *b)
{
        size_t n = append(name, b->prefix, sizeof(b->prefix));

        static_assert(sizeof(b->prefix) + 1 + sizeof(b->name) <= USTAR_NAME_MAX + 1, "fits");
        if (n > 0) {
                name[n++] = '/';
        }
        size_t rest = append(name + n, b->name, sizeof(b->name));
        name[n + rest] = '\0';
        return rest > 0 ? SG_OK : SG_E_TAR_HEADER;
}

sg_err ustar_next(const struct storage *s, uint64_t *offset, struct ustar_member *member)
{
        struct ustar_block b;
        uint64_t size;

        if (*offset > s->size || s->size - *offset < USTAR_BLOCK) {
                return SG_E_TRUNCATED;
        }
        sg_err err = storage_read(s, *offset, &b, sizeof(b));
        if (err != SG_OK) {
                return err;
        }
        if (all_zero(&b)) {
                return SG_E_TAR_END;
        }
        err = check_block(&b);
        if (err != SG_OK) {
                return err;
        }
        if (!parse_octal(b.size, sizeof(b.size), &size)) {
                return SG_E_TAR_HEADER;
        }
        uint64_t data = *offset + USTAR_BLOCK;
        uint64_t padded = (size + USTAR_BLOCK - 1) / USTAR_BLOCK * USTAR_BLOCK;
        if (padded > s->size - data) {
                return SG_E_TRUNCATED;
        }
        err = full_name(member->name, &b);
        if (err != SG_OK) {
                return err;
        }
        member->offset = data;
        member->size = size;
        *offset = data + padded;
        return SG_OK;
}

sg_err ustar_index_read(struct ustar_index *index, const struct storage *s)
{
        struct ustar_member member;

        index->count = 0;
        index->end = 0;
        for (;;) {
                sg_err err = ustar_next(s, &index->end, &member);
                if (err != SG_OK) {
                        return err == SG_E_TAR_END ? SG_OK : err;
                }
                if (index->count == USTAR_MEMBERS_MAX) {
                        return SG_E_TOO_LARGE;
                }
                if (ustar_find(index, member.name) != NULL) {
                        return SG_E_TAR_HEADER;
                }
                index->member[index->count++] = member;
        }
}

const struct ustar_member *ustar_find(const struct ustar_index *index, const char *name)
{
        for (uint32_t i = 0; i < index->count; i++) {
                if (strcmp(index->member[i].name, name) == 0) {
                        return &index->member[i];
                }
        }
        return NULL;
}

static void put_octal(char *field, size_t width, uint64_t value)
{
        field[width - 1] = '\0';
        for (size_t i = width - 1; i-- > 0; value >>= 3) {
                field[i] = (char)('0' + (value & 7));
        }
}

/* A name of more than 100 bytes is split at a '/' into prefix and name. */
static sg_err put_name(struct ustar_block *b, const char *name)
{
        size_t length = strlen(name);

        if (length == 0) {
                return SG_E_BAD_ARGUMENT;
        }
        if (length <= sizeof(b->name)) {
                memcpy(b->name, name, length);
                return SG_OK;
        }
        for (size_t i = length - sizeof(b->name) - 1; i <= sizeof(b->prefix) && i < length - 1;
             i++) {
                if (i > 0 && name[i] == '/') {
                        memcpy(b->prefix, name, i);
                        memcpy(b->name, name + i + 1, length - i - 1);
                        return SG_OK;
                }
        }
        return SG_E_TOO_LARGE;
}

sg_err ustar_header(uint8_t block[USTAR_BLOCK], const char *name, uint64_t size)
{
        struct ustar_block b;

        memset(&b, 0, sizeof(b));
        if (size >= 1ull << 33) { /* eleven octal digits */
                return SG_E_TOO_LARGE;
        }
        sg_err err = put_name(&b, name);
        if (err != SG_OK) {
                return err;
        }
        put_octal(b.mode, sizeof(b.mode), 0644);
        put_octal(b.uid, sizeof(b.uid), 0);
        put_octal(b.gid, sizeof(b.gid), 0);
        put_octal(b.size, sizeof(b.size), size);
        put_octal(b.mtime, sizeof(b.mtime), 0);
        b.typeflag = '0';
        memcpy(b.magic, "ustar", 6);
        memcpy(b.version, "00", 2);
        put_octal(b.devmajor, sizeof(b.devmajor), 0);
        put_octal(b.devminor, sizeof(b.devminor), 0);
        put_octal(b.chksum, sizeof(b.chksum) - 1, checksum(&b));
        b.chksum[7] = ' ';
        memcpy(block, &b, USTAR_BLOCK);
        return SG_OK;
}
