/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv's own messages: one call is one line, at most LOG_LINE_MAX - 1 bytes (longer ones are cut),
 * without "\n". They go into hv's console ring and never wait; before the rings exist, and after a
 * panic, they go to the wire directly. Host tests of code that logs supply their own hv_log().
 *
 * The formats understood: %s %c %d %u %x %p %%, with l, ll, z, field width and leading zeros.
 */
#ifndef HV_CORE_LOG_H
#define HV_CORE_LOG_H

#include <stdarg.h>
#include <stddef.h>

#define LOG_LINE_MAX 200

void hv_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Formats into buf (always terminated when size > 0); returns the length written. */
size_t log_format(char *buf, size_t size, const char *fmt, va_list args)
        __attribute__((format(printf, 3, 0)));

/* Where lines go, "\n" included; NULL: nowhere. The sink never waits, but for the crash path's. */
void log_set_sink(void (*sink)(const char *line, size_t size));

#endif
