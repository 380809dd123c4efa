// SPDX-License-Identifier: Apache-2.0
/*
 * What the compiler and libfdt expect of a C library. The loops are plain: whole words where both
 * sides are aligned, bytes otherwise.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORD sizeof(uint64_t)

/* libfdt comes from the distribution with its stack protector on. */
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = 0x5e60e5afe57ac4ull;
_Noreturn void __stack_chk_fail(void);

static int aligned(const void *a, const void *b)
{
        return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
        uint8_t *d = to;
        const uint8_t *s = from;

        if (aligned(d, s))
                for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
                        *(volatile uint64_t *)(void *)d = *(const uint64_t *)(const void *)s;
        while (n--)
                *(volatile uint8_t *)d++ = *s++;
        return to;
}

void *memmove(void *to, const void *from, size_t n)
{
        uint8_t *d = to;
        const uint8_t *s = from;

        if (d <= s || d >= s + n)
                return memcpy(to, from, n);
        while (n--)
                *(volatile uint8_t *)&d[n] = s[n];
        return to;
}

void *memset(void *to, int c, size_t n)
{
        uint8_t *d = to;
        uint64_t word = (uint8_t)c * 0x0101010101010101ull;

        if (aligned(d, d))
                for (; n >= WORD; n -= WORD, d += WORD)
                        *(volatile uint64_t *)(void *)d = word;
        while (n--)
                *(volatile uint8_t *)d++ = (uint8_t)c;
        return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
        const uint8_t *p = a, *q = b;

        for (; n--; p++, q++)
                if (*p != *q)
                        return *p - *q;
        return 0;
}

void *memchr(const void *s, int c, size_t n)
{
        const uint8_t *p = s;

        for (; n--; p++)
                if (*p == (uint8_t)c)
                        return (void *)(uintptr_t)p;
        return NULL;
}

size_t strnlen(const char *s, size_t max); /* POSIX's, which libfdt uses */

size_t strnlen(const char *s, size_t max)
{
        size_t n = 0;

        while (n < max && s[n])
                n++;
        return n;
}

size_t strlen(const char *s)
{
        return strnlen(s, SIZE_MAX);
}

int strcmp(const char *a, const char *b)
{
        for (; *a && *a == *b; a++, b++)
                ;
        return (uint8_t)*a - (uint8_t)*b;
}

char *strrchr(const char *s, int c)
{
        for (size_t n = strlen(s) + 1; n--;)
                if (s[n] == (char)c)
                        return (char *)(uintptr_t)&s[n];
        return NULL;
}

int strncmp(const char *a, const char *b, size_t n)
{
        for (; n && *a && *a == *b; a++, b++, n--)
                ;
        return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strncat(char *restrict to, const char *restrict from, size_t n)
{
        char *end = to + strlen(to);

        while (n-- && *from)
                *end++ = *from++;
        *end = '\0';
        return to;
}
