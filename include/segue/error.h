/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every error that a user can meet, by a number that never changes. Numbers are grown, never
 * reused: 1xx general and files, 2xx images, 3xx deltas, 4xx packages, 5xx disks, 6xx boot state,
 * 7xx hypervisor and descriptions, 8xx update engine and policy. A message says what was wrong; the
 * caller adds where; docs/errors.md says what to do.
 *
 * Functions that can fail return sg_err: 0 (SG_OK) or one of these.
 */
#ifndef SEGUE_ERROR_H
#define SEGUE_ERROR_H

#define SG_ERRORS(E)                                       \
        E(101, IO, "input/output error")                   \
        E(102, NO_MEMORY, "not enough memory")             \
        E(103, USAGE, "wrong usage")                       \
        E(104, TOO_LARGE, "larger than there is room for") \
        E(105, TRUNCATED, "ends too early")                \
        E(106, BAD_ARGUMENT, "argument out of range")      \
        E(107, KEY_FILE, "not an ECDSA P-256 key in PEM or DER")                                   \
        E(301, DELTA_MAGIC, "not a delta")                                                         \
        E(302, DELTA_VERSION, "delta of an unknown format version")                                \
        E(303, DELTA_HEADER, "damaged delta header")                                               \
        E(304, DELTA_CODEC, "delta with an unknown codec")                                         \
        E(305, DELTA_TABLE, "damaged segment table in delta")                                      \
        E(306, DELTA_MAP, "damaged map in delta")                                                  \
        E(307, DELTA_SEGMENT, "damaged segment in delta")                                          \
        E(308, DELTA_STREAM, "damaged or truncated compressed stream in delta")                    \
        E(309, DELTA_ARENA, "delta states another memory need than it has")                        \
        E(310, DELTA_WRONG_BASE, "the old image is not the one this delta was made from")          \
        E(311, DELTA_WRONG_RESULT, "the patched image is not the one promised")                    \
        E(312, DELTA_CHECKPOINT, "checkpoint damaged or of another delta")                         \
        E(313, DELTA_UNFINISHED, "segments of the delta are left to apply")                        \
        E(314, DELTA_TOO_LARGE, "image too large for a delta")                                     \
        E(315, DELTA_RAM, "memory limit too small for a delta")                                    \
        E(316, DELTA_BSDIFF, "damaged bsdiff patch")                                               \
        E(317, DELTA_MODEL, "damaged model data in delta")                                         \
        E(318, DELTA_LENGTH, "delta is longer or shorter than it says")

typedef enum sg_err {
        SG_OK = 0,
#define SG_ERROR_ENUM(number, name, text) SG_E_##name = (number),
        SG_ERRORS(SG_ERROR_ENUM)
#undef SG_ERROR_ENUM
} sg_err;

/* The message of an error, without its number; never NULL. */
static inline const char *sg_strerror(sg_err e)
{
        switch (e) {
        case SG_OK:
                return "no error";
#define SG_ERROR_TEXT(number, name, text) \
        case SG_E_##name:                 \
                return text;
                SG_ERRORS(SG_ERROR_TEXT)
#undef SG_ERROR_TEXT
        }
        return "unknown error";
}

#endif
