/* SPDX-License-Identifier: Apache-2.0 */
/* The compression of symbol names, as scripts/kallsyms of the kernel's build does it. */
#include "delta/models/kallsyms.h"

bool kallsyms_tokens_open(struct kallsyms_tokens *t, const uint8_t *text, uint32_t size)
{
        uint32_t count = 0;

        t->text = text;
        t->at[0] = 0;
        for (uint32_t i = 0; i < size; i++) {
                if (text[i] != 0)
                        continue;
                if (count == 256)
                        return false;
                t->at[++count] = i + 1;
        }
        return count == 256 && t->at[256] == size;
}

uint32_t kallsyms_squeeze(const uint8_t pairs[KALLSYMS_PAIRS], uint8_t *name, uint32_t n)
{
        for (;;) {
                uint32_t first = 0, to;
                int best = -1;

                for (uint32_t i = 0; i + 1 < n; i++) {
                        uint8_t code = pairs[(uint32_t)name[i] << 8 | name[i + 1]];
                        if (code != KALLSYMS_NO_PAIR && code > best) {
                                best = code;
                                first = i;
                        }
                }
                if (best < 0)
                        return n;
                /* A code stands for one pair. */
                uint8_t left = name[first], right = name[first + 1];

                to = first;
                for (uint32_t i = first; i < n; to++) {
                        bool pair = i + 1 < n && name[i] == left && name[i + 1] == right;
                        name[to] = pair ? (uint8_t)best : name[i];
                        i += pair ? 2 : 1;
                }
                n = to;
        }
}

void kallsyms_pairs(const struct kallsyms_tokens *t, uint8_t pairs[KALLSYMS_PAIRS])
{
        memset(pairs, KALLSYMS_NO_PAIR, KALLSYMS_PAIRS);
        for (unsigned code = 256; code-- > 0;) {
                uint32_t n = t->at[code + 1] - t->at[code] - 1;
                uint8_t name[64];
                if (n > sizeof(name))
                        continue;
                memcpy(name, t->text + t->at[code], n);
                if (kallsyms_squeeze(pairs, name, n) == 2)
                        pairs[(uint32_t)name[0] << 8 | name[1]] = (uint8_t)code;
        }
}

uint32_t kallsyms_expand(const struct kallsyms_tokens *t, const uint8_t *packed, uint32_t n,
                         uint8_t name[KALLSYMS_NAME_MAX])
{
        uint32_t size = 0;

        for (uint32_t i = 0; i < n; i++) {
                uint32_t at = t->at[packed[i]], length = t->at[packed[i] + 1u] - at - 1;
                if (length > KALLSYMS_NAME_MAX - size)
                        return 0;
                memcpy(name + size, t->text + at, length);
                size += length;
        }
        return size;
}
