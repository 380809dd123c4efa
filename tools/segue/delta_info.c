/* SPDX-License-Identifier: Apache-2.0 */
/* segue delta info. */
#include <stdio.h>

#include "tools/segue/delta_file.h"
#include "tools/segue/report.h"
#include "tools/segue/text.h"

/* The format does not say how large each segment's streams are when unpacked. */
static void print_row(const struct dl_info_row *row, uint64_t patch_size)
{
        printf("%-24s %12llu %6.1f %% ", row->name, (unsigned long long)row->bytes,
               100.0 * (double)row->bytes / (double)patch_size);
        if (row->raw > 0) {
                printf("%12llu\n", (unsigned long long)row->raw);
        } else {
                printf("%12s\n", "-");
        }
}

static void print_info(const struct dl_header *h, const struct dl_info *info)
{
        char from[65], to[65];

        hex_text(from, h->from_digest, 32);
        hex_text(to, h->to_digest, 32);
        printf("from      %12llu bytes  %s\n", (unsigned long long)h->from_size, from);
        printf("to        %12llu bytes  %s\n", (unsigned long long)h->to_size, to);
        printf("patch     %12llu bytes  %.2f %% of the new image\n",
               (unsigned long long)h->patch_size,
               h->to_size > 0 ? 100.0 * (double)h->patch_size / (double)h->to_size : 0.0);
        printf("memory    %12u bytes\n", h->arena_size);
        printf("segments  %12u of %u bytes: each a chunk, and a checkpoint of %u bytes\n\n",
               h->segment_count, DL_SEGMENT_SIZE, DL_CHECKPOINT_SIZE);
        printf("%-24s %12s %8s %12s\n", "model or stream", "bytes", "share", "unpacked");
        for (uint32_t i = 0; i < info->rows; i++) {
                print_row(&info->row[i], h->patch_size);
        }
        for (uint32_t i = 0; i < info->notes; i++) {
                printf("note: %s\n", info->note[i]);
        }
}

static void print_info_json(const struct dl_header *h, const struct dl_info *info)
{
        struct json_writer w;

        document_begin(&w);
        json_write_u64(&w, "from_bytes", h->from_size);
        json_write_hex(&w, "from_sha256", h->from_digest, 32);
        json_write_u64(&w, "to_bytes", h->to_size);
        json_write_hex(&w, "to_sha256", h->to_digest, 32);
        json_write_u64(&w, "patch_bytes", h->patch_size);
        json_write_u64(&w, "memory_bytes", h->arena_size);
        json_write_u64(&w, "segments", h->segment_count);
        json_write_u64(&w, "segment_bytes", DL_SEGMENT_SIZE);
        json_write_u64(&w, "checkpoint_bytes", DL_CHECKPOINT_SIZE);
        json_write_open(&w, "parts", '[');
        for (uint32_t i = 0; i < info->rows; i++) {
                json_write_open(&w, NULL, '{');
                json_write_string(&w, "name", info->row[i].name);
                json_write_u64(&w, "bytes", info->row[i].bytes);
                json_write_u64(&w, "unpacked", info->row[i].raw);
                json_write_close(&w, '}');
        }
        json_write_close(&w, ']');
        json_write_open(&w, "notes", '[');
        for (uint32_t i = 0; i < info->notes; i++) {
                json_write_string(&w, NULL, info->note[i]);
        }
        json_write_close(&w, ']');
        document_print(&w);
}

int delta_info(const struct args *args)
{
        struct mapped patch = file_map(args->operands[0]);
        const struct dl_ops ops = {.ctx = &patch, .patch_read = mapped_read};
        struct dl_header header;
        struct dl_info info;

        delta_header(&patch, &header, args->operands[0]);
        must(dl_info(&ops, &header, &info), args->operands[0]);
        if (arg_flag(args, "json")) {
                print_info_json(&header, &info);
        } else {
                print_info(&header, &info);
        }
        return 0;
}
