/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/segue/package_make.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <segue/bytes.h>

#include "tools/segue/delta_file.h"
#include "tools/segue/digest.h"
#include "tools/segue/image_file.h"
#include "tools/segue/report.h"
#include "updater/engine.h"
#include "updater/package/chunks.h"

/* A chunk list under construction. */
struct chunk_list {
        uint8_t *bytes;
        uint32_t count;
};

static void list_begin(struct chunk_list *list)
{
        *list = (struct chunk_list){.bytes = allocate(CHUNK_LIST_MAX, 1)};
        memcpy(list->bytes, CHUNK_MAGIC, 4);
}

/* The next `length` bytes of the payload, in pieces that the device can hold; nothing for 0. */
static void list_add(struct chunk_list *list, const uint8_t *data, uint64_t length)
{
        while (length > 0) {
                uint32_t n = length < CHUNK_LENGTH_MAX ? (uint32_t)length : CHUNK_LENGTH_MAX;
                uint8_t *entry = list->bytes + CHUNK_HEADER_SIZE + list->count * CHUNK_ENTRY_SIZE;

                if (list->count == CHUNK_COUNT_MAX) {
                        fail(SG_E_TOO_LARGE, "more than %d chunks", CHUNK_COUNT_MAX);
                }
                put_le32(entry, n);
                digest_of(data, n, entry + 4);
                list->count++;
                data += n;
                length -= n;
        }
}

static struct mapped list_end(struct chunk_list *list)
{
        put_le32(list->bytes + 4, list->count);
        return (struct mapped){.data = list->bytes,
                               .size = CHUNK_HEADER_SIZE + list->count * CHUNK_ENTRY_SIZE};
}

/* The delta's own chunks, so that each step of the decoder touches one chunk. */
static struct mapped delta_chunks(struct mapped *patch, const struct dl_header *header)
{
        const struct dl_ops ops = {.ctx = patch, .patch_read = mapped_read};
        struct chunk_list list;

        list_begin(&list);
        for (uint32_t i = 0; i < header->chunk_count; i++) {
                uint64_t offset;
                uint32_t length;

                must(dl_chunk(&ops, header, i, &offset, &length), "new delta");
                list_add(&list, patch->data + offset, length);
        }
        return list_end(&list);
}

static void fill_text(char *field, size_t size, const char *value, const char *what)
{
        if (strlen(value) >= size) {
                fail(SG_E_TOO_LARGE, "%s '%s': more than %zu characters", what, value, size - 1);
        }
        memcpy(field, value, strlen(value) + 1);
}

/* What both kinds have in common; payload and chunks are there already. */
static void describe(struct part *part, const struct package_identity *identity,
                     const struct vm_description *vm, const struct bf_image_info *to)
{
        struct manifest_target *t = &part->target;

        fill_text(t->package, sizeof(t->package), identity->id, "--id");
        fill_text(t->product, sizeof(t->product), identity->product, "product");
        fill_text(t->guest, sizeof(t->guest), vm->name, "guest");
        version_text(t->to_version, &to->layout.version);
        memcpy(t->to_digest, to->digest, sizeof(t->to_digest));
        t->to_length = to->layout.size;
        t->security_counter = to->counter;
        t->minimum_updater = ENGINE_VERSION;
        t->length = part->payload.size;
        digest_of(part->payload.data, part->payload.size, t->sha256);
        digest_of(part->chunks.data, part->chunks.size, t->chunks_digest);
}

__attribute__((format(printf, 2, 3))) static void set_path(struct manifest_target *t,
                                                           const char *format, ...)
{
        va_list list;

        va_start(list, format);
        int length = vsnprintf(t->path, sizeof(t->path), format, list);

        va_end(list);
        if (length < 0 || (size_t)length >= sizeof(t->path)) {
                fail(SG_E_TOO_LARGE, "%s...: path of a target", t->path);
        }
}

/* The image without what may stand behind it. */
static struct mapped load_image(struct bf_image_info *info, const struct system *s,
                                const struct vm_description *vm, const char *path)
{
        struct mapped file = file_map(path);

        image_check(info, &file, s, vm, path);
        return (struct mapped){.data = file.data, .size = info->layout.size};
}

struct growing {
        uint8_t *bytes;
        size_t size, room;
};

static sg_err grow(void *ctx, const void *buf, size_t length)
{
        struct growing *g = ctx;

        if (g->size + length > g->room) {
                g->room = 2 * (g->size + length);
                g->bytes = realloc(g->bytes, g->room);
                if (g->bytes == NULL) {
                        return SG_E_NO_MEMORY;
                }
        }
        memcpy(g->bytes + g->size, buf, length);
        g->size += length;
        return SG_OK;
}

void part_delta(struct part *part, const struct package_identity *identity, const struct system *s,
                const struct vm_description *vm, const char *old_path, const char *new_path)
{
        struct manifest_target *t = &part->target;
        const struct dl_create_options options = {0};
        struct bf_image_info from, to;
        struct growing patch = {0};
        struct dl_header header;
        struct mapped old = load_image(&from, s, vm, old_path);
        struct mapped new = load_image(&to, s, vm, new_path);

        if (to.counter < from.counter) {
                fprintf(stderr, "segue: warning: %s: security counter %u is below %u of %s\n",
                        new_path, to.counter, from.counter, old_path);
        }
        delta_make(&old, &new, &options, grow, &patch, new_path);
        part->payload = (struct mapped){.data = patch.bytes, .size = patch.size};
        delta_header(&part->payload, &header, "new delta");
        part->chunks = delta_chunks(&part->payload, &header);
        describe(part, identity, vm, &to);
        t->kind = MANIFEST_DELTA;
        t->ram_need = header.arena_size;
        t->from_length = from.layout.size;
        memcpy(t->from_digest, from.digest, sizeof(t->from_digest));
        version_text(t->from_version, &from.layout.version);
        set_path(t, "%s-%s-from-%s.delta", t->guest, t->to_version, t->from_version);
}

void part_image(struct part *part, const struct package_identity *identity, const struct system *s,
                const struct vm_description *vm, const char *path)
{
        struct manifest_target *t = &part->target;
        struct bf_image_info to;
        struct chunk_list list;

        part->payload = load_image(&to, s, vm, path);
        list_begin(&list);
        list_add(&list, part->payload.data, part->payload.size);
        part->chunks = list_end(&list);
        describe(part, identity, vm, &to);
        t->kind = MANIFEST_IMAGE;
        set_path(t, "%s-%s.image", t->guest, t->to_version);
}
