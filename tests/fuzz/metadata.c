// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/metadata.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/sha256.h>

#include <segue/bytes.h>

#include "tests/unit/memory_storage.h"
#include "updater/package/canonical.h"
#include "updater/package/package.h"

#define HEX    64 /* digits of a digest */
#define TOKENS 1024

/* Offset of the checksum in a ustar header, and its length. */
enum { CHECKSUM = 148, CHECKSUM_SIZE = 8 };

static void to_hex(const uint8_t digest[32], char hex[HEX])
{
        static const char digits[] = "0123456789abcdef";

        for (int i = 0; i < HEX; i++)
                hex[i] = digits[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
}

static void replace_all(char *text, size_t size, const char from[HEX], const char to[HEX])
{
        for (size_t i = 0; i + HEX <= size; i++)
                if (memcmp(text + i, from, HEX) == 0)
                        memcpy(text + i, to, HEX);
}

void metadata_mend_keys(char *text, size_t size, const char *at, size_t length)
{
        static jsmntok_t tokens[TOKENS];
        struct json json;
        uint8_t digest[32];
        char from[HEX], to[HEX];

        if (json_parse(&json, at, length, tokens, TOKENS) != SG_OK)
                return;
        int keys = json_member(&json, json_member(&json, 0, "signed"), "keys");
        for (int n = json_first(&json, keys); n >= 0; n = json_next(&json, n)) {
                if (tokens[n].end - tokens[n].start != HEX)
                        continue;
                canonical_sha256(&json, n + 1, digest);
                to_hex(digest, to);
                memcpy(from, at + tokens[n].start, HEX);
                if (memcmp(from, to, HEX) != 0)
                        replace_all(text, size, from, to);
        }
}

static void mend_header(uint8_t *header)
{
        unsigned sum = 0;

        memset(header + CHECKSUM, ' ', CHECKSUM_SIZE);
        for (int i = 0; i < USTAR_BLOCK; i++)
                sum += header[i];
        (void)snprintf((char *)header + CHECKSUM, CHECKSUM_SIZE - 1, "%06o", sum);
        header[CHECKSUM + CHECKSUM_SIZE - 1] = ' ';
}

static uint32_t read_members(uint8_t *archive, size_t size,
                             struct ustar_member members[USTAR_MEMBERS_MAX])
{
        static const uint8_t end[USTAR_BLOCK];
        struct memory_storage memory;
        uint64_t offset = 0;
        uint32_t count = 0;

        memory_storage_init(&memory, archive, size);
        while (count < USTAR_MEMBERS_MAX && offset + USTAR_BLOCK <= size &&
               memcmp(archive + offset, end, sizeof(end)) != 0) {
                mend_header(archive + offset);
                if (ustar_next(&memory.storage, &offset, &members[count]) != SG_OK)
                        break;
                count++;
        }
        return count;
}

/* The digest in the which-th "name": "<digest>" of the text. */
static void put_digest(char *text, size_t size, const char *name, unsigned which,
                       const uint8_t digest[32])
{
        size_t length = strlen(name);

        for (size_t i = 0; i + length + 5 + HEX <= size; i++) {
                if (memcmp(text + i, name, length) != 0 || which-- > 0)
                        continue;
                i += length;
                while (i + HEX < size && text[i] != ':')
                        i++;
                while (i + HEX < size && (text[i] == ':' || text[i] == ' ' || text[i] == '"'))
                        i++;
                if (i + HEX <= size)
                        to_hex(digest, text + i);
                return;
        }
}

static void mend_chunks(uint8_t *list, size_t size, const uint8_t *payload, uint64_t length)
{
        for (size_t at = CHUNK_HEADER_SIZE; at + CHUNK_ENTRY_SIZE <= size; at += CHUNK_ENTRY_SIZE) {
                uint32_t n = get_le32(list + at);
                if (n > length)
                        return;
                mbedtls_sha256(payload, n, list + at + 4, 0);
                payload += n;
                length -= n;
        }
}

static void mend_target(uint8_t *archive, const struct ustar_member *chunks,
                        const struct ustar_member *payload, const struct ustar_member *metadata,
                        unsigned which)
{
        char *text = (char *)archive + metadata->offset;
        uint8_t *list = archive + chunks->offset;
        uint8_t digest[32];

        mend_chunks(list, chunks->size, archive + payload->offset, payload->size);
        mbedtls_sha256(list, chunks->size, digest, 0);
        put_digest(text, metadata->size, "\"chunks_digest\"", which, digest);
        mbedtls_sha256(archive + payload->offset, payload->size, digest, 0);
        put_digest(text, metadata->size, "\"sha256\"", which, digest);
}

void package_mend(uint8_t *archive, size_t size)
{
        static struct ustar_member members[USTAR_MEMBERS_MAX];
        const struct ustar_member *metadata = NULL;
        uint32_t count = read_members(archive, size, members);
        unsigned targets = 0;

        for (uint32_t i = 0; i < count; i++) {
                const char *name = members[i].name;
                const char *at = (const char *)archive + members[i].offset;
                if (strcmp(name, "targets.json") == 0)
                        metadata = &members[i];
                if (strstr(name, "root.json"))
                        metadata_mend_keys((char *)archive, size, at, members[i].size);
                if (metadata && strstr(name, ".chunks") && i + 1 < count)
                        mend_target(archive, &members[i], &members[i + 1], metadata, targets++);
        }
}
