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
        E(107, KEY_FILE, "not an ECDSA P-256 key in PEM or DER")

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
