// SPDX-License-Identifier: Apache-2.0
#include "hv/core/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 20

/* Where the text goes; what does not fit is counted, not kept. */
struct out {
        char *buf;
        size_t size;
        size_t used;
};

struct spec {
        bool zero;
        bool left;
        unsigned width;
        unsigned longs;
};

static void put(struct out *o, char c)
{
        if (o->used + 1 < o->size)
                o->buf[o->used++] = c;
}

static void put_padded(struct out *o, const char *text, size_t length, const struct spec *spec,
                       char pad)
{
        size_t fill = spec->width > length ? spec->width - length : 0;

        if (!spec->left)
                for (size_t i = 0; i < fill; i++)
                        put(o, pad);
        for (size_t i = 0; i < length; i++)
                put(o, text[i]);
        if (spec->left)
                for (size_t i = 0; i < fill; i++)
                        put(o, ' ');
}

static void put_number(struct out *o, uint64_t value, unsigned base, bool negative,
                       const struct spec *spec)
{
        char digits[DIGITS_MAX + 1];
        size_t at = sizeof(digits);

        do {
                digits[--at] = "0123456789abcdef"[value % base];
                value /= base;
        } while (value);
        if (negative)
                digits[--at] = '-';
        put_padded(o, digits + at, sizeof(digits) - at, spec, spec->zero ? '0' : ' ');
}

static uint64_t take_unsigned(va_list *args, unsigned longs)
{
        return longs ? va_arg(*args, uint64_t) : va_arg(*args, unsigned);
}

static int64_t take_signed(va_list *args, unsigned longs)
{
        return longs ? va_arg(*args, int64_t) : va_arg(*args, int);
}

static void put_text(struct out *o, const char *text, const struct spec *spec)
{
        text = text ? text : "(null)";
        put_padded(o, text, strlen(text), spec, ' ');
}

static void convert(struct out *o, char kind, const struct spec *spec, va_list *args)
{
        int64_t value;

        switch (kind) {
        case 's':
                put_text(o, va_arg(*args, const char *), spec);
                break;
        case 'c':
                put(o, (char)va_arg(*args, int));
                break;
        case 'd':
                value = take_signed(args, spec->longs);
                put_number(o, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0,
                           spec);
                break;
        case 'u':
                put_number(o, take_unsigned(args, spec->longs), 10, false, spec);
                break;
        case 'x':
                put_number(o, take_unsigned(args, spec->longs), 16, false, spec);
                break;
        case 'p':
                put_number(o, (uintptr_t)va_arg(*args, void *), 16, false, spec);
                break;
        default:
                put(o, kind);
        }
}

size_t log_format(char *buf, size_t size, const char *fmt, va_list args)
{
        struct out o = {.buf = buf, .size = size};
        va_list rest;

        va_copy(rest, args);
        for (; *fmt; fmt++) {
                struct spec spec = {0};

                if (*fmt != '%') {
                        put(&o, *fmt);
                        continue;
                }
                for (fmt++; *fmt == '0' || *fmt == '-'; fmt++) {
                        spec.zero |= *fmt == '0';
                        spec.left |= *fmt == '-';
                }
                for (; *fmt >= '0' && *fmt <= '9'; fmt++)
                        spec.width = spec.width * 10 + (unsigned)(*fmt - '0');
                for (; *fmt == 'l' || *fmt == 'z'; fmt++)
                        spec.longs++;
                if (!*fmt)
                        break;
                convert(&o, *fmt, &spec, &rest);
        }
        va_end(rest);
        if (size > 0)
                buf[o.used] = '\0';
        return o.used;
}

static void (*sink)(const char *line, size_t size);

void log_set_sink(void (*to)(const char *line, size_t size))
{
        sink = to;
}

void hv_log(const char *fmt, ...)
{
        char line[LOG_LINE_MAX + 1];
        size_t length;
        va_list args;

        va_start(args, fmt);
        length = log_format(line, LOG_LINE_MAX, fmt, args);
        va_end(args);
        line[length++] = '\n';
        if (sink)
                sink(line, length);
}
