/* SPDX-License-Identifier: Apache-2.0 */
/* segue delta create, and the group's table. */
#include <string.h>

#include "tools/segue/command.h"
#include "tools/segue/delta_file.h"
#include "tools/segue/output.h"
#include "tools/segue/report.h"

static sg_err write_to_output(void *ctx, const void *buf, size_t length)
{
        output_write(ctx, buf, length);
        return SG_OK;
}

static enum dl_codec codec_option(const struct args *args)
{
        const char *name = arg(args, "codec");

        if (name != NULL && strcmp(name, "zlib") != 0) {
                fail(SG_E_USAGE, "--codec: '%s' is not zlib", name);
        }
        return DL_CODEC_ZLIB;
}

static enum dl_format format_option(const struct args *args)
{
        const char *name = arg(args, "format");

        if (name == NULL || strcmp(name, "segue") == 0) {
                return DL_FORMAT_SEGUE;
        }
        if (strcmp(name, "bsdiff40") == 0) {
                return DL_FORMAT_BSDIFF40;
        }
        fail(SG_E_USAGE, "--format: '%s' is not segue or bsdiff40", name);
}

/* 0: the default. */
static uint64_t ram_option(const struct args *args)
{
        uint64_t limit = arg_number(args, "ram-max", 0, UINT32_MAX);

        if (arg(args, "ram-max") != NULL && limit < DL_RAM_MIN) {
                fail(SG_E_DELTA_RAM, "--ram-max: %llu bytes, not %u or more",
                     (unsigned long long)limit, DL_RAM_MIN);
        }
        return limit;
}

static int delta_create(const struct args *args)
{
        struct dl_create_options options = {
                .threads = (uint32_t)arg_number(args, "threads", 0, 1024),
                .codec = codec_option(args),
                .format = format_option(args),
        };

        if (options.format == DL_FORMAT_BSDIFF40) {
                args_refuse(args, (const char *const[]){"threads", "ram-max", "codec", NULL},
                            "not with --format bsdiff40");
        }
        options.ram_max = ram_option(args);

        struct mapped from = file_map(arg(args, "from"));
        struct mapped to = file_map(arg(args, "to"));
        struct output *out = output_open(arg(args, "o"));

        delta_make(&from, &to, &options, write_to_output, out, arg(args, "to"));
        output_commit(out);
        return 0;
}

static const struct option_spec create_options[] = {
        {"from", "OLD", "the image that the device has", OPTION_REQUIRED},
        {"to", "NEW", "the image that it is to have", OPTION_REQUIRED},
        {"o", "PATCH", "the delta", OPTION_REQUIRED},
        {"threads", "N", "two at most are used; the patch is the same", OPTION_OPTIONAL},
        {"ram-max", "BYTES",
         "memory of the decoder (336K or more; default 1M, 8M with kernel models)",
         OPTION_OPTIONAL},
        {"codec", "NAME", "zlib", OPTION_OPTIONAL},
        {"format", "NAME", "segue (default) or bsdiff40", OPTION_OPTIONAL},
        {0},
};

static const struct option_spec apply_options[] = {
        {"from", "OLD", "the image that the delta was made from", OPTION_REQUIRED},
        {"o", "NEW", "the new image", OPTION_REQUIRED},
        {"ram-max", "BYTES", "refuse a delta that needs more memory", OPTION_OPTIONAL},
        {"stop-after", "BYTES", "stop when so much of NEW is written", OPTION_OPTIONAL},
        {"resume-file", "F", "where a stopped run leaves its checkpoint, and finds it again",
         OPTION_OPTIONAL},
        {0},
};

static const struct option_spec info_options[] = {
        {"json", NULL, "as JSON", OPTION_OPTIONAL},
        {0},
};

static const struct command commands[] = {
        {"create", "make a delta between two files", NULL, 0, 0, create_options, delta_create},
        {"apply", "rebuild the new file (takes patches of Debian's bsdiff, too)", "PATCH", 1, 1,
         apply_options, delta_apply},
        {"info", "say what a delta is made of", "PATCH", 1, 1, info_options, delta_info},
        {0},
};

const struct command_group delta_group = {"delta", "Deltas between any two files", commands};
